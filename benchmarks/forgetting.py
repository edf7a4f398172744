"""Claim: what experts never looked at stays as good as it was.

`python -m benchmarks.forgetting`: the incumbent is right on one segment of the queries, which no expert
touches, and wrong on the others, which they judge. The segment is cut along one column of the query,
obliquely through three, or not at all. NDCG@10 on unseen queries, with the gate and without.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.reporting import interval, write
from benchmarks.worlds import NOISE, Formula, World, quality, refined, split
from ranking.ltr import Preferences, Refined

CUTS = ("one column", "three columns", "nothing")
SIZES = (100, 300)
QUERIES, CANDIDATES, LIST = 800, 25, 10


@dataclass(frozen=True, eq=False)
class Cut:
    """A world and the rows of the segment that no expert touches."""

    world: World
    untouched: np.ndarray


def main() -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    cells = []
    for seed in range(parser.parse_args().seeds):
        for cut in CUTS:
            for lists in SIZES:
                cells.append(
                    {"cut": cut, "lists": lists, "seed": seed} | one_cell(made_up(cut, seed), lists, seed)
                )
                print(cells[-1], flush=True)
    write("forgetting", report(pd.DataFrame(cells)))


def made_up(cut: str, seed: int) -> Cut:
    """Experts want something else than the incumbent, except in the segment."""
    rng = np.random.default_rng([seed, 11])
    asked = rng.normal(size=(QUERIES, 4))
    item, query = rng.normal(size=(QUERIES * CANDIDATES, 6)), np.repeat(asked, CANDIDATES, axis=0)
    x = pd.DataFrame(np.c_[item, query], columns=list("abcdefpqrs"))
    outside = {
        "one column": asked[:, 0] > 0.5,
        "three columns": asked[:, :3] @ np.array([0.6, 0.6, -0.5]) > 0.5,
        "nothing": np.zeros(QUERIES, dtype=bool),
    }[cut]
    untouched = np.repeat(outside, CANDIDATES)
    old = x["a"] + 0.8 * x["b"] + 0.6 * x["c"] * (x["d"] > 0)
    new = 0.8 * old + 0.9 * x["e"] - 0.5 * x["f"].abs() + 0.4 * x["e"] * x["q"]
    utility = np.where(untouched, old / old.std(), new / new.std())
    queries = np.repeat(np.arange(QUERIES), CANDIDATES)
    incumbent = Formula(lambda t: t["a"] + 0.8 * t["b"] + 0.5 * t["c"] * (t["d"] > 0))
    return Cut(World(cut, x, utility, queries, incumbent, split(queries, seed, 0.5)), untouched)


def lists_of(cut: Cut, n: int, seed: int) -> Preferences:
    """Lists of training queries outside the segment."""
    rng, world = np.random.default_rng([seed, 7]), cut.world
    keys = rng.permutation(np.unique(world.queries[~world.test & ~cut.untouched]))
    orders = []
    for query in np.resize(keys, n):
        drawn = rng.choice(np.flatnonzero(world.queries == query), LIST, replace=False)
        orders.append(drawn[np.argsort(-world.utility[drawn] - rng.gumbel(0, NOISE, LIST))].tolist())
    return Preferences.from_orders(orders, judge=[f"expert {place % 5}" for place in range(n)])


def one_cell(cut: Cut, lists: int, seed: int) -> dict[str, float]:
    """NDCG of incumbent, gated and ungated model, inside and outside the segment."""
    world = cut.world
    model = refined(world, lists_of(cut, lists, seed), seed)
    scores = {"incumbent": world.incumbent.score(world.features), "gated": model.score(world.features)}
    scores["ungated"] = without_gate(model).score(world.features)
    found = {"open": float(model.report["coverage"]["open"])}
    for where, inside in (("touched", ~cut.untouched), ("untouched", cut.untouched)):
        for name, score in scores.items():
            found[f"{where} {name}"] = round(quality(world, score, inside), 4)
    return found


def without_gate(model: Refined) -> Refined:
    """The same model, open everywhere."""
    if model.ranker is None:
        return model
    *below, last = model.ranker.components
    open_everywhere = replace(last, coverage=None)
    return replace(model, ranker=replace(model.ranker, components=(*below, open_everywhere)))


def report(cells: pd.DataFrame) -> list[str]:
    """One line for each cut and number of lists."""
    lines = [
        "# Forgetting",
        "",
        f"{cells['seed'].nunique()} seeds; {QUERIES // 2} training queries of {CANDIDATES} "
        f"candidates; lists of {LIST}; "
        "NDCG@10 on unseen queries. *Lost*: incumbent minus gated model on queries like those that "
        "no expert touched. "
        "*Kept*: share of the ungated gain that the gated model keeps on the others.",
        "",
        "| cut along | lists | touched: incumbent, ungated, gated | kept | untouched: incumbent, "
        "ungated, gated | lost |",
        "|---|---|---|---|---|---|",
    ]
    for (cut, lists), rows in cells.groupby(["cut", "lists"], sort=False):
        three = [
            ", ".join(f"{rows[f'{where} {name}'].mean():.3f}" for name in ("incumbent", "ungated", "gated"))
            for where in ("touched", "untouched")
        ]
        gain = rows["touched ungated"] - rows["touched incumbent"]
        kept = interval((rows["touched gated"] - rows["touched incumbent"]) / gain, 2)
        lost = "" if cut == "nothing" else interval(rows["untouched incumbent"] - rows["untouched gated"], 4)
        lines.append(
            f"| {cut} | {lists} | {three[0]} | {kept} | {'' if cut == 'nothing' else three[1]} | {lost} |"
        )
    return lines


if __name__ == "__main__":
    main()
