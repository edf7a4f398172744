"""What the gate said of a version, for people. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranking.decisions import decision_in
from ranking.models import Evaluation

TITLES = {
    "sound": "Scores",
    "superiority": "Gain",
    "segments": "Segments",
    "experts": "Experts",
    "sides": "Sides",
    "fairness": "Groups",
    "calibration": "Confidence",
    "signed_off": "Signed-off pairs",
    "noise_floor": "Other seeds",
}
#: Mode of the training -> title of the check of the metric that does not decide.
OTHER_METRIC = {"preferences": "NDCG@10 on past grades", "labels": "Pair accuracy"}
#: Verdict of a check, or why it measured nothing -> in words.
RESULTS = {
    "promote": "passed",
    "not_yet": "not yet",
    "refuse": "refuse",
    "switched_off": "switched off",
    "too_little_evidence": "too little evidence",
    "not_applicable": "not applicable",
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
    """One check for people; `verdict` is None where it has no say, `why` says why nothing was measured."""

    title: str
    verdict: str | None
    words: str
    state: str
    why: str

    @property
    def result(self) -> str:
        """What it says, as people say it."""
        return RESULTS.get(self.verdict or self.why, "not measured")


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

    @property
    def measured(self) -> int:
        """How many checks measured something."""
        return sum(check.state != "not_measured" for check in self.checks)

    @property
    def unmeasured(self) -> int:
        """How many measured nothing."""
        return len(self.checks) - self.measured

    @property
    def passed(self) -> int:
        """How many passed; a check that measured nothing is not one of them."""
        return sum(check.state == "passed" for check in self.checks)


def gate_of(evaluation: Evaluation) -> GateView | None:
    """Return what the gate said; None for an evaluation from before there was one."""
    decision = decision_in(evaluation.results)
    if decision is None:
        return None
    mode = evaluation.training_set.mode
    figures = gain_of(evaluation)
    gain = figures.get("gain_reckoned_with")
    return GateView(
        verdict=decision["verdict"],
        checks=[_line(check, mode) for check in decision["checks"]],
        slates_needed=decision["slates_needed"],
        needs_needed=_needs_needed(decision, figures, mode),
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


def _line(check: Mapping[str, Any], mode: str) -> CheckLine:
    words = check["words"]
    return CheckLine(
        title=OTHER_METRIC[mode] if check["name"] == "base" else TITLES.get(check["name"], check["name"]),
        verdict=check["verdict"],
        words=words[:1].upper() + words[1:],
        state=check["state"],
        why=(check["not_measured"] or {}).get("why", ""),
    )


def _needs_needed(decision: Mapping[str, Any], figures: Mapping[str, Any], mode: str) -> int | None:
    wanted = figures.get("queries_needed")
    if mode != "labels" or wanted is None or decision["verdict"] != Evaluation.Verdict.NOT_YET:
        return None
    return int(wanted) - int(figures["n_queries"])
