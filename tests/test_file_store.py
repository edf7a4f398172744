"""Whatever a file store raises, lists that are stored go on being served, and nobody is answered 500."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.files.storage import FileSystemStorage, Storage
from django.urls import reverse

from ranking.errors import BrokenFile, StoreUnreachable
from ranking.services import candidates, files, orders, serving
from tests import factories
from tests.access_table import API, OPEN, PAGES
from tests.test_access import IDENTITIES, World, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


class Unavailable(Exception):
    """What a store of somebody else raises: no OSError."""


class AwayStorage(Storage):
    """A store that answers every call with an error of its own."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise Unavailable("s3://secret-bucket: SlowDown")


class FullStorage(FileSystemStorage):
    """A disk on which the first half of a file finds room."""

    def _save(self, name: str, content: Any) -> str:
        super()._save(name, type(content)(content.read()[: content.size // 2]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


#: Every request that its address lets in.
INSIDE = [
    (name, row, method, identity)
    for name, row in (API | PAGES).items()
    for method, roles in row.known.items()
    for identity, (role, _) in IDENTITIES.items()
    if role in roles.split()
]


def use(settings: Any, storage: type[Storage], **options: Any) -> None:
    """Put another store in the place of the files' own."""
    backend = f"{__name__}.{storage.__name__}"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture
def away(settings, nothing_remembered) -> None:
    use(settings, AwayStorage)


def forget() -> None:
    """Leave nothing in memory, as after a restart."""
    serving.forget_rankers()
    orders.forget_orders()
    candidates.forget_catalogues()
    files._looked.clear()


@pytest.mark.parametrize("warm", [True, False], ids=["in memory", "after a restart"])
def test_no_address_answers_500_to_anybody_while_the_store_is_away(world, settings, warm):  # noqa: F811
    forget()
    if warm:
        world.pages["reader"].get(world.address("feedback:matches", PAGES["feedback:matches"]))
    use(settings, AwayStorage)
    statuses = []
    for name, row, method, identity in INSIDE:
        if not warm:
            forget()
        statuses.append((f"{method} {name} by {identity}", world.ask(name, row, method, identity=identity)))
    for name in OPEN - {"feedback:invitation", "readyz"}:
        for identity, client in world.pages.items():
            statuses.append((f"GET {name} by {identity}", client.get(reverse(name))))
    failed = [f"{asked}: {answer.status_code}" for asked, answer in statuses if answer.status_code == 500]
    assert not failed, "\n".join(failed)
    assert len(statuses) > 200


def test_stored_lists_are_served_and_flagged_while_the_store_is_away(world, settings):  # noqa: F811
    reader, row = world.pages["reader"], PAGES["feedback:matches"]
    address = world.address("feedback:matches", row)
    lines = reader.get(address).content.count(b"/why/")
    forget()
    use(settings, AwayStorage)
    answer = reader.get(address)
    assert answer.status_code == 200
    assert answer.content.count(b"/why/") == lines > 0
    ranking = world.api["reader"].get(reverse("api:query_ranking", args=[world.objects["query"]]))
    assert (ranking.status_code, ranking.json()["ranking"]["degraded"]) == (200, True)


def test_what_cannot_be_told_without_a_file_says_so_with_503(world, settings):  # noqa: F811
    forget()
    use(settings, AwayStorage)
    answer = world.api["admin"].get(world.address("api:version_lessons", API["api:version_lessons"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file_store_unavailable")
    assert answer["Retry-After"]
    assert "secret-bucket" not in answer.content.decode()


@pytest.mark.parametrize("warm", [True, False], ids=["in memory", "after a restart"])
def test_not_ready_while_the_store_is_away(client, settings, warm):
    forget()
    serving.serve(factories.make_project().queries.first())
    if not warm:
        forget()
    use(settings, AwayStorage)
    answer = client.get("/readyz?exclude=broker")
    assert (answer.status_code, answer.json()["checks"]["files"]) == (503, "unreachable")
    assert answer.json()["checks"]["champion"] == ("degraded" if warm else "missing")
    assert client.get("/healthz").status_code == 200


def test_the_error_of_a_store_leaves_as_one_of_ours(away):
    for call in (
        lambda: files.read("models/a.json", "0" * 64),
        lambda: files.store("models", ".json", b"{}"),
        lambda: files.is_whole("models/a.json", "0" * 64),
        files.ask,
        files.try_out,
    ):
        with pytest.raises(StoreUnreachable):
            call()


def test_a_file_that_is_not_there_is_no_store_that_is_away():
    with pytest.raises(BrokenFile) as missing:
        files.read("models/none.json", "0" * 64)
    assert not isinstance(missing.value, StoreUnreachable)


def test_half_a_file_that_a_full_disk_leaves_is_taken_away(settings, tmp_path):
    use(settings, FullStorage, location=str(tmp_path))
    with pytest.raises(StoreUnreachable, match="no room left"):
        files.store("models", ".json", b"whole file")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_deployment_is_checked_by_writing_a_file_and_reading_it_back(settings, tmp_path):
    use(settings, FileSystemStorage, location=str(tmp_path))
    assert not [
        message for message in run_checks(include_deployment_checks=True) if message.id == "tiebreak.E001"
    ]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    for storage in (AwayStorage, FullStorage):
        use(settings, storage, **({"location": str(tmp_path)} if storage is FullStorage else {}))
        (found,) = [m for m in run_checks(include_deployment_checks=True) if m.id == "tiebreak.E001"]
        assert "TIEBREAK_STORAGE" in found.hint
