"""What taught a version: the trainings, sessions and judgements between two of them. Counts, no names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from feedback.models import Judgement, Preference, Slate
from ranking.models import Match, ModelVersion, Ranking


@dataclass(frozen=True)
class TaughtSession:
    """One session behind a training: how much was judged, how much of it about this need and this item."""

    title: str
    simulated: bool
    judgements: int
    on_need: int
    with_item: int


@dataclass(frozen=True)
class Verdicts:
    """How often experts put one item above another one, or below."""

    above: int = 0
    below: int = 0


@dataclass(frozen=True)
class Teaching:
    """Everything between two versions; `undone` when the list went back to an earlier version instead."""

    versions: tuple[ModelVersion, ...]
    undone: bool
    labels: int
    sessions: tuple[TaughtSession, ...]
    experts: int
    here: Verdicts
    elsewhere: Verdicts

    @property
    def judgements(self) -> int:
        """Judgements in all the sessions."""
        return sum(session.judgements for session in self.sessions)

    @property
    def on_need(self) -> int:
        """Judgements about this need."""
        return sum(session.on_need for session in self.sessions)

    @property
    def with_item(self) -> int:
        """Judgements of lists on which this item stood, for any need."""
        return sum(session.with_item for session in self.sessions)

    @property
    def simulated(self) -> bool:
        """Whether any of the experts was simulated."""
        return any(session.simulated for session in self.sessions)


def lineage(version: ModelVersion) -> list[ModelVersion]:
    """Return the version and those it was built on, latest first, with their training sets."""
    known = {
        each.pk: each
        for each in ModelVersion.objects.filter(project=version.project_id).select_related("training_set")
    }
    chain, at = [], version.pk
    while at is not None:
        chain.append(known[at])
        at = known[at].parent_id
    return chain


def simulated_versions(version: ModelVersion) -> list[ModelVersion]:
    """Return those of a version's lineage that simulated experts have taught, latest first."""
    return [each for each in lineage(version) if any(source["simulated"] for source in _sources([each]))]


def experts_of(sessions: Iterable[int]) -> dict[int, list[User]]:
    """Return who judged in each session, by its id, in the order of their log-ins."""
    found: dict[int, list[User]] = {}
    pairs = _taught(list(sessions)).values_list("slate__session", "expert")
    judged = sorted(set(pairs))
    people = User.objects.in_bulk([expert for _, expert in judged])
    for session, expert in judged:
        found.setdefault(session, []).append(people[expert])
    return {pk: sorted(experts, key=lambda user: user.username) for pk, experts in found.items()}


def taught_between(match: Match, before: Ranking) -> Teaching:
    """Return what was learned between the version of an earlier ranking and that of a match."""
    now, then = lineage(match.ranking.version), lineage(before.version)
    learned = [version for version in now if version not in then]
    undone = not learned
    if undone:
        now, then = then, now
        learned = [version for version in now if version not in then]
    kept = {source["session"] for source in _sources(then)}
    sources = [source for source in _sources(learned) if source["session"] not in kept]
    sessions = [source["session"] for source in sources]
    return Teaching(
        versions=tuple(learned),
        undone=undone,
        labels=sum(_labels(version) for version in learned),
        sessions=_sessions(sources, match),
        experts=_taught(sessions).values("expert").distinct().count(),
        here=_verdicts(sessions, match, Q(judgement__slate__query=match.ranking.query_id)),
        elsewhere=_verdicts(sessions, match, ~Q(judgement__slate__query=match.ranking.query_id)),
    )


def _taught(sessions: Sequence[int]) -> QuerySet[Judgement]:
    """Return the answers of sessions, without those to lists of known order: they teach nothing."""
    answers = Judgement.objects.filter(slate__session__in=sessions, kind__in=Judgement.ANSWERS)
    return answers.exclude(slate__arm=Slate.Arm.GOLD)


def _sources(versions: Iterable[ModelVersion]) -> list[dict[str, Any]]:
    """Return the sessions behind versions, each once, in the order in which they were learned from."""
    sets = [version.training_set for version in versions if version.training_set is not None]
    return list({source["session"]: source for kept in reversed(sets) for source in kept.sources}.values())


def _labels(version: ModelVersion) -> int:
    kept = version.training_set
    return int(kept.summary.get("labels", 0)) if kept is not None and kept.mode == "labels" else 0


def _sessions(sources: Sequence[dict[str, Any]], match: Match) -> tuple[TaughtSession, ...]:
    counted = (
        _taught([source["session"] for source in sources])
        .values("slate__session")
        .annotate(
            judgements=Count("pk", distinct=True),
            on_need=Count("pk", filter=Q(slate__query=match.ranking.query_id), distinct=True),
            with_item=Count(
                "pk",
                filter=Q(slate__items__item_version__item=match.item_version.item_id),
                distinct=True,
            ),
        )
        .order_by()
    )
    counts = {row.pop("slate__session"): row for row in counted}
    nothing = {"judgements": 0, "on_need": 0, "with_item": 0}
    return tuple(
        TaughtSession(
            title=str(source["title"]),
            simulated=bool(source["simulated"]),
            **counts.get(source["session"], nothing),
        )
        for source in sources
    )


def _verdicts(sessions: Sequence[int], match: Match, where: Q) -> Verdicts:
    """Count strict preferences alone: a tie puts nobody above."""
    item = match.item_version.item_id
    counted = Preference.objects.filter(where, judgement__slate__session__in=sessions, target=1).aggregate(
        above=Count("pk", filter=Q(winner__item_version__item=item)),
        below=Count("pk", filter=Q(loser__item_version__item=item)),
    )
    return Verdicts(**counted)
