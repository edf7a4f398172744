"""The training child: `python -m ranking.ltr.trainer WORKDIR`, one process for one training.

A process of its own, because LightGBM hangs after a fork, ends the process on some damaged input, and
because only a process can be given a limit of memory. No Django here.

Reads `task.json`, `rows.parquet`, `pairs.parquet` and, if the task names a champion, `champion.json` from
WORKDIR. Prints one JSON object a line: `{"stage", "fraction", "message"}`. Writes `model.json` and then
`result.json`, each whole or not at all. Exit codes: 0 done, 2 failed (the last line is `{"error", "kind"}`),
3 the standard input reached its end: the worker died, and no orphan may go on training. A line `cancel` on
the standard input ends the training at its next round.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.errors import CorruptModel, InvalidFeatures, LtrError, TrainingCancelled
from ranking.ltr.library import lightgbm
from ranking.ltr.model import Ranker, load_ranker
from ranking.ltr.tables import FeatureColumn, read_rows
from ranking.ltr.training import TrainingResult, TrainingTask, train

DONE, FAILED, ORPHANED = 0, 2, 3

PROGRESS_SECONDS = 0.25
"""At most four lines a second: every line becomes a write to the database of whoever listens."""

cancelled = threading.Event()


def main(arguments: list[str]) -> int:
    """Train what the folder describes; return the exit code."""
    if len(arguments) != 1:
        return _fail(InvalidFeatures("usage: python -m ranking.ltr.trainer WORKDIR"))
    threading.Thread(target=watch_stdin, daemon=True).start()
    try:
        run(Path(arguments[0]))
    except LtrError as error:
        return _fail(error)
    except MemoryError as error:
        return _fail(error, "training ran out of the memory that it may use")
    except Exception as error:
        traceback.print_exc()
        return _fail(error, f"{type(error).__name__}: {error}")
    return DONE


def run(folder: Path) -> None:
    """Read, train, write, and load what was written as whoever serves it will."""
    settings = _settings(folder / "task.json")
    _limit_memory(settings.get("memory_limit_mb"))
    task = read_task(folder, settings)
    result = train(task, on_progress=Progress())
    _write(folder / "model.json", result.model)
    _try_out(folder / "model.json", result, task)
    sources = None
    if result.provenance is not None:
        data, sources = result.provenance.to_file()
        _write(folder / "provenance.json.gz", data)
    content = {
        "sha256": result.sha256,
        "provenance_sha256": sources,
        "params": task.params.to_dict(),
        "columns": list(result.ranker.columns),
        "report": result.report,
        "evaluation": result.evaluation,
    }
    _write(folder / "result.json", json.dumps(content, allow_nan=False).encode())


def read_task(folder: Path, settings: Mapping[str, Any]) -> TrainingTask:
    """The task of a folder. Raises InvalidFeatures for a setting that is missing or wrong, by name."""
    try:
        return TrainingTask(
            rows=pd.read_parquet(folder / "rows.parquet"),
            pairs=pd.read_parquet(folder / "pairs.parquet"),
            features=tuple(_feature(feature) for feature in settings["features"]),
            mode=str(settings["mode"]),
            labels_guard=bool(settings.get("labels_guard", True)),
            signed_off=tuple(_signed_off(pair) for pair in settings.get("signed_off", ())),
            component=str(settings["component"]),
            params=BoostingParams(**settings["params"]),
            seed=int(settings["seed"]),
            champion=_champion(folder / "champion.json", settings["champion_sha256"]),
            min_rows=int(settings.get("min_rows") or 2),
            champion_queries=tuple(map(str, settings.get("champion_queries", ()))),
            reseeds=int(settings.get("reseeds") or 0),
        )
    except KeyError as error:
        raise InvalidFeatures(f"task.json has no {error}; expected it") from error
    except TypeError as error:
        raise InvalidFeatures(f"task.json: {error}") from error
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise InvalidFeatures(f"a file of the training set cannot be read: {error}") from error


def watch_stdin() -> None:
    """End this process when the worker is gone; `os.read`, because a lock on `sys.stdin` outlives `main`."""
    said = b""
    while True:
        try:
            chunk = os.read(0, 4096)
        except OSError:
            chunk = b""
        if not chunk:
            os._exit(ORPHANED)
        said = (said + chunk)[-4096:]
        if b"cancel\n" in said:
            cancelled.set()


class Progress:
    """Prints progress, at most every `PROGRESS_SECONDS` within a stage; raises when cancelled."""

    def __init__(self) -> None:
        self._stage, self._last = "", 0.0

    def __call__(self, stage: str, fraction: float, message: str) -> None:
        if cancelled.is_set():
            raise TrainingCancelled("cancelled on request")
        now = time.monotonic()
        if stage != self._stage or now - self._last >= PROGRESS_SECONDS:
            self._stage, self._last = stage, now
            _say({"stage": stage, "fraction": round(fraction, 4), "message": message})


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidFeatures(f"task.json cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise InvalidFeatures(f"task.json holds {type(settings).__name__}; expected an object")
    return settings


def _feature(feature: Mapping[str, Any]) -> FeatureColumn:
    return FeatureColumn(
        name=str(feature["name"]),
        label=str(feature.get("label") or ""),
        monotone=int(feature.get("monotone") or 0),
        categorical=bool(feature.get("categorical")),
    )


def _signed_off(pair: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(pair["query"]), str(pair["winner"]), str(pair["loser"])


def _champion(path: Path, sha256: str | None) -> Ranker | None:
    return None if sha256 is None else load_ranker(path.read_bytes(), sha256)


def _limit_memory(megabytes: int | None) -> None:
    """Allow so much more address space than the libraries have already taken."""
    lightgbm()  # counted among what is already taken
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())  # the default reserves address space in advance
    if megabytes:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = taken + int(megabytes) * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _try_out(path: Path, result: TrainingResult, task: TrainingTask) -> None:
    """The first load of a version happens here, where a damaged file can end nothing but this child."""
    features = read_rows(task.rows, task.features).features
    scores = load_ranker(path.read_bytes(), result.sha256).score(features)
    if not np.array_equal(scores, result.ranker.score(features)):
        raise CorruptModel("the written model scores differently from the trained one")


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    os.replace(beside, path)


def _say(event: Mapping[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def _fail(error: BaseException, words: str | None = None) -> int:
    _say({"error": words or str(error), "kind": type(error).__name__})
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
