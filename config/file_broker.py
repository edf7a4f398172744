"""The `filesystem://` broker of the embedded default, whose files are whole from the moment they are seen.

kombu's own transport creates a message's file first and writes into it afterwards. A worker that looks in
between reads nothing, cannot decode it, and ends for good: every later task would wait for a worker that is
no longer there (https://github.com/celery/kombu/issues/1551).
"""

import uuid
from pathlib import Path
from time import monotonic_ns
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

from config.embedded import create_once

log = structlog.get_logger(__name__)


class Channel(filesystem.Channel):
    """A channel whose messages and routing tables appear at once or not at all."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override] # as kombu's own
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        create_once(Path(self.data_folder_out) / name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError as error:
                # A power cut can leave an empty file. It has been taken out, and its job is announced again.
                log.warning("unreadable_message_dropped", queue=queue, problem=str(error))

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        table = self._exchange_file(exchange)
        if not table.exists():
            create_once(table, "[]")
        super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    """kombu's transport with the channel above."""

    Channel = Channel

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """Return nothing: kombu would warn that `filesystem://` names no host, in the midst of the demo."""
        return {}


def register() -> None:
    """Let `filesystem://` mean this transport: a URL cannot name a class."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
