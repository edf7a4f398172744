"""Run the product as it is run in production: real processes, a database and a broker of their own.

In-process test clients share memory with the code under test; what dies, waits or is delivered twice shows
only between processes.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
SERVICES = {
    "postgresql": os.environ.get("TIEBREAK_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "rabbitmq": os.environ.get("TIEBREAK_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": os.environ.get("TIEBREAK_TEST_REDIS", "redis://127.0.0.1:6379/0"),
}
SQLITE = "tiebreak.sqlite3"
#: Kind of database -> one with tables and no rows, made at its first use: migrating takes ten seconds.
_TEMPLATES: dict[str, str] = {}
#: Short, so that a lost worker is noticed while the test is looking.
QUICK = {
    "TIEBREAK_LEASE_SECONDS": "6",
    "TIEBREAK_REAP_SECONDS": "2",
    "TIEBREAK_WORKER_CONCURRENCY": "1",
    "TIEBREAK_WEB_WORKERS": "1",
    "TIEBREAK_TRAINING_RESEEDS": "0",
}


def product_free(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what configures the product or was set for the tests alone."""
    ours = ("TIEBREAK_", "DJANGO_")
    return {name: value for name, value in variables.items() if not name.startswith(ours)}


def is_listening(service: str) -> bool:
    """Return whether something accepts connections where the service should be."""
    url = urlsplit(SERVICES[service])
    with contextlib.suppress(OSError), socket.create_connection((url.hostname or "", url.port or 0), 2):
        return True
    return False


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Return the condition's first true value; fail with `what` when it has none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.1)
    return value


class Deployment:
    """One installation: an environment, and the processes that run in it.

    `database` is "sqlite" or "postgresql"; `broker` is "filesystem", "rabbitmq" or "redis". Each has a
    database and a queue of its own, so that several can run on one machine.
    """

    def __init__(self, folder: Path, *, database: str = "sqlite", broker: str = "filesystem") -> None:
        self.folder = folder
        self.name = f"tiebreak_{uuid.uuid4().hex[:10]}"
        self.database, self.broker = database, broker
        self.processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = (
            product_free(os.environ)
            | QUICK
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONUNBUFFERED": "1",
                "TIEBREAK_VAR_DIR": str(folder / "var"),
                "TIEBREAK_QUEUE": self.name,
                "TIEBREAK_DATABASE_URL": self._database_url(),
                "TIEBREAK_BROKER_URL": SERVICES.get(broker, "filesystem://"),
            }
        )

    def create(self) -> Deployment:
        """Make the database and its tables: the first of its kind by the migrations, others as its copies."""
        template = _TEMPLATES.get(self.database)
        if self.database == "postgresql":
            self._administer(
                f'CREATE DATABASE "{self.name}"' + (f' TEMPLATE "{template}"' if template else "")
            )
        elif template:
            shutil.copyfile(template, self.folder / SQLITE)
        if template is None:
            self.manage("migrate", "--verbosity", "0")
            _TEMPLATES[self.database] = self._kept_as_template()
        return self

    def _kept_as_template(self) -> str:
        """Put a copy of the empty database aside, until this process ends."""
        if self.database == "sqlite":
            folder = tempfile.mkdtemp(prefix="tiebreak-template-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            return shutil.copyfile(self.folder / SQLITE, os.path.join(folder, SQLITE))
        name = f"tiebreak_template_{uuid.uuid4().hex[:10]}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
        atexit.register(self._administer, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return name

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed; fail with its output if it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def web(self) -> str:
        """Start the web server; return its address once it answers."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        server = self.start(
            "web",
            [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"],
            TIEBREAK_BIND=f"127.0.0.1:{port}",
        )
        self.await_start("web", server, lambda: answers(f"{address}/healthz"))
        return address

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker and its clock; return it once it takes work."""
        already = self.log("worker").count(" ready.")
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--beat", "--loglevel", "INFO"]
        worker = self.start("worker", [*command, *options])
        self.await_start("worker", worker, lambda: self.log("worker").count(" ready.") > already)
        return worker

    def start(self, name: str, command: Sequence[str], **extra: str) -> subprocess.Popen[bytes]:
        """Start a process at the head of a group of its own; `log(name)` reads its output."""
        with open(self.folder / f"{name}.log", "ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | extra,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def await_start(self, name: str, process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
        """Return once the condition holds; fail with the log if the process ends before."""
        wait_for(lambda: process.poll() is not None or condition(), seconds=120, what=name)
        assert process.poll() is None, f"{name} ended:\n{self.log(name)[-5000:]}"

    def log(self, name: str) -> str:
        """Return what the processes of this name have printed so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, process: subprocess.Popen[bytes], sign: int = signal.SIGKILL) -> None:
        """Send the signal to the process and all its children, and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        process.wait(timeout=30)

    def remove(self) -> None:
        """End every process and take database and queue away."""
        for process in self.processes:
            self.kill(process)
        if self.broker != "filesystem":
            self._drop_queue()
        if self.database == "postgresql":
            self._administer(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _database_url(self) -> str:
        if self.database == "sqlite":
            return f"sqlite:///{self.folder / SQLITE}"
        return urlunsplit(urlsplit(SERVICES["postgresql"])._replace(path=f"/{self.name}"))

    def _administer(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(SERVICES["postgresql"], autocommit=True) as connection:
            connection.execute(statement)

    def _drop_queue(self) -> None:
        from kombu import Connection

        with Connection(SERVICES[self.broker]) as opened, contextlib.suppress(*opened.channel_errors):
            opened.default_channel.queue_delete(self.name)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Return whether a server answers 200 there."""
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
