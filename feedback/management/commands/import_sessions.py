"""`manage.py import_sessions PROJECT FILE`: read an export of sessions in again."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from feedback.services.importing import import_sessions
from ranking.errors import NoChampion
from ranking.management.commands._importing import ImportCommand, project_of


class Command(ImportCommand):
    """Import an export: JSON Lines, or a zip of CSV or Parquet tables."""

    help = "Import what `export_sessions` wrote as jsonl, csv or parquet; a second time it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the project and the file."""
        parser.add_argument("project", help="slug of a loaded project")
        parser.add_argument("file", type=Path)
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the file."""
        project = project_of(options["project"])
        try:
            self.run(lambda how: import_sessions(project, options["file"], how), dry_run=options["dry_run"])
        except NoChampion as error:
            raise CommandError(f"{error}; nothing was written") from None
