"""What can be wrong in the upper app; turned into HTTP in one place (`config.exceptions`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class FeedbackError(Exception):
    """Base of the app's errors: a sentence for a person."""


class InvalidJudgement(FeedbackError):
    """What was submitted does not fit the slate; `field` says where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class RatingsContradictOrder(FeedbackError):
    """Ratings say another order than the one they came with, and nobody said which counts.

    `pairs` are (above, below), the one below rated higher; `turned` says that the ratings are the exact
    reverse of an order that was moved, as if 1 were the best.
    """

    def __init__(
        self, message: str, field: str = "", *, pairs: Sequence[tuple[int, int]] = (), turned: bool = False
    ) -> None:
        super().__init__(message)
        self.field = field
        self.pairs = pairs
        self.turned = turned


class SessionClosed(FeedbackError):
    """A closed session takes no judgement."""


class SessionPaused(FeedbackError):
    """A paused session takes no move and no judgement until it goes on."""


class AlreadyJudged(FeedbackError):
    """The slate has been submitted."""


class KeyReused(FeedbackError):
    """The idempotency key came before with another body."""


class InvalidMove(FeedbackError):
    """A move that can't be made on this slate; `field` says what of it is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class StaleDraft(FeedbackError):
    """The draft was changed elsewhere since it was read; `current` is what it has become."""

    def __init__(self, message: str, current: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.current = current


class InvalidSession(FeedbackError):
    """The session can't be opened like this; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvitationUnusable(FeedbackError):
    """A log-in link that has been used, is out of date or replaced, or leads nowhere."""


class InvalidPerson(FeedbackError):
    """The person can't be given a log-in like this; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidComparison(FeedbackError):
    """Two versions can't be compared by experts like this; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidGapNote(FeedbackError):
    """Nothing like this can be noted about a missing value; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidGold(FeedbackError):
    """An order can't be signed off as known, or its use ended, like this; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class GoldRetired(FeedbackError):
    """The list of known order is retired already."""


class InvalidOutcome(FeedbackError):
    """What was done with a match can't be noted like this; `field` says why."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MissingKey(FeedbackError):
    """A submission without an Idempotency-Key: sent twice, it would be two acts."""


class UnconditionalDraft(FeedbackError):
    """A draft that does not say which version it replaces: it might undo what was done elsewhere."""
