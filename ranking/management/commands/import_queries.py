"""`manage.py import_queries PROJECT FILE`: import queries from a CSV or Parquet file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ranking.management.commands._importing import ImportCommand, project_of
from ranking.services.catalog import import_queries


class Command(ImportCommand):
    """Import queries from a CSV or Parquet file."""

    help = "Import queries of a project from a CSV or Parquet file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the project and the file."""
        parser.add_argument("project", help="slug of a loaded project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--retire", action="store_true", help="retire what the file does not hold")
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the file."""
        project = project_of(options["project"])
        self.run(
            lambda how: import_queries(project, options["file"], how),
            dry_run=options["dry_run"],
            retire=options["retire"],
        )
