"""`manage.py load_project DIR`: check a project's folder and load it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ranking.management.commands._importing import ImportCommand
from ranking.services.catalog import load_project


class Command(ImportCommand):
    """Load project.toml and the files beside it."""

    help = "Check a project's folder (project.toml and CSV or Parquet files) and load it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folder."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", action="store_true", help="keep what the files no longer hold")
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load the folder; what its files no longer hold is retired."""
        self.run(
            lambda how: load_project(options["folder"], how),
            dry_run=options["dry_run"],
            retire=not options["keep"],
        )
