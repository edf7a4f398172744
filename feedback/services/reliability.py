"""What is known about each expert: pace, consistency, how often the shown order was kept. Reads only.

An expert who keeps the shown order agrees with the model and looks reliable to any measure of agreement.
Only lists in random order tell the two apart: there, conviction keeps half of the pairs, and habit more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
from django.db.models import Count, Max, Q, QuerySet

from feedback.models import Judgement, Member, Preference
from feedback.services.against_gold import agreement_with_gold
from feedback.services.agreeing import consistency_of
from feedback.services.pace import LONGEST_COUNTED
from ranking.ltr.agreement import Consistency
from ranking.ltr.intervals import estimate_mean
from ranking.ltr.known import AgainstKnown
from ranking.models import ModelVersion, Project
from ranking.services import reports
from ranking.services.reports import Judge

Origin = Preference.Origin
CHANCE = 0.5
ONE_SIDED_995 = 2.58


@dataclass(frozen=True)
class KeptShare:
    """How many pairs of an expert's lists stayed as they were shown: counts, and the mean share by list.

    `low` and `high` are a 95 % interval over lists (pairs of a list depend on each other), None below four;
    `error` is the standard error of the mean.
    """

    lists: int
    pairs: int
    kept: int
    share: float | None
    low: float | None
    high: float | None
    error: float | None = None

    @property
    def is_high(self) -> bool:
        """Whether clearly more was kept than chance would keep: a hint, on lists in random order only.

        At 99.5 % instead of 95: a finding about a person must not be one that chance makes every week.
        """
        if self.share is None or self.error is None:
            return False
        return self.share - ONE_SIDED_995 * self.error > CHANCE


@dataclass(frozen=True)
class ExpertRow:
    """One expert in numbers, from one project: lists with an answer, and lists that could not be judged."""

    member: Member
    judgements: int
    unanswered: int
    sessions: int
    seconds: float | None
    last_at: datetime | None
    randomised: KeptShare
    model_order: KeptShare
    learned: Judge | None
    consistency: Consistency | None
    gold: AgainstKnown | None

    @property
    def username(self) -> str:
        return self.member.user.username

    @property
    def flip_rate(self) -> float | None:
        """How often training thinks this expert says the opposite of what they mean; None if not known."""
        return self.learned.flip_rate if self.learned and self.learned.flips_known else None

    @property
    def verdict(self) -> str | None:
        """What training makes of the answers, as `ranking.ltr.judges` names it; None before training."""
        return self.learned.verdict if self.learned else None


def experts_of(project: Project) -> QuerySet[Member]:
    """Return all experts, who judged most in a project first."""
    here = Q(user__judgements__slate__session__project=project)
    here &= Q(user__judgements__kind__in=Judgement.ANSWERS)
    experts = Member.objects.filter(role=Member.Role.EXPERT).select_related("user")
    counted = experts.annotate(judged=Count("user__judgements", filter=here))
    return counted.order_by("-judged", "user__username")


def expert_rows(project: Project, members: Sequence[Member] | None = None) -> list[ExpertRow]:
    """Return all experts, or those given, with what they did in a project; who judged most comes first."""
    if members is None:
        members = list(experts_of(project))
    users = [member.user_id for member in members]
    counts, paces, kept = _counts(project, users), _paces(project, users), _kept(project, users)
    judges = reports.judges_of(latest_trained_by_experts(project))
    learned = {judge.username: judge for judge in judges}
    again = consistency_of(project, users)
    gold = agreement_with_gold(project, users)
    rows = [
        ExpertRow(
            member=member,
            judgements=counts.get(member.user_id, {}).get("judgements", 0),
            unanswered=counts.get(member.user_id, {}).get("unanswered", 0),
            sessions=counts.get(member.user_id, {}).get("sessions", 0),
            seconds=median(paces[member.user_id]) if paces[member.user_id] else None,
            last_at=counts.get(member.user_id, {}).get("last_at"),
            randomised=_share(kept[member.user_id, True]),
            model_order=_share(kept[member.user_id, False]),
            learned=learned.get(member.user.username),
            consistency=again.get(member.user.username),
            gold=gold.get(member.user.username),
        )
        for member in members
    ]
    return sorted(rows, key=lambda row: (-row.judgements, row.username))


def latest_trained_by_experts(project: Project) -> ModelVersion | None:
    """Return the latest version that learned from sessions, whose report knows the experts."""
    return project.versions.filter(training_set__mode="preferences").order_by("-number").first()


def figures_of(project: Project, username: str) -> dict[str, Any] | None:
    """Return how the latest version learned from sessions does against its champion for this expert.

    An entry of an evaluation's `experts` with the `evaluation`; None when they judged no held-out list.
    """
    version = latest_trained_by_experts(project)
    evaluation = version.evaluations.select_related("challenger", "champion").first() if version else None
    figures = evaluation.results["experts"].get(username) if evaluation else None
    return {**figures, "evaluation": evaluation} if figures else None


def _counts(project: Project, users: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = (
        Judgement.objects.filter(slate__session__project=project, expert__in=users)
        .order_by()
        .values("expert")
        .annotate(
            judgements=Count("id", filter=Q(kind__in=Judgement.ANSWERS)),
            unanswered=Count("id", filter=~Q(kind__in=Judgement.ANSWERS)),
            sessions=Count("slate__session", distinct=True),
            last_at=Max("created_at"),
        )
    )
    return {row["expert"]: row for row in rows}


def _paces(project: Project, users: Sequence[int]) -> dict[int, list[int]]:
    paces: dict[int, list[int]] = defaultdict(list)
    judged = Judgement.objects.filter(
        slate__session__project=project, expert__in=users, seconds__gt=0, seconds__lte=LONGEST_COUNTED
    )
    for expert, seconds in judged.values_list("expert_id", "seconds"):
        paces[expert].append(seconds)
    return paces


def _kept(project: Project, users: Sequence[int]) -> dict[tuple[int, bool], list[tuple[int, int]]]:
    """Return by (expert, shown in random order) the (kept, all) pairs of each list that was put in order."""
    lists = (
        Preference.objects.filter(
            judgement__slate__session__project=project,
            judgement__expert__in=users,
            origin__in=[Origin.KEPT, Origin.REORDERED],
        )
        .order_by()
        .values_list("judgement_id", "judgement__expert_id", "judgement__slate__randomised")
        .annotate(kept=Count("id", filter=Q(origin=Origin.KEPT)), pairs=Count("id"))
    )
    found: dict[tuple[int, bool], list[tuple[int, int]]] = defaultdict(list)
    for _, expert, randomised, kept, pairs in lists:
        found[expert, randomised].append((kept, pairs))
    return found


def _share(lists: Sequence[tuple[int, int]]) -> KeptShare:
    """Mean share by list with its interval.

    >>> share = _share([(4, 6), (6, 6), (5, 6), (5, 6)])
    >>> share.kept, share.pairs, round(share.share, 2), share.is_high
    (20, 24, 0.83, True)
    >>> _share([(2, 6), (6, 6), (5, 6), (1, 6)]).is_high
    False
    """
    kept, pairs = sum(kept for kept, _ in lists), sum(pairs for _, pairs in lists)
    if not lists:
        return KeptShare(0, 0, 0, None, None, None)
    shares = np.array([kept / pairs for kept, pairs in lists])
    mean = estimate_mean(shares, seed=len(lists))
    error = None if mean.low is None else float(shares.std(ddof=1) / np.sqrt(len(lists)))
    return KeptShare(len(lists), pairs, kept, mean.value, mean.low, mean.high, error)
