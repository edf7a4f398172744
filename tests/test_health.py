"""What a load balancer and a monitoring system are told."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from celery import current_app
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from ranking.observability import StateCollector
from ranking.services import files, serving
from ranking.services.versions import PromotionRequest, promote
from tests.deployment import Deployment
from tests.factories import make_project
from tests.trainings import make_job, make_version

ASK = """
from django.test import Client
for address in ("/healthz", "/readyz", "/readyz?exclude=broker"):
    answer = Client(HTTP_HOST="localhost").get(address)
    print(answer.status_code, answer.content.decode())
"""
GONE = "amqp://nobody:secret@127.0.0.1:1//"


@pytest.fixture
def no_broker(monkeypatch):
    """A broker's address at which nothing listens."""
    monkeypatch.setattr(current_app.conf, "broker_write_url", GONE)


def test_alive_asks_nothing_of_the_database(client):
    # Without the django_db mark any query fails this test.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_ready_when_database_broker_and_champions_are_there(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "broker": "ok", "files": "ok", "disk": "ok", "champion": "ok"},
    }


@pytest.mark.django_db
def test_not_ready_without_a_broker_unless_told_to_leave_it_out(client, no_broker):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["broker"]) == (503, "unreachable")
    assert client.get("/readyz?exclude=broker").status_code == 200


def test_not_ready_without_a_database_but_alive(tmp_path):
    deployment = Deployment(tmp_path)
    deployment.environment["TIEBREAK_DATABASE_URL"] = "postgresql://nobody:secret@127.0.0.1:1/none"
    alive, ready, _ = deployment.manage("shell", "--no-imports", "-c", ASK).splitlines()
    assert alive.startswith("200")
    status, body = ready.split(" ", 1)
    assert (status, json.loads(body)["checks"]) == (
        "503",
        {"database": "unreachable", "broker": "ok", "files": "ok", "disk": "ok", "champion": "unknown"},
    )
    assert "secret" not in ready


REFUSING = [
    ("rabbitmq", "amqp://guest:guest@{}/nowhere"),
    ("redis", "redis://nobody:wrong@{}/0"),
]


@pytest.mark.services
@pytest.mark.parametrize(("service", "url"), REFUSING)
def test_a_broker_that_refuses_the_log_in_is_as_one_that_is_away(deploy, require_service, service, url):
    address = urlsplit(require_service(service)).netloc.rpartition("@")[2]
    deployment = deploy()
    deployment.environment["TIEBREAK_BROKER_URL"] = url.format(address)
    answers = deployment.manage("shell", "--no-imports", "-c", ASK).splitlines()
    assert [answer[:3] for answer in answers] == ["200", "503", "200"]
    assert json.loads(answers[1][4:])["checks"]["broker"] == "unreachable"


@pytest.mark.services
def test_a_training_is_queued_where_the_broker_refuses_the_log_in(deploy, require_service):
    address = urlsplit(require_service("rabbitmq")).netloc.rpartition("@")[2]
    deployment = deploy()
    deployment.manage("shell", "--no-imports", "-c", "from tests import factories; factories.make_project()")
    deployment.environment["TIEBREAK_BROKER_URL"] = f"amqp://guest:wrong@{address}//"
    assert "is queued" in deployment.manage("retrain", "advisers", "--labels")


@pytest.mark.django_db
def test_not_ready_when_the_disk_is_full(client, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2**20))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (503, "full")
    assert client.get("/healthz").status_code == 200


def damage(version):
    """Damage a version's file, and forget what was loaded of it."""
    damage_file(version)
    serving.forget_rankers()


def damage_file(version):
    """Change one byte of a version's file, as a disk would."""
    path = Path(default_storage.path(version.file))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.django_db
def test_degraded_but_ready_while_an_earlier_champion_serves_for_a_damaged_one(client):
    version = make_version(make_project())
    promote(version, PromotionRequest(by="ada", reason="better", expected_sha256=version.sha256))
    damage(version)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["champion"] == "degraded"


@pytest.mark.django_db
@pytest.mark.parametrize("harm", [damage_file, lambda version: default_storage.delete(version.file)])
def test_degraded_when_a_file_breaks_that_the_process_has_in_memory(client, monkeypatch, harm):
    version = make_project().versions.get()
    path = Path(default_storage.path(version.file))
    kept = path.read_bytes()
    assert client.get("/readyz").json()["status"] == "ready"
    harm(version)
    assert client.get("/readyz").json()["status"] == "ready"  # within a minute nobody looks again
    monkeypatch.setattr(files, "LOOK_AGAIN_SECONDS", 0.0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["champion"]) == (200, "degraded")
    path.write_bytes(kept)
    assert client.get("/readyz").json()["status"] == "ready"


@pytest.mark.django_db
def test_not_ready_when_no_version_of_a_project_can_be_loaded(client):
    damage(make_project().versions.get())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["champion"]) == (503, "missing")


@pytest.mark.django_db
def test_a_project_that_is_only_described_keeps_nobody_from_being_ready(client):
    make_project("described", version=False)
    assert client.get("/readyz").json()["checks"]["champion"] == "ok"
    make_project()
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_a_project_whose_versions_cannot_be_loaded_hides_no_other(client, caplog):
    make_project("first")
    damage(make_project("second").versions.get())  # both have the same rule, and so the same file
    assert client.get("/readyz").json()["checks"]["champion"] == "missing"
    told = [record.msg for record in caplog.records if "no_champion" in str(record.msg)]
    assert {event["project"] for event in told} == {"first", "second"}


@pytest.mark.django_db
def test_metrics_name_the_champion_and_the_newest_version_of_each_project():
    make_version(make_project())
    gauges = {gauge.name: gauge.samples for gauge in StateCollector().collect()}
    assert [(s.labels, s.value) for s in gauges["tiebreak_champion_version"]] == [
        ({"project": "advisers"}, 0)
    ]
    assert [(s.labels, s.value) for s in gauges["tiebreak_latest_version"]] == [({"project": "advisers"}, 1)]


@pytest.mark.django_db
def test_metrics_tell_how_long_the_oldest_job_has_waited_and_its_worker_been_silent():
    job = make_job(make_project())
    long_ago = timezone.now() - timedelta(seconds=500)
    type(job).objects.update(created_at=long_ago)
    gauges = {gauge.name: gauge.samples for gauge in StateCollector().collect()}
    assert gauges["tiebreak_training_queue_age_seconds"][0].value >= 500
    type(job).objects.update(state="running", heartbeat_at=long_ago)
    gauges = {gauge.name: gauge.samples for gauge in StateCollector().collect()}
    assert gauges["tiebreak_training_queue_age_seconds"][0].value == 0
    assert gauges["tiebreak_training_heartbeat_age_seconds"][0].value >= 500


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_health_is_read_and_never_stored_or_changed(client, db, settings, address):
    settings.TIEBREAK_METRICS_TOKEN = "token"
    answer = client.get(address, HTTP_AUTHORIZATION="Bearer token")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert client.post(address).status_code == 405


SCRAPERS = [
    ("", {"REMOTE_ADDR": "127.0.0.1"}, 404),
    ("", {"REMOTE_ADDR": "::1"}, 404),
    ("", {"HTTP_AUTHORIZATION": "Bearer "}, 404),
    ("", {"HTTP_AUTHORIZATION": "Bearer"}, 404),
    ("token", {"HTTP_AUTHORIZATION": "Bearer token"}, 200),
    ("token", {"HTTP_AUTHORIZATION": "Bearer tokem"}, 404),
    ("token", {"HTTP_AUTHORIZATION": "Bearer tokén"}, 404),
    ("token", {"HTTP_AUTHORIZATION": "token"}, 404),
    ("token", {"REMOTE_ADDR": "127.0.0.1"}, 404),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("token", "request_of", "status"), SCRAPERS)
def test_metrics_are_for_who_has_the_token_and_for_nobody_without_one(settings, token, request_of, status):
    settings.TIEBREAK_METRICS_TOKEN = token
    assert Client().get("/metrics", **request_of).status_code == status


@pytest.mark.django_db
def test_metrics_count_jobs_of_every_state_even_when_there_are_none():
    gauges = {gauge.name: gauge for gauge in StateCollector().collect()}
    samples = {sample.labels["state"]: sample.value for sample in gauges["tiebreak_training_jobs"].samples}
    assert samples == {"queued": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 0}
    assert gauges["tiebreak_training_queue_age_seconds"].samples[0].value == 0
