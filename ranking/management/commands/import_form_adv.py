"""`manage.py import_form_adv PROJECT FILE`: import advisers from the SEC's Form ADV file."""

from __future__ import annotations

from ranking.management.commands._importing import FileImportCommand
from ranking.services.catalog import import_form_adv


class Command(FileImportCommand):
    """Import advisers from the SEC's Form ADV file."""

    help = "Import advisers of a project from the SEC's Form ADV file."
    act = staticmethod(import_form_adv)
