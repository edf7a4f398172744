"""Worlds for the gate's benchmark, in which the truth is known, and challengers that break one thing.

Not a benchmark: it measures nothing. Experts look at a bend, a slope and a product with the query; the
incumbent knows the slope only; each held-out list answers a query of its own, is shown in random order, and
is judged by one of five experts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from ranking.ltr import GateDecision, PairedResults, gate, paired_results
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.components import TreeComponent
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.preferences import Preferences
from ranking.ltr.tables import Pairs, Rows

PARAMS = BoostingParams(rounds=60, learning_rate=0.1, num_leaves=8, min_data_in_leaf=5, l2=3.0, num_threads=1)
EXPERTS = ("ada", "bob", "cleo", "dan", "eve")
CANDIDATES, LIST = 20, 8
TRAINED, HELD_OUT = 60, 100  # queries
TRAINING_LISTS = 150
NOISE = 0.7  # of the experts: Gumbel, in standard deviations of what they look at
RESAMPLES = 1000
SEGMENT_HARM = 0.1


@dataclass(frozen=True, eq=False)
class World:
    """Frozen tables, what experts look at, and the version in service."""

    rows: Rows
    pairs: Pairs
    taste: np.ndarray  # (n,) of everybody
    own: np.ndarray  # (n,) what Eve alone dislikes
    incumbent: np.ndarray
    seed: int


def world(seed: int, held_out: int = HELD_OUT) -> World:
    """Experts look at a bend, a slope and a product with the query; the incumbent knows the slope only."""
    rng = np.random.default_rng(seed)
    queries = TRAINED + held_out
    n = queries * CANDIDATES
    x = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abcdez"))
    x["z"] = np.repeat(rng.normal(size=queries), CANDIDATES)
    taste = x["a"] - x["b"].abs() + 0.7 * x["c"] * x["z"]
    taste = ((taste - taste.mean()) / taste.std()).to_numpy()
    number = np.repeat(np.arange(queries), CANDIDATES)
    rows = Rows(
        features=x,
        queries=np.array([f"q{one}" for one in number], dtype=object),
        labels=np.where(rng.random(n) < 0.3, np.digitize(taste + rng.normal(0, 0.5, n), [0, 1]), np.nan),
        held_out=number >= TRAINED,
        segments={"kind": np.array(["x", "y", "z"], dtype=object)[number % 3]},
        protected={"owner": np.array(["family", "bank"], dtype=object)[rng.integers(0, 2, n)]},
        items=np.array([f"i{one}" for one in range(n)], dtype=object),
    )
    drawn = [*rng.integers(0, TRAINED, TRAINING_LISTS), *range(TRAINED, queries)]
    pairs = judged(rng, taste, x["e"].to_numpy(), drawn)
    return World(
        rows=rows,
        pairs=Pairs(
            preferences=pairs,
            origin=np.full(len(pairs), "reordered", dtype=object),
            randomised=np.ones(len(pairs), dtype=bool),
            held_out=rows.held_out[pairs.winner],
        ),
        taste=taste,
        own=x["e"].to_numpy(),
        incumbent=x["a"].to_numpy() + 0.3 * rng.normal(size=n),
        seed=seed,
    )


def judged(rng: np.random.Generator, taste: np.ndarray, own: np.ndarray, queries: list[int]) -> Preferences:
    """Lists in the order in which an expert sees them; Eve dislikes one thing that leaves the others cold."""
    orders, judges = [], []
    for number, query in enumerate(queries):
        judge = EXPERTS[number % len(EXPERTS)]
        shown = query * CANDIDATES + rng.permutation(CANDIDATES)[:LIST]
        seen = taste[shown] + rng.gumbel(0, NOISE, LIST) - (1.5 * own[shown] if judge == "eve" else 0)
        orders.append(shown[np.argsort(-seen)].tolist())
        judges.append(judge)
    return Preferences.from_orders(orders, judge=judges)


def refined(one: World, *, seed: int, share: float = 1.0, base: np.ndarray | None = None) -> np.ndarray:
    """Scores of the incumbent corrected by trees on a share of the training lists."""
    rng = np.random.default_rng([one.seed, seed])
    start = one.incumbent if base is None else base
    expert = one.pairs.preferences.take(~one.pairs.held_out)
    lists = np.unique(expert.list_id)
    chosen = rng.choice(lists, int(share * len(lists)), replace=False)
    learned = expert.take(np.isin(expert.list_id, chosen))
    text = boost(one.rows.features, learned, params=PARAMS, seed=seed, base_score=start)
    return start + TreeComponent("r", 1.0, tuple(one.rows.features), text).score(one.rows.features)


def results_of(one: World, challenger: np.ndarray, champion: np.ndarray, **more: object) -> PairedResults:
    return paired_results(one.rows, one.pairs, challenger, champion, **more)


def decided(results: PairedResults, seed: int) -> GateDecision:
    return gate(results, seed=seed, resamples=RESAMPLES)


# --- challengers that break one thing -------------------------------------------------------------------
def spoiled(one: World, kind: str, good: np.ndarray) -> tuple[np.ndarray, dict[str, object]]:
    """A challenger that gains like `good` but for one thing, and what the gate is told besides."""
    rng = np.random.default_rng([one.seed, 7])
    spread, held = good.std(), one.rows.held_out
    if kind == "shuffled":
        return rng.permutation(good), {}
    if kind == "inverted":
        return -good, {}
    if kind == "not a number":
        return np.where(np.arange(len(good)) == rng.choice(np.flatnonzero(held)), np.nan, good), {}
    if kind == "leaked":
        return one.taste, {"trained_queries": set(one.rows.queries[held])}
    if kind == "harms a segment":
        return np.where(one.rows.segments["kind"] == "y", harmed(one, good, SEGMENT_HARM), good), {}
    if kind == "harms an expert":
        return good + 1.5 * spread * one.own, {}
    if kind == "unfair":
        return good + 1.0 * spread * (one.rows.protected["owner"] == "bank"), {}
    if kind == "miscalibrated":
        return 30 * good, {}
    first = np.flatnonzero(held)[:CANDIDATES]
    best, last = first[np.argmax(good[first])], first[np.argmin(good[first])]
    items = one.rows.items
    return good, {"signed_off": [(str(one.rows.queries[best]), str(items[last]), str(items[best]))]}


KINDS = {
    "shuffled": "superiority",
    "inverted": "superiority",
    "not a number": "sound",
    "leaked": "sound",
    "harms a segment": "segments",
    "harms an expert": "experts",
    "unfair": "fairness",
    "miscalibrated": "calibration",
    "flips a signed-off pair": "signed_off",
}


def harmed(one: World, good: np.ndarray, harm: float) -> np.ndarray:
    """The incumbent, spoiled by noise until it has lost so much pair accuracy."""
    asked = one.pairs.preferences.take(one.pairs.held_out)
    noise = np.random.default_rng([one.seed, 9]).normal(size=len(good))
    level = pair_accuracy(one.incumbent, asked, one.rows.queries).mean() - harm

    def excess(step: float) -> float:
        return pair_accuracy(one.incumbent + step * noise, asked, one.rows.queries).mean() - level

    return one.incumbent + brentq(excess, 0, 50, xtol=1e-2) * noise
