"""One cell: from a text to a value of the declared type, or a sentence that says what was expected."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from typing import Any

from ranking.content import is_storable
from ranking.description import Field
from ranking.importers.parquet_child import LIST_MARK

# Python's float() also takes "1_000", "infinity" and Arabic digits; a file that holds them holds a mistake.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
EXACT_WHOLES = 2**53  # from here on a float of 64 bits leaves whole numbers out
_WHOLE = re.compile(r"-?\d*", re.ASCII)
# What tools write for a date: a day, or its midnight without a zone.
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([T ]00:00(:00(\.0+)?)?)?", re.ASCII)
_YES, _NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0")


class BadCell(ValueError):
    """A cell that can't be read; the message says what was expected."""


def read_cell(text: str, field: Field) -> Any:
    """Return the value of a cell: None when it is empty, a list for a set. Raises BadCell."""
    if not is_storable(text):
        raise BadCell("holds a character that can't be stored (NUL or half a surrogate pair)")
    text = text.strip()
    if not text:
        if field.required:
            raise BadCell("is empty; expected a value")
        return [] if field.type == "set" else None
    return _READERS[field.type](text, field)


def number(text: str) -> float:
    """Return a finite number. Raises BadCell."""
    if not _NUMBER.fullmatch(text):
        raise BadCell(f"expected a number like 1250.5, found {_short(text)}")
    found = float(text)
    if not math.isfinite(found):
        raise BadCell(f"expected a number that is not endless, found {_short(text)}")
    return found


def whole_text(value: float, limit: int = EXACT_WHOLES) -> str:
    """Return a key that came as a float, such as one of a column with gaps: the whole number it stands for.

    `limit` is the first whole number from which on neighbours are stored as the same float. Raises BadCell.

    >>> whole_text(101.0), whole_text(-0.0)
    ('101', '0')
    """
    if not value.is_integer():
        raise BadCell(f"expected a whole number or a text, found {value!r}")
    if abs(value) >= limit:
        raise BadCell(
            f"found {value:.17g} as a floating-point number, which may have lost digits: it is exact "
            f"below {limit:,} only; store it as a whole number or as text"
        )
    return str(int(value))


def check_float_text(text: str, limit: int, *, is_key: bool) -> None:
    """Check a text that comes from a column of floats, or each member of a list. Raises BadCell.

    A key must be whole, and no text may have lost digits.
    """
    for part in text.split(LIST_MARK):
        if not _WHOLE.fullmatch(part):
            value = float(part)
            if is_key or not math.isfinite(value) or value.is_integer():
                whole_text(value, limit)


def _number(text: str, field: Field) -> float:
    return number(text)


def _count(text: str, field: Field) -> int:
    found = number(text)
    if found != int(found):
        raise BadCell(f"expected a whole number, found {_short(text)}")
    return int(found)


def _year(text: str, field: Field) -> int:
    found = number(text)
    if found != int(found) or not 1000 <= found <= 3000:
        raise BadCell(f"expected a year like 1998, found {_short(text)}")
    return int(found)


def _date(text: str, field: Field) -> str:
    day = _DAY.fullmatch(text)
    try:
        return datetime.date.fromisoformat(day[1] if day else "").isoformat()
    except ValueError:
        raise BadCell(
            f"expected a date like 2025-09-02, without a time of day or a zone, found {_short(text)}"
        ) from None


def _flag(text: str, field: Field) -> bool:
    folded = text.casefold()
    if folded not in (*_YES, *_NO):
        raise BadCell(f"expected true or false, found {_short(text)}")
    return folded in _YES


def _set(text: str, field: Field) -> list[str]:
    mark = LIST_MARK if LIST_MARK in text else field.separator
    members = (part.strip() for part in text.split(mark))
    return list(dict.fromkeys(member for member in members if member))


def _text(text: str, field: Field) -> str:
    return text


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


_READERS: dict[str, Callable[[str, Field], Any]] = {
    "text": _text,
    "number": _number,
    "count": _count,
    "year": _year,
    "date": _date,
    "flag": _flag,
    "set": _set,
}
