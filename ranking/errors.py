"""What can be wrong in the lower app; turned into HTTP in one place (`config.exceptions`)."""

from __future__ import annotations

from collections.abc import Sequence


class RankingError(Exception):
    """Base of the app's errors: a sentence for a person."""


class NoChampion(RankingError):
    """The project has no version that can be loaded."""


class StalePromotion(RankingError):
    """What was looked at is not what would be promoted: somebody else promoted, or the file changed."""


class PromotionRefused(RankingError):
    """The version may not go into service."""


class ConfirmationNeeded(PromotionRefused):
    """The gate does not say promote, and the version's name was not typed, or another one was.

    `field` names where it belongs.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NothingToTrain(RankingError):
    """There is not enough to learn from."""


class TrainingInProgress(RankingError):
    """A training of this project is queued or running."""


class JobFinished(RankingError):
    """The job has ended: it can't be cancelled any more."""


class JobCancelled(RankingError):
    """The job was stopped on request: it makes no version."""


class LostLease(RankingError):
    """Another worker took the job over: this one's results are refused."""


class BrokenFile(RankingError):
    """A stored file does not have the checksum in its row."""


class StoreUnreachable(BrokenFile):
    """The file store raised an error of its own: nothing is known of the file, and it may pass."""


class NoProvenance(RankingError):
    """It cannot be said which session moved what: no session did, or nothing was kept about it."""


class ImportRefused(RankingError):
    """Files that can't be taken; nothing of them was written. `refusals` name line and reason."""

    def __init__(self, refusals: Sequence[object]) -> None:
        self.refusals = tuple(refusals)
        more = f" (and {len(self.refusals) - 1} more)" if len(self.refusals) > 1 else ""
        super().__init__(f"{self.refusals[0]}{more}")
