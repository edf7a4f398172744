"""Servers that a test may stop without harm to others: Redis, RabbitMQ, and one that answers nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deployment import free_port, wait_for

RABBITMQ = next(
    (
        path
        for path in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server"))
        if path and Path(path).exists()
    ),
    None,
)
REDIS = shutil.which("redis-server")


@dataclass
class OwnServer:
    """A server at `url`; paused, its kernel still accepts connections, and nobody answers."""

    url: str
    port: int
    process: subprocess.Popen[bytes]

    def pause(self) -> None:
        """Stop the server and all its processes where they are."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnServer]:
    """Start a Redis that keeps nothing."""
    port = free_port()
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with _running(folder, command, {}, f"redis://127.0.0.1:{port}/0", port) as server:
        yield server


@contextmanager
def own_rabbitmq(folder: Path) -> Iterator[OwnServer]:
    """Start a RabbitMQ with everything it writes in the folder."""
    port = free_port()
    (folder / "plugins").write_text("[].")
    environment = {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"own{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
    }
    with _running(
        folder, [str(RABBITMQ)], environment, f"amqp://guest:guest@127.0.0.1:{port}//", port
    ) as server:
        yield server


@contextmanager
def _running(
    folder: Path, command: Sequence[str], environment: Mapping[str, str], url: str, port: int
) -> Iterator[OwnServer]:
    with open(folder / "server.log", "wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = OwnServer(url, port, process)
    try:
        wait_for(
            lambda: process.poll() is not None or listens(port), seconds=120, what=f"{command[0]} to start"
        )
        assert process.poll() is None, (folder / "server.log").read_text(errors="replace")[-3000:]
        yield server
    finally:
        server.end()


def listens(port: int) -> bool:
    """Return whether something accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen on a port, where the kernel accepts connections and nobody ever reads them."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        yield int(listening.getsockname()[1])
