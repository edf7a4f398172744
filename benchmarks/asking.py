"""Claim: `ask` needs far fewer lists than random selection for a ranker as good.

`python -m benchmarks.asking` lets simulated experts judge ten lists a round. After every second round the
incumbent is refined on all lists so far, by `refine` whoever chose them, and scored on queries that are never
asked about. *Lists needed* is where a way's mean curve (over seeds, made monotone) reaches what another one
reaches; intervals are a bootstrap over the seeds. Half of the queries are held out. The constants of `ask`
were set on other seeds than those used here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from benchmarks.letor import Data, every_data
from benchmarks.reporting import write
from ranking.ltr.asking import Mix, ask
from ranking.ltr.committee import committee, standardised
from ranking.ltr.metrics import ndcg
from ranking.ltr.preferences import Preferences
from ranking.ltr.refining import refine

SEEDS = range(10)
ROUNDS, LISTS, CARDS, TOP = 12, 10, 8, 10
EVERY = 2  # rounds from one refinement to the next
STEP = EVERY * LISTS
ENDS = (3, 4, 5, 6)  # refinements after which another way's quality is to be matched
NOISE = 0.5  # of the experts, in standard deviations of what they look at
RESAMPLES = 2000
LEAST_ROWS = 12  # of a query of a LETOR set: below, a list of eight is nearly all of it
UNIFORM = Mix(random=1.0)
WAYS = ("random", "own top", "ask")


@dataclass(frozen=True, eq=False)
class World:
    """Features, what the experts look at, graded labels for NDCG, queries, and an incumbent to refine."""

    features: pd.DataFrame
    utility: np.ndarray
    grades: np.ndarray
    queries: np.ndarray
    incumbent: np.ndarray

    def score(self, features: pd.DataFrame, queries: np.ndarray | None = None) -> np.ndarray:
        """The incumbent as a scorer; it knows no other rows."""
        return self.incumbent[features.index]


def main() -> None:
    """Measure, print the table and write it."""
    names = list(worlds())
    tasks = [(name, seed) for name in names for seed in SEEDS]
    began = time.perf_counter()
    with get_context("spawn").Pool(2) as pool:
        curves = dict(zip(tasks, pool.starmap(one_seed, tasks, chunksize=1), strict=True))
    by_world = {name: np.array([curves[name, seed] for seed in SEEDS]) for name in names}
    lines = [*heading(), *(row for name, found in by_world.items() for row in rows_of(name, found))]
    lines += [*pooled(by_world), "", *curve_table(by_world)]
    print(f"{time.perf_counter() - began:.0f} s")
    write("asking", lines)


def one_seed(name: str, seed: int) -> np.ndarray:
    """(ways, refinements + 1) quality on held-out queries after each refinement."""
    world = worlds()[name](seed)
    return np.array([curve(world, way, seed) for way in WAYS])


def curve(world: World, way: str, seed: int) -> np.ndarray:
    """Quality on held-out queries before any list and after each refinement."""
    keys = np.random.default_rng([seed, 1]).permutation(np.unique(world.queries))
    held_out = np.isin(world.queries, keys[: len(keys) // 2])
    pool = np.flatnonzero(~held_out)
    noise = np.random.default_rng([seed, 2])
    score, orders, shown = world.incumbent, [], []
    found = [quality(world, score, held_out)]
    for number in range(ROUNDS):
        pairs = Preferences.from_orders(orders, judge="simulated")
        latest, draw = shown[-4 * LISTS :], 1000 * seed + number
        proposed = next_lists(world, way, pool, pairs, score=score, shown=latest, seed=draw)
        for rows in proposed:
            seen = world.utility[rows] + noise.gumbel(0, NOISE, len(rows))
            orders.append(rows[np.argsort(-seen)].tolist())
            shown.append(rows)
        if (number + 1) % EVERY == 0:
            score = refined(world, Preferences.from_orders(orders, judge="simulated"), seed)
            found.append(quality(world, score, held_out))
    return np.array(found)


def next_lists(
    world: World,
    way: str,
    pool: np.ndarray,
    pairs: Preferences,
    *,
    score: np.ndarray,
    shown: list[np.ndarray],
    seed: int,
) -> list[np.ndarray]:
    """The rows of the next round's lists; `score` is of the model as refined so far."""
    queries = world.queries[pool]
    if way == "own top":
        return own_top(score[pool], queries, pool, seed)
    if way == "random":
        members = score[None, pool]
    else:
        members = committee(
            world.features,
            pairs,
            queries=world.queries,
            incumbent=replace(world, incumbent=score),
            trees=False,
            seed=seed,
        )[:, pool]
    place = np.full(len(world.queries), -1)
    place[pool] = np.arange(len(pool))
    slates = ask(
        members,
        queries,
        n_slates=LISTS,
        slate_size=CARDS,
        top_k=TOP,
        mix=UNIFORM if way == "random" else None,
        features=world.features.iloc[pool],
        recent=[place[rows].tolist() for rows in shown],
        seed=seed,
    )
    return [pool[list(slate.rows)] for slate in slates]


def own_top(score: np.ndarray, queries: np.ndarray, pool: np.ndarray, seed: int) -> list[np.ndarray]:
    """Lists drawn from the refined model's own first `TOP`, of queries drawn at random."""
    rng = np.random.default_rng(seed)
    lists = []
    for key in rng.choice(np.unique(queries), LISTS, replace=False):
        rows = np.flatnonzero(queries == key)
        best = rows[np.argsort(-score[rows], kind="stable")][:TOP]
        lists.append(pool[rng.permutation(best)[:CARDS]])
    return lists


def refined(world: World, pairs: Preferences, seed: int) -> np.ndarray:
    """Scores of all rows by the incumbent refined on the pairs."""
    model = refine(world.features, pairs, queries=world.queries, incumbent=world, seed=seed)
    return model.score(world.features, world.queries)


def quality(world: World, score: np.ndarray, rows: np.ndarray) -> float:
    """NDCG@10 of the rows, mean over their queries."""
    return ndcg(world.grades[rows], score[rows], world.queries[rows], k=TOP).mean()


@cache
def worlds() -> dict[str, Callable[[int], World]]:
    """The makers of every world, by name; each takes a seed."""
    made: dict[str, Callable[[int], World]] = {
        "made up, 50 candidates": lambda seed: made_up(seed, queries=160, candidates=50),
        "made up, 300 candidates": lambda seed: made_up(seed, queries=60, candidates=300),
    }
    for data in every_data():
        if data.name != "made up":
            made[data.name] = partial(from_labels, data)
    return made


def made_up(seed: int, *, queries: int, candidates: int, columns: int = 10) -> World:
    """A slope, a bend, an interaction and a taste that depends on the query; the incumbent is half wrong."""
    rng = np.random.default_rng([seed, 3])
    n = queries * candidates
    items = rng.normal(size=(n, columns - 2))
    needs = np.repeat(rng.normal(size=(queries, 2)), candidates, axis=0)
    weights = rng.normal(size=columns - 2)
    utility = 0.6 * items[:, 2:] @ weights[2:] / np.sqrt(columns / 10)
    utility += 0.7 * items[:, 3] * needs[:, 0] - np.abs(items[:, 0]) + items[:, 1] * (items[:, 2] > 0)
    utility = (utility - utility.mean()) / utility.std()
    wrong = np.where(rng.random(columns - 2) < 0.5, weights, rng.normal(size=columns - 2))
    steps = np.quantile(utility, 1 - np.array([20, 10, 5, 2]) / candidates)  # so many of a query, on average
    return World(
        features=pd.DataFrame(np.c_[items, needs], columns=[f"x{place}" for place in range(columns)]),
        utility=utility,
        grades=np.digitize(utility, steps).astype(float),
        queries=np.repeat(np.arange(queries), candidates),
        incumbent=items @ wrong,
    )


def from_labels(data: Data, seed: int) -> World:
    """Experts look at the graded label; the incumbent is a ridge fit of few columns to noisy labels."""
    sizes = pd.Series(data.queries).groupby(data.queries).transform("size").to_numpy()
    kept = sizes >= LEAST_ROWS
    features = data.features[kept].reset_index(drop=True)
    features = features.loc[:, features.std() > 0]
    utility = data.utility[kept]
    rng = np.random.default_rng([seed, 4])
    table = standardised(features.to_numpy(dtype=np.float64))
    known = table[:, rng.choice(table.shape[1], max(3, table.shape[1] // 40), replace=False)]
    noisy = utility + rng.normal(0, 1.5, len(utility))
    slopes = np.linalg.solve(known.T @ known + len(known) / 4 * np.eye(known.shape[1]), known.T @ noisy)
    return World(features, utility, utility - utility.min(), data.queries[kept], known @ slopes)


def lists_needed(mean: np.ndarray, target: float) -> float:
    """Lists after which a monotone curve reaches `target`; all of them where it never does."""
    reached = np.flatnonzero(mean >= target - 1e-12)
    if len(reached) == 0:
        return float(ROUNDS * LISTS)
    first = int(reached[0])
    if first == 0:
        return 0.0
    step = (target - mean[first - 1]) / (mean[first] - mean[first - 1])
    return float(STEP * (first - 1 + step))


def monotone(curves: np.ndarray) -> np.ndarray:
    """Isotonic fit of the mean curve over seeds."""
    return isotonic_regression(curves.mean(axis=0)).x


def savings(found: np.ndarray, way: int, against: int, draws: np.ndarray) -> np.ndarray:
    """Share of lists saved by a way against another one, first over all seeds and then in every resample.

    NaN where the other way is no better after its lists than before them: there is nothing to save.
    """
    saved = []
    for seeds in [np.arange(len(found)), *draws]:
        ours, theirs = monotone(found[seeds, way]), monotone(found[seeds, against])
        needed = [(lists_needed(ours, theirs[end]), lists_needed(theirs, theirs[end])) for end in ENDS]
        shares = [mine / yours for mine, yours in needed if yours > 0]
        saved.append(1 - np.mean(shares) if shares else np.nan)
    return np.array(saved)


def resampled() -> np.ndarray:
    """Seeds drawn with replacement, a row for each resample."""
    return np.random.default_rng(0).integers(0, len(SEEDS), (RESAMPLES, len(SEEDS)))


def rows_of(name: str, found: np.ndarray) -> Iterator[str]:
    """The lines of one world."""
    draws = resampled()
    for way in range(2, len(WAYS)):
        against = [interval(savings(found, way, other, draws)) for other in (0, 1)]
        needed = lists_needed(monotone(found[:, way]), monotone(found[:, 0])[-1])
        yield f"| {name} | {WAYS[way]} | {needed:.0f} | {against[0]} | {against[1]} |"


def pooled(by_world: dict[str, np.ndarray]) -> Iterator[str]:
    """The mean over the worlds, each counting once."""
    draws = resampled()
    for way in range(2, len(WAYS)):
        cells = [
            interval(np.nanmean([savings(found, way, other, draws) for found in by_world.values()], axis=0))
            for other in (0, 1)
        ]
        yield f"| **mean** | **{WAYS[way]}** | | {cells[0]} | {cells[1]} |"


def interval(values: np.ndarray) -> str:
    """The first value with the 95 % percentile interval of the others."""
    if np.isnan(values[0]):
        return "nothing gained"
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return f"{values[0]:.0%} ({low:.0%} to {high:.0%})"


def heading() -> list[str]:
    """What the table says."""
    total = ROUNDS * LISTS
    return [
        "# Lists needed: `ask` against random selection and the model's own top",
        "",
        f"NDCG@{TOP} on queries that nobody was asked about, {len(SEEDS)} seeds, {total} lists of {CARDS} in "
        f"rounds of {LISTS}; after every {STEP} lists the incumbent is refined on all of them by `refine`, "
        "whoever chose them. *Saved*: how many of its lists another way could have spared to be where it is, "
        f"mean over {', '.join(str(STEP * end) for end in ENDS)} lists. *Random*: all drawn uniformly. "
        f"*Own top*: {CARDS} of the first {TOP} of the model *as refined so far*, queries drawn uniformly. "
        "95 % bootstrap intervals over the seeds; a way that does not get there counts as "
        f"{total} lists. *ask* is the whole mix, with its random and repeated lists and its red flags; its "
        "members are linear and stand on the model as refined so far, as in sessions.",
        "",
        "| world | way | lists for random's best | saved against random | saved against own top |",
        "|---|---|---|---|---|",
    ]


def curve_table(by_world: dict[str, np.ndarray]) -> Iterator[str]:
    """Mean quality after some numbers of lists."""
    at = range(ROUNDS // EVERY + 1)
    yield "Mean NDCG@10 after so many lists:"
    yield ""
    yield "| world | way |" + "".join(f" {STEP * number} |" for number in at)
    yield "|---|---|" + "---|" * len(at)
    for name, found in by_world.items():
        for way, label in enumerate(WAYS):
            cells = "".join(f" {value:.3f} |" for value in found[:, way].mean(axis=0))
            yield f"| {name} | {label} |{cells}"


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    sys.exit(main())
