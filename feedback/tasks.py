"""What workers do for the upper app: start trainings that are due."""

from __future__ import annotations

from celery import shared_task

from feedback.services import learning
from ranking.tasks import start_training


@shared_task(ignore_result=True)
def retrain_when_due() -> None:
    """Queue and announce the trainings that a schedule or enough new preferences ask for."""
    for job in learning.retrain_when_due():
        start_training(job)
