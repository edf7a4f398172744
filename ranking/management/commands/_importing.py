"""What all importing commands share: options, a progress bar, and the report at the end."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ranking.description import DescriptionError
from ranking.errors import BrokenFile, ImportRefused
from ranking.management.database import DatabaseCommand
from ranking.models import Project
from ranking.services.catalog import ImportReport, Options


class ImportCommand(DatabaseCommand):
    """Runs one import, shows how far it is, and says what it did."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the option that every import has."""
        parser.add_argument("--dry-run", action="store_true", help="check and compare, but write nothing")

    def run(self, act: Callable[[Options], ImportReport], *, dry_run: bool, retire: bool = False) -> None:
        """Run the import. Raises CommandError with every refusal; then nothing was written."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=sys.stderr),
        )
        tasks: dict[str, Any] = {}

        def on_progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        try:
            with bar:
                report = act(Options(dry_run=dry_run, retire=retire, on_progress=on_progress))
        except ImportRefused as error:
            for refusal in error.refusals:
                self.stderr.write(str(refusal))
            raise CommandError(f"refused: {_count(error.refusals)}; nothing was written") from None
        except DescriptionError as error:
            n = len(error.mistakes)
            end = f"\n{n} mistakes; nothing was written" if n > 1 else "; nothing was written"
            raise CommandError(f"{error}{end}") from None
        except BrokenFile as error:
            raise CommandError(f"{error}; nothing was written") from None
        self._tell(report)

    def _tell(self, report: ImportReport) -> None:
        for counts in report.counts:
            self.stdout.write(str(counts))
        for name in report.ignored:
            self.stdout.write(f"ignored, because the description does not name it: {name}")
        for note in report.notes:
            self.stdout.write(note)
        if report.dry_run:
            self.stdout.write("a dry run: nothing was written")


class FileImportCommand(ImportCommand):
    """Imports one file into a loaded project; `act` is the service that does it."""

    act: Callable[[Project, Path, Options], ImportReport]

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
            lambda how: self.act(project, options["file"], how),
            dry_run=options["dry_run"],
            retire=options["retire"],
        )


def project_of(slug: str) -> Project:
    """Return the project of that slug. Raises CommandError that names the known ones."""
    try:
        return Project.objects.get(slug=slug)
    except Project.DoesNotExist:
        known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"there is no project {slug!r}; known: {known}") from None


def _count(refusals: Sequence[object]) -> str:
    n = sum(getattr(refusal, "mistakes", 1) for refusal in refusals)
    return "1 mistake" if n == 1 else f"{n:,} mistakes"
