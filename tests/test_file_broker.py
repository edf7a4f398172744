"""The broker made of files: whole messages, whichever moment a worker looks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue

from config.embedded import broker_folders
from config.file_broker import Transport, register

# Each test has a queue name of its own: kombu remembers for a whole process what is bound.
MESSAGES = 2000
#: A process of its own: threads would take turns at the interpreter and hardly ever meet.
PUBLISH = f"""
import sys
from pathlib import Path
from kombu import Connection
from config.embedded import broker_folders
from config.file_broker import Transport
with Connection(transport=Transport, transport_options=broker_folders(Path(sys.argv[1]))) as connection:
    queue = connection.SimpleQueue("work")
    for number in range({MESSAGES}):
        queue.put(number)
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Return a connection to a broker in an empty folder."""
    with Connection(transport=Transport, transport_options=broker_folders(tmp_path)) as opened:
        yield opened


def test_a_worker_that_looks_all_the_time_reads_every_message_once(connection, tmp_path):
    queue = connection.SimpleQueue("work")
    publisher = subprocess.Popen([sys.executable, "-c", PUBLISH, str(tmp_path)])
    seen: list[int] = []
    while publisher.poll() is None or len(seen) < MESSAGES:
        try:
            message = queue.get(block=False)
        except Empty:
            if publisher.poll() is not None and not list((tmp_path / "broker/queue").iterdir()):
                break
            continue
        seen.append(message.payload)
        message.ack()
    assert sorted(seen) == list(range(MESSAGES))


def test_a_message_that_a_power_cut_left_empty_is_dropped_and_the_next_one_read(connection, tmp_path):
    queue = connection.SimpleQueue("cut")
    (tmp_path / "broker/queue/0_lost.cut.msg").touch()
    queue.put("next")
    assert queue.get(block=False).payload == "next"


def test_a_routing_table_is_readable_from_the_moment_it_is_there(connection, tmp_path):
    channel = connection.default_channel
    Queue("late", exchange=Exchange("jobs"), routing_key="train")(channel).declare()
    assert [table.name for table in (tmp_path / "broker/control").iterdir()] == ["jobs.exchange"]
    assert channel.get_table("jobs") == [("train", "", "late")]


def test_filesystem_urls_mean_this_broker():
    with Connection("filesystem://") as opened:
        assert isinstance(opened.transport, Transport)


def test_files_need_no_host_name_and_nothing_is_said_about_one(tmp_path, caplog):
    register()
    with Connection("filesystem://", transport_options=broker_folders(tmp_path)) as opened:
        assert not opened.info()["hostname"]
    assert caplog.messages == []
