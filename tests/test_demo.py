"""`manage.py demo` as a newcomer runs it: to its first page, through its log-ins, stopped, started again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.client import Client
from tests.deployment import Deployment, answers, free_port, wait_for

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(900)]

SECONDS = 600  # for everything up to the first page, on a machine that is busy with other tests
RUNNING = "Ctrl-C stops it"
PASSWORD = "tiebreak-demo"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path_factory.mktemp("demo"))
    del deployment.environment["TIEBREAK_TRAINING_RESEEDS"]  # as a newcomer has it
    yield deployment
    deployment.remove()


def started(place: Deployment, port: int) -> tuple[int, str]:
    """Start the demo; return its process id and what it printed until it served."""
    before = len(place.log("demo"))
    process = place.start("demo", [sys.executable, "manage.py", "demo", "--port", str(port)])

    def said() -> str:
        return place.log("demo")[before:]

    wait_for(lambda: RUNNING in said() or process.poll() is not None, seconds=SECONDS, what="the demo")
    assert process.poll() is None, said()
    return process.pid, said()


def stopped(place: Deployment, pid: int) -> int:
    """Press Ctrl-C; return the exit code."""
    os.kill(pid, signal.SIGINT)
    (process,) = (one for one in place.processes if one.pid == pid)
    return process.wait(timeout=60)


def test_the_demo_walks_the_loop_serves_stops_and_starts_again_with_its_data(place: Deployment) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    pid, said = started(place, port)
    assert "Version 1 is in service" in said
    assert "Version 2 is in service" in " ".join(said.split())  # the loop closes: a refinement is promoted
    admin = Client(address, "admin", PASSWORD)
    assert [one["number"] for one in admin.all("versions/", in_service="true")] == [2]
    assert {one["title"]: one["simulated"] for one in admin.all("sessions/")} == {
        "Autumn round, simulated": True,
        "Your round": False,
    }
    assert len(list(Client(address, "expert", PASSWORD).all("slates/", state="open"))) == 6
    assert list(Client(address, "reader", PASSWORD).all("queries/"))

    assert stopped(place, pid) == 0
    assert not answers(f"{address}/healthz")

    pid, again = started(place, port)
    assert "Training" not in again
    assert "Loading" not in again
    versions = Client(address, "admin", PASSWORD).all("versions/")
    assert sorted(one["number"] for one in versions) == [0, 1, 2]
    assert stopped(place, pid) == 0


def test_its_versions_are_what_their_training_sets_make(place: Deployment) -> None:
    said = place.manage("verify").splitlines()
    assert [line.split(",")[0] for line in said] == [
        "version 1: model byte-identical",
        "version 2: model byte-identical",
    ]
    assert all("predictions 0," in line for line in said)
