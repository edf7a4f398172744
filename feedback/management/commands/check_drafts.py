"""`manage.py check_drafts`: rebuild every draft from its log of moves, and compare."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from feedback.models import SlateMove
from feedback.services import drafts
from ranking.formats import counted
from ranking.management.database import DatabaseCommand


class Command(DatabaseCommand):
    """Compare each slate's draft, and each state on the way to it, with what its moves make."""

    help = "Rebuild the draft of every slate from its log of moves, and compare."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line for each difference; fail when there is one."""
        found = list(drafts.differences())
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"{counted(len(found), 'slate')} with another draft than the moves make")
        if options["verbosity"]:
            moves = counted(SlateMove.objects.count(), "move")
            self.stdout.write(f"every draft is what its moves make, {moves} in all")
