"""What the gate said of a version, for people. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranking.models import Evaluation

TITLES = {
    "sound": "Scores",
    "superiority": "Gain",
    "base": "The other metric",
    "segments": "Segments",
    "experts": "Experts",
    "sides": "Sides",
    "fairness": "Groups",
    "calibration": "Confidence",
    "signed_off": "Signed-off pairs",
    "noise_floor": "Other seeds",
}
#: Guardrail -> (what is wrong where it refuses, where it holds back).
BROKEN = {
    "segments": ("It harms a segment", "It may harm a segment"),
    "experts": ("It goes against an expert", "It may go against an expert"),
    "sides": ("It goes against a side of the experts", "It may go against a side of the experts"),
    "fairness": ("It treats groups less equally", "It may treat groups less equally"),
    "calibration": ("Its confidence is further off", "Its confidence may be further off"),
    "signed_off": ("It turns a signed-off pair round", "It turns a signed-off pair round"),
    "noise_floor": ("Another seed gains as much", "Another seed may gain as much"),
}


@dataclass(frozen=True)
class CheckLine:
    """One check for people; `measured` is false where there was nothing to measure it by."""

    title: str
    verdict: str
    words: str
    measured: bool


@dataclass(frozen=True)
class GateView:
    """A decision for people.

    `slates_needed` judged lists in random order, or `needs_needed` graded needs where labels decide, would
    show a gain of `gain` points; None where that is not what is missing. `dropped` lists did not count.
    """

    verdict: str
    checks: list[CheckLine]
    slates_needed: int | None
    needs_needed: int | None
    gain: float | None
    dropped: int


def gate_of(evaluation: Evaluation) -> GateView | None:
    """Return what the gate said; None for an evaluation from before there was one."""
    decision = evaluation.results.get("gate")
    if decision is None:
        return None
    figures = gain_of(evaluation)
    gain = figures.get("gain_reckoned_with")
    return GateView(
        verdict=decision["verdict"],
        checks=[_line(check) for check in decision["checks"]],
        slates_needed=decision["slates_needed"],
        needs_needed=_needs_needed(decision, figures, evaluation.training_set.mode),
        gain=None if gain is None else 100 * gain,
        dropped=decision["dropped"],
    )


def gain_of(evaluation: Evaluation) -> Mapping[str, Any]:
    """Return the figures of the gain; none for an evaluation from before there was a gate."""
    checks = evaluation.results.get("gate", {}).get("checks", [])
    return next((check["figures"] for check in checks if check["name"] == "superiority"), {})


def broken_guardrail(evaluation: Evaluation) -> str:
    """Name the first check, other than the gain, that the verdict rests on alone; empty if there is none."""
    decision = evaluation.results.get("gate") or {"checks": []}
    led_by = [check["name"] for check in decision["checks"] if check["verdict"] == evaluation.verdict]
    if evaluation.verdict == Evaluation.Verdict.PROMOTE or "superiority" in led_by:
        return ""
    return led_by[0] if led_by else ""


def _line(check: Mapping[str, Any]) -> CheckLine:
    words = check["words"]
    measured = bool(check["figures"]) or not check["passed"] or check["name"] == "sound"
    title = TITLES.get(check["name"], check["name"])
    return CheckLine(title, check["verdict"], words[:1].upper() + words[1:], measured)


def _needs_needed(decision: Mapping[str, Any], figures: Mapping[str, Any], mode: str) -> int | None:
    wanted = figures.get("queries_needed")
    if mode != "labels" or wanted is None or decision["verdict"] != Evaluation.Verdict.NOT_YET:
        return None
    return int(wanted) - int(figures["n_queries"])
