"""Claim: `refine` is never worse than the incumbent, and better on the whole than any single learner.

`python -m benchmarks.refining` refines the incumbent of each world on 5 to 600 lists and compares with
the incumbent and with eight other ways to learn from the same lists, by the share of pairs of unseen
queries that are in the experts' order. A cell is a world, a number of lists and a seed.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.peers import PEERS, tuned
from benchmarks.reporting import interval, write
from benchmarks.worlds import Panel, every_name, refined, world

SIZES = (5, 20, 60, 200, 600)
OURS, INCUMBENT = "refine", "incumbent"


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cells", type=Path, help="file of finished figures, to go on after an interruption")
    parser.add_argument("--only", choices=("peers", OURS), help="measure these alone and write no table")
    options = parser.parse_args()
    learners = {"peers": (INCUMBENT, *PEERS), OURS: (OURS,), None: (OURS, INCUMBENT, *PEERS)}[options.only]
    cells = itertools.product(range(options.seeds), every_name(), SIZES)
    found = pd.DataFrame(measured(cells, learners, options.cells))
    if options.only is None:
        write("refining", report(table_of(found)))


def measured(
    cells: Iterable[tuple[int, str, int]], learners: Sequence[str], kept: Path | None
) -> list[dict[str, object]]:
    """A figure for each learner in each cell; those in the file are taken from there, the others added to it
    as they come."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept and kept.exists() else []
    done = {(one["seed"], one["world"], one["lists"], one["learner"]): one for one in map(json.loads, lines)}
    figures = []
    for (seed, name, lists), learner in itertools.product(cells, learners):
        key = (seed, name, lists, learner)
        if key not in done:
            done[key] = one_figure(name, lists, seed, learner)
            line = json.dumps(done[key])
            print(line, flush=True)
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
        figures.append(done[key])
    return figures


def one_figure(name: str, lists: int, seed: int, learner: str) -> dict[str, object]:
    """Accuracy of a learner in one cell."""
    here = _world(name, seed)
    pairs = Panel().lists(here, lists, seed)
    began = time.perf_counter()
    if learner == OURS:
        score = refined(here, pairs, seed).score(here.features, here.queries)
    elif learner == INCUMBENT:
        score = here.incumbent.score(here.features)
    else:
        score = tuned(learner, here, pairs, seed)
    seconds = round(time.perf_counter() - began, 1)
    accuracy = round(here.accuracy(score), 4)
    return {
        "world": name,
        "lists": lists,
        "seed": seed,
        "learner": learner,
        "accuracy": accuracy,
        "seconds": seconds,
    }


_world = functools.lru_cache(maxsize=1)(world)


def table_of(figures: pd.DataFrame) -> pd.DataFrame:
    """A row for each cell, a column for each learner, and the seconds that ours took."""
    cell = ["seed", "world", "lists"]
    table = figures.pivot(index=cell, columns="learner", values="accuracy")
    ours = figures[figures["learner"] == OURS].set_index(cell)["seconds"]
    order = pd.MultiIndex.from_frame(figures[cell].drop_duplicates())
    return table.assign(seconds=ours).reindex(order).reset_index()


def report(cells: pd.DataFrame) -> list[str]:
    """The tables, and the three figures of the claim."""
    others = [INCUMBENT, *PEERS]
    worse = (cells[OURS] < cells[INCUMBENT] - 0.005).mean()
    best = cells[others].mean().idxmax()
    lead = cells[OURS] - cells[best]
    mean = cells.groupby(["world", "lists"], sort=False)[[OURS, *others]].mean()
    behind = (mean[others].max(axis=1) - mean[OURS]).clip(lower=0)
    where, size = behind.idxmax()
    lines = [
        "# Refining, against the incumbent and single learners",
        "",
        f"{len(cells)} cells: {cells['world'].nunique()} worlds, {', '.join(map(str, SIZES))} lists "
        "of 8 (3 for the "
        f"farmers, of whom there are 362 to learn from), {cells['seed'].nunique()} seeds. Figures are "
        "shares of pairs "
        "of unseen queries in the experts' order. Every other learner chose its size on a fifth of "
        "its lists.",
        "",
        f"- More than half a point below the incumbent in {worse:.1%} of the cells.",
        f"- Best single way over all cells: {best}; `refine` is above it by {interval(lead)}.",
        f"- In the worst cell on average {behind.max():.3f} below the best other ({where}, {size} lists); "
        "more than half a "
        f"point below in {int((behind > 0.005).sum())} of {len(behind)}.",
        f"- Seconds of a refinement: median {cells['seconds'].median():.1f}, most "
        f"{cells['seconds'].max():.1f}.",
        "",
        "| world | lists | " + " | ".join([OURS, *others]) + " |",
        "|---|---|" + "---|" * (1 + len(others)),
    ]
    for (name, lists), row in mean.iterrows():
        cell = [f"**{value:.3f}**" if value >= row.max() - 0.0005 else f"{value:.3f}" for value in row]
        lines.append(f"| {name} | {lists} | " + " | ".join(cell) + " |")
    over_all = " | ".join(f"{value:.3f}" for value in cells[[OURS, *others]].mean())
    return [*lines, f"| all | | {over_all} |"]


if __name__ == "__main__":
    main()
