"""How good an order is: one convention each, stated, and always per query.

Does *not* average over rows or compare two models: `ranking.ltr.comparison` does, from the values here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import numbers, query_keys, whole_number
from ranking.ltr.columns import as_given
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.preferences import Floats, Preferences


@dataclass(frozen=True, eq=False)
class QueryMetric:
    """A metric of every query that it is defined for.

    Attributes
    ----------
    name : such as "ndcg@10"
    values : float64 Series by query, sorted by query
    left_out : number of queries that it is not defined for; they are in no mean
    """

    name: str
    values: pd.Series[float]
    left_out: int

    def mean(self) -> float:
        """Mean over the queries, each counting once; NaN if there is none."""
        return float(self.values.mean()) if len(self.values) else float("nan")


def ndcg(labels: npt.ArrayLike, scores: npt.ArrayLike, queries: npt.ArrayLike, k: int = 10) -> QueryMetric:
    """Normalised discounted cumulative gain at `k` of each query.

    The convention, because there are several: gain is *linear* (the label itself), the discount is
    1/log2(1 + rank), the ideal order is cut at `k` too, rows of equal score share the discounts of the
    places that they take (a constant score earns what a random order earns), rows without a label are no
    part of the list, and queries without any relevant row are left out and counted.

    Parameters
    ----------
    labels : (n,) not negative; NaN where nobody judged
    scores : (n,) finite, higher is better
    queries : (n,) query key of each row, rows in any order

    Notes
    -----
    Järvelin and Kekäläinen, TOIS 2002, with the log2 discount of Burges et al., ICML 2005; ties as in
    McSherry and Najork, ECIR 2008.

    Worked example: labels 3, 2, 0 in the order 2, 3, 0. DCG = 2/1 + 3/log2(3), ideal = 3/1 + 2/log2(3).

    >>> metric = ndcg([3, 2, 0, 0], [0.5, 0.9, 0.1, 0.7], ["q", "q", "q", "r"], k=10)
    >>> metric.values.round(4).to_dict(), metric.left_out
    ({'q': 0.9134}, 1)
    """
    whole_number("k", k, 1)
    table = _labelled(labels, scores, queries)
    discount = np.r_[1 / np.log2(np.arange(2, k + 2)), 0.0]
    gain = _tied_gain(table, "score", discount, k)
    ideal = _tied_gain(table, "label", discount, k)
    known = ideal[ideal > 0]
    everybody = pd.unique(as_given(queries))
    return QueryMetric(f"ndcg@{k}", gain[known.index] / known, len(everybody) - len(known))


def pair_accuracy(
    scores: npt.ArrayLike, preferences: Preferences, queries: npt.ArrayLike | None = None
) -> QueryMetric:
    """Share of the weight of strict pairs that the scores put in the expert's order.

    A strict pair whose rows score the same counts half. Pairs tied by the expert (target 0.5) say nothing
    about an order and are left out; so are queries that have no other pair, and these are counted.

    Parameters
    ----------
    scores : (n,) of all rows, finite
    queries : (n,) query key of each row; without it, pairs are grouped by `list_id`

    >>> pairs = Preferences.from_orders([[0, 1, 2], [3, 4]], judge="ada")
    >>> pair_accuracy([3.0, 1.0, 2.0, 5.0, 5.0], pairs).values.round(3).to_dict()
    {0: 0.667, 1: 0.5}
    """
    f = _finite("scores", scores)
    keys = None if queries is None else query_keys(queries, len(f))
    preferences.check(len(f), keys)
    group = preferences.list_id if keys is None else keys[preferences.winner]
    direction = np.sign(preferences.target - 0.5)
    agreement = np.sign(f[preferences.winner] - f[preferences.loser]) * direction
    weight = preferences.weight * np.abs(direction)
    sums = pd.DataFrame({"group": group, "right": weight * (1 + agreement) / 2, "weight": weight})
    totals = sums.groupby("group", sort=True)[["right", "weight"]].sum()
    known = totals[totals["weight"] > 0]
    values = cast("pd.Series[float]", known["right"] / known["weight"])
    return QueryMetric("pair_accuracy", values, len(totals) - len(known))


def exposure(
    members: npt.NDArray[np.bool_], scores: npt.ArrayLike, queries: npt.ArrayLike, k: int = 10
) -> QueryMetric:
    """Share of each query's exposure in the top `k` that goes to the members of a group.

    A place is worth 1/log2(1 + rank), as in `ndcg`, and rows of equal score share what their places are worth
    (Singh and Joachims, KDD 2018).

    Parameters
    ----------
    members : (n,) whether a row belongs to the group
    scores : (n,) finite, higher is better
    queries : (n,) query key of each row

    Worked example: ranks 1 and 3 of three belong to the group: (1 + 1/log2(4)) / (1 + 1/log2(3) + 1/log2(4)).

    >>> exposure(np.array([True, False, True]), [3.0, 2.0, 1.0], ["q", "q", "q"]).values.round(4).to_dict()
    {'q': 0.7039}
    """
    table = _labelled(members, scores, queries)
    discount = np.r_[1 / np.log2(np.arange(2, k + 2)), 0.0]
    earned = _tied_gain(table, "score", discount, k)
    possible = _tied_gain(table.assign(label=1.0), "score", discount, k)
    return QueryMetric(f"exposure@{k}", earned / possible, 0)


def kendall_tau(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Kendall's tau-b of two scorings of the same rows, in [-1, 1]; NaN if either is constant.

    >>> kendall_tau([1, 2, 3, 4], [1, 2, 4, 3])
    0.666666666667
    """
    left, right = _finite("first", first), _finite("second", second)
    if left.shape != right.shape:
        raise InvalidFeatures(f"{len(left)} and {len(right)} values; expected two scorings of the same rows")
    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return float("nan")
    from scipy.stats import kendalltau  # seconds of every process that starts, and few need it

    return round(float(kendalltau(left, right).statistic), 12)


def _labelled(labels: npt.ArrayLike, scores: npt.ArrayLike, queries: npt.ArrayLike) -> pd.DataFrame:
    """The labelled rows as columns query, label, score."""
    label, score = numbers("labels", labels), _finite("scores", scores)
    if len(label) != len(score):
        raise InvalidFeatures(f"{len(label)} labels and {len(score)} scores; expected equal numbers of both")
    query = query_keys(queries, len(score))
    wrong = np.flatnonzero((label < 0) | np.isinf(label))
    if len(wrong):
        raise InvalidFeatures(f"label of row {wrong[0]} is {label[wrong[0]]}; expected 0 or more, or NaN")
    table = pd.DataFrame({"query": query, "label": label, "score": score})
    return table[table["label"].notna()]


def _tied_gain(table: pd.DataFrame, by: str, discount: Floats, k: int) -> pd.Series[float]:
    """Discounted gain of each query in the order of `by`, equal values sharing their places' discounts."""
    ordered = table.sort_values(["query", by], ascending=[True, False], kind="stable")
    place = ordered.groupby("query").cumcount().to_numpy()
    ordered = ordered.assign(discount=discount[np.minimum(place, k)])
    tied = ordered.groupby(["query", by]).agg(gain=("label", "mean"), discount=("discount", "sum"))
    return cast("pd.Series[float]", (tied["gain"] * tied["discount"]).groupby(level="query").sum())


def _finite(name: str, values: npt.ArrayLike) -> Floats:
    array = numbers(name, values)
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        raise InvalidFeatures(
            f"{name} of shape {array.shape}, row {wrong[0]} is {array[wrong[0]]}; expected a finite number"
        )
    return array
