"""What every importer gives back: records, and refusals that name line and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

MOST_REFUSALS = 100  # of one file are told one by one; who sees a hundred knows enough
LONGEST_KEY = 200  # what the database holds
LONGEST_TITLE = 2_000  # more is surely another column; a page shows the first of it


@dataclass(frozen=True)
class Refusal:
    """Why a row, or a whole file, can't be taken. `line` counts from 1, the heading included.

    `mistakes` is how many it stands for: the last refusal of a file counts those that are not told singly.
    """

    file: str
    line: int | None
    column: str
    message: str
    mistakes: int = 1

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}, {self.column}: {self.message}" if self.column else f"{place}: {self.message}"


@dataclass(frozen=True)
class Rows:
    """The cells of a file as texts: names of the columns, rows, and the line on which each row starts.

    `floats` has the columns that the file holds as floats, each with the first whole number from which on its
    digits may be lost. `notes` say what of the file was passed over.
    """

    columns: tuple[str, ...]
    cells: Sequence[Sequence[str]]
    lines: Sequence[int]
    refusals: tuple[Refusal, ...] = ()
    floats: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Records ready for the catalogue; with a refusal among them, nothing of the file may be written.

    `lines` has the line of each record; `ignored` names columns of the file that nobody asked for, and
    `notes` say what else was passed over.
    """

    records: tuple[dict[str, Any], ...] = ()
    lines: tuple[int, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return (n, fields) records as a table; None stands for a missing value."""
        return pd.DataFrame(
            {name: pd.Series([record.get(name) for record in self.records], dtype=object) for name in columns}
        )


class Refusals:
    """Collects refusals of one file: the first of them one by one, the others as a number."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Refusal] = []
        self.untold = 0

    def add(self, line: int | None, column: str, message: str) -> None:
        """Note one refusal."""
        if len(self.found) < MOST_REFUSALS:
            self.found.append(Refusal(self.file, line, column, message))
        else:
            self.untold += 1

    @property
    def told(self) -> list[Refusal]:
        """The refusals as they are told; the last one says how many more there are."""
        if not self.untold:
            return self.found
        more = f"and {self.untold:,} more mistake{'s' if self.untold > 1 else ''} in this file"
        return [*self.found, Refusal(self.file, None, "", more, self.untold)]
