"""How far a training has come: stages, fractions of the whole, and the seconds of each stage."""

from __future__ import annotations

import time
from collections.abc import Callable

OnProgress = Callable[[str, float, str], None]
"""Called with (stage, fraction of the whole from 0 to 1, message); may raise `TrainingCancelled`."""

SPANS = {
    "read": (0.0, 0.02),
    "judges": (0.02, 0.10),
    "capacity": (0.10, 0.70),
    "fit": (0.70, 0.75),
    "sources": (0.75, 0.80),
    "reseeds": (0.80, 0.96),
    "evaluate": (0.96, 1.0),
    "done": (1.0, 1.0),
}
"""Where each stage begins and ends."""


class Meter:
    """Turns rounds of fits into fractions of the whole training, and keeps the time of each stage."""

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self._say = on_progress or (lambda stage, fraction, message: None)
        self._stage, self._began, self._fraction = "", time.perf_counter(), 0.0
        self.seconds: dict[str, float] = {}

    def enter(self, stage: str, message: str) -> None:
        """Begin a stage."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._began, 3)
        self._stage, self._began, self._fraction = stage, now, SPANS[stage][0]
        self._say(stage, self._fraction, message)

    def only_cancel(self, _stage: str, _fraction: float, _message: str) -> None:
        """A listener for a training within this stage: it can be cancelled, and says nothing of its own."""
        self._say(self._stage, self._fraction, "")

    def rounds(self, fit: int, fits: int) -> Callable[[int, int], None]:
        """A listener for fit number `fit` of `fits` in this stage."""
        stage, (low, high) = self._stage, SPANS[self._stage]

        def report(done: int, total: int) -> None:
            self._fraction = low + (high - low) * (fit + done / total) / fits
            self._say(stage, self._fraction, f"fit {fit + 1} of {fits}, round {done} of {total}")

        return report
