"""How much of what sets items apart in a joint order is opinion that judges share, and how much is noise?

A Bradley-Terry scale is fitted to the pairs of all judges together; its scale separation reliability compares
the spread of the items with the error of their places. Does *not* rank anything for anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from numbers import Real

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from ranking.ltr.columns import as_given
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.intervals import Estimate, estimate
from ranking.ltr.preferences import Floats, Integers, Preferences

NO_COMMON_LIST = "not enough overlap: no list was put in an order by two judges"
NO_DIFFERENCE = "everything that two judges said is one and the same value"

RIDGE = 1.0
"""A prior of variance 1 on the places, so that judges of one mind send no item to infinity. Judges who order
at random get .04 to .13 with it, .15 to .30 with a tenth of it; where opinion is shared it hardly matters."""

MOST_STEP, STEPS, CLOSE = 2.0, 100, 1e-10
"""Newton's steps: none longer than two logits, so that none overshoots; until nothing moves by more."""


def separation_reliability(
    preferences: Preferences, *, queries: npt.ArrayLike | None = None, seed: int = 0, ridge: float = RIDGE
) -> Estimate:
    """Scale separation reliability of the joint Bradley-Terry scale, with its interval.

    Parameters
    ----------
    preferences : of all judges; rows joined by pairs, directly or not, make one scale, usually a list
    queries : (rows,) query key of each row: scales of one query are drawn again together. Without it each
        scale is a unit.
    ridge : of the fit, above 0

    Raises
    ------
    InvalidPreferences
        For a ridge that holds nothing.

    Returns
    -------
    From 0, where items differ no more than their error would make them, to 1. Scales that one judge alone
    made are left out. No value, but a reason, where there is no other or everything is tied.

    Notes
    -----
    SSR = (V - E)/V, at least 0, with V the variance of the estimates about the mean of their scale and E
    their mean squared standard error (Pollitt, Assessment in Education, 2012). The usual error takes pairs
    for independent, but those of one list are not: three judges who put lists of eight in order at random
    would get .67. So the error is the sandwich H^-1 M H^-1 with judges as clusters: H the curvature of the
    penalised loss, M = m/(m-1) sum_j (u_j - u)(u_j - u)' over the scores u_j of m judges, u their mean.
    Judges of one mind have no error, and an SSR of 1.

    Worked example: five judges of two items, four of them for the first. The difference is log 4, its squared
    error 5/4 1/(5 .8 .2), so SSR = 1 - 1.5625 / 1.9218.

    >>> pairs = Preferences.from_pairs(winner=[0, 0, 0, 0, 1], loser=[1, 1, 1, 1, 0], judge=list("abcde"))
    >>> round(separation_reliability(pairs, ridge=1e-9).value, 3)
    0.187
    """
    if not isinstance(ridge, Real) or not 0 < ridge < np.inf:
        raise InvalidPreferences(f"ridge is {ridge!r}; expected a number above 0")
    parts: dict[object, Floats] = defaultdict(lambda: np.zeros(2))
    key = None if queries is None else as_given(queries)
    for number, members in enumerate(_scales(preferences)):
        if len(set(preferences.judge[members])) >= 2:
            unit = number if key is None else key[preferences.winner[members[0]]]
            parts[unit] = parts[unit] + _spread_and_error(preferences, members, ridge)
    found = estimate(np.array(list(parts.values())).reshape(-1, 2), _reliability, seed=seed, chance=0.0)
    if found.value is not None:
        return found
    return replace(found, chance=None, reason=NO_DIFFERENCE if found.n else NO_COMMON_LIST)


def _reliability(means: Floats) -> Floats:
    spread, error = means.T
    # scales without spread but with error separate nothing; without either, nobody said anything
    none = np.where(error > 0, 0.0, np.nan)
    return np.asarray(1 - np.divide(error, spread, out=1 - none, where=spread > error), dtype=np.float64)


def _scales(preferences: Preferences) -> Iterator[Integers]:
    """Pairs of each connected set of rows, as positions in the table."""
    if not len(preferences):
        return
    rows, flat = np.unique(np.r_[preferences.winner, preferences.loser], return_inverse=True)
    joined = coo_array((np.ones(len(preferences)), flat.reshape(2, -1)), shape=(len(rows), len(rows)))
    scale = connected_components(joined, directed=False)[1][flat[: len(preferences)]]
    order = np.argsort(scale, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(scale[order])) + 1)


def _spread_and_error(preferences: Preferences, members: Integers, ridge: float) -> Floats:
    """(2,) sums over the rows of one scale: squared estimates, squared standard errors."""
    flat = np.unique(np.r_[preferences.winner[members], preferences.loser[members]], return_inverse=True)[1]
    winner, loser = flat.reshape(2, -1)
    weight, target = preferences.weight[members], preferences.target[members]
    place, curvature = _fit(winner, loser, weight, target, ridge=ridge)
    judges, judge = np.unique(preferences.judge[members].astype(str), return_inverse=True)
    said = weight * (target - expit(place[winner] - place[loser]))
    scores = np.zeros((len(judges), len(place)))
    np.add.at(scores, (judge, winner), said)
    np.add.at(scores, (judge, loser), -said)
    scores -= scores.mean(axis=0)
    influence = np.linalg.solve(curvature, scores.T)
    error = len(judges) / (len(judges) - 1) * float((influence**2).sum())
    return np.array([float((place**2).sum()), error])


def _fit(
    winner: Integers, loser: Integers, weight: Floats, target: Floats, *, ridge: float
) -> tuple[Floats, Floats]:
    """(n,) penalised estimates, which sum to 0, and the (n, n) curvature there."""
    n = int(max(winner.max(), loser.max())) + 1
    place = np.zeros(n)
    for _ in range(STEPS):
        chance = expit(place[winner] - place[loser])
        missing = weight * (target - chance)
        slope = np.bincount(winner, missing, n) - np.bincount(loser, missing, n) - ridge * place
        step = np.linalg.solve(_curvature(winner, loser, weight * chance * (1 - chance), ridge, n), slope)
        place = place + step * min(1.0, MOST_STEP / max(float(np.abs(step).max()), CLOSE))
        if np.abs(step).max() < CLOSE:
            break
    chance = expit(place[winner] - place[loser])
    return place, _curvature(winner, loser, weight * chance * (1 - chance), ridge, n)


def _curvature(winner: Integers, loser: Integers, information: Floats, ridge: float, n: int) -> Floats:
    table = np.zeros((n, n))
    np.add.at(table, (winner, loser), -information)
    table = table + table.T
    return table - np.diag(table.sum(axis=1)) + ridge * np.eye(n)
