"""How far a training has come: stages, fractions of the whole, and the seconds of each stage."""

from __future__ import annotations

import time
from collections.abc import Callable

OnProgress = Callable[[str, float, str], None]
"""Called with (stage, fraction of the whole from 0 to 1, message); may raise `TrainingCancelled`."""

SPANS = {
    "read": (0.0, 0.02),
    "judges": (0.02, 0.15),
    "capacity": (0.15, 0.75),
    "fit": (0.75, 0.82),
    "sources": (0.82, 0.92),
    "evaluate": (0.92, 1.0),
    "done": (1.0, 1.0),
}
"""Where each stage begins and ends."""


class Meter:
    """Turns rounds of fits into fractions of the whole training, and keeps the time of each stage."""

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self._say = on_progress or (lambda stage, fraction, message: None)
        self._stage, self._began = "", time.perf_counter()
        self.seconds: dict[str, float] = {}

    def enter(self, stage: str, message: str) -> None:
        """Begin a stage."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._began, 3)
        self._stage, self._began = stage, now
        self._say(stage, SPANS[stage][0], message)

    def rounds(self, fit: int, fits: int) -> Callable[[int, int], None]:
        """A listener for fit number `fit` of `fits` in this stage."""
        stage, (low, high) = self._stage, SPANS[self._stage]

        def report(done: int, total: int) -> None:
            share = (fit + done / total) / fits
            self._say(stage, low + (high - low) * share, f"fit {fit + 1} of {fits}, round {done} of {total}")

        return report
