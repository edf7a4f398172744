"""What a stored evaluation says: the gate's checks, and a fall that no check limits, which stands beside it.

Pure: results in, results out. Does *not* decide: `ranking.ltr.gate` did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranking.charts import share, signed

PAIRS, LABELS = "pair_accuracy", "ndcg@10"
NAMES = {PAIRS: "pair accuracy", LABELS: "NDCG@10 on past grades"}
SHORT_NAMES = {PAIRS: "pair accuracy", LABELS: "past grades"}
HISTORY, TOO_LITTLE, NOT_CHECKED = "history", "too_little_evidence", "not_checked"
REMARKS = {
    HISTORY: "Past grades are history in this project: no check limits a fall",
    TOO_LITTLE: "No check limits this fall: there are too few needs",
    NOT_CHECKED: "The gate did not check this",
}
#: Setting of the training that switches a check off -> where it stands.
SWITCHES = {
    "labels_guard": "switched off for this project: labels_guard = false in project.toml",
    "reseeds": "switched off for this installation: TIEBREAK_TRAINING_RESEEDS = 0",
}
NOT_RECORDED = {"why": "not_recorded", "has": None, "needs": None, "unit": "", "switch": ""}


@dataclass(frozen=True)
class Fall:
    """The metric that did not decide, where it fell; `why` says why no check limits that."""

    metric: str
    champion: float
    challenger: float
    difference: float
    low: float | None
    high: float | None
    n_queries: int
    why: str

    @property
    def in_short(self) -> str:
        """Such as "past grades −28.7 points"."""
        return f"{SHORT_NAMES[self.metric]} {signed(100 * self.difference)} points"

    @property
    def words(self) -> str:
        """The figures in a sentence, and why no check limits them."""
        name = NAMES[self.metric]
        change = f"{share(self.champion)} to {share(self.challenger)}"
        needs = f"{self.n_queries} held-out need{'' if self.n_queries == 1 else 's'}"
        interval = ""
        if self.low is not None and self.high is not None:
            interval = f", 95 % interval {signed(100 * self.low)} to {signed(100 * self.high)}"
        fell = f"{name[:1].upper()}{name[1:]} fell {-100 * self.difference:.1f} points"
        return f"{fell} ({change} on {needs}{interval}). {REMARKS[self.why]}."


def decision_in(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the gate said, as the API gives it; None in results from before there was a gate.

    Results from before a check had a state are read as if it had: without figures nothing was measured.
    """
    decision = results.get("gate")
    return decision and {**decision, "checks": [_with_state(check) for check in decision["checks"]]}


def _with_state(check: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in check.items() if name != "passed"}
    if "state" not in check:
        return known | _state_of_older(check)
    switch = (check["not_measured"] or {}).get("switch")
    return known | ({"words": SWITCHES[switch]} if switch in SWITCHES else {})


def _state_of_older(check: Mapping[str, Any]) -> dict[str, Any]:
    passed = check["verdict"] == "promote"
    if passed and not check["figures"] and check["name"] != "sound":
        words = "measured nothing, and did not record why"
        return {"state": "not_measured", "verdict": None, "words": words, "not_measured": NOT_RECORDED}
    return {"state": "passed" if passed else "failed", "not_measured": None}


def fall_in(results: Mapping[str, Any], mode: str, description: Mapping[str, Any]) -> Fall | None:
    """Return the fall that stands beside a verdict; None without one.

    `results` holds `metrics` and `gate` as stored, `mode` is that of the training, `description` the
    project's.
    A fall that a check measured is not one of these, unless the project declares past grades to be history.
    """
    metric = LABELS if mode == "preferences" else PAIRS
    found = (results.get("metrics") or {}).get(metric) or {}
    why = _why_unlimited(results, mode, description)
    if why is None or found.get("difference") is None or round(100 * found["difference"], 1) >= 0:
        return None
    names = ("challenger", "champion", "difference", "low", "high")
    figures: dict[str, Any] = {name: found.get(name) for name in names}
    return Fall(metric=metric, n_queries=found.get("n_queries") or 0, why=why, **figures)


def _why_unlimited(results: Mapping[str, Any], mode: str, description: Mapping[str, Any]) -> str | None:
    """Say why no check limits the metric that did not decide; None where one does."""
    checks = (decision_in(results) or {"checks": []})["checks"]
    check = next((check for check in checks if check["name"] == "base"), None)
    if check is not None and check["state"] == "failed":
        return None
    reason = check and check["not_measured"]
    declared = mode == "preferences" and not description.get("labels_guard", True)
    if declared or (reason and reason["why"] == "switched_off"):
        return HISTORY
    if check is not None and not reason:
        return None
    return TOO_LITTLE if reason and reason["why"] == TOO_LITTLE else NOT_CHECKED
