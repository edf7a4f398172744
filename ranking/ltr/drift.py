"""Which features have moved between two samples of (query, item) rows, counted in units that are independent.

A query's feature is repeated on each of its rows, and an item stands under many queries: rows are no
independent draws. Each feature is therefore compared by the unit that it belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaincc, ndtri
from scipy.stats import rankdata

from ranking.ltr.checking import numbers, query_keys, whole_number
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.preferences import Floats

Unit = Literal["query", "item", "pair"]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

USUAL_LIMIT = 0.1
"""Of the PSI, the rule of thumb of credit scoring: what is below is too little to act on, however certain."""

FACTOR = 2.0
"""A value whose share has grown or shrunk so many times has moved, too: the PSI hardly sees a rare flag."""

FALSE_ALARMS = 0.05
"""Chance that an unchanged project raises any alarm, over all of its features: at most."""

QUERY_SHARE = 0.9
"""Of that chance, spent on features of the query: there are far fewer queries than items to tell them by."""

TESTS = {"level": 8.0, "missing": 1.0, "bins": 1.0}
"""How the chance of one feature is split: most on higher or lower, which is what data mostly do."""

EMPTY_BIN = 0.5
"""Units put in an empty bin, so that the index stays finite: the usual continuity correction."""

RARE = 5
"""Categories that fewer units have are counted as one: nothing could be said of each."""

RECOUNTED = 0.02
"""A chance below this is counted again by relabelling units: the formula is too bold for rare values."""

RELABELLED = 20_000
ENOUGH = 50  # draws as extreme tell the chance to a seventh of it
MOST_RELABELLED = 500  # units; with more, the formula is exact enough


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one moment.

    Attributes
    ----------
    features : (n, d) values, NaN where missing; categories as codes
    queries, items : (n,) keys of each row; the same key in two samples is the same query or item
    """

    features: pd.DataFrame
    queries: npt.ArrayLike
    items: npt.ArrayLike


@dataclass(frozen=True)
class Drift:
    """How far a feature has moved, and whether that is more than chance.

    Attributes
    ----------
    psi : population stability index over units, 0 for equal shares
    p_value : chance that any feature of an unchanged project would look this changed
    unit : what has one value of the feature: a query, an item, or only the pair of both
    then, now : number of units in each sample; for a pair, of queries
    bins : number of bins that were used, the one of missing values included
    material : whether the PSI reaches 0.1, or the share of a value has doubled or halved
    """

    psi: float
    p_value: float
    unit: Unit
    then: int
    now: int
    bins: int
    material: bool

    @property
    def alarm(self) -> bool:
        """Whether the change is more than chance, and large enough to act on."""
        return self.material and self.p_value <= FALSE_ALARMS


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike, bins: int = 10) -> float:
    """Population stability index of two samples of independent values.

    With shares e_b and a_b of bin b, bins cut at quantiles of both samples together, and a value that fills
    a bin and missing values each in a bin of their own::

        PSI = sum_b (a_b - e_b) ln(a_b / e_b)

    Parameters
    ----------
    expected, actual : (N,) and (M,) values; NaN is missing
    bins : equal shares that quantiles cut values into; a value of at least such a share has a bin of its own

    Worked example: shares 1/2, 1/2 turn into 3/4, 1/4, so PSI = 1/4 ln(3/2) - 1/4 ln(1/2) = ln(3)/4.

    >>> round(psi([0] * 500 + [1] * 500, [0] * 750 + [1] * 250), 4)
    0.2747
    """
    before, after = _values("expected", expected), _values("actual", actual)
    whole_number("bins", bins, 1)
    members = _members(np.concatenate([before, after]), bins)
    return _index(
        _shares(members[: len(before)].mean(axis=0), len(before)),
        _shares(members[len(before) :].mean(axis=0), len(after)),
    )


def drifts(then: Sample, now: Sample, categorical: Collection[str] = ()) -> dict[str, Drift]:
    """Compare each column of two samples, so that all alarms together are false in one world of twenty.

    A column with one value for each query is compared over queries, one with one value for each item over
    items, and any other over queries, each with the mean of its rows. Units that are in both samples are
    compared with themselves, the others with one another. With N and M units, r the score of a unit that is
    in one sample alone, less the mean, and d the change of one that is in both::

        change = mean of now - mean of then
        V      = (sum r r' + sum d d') / (N M)
        T2     = change' V^-1 change,   T2 / U ~ Beta(K/2, (U - 1 - K)/2)

    for U units that could differ and K scores; where two samples have no unit in common and K is 1 this is
    the t-test. Items of features of pairs that come or go, and queries of features of items, add the variance
    that they bring to V. Scores are normal scores of ranks (van der Waerden) for higher or lower, whether the
    value is missing, and which bin or category it is in.

    Parameters
    ----------
    then, now : with the same columns
    categorical : columns whose values are codes without order

    Raises
    ------
    InvalidFeatures
        For a sample without rows, keys that do not fit the rows, other columns, and an infinite value.

    Does *not* find a change in a column of queries or pairs that fewer than about a dozen queries have.
    """
    both = _together(then, now)
    found = {
        str(name): _compared(_column(str(name), both.features[name]), both, name in set(categorical))
        for name in both.features
    }
    of_queries = sum(drift.unit == "query" for drift in found.values() if drift.bins > 1)
    others = sum(drift.unit != "query" for drift in found.values())
    return {name: _among(drift, of_queries, others) for name, drift in found.items()}


@dataclass(frozen=True, eq=False)
class _Both:
    """Rows of both samples: which are of now, and codes of their queries and items."""

    features: pd.DataFrame
    now: Mask
    queries: Codes
    items: Codes


def _together(then: Sample, now: Sample) -> _Both:
    for name, sample in (("then", then), ("now", now)):
        if not len(sample.features):
            raise InvalidFeatures(f"{name} has no rows; expected at least one")
        if set(sample.features) != set(then.features):
            raise InvalidFeatures(f"the columns of {name} are other ones than those of then")
    n = len(then.features), len(now.features)
    keys = [
        np.concatenate([query_keys(keys, size, name=name) for keys, size in zip(sides, n, strict=True)])
        for name, sides in (("queries", (then.queries, now.queries)), ("items", (then.items, now.items)))
    ]
    features = pd.concat([then.features, now.features[list(then.features)]], ignore_index=True)
    queries, items = (pd.factorize(each)[0].astype(np.int64) for each in keys)
    return _Both(features, np.repeat([False, True], n), queries, items)


def _compared(values: Floats, both: _Both, categorical: bool) -> Drift:
    """Compare one column; the chance is of this column alone."""
    unit, rows = _unit(values, both)
    first, second = (both.items, both.queries) if unit == "item" else (both.queries, both.items)
    _, once, places = np.unique(rows, return_index=True, return_inverse=True)
    of_unit, later = values[once], both.now[once]
    members = _categories(of_unit, first[once]) if categorical else _members(of_unit, 10)
    then, now = (_means(members[side], first[once][side])[1] for side in (~later, later))
    before, after = (_shares(means.mean(axis=0), len(means)) for means in (then, now))
    tests = _tests(of_unit, members, categorical)
    total = sum(TESTS[name] for name in tests)
    chances = []
    for name, scores in tests.items():
        known = ~np.isnan(scores[:, 0])[places]
        others = None if unit == "query" else second[known]
        found = _chance(scores[places][known], both.now[known], first[known], others)
        chances.append(found * total / TESTS[name])
    index, growth = _index(before, after), float(np.max(np.abs(np.log(after / before))))
    material = bool(index >= USUAL_LIMIT or growth >= np.log(FACTOR))
    return Drift(index, min([1.0, *chances]), unit, len(then), len(now), members.shape[1], material)


def _among(drift: Drift, of_queries: int, others: int) -> Drift:
    """The same with the chance over all features: a share for those of queries, the rest for the others."""
    if not (of_queries and others):
        share = 1 / max(of_queries + others, 1)
    else:
        share = QUERY_SHARE / of_queries if drift.unit == "query" else (1 - QUERY_SHARE) / others
    return replace(drift, p_value=min(1.0, drift.p_value / share))


def _tests(values: Floats, members: Floats, categorical: bool) -> dict[str, Floats]:
    """(n, k) scores by test, NaN where a value has none; no test for a constant."""
    known = ~np.isnan(values)
    if members.shape[1] < 2:
        return {}
    if categorical:
        return {"bins": members}
    found: dict[str, Floats] = {}
    if known.any() and np.ptp(values[known]) > 0:
        level = np.full((len(values), 1), np.nan)
        level[known, 0] = ndtri((rankdata(values[known]) - 0.5) / known.sum())
        found["level"] = level
    if not known.all():
        found["missing"] = np.where(known, 0.0, 1.0)[:, np.newaxis]
    if members.shape[1] > 2:
        found["bins"] = members
    return found


def _chance(scores: Floats, now: Mask, units: Codes, others: Codes | None) -> float:
    """Chance of such a change of the mean score if nothing had changed; see `drifts` for the formula."""
    if now.all() or not now.any():
        return 1.0
    alone, alone_now, then, after, sizes = _matched(scores, now, units)
    change = after - then
    moved = change[np.abs(change).max(axis=1) > 1e-12] if len(change) else change
    n = len(alone) + len(moved)
    scale = 1 / (sizes[0] * sizes[1])
    variance = (alone.T @ alone + moved.T @ moved) * scale
    mean = (alone[alone_now].sum(axis=0) + after.sum(axis=0)) / sizes[1] - (
        alone[~alone_now].sum(axis=0) + then.sum(axis=0)
    ) / sizes[0]
    if others is not None:
        strangers, *_, of = _matched(scores, now, others)
        variance = variance + strangers.T @ strangers / (of[0] * of[1])
    values, vectors = np.linalg.eigh(variance)
    kept = values > 1e-9 * max(values.max(), 1e-300)
    root = vectors[:, kept] / np.sqrt(values[kept])
    squared = float(np.sum((mean @ root) ** 2))
    rank = int(kept.sum())
    if n < rank + 2:
        return 1.0
    chance = float(betaincc(rank / 2, (n - 1 - rank) / 2, min(squared / n, 1.0)))
    lopsided = len(alone) > 0 and (alone_now.all() or not alone_now.any())
    if chance > RECOUNTED or n > MOST_RELABELLED or lopsided:
        return chance
    weight = 1 / sizes[0] + 1 / sizes[1]
    start = mean - alone[alone_now].sum(axis=0) * weight
    return max(
        chance,
        _relabelled(start @ root, alone @ root * weight, moved @ root * weight, alone_now, squared),
    )


def _relabelled(start: Floats, alone: Floats, moved: Floats, labels: Mask, squared: float) -> float:
    """Share of draws with as large a T2, each of which says anew which units are of now.

    Then and now of a unit in both samples are swapped. Ends early where enough draws are as large (Besag and
    Clifford, "Sequential Monte Carlo p-values", 1991).
    """
    rng = np.random.default_rng(0)
    hits = drawn = 0
    while drawn < RELABELLED and hits < ENOUGH:
        of_now = rng.permuted(np.tile(labels, (1000, 1)), axis=1)
        swapped = rng.random((1000, len(moved))) < 0.5
        found = np.sum((start + of_now @ alone - swapped @ moved) ** 2, axis=1)
        hits, drawn = hits + int(np.sum(found >= squared * (1 - 1e-9))), drawn + 1000
    return hits / drawn


def _matched(scores: Floats, now: Mask, units: Codes) -> tuple[Floats, Mask, Floats, Floats, Sequence[int]]:
    """Scores of units, centred: in one sample alone, which are of now, then and now of the others; sizes."""
    (before, then), (later, after) = (_means(scores[side], units[side]) for side in (~now, now))
    centre = np.concatenate([then, after]).mean(axis=0)
    _, i, j = np.intersect1d(before, later, assume_unique=True, return_indices=True)
    gone, come = np.delete(then, i, axis=0) - centre, np.delete(after, j, axis=0) - centre
    alone_now = np.repeat([False, True], (len(gone), len(come)))
    return (
        np.concatenate([gone, come]),
        alone_now,
        then[i] - centre,
        after[j] - centre,
        (len(then), len(after)),
    )


def _column(name: str, values: pd.Series) -> Floats:
    array = numbers(name, values)
    if np.isinf(array).any():
        raise InvalidFeatures(
            f"{name}, row {int(np.argmax(np.isinf(array)))} is infinite; expected finite or NaN"
        )
    return array


def _means(scores: Floats, units: Codes) -> tuple[Codes, Floats]:
    """(u,) units that occur and (u, k) means of their rows."""
    found, places = np.unique(units, return_inverse=True)
    sums = np.zeros((len(found), scores.shape[1]))
    np.add.at(sums, places, scores)
    return found, sums / np.bincount(places)[:, np.newaxis]


def _unit(values: Floats, both: _Both) -> tuple[Unit, Codes]:
    """What has one value of a column, and codes of the rows that share one in a sample."""
    of_query, of_item = both.queries * 2 + both.now, both.items * 2 + both.now
    if _is_constant(values, of_query):
        return "query", of_query
    return ("item", of_item) if _is_constant(values, of_item) else ("pair", np.arange(len(values)))


def _is_constant(values: Floats, groups: Codes) -> bool:
    """Whether each group has one value, or none at all."""
    _, first, places = np.unique(groups, return_index=True, return_inverse=True)
    of_group = values[first][places]
    return bool(np.all((values == of_group) | (np.isnan(values) & np.isnan(of_group))))


def _values(name: str, values: npt.ArrayLike) -> Floats:
    array = numbers(name, values)
    if len(array) == 0 or np.isinf(array).any():
        raise InvalidFeatures(f"{name} of shape {array.shape}; expected at least one value, finite or NaN")
    return array


def _members(values: Floats, bins: int) -> Floats:
    """(n, B) which bin each value is in, missing ones in one of their own; no bin is empty.

    A value that fills a bin has one to itself. Else what lies above or below that value would be in one bin
    with it, and the two could change places unseen: nine in ten rows at the least value make all quantiles
    one.
    """
    known = values[~np.isnan(values)]
    places = np.full(len(values), -1)
    if len(known):
        quantiles = np.quantile(known, np.arange(1, bins) / bins, method="higher")
        distinct, rows = np.unique(known, return_counts=True)
        shared = distinct[(rows > 1) & (rows >= len(known) / bins)]
        inner = quantiles[quantiles > distinct[0]]
        edges = np.unique(np.concatenate([inner, shared, np.nextafter(shared, np.inf)]))
        places[~np.isnan(values)] = np.searchsorted(edges, known, side="right")
    return _one_hot(places)


def _categories(values: Floats, units: Codes) -> Floats:
    """(n, B) which category each row has; those of few units are one, and so is what is missing."""
    codes = pd.factorize(values)[0]
    pairs = np.unique(np.stack([codes, units], axis=1), axis=0)
    known, of_code = np.unique(pairs[:, 0], return_counts=True)
    rare = known[(of_code < RARE) & (known >= 0)]
    return _one_hot(np.where(np.isin(codes, rare), len(codes), codes))


def _one_hot(places: npt.NDArray[np.int64]) -> Floats:
    found, columns = np.unique(places, return_inverse=True)
    return np.eye(len(found))[columns]


def _shares(means: Floats, units: int) -> Floats:
    return np.maximum(means, EMPTY_BIN / units)


def _index(before: Floats, after: Floats) -> float:
    return float(np.sum((after - before) * np.log(after / before)))
