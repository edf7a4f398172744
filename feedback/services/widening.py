"""An open comparison that changes: more choices for an expert, and choices that another expert takes over.

What has been asked stays as it was. New choices are drawn like those of the opening, from the same two
versions, and come after the last one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from feedback.errors import InvalidComparison, SessionClosed
from feedback.models import ComparisonSession, ListChoice
from feedback.services import comparing
from feedback.services.interests import items_of, known_conflicts
from feedback.sides import plan

MOST_CHOICES = 100


def add_choices(session: ComparisonSession, expert: User, count: int) -> int:
    """Draw so many more choices for an expert, who takes part by that if not before; return how many came.

    No need comes to an expert twice; held-out ones come first, and of each kind those that fewest have been
    asked about. Raises SessionClosed; InvalidComparison, naming the field; BrokenFile or CorruptModel if a
    version can't be loaded.
    """
    _check_open(session)
    if not 1 <= count <= MOST_CHOICES:
        raise InvalidComparison(f"expected 1 to {MOST_CHOICES} needs", "needs")
    comparing.check_judges([expert])
    last = _last_position(session, expert)
    rng = np.random.default_rng([session.seed, session.pk, expert.pk, last])
    contests = comparing.contests_of(
        session.challenger,
        session.champion,
        depth=session.items_per_list,
        most=comparing.MOST_NEEDS,
        rng=rng,
        without=session.choices.filter(expert=expert).values_list("query", flat=True),
    )
    asked = Counter(session.choices.values_list("query", flat=True))
    asks = plan(comparing.ask_request(session, contests, [expert], count, asked), rng)
    with transaction.atomic():
        _lock_open(session)
        # Again, and now for good: some may have come while the lists were ranked.
        came = set(session.choices.filter(expert=expert).values_list("query", flat=True))
        new = [ask for ask in asks if ask.need not in came]
        if not new:
            raise InvalidComparison("there is no need left with two different lists for this expert", "needs")
        placed = [
            replace(ask, position=place) for place, ask in enumerate(new, _last_position(session, expert) + 1)
        ]
        ListChoice.objects.bulk_create(
            comparing.choice_of(session, ask, contests[ask.need]) for ask in placed
        )
    return len(placed)


def hand_over(session: ComparisonSession, giver: User, taker: User) -> int:
    """Give the choices that an expert has not answered to another one; return how many went over.

    Needs that the taker has in this comparison stay, and those in which they have an interest.
    """
    if giver == taker:
        raise InvalidComparison("choose somebody else to take them over", "to")
    comparing.check_judges([taker])
    with transaction.atomic():
        _lock_open(session)
        going = _unanswered(session, giver, taker)
        last = _last_position(session, taker)
        for position, choice in enumerate(going, start=last + 1):
            choice.expert, choice.position = taker, position
            choice.save(update_fields=["expert", "position"])
    return len(going)


def _unanswered(session: ComparisonSession, giver: User, taker: User) -> list[ListChoice]:
    known = session.choices.filter(expert=taker).values("query")
    choices = session.choices.filter(expert=giver, answer__isnull=True).exclude(query__in=known)
    found = list(choices.order_by("position"))
    items, conflicts = items_of(found), known_conflicts(session.project)
    return [
        choice
        for choice in found
        if not items[choice.pk] & conflicts.get((taker.pk, choice.query_id), frozenset())
    ]


def _last_position(session: ComparisonSession, expert: User) -> int:
    return session.choices.filter(expert=expert).aggregate(Max("position"))["position__max"] or 0


def _check_open(session: ComparisonSession) -> None:
    if session.state != ComparisonSession.State.OPEN:
        raise SessionClosed("this comparison is closed and asks nothing more")


def _lock_open(session: ComparisonSession) -> None:
    """Hold the comparison's row: an answer, or its end, waits until its choices have changed."""
    _check_open(ComparisonSession.objects.select_for_update().get(pk=session.pk))
