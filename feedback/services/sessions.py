"""Opening and closing sessions: slates are planned and frozen at the opening, preferences at the closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feedback.errors import InvalidSession, SessionClosed
from feedback.models import FeedbackSession, Member, Participation, Slate, SlateItem
from feedback.selection import CandidateRows, KnownList, PlannedSlate, PlanRequest, orders_shown, plan
from feedback.services.asking import Pool, candidate_rows, pools_of
from feedback.services.deriving import derive_preferences
from feedback.services.interests import known_conflicts
from feedback.services.planting import check_planted, how_many, known_lists
from feedback.services.running import check_day
from ranking.models import Project
from ranking.services import serving


@dataclass(frozen=True)
class SessionRequest:
    """What an admin asks for when opening a session; defaults are those of the form.

    Without a number of lists of known order it is one where there is one to plant, see `planting.how_many`.
    """

    title: str
    instructions: str = ""
    slates_per_expert: int = 12
    items_per_slate: int = 8
    random_share: float = 0.5
    overlap_share: float = 0.2
    gold_per_expert: int | None = None
    asks_ratings: bool = False
    simulated: bool = False
    seed: int = 0
    due_on: date | None = None


def open_session(
    project: Project, request: SessionRequest, *, experts: Sequence[User], by: str
) -> FeedbackSession:
    """Open a session: draw queries and items for each expert and freeze what will be shown.

    Raises InvalidSession, naming the field; NoChampion when nothing is in service.
    """
    check_experts(experts, simulated=request.simulated)
    check_day(request.due_on)
    champion = serving.champion(project)
    request = with_gold(project, request)
    session = _session_row(project, champion.version, request, by)
    pools = pools_of(project, champion)
    check_pools(pools)
    rows = candidate_rows(project, champion, pools, seed=request.seed)
    known = known_lists(project, pools) if request.gold_per_expert else ()
    slates, rng = draw(project, request, experts, (rows, known))
    with transaction.atomic():
        check_planted(project, slates)
        session.save()
        Participation.objects.bulk_create(Participation(session=session, expert=expert) for expert in experts)
        freeze_slates(session, slates, pools, rng)
    return session


def with_gold(project: Project, request: SessionRequest) -> SessionRequest:
    """Return what is asked for with the number of lists of known order that each expert gets.

    Raises InvalidSession where some are asked for and none fits.
    """
    gold = how_many(
        project,
        request.gold_per_expert,
        slates=request.slates_per_expert,
        items=request.items_per_slate,
    )
    return replace(request, gold_per_expert=gold)


def draw(
    project: Project,
    request: SessionRequest,
    experts: Sequence[User],
    askable: tuple[CandidateRows, Sequence[KnownList]],
) -> tuple[list[PlannedSlate], np.random.Generator]:
    """Return the lists of a session, and the generator that goes on to put their cards in order.

    `askable` are the rows and the lists of known order that may be asked about. Nothing is written: what is
    drawn with the same seed from the same of these is the same, looked at or opened.
    """
    rows, known = askable
    rng = np.random.default_rng([request.seed, len(experts), request.slates_per_expert])
    return plan(_plan_request(project, request, [expert.pk for expert in experts], known), rows, rng), rng


def close_session(session: FeedbackSession) -> FeedbackSession:
    """Close a session and derive its preferences, all or nothing. Raises SessionClosed."""
    with transaction.atomic():
        closed = FeedbackSession.objects.filter(pk=session.pk, state=FeedbackSession.State.OPEN).update(
            state=FeedbackSession.State.CLOSED, closed_at=timezone.now()
        )
        if not closed:
            raise SessionClosed(f"“{session.title}” is closed already")
        session.refresh_from_db()
        derive_preferences(session)
    return session


def check_pools(pools: Mapping[int, Pool]) -> None:
    """Raise InvalidSession where there is nothing to ask about."""
    if not pools:
        raise InvalidSession("no need of this project has two candidates to put in order", "project")


def check_experts(experts: Sequence[User], *, simulated: bool = False) -> None:
    """Raise InvalidSession unless all of them are experts who can log in, and there is one.

    A `simulated` session is for those whom the program plays, too: nobody else could ever judge their lists.
    """
    if not experts:
        raise InvalidSession("invite at least one expert", "experts")
    members = Member.objects.filter(user__in=experts, role=Member.Role.EXPERT)
    played = dict(members.values_list("user_id", "simulated"))
    strangers = [expert.get_username() for expert in experts if expert.pk not in played]
    if strangers:
        raise InvalidSession(f"not an expert: {', '.join(strangers)}", "experts")
    away = [f"{expert.get_username()} (suspended)" for expert in experts if not expert.is_active]
    if not simulated:
        away += [f"{expert.get_username()} (simulated)" for expert in experts if played[expert.pk]]
    if away:
        raise InvalidSession(f"cannot log in: {', '.join(away)}", "experts")


def _session_row(project: Project, version: Any, request: SessionRequest, by: str) -> FeedbackSession:
    session = FeedbackSession(
        project=project,
        version=version,
        opened_by=by,
        **{name: getattr(request, name) for name in SessionRequest.__dataclass_fields__},
    )
    try:
        session.full_clean(exclude=["project", "version"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidSession(" ".join(messages), "" if field == "__all__" else field) from error
    return session


def _plan_request(
    project: Project, request: SessionRequest, experts: Sequence[int], known: Sequence[KnownList]
) -> PlanRequest:
    return PlanRequest(
        experts=experts,
        slates_per_expert=request.slates_per_expert,
        items_per_slate=request.items_per_slate,
        random_share=request.random_share,
        overlap_share=request.overlap_share,
        conflicts=known_conflicts(project),
        gold_per_expert=request.gold_per_expert or 0,
        known=known,
    )


def freeze_slates(
    session: FeedbackSession,
    planned: Sequence[PlannedSlate],
    pools: Mapping[int, Pool],
    rng: np.random.Generator,
) -> None:
    """Write planned slates with their cards as they will be shown; inside a transaction."""
    slates = Slate.objects.bulk_create(_slate(session, plan, pools[plan.drawn.query]) for plan in planned)
    at = {(slate.expert_id, slate.position): place for place, slate in enumerate(slates)}
    cards: list[SlateItem] = []
    repeated: list[Slate] = []
    for slate, plan_row, order in zip(slates, planned, orders_shown(planned, rng), strict=True):
        if plan_row.repeats is not None:
            slate.repeats = slates[at[plan_row.expert, plan_row.repeats]]
            repeated.append(slate)
        cards += _cards(slate, pools[plan_row.drawn.query], plan_row, order)
    Slate.objects.bulk_update(repeated, ["repeats"])
    SlateItem.objects.bulk_create(cards, batch_size=500)


def _slate(session: FeedbackSession, planned: PlannedSlate, pool: Pool) -> Slate:
    return Slate(
        session=session,
        expert_id=planned.expert,
        query_id=planned.drawn.query,
        query_content=pool.query.content,
        position=planned.position,
        randomised=planned.randomised,
        shared=planned.shared,
        arm=planned.drawn.arm,
        gold_id=planned.gold,
        selection_probability=planned.drawn.probability,
    )


def _cards(slate: Slate, pool: Pool, planned: PlannedSlate, order: np.ndarray) -> list[SlateItem]:
    features = pool.found.features
    cards = []
    for position, i in enumerate(order, start=1):
        row = int(pool.order[planned.drawn.ranks[i] - 1])
        values = features.iloc[row]
        cards.append(
            SlateItem(
                slate=slate,
                item_version_id=int(pool.found.version_ids[row]),
                shown_position=position,
                model_rank=planned.drawn.ranks[i],
                selection_probability=planned.drawn.item_probabilities[i],
                features={name: None if np.isnan(value) else float(value) for name, value in values.items()},
            )
        )
    return cards
