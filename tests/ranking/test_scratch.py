"""Folders of killed processes are removed; one that somebody works in never is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ranking import scratch
from tests.deployment import ROOT, wait_for

#: A worker that starts a child as a training is started, says where, and waits.
WORKER = """
import subprocess, sys, time
from ranking.scratch import held, scratch
with scratch("job") as folder, held(folder) as lock:
    (folder / "rows.parquet").write_bytes(b"rows")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(lock,))
    print(child.pid, folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Temporary folders are this test's own, and old enough at once."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", -1)
    return tmp_path


def is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def test_a_killed_worker_leaves_its_folder_to_the_sweep_once_its_child_has_ended(temporary):
    environment = {**os.environ, "TMPDIR": str(temporary)}
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    child, name = worker.stdout.readline().split()
    folder = Path(name)
    assert scratch.sweep() == []
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert scratch.sweep() == []
    assert (folder / "rows.parquet").exists(), "the child of a killed worker still reads here"
    os.kill(int(child), signal.SIGKILL)
    wait_for(lambda: is_gone(int(child)), seconds=10, what="the end of the child")
    assert scratch.sweep() == [folder.name]
    assert not folder.exists()


def test_a_folder_is_gone_after_its_work_whatever_ended_it(temporary):
    with pytest.raises(ZeroDivisionError), scratch.scratch("verify"):
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []


def test_what_is_not_ours_or_too_young_stays(temporary, monkeypatch):
    for name in ("tiebreak-main-x", "tmpabc", "tiebreak-job-unlocked", "tiebreak-job-theirs"):
        (temporary / name).mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / scratch.LOCK).touch()
    (temporary / "tiebreak-job-link").symlink_to(elsewhere)
    assert scratch.sweep() == []
    (temporary / "tiebreak-job-theirs" / scratch.LOCK).touch()
    with monkeypatch.context() as other:
        other.setattr(os, "getuid", lambda: os.stat(temporary).st_uid + 1)
        assert scratch.sweep() == []
    with monkeypatch.context() as young:
        young.setattr(scratch, "YOUNG_SECONDS", 60)
        assert scratch.sweep() == []
    assert scratch.sweep() == ["tiebreak-job-theirs"]


def test_a_folder_of_an_earlier_release_is_removed_after_days(temporary):
    folder = temporary / "tiebreak-job-7-x"
    folder.mkdir()
    long_ago = os.stat(folder).st_mtime - scratch.UNLOCKED_SECONDS - 60
    os.utime(folder, (long_ago, long_ago))
    assert scratch.sweep() == [folder.name]
