"""What a person is shown of a need or an item: the declared fields, in people's units. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ranking.description import NounDescription
from ranking.formats import for_people, is_missing


@dataclass(frozen=True)
class Fact:
    """One field of a record, written for people; `differs` marks what sets the cards of a list apart."""

    name: str
    label: str
    value: str
    missing: bool = False
    differs: bool = False


@dataclass(frozen=True)
class Card:
    """A record as people see it: a title, the declared facts, and the rest one key away."""

    title: str
    facts: tuple[Fact, ...]
    more: tuple[Fact, ...]
    text: str = ""


def card_of(noun: NounDescription, content: Mapping[str, Any], differing: Sequence[str] = ()) -> Card:
    """Return the card of a record. `differing` names the fields to mark (`most_differing`)."""
    shown = {field.name for field in noun.card}
    said = {noun.key, noun.title, *noun.text}
    return Card(
        title=str(content.get(noun.title) or content.get(noun.key) or ""),
        facts=tuple(_fact(field, content, field.name in differing) for field in noun.card),
        more=tuple(_fact(field, content) for field in noun.fields if field.name not in shown | said),
        text=" ".join(str(content[name]) for name in noun.text if not is_missing(content.get(name))),
    )


def most_differing(
    noun: NounDescription, contents: Sequence[Mapping[str, Any]], count: int = 2
) -> tuple[str, ...]:
    """Return the card's fields in which the records of one list differ most, at most `count`.

    A field counts by the share of distinct values among the reported ones; a field that is the same on every
    card says nothing about their order.
    """
    spread = {field.name: _spread(field.name, contents) for field in noun.card}
    names = [name for name in spread if spread[name] > 0]
    return tuple(sorted(names, key=lambda name: -spread[name])[:count])


def _fact(field: Any, content: Mapping[str, Any], differs: bool = False) -> Fact:
    value = content.get(field.name)
    missing = is_missing(value)
    return Fact(
        name=field.name,
        label=field.label,
        value=for_people(value, field.format, field.unit),
        missing=missing,
        differs=differs and not missing,
    )


def _spread(name: str, contents: Sequence[Mapping[str, Any]]) -> float:
    values = [content.get(name) for content in contents if not is_missing(content.get(name))]
    numbers = [
        float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if len(values) < 2:
        return 0.0
    if len(numbers) == len(values):
        size = max(abs(number) for number in numbers)
        return (max(numbers) - min(numbers)) / size if size else 0.0
    # A text that is different on every card (a town) tells less than a kind that parts them in two.
    distinct = len({str(value) for value in values})
    return 0.5 * (distinct > 1) + 0.4 * (1 < distinct < len(values))
