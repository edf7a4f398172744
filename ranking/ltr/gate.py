"""May the challenger replace the champion? Promote, not yet (how many more slates), or refuse (why).

From paired results on held-out queries (`ranking.ltr.paired`): a gain has to be shown, and so has a loss.
Only slates in random order count, others are dropped and counted. The worst of the checks is the verdict.

Does *not* promote anything, and knows no model: whoever calls it hands over figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ranking.ltr.checking import key_forms, numbers, whole_number
from ranking.ltr.comparison import Comparison, compare
from ranking.ltr.decision import (
    NOT_YET,
    PASSED,
    PROMOTE,
    REFUSE,
    SWITCHED_OFF,
    VERDICTS,
    Check,
    GateDecision,
    NotMeasured,
    worst,
)
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.figures import LABELS, PAIRS, PairedResults
from ranking.ltr.guardrails import (
    METRIC_WORDS,
    GateLimits,
    Loss,
    Watched,
    calibration_of,
    fairness_of,
    lines_of,
    losses,
    queries_needed,
    watched_of,
)
from ranking.ltr.judges import INVERTED
from ranking.ltr.signed_off import signed_off
from ranking.ltr.unmeasured import reason_of, small_ones

NAMED = 3
"""Losses that a check names; its figures hold them all."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """One decision in the making."""

    results: PairedResults
    limits: GateLimits
    decisive: str
    seed: int
    resamples: int

    def family(self, name: str) -> dict[tuple[str, str, str], pd.DataFrame]:
        """Lines of a family that count."""
        return lines_of(self.results, name)

    def losses(self, watched: Sequence[Watched]) -> list[Loss]:
        return losses(watched, self.limits, seed=self.seed, resamples=self.resamples)


def gate(
    results: PairedResults,
    *,
    limits: GateLimits | None = None,
    decisive: str = PAIRS,
    reseeded: Sequence[float] | None = None,
    seed: int = 0,
    resamples: int = 10_000,
) -> GateDecision:
    """Decide whether a challenger may replace the champion.

    Parameters
    ----------
    results : paired per-query results of both on held-out queries
    limits : what must be shown and what may be lost
    decisive : "pair_accuracy" or "ndcg@10", the metric in which the gain has to be shown
    reseeded : the challenger's mean of that metric when trained again with other seeds, two or more
    seed : of the resampling

    Raises
    ------
    InvalidFeatures
        For results that are no `PairedResults`, figures that are not finite, a query twice in one comparison,
        an unknown metric, a seed below 0 or no resamples.

    Notes
    -----
    Superiority: the whole two-sided 95 % interval of the mean difference (expanded percentile bootstrap over
    queries) is above zero, more than is asked of a one-sided 95 % bound, *and* the one-sided sign-flip p of a
    gain is at most 2.5 %, from six queries on. The second is exact for versions that differ by chance.

    >>> rng = np.random.default_rng(0)
    >>> before = rng.uniform(0.5, 0.8, 40)
    >>> lines = pd.DataFrame({"query": range(40), "champion": before, "challenger": before + 0.05})
    >>> gate(PairedResults.of_queries(lines)).verdict
    'promote'
    >>> lines["challenger"] = before + 0.1 * np.sin(range(40))
    >>> unclear = gate(PairedResults.of_queries(lines))
    >>> unclear.verdict, unclear.slates_needed
    ('not_yet', 62)
    """
    if decisive not in METRIC_WORDS:
        raise InvalidFeatures(f"decisive metric is {decisive!r}; expected one of {tuple(METRIC_WORDS)}")
    if not isinstance(results, PairedResults):
        kind = type(results).__name__
        raise InvalidFeatures(
            f"results are a {kind}; expected PairedResults, as PairedResults.of_queries makes"
        )
    if limits is not None and not isinstance(limits, GateLimits):
        raise InvalidFeatures(f"limits are a {type(limits).__name__}; expected GateLimits")
    whole_number("resamples", resamples, 1)
    whole_number("seed", seed, 0)
    if reseeded is not None and len(numbers("reseeded", reseeded, each="seed")) < 2:
        raise InvalidFeatures(f"reseeded holds {list(reseeded)}; expected two or more finite means")
    trial = _Trial(results, limits or GateLimits(), decisive, seed, resamples)
    dropped = int(results.figures.loc[~results.figures["randomised"].astype(bool), "slates"].sum())
    sound = _sound(trial)
    if sound.state != PASSED:
        return GateDecision(worst([sound.verdict]), (sound,), None, dropped)
    superiority, found, slates = _superiority(trial)
    checks = (
        sound,
        superiority,
        *_losses(trial),
        *_sides(trial),
        signed_off(results),
        _noise_floor(trial, found, reseeded),
    )
    verdict = worst(check.verdict for check in checks)
    needed = slates if verdict == NOT_YET and superiority.verdict == NOT_YET else None
    return GateDecision(verdict, checks, needed, dropped)


# --- is there anything to compare ---------------------------------------------------------------------------
def _sound(trial: _Trial) -> Check:
    """Scores that rank, of another model, that has not seen the answers."""
    verdict, words, figures = PROMOTE, "its scores are finite, differ, and come from other queries", {}
    scores, seen = trial.results.scores, _seen(trial.results)
    wrong = int((~np.isfinite(scores["challenger"].astype(float))).sum())
    if wrong:
        verdict, words, figures = REFUSE, f"{wrong} of {len(scores)} scores are not finite", {"scores": wrong}
    elif seen:
        words = f"it has learned from {len(seen)} of the queries that it is judged by, such as {seen[0]!r}"
        verdict, figures = REFUSE, {"queries": len(seen)}
    elif len(scores) > 1 and _is_constant(scores):
        verdict, words = REFUSE, "it gives all candidates of every query the same score"
    elif _is_same(trial.results):
        verdict, words = NOT_YET, "it ranks exactly as the champion does: no list would change"
    return Check("sound", verdict, figures, words)


def _seen(results: PairedResults) -> list[str]:
    judged = set(results.figures["query"]) | set(results.scores["query"])
    return sorted(str(key) for key in judged if key_forms(key) & results.trained_queries)


def _is_constant(scores: pd.DataFrame) -> bool:
    spread = scores.groupby("query")["challenger"].agg(["min", "max", "size"])
    return bool((spread["size"] > 1).any() and (spread["min"] == spread["max"]).all())


def _is_same(results: PairedResults) -> bool:
    """The figures are the same, and so is the order of the candidates where they are known.

    Figures alone are not enough with scores at hand: what was judged may stand while the rest moves.
    """
    figures = results.figures
    if not len(figures) or not (figures["challenger"] == figures["champion"]).all():
        return False
    ranks = results.scores.groupby("query")[["challenger", "champion"]].rank()
    return bool((ranks["challenger"] == ranks["champion"]).all())


# --- the gain -----------------------------------------------------------------------------------------------
def _superiority(trial: _Trial) -> tuple[Check, Comparison | None, int | None]:
    """The check, what was compared, and the slates still needed."""
    words = METRIC_WORDS[trial.decisive]
    part = trial.family("all").get(("", "", trial.decisive))
    if part is None:
        needed = _slates(trial, trial.limits.least_queries, 0, 1.0)
        reason = _too_few(trial, 0)
        nothing = f"no held-out query tells its {words}" + (f": {reason.words}" if reason else "")
        return Check("superiority", NOT_YET, {}, nothing, reason), None, needed
    limits = trial.limits
    watched = watched_of(part, words, 0.0)
    found = compare(
        watched.challenger,
        watched.champion,
        seed=trial.seed,
        resamples=trial.resamples,
        confidence=1 - 2 * limits.gain,
    )
    spread = float((watched.challenger - watched.champion).std()) if len(part) > 1 else math.nan
    needed, gain = queries_needed(found, spread, limits)
    figures = {
        **found.to_dict(),
        "p": found.p_gain,
        "spread": None if math.isnan(spread) else spread,
        "queries_needed": needed,
        "gain_reckoned_with": gain,
    }
    verdict, remark = _said_of_gain(found, limits)
    slates = None if verdict != NOT_YET else _slates(trial, needed, len(part), watched.slates / len(part))
    check = Check(
        "superiority",
        verdict,
        figures,
        f"{_in_words(words, found)}{remark}",
        _too_few(trial, found.n_queries),
    )
    return check, found, slates


def _too_few(trial: _Trial, queries: int, unit: str = "held-out queries") -> NotMeasured | None:
    needed = trial.limits.least_queries
    return NotMeasured.too_little(queries, needed, unit) if queries < needed else None


def _said_of_gain(found: Comparison, limits: GateLimits) -> tuple[str, str]:
    if found.n_queries < limits.least_queries:
        return NOT_YET, f"; fewer than {limits.least_queries} queries decide nothing"
    if found.low > 0 and found.p_gain <= limits.gain:
        return PROMOTE, ""
    if found.high < 0 and found.p_loss <= limits.gain:
        return REFUSE, ": it is worse"
    return NOT_YET, ": a gain is not shown"


def _slates(trial: _Trial, wanted: int | None, queries: int, lists_a_query: float) -> int | None:
    """Queries still needed in judged lists; none where lists do not decide."""
    if wanted is None or trial.decisive != PAIRS:
        return None
    return math.ceil((wanted - queries) * max(lists_a_query, 1.0))


# --- the losses ---------------------------------------------------------------------------------------------
def _losses(trial: _Trial) -> list[Check]:
    limits = trial.limits
    calibration = calibration_of(trial.results, limits)
    enough = calibration is not None and len(calibration.champion) >= limits.least_queries
    return [
        _check(trial, "base", _base(trial)),
        _check(trial, "segments", _segments(trial)),
        _check(trial, "experts", _experts(trial)),
        _check(trial, "fairness", fairness_of(trial.results, limits)),
        _check(trial, "calibration", [calibration] if calibration is not None and enough else []),
    ]


def _base(trial: _Trial) -> list[Watched]:
    """The metric that does not decide, over all queries."""
    limit = {LABELS: trial.limits.base_ndcg, PAIRS: trial.limits.base_pairs}
    return [
        watched_of(part, METRIC_WORDS[metric], limit[metric])
        for (_, _, metric), part in trial.family("all").items()
        if metric != trial.decisive and len(part) >= trial.limits.least_queries
    ]


def _segments(trial: _Trial) -> list[Watched]:
    return [
        watched_of(part, f"{METRIC_WORDS[metric]} in {name} {group!r}", trial.limits.segment)
        for (name, group, metric), part in trial.family("segment").items()
        if len(part) >= trial.limits.least_segment_queries
    ]


def _experts(trial: _Trial) -> list[Watched]:
    """Every expert by what they said; whose answers were turned round, only asks for a person's look.

    A version that is right about them goes against what they said, and so does one that is wrong about them:
    the figures cannot tell, and the expert can.
    """
    return [
        watched_of(
            part,
            f"agreement with {group}" + (" (answers as given, inverted in training)" if name else ""),
            trial.limits.expert,
            gravest=NOT_YET if name == INVERTED else REFUSE,
        )
        for (name, group, _), part in trial.family("expert").items()
        if len(part) >= trial.limits.least_queries
    ]


def _sides(trial: _Trial) -> list[Check]:
    """Where experts contradict each other: whether neither side loses. No check where they agree.

    Here the burden of proof lies with the version: what one side gains at the other's cost is no progress.
    """
    if not trial.results.sides:
        return []
    lines = {group: part for (_, group, _), part in trial.family("side").items()}
    found, short, fewest = {}, [], trial.limits.least_queries
    for side in trial.results.sides:
        part = lines.get(side)
        if part is None or len(part) < trial.limits.least_queries:
            short.append(f"too few held-out queries tell what {side} wants")
            fewest = min(fewest, 0 if part is None else len(part))
            continue
        watched = watched_of(part, f"agreement with {side}", 0.0)
        found[side] = compare(
            watched.challenger, watched.champion, seed=trial.seed, resamples=trial.resamples
        )
    verdict = NOT_YET if short or any(one.difference < 0 for one in found.values()) else PROMOTE
    told = [_in_words(f"agreement with {side}", one) for side, one in found.items()]
    figures = {"sides": [{"side": side, **one.to_dict()} for side, one in found.items()]}
    words = "; ".join(["the experts contradict each other", *told, *short])
    return [Check("sides", verdict, figures, words, _too_few(trial, fewest, "held-out queries of each side"))]


def _check(trial: _Trial, name: str, family: Sequence[Watched]) -> Check:
    """One guardrail: the losses that are shown or suspected, the worst first."""
    if not family:
        return Check.without_measure(name, reason_of(name, trial.results, trial.limits, trial.decisive))
    found = sorted(trial.losses(family), key=lambda one: (-VERDICTS.index(one.verdict), one.p))
    figures = {"tested": [one.to_dict() for one in found]}
    verdict = worst(one.verdict for one in found)
    if verdict == PROMOTE:
        least = min(found, key=lambda one: one.found.difference + one.watched.limit)
        words = f"no significant drop. Lowest: {_change(least)}"
        return Check(name, verdict, figures, words + small_ones(name, trial.results, trial.limits))
    worse = [one for one in found if one.verdict == verdict]
    words = "; ".join(_loss(one) for one in worse[:NAMED])
    more = f", and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
    said = "is worse" if verdict == REFUSE else "may be worse"
    return Check(name, verdict, figures, f"it {said}: {words}{more}")


def _loss(one: Loss) -> str:
    return f"{_change(one)}, allowed {_points(-one.watched.limit)}, p = {one.p:.3f}"


def _change(one: Loss) -> str:
    found = one.found
    queries = f"{found.n_queries} {_queries(found.n_queries)}"
    return f"{one.watched.words} {_points(found.difference)} points ({queries})"


# --- seeds --------------------------------------------------------------------------------------------------
def _noise_floor(trial: _Trial, found: Comparison | None, reseeded: Sequence[float] | None) -> Check:
    """The gain against what another seed alone would have made of it.

    Two trainings that differ by the seed differ by N(0, 2 s^2): the floor is t_{.95, k-1} sqrt(2) s, from the
    standard deviation s of the k means at hand.
    """
    if reseeded is None:
        off = NotMeasured(SWITCHED_OFF, "switched off: no training with other seeds", switch="reseeds")
        return Check.without_measure("noise_floor", off)
    if found is None:
        return Check.without_measure(
            "noise_floor", NotMeasured.too_little(0, trial.limits.least_queries, "held-out queries")
        )
    means = np.asarray(reseeded, dtype=float)
    if not np.isfinite(means).all():
        raise InvalidFeatures(f"reseeded holds {list(reseeded)}; expected two or more finite means")
    k = len(means)
    spread = float(means.std(ddof=1))
    floor = float(stdtrit(k - 1, 1 - trial.limits.level) * np.sqrt(2) * spread)
    verdict = PROMOTE if found.difference > floor else NOT_YET
    gain = f"{_points(found.difference)} points, where seeds alone make up to {_points(floor)}"
    return Check("noise_floor", verdict, {"seeds": k, "spread": spread, "floor": floor}, gain)


# --- words --------------------------------------------------------------------------------------------------
def _in_words(name: str, found: Comparison) -> str:
    ends = "" if np.isnan(found.low) else f" ({_points(found.low)} to {_points(found.high)})"
    change = f"{_points(found.difference)} points{ends}"
    return f"{name} changes by {change} on {found.n_queries} held-out {_queries(found.n_queries)}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")  # as all pages write it


def _queries(n: int) -> str:
    return "query" if n == 1 else "queries"
