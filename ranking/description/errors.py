"""What can be wrong with a description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, with the file, line and key to look at.

    Attributes
    ----------
    file : name of the file, as given
    line : line number from 1, or None where no single line is at fault
    key : dotted key, for example ``features[3].monotone``; empty when the file as a whole is meant
    message : what is wrong and what was expected
    """

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class DescriptionError(ValueError):
    """A description that can't be used, with all its mistakes; `line`, `key`, `message` are of the first."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        self.file, self.line, self.key, self.message = first.file, first.line, first.key, first.message
        super().__init__("\n".join(map(str, self.mistakes)))
