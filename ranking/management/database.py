"""Commands that work on the database: where it is away or not set up, one sentence says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

NOT_SET_UP = "The database is not set up yet: run `manage.py migrate`"
BEHIND = "The database is not up to date with this release: run `manage.py migrate`"


class DatabaseCommand(BaseCommand):
    """A command that needs a database with all of its tables."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command. Raises CommandError, before it has done anything, where the database is no use."""
        check_database(connection)
        return super().execute(*args, **options)


def check_database(database: BaseDatabaseWrapper) -> None:
    """Raise CommandError if a database can't be reached or lacks migrations. No file is made by looking."""
    if _is_missing_file(database):
        raise CommandError(NOT_SET_UP)
    try:
        executor = MigrationExecutor(database)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise CommandError(unreachable(error)) from error
    if missing:
        raise CommandError(BEHIND if executor.loader.applied_migrations else NOT_SET_UP)


def unreachable(error: Exception) -> str:
    """Return the sentence for a database that does not answer, with the first line of its own words."""
    return f"The database can't be reached or does not work: {(str(error).splitlines() or [''])[0].strip()}"


def _is_missing_file(database: BaseDatabaseWrapper) -> bool:
    if database.vendor != "sqlite" or database.is_in_memory_db():  # type: ignore[attr-defined]
        return False
    return not Path(database.settings_dict["NAME"]).exists()
