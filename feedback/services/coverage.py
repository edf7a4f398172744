"""How far a session has come, which needs it covers, and what it costs. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Count, Max, Q, QuerySet

from feedback.models import FeedbackSession, Judgement, Preference, Slate
from feedback.services.pace import LONGEST_COUNTED, SECONDS_PER_CARD
from ranking.models import Project, Query
from ranking.services.candidates import description_of
from ranking.services.training_sets import held_out

Kind = Judgement.Kind
ANSWERED = Q(slates__judgement__kind__in=Judgement.ANSWERS)
LISTS_KEPT_BACK = 0.25  # of a session's lists, about: those of held-out needs, which only evaluate


@dataclass(frozen=True)
class Progress:
    """How far one expert has come in a session; of the lists that are done, some could not be judged."""

    username: str
    name: str
    simulated: bool
    slates: int
    done: int
    answered: int
    seconds: float | None
    not_ordered: int
    last_at: datetime | None

    @property
    def unanswered(self) -> int:
        """Lists that could not be judged."""
        return self.done - self.answered


@dataclass(frozen=True)
class NeedCoverage:
    """What a session has asked and learned about one need; lists of known order ask nothing new.

    `done` lists have an answer and `unanswered` ones say why they could not be judged; `cards` are the
    different items that answers say something about, and `experts` those who gave them.
    """

    query: Query
    held_out: bool
    slates: int
    done: int
    unanswered: int
    experts: int
    cards: int


@dataclass(frozen=True)
class Summary:
    """A session at a glance.

    `done` lists were handed in and `answered` ones of them say something about their cards. Of these, `gold`
    had a known order.
    """

    slates: int
    done: int
    answered: int
    gold: int
    needs: int
    needs_judged: int
    held_out_lists: int
    minutes: float
    preferences: int

    @property
    def unanswered(self) -> int:
        """Lists that could not be judged."""
        return self.done - self.answered


@dataclass(frozen=True)
class Remark:
    """One comment with who made it on which list."""

    slate: int
    expert: str
    need: str
    kind: str
    text: str


@dataclass(frozen=True)
class Remarks:
    """What experts said beside the order: reasons by how often, comments, non-answers, missing fields."""

    reasons: tuple[tuple[str, int], ...]
    comments: tuple[Remark, ...]
    kinds: tuple[tuple[str, str, int], ...]
    gaps: tuple[tuple[str, int], ...]

    @property
    def any(self) -> bool:
        """Whether anything was judged at all."""
        return any(count for _, _, count in self.kinds)


@dataclass(frozen=True)
class Cost:
    """What a session asks of its experts; `measured` says whether the pace is that of judged lists."""

    experts: int
    lists: int
    held_out_lists: int
    seconds_a_list: float
    minutes_each: float
    minutes_all: float
    measured: int


def cost_of(project: Project, *, experts: int, slates: int, items: int) -> Cost:
    """Return what a session would ask: lists and minutes, at the pace of the project's judged lists."""
    paces = [
        seconds / cards
        for seconds, cards in Judgement.objects.filter(
            slate__session__project=project,
            kind__in=Judgement.ANSWERS,
            seconds__gt=0,
            seconds__lte=LONGEST_COUNTED,
        )
        .annotate(cards=Count("slate__items"))
        .values_list("seconds", "cards")
    ]
    each = items * (median(paces) if paces else SECONDS_PER_CARD)
    return Cost(
        experts=experts,
        lists=experts * slates,
        held_out_lists=round(LISTS_KEPT_BACK * experts * slates),
        seconds_a_list=each,
        minutes_each=slates * each / 60,
        minutes_all=experts * slates * each / 60,
        measured=len(paces),
    )


def sessions_of(project: Project) -> QuerySet[FeedbackSession]:
    """Return the sessions with `slates_total`, `_done`, `_answered` and `experts_total`, latest first."""
    return (
        project.sessions.select_related("version")
        .defer("version__report", "version__params")
        .annotate(
            slates_total=Count("slates", distinct=True),
            slates_done=Count("slates", filter=Q(slates__state=Slate.State.SUBMITTED), distinct=True),
            slates_answered=Count("slates", filter=ANSWERED, distinct=True),
            experts_total=Count("slates__expert", distinct=True),
            last_judged_at=Max("slates__submitted_at"),
        )
        .order_by("-id")
    )


def progress_of(session: FeedbackSession) -> list[Progress]:
    """Return how far each invited expert has come, in the order of invitation."""
    counts = {
        row["expert"]: row
        for row in session.slates.order_by()
        .values("expert")
        .annotate(
            slates=Count("id"),
            done=Count("id", filter=Q(state=Slate.State.SUBMITTED)),
            answered=Count("id", filter=Q(judgement__kind__in=Judgement.ANSWERS)),
            not_ordered=Count("id", filter=Q(judgement__isnull=False) & ~Q(judgement__kind=Kind.REORDER)),
            last_at=Max("submitted_at"),
        )
    }
    paces = _paces(session)
    return [
        Progress(
            username=expert.username,
            name=expert.get_full_name() or expert.username,
            simulated=expert.member.simulated,
            slates=counts[expert.pk]["slates"] if expert.pk in counts else 0,
            done=counts[expert.pk]["done"] if expert.pk in counts else 0,
            answered=counts[expert.pk]["answered"] if expert.pk in counts else 0,
            seconds=median(paces[expert.pk]) if paces[expert.pk] else None,
            not_ordered=counts[expert.pk]["not_ordered"] if expert.pk in counts else 0,
            last_at=counts[expert.pk]["last_at"] if expert.pk in counts else None,
        )
        for expert in (
            participation.expert
            for participation in session.participations.select_related("expert__member").order_by("id")
        )
    ]


def needs_covered(session: FeedbackSession) -> list[NeedCoverage]:
    """Return what the session covers, the most judged first; needs that it never asks about come last."""
    asked = session.slates.exclude(arm=Slate.Arm.GOLD)
    slates = Counter(asked.values_list("query", flat=True))
    judged: dict[int, list[Judgement]] = defaultdict(list)
    judgements = Judgement.objects.filter(slate__in=asked).select_related("slate")
    for judgement in judgements.prefetch_related("slate__items"):
        judged[judgement.slate.query_id].append(judgement)
    wanted = Q(active=True) | Q(pk__in=slates)
    queries = session.project.queries.filter(wanted).select_related("project").order_by("title")
    found = [_need(query, slates[query.pk], judged[query.pk]) for query in queries]
    return sorted(found, key=lambda need: (-need.done, -need.slates, need.query.title))


def _need(query: Query, slates: int, judgements: Sequence[Judgement]) -> NeedCoverage:
    answers = [judgement for judgement in judgements if judgement.is_answer]
    cards = {
        card.item_version_id
        for judgement in answers
        for card in judgement.slate.items.all()
        if card.pk not in judgement.not_looked_at
    }
    return NeedCoverage(
        query=query,
        held_out=held_out(query),
        slates=slates,
        done=len(answers),
        unanswered=len(judgements) - len(answers),
        experts=len({judgement.expert_id for judgement in answers}),
        cards=len(cards),
    )


def summary_of(
    session: FeedbackSession,
    judgements: Sequence[Judgement],
    needs: Sequence[NeedCoverage],
) -> Summary:
    """Return a session's figures from its judgements and needs."""
    counted = [j.seconds for j in judgements if 0 < j.seconds <= LONGEST_COUNTED]
    answers = [judgement for judgement in judgements if judgement.is_answer]
    return Summary(
        slates=session.slates.count(),
        done=len(judgements),
        answered=len(answers),
        gold=sum(judgement.slate.arm == Slate.Arm.GOLD for judgement in answers),
        needs=len(needs),
        needs_judged=sum(need.done > 0 for need in needs),
        held_out_lists=sum(need.done for need in needs if need.held_out),
        minutes=sum(counted) / 60,
        preferences=Preference.objects.filter(judgement__slate__session=session).count(),
    )


def remarks_of(judgements: Iterable[Judgement], project: Project) -> Remarks:
    """Return what was said beside the order in the judgements (with `slate__query` and `expert` at hand)."""
    judgements = list(judgements)
    description = description_of(project)
    tags = {tag.name: tag.label for tag in description.reason_tags}
    fields = {known.name: known.label for known in description.item.fields}
    reasons = Counter(tag for judgement in judgements for tag in judgement.reason_tags)
    kinds = Counter(judgement.kind for judgement in judgements)
    gaps = Counter(j.field for j in judgements if j.kind == Kind.MISSING_INFORMATION)
    return Remarks(
        reasons=tuple((tags.get(name, name), count) for name, count in reasons.most_common()),
        comments=tuple(_remark(judgement) for judgement in judgements if judgement.comment.strip()),
        kinds=tuple((str(kind.value), str(kind.label), kinds[kind.value]) for kind in Kind),
        gaps=tuple((fields.get(name, name), count) for name, count in gaps.most_common()),
    )


def judgements_of(session: FeedbackSession) -> list[Judgement]:
    """Return the judgements of a session with their slates, needs and experts, latest first."""
    return list(
        Judgement.objects.filter(slate__session=session)
        .select_related("slate__query", "expert__member")
        .order_by("-id")
    )


def _paces(session: FeedbackSession) -> dict[int, list[int]]:
    seconds: dict[int, list[int]] = defaultdict(list)
    judged = Judgement.objects.filter(
        slate__session=session, seconds__gt=0, seconds__lte=LONGEST_COUNTED
    ).values_list("expert_id", "seconds")
    for expert, taken in judged:
        seconds[expert].append(taken)
    return seconds


def _remark(judgement: Judgement) -> Remark:
    return Remark(
        slate=judgement.slate_id,
        expert=judgement.expert.get_full_name() or judgement.expert.username,
        need=judgement.slate.query.title,
        kind=judgement.get_kind_display(),
        text=judgement.comment.strip(),
    )
