"""Beat starts and ticks whatever a killed one has left behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.deployment import Deployment

pytestmark = pytest.mark.timeout(300)
COMMAND = [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "INFO"]
TASKS = ("ranking.tasks.reap", "ranking.tasks.watch_drift", "feedback.tasks.retrain_when_due")
#: What earlier releases, and Celery itself, call the file of a schedule.
NAMES = ("beat-schedule", "beat-schedule.db", "celerybeat-schedule")


def ticks(var: Path) -> list[int]:
    """Return how often each task of beat waits in the broker's folder."""
    messages = [path.read_text() for path in (var / "broker/queue").glob("*.msg")]
    return [sum(f'"{task}"' in message for message in messages) for task in TASKS]


@pytest.mark.parametrize("damage", ["empty", "cut off", "garbage"])
def test_beat_ticks_beside_a_damaged_schedule_and_after_a_kill(tmp_path, damage):
    deployment = Deployment(tmp_path)
    var = tmp_path / "var"
    var.mkdir()
    content = {"empty": b"", "cut off": b"\x80\x05\x95\xff", "garbage": os.urandom(4096)}[damage]
    for name in NAMES:
        (var / name).write_bytes(content)
    try:
        for starts in (1, 2):
            beat = deployment.start("beat", COMMAND)
            deployment.await_start("beat", beat, lambda starts=starts: min(ticks(var)) >= starts)
            deployment.kill(beat)
    finally:
        deployment.remove()
    assert "Traceback" not in deployment.log("beat")
    assert [(var / name).read_bytes() for name in NAMES] == [content] * 3
