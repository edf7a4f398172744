"""Claim: bad experts cost next to nothing, and are found.

`python -m benchmarks.bad_experts`: panels with careless, random and inverted experts against the same
`refine` on the careful ones' lists alone, by NDCG@10 on unseen queries; and how often each kind of expert
is named.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from benchmarks.reporting import interval, write
from benchmarks.worlds import Panel, World, quality, refined, world

SIZES = (60, 150, 300)
PANELS = {
    "careless and random, of 6": (*["careful"] * 4, "careless", "random"),
    "inverted, of 5": (*["careful"] * 4, "inverted"),
    "2 random and inverted, of 6": (*["careful"] * 3, "random", "random", "inverted"),
}
WORLDS = ("bends", "products")


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    cells, named = [], []
    for seed in range(parser.parse_args().seeds):
        for name in WORLDS:
            here = world(name, seed)
            for panel, kinds in PANELS.items():
                for lists in SIZES:
                    cell, found = one_cell(here, panel, kinds, lists, seed)
                    print(cell, flush=True)
                    cells.append(cell)
                    named += found
    write("bad_experts", report(pd.DataFrame(cells), pd.DataFrame(named)))


def one_cell(
    here: World, panel: str, kinds: tuple[str, ...], lists: int, seed: int
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """NDCG with everybody and with the careful alone, and what was said of each expert."""
    pairs = Panel(kinds, size=10).lists(here, lists, seed)
    careful = pairs.take(np.array([str(judge).startswith("careful") for judge in pairs.judge]))
    everybody = refined(here, pairs, seed)
    cell = {
        "world": here.name,
        "panel": panel,
        "lists": lists,
        "seed": seed,
        "everybody": quality(here, everybody.score(here.features)),
        "careful": quality(here, refined(here, careful, seed).score(here.features)),
        "incumbent": quality(here, here.incumbent.score(here.features)),
    }
    found = [
        {"kind": judge.split()[0], "verdict": report["verdict"], "lists": lists}
        for judge, report in everybody.report["judges"].items()
    ]
    return cell, found


def report(cells: pd.DataFrame, named: pd.DataFrame) -> list[str]:
    """Two tables."""
    lines = [
        "# Bad experts",
        "",
        f"{cells['seed'].nunique()} seeds, worlds {', '.join(WORLDS)}; lists of 10, NDCG@10 on unseen "
        "queries. *Cost*: "
        "the careful experts alone minus everybody, with its 95 % interval; below 0, the others helped.",
        "",
        "| panel | lists | incumbent | everybody | careful alone | cost |",
        "|---|---|---|---|---|---|",
    ]
    for (panel, lists), rows in cells.groupby(["panel", "lists"], sort=False):
        means = rows[["incumbent", "everybody", "careful"]].mean()
        cost = interval(rows["careful"] - rows["everybody"], 4)
        lines.append(f"| {panel} | {lists} | " + " | ".join(f"{m:.3f}" for m in means) + f" | {cost} |")
    lines += ["", "| expert | named | lists in all | share |", "|---|---|---|---|"]
    for (kind, lists), rows in named.groupby(["kind", "lists"]):
        for verdict, share in rows["verdict"].value_counts(normalize=True).items():
            lines.append(f"| {kind} | {verdict} | {lists} | {share:.1%} of {len(rows)} |")
    return lines


if __name__ == "__main__":
    main()
