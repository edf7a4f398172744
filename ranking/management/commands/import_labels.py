"""`manage.py import_labels PROJECT FILE`: import graded labels from a CSV or Parquet file."""

from __future__ import annotations

from ranking.management.commands._importing import FileImportCommand
from ranking.services.catalog import import_labels


class Command(FileImportCommand):
    """Import graded labels from a CSV or Parquet file."""

    help = "Import graded labels of a project from a CSV or Parquet file."
    act = staticmethod(import_labels)
