"""Preferences -> training: what closed sessions say is frozen and handed to the lower app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from feedback.models import FeedbackSession, Judgement, Preference, Slate
from feedback.preferences import negative_labels
from feedback.services.deriving import shown_list
from ranking.errors import NothingToTrain, RankingError, TrainingInProgress
from ranking.models import Project, TrainingJob, TrainingSet
from ranking.services import jobs, training_sets
from ranking.services.training_sets import JudgedList, JudgedPair

log = structlog.get_logger(__name__)
TRY_AGAIN_HOURS = 24
"""What failed or was cancelled waits so long until the schedule trains on it again, unless more comes in."""

JobState = TrainingJob.State


def freeze_training_set(project: Project) -> TrainingSet:
    """Freeze what all closed sessions of a project say. Raises NothingToTrain."""
    sessions = list(project.sessions.filter(state=FeedbackSession.State.CLOSED).order_by("id"))
    if not sessions:
        raise NothingToTrain(f"{project.name} has no closed session to learn from")
    lists = [judged_list(judgement) for judgement in _judgements(sessions)]
    return training_sets.freeze_preferences(
        project, [judged for judged in lists if judged.pairs], [_source(session) for session in sessions]
    )


def retrain(project: Project, *, by: str, seed: int = 0, params: dict[str, Any] | None = None) -> TrainingJob:
    """Freeze a training set and queue a training on it. Raises NothingToTrain, TrainingInProgress."""
    if project.jobs.filter(state__in=[TrainingJob.State.QUEUED, TrainingJob.State.RUNNING]).exists():
        raise TrainingInProgress(f"a training of {project.name} is queued or running")
    return jobs.request_training(freeze_training_set(project), by=by, seed=seed, params=params)


def retrain_from_labels(project: Project, *, by: str, seed: int = 0) -> TrainingJob:
    """Queue a training on the graded labels alone. Raises NothingToTrain, TrainingInProgress."""
    return jobs.request_training(training_sets.freeze_labels(project), by=by, seed=seed)


def retrain_when_due() -> list[TrainingJob]:
    """Queue trainings of the projects whose schedule or count of new preferences asks for one.

    A project that can't be trained, as when a stored file is damaged, keeps no other one waiting.
    """
    made = []
    for project in Project.objects.all():
        if not _due(project):
            continue
        try:
            made.append(retrain(project, by="schedule"))
        except (NothingToTrain, TrainingInProgress):
            continue
        except RankingError as error:
            log.error("retraining_not_started", project=project.slug, problem=str(error))
    return made


def judged_list(judgement: Judgement) -> JudgedList:
    """Return a judgement with its preferences as the lower app takes it."""
    cards = list(judgement.slate.items.all())
    place = {card.pk: i for i, card in enumerate(cards)}
    return JudgedList(
        query=judgement.slate.query,
        query_content=judgement.slate.query_content,
        versions=[card.item_version for card in cards],
        pairs=[
            JudgedPair(
                winner=place[preference.winner_id],
                loser=place[preference.loser_id],
                weight=preference.weight,
                target=preference.target,
                origin=preference.origin,
                shown_gap=preference.shown_gap,
            )
            for preference in judgement.preferences.all()
        ],
        judge=judgement.expert.get_username(),
        session=str(judgement.slate.session_id),
        randomised=judgement.slate.randomised,
        negative=[place[card] for card in negative_labels(shown_list(judgement))],
    )


def _judgements(sessions: Sequence[FeedbackSession]) -> Any:
    """Return what these sessions said; lists of known order test experts, and teach nothing.

    One that closes meanwhile is left to the next set: learned, but not among the sources, it would be new for
    ever.
    """
    return (
        Judgement.objects.filter(slate__session__in=sessions)
        .exclude(slate__arm=Slate.Arm.GOLD)
        .select_related("slate__query__project", "slate__session", "expert")
        .prefetch_related("slate__items__item_version", "preferences")
        .order_by("id")
    )


def _source(session: FeedbackSession) -> dict[str, Any]:
    answers = Judgement.objects.filter(slate__session=session, kind__in=Judgement.ANSWERS)
    judgements = answers.exclude(slate__arm=Slate.Arm.GOLD)
    return {
        "session": session.pk,
        "title": session.title,
        "slates": judgements.count(),
        "experts": judgements.values("expert").distinct().count(),
        "simulated": session.simulated,
    }


def unlearned(project: Project) -> QuerySet[Preference]:
    """Return the preferences of closed sessions that no version has learned and no training is learning.

    By the sessions of the latest training set that a version came of or will: what was frozen for a training
    that failed, was cancelled or never began is still to be learned. Not by when sessions closed: one that is
    read in from elsewhere arrives after it closed, and by its moment it would never be new.
    """
    learned = Q(versions__isnull=False) | Q(jobs__state__in=[JobState.QUEUED, JobState.RUNNING])
    last = _frozen(project).filter(learned).first()
    return Preference.objects.filter(
        judgement__slate__session__project=project,
        judgement__slate__session__state=FeedbackSession.State.CLOSED,
    ).exclude(judgement__slate__session__in=_sessions_of(last))


def _due(project: Project) -> bool:
    new = unlearned(project).exclude(judgement__slate__session__in=_sessions_of(_given_up(project)))
    if project.retrain_after_preferences and new.count() >= project.retrain_after_preferences:
        return True
    if project.retrain_every_hours is None or not new.exists():
        return False
    last = _frozen(project).first()
    return last is None or timezone.now() - last.created_at >= timedelta(hours=project.retrain_every_hours)


def _given_up(project: Project) -> TrainingSet | None:
    """Return the latest set whose training failed or was cancelled lately: it is not tried again as yet."""
    ended = [JobState.FAILED, JobState.CANCELLED]
    lately = timezone.now() - timedelta(hours=TRY_AGAIN_HOURS)
    return _frozen(project).filter(jobs__state__in=ended, jobs__finished_at__gte=lately).first()


def _frozen(project: Project) -> QuerySet[TrainingSet]:
    return project.training_sets.filter(mode="preferences").order_by("-id")


def _sessions_of(frozen: TrainingSet | None) -> list[int]:
    return [source["session"] for source in frozen.sources] if frozen else []
