"""Claim: reasons add up, are true when tried out, and every session's part in a move can be told in time.

`python -m benchmarks.explaining` refines on 150 lists in each world and looks at pairs of candidates of test
queries:

* the parts of a lead add up to the lead;
* what a reason says is tried out: the winner is given the rival's values in the three columns that speak most
  for it, and should lead by less, or no longer lead. Beside it, three columns drawn at random from those that
  speak for it at all;
* 300 sessions: one refit without each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.reporting import interval, write
from benchmarks.worlds import LETOR, MADE_UP, Panel, World, every_name, refined, world
from ranking.ltr import refine
from ranking.ltr.model import BASE, Ranker

LISTS, PAIRS, TOP = 150, 400, 3
SESSIONS = 300


def main() -> None:
    """Measure, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    seeds = range(parser.parse_args().seeds)
    write("explaining", report(seeds))


def report(seeds: range) -> Iterator[str]:
    """All lines of the document."""
    yield "# Explaining"
    yield ""
    yield f"`python -m benchmarks.explaining`, seeds 0 to {seeds[-1]}, means with 95 % intervals over them."
    yield from (
        "",
        "## Reasons, tried out",
        "",
        f"Refined on {LISTS} lists; {PAIRS} pairs of candidates of test queries a seed. The winner takes the "
        f"rival's values in {TOP} columns: its lead shrinks or turns.",
        "",
        "| world | the three strongest | three others that speak for it | farthest from adding up |",
        "|---|---|---|---|",
    )
    for name in every_name():
        if name in (*MADE_UP, *LETOR):
            found = pd.DataFrame([tried_out(explained(world(name, seed), seed), seed) for seed in seeds])
            shares = (interval(found[column]) for column in ("strongest", "others"))
            yield f"| {name} | {' | '.join(shares)} | {found['error'].max():.0e} |"
    yield from (
        "",
        f"## Provenance of {SESSIONS} sessions",
        "",
        "Seconds of a refinement of the world *bends*, and of the same with one refit without each session.",
        "",
        "| lists a session | lists | refined in | with provenance |",
        "|---|---|---|---|",
    )
    for each in (1, 3):
        yield sessions_row(each)


def explained(here: World, seed: int) -> tuple[World, Ranker]:
    """A world and the ranker refined in it: on its incumbent if that explains itself, else on nothing."""
    pairs = Panel(kinds=("careful",) * 4).lists(here, LISTS, seed)
    base = here if isinstance(here.incumbent, Ranker) else replace(here, incumbent=None)
    model = refined(base, pairs, seed)
    assert model.ranker is not None
    return here, model.ranker


def tried_out(found: tuple[World, Ranker], seed: int) -> dict[str, float]:
    """Shares of leads that shrink or turn, and the largest error of a sum."""
    here, ranker = found
    winner, loser = pairs_of(here, ranker, seed)
    shares = [ranker.contributions(table) for table in (winner, loser)]
    lead = ranker.score(winner) - ranker.score(loser)
    parts = shares[0].to_numpy() - shares[1].to_numpy()
    speaks = (shares[0] - shares[1]).drop(columns=BASE)
    rng = np.random.default_rng([seed, 8])
    strongest = speaks.to_numpy().argsort(axis=1)[:, ::-1][:, :TOP]
    drawn = np.where(speaks.to_numpy() > 0, rng.random(speaks.shape), -1.0).argsort(axis=1)[:, ::-1][:, :TOP]
    return {
        "error": float(np.abs(parts.sum(axis=1) - lead).max()),
        "strongest": shrunk(ranker, winner, loser, speaks, strongest),
        "others": shrunk(ranker, winner, loser, speaks, drawn),
    }


def shrunk(
    ranker: Ranker,
    winner: pd.DataFrame,
    loser: pd.DataFrame,
    speaks: pd.DataFrame,
    places: np.ndarray,
) -> float:
    """Share of leads that are smaller with the rival's values in those columns that speak for the winner."""
    changed = winner.copy()
    for place in places.T:
        for row, column in enumerate(speaks.columns[place]):
            if speaks[column].iat[row] > 0:
                changed.iloc[row, changed.columns.get_loc(column)] = loser[column].iat[row]
    return float((ranker.score(changed) < ranker.score(winner)).mean())


def pairs_of(here: World, ranker: Ranker, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Winners and losers by the ranker: two rows of the same test query, drawn at random."""
    rng = np.random.default_rng([seed, 7])
    score = ranker.score(here.features)
    queries = [
        rows.to_numpy() for _, rows in pd.Series(np.flatnonzero(here.test)).groupby(here.queries[here.test])
    ]
    queries = [rows for rows in queries if np.ptp(score[rows]) > 0]
    first, second = [], []
    while len(first) < PAIRS:
        one, other = rng.choice(queries[rng.integers(len(queries))], 2, replace=False)
        if score[one] != score[other]:
            first.append(one if score[one] > score[other] else other)
            second.append(other if score[one] > score[other] else one)
    table = here.features[list(ranker.columns)].astype(float)
    return table.iloc[first].reset_index(drop=True), table.iloc[second].reset_index(drop=True)


def sessions_row(each: int) -> str:
    """Seconds without and with provenance; one run."""
    here = world("bends", 0)
    pairs = Panel(kinds=("careful",) * 6).lists(here, SESSIONS * each, 0)
    given = {"queries": here.queries, "incumbent": here.incumbent, "seed": 0}
    began = time.perf_counter()
    refine(here.features, pairs, **given)
    middle = time.perf_counter()
    refine(here.features, pairs, sources=pairs.list_id // each, **given)
    ended = time.perf_counter()
    return f"| {each} | {SESSIONS * each} | {middle - began:.1f} s | {ended - middle:.1f} s |"


if __name__ == "__main__":
    main()
