"""What can be wrong with a description."""

from __future__ import annotations


class DescriptionError(ValueError):
    """A description that can't be used, with the file, line and key to look at.

    Attributes
    ----------
    file : name of the file, as given
    line : line number from 1, or None where no single line is at fault
    key : dotted key, for example ``features[3].monotone``; empty when the file as a whole is meant
    message : what is wrong and what was expected
    """

    def __init__(self, file: str, line: int | None, key: str, message: str) -> None:
        self.file, self.line, self.key, self.message = file, line, key, message
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {key}: {message}" if key else f"{place}: {message}")
