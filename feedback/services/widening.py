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
from feedback.sides import Ask, plan

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
    known, rng = _needs_of(session, expert), _rng(session, expert)
    contests = comparing.contests_of(
        session.challenger,
        session.champion,
        depth=session.items_per_list,
        most=comparing.MOST_NEEDS,
        rng=rng,
        without=known,
    )
    asks = _draw(session, contests, expert, count, rng)
    with transaction.atomic():
        _lock_open(session)
        known_now = _needs_of(session, expert)
        if known_now != known:
            # Others came while these were drawn, of the same needs perhaps: again, and now for good.
            contests = {need: contest for need, contest in contests.items() if need not in known_now}
            asks = _draw(session, contests, expert, count, _rng(session, expert))
        if not asks:
            raise InvalidComparison("there is no need left with two different lists for this expert", "needs")
        last = _last_position(session, expert)
        ListChoice.objects.bulk_create(
            comparing.choice_of(session, replace(ask, position=last + ask.position), contests[ask.need])
            for ask in asks
        )
    return len(asks)


def _rng(session: ComparisonSession, expert: User) -> np.random.Generator:
    """Return what the choices after the expert's last one are drawn with: not as those before it were."""
    return np.random.default_rng([session.seed, session.pk, expert.pk, _last_position(session, expert)])


def _needs_of(session: ComparisonSession, expert: User) -> set[int]:
    return set(session.choices.filter(expert=expert).values_list("query", flat=True))


def _draw(
    session: ComparisonSession,
    contests: dict[int, comparing.Contest],
    expert: User,
    count: int,
    rng: np.random.Generator,
) -> list[Ask]:
    asked = Counter(session.choices.values_list("query", flat=True))
    return plan(comparing.ask_request(session, contests, [expert], count, asked), rng)


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
