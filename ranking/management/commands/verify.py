"""`manage.py verify VERSION`: rebuild versions from their frozen training sets and compare."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from ranking.errors import BrokenFile
from ranking.ltr import CorruptModel
from ranking.management.database import DatabaseCommand
from ranking.models import ModelVersion, Project
from ranking.services.running import ChildDied, ChildFailed
from ranking.services.verification import verify

PROVENANCE = {True: "byte-identical", False: "DIFFERENT", None: "not kept"}


class Command(DatabaseCommand):
    """Rebuild one version, or all trained ones, and compare trees and predictions."""

    help = "Rebuild a version from its frozen training set and compare it with the stored one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("version", nargs="?", type=int, help="number of the version; without it, all")
        parser.add_argument("--project", help="slug of the project; needed where there are several")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify and print a line a version; fail when one is not what its training set makes."""
        project = _project(options["project"])
        wanted = project.versions.filter(kind=ModelVersion.Kind.TRAINED).order_by("number")
        if options["version"] is not None:
            wanted = project.versions.filter(number=options["version"])
        if not wanted:
            raise CommandError(f"{project.slug} has no such trained version")
        broken = [version.number for version in wanted if not self._verified(version)]
        if broken:
            raise CommandError(f"not reproduced: version {', '.join(map(str, broken))}")

    def _verified(self, version: ModelVersion) -> bool:
        try:
            found = verify(version)
        except (BrokenFile, CorruptModel, ChildDied, ChildFailed, ValueError) as error:
            self.stderr.write(f"version {version.number}: {error}")
            return False
        trees = "byte-identical" if found.same_bytes else "DIFFERENT"
        self.stdout.write(
            f"version {version.number}: model {trees}, provenance {PROVENANCE[found.same_provenance]}, "
            f"largest difference of {found.rows:,} predictions {found.largest_difference:g}, "
            f"sha256 {version.sha256[:16]}"
        )
        return found.passed


def _project(slug: str | None) -> Project:
    projects = Project.objects.filter(slug=slug) if slug else Project.objects.all()
    if len(projects) != 1:
        known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"say which project with --project; there are: {known}")
    return projects[0]
