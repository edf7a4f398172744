"""`manage.py import_given PROJECT FILE`: import given values of pairs from a CSV or Parquet file."""

from __future__ import annotations

from ranking.management.commands._importing import FileImportCommand
from ranking.services.catalog import import_given


class Command(FileImportCommand):
    """Import what the features of kind "given" read, from a CSV or Parquet file."""

    help = "Import given values of pairs of a project from a CSV or Parquet file."
    act = staticmethod(import_given)
