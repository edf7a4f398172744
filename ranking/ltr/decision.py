"""What the gate says: a verdict and the checks that it rests on. Does *not* know how it comes about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

VERDICTS = ("promote", "not_yet", "refuse")
"""From good to bad: the verdict on several things is the worst of them."""

PROMOTE, NOT_YET, REFUSE = VERDICTS

STATES = ("passed", "failed", "not_measured")
"""Of a check. "failed" holds a version back or refuses it, as the verdict says."""

PASSED, FAILED, NOT_MEASURED = STATES

SWITCHED_OFF, TOO_LITTLE, NOT_APPLICABLE = ("switched_off", "too_little_evidence", "not_applicable")


@dataclass(frozen=True)
class NotMeasured:
    """Why a check measured nothing.

    Attributes
    ----------
    why : "switched_off" (by the setting `switch`), "too_little_evidence" (it needs `needs` of a `unit` and
        has `has`) or "not_applicable"
    words : the same for people
    """

    why: str
    words: str
    has: int | None = None
    needs: int | None = None
    unit: str = ""
    switch: str = ""

    @classmethod
    def too_little(cls, has: int, needs: int, unit: str) -> NotMeasured:
        """
        >>> NotMeasured.too_little(16, 30, "queries per segment").words
        'needs 30 queries per segment, has 16'
        """
        return cls(TOO_LITTLE, f"needs {needs} {unit}, has {has}", has, needs, unit)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the words."""
        return {name: value for name, value in vars(self).items() if name != "words"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : "sound", "superiority", "base", "segments", "experts", "sides" (only where experts contradict each
        other), "fairness", "calibration", "signed_off" or "noise_floor"
    verdict : "promote" if it was passed, else "not_yet" or "refuse"; None where nothing was measured and that
        holds nobody back
    figures : plain values; empty if there was nothing to measure it by
    words : what was found, or why nothing was measured
    not_measured : None where something was
    """

    name: str
    verdict: str | None
    figures: dict[str, Any]
    words: str
    not_measured: NotMeasured | None = None

    @classmethod
    def without_measure(cls, name: str, reason: NotMeasured) -> Check:
        """A check that has no say."""
        return cls(name, None, {}, reason.words, reason)

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.not_measured is not None:
            return NOT_MEASURED
        return PASSED if self.verdict == PROMOTE else FAILED

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        reason = self.not_measured and self.not_measured.to_dict()
        return {**vars(self), "not_measured": reason, "state": self.state}


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


def worst(verdicts: Iterable[str | None]) -> str:
    """The worst of several verdicts; None has no say.

    >>> worst(["promote", None, "refuse", "not_yet"]), worst([])
    ('refuse', 'promote')
    """
    return VERDICTS[max((VERDICTS.index(verdict) for verdict in verdicts if verdict), default=0)]


def _in_words(check: Check) -> str:
    """A guardrail by its name; the others speak for themselves."""
    named = check.name not in ("sound", "superiority", "sides")
    return f"{check.name.replace('_', ' ')}: {check.words}" if named else check.words
