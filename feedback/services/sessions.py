"""Opening and closing sessions: slates are planned and frozen at the opening, preferences at the closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feedback.errors import InvalidSession, SessionClosed
from feedback.models import FeedbackSession, Member, Participation, Slate, SlateItem
from feedback.selection import PlannedSlate, PlanRequest, draw_items, plan
from feedback.services.deriving import derive_preferences
from feedback.services.offering import known_conflicts
from ranking.models import Project, Query
from ranking.services import serving
from ranking.services.candidates import Candidates, candidates
from ranking.services.training_sets import held_out

LEAST_ITEMS = 2  # a list of one says nothing


@dataclass(frozen=True)
class SessionRequest:
    """What an admin asks for when opening a session; defaults are those of the form."""

    title: str
    instructions: str = ""
    slates_per_expert: int = 12
    items_per_slate: int = 8
    random_share: float = 0.5
    overlap_share: float = 0.2
    asks_ratings: bool = False
    simulated: bool = False
    seed: int = 0


@dataclass(frozen=True)
class _Pool:
    """The candidates of one query in the order of the version, best first."""

    query: Query
    found: Candidates
    order: np.ndarray


def open_session(
    project: Project, request: SessionRequest, *, experts: Sequence[User], by: str
) -> FeedbackSession:
    """Open a session: draw queries and items for each expert and freeze what will be shown.

    Raises InvalidSession, naming the field; NoChampion when nothing is in service.
    """
    _check_experts(experts)
    champion = serving.champion(project)
    session = _session_row(project, champion.version, request, by)
    rng = np.random.default_rng([request.seed, len(experts), request.slates_per_expert])
    pools = _pools(project, champion)
    slates = _planned(request, [expert.pk for expert in experts], pools, rng)
    with transaction.atomic():
        session.save()
        Participation.objects.bulk_create(Participation(session=session, expert=expert) for expert in experts)
        _freeze_slates(session, slates, pools, rng)
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


def _check_experts(experts: Sequence[User]) -> None:
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


def _pools(project: Project, champion: serving.Champion) -> dict[int, _Pool]:
    pools = {}
    for query in project.queries.filter(active=True).select_related("project"):
        found = candidates(query, champion.version.feature_set)
        if len(found) >= LEAST_ITEMS:
            pools[query.pk] = _Pool(query, found, serving.order(champion.ranker, found)[0])
    if not pools:
        raise InvalidSession("no need of this project has two candidates to put in order", "project")
    return pools


def _planned(
    request: SessionRequest, experts: Sequence[int], pools: dict[int, _Pool], rng: np.random.Generator
) -> list[PlannedSlate]:
    queries = list(pools)
    return plan(
        PlanRequest(
            experts=experts,
            queries=queries,
            held_out=[held_out(pools[query].query) for query in queries],
            slates_per_expert=request.slates_per_expert,
            random_share=request.random_share,
            overlap_share=request.overlap_share,
        ),
        rng,
    )


def _freeze_slates(
    session: FeedbackSession,
    planned: Sequence[PlannedSlate],
    pools: dict[int, _Pool],
    rng: np.random.Generator,
) -> None:
    slates = Slate.objects.bulk_create(
        Slate(
            session=session,
            expert_id=plan.expert,
            query_id=plan.query,
            query_content=pools[plan.query].query.content,
            position=plan.position,
            randomised=plan.randomised,
            shared=plan.shared,
            selection_probability=plan.probability,
        )
        for plan in planned
    )
    conflicts = known_conflicts(session.project)
    draws: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    cards: list[SlateItem] = []
    for slate, plan_row in zip(slates, planned, strict=True):
        pool = pools[plan_row.query]
        if plan_row.draw not in draws:
            draws[plan_row.draw] = draw_items(len(pool.found), session.items_per_slate, rng)
        barred = conflicts.get((plan_row.expert, plan_row.query), frozenset())
        cards += _cards(slate, pool, _without(pool, draws[plan_row.draw], barred), rng)
    SlateItem.objects.bulk_create(cards, batch_size=500)


def _without(
    pool: _Pool, drawn: tuple[np.ndarray, np.ndarray], barred: frozenset[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out the items in which the expert has an interest: nobody is asked about them twice."""
    ranks, probabilities = drawn
    keep = np.array([pool.found.item_ids[pool.order[rank - 1]] not in barred for rank in ranks], dtype=bool)
    return ranks[keep], probabilities[keep]


def _cards(
    slate: Slate, pool: _Pool, drawn: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> list[SlateItem]:
    ranks, probabilities = drawn
    shown = rng.permutation(len(ranks)) if slate.randomised else np.arange(len(ranks))
    features = pool.found.features
    cards = []
    for position, i in enumerate(shown, start=1):
        row = int(pool.order[ranks[i] - 1])
        values = features.iloc[row]
        cards.append(
            SlateItem(
                slate=slate,
                item_version_id=int(pool.found.version_ids[row]),
                shown_position=position,
                model_rank=int(ranks[i]),
                selection_probability=float(probabilities[i]),
                features={name: None if np.isnan(value) else float(value) for name, value in values.items()},
            )
        )
    return cards
