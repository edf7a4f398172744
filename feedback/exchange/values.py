"""One value of a record: from JSON or from a cell, checked against its column."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ranking.content import is_storable

SMALL, LARGE = 32_767, 2**31 - 1  # what the columns of the database hold
BEST_RATING = 5
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class BadValue(ValueError):
    """A value that can't be taken; the message says what was expected."""


@dataclass(frozen=True)
class Column:
    """One column: `kind` is a key of `CHECKS`; `low` and `high` bound numbers and the length of texts."""

    name: str
    kind: str = "text"
    optional: bool = False
    low: float = 0
    high: float = math.inf
    choices: tuple[str, ...] = ()
    words: str = ""

    @property
    def structured(self) -> bool:
        """Say whether a table holds the value as JSON."""
        return self.kind not in ("text", "whole", "number", "flag", "moment")


def moment_text(moment: datetime | None) -> str | None:
    """Return a moment in UTC with its microseconds.

    >>> moment_text(datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC))
    '2026-03-02T09:14:07.000000Z'
    """
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str | None) -> datetime | None:
    """Return the moment of a text that `check` has let through."""
    return None if text is None else datetime.fromisoformat(text)


def check(column: Column, value: Any) -> Any:
    """Return the value as it is kept. Raises BadValue."""
    if value is None:
        if column.optional:
            return None
        raise BadValue("is missing")
    return CHECKS[column.kind](column, value)


def from_cell(column: Column, text: str) -> Any:
    """Return the value in a cell of a table. Raises BadValue."""
    if column.optional and text == "":
        return None
    if column.kind in ("text", "moment"):
        return check(column, text)
    if column.structured:
        return check(column, parse_json(text))
    return check(column, _CELLS[column.kind](text))


def to_cell(column: Column, value: Any) -> str:
    """Return the cell that `from_cell` reads."""
    if value is None:
        return ""
    if column.structured:
        return json_text(value)
    if column.kind == "flag":
        return "true" if value else "false"
    return repr(value) if column.kind == "number" else str(value)


def json_text(value: Any) -> str:
    """Return JSON, the same for the same value: keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse_json(text: str) -> Any:
    """Return what a JSON text holds. Raises BadValue."""
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except BadValue:
        raise
    except (ValueError, RecursionError) as error:
        raise BadValue(f"is not JSON: {error}") from None


def is_whole(value: Any) -> bool:
    """Say whether a JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def short(value: Any) -> str:
    """Return a value as a refusal quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_number(name: str) -> Any:
    raise BadValue(f"is not JSON: {name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadValue("is not JSON: a name stands twice in an object")
    return found


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue(f"expected a text, found {short(value)}")
    if not is_storable(value):
        raise BadValue("holds a character that can't be stored (NUL or half a surrogate pair)")
    if column.choices and value not in column.choices:
        expected = ", ".join(choice or "nothing" for choice in column.choices)
        raise BadValue(f"expected one of {expected}; found {short(value)}")
    if not column.low <= len(value) <= column.high:
        raise BadValue(f"expected {column.low:.0f} to {column.high:.0f} characters, found {len(value)}")
    return value


def _whole(column: Column, value: Any) -> int:
    if not is_whole(value):
        raise BadValue(f"expected a whole number, found {short(value)}")
    _in_range(column, value)
    return value


def _number(column: Column, value: Any) -> float:
    if not is_whole(value) and not isinstance(value, float):
        raise BadValue(f"expected a number, found {short(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadValue("expected a number that is not endless")
    _in_range(column, found)
    return found


def _in_range(column: Column, value: float) -> None:
    if not column.low <= value <= column.high:
        upper = f" to {column.high:g}" if math.isfinite(column.high) else " or more"
        raise BadValue(f"expected {column.low:g}{upper}, found {value:g}")


def _flag(column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"expected true or false, found {short(value)}")
    return value


def _moment(column: Column, value: Any) -> str | None:
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError
        return moment_text(found)
    except (TypeError, ValueError, OverflowError):
        raise BadValue(f"expected a moment like 2026-03-02T09:14:07Z, found {short(value)}") from None


def _places(column: Column, value: Any) -> list[int]:
    if not isinstance(value, list) or not all(is_whole(one) and one >= 1 for one in value):
        raise BadValue(f"expected a list of shown positions, found {short(value)}")
    return value


def _tiers(column: Column, value: Any) -> list[list[int]]:
    if not isinstance(value, list):
        raise BadValue(f"expected a list of ranks, found {short(value)}")
    return [_places(column, tier) for tier in value]


def _ratings(column: Column, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise BadValue(f"expected ratings by shown position, found {short(value)}")
    for place, rating in value.items():
        if not _WHOLE.fullmatch(place) or str(int(place)) != place or place == "0":
            raise BadValue(f"expected a shown position, found {short(place)}")
        if not is_whole(rating) or not 1 <= rating <= BEST_RATING:
            raise BadValue(f"expected ratings of 1 to {BEST_RATING}, found {short(rating)}")
    return value


def _features(column: Column, value: Any) -> dict[str, float | None]:
    bound = Column(column.name, "number", low=-math.inf)
    values = _object(column, value)
    return {name: None if one is None else _number(bound, one) for name, one in values.items()}


def _object(column: Column, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValue(f"expected an object, found {short(value)}")
    if not is_storable(_all_text(value)):
        raise BadValue("holds a character that can't be stored (NUL or half a surrogate pair)")
    return value


def _all_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "".join(f"{key}{_all_text(one)}" for key, one in value.items())
    return "".join(map(_all_text, value)) if isinstance(value, list) else ""


def _texts(column: Column, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise BadValue(f"expected a list of texts, found {short(value)}")
    return [_text(Column(column.name), one) for one in value]


def _whole_cell(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise BadValue(f"expected a whole number, found {short(text)}")
    return int(text)


def _number_cell(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadValue(f"expected a number, found {short(text)}")
    return float(text)


def _flag_cell(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadValue(f"expected true or false, found {short(text)}")
    return text == "true"


CHECKS: dict[str, Callable[[Column, Any], Any]] = {
    "text": _text,
    "whole": _whole,
    "number": _number,
    "flag": _flag,
    "moment": _moment,
    "places": _places,
    "tiers": _tiers,
    "ratings": _ratings,
    "features": _features,
    "object": _object,
    "texts": _texts,
}
_CELLS: dict[str, Callable[[str], Any]] = {
    "whole": _whole_cell,
    "number": _number_cell,
    "flag": _flag_cell,
}
