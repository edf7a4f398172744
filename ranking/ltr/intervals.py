"""How sure is a figure? One bootstrap over the units that are exchangeable, for every figure that needs one.

Pairs of a list depend on each other, and so do lists of a query: what is drawn again is a whole unit (a
query, a list), never a pair. Does *not* decide anything, and knows no metric: a figure comes as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

from ranking.ltr.preferences import Floats

CONFIDENCE = 0.95

LEAST_UNITS = 4
"""Fewer units have no interval: even from their least to their largest value it would be wrong too often."""

RESAMPLES = 2000
"""An end of a 95 % interval then rests on fifty resamples, and moves by a few hundredths of its width."""

DIGITS = 12
"""Figures are rounded to them, so that perfect agreement is 1 and not .9999999999999998."""

CHUNK = 2_000_000
"""Resampled values held at once, 16 MB, so that ten thousand resamples of many queries stay small."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes
    ----------
    value : the figure; None where too little was seen for one, and `reason` then says what is missing
    low, high : ends of the 95 % interval; None without a value or below `LEAST_UNITS` units
    n : units that it rests on, and that were drawn again
    chance : what it would be on average if nobody meant anything; None where that is not known
    reason : in words, why there is no value; empty otherwise
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def estimate(
    parts: Floats,
    figure: Callable[[Floats], Floats],
    *,
    seed: int,
    chance: float | None = None,
    resamples: int = RESAMPLES,
) -> Estimate:
    """A figure of the means of what each unit contributes, with its interval.

    Parameters
    ----------
    parts : (n, d) what each unit contributes, such as a sum and a count
    figure : from (b, d) means to the (b,) figures; NaN where it is not defined
    seed : of the resampling
    chance : passed on

    Worked example: a mean over two lists of one query and one list of each of three others.

    >>> ratio = lambda means: means[:, 0] / means[:, 1]
    >>> found = estimate(np.array([[1.0, 2], [0.4, 1], [0.6, 1], [0.5, 1]]), ratio, seed=0)
    >>> found.value, round(found.low, 2), round(found.high, 2), found.n
    (0.5, 0.4, 0.6, 4)
    >>> estimate(np.zeros((0, 2)), ratio, seed=0).value is None
    True
    """
    return estimate_weighted(
        len(parts),
        lambda weights: figure(weights @ parts),
        width=parts.shape[1],
        seed=seed,
        chance=chance,
        resamples=resamples,
    )


def estimate_weighted(
    n: int,
    figure: Callable[[Floats], Floats],
    *,
    width: int,
    seed: int,
    chance: float | None = None,
    resamples: int = RESAMPLES,
) -> Estimate:
    """A figure of n weighted units that is no function of means, or whose means are too many to hold.

    Parameters
    ----------
    figure : from (b, n) weights, each line of sum 1, to the (b,) figures; NaN where it is not defined
    width : how many values the figure makes of a line of weights, as of `bootstrap_weights`

    The mean of three units:

    >>> estimate_weighted(3, lambda weights: weights @ [1.0, 2, 4], width=1, seed=0).value
    2.333333333333
    """
    value = float(figure(np.full((1, n), 1 / n))[0]) if n else float("nan")
    if not np.isfinite(value):
        return Estimate(None, None, None, n, chance)
    if n < LEAST_UNITS:
        return Estimate(round(value, DIGITS), None, None, n, chance)
    rng = np.random.default_rng(seed)
    drawn = [figure(weights) for weights in bootstrap_weights(n, rng, resamples, width=width)]
    resampled = np.concatenate(drawn)
    low, high = expanded_interval(resampled[np.isfinite(resampled)], n)
    return Estimate(round(value, DIGITS), round(low, DIGITS), round(high, DIGITS), n, chance)


def estimate_mean(values: Floats, *, seed: int, chance: float | None = None) -> Estimate:
    """The mean of one value per unit, with its interval.

    >>> found = estimate_mean(np.array([0.2, 0.4, 0.3, 0.5, 0.3, 0.4]), seed=0)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (0.35, 0.25, 0.45)
    """
    return estimate(
        np.asarray(values, dtype=np.float64)[:, None], lambda means: means[:, 0], seed=seed, chance=chance
    )


def bootstrap_weights(
    n: int, rng: np.random.Generator, resamples: int, *, width: int = 1
) -> Iterator[Floats]:
    """Yield (b, n) weights of `resamples` draws of n units in all; each row sums to 1.

    `width` is how many values per resample the caller makes of them: it bounds the rows of a piece.

    >>> next(bootstrap_weights(4, np.random.default_rng(0), 2)).tolist()
    [[0.0, 0.25, 0.5, 0.25], [0.75, 0.25, 0.0, 0.0]]
    """
    step = max(1, CHUNK // max(n, width))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n) / n


def expanded_interval(resampled: Floats, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Ends of the two-sided interval from resampled figures of n units, at least two.

    Notes
    -----
    Hesterberg's expanded percentile interval ("What Teachers Should Know About the Bootstrap", The American
    Statistician 2015): plain percentiles are too narrow for few units, so they are taken at the levels
    Phi(± sqrt(n/(n-1)) t_{n-1, (1 + confidence)/2}).
    """
    tail = ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + confidence) / 2))
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(low), float(high)
