"""`manage.py retrain`: queue a training from a shell or a scheduler of one's own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from feedback.services import learning
from ranking.errors import RankingError
from ranking.management.database import DatabaseCommand
from ranking.models import Project
from ranking.tasks import start_training


class Command(DatabaseCommand):
    """Freeze what closed sessions say (or the graded labels) and queue a training."""

    help = "Queue a training from the closed sessions of a project, or from its graded labels."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("project", help="slug of the project")
        parser.add_argument(
            "--labels", action="store_true", help="learn from graded labels, not from sessions"
        )
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Queue the training and print its number."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']}")
        queue = learning.retrain_from_labels if options["labels"] else learning.retrain
        try:
            job = queue(project, by="command line", seed=options["seed"])
        except RankingError as error:
            raise CommandError(str(error)) from error
        start_training(job)
        self.stdout.write(f"training job {job.pk} is queued")
