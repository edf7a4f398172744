"""`manage.py demo`: the whole loop once, on this machine, then served until Ctrl-C."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from feedback.services import demonstration, learning
from ranking.models import ModelVersion, Project, TrainingJob
from ranking.services import serving
from ranking.services.catalog import load_project
from ranking.tasks import start_training

JOB_SECONDS = 600
READY_SECONDS = 180


class Command(BaseCommand):
    """Load the example, train, hold a simulated session, retrain, promote, and serve."""

    help = "Load the example project, walk the loop once with simulated experts, and serve it until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--reset", action="store_true", help="throw the example's data away first")
        parser.add_argument("--port", type=int, default=8000, help="of the web server (default 8000)")
        parser.add_argument("--no-serve", action="store_true", help="set everything up, and stop there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the steps; a second run finds them done and serves at once."""
        self.console = Console(stderr=False)
        self.children: list[tuple[str, subprocess.Popen[bytes]]] = []
        if settings.PRODUCTION:
            raise CommandError("the demonstration has known passwords: it does not run in production")
        if not options["no_serve"]:
            _check_port(options["port"])
        if options["reset"]:
            _throw_away()
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, _interrupt)  # Ctrl-C too: a process started in the background ignores it
        try:
            self._walk(options)
        except KeyboardInterrupt:
            self.console.print("\nStopping …")
        finally:
            self._stop()

    def _walk(self, options: dict[str, Any]) -> None:
        call_command("migrate", verbosity=0)
        self._start("worker", [sys.executable, "-m", "celery", "-A", "config", "worker", "--beat"])
        if not demonstration.is_complete():
            self._walk_the_loop()
        if not options["no_serve"]:
            self._serve(options["port"])

    def _walk_the_loop(self) -> None:
        project = self._load()
        self._train_first(project)
        # Lists that were never served by version 1 could not show what version 2 has moved.
        self._rank_all(project, "Ranking every mandate")
        self._hold_round(project)
        self._retrain(project)
        self._rank_all(project, "Ranking every mandate anew")
        demonstration.open_second_round(project)

    def _rank_all(self, project: Project, words: str) -> None:
        queries = project.queries.filter(active=True).select_related("project")
        with _bar(self.console) as bar:
            for query in bar.track(list(queries), description=words):
                serving.serve(query)

    def _load(self) -> Project:
        project = Project.objects.filter(slug=demonstration.FOLDER.name).first()
        if project is None or not project.versions.exists():
            self.console.print("Loading 2,000 made-up advisers and 60 mandates …")
            load_project(demonstration.FOLDER)
            project = Project.objects.get(slug=demonstration.FOLDER.name)
        demonstration.create_people(project)
        return project

    def _train_first(self, project: Project) -> None:
        if not project.versions.filter(number=1).exists():
            job = _open_job(project) or learning.retrain_from_labels(project, by=demonstration.BY)
            self._wait_for(job, "Training version 1 from graded labels")
        self._promote(project.versions.get(number=1))

    def _hold_round(self, project: Project) -> None:
        with _bar(self.console) as bar:
            task = bar.add_task("Five simulated experts judge lists", total=None)
            demonstration.hold_first_round(
                project, lambda done, total: bar.update(task, completed=done, total=total)
            )
            bar.update(task, total=1, completed=1)

    def _retrain(self, project: Project) -> None:
        if not project.versions.filter(number=2).exists():
            job = _open_job(project) or learning.retrain(project, by=demonstration.BY)
            self._wait_for(job, "Training version 2 from their preferences")
        self._promote(project.versions.get(number=2))

    def _promote(self, version: ModelVersion) -> None:
        promoted = demonstration.promote_if_better(version)
        evaluation = version.evaluations.first()
        said = "in service" if promoted else "not in service"
        reason = evaluation.reason_with_fall if evaluation else ""
        self.console.print(f"Version {version.number} is {said}: {reason}")

    def _wait_for(self, job: TrainingJob, words: str) -> None:
        start_training(job)
        deadline = time.monotonic() + JOB_SECONDS
        with _bar(self.console) as bar:
            task = bar.add_task(words, total=1.0)
            while not job.is_finished:
                if time.monotonic() > deadline:
                    raise CommandError(f"{words}: no end after {JOB_SECONDS} seconds; see {_log('worker')}")
                self._check_children()
                time.sleep(0.2)
                job.refresh_from_db()
                bar.update(task, completed=job.fraction, description=f"{words} ({job.stage})")
        if job.state != TrainingJob.State.DONE:
            raise CommandError(f"{words}: {job.state}. {job.error}")

    def _serve(self, port: int) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"]
        self._start("web", [*command, "--bind", f"127.0.0.1:{port}", "config.wsgi"])
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(f"{address}/healthz"):
            self._check_children()
            if time.monotonic() > deadline:
                raise CommandError(f"the web server does not answer; see {_log('web')}")
            time.sleep(0.2)
        self.console.print(f"\n[bold]Tiebreak is running at {address}[/bold]")
        for log_in in demonstration.LOG_INS:
            self.console.print(f"  {log_in.username:<8}{demonstration.PASSWORD:<16}{log_in.what}")
        self.console.print("Ctrl-C stops it; the next start keeps the data.")
        while True:
            self._check_children()
            time.sleep(1)

    def _start(self, name: str, command: list[str]) -> None:
        _log(name).parent.mkdir(parents=True, exist_ok=True)
        with open(_log(name), "ab") as output:
            # In a group of its own: Ctrl-C reaches this command alone, which then stops each in turn.
            child = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.children.append((name, child))

    def _check_children(self) -> None:
        for name, child in self.children:
            if child.poll() is not None:
                raise CommandError(f"the {name} ended with code {child.returncode}; see {_log(name)}")

    def _stop(self) -> None:
        for _, child in reversed(self.children):
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        for _, child in self.children:
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _open_job(project: Project) -> TrainingJob | None:
    """Return the training that an earlier run left unfinished."""
    return project.jobs.filter(state__in=[TrainingJob.State.QUEUED, TrainingJob.State.RUNNING]).first()


def _log(name: str) -> Path:
    return Path(settings.VAR_DIR) / "log" / f"{name}.log"


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - our own http:// address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"something listens on port {port} already: choose another, make demo PORT={port + 1}"
            ) from error


def _throw_away() -> None:
    """Remove what the demonstration made: never a database that is not the embedded one."""
    if not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        raise CommandError("--reset only empties the embedded database; drop another one yourself")
    connections.close_all()
    database = Path(settings.DATABASES["default"]["NAME"])
    for path in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    for name in ("files", "broker", "log"):
        shutil.rmtree(Path(settings.VAR_DIR) / name, ignore_errors=True)
    for folder in ("queue", "control"):
        (Path(settings.VAR_DIR) / "broker" / folder).mkdir(parents=True, exist_ok=True)
