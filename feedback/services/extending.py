"""An open session that changes: more lists for an expert, and lists that another expert takes over.

What has been shown stays as it was. New lists are planned like those of the opening, with the version that
the session began with, and come after the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from feedback.errors import InvalidSession, SessionClosed
from feedback.models import FeedbackSession, Participation, Slate
from feedback.selection import PlannedSlate, PlanRequest, plan
from feedback.services.asking import Pool, candidate_rows, pools_of
from feedback.services.interests import known_conflicts
from feedback.services.planting import check_planted, known_lists
from feedback.services.sessions import check_experts, check_pools, freeze_slates
from ranking.services import serving

MOST_LISTS = 200


def add_lists(session: FeedbackSession, expert: User, count: int) -> int:
    """Draw so many more lists for an expert, who is invited by that if not before; return how many came.

    Needs that the expert has in this session already are passed over as long as there are others. Raises
    SessionClosed; InvalidSession, naming the field; BrokenFile or CorruptModel if the session's version can't
    be loaded.
    """
    _check_open(session)
    if not 1 <= count <= MOST_LISTS:
        raise InvalidSession(f"expected 1 to {MOST_LISTS} lists", "slates")
    check_experts([expert], simulated=session.simulated)
    begun_with = serving.Champion(session.version, serving.ranker_of(session.version))
    askable = begun_with, pools_of(session.project, begun_with)
    drawn = _draw(session, expert, count, askable)
    with transaction.atomic():
        _lock_open(session)
        if _last_position(session, expert) != drawn.last:
            # Others came while these were drawn, of the same needs perhaps: again, and now for good.
            drawn = _draw(session, expert, count, askable)
        planned = _after(drawn.lists, drawn.last)
        check_planted(session.project, planned)
        Participation.objects.get_or_create(session=session, expert=expert)
        freeze_slates(session, planned, drawn.pools, drawn.rng)
    return len(planned)


@dataclass(frozen=True)
class _Drawn:
    """More lists for an expert whose last one was at the place `last`, and what they were drawn from."""

    last: int
    lists: Sequence[PlannedSlate]
    pools: Mapping[int, Pool]
    rng: np.random.Generator


def _draw(
    session: FeedbackSession,
    expert: User,
    count: int,
    askable: tuple[serving.Champion, Mapping[int, Pool]],
) -> _Drawn:
    begun_with, pools = askable
    last = _last_position(session, expert)
    seen = set(session.slates.filter(expert=expert).values_list("query", flat=True))
    fresh = {key: pool for key, pool in pools.items() if key not in seen} or pools
    check_pools(fresh)
    rng = np.random.default_rng([session.seed, session.pk, expert.pk, last])
    rows = candidate_rows(session.project, begun_with, fresh, seed=session.seed + last)
    request = PlanRequest(
        experts=[expert.pk],
        slates_per_expert=count,
        items_per_slate=session.items_per_slate,
        random_share=session.random_share,
        overlap_share=0.0,
        conflicts=known_conflicts(session.project),
        gold_per_expert=max(session.gold_per_expert - _planted(session, expert), 0),
        known=known_lists(session.project, fresh),
    )
    return _Drawn(last, plan(request, rows, rng), fresh, rng)


def _after(planned: Sequence[PlannedSlate], last: int) -> list[PlannedSlate]:
    """Return planned lists with the places that follow the last one."""
    return [
        replace(
            one,
            position=one.position + last,
            repeats=None if one.repeats is None else one.repeats + last,
        )
        for one in planned
    ]


def hand_over(session: FeedbackSession, giver: User, taker: User) -> int:
    """Give the lists that an expert has not begun to another one; return how many went over.

    Lists of needs that the taker has in this session, or has an interest in, stay; so do repeats, which are
    about the giver alone, unless their first showing goes: then nothing is left to repeat. A list whose
    repeat was begun first stays as well. Lists of known order are about the giver alone too, and are taken
    back: one that stayed alone would be known by that.
    """
    if giver == taker:
        raise InvalidSession("choose somebody else to take them over", "to")
    check_experts([taker], simulated=session.simulated)
    with transaction.atomic():
        _lock_open(session)
        going = _unbegun(session, giver, taker)
        position = _last_position(session, taker)
        for slate in going:
            slate.repeated_by.filter(state=Slate.State.OPEN).delete()
            position += 1
            slate.expert, slate.position, slate.first_seen_at = taker, position, None
            slate.save(update_fields=["expert", "position", "first_seen_at"])
        if going:
            session.slates.filter(
                expert=giver, state=Slate.State.OPEN, draft_version=0, gold__isnull=False
            ).delete()
            Participation.objects.get_or_create(session=session, expert=taker)
    return len(going)


def _unbegun(session: FeedbackSession, giver: User, taker: User) -> list[Slate]:
    known = set(session.slates.filter(expert=taker).values_list("query", flat=True))
    known |= {query for expert, query in known_conflicts(session.project) if expert == taker.pk}
    # Locked, or a move that comes in between would go over with the list, as an order the taker did not make.
    slates = list(session.slates.filter(expert=giver).select_for_update(of=("self",)).order_by("position"))
    untouched = [slate for slate in slates if slate.state == Slate.State.OPEN and slate.draft_version == 0]
    # A repeat that was begun keeps its first showing here: its moves are kept, and compare with nothing else.
    held = {slate.repeats_id for slate in slates if slate not in untouched}
    going = []
    for slate in untouched:
        first = slate.repeats_id is None and slate.gold_id is None
        if first and slate.pk not in held and slate.query_id not in known:
            known.add(slate.query_id)
            going.append(slate)
    return going


def _planted(session: FeedbackSession, expert: User) -> int:
    return session.slates.filter(expert=expert, gold__isnull=False).count()


def _last_position(session: FeedbackSession, expert: User) -> int:
    return session.slates.filter(expert=expert).aggregate(Max("position"))["position__max"] or 0


def _check_open(session: FeedbackSession) -> None:
    if session.state != FeedbackSession.State.OPEN:
        raise SessionClosed("this session is closed and takes no more lists")


def _lock_open(session: FeedbackSession) -> None:
    """Hold the session's row: it must not close while its lists change."""
    _check_open(FeedbackSession.objects.select_for_update().get(pk=session.pk))
