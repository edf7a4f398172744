"""Claim: "saved" means saved, whatever fails: 200 lists are judged, five times over, while everything does.

`python -m benchmarks.torture [--sittings 200] [--seeds 5] [--database sqlite]` runs `tests/torture.py`, of
which the suite runs a short version: requests and answers are dropped, repeated, delayed and reordered,
log-ins run out, tabs compete, and the server is killed without warning and started again. Afterwards every
move that somebody made must be in the log once, in the order in which it was made, or have been decided
against; every list must have one judgement, the one that was put; and the log must make the draft.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.reporting import write
from tests.deployment import Deployment
from tests.torture import FATES, Arena, Audit

EXPERTS = 10
COLUMNS = (
    *("seed", "lists", "moves", "given up", "lost", "doubled", "reordered"),
    *("judgements", "wrong", "faults", "kills", "s"),
)


def main() -> None:
    """Torture an installation of its own, seed by seed, and write the table."""
    asked = argparse.ArgumentParser(description="Count what is lost when everything fails.")
    asked.add_argument("--sittings", type=int, default=200, help="lists a seed")
    asked.add_argument("--seeds", type=int, default=5)
    asked.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tiebreak-bench-") as folder:
        deployment = Deployment(Path(folder) / "deployment", database=options.database)
        try:
            arena = Arena(deployment.create(), experts=EXPERTS)
            rows = [_row(arena, seed, options.sittings) for seed in range(1, options.seeds + 1)]
        finally:
            deployment.remove()
    write("torture", _page(rows, options))


def _row(arena: Arena, seed: int, sittings: int) -> tuple[str, bool]:
    began = time.monotonic()
    arena.torture(seed, sittings=sittings, kills=max(2, sittings // 20))
    audit = arena.audit()
    return _line(seed, audit, time.monotonic() - began), audit.clean


def _line(seed: int, audit: Audit, seconds: float) -> str:
    faults = sum(times for fate, times in audit.met.items() if fate != "passes")
    judgements_wrong = audit.judgements_wrong + audit.judgements_lost + audit.judgements_doubled
    cells = [
        seed,
        audit.sittings,
        f"{audit.moves:,}",
        audit.given_up,
        len(audit.lost),
        len(audit.doubled) + len(audit.haunting),
        len(audit.reordered),
        audit.judgements,
        len(judgements_wrong),
        f"{faults:,}",
        audit.kills,
        f"{seconds:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _page(rows: list[tuple[str, bool]], options: argparse.Namespace) -> list[str]:
    shares = ", ".join(f"{name} {share} %" for name, share in FATES.items())
    return [
        "# Lists judged while everything fails",
        "",
        f"{options.sittings} lists a seed, eight cards each, by {EXPERTS} experts in one to three tabs, "
        f"eight lists at a time; {options.database}. Of the requests: {shares}; and the server is killed "
        "while they run.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + "---|" * len(COLUMNS),
        *[line for line, _ in rows],
        "",
        "*Given up*: moves that somebody decided against when two tabs had gone different ways. *Doubled*:",
        "moves that were saved twice, or although a decision against them was saved, too. (One that arrives",
        "before that decision does is kept, and the decision is asked for again.) *Wrong*: lists with no",
        "judgement, with two, or with another one than was put. After each seed, every log made its draft.",
        "",
        "**Nothing was lost, doubled or reordered.**"
        if all(clean for _, clean in rows)
        else "**Not everything was kept: see above.**",
    ]


if __name__ == "__main__":
    main()
