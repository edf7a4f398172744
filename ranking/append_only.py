"""Tables that refuse UPDATE and DELETE in the database itself.

Python can be bypassed (a shell, a bulk update, another program): what must never change is held by triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations

APPEND_ONLY_TABLES = (
    "ranking_itemversion",
    "ranking_trainingset",
    "ranking_modelversion",
    "ranking_evaluation",
    "ranking_promotion",
    "feedback_judgement",
    "feedback_gapnote",
    "feedback_slatemove",
    "feedback_listanswer",
    "feedback_goldlist",
    "feedback_goldlist_known_to",
    "feedback_goldretirement",
    "feedback_preference",
)
#: Derived rows go once they are marked as replaced, and nothing else of them changes: (mark, other columns).
REPLACED = {
    "feedback_preference": (
        "replaced",
        "id, judgement_id, winner_id, loser_id, weight, target, origin, shown_gap",
    )
}
_FUNCTION = """
CREATE OR REPLACE FUNCTION tiebreak_refuse_change() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END;
$$ LANGUAGE plpgsql
"""


def _create_sql(vendor: str, table: str) -> list[str]:
    mark, columns = REPLACED.get(table, ("", ""))
    update, kept = (f"UPDATE OF {columns}", f"WHEN (NOT OLD.{mark}) ") if mark else ("UPDATE", "")
    if vendor == "postgresql":
        run = "EXECUTE FUNCTION tiebreak_refuse_change()"
        return [
            _FUNCTION,
            f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE {update} ON {table} FOR EACH ROW {run}",
            f"CREATE OR REPLACE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {kept}{run}",
        ]
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{name} BEFORE {act} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for name, act, condition in (("update", update, ""), ("delete", "DELETE", kept))
    ]


def _drop_sql(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        names = ("append_only", "no_delete")
        return [f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}" for name in names]
    return [f"DROP TRIGGER IF EXISTS {table}_no_{act}" for act in ("update", "delete")]


def _run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def protect(*tables: str) -> migrations.RunPython:
    """Return the migration operation that makes the tables append-only."""

    def forwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            _run(schema_editor.connection, _create_sql(schema_editor.connection.vendor, table))

    def backwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            _run(schema_editor.connection, _drop_sql(schema_editor.connection.vendor, table))

    return migrations.RunPython(forwards, backwards)


def lifted(*tables: str) -> migrations.RunPython:
    """Return `protect` turned round: lifted on the way here, put back on the way back.

    SQLite changes a table by making it anew, and its triggers go with the old one: a migration that changes
    a protected table lifts the protection first and asks for it again at its end.
    """
    protection = protect(*tables)
    return migrations.RunPython(protection.reverse_code, protection.code)


@contextmanager
def without_triggers(connection: Any) -> Iterator[None]:
    """Lift the protection inside the block: only for emptying a test database."""
    for table in APPEND_ONLY_TABLES:
        _run(connection, _drop_sql(connection.vendor, table))
    try:
        yield
    finally:
        for table in APPEND_ONLY_TABLES:
            _run(connection, _create_sql(connection.vendor, table))
