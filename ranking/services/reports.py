"""What a training reports of itself: what was tried, how much was taken over, its judges. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scipy.special import expit

from ranking.description import ProjectDescription
from ranking.ltr.judges import CONTRADICTS
from ranking.ltr.stacking import SURE_AT, SURE_FROM
from ranking.models import ModelVersion


@dataclass(frozen=True)
class Learner:
    """One way of learning, and how it did on lists that it had not seen.

    `family` and `size` are those of `ranking.ltr.members`. `accuracy` is its share of the experts' pairs in
    their order, `share` its part of the combination, `chosen` whether it is part of the version at all.
    """

    family: str
    size: Mapping[str, float]
    accuracy: float
    accuracy_error: float
    share: float
    chosen: bool


@dataclass(frozen=True)
class Takeover:
    """How much of what was learned a version takes over from its experts, and why.

    `lead` is the combination's lead over the version before, in units of its error; None without one before.
    All is taken over from `all_at` on, and nothing up to `nothing_at`.
    """

    belief: float
    kept: bool
    lead: float | None
    units: int
    accuracy: float | None
    accuracy_error: float | None
    nothing_at: float = SURE_FROM
    all_at: float = SURE_AT

    @property
    def single_list(self) -> bool:
        """Whether there was nothing to leave out, and so nothing to find out."""
        return self.units < 2


@dataclass(frozen=True)
class Judge:
    """What a training found out about one judge.

    `pull` is how often, of two that are equal to them, they would put the one shown first above the one shown
    last: a half is no pull, and None that none was seen.
    """

    username: str
    flip_rate: float
    flip_low: float
    flip_high: float
    lists: int
    pairs: int
    own: bool
    verdict: str
    pull: float | None
    pull_low: float
    pull_high: float

    @classmethod
    def of(cls, username: str, found: Mapping[str, Any]) -> Judge:
        """Return a judge of a report; one of an earlier format knows no intervals and no verdict."""
        anchoring = found.get("anchoring", 0.0)
        return cls(
            username=username,
            flip_rate=found["flip_rate"],
            flip_low=found.get("flip_low", 0.0),
            flip_high=found.get("flip_high", 1.0),
            lists=found["lists"],
            pairs=found["pairs"],
            own=found["own"] and "flip_low" in found,
            verdict=found.get("verdict", "unknown"),
            pull=float(expit(anchoring)) if anchoring else None,
            pull_low=float(expit(found.get("anchoring_low", 0.0))),
            pull_high=float(expit(found.get("anchoring_high", 0.0))),
        )

    @property
    def needs_a_look(self) -> bool:
        """Whether their answers look careless, random, turned round, pulled, or contradict the others."""
        return self.verdict in ("careless", "anchored", "random", "inverted", CONTRADICTS)

    @property
    def flips_known(self) -> bool:
        """Whether it can be said how often they mean the opposite: where experts contradict, nobody knows."""
        return self.verdict != CONTRADICTS


@dataclass(frozen=True)
class Taste:
    """What one judge favours beyond what all want: `label` is of a feature, `more` is False for less of it.

    `chance` is how often, of two that the panel holds for equal, they put the one first that has one standard
    deviation more (or less) of it; with its interval.
    """

    username: str
    label: str
    more: bool
    chance: float
    low: float
    high: float


@dataclass(frozen=True)
class Reach:
    """Where what was learned counts: `closed` is the share of needs in which the version before decides."""

    closed: float
    told_by: tuple[str, ...]


def tried(version: ModelVersion) -> list[Learner]:
    """Return the ways of learning that a training compared, in its order; none of an earlier format."""
    found = [entry for entry in version.report.get("candidates", []) if "family" in entry]
    total = sum(entry["weight"] for entry in found) or 1.0
    return [
        Learner(
            family=entry["family"],
            size=entry["size"],
            accuracy=entry["accuracy"],
            accuracy_error=entry["accuracy_error"],
            share=entry["weight"] / total,
            chosen=entry["weight"] > 0,
        )
        for entry in found
    ]


def takeover(version: ModelVersion) -> Takeover | None:
    """Return how much was taken over from experts; None for a version that learned from none."""
    report = version.report
    if "belief" not in report:
        return None
    combined = report.get("combined", {})
    return Takeover(
        belief=report["belief"],
        kept=report["kept_incumbent"],
        lead=report.get("t"),
        units=report["units"],
        accuracy=combined.get("accuracy"),
        accuracy_error=combined.get("accuracy_error"),
    )


def judges_of(version: ModelVersion | None) -> list[Judge]:
    """Return what a training found out about its judges, the most careful first; none without a version."""
    known = version.report.get("judges", {}) if version else {}
    found = [Judge.of(name, figures) for name, figures in known.items()]
    return sorted(found, key=lambda judge: (judge.flip_rate, judge.username))


def contradiction_of(version: ModelVersion | None) -> str:
    """Return in a sentence that its experts contradict each other, and how much; empty if they do not."""
    words: str = (version.report if version else {}).get("panel", {}).get("words", "")
    return words[:1].upper() + words[1:]


def tastes_of(version: ModelVersion | None, description: ProjectDescription) -> list[Taste]:
    """Return what single judges favour or slight, by judge and the surest first; none without a version."""
    labels = {spec.name: spec.label for spec in description.features}
    found = []
    for entry in version.report.get("tendencies", []) if version else []:
        sign = 1 if entry["effect"] > 0 else -1
        chances = sorted(float(expit(sign * entry[name])) for name in ("low", "high"))
        label = labels.get(entry["column"]) or entry["column"]
        chance = float(expit(abs(entry["effect"])))
        found.append(Taste(entry["judge"], label, sign > 0, chance, *chances))
    return found


def reach_of(version: ModelVersion, description: ProjectDescription) -> Reach | None:
    """Return where what was learned counts; None unless there were needs unlike all that were judged."""
    found = version.report.get("coverage", {})
    if not found.get("gated") or version.report["kept_incumbent"]:
        return None
    labels = {spec.name: spec.label for spec in description.features}
    return Reach(1 - found["open"], tuple(labels.get(name) or name for name in found["columns"]))


def trees_grown(version: ModelVersion) -> int | None:
    """Return how many trees a version from graded labels has; None for another version."""
    if version.report.get("mode") != "labels":
        return None
    chosen = [learner.size["rounds"] for learner in tried(version) if learner.chosen]
    rounds = chosen[0] if chosen else version.report.get("params", {}).get("rounds")
    return None if rounds is None else int(rounds)
