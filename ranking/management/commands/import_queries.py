"""`manage.py import_queries PROJECT FILE`: import queries from a CSV or Parquet file."""

from __future__ import annotations

from ranking.management.commands._importing import FileImportCommand
from ranking.services.catalog import import_queries


class Command(FileImportCommand):
    """Import queries from a CSV or Parquet file."""

    help = "Import queries of a project from a CSV or Parquet file."
    act = staticmethod(import_queries)
