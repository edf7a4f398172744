"""Has a feature moved? The population stability index with a limit that knows the sample sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from ranking.ltr.checking import numbers, whole_number
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.preferences import Floats

USUAL_LIMIT = 0.1
"""The rule of thumb of credit scoring; alone it false-alarms in 35 % of comparisons of 200 with 200 rows."""

CONFIDENCE = 0.999
"""One false alarm in a thousand comparisons: dozens of features are compared every day."""

EMPTY_BIN = 0.5
"""Rows put in an empty bin, so that the index stays finite; half a row is the usual continuity correction."""


@dataclass(frozen=True)
class Drift:
    """How far a feature has moved, and from where on that is more than chance.

    Attributes
    ----------
    psi : population stability index, 0 for equal shares
    limit : alarm from here on
    bins : number of bins that were used, the one of missing values included
    """

    psi: float
    limit: float
    bins: int

    @property
    def alarm(self) -> bool:
        """Whether the index is beyond its limit."""
        return self.psi > self.limit


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike, bins: int = 10) -> Drift:
    """Population stability index of `actual` against `expected`, and its alarm limit.

    With shares e_b and a_b of bin b, bins cut at quantiles of `expected`, and a value that fills a bin and
    missing values each in a bin of their own::

        PSI   = sum_b (a_b - e_b) ln(a_b / e_b)
        limit = max(0.1, chi2_{.999, B-1} (1/N + 1/M))

    Parameters
    ----------
    expected : (N,) values a model was made with; NaN is missing
    actual : (M,) values of now
    bins : equal shares that quantiles cut values into; a value of at least such a share has a bin of its own

    Notes
    -----
    PSI is about (1/N + 1/M) times a chi-square of B-1 degrees of freedom when nothing has moved
    (Yurdakul, "Statistical Properties of the Population Stability Index", 2018).

    Worked example: shares 1/2, 1/2 turn into 3/4, 1/4, so PSI = 1/4 ln(3/2) - 1/4 ln(1/2) = ln(3)/4.

    >>> found = psi([0] * 500 + [1] * 500, [0] * 750 + [1] * 250)
    >>> round(found.psi, 4), found.limit, found.bins, found.alarm
    (0.2747, 0.1, 2, True)
    >>> psi([0] * 5 + [1] * 5, [0] * 7 + [1] * 3).alarm
    False
    """
    before, now = _values("expected", expected), _values("actual", actual)
    whole_number("bins", bins, 1)
    edges = _edges(before, bins)
    counts = np.array([_counts(values, edges) for values in (before, now)])
    counts = counts[:, counts.any(axis=0)]
    share = np.maximum(counts, EMPTY_BIN) / counts.sum(axis=1, keepdims=True)
    index = float(np.sum((share[1] - share[0]) * np.log(share[1] / share[0])))
    used = counts.shape[1]
    chance = chdtri(used - 1, 1 - CONFIDENCE) * (1 / len(before) + 1 / len(now)) if used > 1 else 0.0
    return Drift(index, max(USUAL_LIMIT, float(chance)), used)


def _values(name: str, values: npt.ArrayLike) -> Floats:
    array = numbers(name, values)
    if len(array) == 0 or np.isinf(array).any():
        raise InvalidFeatures(f"{name} of shape {array.shape}; expected at least one value, finite or NaN")
    return array


def _edges(values: Floats, bins: int) -> Floats:
    """Lower edges of all bins but the first; a value that fills a bin has one to itself.

    Else what lies above or below that value would be in one bin with it, and the two could change places
    unseen: nine in ten rows at the least value make all quantiles one.
    """
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.zeros(0)
    quantiles = np.quantile(known, np.arange(1, bins) / bins, method="higher")
    distinct, rows = np.unique(known, return_counts=True)
    shared = distinct[(rows > 1) & (rows >= len(known) / bins)]
    inner = quantiles[quantiles > distinct[0]]
    return np.unique(np.concatenate([inner, shared, np.nextafter(shared, np.inf)]))


def _counts(values: Floats, edges: Floats) -> Floats:
    """Rows of each bin, missing values last."""
    known = values[~np.isnan(values)]
    inside = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return np.append(inside, len(values) - len(known)).astype(np.float64)
