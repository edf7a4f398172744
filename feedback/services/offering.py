"""What non-answers lead to: a list goes to another expert; an interest is remembered."""

from __future__ import annotations

import random
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q

from feedback.models import Judgement, Slate, SlateItem
from ranking.models import Project


def offer_to_another(slate: Slate) -> Slate | None:
    """Show a list that its expert knows nothing about to another one of the session, as their last one.

    Whoever has the fewest lists left gets it, if they have not seen the need yet; with nobody left the list
    stays without an answer, and None is returned. A repeat is about its own expert and offered to nobody: its
    first showing was. Nor is a list of known order, which tests its expert.
    """
    about_its_expert = slate.repeats_id is not None or slate.gold_id is not None
    expert = None if about_its_expert else _who_next(slate)
    if expert is None:
        return None
    last = slate.session.slates.filter(expert=expert).aggregate(Max("position"))["position__max"] or 0
    offered = Slate.objects.create(
        session_id=slate.session_id,
        expert=expert,
        query_id=slate.query_id,
        query_content=slate.query_content,
        position=last + 1,
        randomised=slate.randomised,
        shared=slate.shared,
        arm=slate.arm,
        selection_probability=slate.selection_probability,
    )
    cards = list(slate.items.all())
    if slate.randomised:
        random.Random(offered.pk).shuffle(cards)
    SlateItem.objects.bulk_create(
        SlateItem(
            slate=offered,
            item_version_id=card.item_version_id,
            shown_position=position,
            model_rank=card.model_rank,
            selection_probability=card.selection_probability,
            features=card.features,
        )
        for position, card in enumerate(cards, start=1)
    )
    return offered


def known_conflicts(project: Project) -> Mapping[tuple[int, int], frozenset[int]]:
    """Return the item ids in which experts have declared an interest, by (expert, query)."""
    found: dict[tuple[int, int], set[int]] = {}
    declared = Judgement.objects.filter(
        kind=Judgement.Kind.CONFLICT_OF_INTEREST, slate__session__project=project
    ).values_list("expert_id", "slate__query_id", "items")
    named = {card for _, _, cards in declared for card in cards}
    item_of = dict(SlateItem.objects.filter(pk__in=named).values_list("pk", "item_version__item_id"))
    for expert, query, cards in declared:
        found.setdefault((expert, query), set()).update(item_of[card] for card in cards)
    return {key: frozenset(items) for key, items in found.items()}


def _who_next(slate: Slate) -> User | None:
    in_session = Q(slates__session=slate.session_id)
    seen = slate.session.slates.filter(query=slate.query_id).values("expert")
    return (
        User.objects.filter(participations__session=slate.session_id, is_active=True)
        .exclude(pk__in=seen)
        .annotate(left=Count("slates", filter=in_session & Q(slates__state=Slate.State.OPEN), distinct=True))
        .order_by("left", "pk")
        .first()
    )
