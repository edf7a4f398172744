"""`manage.py export_sessions PROJECT OUT --format jsonl`: what sessions collected, as a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from feedback.services.exchanging import FORMATS, export_file
from ranking.management.commands._importing import project_of
from ranking.management.database import DatabaseCommand


class Command(DatabaseCommand):
    """Write all sessions of a project, or one of them, into a file."""

    help = "Export what the sessions of a project collected; the same data give the same bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the project, the file and what goes into it."""
        parser.add_argument("project", help="slug of a loaded project")
        parser.add_argument("out", type=Path, help="file to write; it must not be there yet")
        parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl")
        parser.add_argument("--session", type=int, help="id of one session; without it, all")
        parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the file and say how large it is."""
        project, out = project_of(options["project"]), options["out"]
        sessions = None
        if options["session"] is not None:
            sessions = list(project.sessions.filter(pk=options["session"]))
            if not sessions:
                raise CommandError(f"{project.slug} has no session {options['session']}")
        content = export_file(project, options["format"], sessions)
        try:
            with out.open("wb" if options["overwrite"] else "xb") as file:
                file.write(content)
        except FileExistsError:
            raise CommandError(f"{out} is there already; --overwrite replaces it") from None
        except OSError as error:
            raise CommandError(f"{out} can't be written: {error.strerror}") from None
        self.stdout.write(f"{len(content):,} bytes in {out}")
