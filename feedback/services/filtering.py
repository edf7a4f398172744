"""Filters and search over the lines of a list. They take lines out and never change the order."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.services.reading import Line
from ranking.description import Field, ProjectDescription
from ranking.formats import for_people, is_missing

MOST_OPTIONS = 51  # the American states; more values than that are searched for, not ticked
_AMOUNT = re.compile(r"[$€£¥\s]*(-?\d[\d,\s]*\.?\d*)\s*(k|m|bn|b|tn|t)?\s*%?", re.IGNORECASE)
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12, "tn": 1e12}
STATES = (
    ("", "All"),
    ("open", "Not decided"),
    ("shortlisted", "Shortlisted"),
    ("contacted", "Contacted"),
    ("declined", "Declined"),
    ("moved", "Moved since the version before"),
    ("unsure", "Unsure"),
)


@dataclass(frozen=True)
class Option:
    """One value that can be ticked, and how many lines of the list have it."""

    value: str
    count: int
    chosen: bool = False


@dataclass(frozen=True)
class FieldFilter:
    """One field of the item in the form: values to tick, or a range. `error` says what can't be read."""

    field: Field
    options: tuple[Option, ...] = ()
    low: str = ""
    high: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """Name of its parameter; a range has two, `_from` and `_to`."""
        return f"f_{self.field.name}"

    @property
    def is_range(self) -> bool:
        """Whether it is a range: numbers, years, dates."""
        return self.field.type in ("number", "count", "year", "date")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ticked values."""
        return tuple(option.value for option in self.options if option.chosen)

    @property
    def active(self) -> bool:
        """Whether it takes anything out."""
        return bool(self.chosen or self.low or self.high) and not self.error

    @property
    def words(self) -> str:
        """Say what is asked for: "State: CA, OR", "Assets: $50 m to $2 bn"."""
        if not self.is_range:
            return f"{self.field.label}: {', '.join(self.chosen)}"
        low, high = (self._side(text) for text in (self.low, self.high))
        told = f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"
        return f"{self.field.label}: {told}"

    def keeps(self, content: Mapping[str, Any]) -> bool:
        """Say whether a record passes; one that does not report the field never passes a filter on it."""
        value: Any = content.get(self.field.name)
        if is_missing(value):
            return False
        if not self.is_range:
            return not values_of(self.field, value).isdisjoint(self.chosen)
        if self.field.type == "date":
            return (not self.low or str(value) >= self.low) and (not self.high or str(value) <= self.high)
        low, high = (_number(self.field, text) for text in (self.low, self.high))
        return (low is None or float(value) >= low) and (high is None or float(value) <= high)

    def _side(self, text: str) -> str:
        if not text or self.field.type == "date":
            return for_people(text, "date") if text else ""
        format = "text" if self.field.type == "year" else self.field.format
        number = _number(self.field, text)
        return text if format == "text" else for_people(number, format, self.field.unit)


@dataclass(frozen=True)
class Filters:
    """What a reader has asked for."""

    text: str
    state: str
    on_card: tuple[FieldFilter, ...]
    further: tuple[FieldFilter, ...]

    @property
    def fields(self) -> tuple[FieldFilter, ...]:
        """All fields that the form offers: those of the card first."""
        return self.on_card + self.further

    @property
    def active(self) -> tuple[FieldFilter, ...]:
        """The fields that take something out."""
        return tuple(field for field in self.fields if field.active)

    @property
    def further_active(self) -> bool:
        """Whether a field that the card does not show takes something out, or can't be read."""
        return any(field.active or field.error for field in self.further)

    @property
    def unreadable(self) -> tuple[FieldFilter, ...]:
        """The fields whose values can't be read; they take nothing out."""
        return tuple(field for field in self.fields if field.error)

    @property
    def any(self) -> bool:
        """Whether anything is asked for at all."""
        return bool(self.text or self.state or self.active)

    def apply(self, lines: Sequence[Line], description: ProjectDescription) -> list[Line]:
        """Return the lines that pass, in the order they came."""
        active, words = self.active, self.text.casefold().split()

        def keeps(line: Line) -> bool:
            content = line.match.item_version.content
            if not _state_fits(self.state, line) or not all(field.keeps(content) for field in active):
                return False
            searched = _searched(content, description) if words else ""
            return all(word in searched for word in words)

        return [line for line in lines if keeps(line)]


def filters(
    description: ProjectDescription, lines: Sequence[Line], asked: Mapping[str, Sequence[str]]
) -> Filters:
    """Return the filters of a list as the parameters of a request ask for them; unknown ones are ignored.

    What can be ticked comes from `lines`; without any the filters hold what is asked for and offer nothing.
    """
    item = description.item
    contents = [line.match.item_version.content for line in lines]
    # Not the key, the title or running text: those are searched.
    said = [field for field in item.fields if field.name in (item.key, item.title, *item.text)]
    shown = [field for field in item.card if field not in said]

    def made(fields: Sequence[Field]) -> tuple[FieldFilter, ...]:
        return tuple(one for field in fields if (one := _field_filter(field, contents, asked)))

    state = (asked.get("state") or [""])[-1]
    return Filters(
        text=" ".join((asked.get("q") or [""])[-1].split())[:200],
        state=state if state in dict(STATES) else "",
        on_card=made(shown),
        further=made([field for field in item.fields if field not in (*shown, *said)]),
    )


def parse_amount(text: str) -> float | None:
    """Read an amount as people type it; None for nothing. Raises ValueError.

    >>> parse_amount("$50 m"), parse_amount("1.2bn"), parse_amount("50,000"), parse_amount(" ")
    (50000000.0, 1200000000.0, 50000.0, None)
    """
    if not text.strip():
        return None
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text}” is not a number: expected something like 50, 1.2 bn or 50,000")
    digits, scale = found.groups()
    return float(re.sub(r"[,\s]", "", digits)) * _SCALES[(scale or "").lower()]


def values_of(field: Field, value: Any) -> set[str]:
    """Return the values of a field that can be ticked, as people read them."""
    if isinstance(value, list | tuple):
        return {str(each) for each in value}
    return {for_people(value, "yes_no") if field.type == "flag" else str(value)}


def _field_filter(
    field: Field, contents: Sequence[Mapping[str, Any]], asked: Mapping[str, Sequence[str]]
) -> FieldFilter | None:
    name = f"f_{field.name}"
    known = [content.get(field.name) for content in contents if not is_missing(content.get(field.name))]
    if field.type in ("number", "count", "year", "date"):
        low, high = ((asked.get(f"{name}_{side}") or [""])[-1].strip()[:40] for side in ("from", "to"))
        if not (known or low or high):
            return None
        return FieldFilter(field, low=low, high=high, error=_problem(field, low, high))
    counts = Counter(value for each in known for value in values_of(field, each))
    # What is asked for is always offered, even where nobody has it: a filter must not vanish unseen.
    ticked = {value[:200] for value in (asked.get(name) or ())[:MOST_OPTIONS] if value}
    if not ticked and not 1 < len(counts) <= MOST_OPTIONS:
        return None
    values = sorted({*counts, *ticked} if len(counts) <= MOST_OPTIONS else ticked)
    return FieldFilter(field, tuple(Option(value, counts[value], value in ticked) for value in values))


def _problem(field: Field, low: str, high: str) -> str:
    for text in (low, high):
        try:
            if field.type == "date":
                _check_date(text)
            else:
                _number(field, text)
        except ValueError as error:
            return str(error)
    return ""


def _check_date(text: str) -> None:
    try:
        datetime.date.fromisoformat(text or "2025-01-01")
    except ValueError:
        raise ValueError(f"“{text}” is not a date: expected something like 2025-09-02") from None


def _number(field: Field, text: str) -> float | None:
    number = parse_amount(text.casefold().strip().removesuffix(field.unit.casefold() or "%"))
    return number / 100 if number is not None and field.format == "percent" else number


def _state_fits(state: str, line: Line) -> bool:
    if state == "moved":
        return line.move is not None and line.move.direction != ""
    if state == "unsure":
        return bool(line.unsure)
    if state == "open":
        return line.outcome is None
    return not state or (line.outcome is not None and line.outcome.kind == state)


def _searched(content: Mapping[str, Any], description: ProjectDescription) -> str:
    item = description.item
    # Numbers are filtered by range: as text, "01" would be found in every other amount.
    words = [field.name for field in item.card if field.type in ("text", "set")]
    names = dict.fromkeys([item.key, item.title, *item.text, *words])
    return " ".join(
        for_people(content.get(name)) for name in names if not is_missing(content.get(name))
    ).casefold()
