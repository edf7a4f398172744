"""Judgements -> preferences: derived when a session closes, and again whenever somebody asks."""

from __future__ import annotations

from django.db import transaction

from feedback.models import FeedbackSession, Judgement, Preference, Slate
from feedback.preferences import ShownList, derive


def shown_list(judgement: Judgement) -> ShownList:
    """Return a judgement as plain values for the pure functions of `feedback.preferences`."""
    return ShownList(
        shown=[card.pk for card in judgement.slate.items.all()],
        kind=judgement.kind,
        randomised=judgement.slate.randomised,
        tiers=judgement.tiers,
        ratings={int(card): rating for card, rating in judgement.ratings.items()},
        decided_by=judgement.decided_by,
        known=judgement.slate.arm == Slate.Arm.GOLD,
    )


def derive_preferences(session: FeedbackSession) -> int:
    """Derive the preferences of a session anew from its judgements; return how many there are.

    Lists of known order have none: `feedback.preferences` says why.
    """
    judgements = (
        Judgement.objects.filter(slate__session=session)
        .select_related("slate")
        .prefetch_related("slate__items")
        .order_by("id")
    )
    before = Preference.objects.filter(judgement__slate__session=session)
    with transaction.atomic():
        before.update(replaced=True)  # the database lets no other preference go
        before.delete()
        made = Preference.objects.bulk_create(
            (
                Preference(
                    judgement=judgement,
                    winner_id=pair.winner,
                    loser_id=pair.loser,
                    weight=pair.weight,
                    target=pair.target,
                    origin=pair.origin,
                    shown_gap=pair.shown_gap,
                )
                for judgement in judgements
                for pair in derive(shown_list(judgement))
            ),
            batch_size=1000,
        )
    return len(made)
