"""`manage.py import_letor FILE --project SLUG`: import graded pairs with given features as a project."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ranking.management.commands._importing import ImportCommand
from ranking.services.catalog import LetorRequest, import_letor


class Command(ImportCommand):
    """Import a LETOR or SVMrank file; the project is described by the file itself."""

    help = "Import a LETOR file, or an SVMrank file with its .query file, as a project of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the files and the project."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--project", required=True, help="slug of the project to make or to add to")
        parser.add_argument("--name", help="its name for people; the slug when left out")
        parser.add_argument("--queries", type=Path, help="file with the rows of each query (.query)")
        parser.add_argument("--sort-by", default="f1", help="feature of version 0, highest first (f1)")
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the file."""
        request = LetorRequest(
            path=options["file"],
            slug=options["project"],
            name=options["name"] or options["project"],
            query_path=options["queries"],
            sort_by=options["sort_by"],
        )
        self.run(lambda how: import_letor(request, how), dry_run=options["dry_run"])
