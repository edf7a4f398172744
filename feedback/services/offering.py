"""A list that its expert knows nothing about goes to another one of the session."""

from __future__ import annotations

import random

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, QuerySet

from feedback.models import Member, Slate, SlateItem
from feedback.services.interests import interested


def offer_to_another(slate: Slate) -> Slate | None:
    """Show a list that its expert knows nothing about to another one of the session, as their last one.

    Whoever `whom_to_ask` names gets it, if they have not seen the need yet and have no interest in anybody on
    the list; with nobody left the list stays without an answer, and None is returned. A repeat is about its
    own expert and offered to nobody: its first showing was. Nor is a list of known order, which tests its
    expert.
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


def whom_to_ask(people: QuerySet[User], things: str, *, here: Q, waiting: Q) -> User | None:
    """Return the one of these people who is asked next: an expert who can log in, or None.

    Of those with lists (or choices, by the name of the relation `things`) waiting `here`, whoever has the
    fewest. With nothing left somebody is done, or has handed over what they had: they are asked last, and of
    them whoever kept the most.
    """
    experts = people.filter(is_active=True, member__role=Member.Role.EXPERT).annotate(
        had=Count(things, filter=here, distinct=True),
        left=Count(things, filter=here & waiting, distinct=True),
    )
    return min(experts, key=lambda one: (not one.left, one.left or -one.had, one.pk), default=None)


def _who_next(slate: Slate) -> User | None:
    seen = slate.session.slates.filter(query=slate.query_id).values("expert")
    items = set(slate.items.values_list("item_version__item", flat=True))
    return whom_to_ask(
        User.objects.filter(participations__session=slate.session_id)
        .exclude(pk__in=seen)
        .exclude(pk__in=interested(slate.session.project, slate.query_id, items)),
        "slates",
        here=Q(slates__session=slate.session_id),
        waiting=Q(slates__state=Slate.State.OPEN),
    )
