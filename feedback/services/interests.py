"""Declared interests: which items of which needs an expert is never asked about again, wherever it may be.

A conflict on a list names its cards; one in a comparison of two lists names none, and then counts for all
items of both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.contrib.auth.models import User

from feedback.models import FeedbackSession, Judgement, ListAnswer, ListChoice, Slate, SlateItem
from ranking.models import ItemVersion, Project, Query

Pair = tuple[int, int]  # expert, query


def known_conflicts(project: Project) -> Mapping[Pair, frozenset[int]]:
    """Return the item ids in which experts have declared an interest, by (expert, query)."""
    found: dict[Pair, set[int]] = {}
    for pair, items in (*_on_lists(project), *_on_choices(project)):
        found.setdefault(pair, set()).update(items)
    return {pair: frozenset(items) for pair, items in found.items()}


def declared_by(experts: Iterable[User], project: Project) -> set[int]:
    """Return the ids of the needs in which one of the experts has declared an interest."""
    ids = {expert.pk for expert in experts}
    return {query for expert, query in known_conflicts(project) if expert in ids}


def interested(project: Project, query: int, items: Collection[int]) -> set[int]:
    """Return the ids of the experts who have declared an interest in one of the items for the query."""
    conflicts = known_conflicts(project)
    return {expert for (expert, of), named in conflicts.items() if of == query and named & set(items)}


def set_aside(expert: User, query: Query, items: Collection[int]) -> int:
    """Take back what the expert would still be asked about these items of a query; return how much it was.

    Lists of open sessions that were not begun, repeats among them, and choices of open comparisons. A list
    that was begun stays, since its moves are kept: the expert says there what was said here. Inside a
    transaction.
    """
    slates = Slate.objects.select_for_update(of=("self",)).filter(
        expert=expert,
        query=query,
        state=Slate.State.OPEN,
        draft_version=0,
        session__state=FeedbackSession.State.OPEN,
        pk__in=SlateItem.objects.filter(item_version__item__in=items).values("slate"),
    )
    taken = {slate.pk: slate for slate in slates}
    begun = set(
        Slate.objects.filter(repeats__in=taken).exclude(pk__in=taken).values_list("repeats", flat=True)
    )
    going = [slate for pk, slate in taken.items() if pk not in begun]
    for slate in sorted(
        going, key=lambda slate: slate.repeats_id is None
    ):  # repeats hold their first showing
        slate.delete()
    return len(going) + _set_aside_choices(expert, query, items)


def _set_aside_choices(expert: User, query: Query, items: Collection[int]) -> int:
    choices = ListChoice.objects.select_for_update(of=("self",)).filter(
        expert=expert, query=query, answer__isnull=True, session__state=FeedbackSession.State.OPEN
    )
    going = [choice.pk for choice in choices if items_of([choice])[choice.pk] & set(items)]
    ListChoice.objects.filter(pk__in=going, answer__isnull=True).delete()
    return len(going)


def items_of(choices: Collection[ListChoice]) -> dict[int, set[int]]:
    """Return the ids of the items in either list, by choice."""
    shown = {pk for choice in choices for pk in (*choice.left, *choice.right)}
    item_of = dict(ItemVersion.objects.filter(pk__in=shown).values_list("pk", "item"))
    return {choice.pk: {item_of[pk] for pk in (*choice.left, *choice.right)} for choice in choices}


def _on_lists(project: Project) -> Iterable[tuple[Pair, set[int]]]:
    declared = list(
        Judgement.objects.filter(
            kind=Judgement.Kind.CONFLICT_OF_INTEREST, slate__session__project=project
        ).values_list("expert_id", "slate__query_id", "items")
    )
    named = {card for _, _, cards in declared for card in cards}
    item_of = dict(SlateItem.objects.filter(pk__in=named).values_list("pk", "item_version__item_id"))
    return [((expert, query), {item_of[card] for card in cards}) for expert, query, cards in declared]


def _on_choices(project: Project) -> Iterable[tuple[Pair, set[int]]]:
    choices = list(
        ListChoice.objects.filter(answer__kind=ListAnswer.Kind.CONFLICT_OF_INTEREST, session__project=project)
    )
    items = items_of(choices)
    return [((choice.expert_id, choice.query_id), items[choice.pk]) for choice in choices]
