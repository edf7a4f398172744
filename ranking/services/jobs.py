"""Training jobs: the row is the truth, a broker only wakes workers.

A worker holds a job by a lease that it renews; a reaper gives back what has lost its worker. Every claim
raises the fencing token, and every write asks for it: a worker that wakes late changes nothing.

All times that one process writes and another compares are the database's: the clocks of hosts differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from ranking.errors import JobCancelled, JobFinished, LostLease, TrainingInProgress
from ranking.models import ModelVersion, Project, TrainingJob, TrainingSet
from ranking.services import versions
from ranking.services.promotion import promote_if_better

MOST_CRASHES = 3
MOST_ATTEMPTS = 20  # whatever ended them: a job that takes its worker along is not tried for ever
LOG_LINES = 200
WAKE_AGAIN_SECONDS = 30  # a queued job is announced again after this: its message may have been lost
State = TrainingJob.State


def request_training(
    training_set: TrainingSet, *, by: str, params: Mapping[str, Any] | None = None, seed: int = 0
) -> TrainingJob:
    """Queue a training. Raises TrainingInProgress while another one of the project is queued or running."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=training_set.project_id)
        open_job = project.jobs.filter(state__in=[State.QUEUED, State.RUNNING]).first()
        if open_job is not None:
            raise TrainingInProgress(f"training job {open_job.pk} of {project.name} is {open_job.state}")
        return TrainingJob.objects.create(
            project=project,
            training_set=training_set,
            requested_by=by,
            params=dict(params or {}),
            seed=seed,
            stage="waiting for a worker",
        )


def claim(job_id: int, owner: str) -> TrainingJob | None:
    """Take a queued job: the row with a new fencing token, or None when it is not there to be taken."""
    try:
        with transaction.atomic():
            taken = TrainingJob.objects.filter(
                pk=job_id,
                state=State.QUEUED,
                cancel_requested=False,
                crashes__lt=MOST_CRASHES,
                attempt__lt=MOST_ATTEMPTS,
            ).update(
                state=State.RUNNING,
                attempt=F("attempt") + 1,
                fencing_token=F("fencing_token") + 1,
                lease_owner=owner,
                lease_expires_at=_lease_end(),
                heartbeat_at=Now(),
                started_at=Now(),
                stage="starting",
                fraction=0.0,
            )
    except IntegrityError:
        return None  # another training of the project runs: the reaper announces this one again later
    return TrainingJob.objects.select_related("project", "training_set").get(pk=job_id) if taken else None


def beat(job: TrainingJob, *, stage: str, fraction: float, lines: list[str]) -> bool:
    """Renew the lease and show progress; return whether the job is to be cancelled. Raises LostLease."""
    job.log = (job.log + [{"at": timezone.now(), "line": line} for line in lines])[-LOG_LINES:]
    _write(
        job,
        lease_expires_at=_lease_end(),
        heartbeat_at=Now(),
        stage=stage[:80],
        fraction=min(max(fraction, 0.0), 1.0),
        log=job.log,
    )
    return bool(TrainingJob.objects.values_list("cancel_requested", flat=True).get(pk=job.pk))


def finish(
    job: TrainingJob,
    base: ModelVersion | None,
    model: bytes,
    result: Mapping[str, Any],
    *,
    provenance: bytes | None = None,
) -> ModelVersion:
    """Store the version and its evaluation against its base, end the job, promote: all or nothing.

    Promoted is what the gate lets through where the project wants that by itself. It happens here because
    nobody comes back to a job that has ended: a worker that died in between would leave it undone for good.
    `provenance` is the file of the model without each session. Raises LostLease, and JobCancelled when the
    job was cancelled after its last beat.
    """
    with transaction.atomic():
        job.project = Project.objects.select_for_update().get(pk=job.project_id)  # as it is now
        _lock_uncancelled(job)
        version = versions.create_trained_version(job, base, model, result, provenance=provenance)
        if base is not None and result["evaluation"] is not None:
            versions.record_evaluation(version, base, result["evaluation"])
        _end(job, State.DONE, version=version, fraction=1.0)
        promote_if_better(version)
    return version


def fail(job: TrainingJob, reason: str) -> None:
    """End a running job that can't succeed by trying again. Raises LostLease."""
    _end(job, State.FAILED, error=reason)


def give_back(job: TrainingJob, reason: str) -> None:
    """Queue a job again whose child crashed; fail it after the last time, end it if it was cancelled.

    Raises LostLease.
    """
    if not _end_attempt(_held(job), job, reason, crashes=job.crashes + 1):
        raise _lost(job)


def put_back(job: TrainingJob, reason: str) -> None:
    """Queue a job again that something else than its child kept from ending. Raises LostLease."""
    if not _end_attempt(_held(job), job, reason, crashes=job.crashes):
        raise _lost(job)


def acknowledge_cancel(job: TrainingJob) -> None:
    """End a running job whose child was stopped on request. Raises LostLease."""
    _end(job, State.CANCELLED)


def cancel(job: TrainingJob) -> TrainingJob:
    """Ask for a job to be stopped; a queued one ends at once. Raises JobFinished."""
    row = TrainingJob.objects.filter(pk=job.pk)
    if not row.filter(state__in=[State.QUEUED, State.RUNNING]).update(cancel_requested=True):
        raise JobFinished(f"training job {job.pk} has ended: there is nothing to cancel")
    row.filter(state=State.QUEUED).update(**_ended(State.CANCELLED))  # from here on nobody claims it
    job.refresh_from_db()
    return job


def reap(at: datetime | None = None) -> list[int]:
    """Queue again what has lost its worker, and return the jobs that a worker should be told of.

    `at` is a moment of the database's clock, now if it is not given.
    """
    now = at or Now()
    for job in TrainingJob.objects.filter(state=State.RUNNING, lease_expires_at__lt=now):
        expired = _held(job).filter(lease_expires_at__lt=now)
        _end_attempt(expired, job, "its worker stopped answering", crashes=job.crashes)
    # No claim takes these, and each would keep its project from training.
    TrainingJob.objects.filter(state=State.QUEUED, cancel_requested=True).update(**_ended(State.CANCELLED))
    stale = Q(woken_at__isnull=True) | Q(woken_at__lt=now - timedelta(seconds=WAKE_AGAIN_SECONDS))
    busy = TrainingJob.objects.filter(state=State.RUNNING).values("project_id")
    waiting = TrainingJob.objects.filter(stale, state=State.QUEUED).exclude(project_id__in=busy)
    return list(waiting.order_by("id").values_list("pk", flat=True))


def mark_woken(job_id: int) -> None:
    """Note that a worker was told of the job."""
    TrainingJob.objects.filter(pk=job_id, state=State.QUEUED).update(woken_at=Now())


def _held(job: TrainingJob) -> Any:
    return TrainingJob.objects.filter(pk=job.pk, state=State.RUNNING, fencing_token=job.fencing_token)


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.TIEBREAK_LEASE_SECONDS)


def _lock_uncancelled(job: TrainingJob) -> None:
    """Lock the row of a job that is about to be done: cancelling it comes before this, or too late."""
    asked = _held(job).select_for_update().values_list("cancel_requested", flat=True).first()
    if asked is None:
        raise _lost(job)
    if asked:
        raise JobCancelled(f"training job {job.pk} was cancelled: it makes no version")


def _end_attempt(held: Any, job: TrainingJob, reason: str, *, crashes: int) -> int:
    """Put a held job back, fail it after the last attempt, or end it as cancelled; return how many were.

    In this order: what is cancelled before it is put back is ended here, and what is cancelled later by
    `cancel` itself.
    """
    columns: dict[str, Any] = {
        "state": State.QUEUED,
        "stage": f"waiting for attempt {job.attempt + 1}: {reason}"[:80],
        "error": reason,
        "crashes": crashes,
        "woken_at": None,
        "lease_expires_at": None,
    }
    if crashes >= MOST_CRASHES or job.attempt >= MOST_ATTEMPTS:
        error = f"given up after {job.attempt} attempts: {reason}"
        columns = _ended(State.FAILED, error=error, crashes=crashes)
    return int(
        held.filter(cancel_requested=False).update(**columns)
        or held.filter(cancel_requested=True).update(**_ended(State.CANCELLED))
    )


def _write(job: TrainingJob, **columns: Any) -> None:
    """Change the row of a job that this worker holds. Raises LostLease when it holds it no more."""
    if not _held(job).update(**columns):
        raise _lost(job)


def _end(job: TrainingJob, state: str, **columns: Any) -> None:
    _write(job, **_ended(state, **columns))


def _ended(state: str, **columns: Any) -> dict[str, Any]:
    return {"state": state, "stage": state, "finished_at": Now(), **columns}


def _lost(job: TrainingJob) -> LostLease:
    return LostLease(f"training job {job.pk} was taken over by another worker: its results are refused")
