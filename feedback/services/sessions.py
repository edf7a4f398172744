"""Opening and closing sessions: slates are planned and frozen at the opening, preferences at the closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feedback.errors import InvalidSession, SessionClosed
from feedback.models import FeedbackSession, Member, Participation, Slate, SlateItem
from feedback.selection import PlannedSlate, PlanRequest, plan
from feedback.services.asking import Pool, candidate_rows, pools_of
from feedback.services.deriving import derive_preferences
from feedback.services.offering import known_conflicts
from feedback.services.planting import check_planted, how_many, known_lists
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


def open_session(
    project: Project, request: SessionRequest, *, experts: Sequence[User], by: str
) -> FeedbackSession:
    """Open a session: draw queries and items for each expert and freeze what will be shown.

    Raises InvalidSession, naming the field; NoChampion when nothing is in service.
    """
    check_experts(experts)
    champion = serving.champion(project)
    gold = how_many(project, request.gold_per_expert, slates=request.slates_per_expert)
    request = replace(request, gold_per_expert=gold)
    session = _session_row(project, champion.version, request, by)
    rng = np.random.default_rng([request.seed, len(experts), request.slates_per_expert])
    pools = pools_of(project, champion)
    if not pools:
        raise InvalidSession("no need of this project has two candidates to put in order", "project")
    rows = candidate_rows(project, champion, pools, seed=request.seed)
    slates = plan(_plan_request(project, request, [expert.pk for expert in experts], pools), rows, rng)
    with transaction.atomic():
        check_planted(project, slates)
        session.save()
        Participation.objects.bulk_create(Participation(session=session, expert=expert) for expert in experts)
        freeze_slates(session, slates, pools, rng)
    return session


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


def check_experts(experts: Sequence[User]) -> None:
    """Raise InvalidSession unless all of them are experts, and there is one."""
    if not experts:
        raise InvalidSession("invite at least one expert", "experts")
    known = set(
        Member.objects.filter(user__in=experts, role=Member.Role.EXPERT).values_list("user_id", flat=True)
    )
    strangers = [expert.get_username() for expert in experts if expert.pk not in known]
    if strangers:
        raise InvalidSession(f"not an expert: {', '.join(strangers)}", "experts")


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
    project: Project, request: SessionRequest, experts: Sequence[int], pools: Mapping[int, Pool]
) -> PlanRequest:
    return PlanRequest(
        experts=experts,
        slates_per_expert=request.slates_per_expert,
        items_per_slate=request.items_per_slate,
        random_share=request.random_share,
        overlap_share=request.overlap_share,
        conflicts=known_conflicts(project),
        gold_per_expert=request.gold_per_expert or 0,
        known=known_lists(project, pools) if request.gold_per_expert else (),
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
    orders = [rng.permutation(len(plan.drawn.ranks)) if plan.randomised else None for plan in planned]
    cards: list[SlateItem] = []
    repeated: list[Slate] = []
    for slate, plan_row, order in zip(slates, planned, orders, strict=True):
        if order is None:
            order = np.arange(len(plan_row.drawn.ranks))
        if plan_row.repeats is not None:
            first = at[plan_row.expert, plan_row.repeats]
            slate.repeats = slates[first]
            repeated.append(slate)
            shown = orders[first]
            order = _another_order(order, np.arange(len(order)) if shown is None else shown)
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


def _another_order(order: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return the order, turned round if it is the one that was shown."""
    return order[::-1] if np.array_equal(order, shown) else order


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
