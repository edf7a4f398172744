"""`manage.py import_items PROJECT FILE`: import items from a CSV or Parquet file."""

from __future__ import annotations

from ranking.management.commands._importing import FileImportCommand
from ranking.services.catalog import import_items


class Command(FileImportCommand):
    """Import items from a CSV or Parquet file."""

    help = "Import items of a project from a CSV or Parquet file."
    act = staticmethod(import_items)
