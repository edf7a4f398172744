"""Strict reading of TOML: every key is asked for, unknown ones are refused, mistakes know their line."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ranking.description.errors import DescriptionError, Mistake

Path = tuple[str | int, ...]
REQUIRED: Any = object()

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def _split(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def line_numbers(text: str) -> dict[Path, int]:
    """Map every table and key of a TOML text to its line (from 1).

    Tables of an array carry their index: ``("features", 2, "name")``. Keys of inline tables are not listed;
    a reader falls back to the line of what holds them.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    quoted = False
    for number, line in enumerate(text.splitlines(), start=1):
        was_quoted = quoted
        if (line.count('"""') + line.count("'''")) % 2:
            quoted = not quoted
        if was_quoted:  # a line of a long text may look like a key
            continue
        if table := _TABLE.match(line):
            here = _table_path(table.group(1) == "[[", _split(table.group(2)), counts)
            lines.setdefault(here, number)
        elif key := _KEY.match(line):
            path = here
            for part in _split(key.group(1)):
                path = (*path, part)
                lines.setdefault(path, number)
    return lines


def _table_path(is_array: bool, parts: list[str], counts: dict[Path, int]) -> Path:
    """Path of a table heading; an array's heading opens its next element."""
    path: Path = ()
    for position, part in enumerate(parts):
        path = (*path, part)
        if is_array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


@dataclass(frozen=True)
class Source:
    """Where a description comes from, to say where it is wrong, and what is wrong so far."""

    file: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def refuse(self, path: Path, message: str) -> None:
        """Note what is wrong with a key; its line is that of the nearest table or key that has one."""
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), None)
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
        self.mistakes.append(Mistake(self.file, line, key.removeprefix("."), message))

    def check(self) -> None:
        """Raise DescriptionError with everything that is wrong, in the order of the lines."""
        if self.mistakes:
            raise DescriptionError(sorted(self.mistakes, key=lambda mistake: mistake.line or 0))


def suggestion(word: str, known: Sequence[str]) -> str:
    """Say which known word was probably meant, or list the known ones when they are few."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "expected one of " + ", ".join(sorted(known)) if known else "none is declared"


class Section:
    """One table of the description; hands out typed values and remembers which keys were asked for.

    What is wrong is noted, and a value of the right type stands in, so that reading goes on and finds the
    other mistakes. Of one key only the first mistake is noted: what follows from it is no mistake of its own.
    """

    def __init__(
        self, table: Mapping[str, Any], source: Source, path: Path = (), *, is_there: bool = True
    ) -> None:
        self._table, self._source, self._path, self._is_there = table, source, path, is_there
        self._asked: list[str] = []
        self._unsound: set[str] = set()

    def refuse(self, key: str, message: str) -> None:
        """Note what is wrong with one of this table's keys ("" for the table itself)."""
        if self._is_there and key not in self._unsound:
            self._source.refuse((*self._path, key) if key else self._path, message)
        self._unsound.add(key)

    def give_up(self, key: str) -> None:
        """Take a key for unsound without a mistake of its own: what it names is wrong elsewhere."""
        self._unsound.add(key)

    def sound(self, *keys: str) -> bool:
        """Say whether nothing is wrong with these keys, so that they may be compared with others."""
        return self._is_there and self._unsound.isdisjoint(keys)

    def raw(self, key: str) -> Any:
        """Return what stands there, whatever it is; None when nothing does."""
        return self._table.get(key)

    def _take(self, key: str, kind: type | tuple[type, ...], words: str, default: Any, stand_in: Any) -> Any:
        self._asked.append(key)
        if key not in self._table:
            if default is not REQUIRED:
                return default
            self.refuse(key, f"is missing; expected {words}{self._misspelt(key)}")
            return stand_in
        value = self._table[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and bool not in (kind, *_as_tuple(kind))):
            self.refuse(key, f"expected {words}, found {value!r}")
            return stand_in
        return value

    def _misspelt(self, key: str) -> str:
        """Point at a key of the table that was probably meant to be this one; it is not refused once more."""
        unasked = [found for found in self._table if found not in self._asked]
        close = difflib.get_close_matches(key, unasked, n=1)
        self._asked += close
        return f" (was {close[0]!r} meant to be it?)" if close else ""

    def text(self, key: str, default: Any = REQUIRED) -> str:
        """Take a text; a required one may not be blank."""
        value = self._take(key, str, "a text in quotes", default, "")
        if default is REQUIRED and not value.strip():
            self.refuse(key, "is empty; expected a text in quotes")
        return str(value)

    def integer(self, key: str, default: Any = REQUIRED) -> int:
        """Take a whole number."""
        return self._take(key, int, "a whole number", default, 0)

    def flag(self, key: str, default: Any = REQUIRED) -> bool:
        """Take true or false."""
        return self._take(key, bool, "true or false", default, False)

    def choice(self, key: str, options: Sequence[str], default: Any = REQUIRED) -> str:
        """Take one of a few words."""
        value = self.text(key, default)
        if value == default or value in options:
            return value
        self.refuse(key, f"{value!r} is unknown: {suggestion(value, options)}")
        return options[0]

    def scalar(self, key: str, default: Any = REQUIRED) -> Any:
        """Take a text, a number, true or false, or an array of them."""
        kinds, words = (str, int, float, bool, list), "a text, a number, true, false or an array"
        value = self._take(key, kinds, words, default, None)
        if not isinstance(value, list):
            return value
        if not all(isinstance(part, str | int | float) for part in value):
            self.refuse(key, "expected an array of texts or numbers")
        return tuple(value)

    def texts(self, key: str, default: Any = ()) -> tuple[str, ...]:
        """Take an array of texts."""
        value = self._take(key, list, "an array of texts", list(default), [])
        if not all(isinstance(part, str) for part in value):
            self.refuse(key, f"expected an array of texts, found {value!r}")
            return ()
        return tuple(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Take an array of numbers in rising order (empty when absent)."""
        value = self._take(key, list, "an array of numbers", [], [])
        if not all(isinstance(part, int | float) and not isinstance(part, bool) for part in value):
            self.refuse(key, f"expected an array of numbers, found {value!r}")
            return ()
        if any(first >= second for first, second in itertools.pairwise(value)):
            self.refuse(key, "expected numbers in rising order")
        return tuple(float(part) for part in value)

    def section(self, key: str, default: Any = REQUIRED) -> Section:
        """Take a table; one that is not there finds no mistake in itself."""
        value = self._take(key, dict, f"a table [{key}]", default, {})
        return Section(value, self._source, (*self._path, key), is_there=self.sound(key))

    def sections(self, key: str) -> list[Section]:
        """Take an array of tables [[key]] (empty when absent)."""
        value = self._take(key, list, f"tables headed [[{key}]]", [], [])
        if not all(isinstance(part, dict) for part in value):
            self.refuse(key, f"expected tables headed [[{key}]]")
            return []
        return [Section(part, self._source, (*self._path, key, n)) for n, part in enumerate(value)]

    def finish(self) -> None:
        """Refuse every key that nothing asked for: a misspelt key would otherwise be silently ignored."""
        for key in self._table:
            if key not in self._asked:
                self.refuse(key, f"is unknown: {suggestion(key, self._asked)}")

    def leave(self) -> None:
        """Refuse no further key: what this table is decides which keys it has, and that can't be told."""
        self._asked += self._table


def _as_tuple(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)
