"""What the gate says: a verdict and the checks that it rests on. Does *not* know how it comes about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

VERDICTS = ("promote", "not_yet", "refuse")
"""From good to bad: the verdict on several things is the worst of them."""

PROMOTE, NOT_YET, REFUSE = VERDICTS


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : "sound", "superiority", "base", "segments", "experts", "sides" (only where experts contradict each
        other), "fairness", "calibration", "signed_off" or "noise_floor"
    verdict : "promote" if it was passed, else "not_yet" or "refuse"
    figures : plain values; empty if there was nothing to measure it by
    words : what was found
    """

    name: str
    verdict: str
    figures: dict[str, Any]
    words: str

    @property
    def passed(self) -> bool:
        """It holds nobody back; true as well where there was nothing to measure it by."""
        return self.verdict == PROMOTE

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "passed": self.passed}


@dataclass(frozen=True)
class GateDecision:
    """The verdict and what it rests on.

    Attributes
    ----------
    verdict : "promote", "not_yet" or "refuse"
    checks : all that was looked at, in a fixed order
    slates_needed : judged lists of held-out queries still needed to show a gain that is worth it with the
        power of the limits; None where lists do not help or nothing is missing
    dropped : lists that did not count, because they were not shown in random order
    """

    verdict: str
    checks: tuple[Check, ...]
    slates_needed: int | None
    dropped: int

    @property
    def reason(self) -> str:
        """The checks that led to the verdict, in words."""
        if self.verdict == PROMOTE:
            return "; ".join(check.words for check in self.checks if check.name in ("superiority", "sides"))
        return "; ".join(_in_words(check) for check in self.checks if check.verdict == self.verdict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they are kept with a version."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "checks": [check.to_dict() for check in self.checks],
            "slates_needed": self.slates_needed,
            "dropped": self.dropped,
        }


def worst(verdicts: Iterable[str]) -> str:
    """The worst of several verdicts.

    >>> worst(["promote", "refuse", "not_yet"]), worst([])
    ('refuse', 'promote')
    """
    return VERDICTS[max((VERDICTS.index(verdict) for verdict in verdicts), default=0)]


def _in_words(check: Check) -> str:
    """A guardrail by its name; the others speak for themselves."""
    named = check.name not in ("sound", "superiority", "sides")
    return f"{check.name.replace('_', ' ')}: {check.words}" if named else check.words
