"""Claim: saving every single move costs an expert nothing that could be felt: p95 within 3x of a bare view.

`python -m benchmarks.saving [--experts 50] [--seconds 30]` lets that many experts move cards on lists of 20,
over HTTP, on the embedded default, and asks a bare authenticated view (`/api/v1/me/`) in between, in the same
run: timings vary between runs and machines, their ratio hardly does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks.reporting import write
from tests.client import Client
from tests.deployment import Deployment
from tests.torture import Arena

CARDS = 20
BAR = 3.0
THINKS = 1.0  # seconds between two moves of a quick expert, on average


@dataclass
class Times:
    """Milliseconds of each request, by what was asked."""

    saves: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    failed: int = 0


def main() -> None:
    """Set up, measure and write the table."""
    asked = argparse.ArgumentParser(description="Time the saving of moves.")
    asked.add_argument("--experts", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=30.0)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tiebreak-bench-") as folder:
        deployment = Deployment(Path(folder) / "deployment")
        deployment.environment["TIEBREAK_WEB_WORKERS"] = "2"
        try:
            arena = Arena(deployment.create(), experts=options.experts)
            times = _measure(arena, options.seconds)
            deployment.manage("check_drafts")
        finally:
            deployment.remove()
    write("saving", _page(times, options))


def _measure(arena: Arena, seconds: float) -> Times:
    arena.admin.post(
        "sessions/",
        project="advisers",
        title="benchmark",
        experts=[f"expert{number}" for number in range(len(arena.tokens))],
        slates_per_expert=1,
        items_per_slate=CARDS,
    )
    times, begin = Times(), threading.Barrier(len(arena.tokens))
    with ThreadPoolExecutor(len(arena.tokens)) as pool:
        list(pool.map(lambda n: _expert(arena, n, times, begin, seconds), range(len(arena.tokens))))
    return times


def _expert(arena: Arena, number: int, times: Times, begin: threading.Barrier, seconds: float) -> None:
    """Move a card, think, move another one; look at the bare view after each move."""
    dice, token = random.Random(number), arena.tokens[number]
    reader = Client(arena.server.address)
    reader.token = token
    slate = next(iter(reader.all("slates/", state="open")))["id"]
    cards = [card["id"] for card in reader.get(f"slates/{slate}/")["cards"]]
    connection = http.client.HTTPConnection(urlsplit(arena.server.address).netloc, timeout=60)
    begin.wait()
    until, version = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.2, 2 * THINKS - 0.2))
        move = {"do": "move", "card": dice.choice(cards), "to": dice.randrange(len(cards))}
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": f"{number}-{version}"}
        path, body = f"slates/{slate}/moves/", json.dumps(move)
        status, taken = _timed(connection, token, "POST", path, body=body, headers=headers)
        times.saves.append(taken)
        if status == 201:
            version += 1
        status, taken = _timed(connection, token, "GET", "me/")
        times.bare.append(taken)
        times.failed += status != 200
    times.failed += version == 0
    connection.close()


def _timed(connection, token, method, path, *, body=None, headers=None) -> tuple[int, float]:
    said = {"Authorization": f"Token {token}", "Content-Type": "application/json", **(headers or {})}
    began = time.perf_counter()
    connection.request(method, f"/api/v1/{path}", body, said)
    answer = connection.getresponse()
    answer.read()
    return answer.status, 1000 * (time.perf_counter() - began)


def _page(times: Times, options: argparse.Namespace) -> list[str]:
    rows = [
        " | ".join(
            [f"| {name}", f"{len(taken):,}", *(f"{ms:.1f}" for ms in np.percentile(taken, [50, 95, 99]))]
        )
        + " |"
        for name, taken in (("save a move", times.saves), ("bare view", times.bare))
    ]
    ratio = np.percentile(times.saves, 95) / np.percentile(times.bare, 95)
    return [
        "# Saving each move",
        "",
        f"{options.experts} experts on lists of {CARDS} cards, about a move a second each, for "
        f"{options.seconds:g} s; two web processes and SQLite. Milliseconds.",
        "",
        "| request | times | median | p95 | p99 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"p95 of a save is {ratio:.1f} times that of the bare authenticated view (target: {BAR:g}); "
        f"{times.failed} requests failed. Every draft was rebuilt from its log and was the same.",
    ]


if __name__ == "__main__":
    main()
