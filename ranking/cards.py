"""What a person is shown of a need or an item: the declared fields, in people's units. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ranking.description import NounDescription
from ranking.formats import exactly, is_missing, shortened, told_apart


@dataclass(frozen=True)
class Fact:
    """One field of a record, written for people; `differs` marks what sets the cards of a list apart.

    `exact` has all digits of a value that is rounded, and is empty for any other.
    """

    name: str
    label: str
    value: str
    exact: str = ""
    missing: bool = False
    differs: bool = False


@dataclass(frozen=True)
class Card:
    """A record as people see it: a title, the declared facts, and the rest one key away.

    A title that is too long is cut; `whole` has all of it, and so has the first of the rest.
    """

    title: str
    whole: str
    facts: tuple[Fact, ...]
    more: tuple[Fact, ...]
    text: str = ""


def card_of(noun: NounDescription, content: Mapping[str, Any]) -> Card:
    """Return the card of a record that stands by itself."""
    return cards_of(noun, [content])[0]


def cards_of(
    noun: NounDescription, contents: Sequence[Mapping[str, Any]], differing: Sequence[str] = ()
) -> list[Card]:
    """Return the cards of the records of one list, in their order: values that differ never read the same.

    `differing` names the fields to mark (`most_differing`).
    """
    elsewhere = {noun.key, noun.title, *noun.text, *(field.name for field in noun.card)}
    facts = [_facts(field, contents, field.name in differing) for field in noun.card]
    more = [_facts(field, contents) for field in noun.fields if field.name not in elsewhere]
    wholes = [str(content.get(noun.title) or content.get(noun.key) or "") for content in contents]
    return [
        Card(
            title=shortened(wholes[place]),
            whole=wholes[place],
            facts=tuple(column[place] for column in facts),
            more=(*_cut_title(noun, wholes[place]), *(column[place] for column in more)),
            text=" ".join(str(content[name]) for name in noun.text if not is_missing(content.get(name))),
        )
        for place, content in enumerate(contents)
    ]


def _cut_title(noun: NounDescription, whole: str) -> tuple[Fact, ...]:
    if shortened(whole) == whole:
        return ()
    return (Fact(name=noun.title, label=noun.field(noun.title).label, value=whole),)


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


def _facts(field: Any, contents: Sequence[Mapping[str, Any]], differs: bool = False) -> list[Fact]:
    """Return one field of each record of a list."""
    values = [content.get(field.name) for content in contents]
    written = told_apart(values, field.format, field.unit)
    return [
        Fact(
            name=field.name,
            label=field.label,
            value=text,
            exact="" if exact == text else exact,
            missing=is_missing(value),
            differs=differs and not is_missing(value),
        )
        for value, text in zip(values, written, strict=True)
        for exact in [exactly(value, field.format, field.unit)]
    ]


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
