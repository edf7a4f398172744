"""The cache that all web processes share, without which each uses its own memory: no request waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.utils.functional import cached_property
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
ANSWER_SECONDS = 0.5  # a figure that is counted or computed again is not worth more
REST_SECONDS = 5.0  # after a failure Redis is left alone for this long
TURN_SECONDS = 0.05  # for one of the places to become free
MOST_AT_ONCE = 2  # threads that may wait for Redis: all others go on serving


class _Circuit:
    """What this process knows of Redis, for all its threads: each has a cache object of its own."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self.closed_until = 0.0

    def call(self, far: Callable[[], Any], near: Callable[[], Any]) -> Any:
        """Return the answer of Redis or, where there is or was a moment ago none, that of this process."""
        if time.monotonic() < self.closed_until or not self.places.acquire(timeout=TURN_SECONDS):
            return near()
        try:
            return far()
        except (RedisError, OSError) as error:
            self.closed_until = time.monotonic() + REST_SECONDS
            log.warning("cache_unreachable", problem=str(error) or type(error).__name__)
            return near()
        finally:
            self.places.release()


class SharedCache(RedisCache):
    """Django's cache in Redis, with the process's own memory in its place while Redis does not answer."""

    _circuit = _Circuit()

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        patience = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        super().__init__(server, params | {"OPTIONS": patience | params.get("OPTIONS", {})})
        # Keys arrive here as they are stored.
        self._near = LocMemCache("away", {"KEY_FUNCTION": lambda key, prefix, version: key})

    @cached_property
    def _cache(self) -> Any:
        return _Client(self._circuit, super()._cache, self._near)


class _Client:
    """Redis' client, each of whose operations goes through the circuit."""

    def __init__(self, circuit: _Circuit, far: Any, near: LocMemCache) -> None:
        self._circuit, self._far, self._near = circuit, far, near

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        far, near = getattr(self._far, operation), getattr(self._near, operation)
        return lambda *args, **options: self._circuit.call(
            lambda: far(*args, **options), lambda: near(*args, **options)
        )
