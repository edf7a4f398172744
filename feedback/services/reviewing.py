"""One judged list for a person who looks into it: as shown, as put, and what follows. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedback.models import Judgement, Slate, SlateItem
from feedback.preferences import derive
from feedback.services.against_gold import ranks_of
from feedback.services.deriving import shown_list
from ranking.cards import Card, card_of, cards_of
from ranking.services.candidates import description_of
from ranking.services.training_sets import held_out

USES = {
    Judgement.Kind.REORDER: "Pairs in different places are preferences; cards below the line say nothing.",
    Judgement.Kind.ABOUT_EQUAL: "All pairs are ties: nobody here is better than anybody else.",
    Judgement.Kind.MISSING_INFORMATION: "No preference: a gap in the data to be filled.",
    Judgement.Kind.OUTSIDE_KNOWLEDGE: "No preference: the list was offered to another expert.",
    Judgement.Kind.CONFLICT_OF_INTEREST: "No preference: void.",
    Judgement.Kind.NONE_SUITABLE: "All pairs are ties of little weight, and each card gets the grade 0.",
}
USE_OF_GOLD = "No preference: the order was known, and the list tests the expert alone."


@dataclass(frozen=True)
class Line:
    """One card: where it was shown, its rank by the version, where the expert put it (ties share a place).

    `known` is its place in the order that was known before, None where none was.
    """

    card: Card
    shown: int
    model_rank: int
    place: int | None
    rating: int | None
    named: bool
    known: int | None = None


@dataclass(frozen=True)
class Review:
    """A list with its judgement, None while it waits for one."""

    need: Card
    lines: list[Line]
    judgement: Judgement | None
    reasons: list[str]
    gap: str
    use: str
    origins: list[tuple[str, int]]
    held_out: bool


def review_of(slate: Slate) -> Review:
    """Return a slate (with `query`, `gold`, `session__project`) as it was shown and what was made of it."""
    description = description_of(slate.session.project)
    judgement = getattr(slate, "judgement", None)
    items = list(slate.items.select_related("item_version").order_by("shown_position"))
    known = _known_places(slate, items)
    cards = cards_of(description.item, [item.item_version.content for item in items])
    lines = [
        replace(_line(item, card, judgement), known=known.get(item.pk))
        for item, card in zip(items, cards, strict=True)
    ]
    tags = {tag.name: tag.label for tag in description.reason_tags}
    fields = {field.name: field.label for field in description.item.fields}
    return Review(
        need=card_of(description.query, slate.query_content),
        lines=sorted(lines, key=lambda line: (line.place is None, line.place or line.shown, line.shown)),
        judgement=judgement,
        reasons=[tags.get(name, name) for name in judgement.reason_tags] if judgement else [],
        gap=fields.get(judgement.field, judgement.field) if judgement else "",
        use=_use_of(slate, judgement),
        origins=_origins(judgement),
        held_out=held_out(slate.query),
    )


def _use_of(slate: Slate, judgement: Judgement | None) -> str:
    if judgement is None:
        return ""
    return USE_OF_GOLD if slate.gold_id is not None else USES[Judgement.Kind(judgement.kind)]


def _known_places(slate: Slate, cards: Sequence[SlateItem]) -> dict[int, int]:
    """Return the known place of each card among those of this list, which may be a part of the gold list."""
    if slate.gold is None:
        return {}
    ranks = ranks_of(slate.gold)
    return {
        card.pk: 1 + sum(ranks[other.item_version_id] < ranks[card.item_version_id] for other in cards)
        for card in cards
    }


def _line(item: SlateItem, card: Card, judgement: Judgement | None) -> Line:
    tiers = judgement.tiers if judgement else []
    place, before = None, 0
    for tier in tiers:
        if item.pk in tier:
            place = before + 1
        before += len(tier)
    return Line(
        card=card,
        shown=item.shown_position,
        model_rank=item.model_rank,
        place=place,
        rating=judgement.ratings.get(str(item.pk)) if judgement else None,
        named=judgement is not None and item.pk in judgement.items,
    )


def _origins(judgement: Judgement | None) -> list[tuple[str, int]]:
    """Return how many preferences of which origin the judgement stands for, whether derived yet or not."""
    if judgement is None:
        return []
    return Counter(pair.origin.replace("_", " ") for pair in derive(shown_list(judgement))).most_common()
