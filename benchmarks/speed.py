"""Claim: a version in seconds, and training that grows no faster than its pairs.

`python -m benchmarks.speed` measures, each in a process of its own, so that the memory is that of one run:

* from 300 judged lists of 10 to a version that is refined, evaluated and gated;
* one fit of 600,000 pairs over 160,000 rows of 40 columns, against CatBoost `PairLogit` on the same pairs,
  rounds, leaves, learning rate, ridge and threads;
* the same fit from 10^4 to 10^7 pairs: seconds and peak memory by pair.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.reporting import interval, write
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.components import RuleComponent
from ranking.ltr.model import Ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.splits import held_out_mask
from ranking.ltr.tables import FeatureColumn
from ranking.ltr.training import TrainingTask, train

ROWS, COLUMNS, PAIRS = 160_000, 40, 600_000
QUERY = 20  # rows of a query in the large fits
GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)
PAIRS_A_ROW = PAIRS / ROWS
FIT = BoostingParams(rounds=100, learning_rate=0.1, num_leaves=15, min_data_in_leaf=1, l2=3.0)
FEW = BoostingParams(rounds=20, learning_rate=0.1, num_leaves=15, min_data_in_leaf=1, l2=3.0)
LISTS, LIST, JUDGES = 300, 10, 6


def main() -> None:
    """Measure, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, default=GROWTH[-1], help="pairs of the largest fit")
    options = parser.parse_args()
    seeds = range(options.seeds)
    lines = [
        "# Speed",
        "",
        f"2 cores; each run in a process of its own; seeds 0 to {options.seeds - 1}; means, 95 % intervals.",
        *versions(seeds),
        *fits(seeds),
        *growing(options.most),
    ]
    write("speed", lines)


def versions(seeds: range) -> list[str]:
    """The lines on whole trainings."""
    whole = [alone(a_version, seed) for seed in seeds]
    return [
        "",
        f"## {LISTS} lists of {LIST} to a version",
        "",
        "Judges, coverage, all learners out of fold, the fit, provenance of the sessions and the gate; "
        f"{JUDGES} judges, 20 sessions, 400 candidates a query of 20 columns, on top of a rule.",
        "",
        f"- seconds: {interval([run['seconds'] for run in whole], 1)}",
        f"- peak memory in MB: {interval([run['megabytes'] for run in whole], 0)}",
    ]


def fits(seeds: range) -> list[str]:
    """The table of learners on the same pairs."""
    lines = [
        "",
        f"## {PAIRS:,} pairs over {ROWS:,} rows of {COLUMNS} columns",
        "",
        f"{FIT.rounds} rounds of {FIT.num_leaves} leaves, {FIT.num_threads} threads; CatBoost leaf-wise, as "
        "we grow trees, and by levels, as it does by default.",
        "",
        "| learner | seconds | accuracy on the pairs | peak MB |",
        "|---|---|---|---|",
    ]
    for name, work in FITS.items():
        runs = [alone(work, seed) for seed in seeds]
        cells = (interval([run[key] for run in runs], digits) for key, digits in SHOWN)
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def growing(most: int) -> list[str]:
    """The table of time and memory by number of pairs."""
    lines = [
        "",
        "## Growth",
        "",
        f"{FEW.rounds} rounds, {PAIRS_A_ROW:.2f} pairs a row as above; one run each.",
        "",
        "| pairs | seconds | microseconds a pair and round | peak MB | bytes a pair |",
        "|---|---|---|---|---|",
    ]
    for pairs in (size for size in GROWTH if size <= most):
        run = alone(growth, pairs)
        each, room = 1e6 * run["seconds"] / pairs / FEW.rounds, 2**20 * run["megabytes"] / pairs
        lines.append(
            f"| {pairs:,} | {run['seconds']:.1f} | {each:.2f} | {run['megabytes']:,.0f} | {room:,.0f} |"
        )
        print(lines[-1], flush=True)
    return lines


def alone(work: Callable[[int], dict[str, Any]], given: int) -> dict[str, Any]:
    """The answer of a fresh process; LightGBM hangs in forked ones."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, given).result()


def peak() -> float:
    """Most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- a version ----------------------------------------------------------------------------------------------
def a_version(seed: int) -> dict[str, Any]:
    """Train on frozen tables, as a worker's child does."""
    task = task_of(seed)
    began = time.perf_counter()
    result = train(task)
    return {
        "seconds": time.perf_counter() - began,
        "megabytes": peak(),
        "verdict": result.evaluation["verdict"],
    }


def task_of(seed: int) -> TrainingTask:
    """Frozen tables of a project with as many judged lists, a third of whose queries is held out."""
    rng = np.random.default_rng(seed)
    queries, candidates = 100, 400
    n = queries * candidates
    features = pd.DataFrame(rng.normal(size=(n, 20)), columns=[f"x{one}" for one in range(20)])
    need = np.repeat(rng.normal(size=queries), candidates)
    features["x0"] = need
    utility = (features["x1"] - features["x2"].abs() + 0.7 * need * features["x3"]).to_numpy()
    keys = np.repeat([f"need {one}" for one in range(queries)], candidates)
    out = held_out_mask(keys)
    orders, judges = [], []
    for number in range(LISTS):
        at = (number % queries) * candidates + rng.choice(candidates, LIST, replace=False)
        orders.append(at[np.argsort(-(utility[at] + rng.gumbel(0, 0.4, LIST)))].tolist())
        judges.append(f"judge {number % JUDGES}")
    pairs = Preferences.from_orders(orders, judge=judges)
    table = {f"f:{name}": features[name] for name in features}
    rows = pd.DataFrame(
        {
            "row": np.arange(n),
            "query": keys,
            "item": [f"item {one % candidates}" for one in range(n)],
            "label": np.nan,
            "held_out": out,
            "segment:kind": np.where(need > 0, "high", "low"),
            **table,
        }
    )
    frame = pd.DataFrame({name: getattr(pairs, name) for name in Preferences.__dataclass_fields__})
    frame = frame.assign(
        session=(pairs.list_id % 20).astype(str),
        origin="reordered",
        randomised=True,
        held_out=out[pairs.winner],
    )
    rule = Ranker(("x1",), (RuleComponent.fit(features, [("x1", "descending")]),))
    return TrainingTask(
        rows=rows,
        pairs=frame,
        features=tuple(FeatureColumn(name) for name in features),
        mode="preferences",
        component="version 1",
        champion=rule,
        seed=seed,
    )


# --- large fits ---------------------------------------------------------------------------------------------
def large(seed: int, pairs: int, rows: int) -> tuple[pd.DataFrame, Preferences]:
    """Rows of queries of 20, and pairs of rows of a query in the order of a noisy truth."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, COLUMNS)).astype(np.float64)
    truth = x[:, 0] - np.abs(x[:, 1]) + x[:, 2] * x[:, 3] + rng.normal(0, 0.5, rows)
    first = rng.integers(0, rows, pairs)
    other = (first // QUERY) * QUERY + (first % QUERY + rng.integers(1, QUERY, pairs)) % QUERY
    other = np.minimum(other, rows - 1)
    other = np.where(other == first, first - 1, other)
    better = truth[first] >= truth[other]
    table = pd.DataFrame(x, columns=[f"x{one}" for one in range(COLUMNS)], copy=False)
    return table, Preferences.from_pairs(
        winner=np.where(better, first, other), loser=np.where(better, other, first), judge="simulated"
    )


def ours(seed: int) -> dict[str, Any]:
    """LightGBM with our objective."""
    features, pairs = large(seed, PAIRS, ROWS)
    began = time.perf_counter()
    text = boost(features, pairs, params=FIT, seed=seed)
    seconds = time.perf_counter() - began
    import lightgbm

    score = lightgbm.Booster(model_str=text).predict(features.to_numpy())
    return measured(score, pairs, seconds)


def leaf_wise(seed: int) -> dict[str, Any]:
    """CatBoost with leaves as ours."""
    return theirs(seed, {"grow_policy": "Lossguide", "max_leaves": FIT.num_leaves})


def by_levels(seed: int) -> dict[str, Any]:
    """CatBoost with symmetric trees of 16 leaves."""
    return theirs(seed, {"depth": 4})


def theirs(seed: int, how: dict[str, Any]) -> dict[str, Any]:
    """CatBoost's `PairLogit`; its pool is made within the time, as LightGBM's dataset is."""
    import catboost

    features, pairs = large(seed, PAIRS, ROWS)
    settings = {
        "loss_function": "PairLogit",
        "iterations": FIT.rounds,
        "learning_rate": FIT.learning_rate,
        "l2_leaf_reg": FIT.l2,
        "random_seed": seed,
        "thread_count": FIT.num_threads,
        "logging_level": "Silent",
        "allow_writing_files": False,
    }
    began = time.perf_counter()
    pool = catboost.Pool(
        features,
        group_id=np.arange(ROWS) // QUERY,
        pairs=np.column_stack([pairs.winner, pairs.loser]),
        pairs_weight=pairs.weight,
    )
    model = catboost.CatBoost(settings | how).fit(pool)
    seconds = time.perf_counter() - began
    return measured(np.asarray(model.predict(features)), pairs, seconds)


def measured(score: np.ndarray, pairs: Preferences, seconds: float) -> dict[str, Any]:
    """What is told of a fit."""
    right = float((score[pairs.winner] > score[pairs.loser]).mean())
    return {"seconds": seconds, "accuracy": right, "megabytes": peak()}


def growth(pairs: int) -> dict[str, Any]:
    """Our fit with as many pairs, the rows growing alike."""
    boost(*large(0, QUERY, QUERY), params=FEW, seed=0)  # the library is loaded before the clock starts
    features, given = large(0, pairs, int(pairs / PAIRS_A_ROW / QUERY) * QUERY)
    began = time.perf_counter()
    boost(features, given, params=FEW, seed=0)
    return {"seconds": time.perf_counter() - began, "megabytes": peak()}


FITS = {"ours": ours, "CatBoost, leaf-wise": leaf_wise, "CatBoost, by levels": by_levels}
SHOWN = (("seconds", 1), ("accuracy", 4), ("megabytes", 0))

if __name__ == "__main__":
    main()
