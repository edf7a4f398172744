"""What an expert sees of a slate: the need and the cards in shown order. Blind: no score, no model rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from feedback.models import FeedbackSession, Judgement, ListChoice, Slate
from ranking.cards import Card, card_of, cards_of, most_differing
from ranking.description import ProjectDescription
from ranking.models import ItemVersion
from ranking.services.candidates import description_of

Kind = Judgement.Kind
NON_ANSWERS = [
    {"kind": Kind.ABOUT_EQUAL.value, "label": "About equal", "help": "No order: all of them are level."},
    {
        "kind": Kind.MISSING_INFORMATION.value,
        "label": "Missing information",
        "help": "A fact that decides is missing. Somebody will look for it.",
    },
    {
        "kind": Kind.OUTSIDE_KNOWLEDGE.value,
        "label": "Outside what I know",
        "help": "Another expert should judge this one.",
    },
    {
        "kind": Kind.CONFLICT_OF_INTEREST.value,
        "label": "Conflict of interest",
        "help": "You have an interest in one of them. The list is not used.",
    },
    {"kind": Kind.NONE_SUITABLE.value, "label": "None is suitable", "help": "Not one of them fits the need."},
]


LONG = 24
"""Characters of a value from which its field gets two columns on every card of a list."""
LONG_WORD = 11
"""The same for a word in a value: one column is no wider."""


def slate_context(slate: Slate) -> dict[str, Any]:
    """Return what the page and the API show of a slate, from the frozen contents."""
    items = slate.items.select_related("item_version")
    cards = [(item.pk, item.item_version.content) for item in items]
    return list_context(slate.session, slate.query_content, cards)


def list_context(
    session: FeedbackSession, need_content: Mapping[str, Any], cards: Sequence[tuple[int, Mapping[str, Any]]]
) -> dict[str, Any]:
    """Return what is shown of a need and a list: `cards` are ids and contents, in shown order."""
    description = description_of(session.project)
    contents = [content for _, content in cards]
    need = card_of(description.query, need_content)
    written = cards_of(description.item, contents, most_differing(description.item, contents))
    shown = [(pk, card) for (pk, _), card in zip(cards, written, strict=True)]
    return {
        "need": {"title": need.title, "brief": need.text, "facts": need.facts, "more": need.more},
        "cards": [_card(pk, card) for pk, card in shown],
        "long_fields": {fact.name for _, card in shown for fact in card.facts if _is_long(fact.value)},
        "asks_ratings": session.asks_ratings,
        "reason_tags": _reason_tags(description),
        "fields": [{"name": field.name, "label": field.label} for field in description.item.fields],
        "nouns": {"item": description.item.noun, "items": description.item.plural},
    }


def _is_long(value: str) -> bool:
    """Return whether a value needs two columns.

    >>> _is_long("Denver, CO"), _is_long("Philadelphia, PA"), _is_long("retirees, families, trusts")
    (False, True, True)
    """
    return len(value) > LONG or any(len(word) > LONG_WORD for word in value.split())


def _card(pk: int, card: Card) -> dict[str, Any]:
    return {
        "id": str(pk),
        "title": card.title,
        "subtitle": card.text,
        "facts": card.facts,
        "more": card.more,
    }


def choice_context(choice: ListChoice) -> dict[str, Any]:
    """Return what the page and the API show of two lists; which version is behind either is not looked at.

    Each card says where the same one stands in the other list, None where it does not.
    """
    description = description_of(choice.session.project)
    versions = ItemVersion.objects.in_bulk({*choice.left, *choice.right})
    contents = [version.content for version in versions.values()]
    written = cards_of(description.item, contents, most_differing(description.item, contents))
    card_by_version = dict(zip(versions, written, strict=True))
    need = card_of(description.query, choice.query_content)

    def cards(shown: list[int], other: list[int]) -> list[dict[str, Any]]:
        return [_list_card(place, card_by_version[pk], pk, other) for place, pk in enumerate(shown, start=1)]

    return {
        "need": {"title": need.title, "brief": need.text, "facts": need.facts, "more": need.more},
        "left": cards(choice.left, choice.right),
        "right": cards(choice.right, choice.left),
        "reason_tags": _reason_tags(description),
        "nouns": {"item": description.item.noun, "items": description.item.plural},
    }


def _list_card(place: int, card: Card, pk: int, other: list[int]) -> dict[str, Any]:
    return {
        "place": place,
        "title": card.title,
        "subtitle": card.text,
        "facts": card.facts,
        "more": card.more,
        "other_place": other.index(pk) + 1 if pk in other else None,
    }


def _reason_tags(description: ProjectDescription) -> list[dict[str, str]]:
    return [{"key": tag.key, "name": tag.name, "label": tag.label} for tag in description.reason_tags]
