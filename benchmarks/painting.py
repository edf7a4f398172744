"""Claim: a move by key is in the very next frame that the browser paints, on lists of any length.

`python -m benchmarks.painting [--moves 120]` presses keys on lists of 8, 20 and 30 cards in Chromium, on the
machine as it is and with its processor slowed down four times, about a phone's. Told for each move: how long
the page's own script took, whether the next frame showed the new order, and when that frame was painted.
tests/browser/test_steadiness.py holds the page to the claim itself, untimed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reporting import share, write
from tests.chromium import chromium, launched
from tests.client import Client
from tests.deployment import Deployment
from tests.torture import Arena

LENGTHS = (8, 20, 30)
SLOWER = {"as it is": 1, "slowed down 4 times": 4}
#: Each press moves the focused card: to an end, one step, three steps, and to a rank.
KEYS = ("Home", "d", "End", "u", "PageUp", "PageDown", "2", "Alt+ArrowDown")
FRAME = 1000 / 60  # milliseconds
REST = 250  # milliseconds between presses: the glide of the one before is over
WATCH = """
  window.moves = [];
  window.slow = [];
  const order = () => [...document.querySelectorAll("[data-card]")].map((card) => card.dataset.card).join();
  addEventListener("keydown", (event) => {
    if (event.key === "Alt") return;
    const before = order();
    const move = { began: performance.now(), waited: performance.now() - event.timeStamp };
    window.moves.push(move);
    requestAnimationFrame(() => {
      move.shown = order() !== before;
      const painted = new MessageChannel();
      painted.port1.onmessage = () => { move.painted = performance.now() - move.began; };
      painted.port2.postMessage(0);
    });
  }, true);
  addEventListener("keydown", (event) => {
    if (event.key !== "Alt") window.moves.at(-1).script = performance.now() - window.moves.at(-1).began;
  });
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === "keydown") window.slow.push(duration);
  }).observe({ type: "event", durationThreshold: 16 });
"""


def main() -> None:
    """Set up, measure and write the table."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--moves", type=int, default=120)
    moves = asked.parse_args().moves
    path = chromium()
    if path is None:
        raise SystemExit("this needs a Chromium: $CHROMIUM, Playwright's own, or one on PATH")
    with tempfile.TemporaryDirectory(prefix="tiebreak-bench-") as folder:
        deployment = Deployment(Path(folder) / "deployment")
        try:
            arena = Arena(deployment.create(), experts=0)
            rows = _measure(arena, path, moves)
        finally:
            deployment.remove()
    write("painting", _page(rows, moves))


def _measure(arena: Arena, path: str, moves: int) -> list[tuple[int, str, list[dict[str, Any]], list[float]]]:
    given = arena.admin.post("members/", username="edda", role="expert")["password"]
    password = Client(arena.server.address, "edda", given).password
    rows = []
    with launched(path) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=arena.server.address)
        page.add_init_script(WATCH)
        page.goto("/login/")
        page.get_by_label("Username").fill("edda")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        for length in LENGTHS:
            cards = _open_list(arena, page, length)
            for words, slower in SLOWER.items():
                rows.append((cards, words, *_press(page, moves, slower)))
    return rows


def _open_list(arena: Arena, page: Any, length: int) -> int:
    """Open a list of that length, or of all there is for its need; return how many cards it has."""
    arena.admin.post(
        "sessions/",
        project="advisers",
        title=f"{length} cards",
        experts=["edda"],
        slates_per_expert=1,
        items_per_slate=length,
        asks_ratings=True,
    )
    page.goto("/my/")
    page.get_by_role("link", name=f"Start {length} cards").click()
    page.get_by_role("link", name="Start", exact=True).click()
    page.locator("[data-card] .move").first.wait_for()
    return int(page.locator("[data-card]").count())


def _press(page: Any, moves: int, slower: int) -> tuple[list[dict[str, Any]], list[float]]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.evaluate("window.moves.length = window.slow.length = 0")
    page.locator("[data-card]").nth(3).focus()
    for number in range(moves):
        page.keyboard.press(KEYS[number % len(KEYS)])
        page.wait_for_timeout(REST)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    devtools.detach()
    page.wait_for_timeout(500)
    return page.evaluate("window.moves"), page.evaluate("window.slow")


def _row(length: int, words: str, moves: Sequence[dict[str, Any]], slow: Sequence[float]) -> str:
    script, painted = (np.array([move[name] for move in moves]) for name in ("script", "painted"))
    shown = sum(move["shown"] for move in moves)
    times = " | ".join(
        f"{np.median(taken):.1f} | {np.percentile(taken, 95):.1f}" for taken in (script, painted)
    )
    late = sum(duration > 2 * FRAME for duration in slow)
    return f"| {length} | {words} | {len(moves)} | {shown} | {times} | {late} |"


def _page(rows: Sequence[Any], moves: int) -> list[str]:
    shown = sum(move["shown"] for _, _, found, _ in rows for move in found)
    total = sum(len(found) for _, _, found, _ in rows)
    return [
        "# Painting a move",
        "",
        f"{moves} moves by key on each list, in headless Chromium at 60 frames a second, with ratings and "
        "with motion; every move is saved meanwhile. Milliseconds.",
        "",
        f"The next frame after the key showed the new order in {shown} of {total} moves: "
        f"{share(shown, total)}.",
        "",
        "| cards | processor | moves | in the next frame | script, median | script, p95 "
        "| painted after, median | painted after, p95 | more than two frames from press to paint |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(*row) for row in rows),
        "",
        "“Script” is all that the page does for the key, measuring and moving included. “Painted after” "
        "counts from the same moment to the end of that frame, with the wait for it: up to "
        f"{FRAME:.1f} ms when nothing is slow. The last column is the browser's own event timing. "
        "Times depend on what else the machine has to do; whether the next frame has the move does not.",
    ]


if __name__ == "__main__":
    main()
