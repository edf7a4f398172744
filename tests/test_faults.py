"""Whatever is killed, the work that was accepted is done once, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.client import Client
from tests.deployment import wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
ADVISERS = Path(__file__).resolve().parent.parent / "fixtures" / "advisers"
WAYS = [("sqlite", "filesystem"), ("postgresql", "rabbitmq"), ("postgresql", "redis")]
IDS = ["-".join(way) for way in WAYS]


def _installed(deploy, database: str, broker: str):
    deployment = deploy(database=database, broker=broker)
    deployment.environment["TMPDIR"] = str(deployment.folder)
    deployment.manage("load_project", str(ADVISERS))
    password = deployment.manage("create_person", "ada", "admin").strip()
    return deployment, Client(deployment.web(), "ada", password)


def _queue(admin: Client, **body) -> int:
    return admin.post("jobs/", project="advisers", learn_from="labels", seed=0, **body)["id"]


def _training_children(worker: subprocess.Popen) -> list[int]:
    """Return the training processes that this worker or one of its pool has started."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    rows = [line.split(None, 2) for line in listed]
    family = {worker.pid} | {int(pid) for pid, parent, _ in rows if int(parent) == worker.pid}
    return [
        int(pid)
        for pid, parent, args in rows
        if "ranking.ltr.trainer" in args and int(parent) in family and args.split()[0] != "sh"
    ]


def _wait_for_child(worker: subprocess.Popen) -> list[int]:
    return wait_for(lambda: _training_children(worker), seconds=90, what="a training process")


def _end_of(admin: Client, job: int) -> tuple[str, int, list[int], int]:
    """Return how a training ended and in which attempt, the versions there are, and how many evaluations."""
    ended = admin.finished(job)
    numbers = [version["number"] for version in admin.all("versions/")]
    return ended["state"], ended["attempt"], numbers, len(list(admin.all("evaluations/")))


@pytest.mark.parametrize(("database", "broker"), WAYS, ids=IDS)
def test_a_killed_worker_loses_no_training_and_doubles_none(deploy, database, broker):
    deployment, admin = _installed(deploy, database, broker)
    worker = deployment.worker()
    job = _queue(admin)
    (child, *_) = _wait_for_child(worker)
    deployment.kill(worker, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_for(lambda: not os.path.exists(f"/proc/{child}"), seconds=10, what="the end of the orphan")
    deployment.worker()
    wait_for(
        lambda: admin.get(f"jobs/{job}/")["attempt"] == 2, seconds=45, what="the job to be claimed again"
    )
    print(f"\n{database} + {broker}: claimed {time.monotonic() - killed_at:.1f} s after the kill")  # noqa: T201
    assert _end_of(admin, job) == ("done", 2, [1, 0], 1)
    left = deployment.folder.glob
    wait_for(lambda: not [*left("tiebreak-job-*")], seconds=60, what="the killed worker's folder to go")


def test_a_killed_training_process_is_tried_again(deploy):
    deployment, admin = _installed(deploy, "sqlite", "filesystem")
    worker = deployment.worker()
    job = _queue(admin)
    os.kill(_wait_for_child(worker)[0], signal.SIGKILL)
    assert _end_of(admin, job) == ("done", 2, [1, 0], 1)


def test_a_training_that_kills_its_process_is_given_up_after_three_attempts(deploy):
    deployment, admin = _installed(deploy, "sqlite", "filesystem")
    worker = deployment.worker()
    job = _queue(admin)
    for _ in range(3):
        os.kill(_wait_for_child(worker)[0], signal.SIGKILL)
        wait_for(lambda: not _training_children(worker), seconds=20, what="the end of the process")
    ended = admin.finished(job)
    assert (ended["state"], ended["attempt"]) == ("failed", 3)
    assert "3 attempts" in ended["error"]
    assert "signal 9" in ended["error"]
    assert [version["number"] for version in admin.all("versions/")] == [0]


def test_a_session_closed_and_a_training_asked_for_while_the_broker_is_away_are_kept(deploy):
    deployment, admin = _installed(deploy, "sqlite", "filesystem")
    expert = admin.post("members/", username="edda", role="expert")
    client = Client(admin.address, "edda", expert["password"])
    session = admin.post(
        "sessions/", project="advisers", title="Autumn", experts=["edda"], slates_per_expert=6
    )
    for row in list(client.all("slates/", state="open")):
        cards = [card["id"] for card in client.get(f"slates/{row['id']}/")["cards"]]
        client.submit(row["id"], kind="reorder", tiers=[[card] for card in reversed(cards)])
    queue = deployment.folder / "var" / "broker" / "queue"
    queue.rename(queue.with_name("away"))
    queue.write_text("no folder: whoever publishes fails")
    admin.post(f"sessions/{session['id']}/close/")
    job = admin.post("jobs/", project="advisers", learn_from="preferences", seed=0)["id"]
    assert admin.get(f"jobs/{job}/")["state"] == "queued"
    queue.unlink()
    queue.with_name("away").rename(queue)
    deployment.worker()
    assert _end_of(admin, job) == ("done", 1, [1, 0], 1)
    judged = list(admin.all("judgements/", session=session["id"]))
    assert len(judged) == 6
