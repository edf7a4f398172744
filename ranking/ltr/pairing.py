"""Pairs that nobody stated: from graded labels, and from the incumbent, so that it is not forgotten."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from ranking.ltr.preferences import Floats, Integers, Preferences

ONE_GRADE = (
    "has candidates of two different grades. Training from labels needs two grades within a query: one grade "
    "alone, such as of positives only, puts no candidate above another. Such labels are kept and say what "
    "fitted, but no version learns from them or is told from another by them. Add grades of candidates that "
    "did not fit, such as 0, or let experts judge lists"
)
"""What is wrong with labels of which no pair follows: one sentence, whoever meets them first."""

LABEL_PAIRS = 20_000
"""Most pairs of one query. 200 graded rows have that many; beyond, more pairs add time and hardly a fact."""

DISTILLATION_PAIRS = 40
"""Pairs of unjudged rows drawn from each query: about as many as a judged list of 8 to 10 rows has."""

DISTILLATION_SHARE = 0.3
"""Weight of all distillation pairs together, in units of all expert pairs together."""


def pairs_from_labels(
    labels: npt.ArrayLike,
    queries: npt.ArrayLike,
    *,
    seed: int,
    most: int = LABEL_PAIRS,
    judge: str = "labels",
) -> Preferences:
    """Higher graded over lower graded, within each query; a query of n graded rows weighs n/2.

    Parameters
    ----------
    labels : (n,) NaN where nobody graded: such rows are in no pair
    queries : (n,) query key of each row
    most : pairs of one query; beyond, as many are drawn without replacement, by the seed

    Notes
    -----
    A strict list of n rows has n(n-1)/2 pairs of weight 1/(n-1), n/2 in all. Here the pairs that there are
    share n/2 evenly, so that a query counts in proportion to its rows and not to their square.

    >>> pairs = pairs_from_labels([2, 0, 1, np.nan], ["q", "q", "q", "q"], seed=0)
    >>> sorted(zip(pairs.winner.tolist(), pairs.loser.tolist())), pairs.weight.tolist()
    ([(0, 1), (0, 2), (2, 1)], [0.5, 0.5, 0.5])
    """
    label = np.asarray(labels, dtype=np.float64)
    graded = np.flatnonzero(~np.isnan(label))
    rng = np.random.default_rng(seed)
    groups = pd.Series(graded).groupby(np.asarray(queries, dtype=object)[graded], sort=True)
    parts = []
    for list_id, (_, members) in enumerate(groups):
        rows = members.to_numpy(dtype=np.int64)
        winner, loser = _graded_pairs(rows, label[rows], rng, most)
        if len(winner):
            weight = len(rows) / 2 / len(winner)
            parts.append(
                Preferences.from_pairs(
                    winner=winner, loser=loser, judge=judge, weight=weight, list_id=list_id
                )
            )
    return Preferences.concat(parts)


def distillation_pairs(
    scores: npt.ArrayLike,
    queries: npt.ArrayLike,
    rows: npt.ArrayLike,
    *,
    seed: int,
    weight: float,
    judge: str = "incumbent",
) -> Preferences:
    """Pairs of unjudged rows whose target is the incumbent's own opinion, sigmoid(f0_i - f0_j).

    Parameters
    ----------
    scores : (n,) the incumbent's scores
    queries : (n,) query key of each row
    rows : the rows to draw from; queries with fewer than two of them give no pair
    weight : of all pairs together, shared evenly

    Notes
    -----
    Distillation to the incumbent is a constraint on churn (Jiang et al., ICLR 2022). Each distinct pair of
    rows is drawn at most once.

    >>> pairs = distillation_pairs([1.0, 1.0, 0.0], ["q"] * 3, [0, 1, 2], seed=0, weight=0.6)
    >>> len(pairs), pairs.weight.round(3).tolist(), sorted(set(pairs.target.round(3).tolist()))
    (3, [0.2, 0.2, 0.2], [0.5, 0.731])
    """
    score = np.asarray(scores, dtype=np.float64)
    pool = np.unique(np.asarray(rows, dtype=np.int64))
    rng = np.random.default_rng(seed)
    drawn: list[tuple[Integers, Integers]] = []
    for _, members in pd.Series(pool).groupby(np.asarray(queries, dtype=object)[pool], sort=True):
        drawn.append(_drawn_pairs(members.to_numpy(dtype=np.int64), rng))
    first = np.concatenate([np.empty(0, np.int64), *(one for one, _ in drawn)])
    second = np.concatenate([np.empty(0, np.int64), *(other for _, other in drawn)])
    ahead = score[first] >= score[second]
    winner, loser = np.where(ahead, first, second), np.where(ahead, second, first)
    target: Floats = expit(score[winner] - score[loser])
    return Preferences.from_pairs(
        winner=winner, loser=loser, judge=judge, weight=weight / max(len(winner), 1), target=target
    )


def _graded_pairs(
    rows: Integers, label: Floats, rng: np.random.Generator, most: int
) -> tuple[Integers, Integers]:
    """All pairs of unequal grade, or `most` of them: row by row of rising grade, over each row below it."""
    order = np.argsort(label, kind="stable")
    below = np.searchsorted(label[order], label[order], side="left")
    ends = np.cumsum(below)
    total = int(ends[-1])
    numbers = np.arange(total) if total <= most else np.sort(rng.choice(total, most, replace=False))
    above = np.searchsorted(ends, numbers, side="right")
    return rows[order[above]], rows[order[numbers - (ends - below)[above]]]


def _drawn_pairs(rows: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Distinct pairs of the rows, `DISTILLATION_PAIRS` at most, numbered row by row of a triangle."""
    total = len(rows) * (len(rows) - 1) // 2
    numbers = (
        np.sort(rng.choice(total, min(total, DISTILLATION_PAIRS), replace=False))
        if total
        else np.empty(0, int)
    )
    # row number r of the strict lower triangle starts at r(r-1)/2
    upper = ((1 + np.sqrt(1 + 8 * numbers)) // 2).astype(np.int64)
    return rows[upper], rows[numbers - upper * (upper - 1) // 2]
