"""docs/operations.md is true: its commands are run as they stand there, on real services."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.deployment import ROOT, Deployment, answers, free_port, wait_for

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
#: Celery greets in plain text before it sets logging up.
BANNER_LINES = {"web": 0, "worker": 40, "beat": 12}
COMMANDS = dict(re.findall(r"^```bash ci (\S+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
ADD_ADA = "INSERT INTO auth_group (name) VALUES ('ada')"
REMOVE_ADA = "DELETE FROM auth_group WHERE name = 'ada'"


def run(deployment: Deployment, name: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a block of the page to its end."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here(deployment, COMMANDS[name])],
        cwd=ROOT,
        env=deployment.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert not check or done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"
    return done


def here(deployment: Deployment, commands: str) -> str:
    """Return the commands with the one thing changed that tests at the same time cannot share: the port."""
    return commands.replace("127.0.0.1:8000", deployment.environment["TIEBREAK_BIND"])


def start(deployment: Deployment, name: str, log: str = "") -> subprocess.Popen[bytes]:
    """Start a block of the page that stays in the foreground."""
    return deployment.start(log or name, ["bash", "-euo", "pipefail", "-c", COMMANDS[name]])


def prepare(deployment: Deployment, folder: Path, **extra: str) -> Deployment:
    """Give a deployment the environment that the page asks for."""
    bin_folder = Path(sys.executable).parent
    deployment.environment |= {
        "PATH": f"{bin_folder}:{deployment.environment['PATH']}",
        "TIEBREAK_BIND": f"127.0.0.1:{free_port()}",
        "TIEBREAK_METRICS_TOKEN": "of-this-test",
        "BACKUP": str(folder / "backup"),
        **extra,
    }
    return deployment


def execute(deployment: Deployment, statement: str) -> None:
    """Change the database behind the product's back."""
    url = deployment.environment["TIEBREAK_DATABASE_URL"]
    if url:
        import psycopg

        with psycopg.connect(url) as postgresql:
            postgresql.execute(statement)
    else:
        with closing(embedded_database(deployment)) as sqlite:
            sqlite.execute(statement)
            sqlite.commit()


def embedded_database(deployment: Deployment) -> sqlite3.Connection:
    return sqlite3.connect(Path(deployment.environment["TIEBREAK_VAR_DIR"]) / "tiebreak.sqlite3")


def contents(deployment: Deployment) -> list[str]:
    """Return the whole database as lines, in an order of their own."""
    url = deployment.environment["TIEBREAK_DATABASE_URL"]
    if url:
        dumped = subprocess.run(
            ["pg_dump", url], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        # Newer pg_dump brackets its output with a key of its own, drawn anew each time.
        return sorted(line for line in dumped if not line.startswith(("\\restrict", "\\unrestrict")))
    with closing(embedded_database(deployment)) as sqlite:
        return sorted(sqlite.iterdump())


@pytest.fixture(scope="module")
def production(deploy_for_module, tmp_path_factory):
    """A deployment on PostgreSQL and RabbitMQ with the settings of production."""
    folder = tmp_path_factory.mktemp("operations")
    deployment = prepare(
        deploy_for_module("postgresql", "rabbitmq"),
        folder,
        TIEBREAK_ENV="production",
        TIEBREAK_SECRET_KEY="a-key-of-more-than-fifty-characters-for-this-test-alone-0123456789",
        TIEBREAK_ALLOWED_HOSTS="127.0.0.1",
        TIEBREAK_LOG_LEVEL="DEBUG",
        PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics"),
        TIEBREAK_WEB_WORKERS="2",
    )
    run(deployment, "prepare")
    assert run(deployment, "first-admin").stdout.strip()
    return deployment


def test_every_block_marked_as_run_is_run():
    source = Path(__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'(?:run|start)\(\w+, "([\w-]+)"', source))
    assert named == set(COMMANDS)


@pytest.fixture(scope="module")
def running(production):
    """The three kinds of processes, started as written, once they answer."""
    web, worker, beat = start(production, "web"), start(production, "worker"), start(production, "beat")
    address = f"http://{production.environment['TIEBREAK_BIND']}"
    production.await_start("web", web, lambda: answers(f"{address}/healthz"))
    production.await_start("worker", worker, lambda: " ready." in production.log("worker"))
    processes = [web, worker, beat]
    yield processes
    for process in processes:
        production.kill(process)


@pytest.mark.services
@pytest.mark.slow
def test_web_worker_and_beat_start_as_written_and_are_ready(production, running):
    assert '"status": "ready"' in run(production, "health").stdout
    # A task that beat announced has reached the worker: the three of them talk to each other.
    wait_for(lambda: "ranking.tasks.reap" in production.log("worker"), seconds=60, what="beat's first tick")
    assert [process.poll() for process in running] == [None, None, None]


@pytest.mark.services
@pytest.mark.slow
def test_a_worker_starts_beside_another_one_and_again_at_once_after_a_kill(production, running):
    for log in ("second", "second again"):
        worker = start(production, "worker", log)
        production.await_start(log, worker, lambda log=log: " ready." in production.log(log))
        assert worker.poll() is None
        production.kill(worker)


@pytest.mark.services
@pytest.mark.slow
def test_each_process_logs_one_json_object_a_line(production, running):
    for name, event in (
        ("web", "request_started"),
        ("worker", "task_succeeded"),
        ("beat", "task_enqueued"),
    ):
        wait_for(
            lambda name=name, event=event: event in production.log(name),
            seconds=30,
            what=f"{event} of {name}",
        )
        lines = [line for line in production.log(name).splitlines()[:-1] if line.strip()]
        events = [json.loads(line) for line in lines if line.startswith("{")]
        assert len(events) >= len(lines) - BANNER_LINES[name]
        assert all({"event", "level", "timestamp"} <= set(line) for line in events)


@pytest.mark.services
@pytest.mark.slow
def test_every_metric_that_an_alert_is_built_on_is_exported(production, running):
    told = set(re.findall(r"^\| `((?:tiebreak|django)_[a-z_]+)`", PAGE, flags=re.MULTILINE))
    exported = run(production, "metrics").stdout
    assert len(told) == 8
    assert {name for name in told if f"# TYPE {name} " not in exported} == set()


@pytest.mark.services
@pytest.mark.slow
def test_a_backup_restores_every_row_and_file(production):
    execute(production, ADD_ADA)
    stored = Path(production.environment["TIEBREAK_VAR_DIR"]) / "files" / "models" / "one.json"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_text("{}")
    before = contents(production)
    run(production, "backup")
    execute(production, REMOVE_ADA)
    stored.unlink()
    assert contents(production) != before
    run(production, "restore")
    assert contents(production) == before
    assert stored.read_text() == "{}"


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.parametrize("checksums_too", [False, True], ids=["as copied", "with matching checksums"])
def test_a_damaged_dump_fails_loudly_and_changes_nothing(production, tmp_path, monkeypatch, checksums_too):
    monkeypatch.setitem(production.environment, "BACKUP", str(tmp_path / "backup"))
    run(production, "backup")
    before = contents(production)
    dump = tmp_path / "backup" / "database.dump"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    if checksums_too:
        renew = "sha256sum database.dump files.tar.gz > SHA256SUMS"
        subprocess.run(["bash", "-c", renew], cwd=dump.parent, check=True)
    failed = run(production, "restore", check=False)
    assert failed.returncode != 0
    assert failed.stderr
    assert contents(production) == before


@pytest.mark.services
def test_the_embedded_default_is_backed_up_in_use_and_restored(deploy, tmp_path):
    embedded = prepare(deploy(), tmp_path, TIEBREAK_DATABASE_URL="")
    embedded.manage("migrate", "--verbosity", "0")
    execute(embedded, ADD_ADA)
    before = contents(embedded)
    run(embedded, "sqlite-backup")
    execute(embedded, REMOVE_ADA)
    assert contents(embedded) != before
    run(embedded, "sqlite-restore")
    assert contents(embedded) == before
    shutil.rmtree(embedded.environment["TIEBREAK_VAR_DIR"])  # another machine
    run(embedded, "sqlite-restore")
    assert contents(embedded) == before
