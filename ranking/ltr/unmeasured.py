"""Why a guardrail of the gate measured nothing: switched off, too little evidence, or not applicable.

Does *not* measure or decide: `ranking.ltr.gate` asks once it has found nothing to watch.
"""

from __future__ import annotations

from collections.abc import Callable

from ranking.ltr.decision import NOT_APPLICABLE, SWITCHED_OFF, NotMeasured
from ranking.ltr.figures import EXPOSURE, LABELS, PAIRS, PairedResults
from ranking.ltr.guardrails import GateLimits, calibration_of, lines_of

NO_EXPERT = NotMeasured(NOT_APPLICABLE, "no expert has judged a list")


def reason_of(name: str, results: PairedResults, limits: GateLimits, decisive: str) -> NotMeasured:
    """Why the guardrail `name` found nothing to watch in these results.

    >>> from ranking.ltr.figures import FIGURE_COLUMNS, empty
    >>> nothing = PairedResults(empty(FIGURE_COLUMNS), declared=frozenset({"segments"}))
    >>> reason_of("segments", nothing, GateLimits(), PAIRS).words
    'needs 30 held-out queries per segment, has 0'
    >>> reason_of("experts", nothing, GateLimits(), PAIRS).why
    'not_applicable'
    """
    if name == "base":
        return _of_base(results, limits, LABELS if decisive == PAIRS else PAIRS)
    reasons: dict[str, Callable[[PairedResults, GateLimits], NotMeasured]] = {
        "segments": _of_segments,
        "experts": _of_experts,
        "fairness": _of_groups,
        "calibration": _of_calibration,
    }
    return reasons[name](results, limits)


def small_ones(name: str, results: PairedResults, limits: GateLimits) -> str:
    """Say how many segments or experts are too small to be tested beside those that are; else empty."""
    noun, least = {
        "segments": ("segment", limits.least_segment_queries),
        "experts": ("expert", limits.least_queries),
    }.get(name, ("", 0))
    largest: dict[tuple[str, str], int] = {}
    for (of, group, _), part in lines_of(results, noun).items():
        largest[of, group] = max(largest.get((of, group), 0), len(part))
    small = sum(size < least for size in largest.values())
    if not small:
        return ""
    have = f"{noun} has" if small == 1 else f"{noun}s have"
    return f". Not measured: {small} {have} fewer than {least} queries"


def _of_base(results: PairedResults, limits: GateLimits, metric: str) -> NotMeasured:
    if metric == LABELS and not results.labels_guard:
        return NotMeasured(SWITCHED_OFF, "switched off", switch="labels_guard")
    has = len(lines_of(results, "all").get(("", "", metric), ()))
    if metric == PAIRS:
        known, unit = "experts" in results.declared, "held-out queries judged in random order"
    else:
        known, unit = "labels" in results.declared, "held-out queries with graded labels"
    if has or known:
        return NotMeasured.too_little(has, limits.least_queries, unit)
    return NO_EXPERT if metric == PAIRS else NotMeasured(NOT_APPLICABLE, "there are no graded labels")


def _of_segments(results: PairedResults, limits: GateLimits) -> NotMeasured:
    has = _most(results, "segment")
    if not has and "segments" not in results.declared:
        return NotMeasured(NOT_APPLICABLE, "no segments are declared")
    return NotMeasured.too_little(has, limits.least_segment_queries, "held-out queries per segment")


def _of_experts(results: PairedResults, limits: GateLimits) -> NotMeasured:
    has = _most(results, "expert")
    if not has and "experts" not in results.declared:
        return NO_EXPERT
    return NotMeasured.too_little(has, limits.least_queries, "held-out queries per expert")


def _of_groups(results: PairedResults, limits: GateLimits) -> NotMeasured:
    """Two groups of one attribute have to be large enough, in queries and in their share of candidates."""
    attributes: dict[str, list[int]] = {}
    for (name, _, metric), part in lines_of(results, "exposure").items():
        if metric == EXPOSURE:
            attributes.setdefault(name, []).append(len(part))
    if not attributes and "groups" not in results.declared:
        return NotMeasured(NOT_APPLICABLE, "no protected attribute is declared")
    queries = max((sorted(sizes)[-2] if len(sizes) > 1 else 0 for sizes in attributes.values()), default=0)
    if queries < limits.least_queries:
        return NotMeasured.too_little(queries, limits.least_queries, "held-out queries in each of two groups")
    share = f"{limits.least_group_share:.0%}".replace("%", " %")
    return NotMeasured.too_little(1, 2, f"groups with {share} of the candidates")


def _of_calibration(results: PairedResults, limits: GateLimits) -> NotMeasured:
    found = calibration_of(results, limits)
    has = 0 if found is None else len(found.champion)
    if not has and "experts" not in results.declared:
        return NO_EXPERT
    return NotMeasured.too_little(has, limits.least_queries, "held-out queries judged in random order")


def _most(results: PairedResults, family: str) -> int:
    """Queries of the largest comparison of a family."""
    return max((len(part) for part in lines_of(results, family).values()), default=0)
