"""The pairwise objective: logistic loss with flip noise, anchoring, ties, weights and soft targets.

For the pair in which winner i stands above loser j, shown at positions pos in a list of n::

    d  = f_i - f_j + g (pos_j - pos_i)/(n-1)          g: anchoring to the shown order, training only
    P  = sigmoid(d);   Q = eps + (1 - 2 eps) P         eps: the judge's flip rate
    L  = -w [ t log Q + (1-t) log(1-Q) ]
    dL/dd = -w (1-2 eps) P (1-P) [ t/Q - (1-t)/(1-Q) ]
    h  = w P (1-P)                                     the curvature that training uses

`h` is a *surrogate*: it is the exact second derivative for eps = 0 and stays positive for every eps,
where the exact one (`exact_curvature`) turns negative and would make Newton steps run uphill.

Source: the bounded likelihood of Crowd-BT (Chen et al., WSDM 2013), with RankNet's logistic pair loss
(Burges et al., ICML 2005) as its clean case.

Worked example: a strict pair, margin log 3, so P = 3/4; once from a perfect judge, once from one who
flips a quarter of the time, so Q = 1/4 + 1/2 * 3/4 = 5/8.

>>> import numpy as np
>>> bool(np.isclose(pair_loss(np.log(3)), -np.log(3 / 4)))
True
>>> bool(np.isclose(pair_loss(np.log(3), flip_rate=0.25), -np.log(5 / 8)))
True
>>> slope, curvature = pair_gradient(np.log(3), flip_rate=0.25)
>>> bool(np.isclose(slope, -(1 / 2) * (3 / 16) / (5 / 8))), bool(np.isclose(curvature, 3 / 16))
(True, True)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Floats, Preferences

HESSIAN_FLOOR = 1e-9
"""Added to each row's curvature, so that a leaf of saturated pairs never divides by zero."""

BLOCK = 131_072
"""Pairs whose slopes are computed at a time: the dozen temporary columns of a block stay in the cache, where
those of ten million pairs are fetched from memory again and again."""


def pair_loss(
    difference: npt.ArrayLike,
    target: npt.ArrayLike = 1.0,
    weight: npt.ArrayLike = 1.0,
    *,
    flip_rate: npt.ArrayLike = 0.0,
) -> Floats:
    """L of each pair, shape (p,); `difference` is d, anchoring included.

    A tie has its least loss, log 2, at d = 0:

    >>> pair_loss([0.0, 2.0], target=0.5).round(4).tolist()
    [0.6931, 1.1269]
    """
    d, t, w, eps = _floats(difference, target, weight, flip_rate)
    likelihood = t * _log_noisy(d, eps)
    if (t < 1).any():
        likelihood = likelihood + (1 - t) * _log_noisy(-d, eps)
    return np.asarray(-w * likelihood)


def pair_gradient(
    difference: npt.ArrayLike,
    target: npt.ArrayLike = 1.0,
    weight: npt.ArrayLike = 1.0,
    *,
    flip_rate: npt.ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """(dL/dd, h) of each pair, shapes (p,): the exact slope and the surrogate curvature w P (1-P).

    >>> slope, curvature = pair_gradient([0.0, 0.0], target=[1.0, 0.5])
    >>> slope.tolist(), curvature.tolist()
    ([-0.5, 0.0], [0.25, 0.25])
    """
    d, t, w, eps = _floats(difference, target, weight, flip_rate)
    ordered, reversed_ = _both_ways(d)
    spread = 1 - 2 * eps
    # P/Q and (1-P)/(1-Q), both 1 for a perfect judge, also where P underflows to zero
    share = _ratio(ordered, eps + spread * ordered)
    reversed_share = _ratio(reversed_, eps + spread * reversed_)
    slope = w * spread * ((1 - t) * reversed_share * ordered - t * share * reversed_)
    return np.asarray(slope), np.asarray(w * ordered * reversed_)


def exact_curvature(
    difference: npt.ArrayLike,
    target: npt.ArrayLike = 1.0,
    weight: npt.ArrayLike = 1.0,
    *,
    flip_rate: npt.ArrayLike = 0.0,
) -> Floats:
    """d2L/dd2 of each pair, shape (p,); negative where a noisy judge's pair is far on the wrong side.

    With Q' = (1-2 eps) P (1-P) and Q'' = Q' (1-2P)::

        L'' = -w { Q'' [t/Q - (1-t)/(1-Q)] - Q'^2 [t/Q^2 + (1-t)/(1-Q)^2] }

    >>> bool(np.isclose(exact_curvature(1.0), pair_gradient(1.0)[1]))
    True
    >>> bool(exact_curvature(-3.0, flip_rate=0.2) < 0)
    True
    """
    d, t, w, eps = _floats(difference, target, weight, flip_rate)
    ordered, reversed_ = _both_ways(d)
    spread = 1 - 2 * eps
    share = spread * _ratio(ordered, eps + spread * ordered)
    reversed_share = spread * _ratio(reversed_, eps + spread * reversed_)
    bend = (reversed_ - ordered) * (t * share * reversed_ - (1 - t) * reversed_share * ordered)
    square = t * (share * reversed_) ** 2 + (1 - t) * (reversed_share * ordered) ** 2
    return np.asarray(-w * (bend - square))


def differences(scores: npt.ArrayLike, preferences: Preferences, *, anchoring: npt.ArrayLike = 0.0) -> Floats:
    """d of each pair, shape (p,), from the scores of all rows; no anchoring where no order was shown.

    >>> pairs = Preferences.from_orders([[2, 0]], judge="ada", shown=[[2, 0]])
    >>> differences([1.0, 9.0, 3.0], pairs, anchoring=0.5).tolist()
    [2.5]
    """
    f = np.asarray(scores, dtype=np.float64)
    return f[preferences.winner] - f[preferences.loser] + anchored(preferences, anchoring)


def anchored(preferences: Preferences, anchoring: npt.ArrayLike) -> Floats:
    """What the shown order adds to d of each pair, (p,): g (pos_j - pos_i)/(n-1), or 0 if none was shown."""
    pull = np.asarray(anchoring, dtype=np.float64)
    if not pull.any():
        return np.zeros(len(preferences))
    return np.asarray(pull * np.nan_to_num(preferences.shown_gap))


def row_gradient(
    scores: npt.ArrayLike,
    preferences: Preferences,
    *,
    flip_rate: npt.ArrayLike = 0.0,
    anchoring: npt.ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """(gradient, Hessian diagonal) of the summed loss with respect to each row's score, shapes (n,).

    Each pair pulls its winner up and its loser down by the same amount::

        grad = bincount(i, dL/dd) - bincount(j, dL/dd);   hess = bincount(i, h) + bincount(j, h) + 1e-9

    >>> pairs = Preferences.from_pairs(winner=[0, 0], loser=[1, 2], judge="ada")
    >>> gradient, hessian = row_gradient([0.0, 0.0, 0.0], pairs)
    >>> gradient.tolist(), hessian.round(6).tolist()
    ([-1.0, 0.5, 0.5], [0.5, 0.25, 0.25])
    """
    n, p = np.asarray(scores).shape[0], len(preferences)
    rates, pulls = (np.broadcast_to(np.asarray(one, dtype=np.float64), p) for one in (flip_rate, anchoring))
    slope, curvature = np.empty(p), np.empty(p)
    for start in range(0, p, BLOCK):
        block = slice(start, start + BLOCK)
        part = preferences.part(block)
        d = differences(scores, part, anchoring=pulls[block])
        slope[block], curvature[block] = pair_gradient(d, part.target, part.weight, flip_rate=rates[block])
    i, j = preferences.winner, preferences.loser
    gradient = np.asarray(np.bincount(i, slope, n) - np.bincount(j, slope, n), dtype=np.float64)
    hessian = np.bincount(i, curvature, n) + np.bincount(j, curvature, n) + HESSIAN_FLOOR
    return gradient, np.asarray(hessian, dtype=np.float64)


def _floats(
    difference: npt.ArrayLike, target: npt.ArrayLike, weight: npt.ArrayLike, flip_rate: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    d, t, w, eps = (
        np.asarray(values, dtype=np.float64) for values in (difference, target, weight, flip_rate)
    )
    if not np.all((eps >= 0) & (eps < 0.5)):
        raise InvalidPreferences(f"flip rate {eps.min()} to {eps.max()}; expected at least 0 and below 0.5")
    return d, t, w, eps


def _both_ways(d: Floats) -> tuple[Floats, Floats]:
    """sigmoid(d) and sigmoid(-d) from one exponential, neither rounded to 0 or 1 before it has to be.

    >>> [one.tolist() for one in _both_ways(np.array([0.0, 40.0]))]
    [[0.5, 1.0], [0.5, 4.248354255291589e-18]]
    """
    small = np.exp(-np.abs(d))
    large = 1 / (1 + small)
    small *= large
    return np.where(d >= 0, large, small), np.where(d >= 0, small, large)


def _log_noisy(d: Floats, eps: Floats) -> Floats:
    """log(eps + (1-2 eps) sigmoid(d)), exact for eps = 0 however far d is on the wrong side."""
    if not eps.any():
        return np.asarray(log_expit(d))
    with np.errstate(divide="ignore"):
        noisy = np.log(eps + (1 - 2 * eps) * expit(d))
    return np.where(eps > 0, noisy, log_expit(d))


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.ones(np.broadcast(over, under).shape), where=under > 0)
