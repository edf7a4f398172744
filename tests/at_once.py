"""The same work many times at the same moment, each on a connection of its own; or other work in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connections

Result = TypeVar("Result")
TIMES = 8


def at_once(work: Callable[[], Result], times: int = TIMES) -> list[Result]:
    """Return what the work gave each time."""
    start = Barrier(times)

    def one(_: int) -> Result:
        try:
            start.wait(timeout=30)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


def in_between(patch: pytest.MonkeyPatch, module: Any, name: str, other: Callable[[], object]) -> None:
    """Do something else once, right after the function of that name has answered."""
    work = getattr(module, name)

    def then_other(*given: Any) -> Any:
        found = work(*given)
        patch.undo()
        other()
        return found

    patch.setattr(module, name, then_other)
