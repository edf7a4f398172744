"""Claim: experts who lean on the shown order cost little, if some lists were shown in random order.

`python -m benchmarks.anchoring`: half of the panel is pulled towards the order shown, which on 70 % of
the lists is the incumbent's. With the shown order known to `refine`, and without; NDCG@10 on unseen
queries.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.reporting import interval, write
from benchmarks.worlds import Panel, World, quality, refined, world

SIZES = (60, 150, 300)
WORLDS = ("bends", "products")
RANDOMISED = 0.3
PANELS = {"strong": ("careful", "anchored"), "none": ("careful",)}


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    cells = []
    for seed in range(parser.parse_args().seeds):
        for name in WORLDS:
            here = world(name, seed)
            for anchoring in PANELS:
                for lists in SIZES:
                    cells.append(one_cell(here, anchoring, lists, seed))
                    print(cells[-1], flush=True)
    write("anchoring", report(pd.DataFrame(cells)))


def one_cell(here: World, anchoring: str, lists: int, seed: int) -> dict[str, object]:
    """NDCG with the shown order, without it, and of a panel that is not anchored."""
    kinds = PANELS[anchoring] * 3
    pairs = Panel(kinds, randomised=RANDOMISED, pull=4.0).lists(here, lists, seed)
    free = Panel(("careful",) * len(kinds), randomised=RANDOMISED).lists(here, lists, seed)
    blind = replace(pairs, shown_gap=np.full(len(pairs), np.nan))
    runs = {"known": pairs, "unknown": blind, "free": free}
    found = {name: quality(here, refined(here, run, seed).score(here.features)) for name, run in runs.items()}
    return {"world": here.name, "anchoring": anchoring, "lists": lists, "seed": seed, **found}


def report(cells: pd.DataFrame) -> list[str]:
    """One line for each kind and number of lists."""
    lines = [
        "# Anchoring",
        "",
        f"{cells['seed'].nunique()} seeds, worlds {', '.join(WORLDS)}; {RANDOMISED:.0%} of the lists "
        "in random order, the "
        "others in the incumbent's; lists of 8. *Recovered*: share of the loss to a panel that is "
        "not anchored.",
        "",
        "| anchoring | lists | shown order unknown | known | not anchored | known minus unknown | "
        "recovered |",
        "|---|---|---|---|---|---|---|",
    ]
    for (anchoring, lists), rows in cells.groupby(["anchoring", "lists"], sort=False):
        means = rows[["unknown", "known", "free"]].mean()
        gained, loss = means["known"] - means["unknown"], means["free"] - means["unknown"]
        share = f"{gained / loss:.0%}" if anchoring != "none" and loss > 0 else ""
        figures = " | ".join(f"{value:.3f}" for value in means)
        lines.append(
            f"| {anchoring} | {lists} | {figures} | {interval(rows['known'] - rows['unknown'], 4)} | "
            f"{share} |"
        )
    return lines


if __name__ == "__main__":
    main()
