"""Is the challenger better than the champion? Paired by query, because queries are what differs.

The interval is a bootstrap over queries, widened for few of them; the p-value is a sign-flip
randomisation. No Wilcoxon: its null is about medians of symmetric differences, not about the mean.

Does *not* decide on a promotion: `Comparison.better` is one of the facts that a decision needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.checking import numbers, whole_number
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.intervals import CONFIDENCE, bootstrap_weights, expanded_interval
from ranking.ltr.metrics import QueryMetric
from ranking.ltr.preferences import Floats

LEAST_QUERIES = 6
"""Fewer queries never say "better" or "worse": even five wins of five give a sign-flip p of 2/32."""


@dataclass(frozen=True)
class Comparison:
    """The mean difference over queries, challenger minus champion, in units of the metric.

    Attributes
    ----------
    challenger, champion : means over the common queries
    difference : challenger minus champion
    low, high : ends of the interval, of 95 % unless asked otherwise; NaN for fewer than two queries
    p_value : two-sided, of "the two are exchangeable within every query"
    n_queries : number of queries
    """

    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    p_value: float
    n_queries: int

    @property
    def better(self) -> bool:
        """The whole interval is above zero, from enough queries."""
        return self.n_queries >= LEAST_QUERIES and self.low > 0

    @property
    def worse(self) -> bool:
        """The whole interval is below zero, from enough queries."""
        return self.n_queries >= LEAST_QUERIES and self.high < 0

    @property
    def p_gain(self) -> float:
        """One-sided p-value of a gain: flipped means fall on both sides alike, so half the two-sided one."""
        return self.p_value / 2 if self.difference > 0 else 1 - self.p_value / 2

    @property
    def p_loss(self) -> float:
        """One-sided p-value of a loss."""
        return self.p_value / 2 if self.difference < 0 else 1 - self.p_value / 2

    def to_dict(self) -> dict[str, Any]:
        """Plain values; None instead of NaN, because JSON has none."""
        numbers = {
            name: (value if np.isfinite(value) else None)
            for name, value in vars(self).items()
            if name != "n_queries"
        }
        return {**numbers, "n_queries": self.n_queries}


def compare(
    challenger: pd.Series[float] | QueryMetric,
    champion: pd.Series[float] | QueryMetric,
    *,
    seed: int,
    resamples: int = 10_000,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare two metrics by query.

    Parameters
    ----------
    challenger, champion : one finite value per query, the same queries in any order: Series by query, or what
        `ndcg` and `pair_accuracy` return
    seed : of the resampling; the result does not depend on the order of the queries
    resamples : of the bootstrap and of the sign flips
    confidence : of the two-sided interval; each end is a one-sided bound of (1 + confidence)/2

    Raises
    ------
    InvalidFeatures
        Naming the query that comes twice, has one value only or one that is not finite.

    Notes
    -----
    The interval is that of `ranking.ltr.intervals`, with queries as its units.
    p = (1 + #{|flipped| >= |seen|})/(1 + resamples).

    >>> queries = list("abcdefgh")
    >>> champion = pd.Series([0.5, 0.6, 0.7, 0.4, 0.5, 0.6, 0.8, 0.3], index=queries)
    >>> found = compare(champion + 0.1, champion, seed=0)
    >>> round(found.difference, 6), found.better, found.n_queries
    (0.1, True, 8)
    >>> compare(champion, champion, seed=0).p_value
    1.0
    """
    whole_number("resamples", resamples, 1)
    whole_number("seed", seed, 0)
    left, right = _paired(_by_query("challenger", challenger), _by_query("champion", champion))
    difference = left - right
    n = len(difference)
    if n < 2:
        mean = float(difference.mean()) if n else float("nan")
        return Comparison(_mean(left), _mean(right), mean, float("nan"), float("nan"), 1.0, n)
    rng = np.random.default_rng(seed)
    means, flipped = _resampled(difference, rng, resamples)
    low, high = expanded_interval(means, n, confidence=confidence)
    seen = abs(float(difference.mean()))
    as_far = np.count_nonzero(np.abs(flipped) >= seen - 1e-12)
    return Comparison(
        challenger=_mean(left),
        champion=_mean(right),
        difference=float(difference.mean()),
        low=low,
        high=high,
        p_value=float((1 + as_far) / (1 + resamples)),
        n_queries=n,
    )


def _by_query(name: str, values: pd.Series[float] | QueryMetric) -> pd.Series[float]:
    """One finite value for each query."""
    series = values.values if isinstance(values, QueryMetric) else values
    if not isinstance(series, pd.Series):
        raise InvalidFeatures(f"{name} is a {type(series).__name__}; expected a Series by query")
    column = numbers(name, series, each="query")
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()][0]
        raise InvalidFeatures(f"{name} has query {twice!r} twice; expected one value per query")
    wrong = np.flatnonzero(~np.isfinite(column))
    if len(wrong):
        query, value = series.index[wrong[0]], column[wrong[0]]
        raise InvalidFeatures(f"{name} of query {query!r} is {value}, not finite; expected a finite number")
    return pd.Series(column, index=series.index)


def _paired(challenger: pd.Series[float], champion: pd.Series[float]) -> tuple[Floats, Floats]:
    """Values of both in one order of the queries."""
    odd = challenger.index.symmetric_difference(champion.index)
    if len(odd):
        raise InvalidFeatures(f"query {odd[0]!r} has one value only; expected one of each of the two")
    order = sorted(challenger.index, key=str)
    return np.asarray(challenger.loc[order], dtype=float), np.asarray(champion.loc[order], dtype=float)


def _resampled(difference: Floats, rng: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    """(resamples,) bootstrap means and (resamples,) means with random signs."""
    n = len(difference)
    means: list[Floats] = []
    flipped: list[Floats] = []
    for weight in bootstrap_weights(n, rng, resamples):
        means.append(weight @ difference)
        signs = 2.0 * rng.integers(0, 2, weight.shape) - 1
        flipped.append(signs @ difference / n)
    return np.concatenate(means), np.concatenate(flipped)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
