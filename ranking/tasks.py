"""What workers do. A task is an edge, like an API view: it calls services and holds no rule of its own."""

from __future__ import annotations

import os
import socket

import structlog
from celery import current_app, shared_task
from kombu.exceptions import OperationalError

from ranking.errors import LostLease
from ranking.models import Project, TrainingJob
from ranking.services import drift_checks, jobs, running, serving

log = structlog.get_logger(__name__)


def broker_errors() -> tuple[type[Exception], ...]:
    """Return what a broker that cannot be used raises, by its transport; to be asked in an `except`.

    kombu turns only what may pass by itself into its OperationalError: a refused log-in or an unknown virtual
    host arrives as the transport's own error, and is as good a reason to leave the job to the reaper.
    """
    transport = current_app.connection_for_write()
    return (OperationalError, OSError, *transport.connection_errors, *transport.channel_errors)


def start_training(job: TrainingJob) -> None:
    """Wake a worker for a queued job: the one door from the services' side to Celery.

    With the broker down nothing is lost: the row stays queued, and the reaper announces it again.
    """
    _wake(job.pk)


def _wake(job_id: int) -> None:
    try:
        run_training.delay(job_id)
    except broker_errors() as error:
        log.warning("broker_unreachable", job=job_id, problem=str(error))
        return
    jobs.mark_woken(job_id)


def start_refresh(project: Project) -> None:
    """Have every query served anew by a new champion; with the broker down the first reader of each waits."""
    try:
        refresh_rankings.delay(project.pk)
    except broker_errors() as error:
        log.warning("broker_unreachable", project=project.slug, problem=str(error))


@shared_task(ignore_result=True)
def run_training(job_id: int) -> None:
    """Carry a queued job to its end; a second delivery of the same message finds nothing to claim."""
    job = jobs.claim(job_id, owner=f"{socket.gethostname()}:{os.getpid()}")
    if job is None:
        log.info("job_not_claimable", job=job_id)
        return
    try:
        running.run(job)
    except LostLease as error:
        log.warning("lease_lost", job=job_id, problem=str(error))
        return
    job.refresh_from_db()
    if job.version is not None and job.version.promotions.exists():
        start_refresh(job.project)


@shared_task(ignore_result=True)
def refresh_rankings(project_id: int) -> None:
    """Serve every query once, so that the first reader of a new champion does not wait for it."""
    project = Project.objects.get(pk=project_id)
    for query in project.queries.filter(active=True).select_related("project"):
        serving.serve(query)


@shared_task(ignore_result=True)
def watch_drift() -> None:
    """Look at every project whose data or champion has changed for features that moved."""
    for project in Project.objects.all():
        try:
            drift_checks.check_drift(project)
        except Exception:  # a ruined import, a damaged file, a storage's own error: of this project alone
            log.exception("drift_not_checked", project=project.slug)


@shared_task(ignore_result=True)
def reap() -> None:
    """Give back what has lost its worker, and announce what waits."""
    for job_id in jobs.reap():
        _wake(job_id)
