"""The one door to the broker, behind which no request waits.

A broker can accept a connection and then answer nothing: it is stopped, it swaps, its host is gone without a
word. Whatever a request wants announced is therefore published by a thread of its own, and whether the broker
answers is asked by another one, of which only some requests wait for the result.
"""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
ANSWER_SECONDS = 2.0  # a broker that takes longer counts as unreachable
REST_SECONDS = 5.0  # after that nobody asks again for this long
TURN_SECONDS = 0.05  # for one of the places to become free
MOST_ANNOUNCEMENTS = 1000  # in memory; the reaper announces what is dropped


def broker_errors() -> tuple[type[Exception], ...]:
    """Return what a broker that cannot be used raises, by its transport; to be asked in an `except`.

    kombu turns only what may pass by itself into its OperationalError: a refused log-in or an unknown virtual
    host arrives as the transport's own error, and is as good a reason to leave the job to the reaper.
    """
    transport = current_app.connection_for_write()
    return (OperationalError, OSError, *transport.connection_errors, *transport.channel_errors)


def tell(task: Any, *args: int) -> bool:
    """Publish a task now, and return whether the broker took it; takes seconds where it does not answer."""
    try:
        task.apply_async(args)
    except broker_errors() as error:
        log.warning("broker_unreachable", task=task.name, args=args, problem=str(error) or repr(error))
        return False
    return True


def announce(task: Any, *args: int) -> None:
    """Have a task published by a thread of its own, and return at once, whether or not it will be taken."""
    # The task's log lines carry the id of the request that caused it, which stands in this context.
    _announcer.take(partial(copy_context().run, tell, task, *args))


def await_announcements(seconds: float = 3 * ANSWER_SECONDS) -> None:
    """Return once everything is announced, at the latest after some seconds."""
    until = time.monotonic() + seconds
    while _announcer.waiting.unfinished_tasks and time.monotonic() < until:
        time.sleep(0.01)


class _Announcer:
    """A thread that publishes, one task after the other."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Callable[[], object]] = queue.Queue(MOST_ANNOUNCEMENTS)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def take(self, publish: Callable[[], object]) -> None:
        try:
            self.waiting.put_nowait(publish)
        except queue.Full:
            log.warning("announcement_dropped")
        with self._starting:
            # It lives in the process that started it: a fork needs another one.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._publish_all, name="announcer", daemon=True)
                self._thread.start()

    def _publish_all(self) -> None:
        while True:
            publish = self.waiting.get()
            try:
                publish()
            except Exception:  # must not end the thread: nothing would be announced any more
                log.exception("announcement_failed")
            finally:
                self.waiting.task_done()


_announcer = _Announcer()
# A command that queues a training ends right after.
atexit.register(await_announcements)


def is_reachable() -> bool:
    """Say within two seconds whether the broker accepts a connection and the log-in, and answers."""
    look = _looks.current(current_app.conf.broker_write_url)
    # Half of the threads at most wait here: the others go on serving, `/healthz` among them.
    if _looks.places.acquire(timeout=TURN_SECONDS):
        try:
            look.done.wait(max(0.0, look.began + ANSWER_SECONDS - time.monotonic()))
        finally:
            _looks.places.release()
    return look.reached


@dataclass
class _Look:
    """One attempt at reaching the broker."""

    url: str
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    reached: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def counts(self, url: str) -> bool:
        """Say whether nobody has to look again: it still goes on, or has failed a moment ago."""
        if self.url != url:
            return False
        return self.ended is None or (not self.reached and time.monotonic() - self.ended < REST_SECONDS)


class _Looks:
    """The latest look, one at a time."""

    def __init__(self, most_waiting: int) -> None:
        self.places = threading.BoundedSemaphore(most_waiting)
        self._latest: _Look | None = None
        self._lock = threading.Lock()

    def current(self, url: str) -> _Look:
        """Return the look that counts, or begin another one."""
        with self._lock:
            if self._latest is None or not self._latest.counts(url):
                self._latest = _Look(url)
                threading.Thread(target=_connect, args=(self._latest,), name="broker", daemon=True).start()
            return self._latest


_looks = _Looks(max(1, settings.TIEBREAK_WEB_THREADS // 2))


def _connect(look: _Look) -> None:
    try:
        with current_app.connection_for_write(look.url, connect_timeout=ANSWER_SECONDS) as opened:
            opened.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=ANSWER_SECONDS)
            _ = opened.default_channel
            look.reached = True
    except broker_errors() as error:
        log.error("broker_unreachable", problem=type(error).__name__)
    finally:
        look.ended = time.monotonic()
        look.done.set()
