"""What workers do. A task is an edge, like an API view: it calls services and holds no rule of its own."""

from __future__ import annotations

import os
import socket

import structlog
from celery import shared_task

from ranking import broker, scratch
from ranking.errors import LostLease
from ranking.models import Project, TrainingJob
from ranking.services import drift_checks, jobs, running, serving

log = structlog.get_logger(__name__)


def start_training(job: TrainingJob) -> None:
    """Wake a worker for a queued job: the one door from the services' side to Celery.

    With the broker down nothing is lost: the row stays queued, and the reaper announces it again.
    """
    broker.announce(run_training, job.pk)


def start_refresh(project: Project) -> None:
    """Have every query served anew by a new champion; with the broker down the first reader of each waits."""
    broker.announce(refresh_rankings, project.pk)


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
    """Give back what has lost its worker, remove the folders it left, and announce what waits."""
    for name in scratch.sweep():
        log.info("folder_removed", folder=name)
    for job_id in jobs.reap():
        if not broker.tell(run_training, job_id):
            return  # nor would the others be taken: the next tick tries again
        jobs.mark_woken(job_id)
