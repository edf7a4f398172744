"""Running a training in a child process: limited, watched, cancellable, and unable to harm its worker.

A child of its own and not a fork: LightGBM hangs in a forked process whose parent has used it, a damaged
input can abort the interpreter, and memory can only be limited for a whole process. It speaks JSON lines and
works on files, so nothing of the worker's (connections, locks) is shared.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from ranking.errors import JobCancelled, LostLease, NoChampion, StoreUnreachable
from ranking.models import ModelVersion, TrainingJob, TrainingSet
from ranking.scratch import held, scratch
from ranking.services import files, jobs, serving
from ranking.services.candidates import description_of, misread, space_of
from ranking.services.training_sets import learned_queries, load_frames

SMALL_SET = 20_000  # rows
BEAT_SECONDS = 0.5  # progress is written at most twice a second
STDERR_KEPT = 4000
AWAY = (OperationalError, InterfaceError, StoreUnreachable)  # what may pass by itself
log = structlog.get_logger(__name__)


class ChildFailed(Exception):
    """The training refused its input: trying again would end the same way."""


class ChildDied(Exception):
    """The training was killed or ran out of memory or time: another attempt may succeed."""


@dataclass(frozen=True)
class Trained:
    """What a training has made: the model, what is said about it, and what it would be without each session.

    `provenance` is None when the training learned nothing from sessions.
    """

    model: bytes
    result: dict[str, Any]
    provenance: bytes | None = None


@dataclass
class Progress:
    """What the child last said."""

    stage: str = "starting"
    fraction: float = 0.0
    lines: list[str] = field(default_factory=list)
    error: str = ""


class Lease:
    """A worker's hold on a job, which a database or a file store that is away for a moment does not end."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self._ends = self._renewed()

    def beat(self, progress: Progress) -> bool:
        """Renew the lease and show progress; return whether to stop. Raises LostLease."""
        lines, progress.lines = progress.lines, []
        try:
            stop = jobs.beat(self.job, stage=progress.stage, fraction=progress.fraction, lines=lines)
        except AWAY as error:
            self._bear(error)
            return False
        self._ends = self._renewed()
        return stop

    def end(self, write: Callable[[], object]) -> None:
        """Record how the job ended, again and again until the lease is over. Raises LostLease."""
        while True:
            try:
                write()
            except AWAY as error:
                self._bear(error)
                time.sleep(BEAT_SECONDS)
            else:
                return

    def _bear(self, error: Exception) -> None:
        connection.close()  # the next statement opens another one
        log.warning("lease_not_renewed", job=self.job.pk, problem=f"{type(error).__name__}: {error}")
        if time.monotonic() > self._ends:
            raise LostLease(f"training job {self.job.pk} could not be written: {error}") from error

    @staticmethod
    def _renewed() -> float:
        return time.monotonic() + settings.TIEBREAK_LEASE_SECONDS


def run(job: TrainingJob) -> None:
    """Carry a claimed job to its end and record it, whatever the end is."""
    lease = Lease(job)
    try:
        # Held from here on: somebody may promote another version while this one is being trained.
        base = _base(job)
        with scratch("job") as folder:
            prepare(folder, job.training_set, _task_of(job, base))
            made = run_child(folder, lease.beat)
        lease.end(lambda: jobs.finish(job, base, made.model, made.result, provenance=made.provenance))
    except JobCancelled:
        lease.end(partial(jobs.acknowledge_cancel, job))
    except ChildDied as error:
        lease.end(partial(jobs.give_back, job, str(error)))
    except ChildFailed as error:
        lease.end(partial(jobs.fail, job, str(error)))
    except LostLease:
        raise
    except AWAY as error:
        lease.end(partial(jobs.put_back, job, f"{type(error).__name__}: {error}"))
    except Exception as error:
        # Whatever else goes wrong here (a damaged training set, a full disk) must end in the row, or the
        # job would be taken up again until its attempts are used up, with no word why.
        lease.end(partial(jobs.fail, job, f"{type(error).__name__}: {error}"))
        raise


def _base(job: TrainingJob) -> ModelVersion | None:
    """Return the version in service. Raises ChildFailed where the set's features are not those it reads."""
    try:
        champion = serving.champion(job.project).version
    except NoChampion:
        return None
    wrong = misread(champion, space_of(job.training_set.feature_set))
    if wrong:
        # It would be compared, and refined, by lists that nobody is shown.
        raise ChildFailed(
            f"version {champion.number}, in service, would misread {', '.join(wrong)} as the features are "
            "fitted for this training: load the project again; what was declared anew since that version was "
            "trained must be declared as it was, or another version be promoted"
        )
    return champion


def _task_of(job: TrainingJob, base: ModelVersion | None) -> dict[str, Any]:
    return task(
        job.training_set,
        base,
        params=job.params,
        seed=job.seed,
        name=_component_name(job),
        reseeds=settings.TIEBREAK_TRAINING_RESEEDS,
    )


def task(
    training_set: TrainingSet,
    champion: ModelVersion | None,
    *,
    params: Mapping[str, Any],
    seed: int,
    name: str,
    reseeds: int = 0,
) -> dict[str, Any]:
    """Return the task of training on a frozen set on top of a champion."""
    space = space_of(training_set.feature_set)
    description = description_of(training_set.project)
    return {
        "features": [
            {
                "name": spec.name,
                "label": spec.label,
                "monotone": spec.monotone,
                "categorical": spec.name in space.categorical,
            }
            for spec in space.specs
        ],
        "params": {"num_threads": threads_for(training_set), **params},
        "seed": seed,
        "mode": training_set.mode,
        "component": name,
        "champion_sha256": champion.sha256 if champion else None,
        "champion_file": champion.file if champion else None,
        "labels_guard": description.labels_guard,
        "signed_off": [pair.to_dict() for pair in description.signed_off],
        "champion_queries": learned_queries(champion),
        "reseeds": reseeds,
        "memory_limit_mb": settings.TIEBREAK_TRAINING_MEMORY_MB,
    }


def threads_for(training_set: TrainingSet) -> int:
    """Return how many threads to train with: a small fit spends its time waiting for them at barriers."""
    small = training_set.summary["rows"] < SMALL_SET
    return 1 if small else settings.TIEBREAK_TRAINING_THREADS


def _component_name(job: TrainingJob) -> str:
    latest = job.project.versions.order_by("-number").values_list("number", flat=True).first()
    return f"version {(-1 if latest is None else latest) + 1}"


def prepare(folder: Path, training_set: TrainingSet, task: Mapping[str, Any]) -> None:
    """Lay out the child's folder from frozen files, every one checked. Raises BrokenFile."""
    rows, pairs = load_frames(training_set)
    (folder / "rows.parquet").write_bytes(rows)
    (folder / "pairs.parquet").write_bytes(pairs)
    if task["champion_file"]:
        champion = files.read(task["champion_file"], task["champion_sha256"])
        (folder / "champion.json").write_bytes(champion)
    (folder / "task.json").write_text(json.dumps({k: v for k, v in task.items() if k != "champion_file"}))


def run_child(folder: Path, on_beat: Any) -> Trained:
    """Train in a child process. Raises ChildFailed, ChildDied, JobCancelled, LostLease.

    `on_beat(progress)` is called about twice a second and returns whether to stop.
    """
    with open(folder / "stderr.txt", "wb") as stderr, held(folder) as lock:
        child = subprocess.Popen(
            [sys.executable, "-m", "ranking.ltr.trainer", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=settings.BASE_DIR,
            # Waiting threads that spin would take the cores of whoever else trains or serves here.
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            pass_fds=(lock,),  # it may outlive its worker for a moment, and its folder with it
        )
        try:
            progress = _watch(child, on_beat)
        finally:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()
    _check_end(child.returncode, progress, folder)
    return read_made(folder)


def read_made(folder: Path) -> Trained:
    """Read what a child has written, every file checked. Raises ChildDied when one is missing or damaged."""
    try:
        result = json.loads((folder / "result.json").read_text())
    except (OSError, ValueError) as error:
        raise ChildDied(f"the training left no result that can be read: {error}") from error
    provenance = result.get("provenance_sha256")
    return Trained(
        model=_written(folder / "model.json", result["sha256"]),
        result=result,
        provenance=_written(folder / "provenance.json.gz", provenance) if provenance else None,
    )


def _written(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ChildDied(f"{path.name} of the training can't be read: {error}") from error
    if files.checksum(data) != sha256:
        raise ChildDied(f"{path.name} of the training is damaged: its checksum is not {sha256[:12]}…")
    return data


def _watch(child: subprocess.Popen[str], on_beat: Any) -> Progress:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    progress, last, began = Progress(), 0.0, time.monotonic()
    while True:
        try:
            line = lines.get(timeout=BEAT_SECONDS)
        except queue.Empty:
            line = ""
        if line is None:
            child.wait()
            _go_on(on_beat(progress))
            return progress
        _take(progress, line)
        if time.monotonic() - began > settings.TIEBREAK_TRAINING_SECONDS:
            raise ChildDied(f"training took longer than {settings.TIEBREAK_TRAINING_SECONDS} seconds")
        if time.monotonic() - last >= BEAT_SECONDS:
            last = time.monotonic()
            _go_on(on_beat(progress))


def _go_on(stop: bool) -> None:
    if stop:
        raise JobCancelled("the training was stopped on request")


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put(None)


def _take(progress: Progress, line: str) -> None:
    if not line.strip():
        return
    try:
        said = json.loads(line)
    except ValueError:
        progress.lines.append(
            line.strip()[:500]
        )  # a library that prints: kept, for whoever looks for a reason
        return
    progress.error = said.get("error", progress.error)
    progress.stage = said.get("stage", progress.stage)
    progress.fraction = float(said.get("fraction", progress.fraction))
    if said.get("message"):
        progress.lines.append(str(said["message"])[:500])


def _check_end(code: int, progress: Progress, folder: Path) -> None:
    if code == 0:
        return
    if progress.error:
        raise ChildFailed(progress.error)
    said = (folder / "stderr.txt").read_text(errors="replace")[-STDERR_KEPT:].strip()
    last = said.splitlines()[-1] if said else "it said nothing"
    if code < 0:
        raise ChildDied(f"the training process was killed by signal {-code} ({last})")
    raise ChildDied(f"the training process ended with code {code}: {last}")
