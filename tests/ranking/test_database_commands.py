"""A command of the product on a database that is no use says so in a sentence, and does nothing."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, get_commands, load_command_class
from django.db import ConnectionHandler, connection
from django.db.migrations.recorder import MigrationRecorder

from ranking.management.database import BEHIND, NOT_SET_UP, DatabaseCommand, check_database
from tests.deployment import ROOT

pytestmark = pytest.mark.django_db  # of every database: the plug-in guards the class of the connection
PRODUCT = sorted(name for name, app in get_commands().items() if app in ("ranking", "feedback"))
SET_UP_THEMSELVES = {"demo"}


@pytest.mark.parametrize("name", PRODUCT)
def test_every_command_of_the_product_looks_at_the_database_first(name):
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, DatabaseCommand) is (name not in SET_UP_THEMSELVES)


def at(**settings):
    engine = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}, **settings}
    return ConnectionHandler({"default": engine})["default"]


def test_a_database_that_was_never_migrated_is_not_set_up_and_no_file_is_made(tmp_path):
    with pytest.raises(CommandError) as caught:
        check_database(at(NAME=str(tmp_path / "new.sqlite3")))
    assert str(caught.value) == NOT_SET_UP
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty.sqlite3").touch()
    with pytest.raises(CommandError) as caught:
        check_database(at(NAME=str(tmp_path / "empty.sqlite3")))
    assert str(caught.value) == NOT_SET_UP


def test_a_database_of_an_earlier_release_is_behind(monkeypatch):
    applied = MigrationRecorder(connection).applied_migrations()
    latest = max(key for key in applied if key[0] == "ranking")
    monkeypatch.setattr(
        MigrationRecorder, "applied_migrations", lambda _: {k: m for k, m in applied.items() if k != latest}
    )
    with pytest.raises(CommandError) as caught:
        check_database(connection)
    assert str(caught.value) == BEHIND


def test_a_database_with_all_migrations_is_taken():
    assert check_database(connection) is None


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database at all, but a text of some length\n" * 30)
    with pytest.raises(CommandError, match="can't be reached or does not work: file is not a database"):
        check_database(at(NAME=str(tmp_path / "notes.txt")))


@pytest.mark.parametrize(
    ("command", "url", "words"),
    [
        (["load_project", "fixtures/advisers", "--dry-run"], "sqlite:///{}/new.sqlite3", "is not set up yet"),
        (["export_sessions", "advisers", "out"], "postgresql://x@127.0.0.1:1/x", "can't be reached"),
        (["migrate"], "postgresql://x@127.0.0.1:1/x", "can't be reached"),
    ],
)
def test_the_command_line_ends_with_the_sentence_and_no_traceback(tmp_path, command, url, words):
    there = {"TIEBREAK_VAR_DIR": str(tmp_path / "var"), "TIEBREAK_DATABASE_URL": url.format(tmp_path)}
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **there},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new.sqlite3").exists()
