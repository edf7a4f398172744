"""A lost database and a full disk are answered 503, by a page or by the API, and nothing is half-written."""

from __future__ import annotations

import errno
import json
from contextlib import contextmanager

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client

from config.outages import DATABASE, DISK_FULL, outage_of
from feedback.models import SlateMove
from tests import factories
from tests.deployment import SERVICES, Deployment

ASK = """
import json
from django.test import Client
client = Client(HTTP_HOST="localhost", raise_request_exception=False)
client.cookies["sessionid"] = "of-somebody"
token = {"HTTP_AUTHORIZATION": "Token of-somebody"}
asked = [("/healthz", {}), ("/readyz", {}), ("/", {}), ("/sessions/", {}), ("/django-admin/", {}),
         ("/api/v1/me/", token), ("/api/v1/slates/", token), ("/api/v1/me/", {})]
for address, headers in asked:
    answer = client.get(address, **headers)
    print(json.dumps([address, answer.status_code, answer.get("Retry-After"), answer.content.decode()]))
"""


def answers_without_a_database(folder, url: str) -> list[tuple[str, int, str | None, str]]:
    deployment = Deployment(folder)
    deployment.environment["TIEBREAK_DATABASE_URL"] = url
    lines = deployment.manage("shell", "--no-imports", "-c", ASK).splitlines()
    return [tuple(json.loads(line)) for line in lines if line.startswith("[")]


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_without_a_database_every_address_says_so(tmp_path, database):
    urls = {
        "postgresql": "postgresql://nobody:secret@127.0.0.1:1/none",
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/db.sqlite3",
    }
    health, ready, *others = answers_without_a_database(tmp_path, urls[database])
    assert health[1] == 200
    assert ready[1] == 503
    assert {address: status for address, status, _, _ in others} == dict.fromkeys(
        [address for address, *_ in others], 503
    )
    assert all(again for _, _, again, _ in others)
    pages = [body for address, _, _, body in others if not address.startswith("/api/")]
    assert all("database does not answer" in body for body in pages)
    codes = {
        json.loads(body)["error"]["code"] for address, _, _, body in others if address.startswith("/api/")
    }
    assert codes == {"database_unavailable"}


@contextmanager
def full_disk():
    """Let SQLite's file grow no further, as on a disk that is full."""
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count={most}")


@pytest.mark.django_db(transaction=True)
def test_a_move_for_which_there_is_no_room_is_answered_503_and_not_half_written():
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite's file can be told to stay as it is")
    expert = factories.make_expert()
    slate = factories.make_session(factories.make_project(), [expert]).slates.first()
    client = factories.api_client(expert)
    address = f"/api/v1/slates/{slate.pk}/moves/"

    def comment(version: int, text: str):
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": f"k{version}"}
        return client.post(address, {"do": "comment", "text": text}, format="json", headers=headers)

    with full_disk():
        answers = [comment(number, "x" * 4000) for number in range(40)]
    full = [answer for answer in answers if answer.status_code == 503]
    assert full
    assert {answer.json()["error"]["code"] for answer in full} == {"disk_full"}
    assert full[0]["Retry-After"]
    kept = [answer for answer in answers if answer.status_code == 201]
    assert SlateMove.objects.filter(slate=slate).count() == len(kept)
    slate.refresh_from_db()
    assert slate.draft_version == len(kept)
    assert comment(len(kept), "there is room again").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no room left"),
        (OperationalError("server closed the connection unexpectedly"), "does not answer"),
        (InterfaceError("connection already closed"), "does not answer"),
    ],
)
def test_the_page_of_an_outage_says_what_to_do(monkeypatch, error, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("feedback.views.reader.reading.need_rows", fail)
    client = Client()
    client.force_login(factories.make_reader(), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/needs/")
    assert answer.status_code == 503
    assert words in answer.content.decode()
    assert (answer["Retry-After"], answer["Cache-Control"]) == ("10", "no-store")
    assert "Content-Security-Policy" in answer


def test_faults_of_the_program_stay_faults():
    for error in (
        ValueError(),
        FileNotFoundError(),
        ProgrammingError("syntax error"),
        DatabaseError("x"),
        None,
    ):
        assert outage_of(error) is None


@pytest.mark.django_db
def test_a_missing_table_is_no_outage():
    with pytest.raises(DatabaseError) as missing, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert outage_of(missing.value) is None


def _raised(opened: psycopg.Connection, statement: str) -> psycopg.Error:
    try:
        opened.execute(statement)
    except psycopg.Error as error:
        return error
    raise AssertionError(f"PostgreSQL took {statement}")


def of_postgresql(statement: str) -> DatabaseError:
    """Return the error of a statement, as Django passes it on."""
    with psycopg.connect(SERVICES["postgresql"], autocommit=True) as opened:
        raised = _raised(opened, statement)
    kind = InterfaceError if isinstance(raised, psycopg.InterfaceError) else OperationalError
    error = kind(str(raised))
    error.__cause__ = raised
    return error


@pytest.mark.services
@pytest.mark.parametrize(
    ("statement", "outage"),
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", DATABASE),
        ("SET statement_timeout = 1; SELECT pg_sleep(1)", DATABASE),
        ("BEGIN READ ONLY; CREATE TABLE x (y int)", DATABASE),
        ("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", DISK_FULL),
        ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", DATABASE),
        ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", DATABASE),
        ("SELECT * FROM no_such_table", None),
        ("SELECT 1/0", None),
    ],
)
def test_what_postgresql_says_is_told_apart(require_service, statement, outage):
    require_service("postgresql")
    assert outage_of(of_postgresql(statement)) == outage
