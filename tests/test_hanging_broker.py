"""A broker that accepts connections and answers nothing keeps no request waiting, and loses no work."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app

from ranking import broker, tasks
from tests.client import Client, Refused
from tests.deployment import wait_for
from tests.own_servers import RABBITMQ, REDIS, OwnServer, own_rabbitmq, own_redis, silent_server

MOST_SECONDS = 3.0
#: A wait for the broker would show as two seconds; the machine that runs the tests may be busy.
ALIVE_SECONDS = 1.0


@pytest.fixture(params=["redis", "rabbitmq"])
def server(request, require, tmp_path_factory) -> Iterator[OwnServer]:
    """A broker that the test may stop."""
    kinds = {"redis": (own_redis, REDIS), "rabbitmq": (own_rabbitmq, RABBITMQ)}
    start, program = kinds[request.param]
    require(program, f"a {request.param}-server to start")
    with start(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(params=["redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//"], ids=["redis", "amqp"])
def silent_broker(request, monkeypatch) -> Iterator[str]:
    """The address of a broker that never answers."""
    with silent_server() as port:
        url = request.param.format(port)
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)
        # What was published before keeps its connections.
        monkeypatch.setattr(current_app, "_pool", None)
        monkeypatch.setattr(current_app.amqp, "_producer_pool", None)
        yield url
        broker.await_announcements(10)


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Return how long a call took, and its result."""
    began = time.monotonic()
    result = call()
    return time.monotonic() - began, result


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def queue_training(admin: Client) -> object:
    """Return the id of the job, or None where one of the project is open already."""
    try:
        return admin.post("jobs/", project="advisers", learn_from="labels", seed=0)["id"]
    except Refused as refused:
        return None if refused.status == 409 else refused


def watch_health(address: str, seconds: list[float], over: threading.Event) -> None:
    """Note how long `/healthz` takes, again and again."""
    while not over.is_set():
        seconds.append(timed(lambda: status_of(f"{address}/healthz"))[0])
        time.sleep(0.05)


def ask_at_once(admin: Client) -> tuple[list[object], float, float]:
    """Queue trainings, open pages and ask for the state, all at once.

    Returns the answers, and the longest that one of them and that `/healthz` meanwhile took, in seconds.
    """
    calls = [
        *[lambda: queue_training(admin)] * 5,
        *[lambda: status_of(f"{admin.address}/readyz")] * 5,
        *[lambda: status_of(f"{admin.address}/login/")] * 2,
        *[lambda: len(list(admin.all("versions/")))] * 2,
    ]
    alive: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=watch_health, args=(admin.address, alive, over))
    watcher.start()
    with ThreadPoolExecutor(len(calls)) as pool:
        timings = list(pool.map(timed, calls))
    over.set()
    watcher.join()
    return [answer for _, answer in timings], max(seconds for seconds, _ in timings), max(alive)


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_request_is_answered_and_no_training_lost_while_the_broker_is_stopped(deploy, server):
    deployment = deploy()
    deployment.environment |= {"TIEBREAK_BROKER_URL": server.url, "TIEBREAK_WEB_THREADS": "8"}
    if server.url.startswith("redis"):
        deployment.environment["TIEBREAK_CACHE_URL"] = server.url
    deployment.manage("shell", "--no-imports", "-c", "from tests import factories; factories.make_project()")
    password = deployment.manage("create_person", "ada", "admin").strip()
    admin = Client(deployment.web(), "ada", password)
    ready, ready_without = (f"{admin.address}/readyz{query}" for query in ("", "?exclude=broker"))
    deployment.worker()
    # Whoever has published once holds an open connection, of which the other end then falls silent.
    usual, usual_seconds, usual_alive = ask_at_once(admin)
    (first,) = {*usual[:5]} - {None}
    assert admin.finished(first)["state"] == "done"
    assert status_of(ready) == 200

    server.pause()
    answers, seconds, alive = ask_at_once(admin)
    print(f"\n{server.url}: {seconds:.2f} s (usually {usual_seconds:.2f}), ", end="")  # noqa: T201
    print(f"/healthz {alive:.3f} s (usually {usual_alive:.3f})")  # noqa: T201
    # How long the same takes with a broker that answers says how busy this machine is.
    assert seconds < usual_seconds + MOST_SECONDS
    assert alive < usual_alive + ALIVE_SECONDS
    assert status_of(ready) == 503
    assert status_of(ready_without) == 200
    (job,) = {*answers[:5]} - {None}
    assert admin.get(f"jobs/{job}/")["state"] == "queued"

    server.resume()
    assert admin.finished(job)["state"] == "done"
    wait_for(lambda: status_of(ready) == 200, seconds=30, what="a ready server")


@pytest.mark.django_db
def test_nobody_who_queues_work_waits_for_a_silent_broker(silent_broker):
    seconds, _ = timed(lambda: [broker.announce(tasks.run_training, 0) for _ in range(5)])
    assert seconds < 0.5


@pytest.mark.django_db
def test_a_publisher_gives_up_on_a_silent_broker(silent_broker):
    seconds, told = timed(lambda: broker.tell(tasks.run_training, 0))
    assert not told
    assert seconds < 3 * broker.ANSWER_SECONDS


@pytest.mark.django_db
def test_at_most_half_of_the_threads_wait_to_learn_whether_the_broker_answers(
    client, settings, silent_broker
):
    most = settings.TIEBREAK_WEB_THREADS // 2
    with ThreadPoolExecutor(4 * most) as pool:
        asked = list(pool.map(lambda _: timed(broker.is_reachable), range(4 * most)))
    assert not any(reached for _, reached in asked)
    assert sum(seconds > broker.ANSWER_SECONDS / 2 for seconds, _ in asked) <= most
    assert max(seconds for seconds, _ in asked) < MOST_SECONDS
    # For a few seconds it is remembered.
    assert timed(broker.is_reachable)[0] < 0.5
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["broker"]) == (503, "unreachable")


@pytest.mark.django_db
def test_a_broker_that_is_back_is_noticed(monkeypatch, client, silent_broker):
    monkeypatch.setattr(broker, "REST_SECONDS", 0.0)
    assert client.get("/readyz").status_code == 503
    monkeypatch.setattr(current_app.conf, "broker_write_url", "filesystem://")
    assert client.get("/readyz").json()["checks"]["broker"] == "ok"
