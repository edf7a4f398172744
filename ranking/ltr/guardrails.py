"""What a challenger may lose at most: the limits, and one rule that says when a loss is shown.

Everything that a guardrail watches is brought to one form: a value for each query and version, whose mean is
the figure and of which more is better. So one paired comparison (`ranking.ltr.comparison`) serves them all.
The equality of groups and the calibration error are no means; they are linearised at the sample (a query's
value is the figure plus the query's influence on it), which keeps the figure and its first-order variance.

Does *not* decide: `ranking.ltr.gate` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from ranking.ltr.comparison import Comparison, compare
from ranking.ltr.decision import NOT_YET, PROMOTE, REFUSE
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.figures import EXPOSURE, LABELS, PAIRS, PLACED, PairedResults
from ranking.ltr.preferences import Floats

CALIBRATION_BINS = 10

USUAL_SPREAD = 0.1
"""Standard deviation over queries of a difference in pair accuracy, until enough have been seen to tell;
benchmarks/gate.py measures it."""

METRIC_WORDS = {PAIRS: "pair accuracy", LABELS: "NDCG@10"}


@dataclass(frozen=True)
class GateLimits:
    """What a challenger must show, and what it may lose; shares, so 0.01 is one point.

    Attributes
    ----------
    gain : one-sided level of the gain: 0.025, so that a gain is shown when the whole two-sided 95 % interval,
        which people are shown, is above zero, and A/A stays below 5 % with room to spare
    level : one-sided level of a loss that refuses (Holm within a family of losses)
    doubt : level of a loss that holds a version back without refusing it, greater than `level`
    worth : gain that the number of slates still needed is reckoned for
    power : chance to show such a gain with that many
    base_ndcg, base_pairs : loss allowed over all queries, in the metric that is not the deciding one
    segment, expert : loss allowed in each segment (of enough queries) and for each expert
    exposure : growth allowed of 1 - least/most exposure ratio among the groups of a protected attribute
    pairwise : loss allowed of the pair accuracy between a group of a protected attribute and all others
    placement : growth allowed of what that accuracy lacks to the best that moving the whole group would give
    calibration : growth allowed of the expected calibration error
    least_queries : fewer never show a gain, a loss of an expert or of a group
    least_segment_queries : smaller segments are not tested
    least_group_share : groups with a smaller share of the candidates are not compared by exposure

    >>> GateLimits(segment=0.02).segment
    0.02
    """

    gain: float = 0.025
    level: float = 0.05
    doubt: float = 0.2
    worth: float = 0.02
    power: float = 0.8
    base_ndcg: float = 0.005
    base_pairs: float = 0.01
    segment: float = 0.01
    expert: float = 0.02
    exposure: float = 0.1
    pairwise: float = 0.05
    placement: float = 0.05
    calibration: float = 0.1
    least_queries: int = 6
    least_segment_queries: int = 30
    least_group_share: float = 0.05

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not number or not np.isfinite(value) or value < 0:
                raise InvalidFeatures(f"limit {name} is {value!r}; expected a finite number, 0 or more")
        if not 0 < self.level < self.doubt < 0.5 < self.power < 1:
            raise InvalidFeatures("expected 0 < level < doubt < 0.5 < power < 1")
        if not 0 < self.gain <= 0.05 or self.worth == 0:
            raise InvalidFeatures("expected a level of the gain above 0, up to 0.05, and worth above 0")

    @property
    def z(self) -> float:
        """Sum of the two normal quantiles that a sample size needs: of the gain's level and of the power."""
        return float(ndtri(1 - self.gain) + ndtri(self.power))


@dataclass(frozen=True)
class Watched:
    """One thing that may not get worse by more than `limit`, with a value a query and version.

    `gravest` is what a loss leads to at most.
    """

    words: str
    limit: float
    challenger: pd.Series[float]
    champion: pd.Series[float]
    slates: float = 0.0
    gravest: str = REFUSE


@dataclass(frozen=True)
class Loss:
    """A watched thing, compared; `p` is that of a loss, adjusted for its family."""

    watched: Watched
    found: Comparison
    p: float
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        figures = {name: self.found.to_dict()[name] for name in ("difference", "low", "high", "n_queries")}
        return {"what": self.watched.words, "limit": self.watched.limit, "p": self.p, **figures}


def losses(family: Sequence[Watched], limits: GateLimits, *, seed: int, resamples: int) -> list[Loss]:
    """Say of each whether a loss is shown.

    A loss counts if it exceeds its limit in the sample *and* chance does not explain it: sign-flip p of "no
    loss at all", one-sided, Holm-adjusted over the family. p <= `level` refuses, p <= `doubt` holds back. So
    the burden of proof lies with the loss: a sample that is too small to show one holds nobody back.

    >>> before = pd.Series(0.8, index=range(12))
    >>> family = [Watched("ada", 0.02, before - 0.1, before), Watched("bob", 0.02, before, before)]
    >>> [one.verdict for one in losses(family, GateLimits(), seed=0, resamples=1000)]
    ['refuse', 'promote']
    """
    found = [
        compare(one.challenger, one.champion, seed=seed, resamples=resamples, confidence=1 - 2 * limits.level)
        for one in family
    ]
    adjusted = holm([one.p_loss for one in found])
    return [
        Loss(watched, one, p, _verdict(one.difference < -watched.limit, p, limits, watched.gravest))
        for watched, one, p in zip(family, found, adjusted, strict=True)
    ]


def _verdict(beyond: bool, p: float, limits: GateLimits, gravest: str) -> str:
    if not beyond or p > limits.doubt:
        return PROMOTE
    return gravest if p <= limits.level else NOT_YET


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of a family (Holm 1979): rejecting those up to a level errs in at most that share.

    >>> [round(p, 2) for p in holm([0.04, 0.01, 0.03])]
    [0.06, 0.03, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def lines_of(results: PairedResults, family: str) -> dict[tuple[str, str, str], pd.DataFrame]:
    """The lines that count of each comparison of a family, by name, group and metric; by query."""
    lines = results.figures
    chosen = lines[(lines["family"] == family) & lines["randomised"].astype(bool)]
    if chosen.empty:
        return {}
    chosen = chosen.sort_values("query", key=lambda query: query.astype(str), kind="stable")
    groups = chosen.groupby(["name", "group", "metric"], sort=True)
    return {(str(a), str(b), str(c)): part.set_index("query") for (a, b, c), part in groups}


def watched_of(part: pd.DataFrame, words: str, limit: float, *, gravest: str = REFUSE) -> Watched:
    """The lines of one comparison as a thing to watch."""
    return Watched(
        words,
        limit,
        part["challenger"].astype(float),
        part["champion"].astype(float),
        part["slates"].sum(),
        gravest,
    )


# --- how many more ----------------------------------------------------------------------------------------
def queries_needed(found: Comparison, spread: float, limits: GateLimits) -> tuple[int | None, float | None]:
    """How many queries show a gain with the power of the limits, and which gain that is.

    n = (z_gain + z_power)^2 spread^2 / gain^2 + z_gain^2/2, the last because the spread is an estimate
    (Guenther, The American Statistician 1981). The gain is `worth`, or the one that was seen where so many
    queries are there already; (None, None) if none was seen then.

    >>> seen = Comparison(0.7, 0.7, 0.0, -0.03, 0.03, 1.0, 40)
    >>> queries_needed(seen, 0.1, GateLimits())
    (199, 0.02)
    """
    level = float(ndtri(1 - limits.gain))
    if found.n_queries < limits.least_queries:
        spread = max(USUAL_SPREAD, 0.0 if math.isnan(spread) else spread)
    for gain in (limits.worth, found.difference):
        if gain > 0:
            wanted = math.ceil((limits.z * spread / gain) ** 2 + level**2 / 2)
            wanted = max(wanted, limits.least_queries)
            if wanted > found.n_queries:
                return wanted, float(gain)
    return None, None


# --- groups of a protected attribute ------------------------------------------------------------------------
def fairness_of(results: PairedResults, limits: GateLimits) -> list[Watched]:
    """Of each protected attribute: who is seen, and of each group: whose order is right, and who is favoured.

    A version favours or slights a group if moving all its members together would follow the experts better.
    Accuracy is *not* cut by who wins: experts who err let the weaker group win now and then, so the perfect
    ranker itself is mostly "wrong" where it wins (docs/decisions/0004).
    """
    found = []
    for name, groups in _groups_of(results, "exposure", EXPOSURE, limits).items():
        challenger, champion = (exposure_equality(groups, version) for version in ("challenger", "champion"))
        found.append(Watched(f"exposure of the groups of {name}", limits.exposure, challenger, champion))
    for metric, words, limit in (
        (PAIRS, METRIC_WORDS[PAIRS], limits.pairwise),
        (PLACED, "placement", limits.placement),
    ):
        for name, groups in _groups_of(results, "pairwise", metric, limits).items():
            for group, part in groups.items():
                found.append(watched_of(part, f"{words} between {name} {group!r} and others", limit))
    return found


def _groups_of(
    results: PairedResults, family: str, metric: str, limits: GateLimits
) -> dict[str, dict[str, pd.DataFrame]]:
    """Lines by attribute and group; attributes with fewer than two groups of enough queries are left out."""
    attributes: dict[str, dict[str, pd.DataFrame]] = {}
    for (name, group, of), part in lines_of(results, family).items():
        if of == metric and _is_enough(part, family, limits):
            attributes.setdefault(name, {})[group] = part
    return {name: groups for name, groups in attributes.items() if len(groups) > 1}


def _is_enough(part: pd.DataFrame, family: str, limits: GateLimits) -> bool:
    share_is = family != "exposure" or part["base"].mean() >= limits.least_group_share
    return len(part) >= limits.least_queries and share_is


def exposure_equality(groups: dict[str, pd.DataFrame], version: str) -> pd.Series[float]:
    """A value for each query whose mean is least/most exposure ratio among the groups: 1 is equal.

    A group's ratio is its share of the exposure over its share of the candidates, each a mean over queries.

    >>> def of(seen): return pd.DataFrame({"challenger": seen, "base": 0.5}, index=["q1", "q2"])
    >>> exposure_equality({"a": of([0.6, 0.4]), "b": of([0.4, 0.6])}, "challenger").tolist()
    [1.0, 1.0]
    >>> float(round(exposure_equality({"a": of([0.7, 0.5]), "b": of([0.3, 0.5])}, "challenger").mean(), 3))
    0.667
    """
    ratios = {name: part[version].mean() / part["base"].mean() for name, part in groups.items()}
    low, high = min(ratios, key=lambda name: ratios[name]), max(ratios, key=lambda name: ratios[name])
    queries = groups[low].index.union(groups[high].index)
    change = [
        (groups[name][version] - ratios[name] * groups[name]["base"]).reindex(queries, fill_value=0.0)
        / (groups[name]["base"].sum() / len(queries))
        for name in (low, high)
    ]
    figure = ratios[low] / ratios[high]
    return (figure + (change[0] - figure * change[1]) / ratios[high]).astype(float)


# --- calibration --------------------------------------------------------------------------------------------
def calibration_of(results: PairedResults, limits: GateLimits) -> Watched | None:
    """How far the confidence of each version is from how often it is right; None without pairs."""
    pairs = results.margins[results.margins["randomised"].astype(bool) & (results.margins["weight"] > 0)]
    if pairs.empty:
        return None
    weight = pairs["weight"] / pairs.groupby("query")["weight"].transform("sum")
    right = {
        version: -calibration_errors(pairs[version].to_numpy(float), weight.to_numpy(float), pairs["query"])
        for version in ("challenger", "champion")
    }
    return Watched("calibration", limits.calibration, right["challenger"], right["champion"])


def calibration_errors(margins: Floats, weight: Floats, queries: pd.Series[Any]) -> pd.Series[float]:
    """A value for each query whose mean is the expected calibration error over equally filled bins.

    Parameters
    ----------
    margins : (p,) score of the preferred row less that of the other
    weight : (p,) of each pair, summing to 1 within a query
    queries : (p,)

    Notes
    -----
    The confidence is sigmoid(abs(margin)); the pair is right if the margin is positive, half right at zero.
    ECE = sum over bins of abs(sum of weight (right - confidence)) / number of queries (Naeini et al., AAAI
    2015); with the sign of each bin written before its sum, it is a sum over queries.

    >>> sure = np.array([5.0, 5.0, -5.0, -5.0])
    >>> errors = calibration_errors(sure, np.array([0.5, 0.5, 0.5, 0.5]), pd.Series(["a", "a", "b", "b"]))
    >>> round(float(errors.mean()), 3)                            # says .993 and is right in half
    0.493
    """
    confidence = expit(np.abs(margins))
    excess = weight * ((1 + np.sign(margins)) / 2 - confidence)
    rank = pd.Series(confidence).rank(method="average", pct=True).to_numpy()
    bins = np.minimum((rank * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    sign = np.sign(np.bincount(bins, excess, minlength=CALIBRATION_BINS))
    signed = pd.Series(sign[bins] * excess, index=pd.Index(queries.to_numpy(), name="query"))
    return signed.groupby(level="query").sum()
