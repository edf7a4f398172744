"""Blind comparisons of two versions: opened with lists that are drawn and frozen, closed by an admin."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from feedback.errors import InvalidComparison, InvalidSession, SessionClosed
from feedback.models import ComparisonSession, ListChoice, Member
from feedback.services.interests import declared_by, known_conflicts
from feedback.services.sessions import check_experts
from feedback.sides import Ask, AskRequest, plan
from ranking.models import ItemVersion, ModelVersion, Query
from ranking.services.orders import tops_of
from ranking.services.training_sets import held_out

MOST_NEEDS = (
    100  # ranked under both versions at the opening, as many as comparisons of whole versions look at
)
TELLING = re.compile(r"\b(versions?|champion|challenger|v\d+)\b", re.IGNORECASE)
State = ComparisonSession.State
Side = ListChoice.Side


@dataclass(frozen=True)
class ComparisonRequest:
    """What an admin asks for; defaults are those of the form. Experts see the title: it names no version."""

    title: str
    instructions: str = ""
    needs_per_expert: int = 10
    items_per_list: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Contest:
    """One need for which two versions show different lists."""

    query: Query
    held_out: bool
    challenger: list[int]
    champion: list[int]


def open_comparison(
    challenger: ModelVersion,
    champion: ModelVersion,
    request: ComparisonRequest,
    *,
    experts: Sequence[User],
    by: str,
) -> ComparisonSession:
    """Ask experts which of two versions has the better list, without telling them which is whose.

    Raises InvalidComparison, naming the field; BrokenFile or CorruptModel if a version can't be loaded.
    """
    _check(challenger, champion, experts)
    _check_blind(request)
    session = _session_row(challenger, champion, request, by)
    rng = np.random.default_rng([request.seed, len(experts), request.needs_per_expert])
    # One more for each need that an interest may take away from one of them.
    most = len(experts) * request.needs_per_expert + len(declared_by(experts, challenger.project))
    contests = contests_of(challenger, champion, depth=request.items_per_list, most=most, rng=rng)
    asks = plan(ask_request(session, contests, experts, request.needs_per_expert), rng)
    if not contests:
        raise InvalidComparison(
            f"versions {challenger.number} and {champion.number} show the same lists for every need"
        )
    if not asks:
        raise InvalidComparison("these experts have an interest in every need with two different lists")
    with transaction.atomic():
        session.save()
        ListChoice.objects.bulk_create(choice_of(session, ask, contests[ask.need]) for ask in asks)
    return session


def contests_of(
    challenger: ModelVersion,
    champion: ModelVersion,
    *,
    depth: int,
    most: int,
    rng: np.random.Generator,
    without: Collection[int] = (),
) -> dict[int, Contest]:
    """Return at most `most` needs with two different lists, by id: drawn at random, held-out ones first."""
    needs = challenger.project.queries.filter(active=True).exclude(pk__in=without)
    queries = list(needs.select_related("project").order_by("pk"))
    shuffled = [queries[i] for i in rng.permutation(len(queries))]
    found: dict[int, Contest] = {}
    for query in sorted(shuffled, key=lambda query: not held_out(query))[:MOST_NEEDS]:
        if len(found) == most:
            break
        new, old = tops_of(query, challenger, champion, depth=depth)
        if new != old:
            found[query.pk] = Contest(query, held_out(query), new, old)
    return found


def close_comparison(session: ComparisonSession) -> ComparisonSession:
    """Close a comparison: it takes no answer any more. Raises SessionClosed."""
    closed = ComparisonSession.objects.filter(pk=session.pk, state=State.OPEN).update(
        state=State.CLOSED, closed_at=timezone.now()
    )
    if not closed:
        raise SessionClosed(f"“{session.title}” is closed already")
    session.refresh_from_db()
    return session


def counted(whose: User | None = None) -> QuerySet[ComparisonSession]:
    """Return comparisons with `choices_total` and `choices_done`, of one expert or of all, latest first."""
    mine = Q() if whose is None else Q(choices__expert=whose)
    found = ComparisonSession.objects.filter(mine).select_related("project", "challenger", "champion")
    return found.annotate(
        choices_total=Count("choices", filter=mine, distinct=True),
        choices_done=Count("choices__answer", filter=mine, distinct=True),
        last_answered_at=Max("choices__answer__created_at", filter=mine),
        experts_total=Count("choices__expert", distinct=True),
    ).order_by("-id")


def between(challenger: ModelVersion, champion: ModelVersion) -> QuerySet[ComparisonSession]:
    """Return the comparisons of two versions, either way round, latest first."""
    pair = [challenger.pk, champion.pk]
    return counted().filter(challenger__in=pair, champion__in=pair)


def _check(challenger: ModelVersion, champion: ModelVersion, experts: Sequence[User]) -> None:
    if challenger.project_id != champion.project_id or challenger.pk == champion.pk:
        raise InvalidComparison("choose two different versions of one project", "against")
    check_judges(experts)


def check_judges(experts: Sequence[User]) -> None:
    """Raise InvalidComparison unless all of them are experts of flesh and blood, and there is one."""
    try:
        check_experts(experts, simulated=True)  # those are refused below, in words of their own
    except InvalidSession as error:
        raise InvalidComparison(str(error), error.field) from error
    played = Member.objects.filter(user__in=experts, simulated=True).values_list("user__username", flat=True)
    if played:
        raise InvalidComparison(f"simulated, so no evidence: {', '.join(played)}", "experts")


def _check_blind(request: ComparisonRequest) -> None:
    """Refuse words that say what is compared: experts read both texts beside the lists."""
    for field in ("title", "instructions"):
        if TELLING.search(getattr(request, field)):
            raise InvalidComparison("experts see this: name no version, champion or challenger", field)


def _session_row(
    challenger: ModelVersion, champion: ModelVersion, request: ComparisonRequest, by: str
) -> ComparisonSession:
    session = ComparisonSession(
        project=challenger.project,
        challenger=challenger,
        champion=champion,
        opened_by=by,
        **{name: getattr(request, name) for name in ComparisonRequest.__dataclass_fields__},
    )
    try:
        session.full_clean(exclude=["project", "challenger", "champion"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidComparison(" ".join(messages), "" if field == "__all__" else field) from error
    return session


def ask_request(
    session: ComparisonSession,
    contests: dict[int, Contest],
    experts: Sequence[User],
    each: int,
    asked: Mapping[int, int] | None = None,
) -> AskRequest:
    """Return what is asked of whom, away from needs in which they have an interest."""
    return AskRequest(
        experts=[expert.pk for expert in experts],
        each=each,
        held_out=[pk for pk, contest in contests.items() if contest.held_out],
        others=[pk for pk, contest in contests.items() if not contest.held_out],
        barred=_barred(session, contests, experts),
        asked=asked or {},
    )


def _barred(
    session: ComparisonSession, contests: dict[int, Contest], experts: Sequence[User]
) -> dict[int, set[int]]:
    """Return the needs by expert in whose lists they have declared an interest."""
    shown = {pk for contest in contests.values() for pk in (*contest.challenger, *contest.champion)}
    item_of = dict(ItemVersion.objects.filter(pk__in=shown).values_list("pk", "item"))
    conflicts = known_conflicts(session.project)
    return {
        expert.pk: {
            pk
            for pk, contest in contests.items()
            if conflicts.get((expert.pk, pk), frozenset())
            & {item_of[shown] for shown in (*contest.challenger, *contest.champion)}
        }
        for expert in experts
    }


def choice_of(session: ComparisonSession, ask: Ask, contest: Contest) -> ListChoice:
    """Return the row of a choice, with the lists on their sides."""
    left, right = contest.challenger, contest.champion
    if not ask.challenger_left:
        left, right = right, left
    return ListChoice(
        session=session,
        expert_id=ask.expert,
        query=contest.query,
        query_content=contest.query.content,
        held_out=contest.held_out,
        position=ask.position,
        challenger_side=Side.LEFT if ask.challenger_left else Side.RIGHT,
        left=left,
        right=right,
    )
