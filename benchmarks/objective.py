"""Claim: our pair objective on LightGBM learns as well as CatBoost's `PairLogit`.

`python -m benchmarks.objective` gives both the same pairs (simulated experts put lists of eight in order),
the same rounds, leaves, ridge and learning rate, and compares the loss and the accuracy on queries that
neither saw. CatBoost twice: bare, with trees of our shape, which compares the objectives; and with its own
noise (Bayesian bootstrap, random splits), which compares the libraries. Real features from `../shared/data`
where it is present, and one made-up world everywhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.letor import Data, every_data
from benchmarks.reporting import interval, write
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.components import TreeComponent
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.objective import pair_loss
from ranking.ltr.preferences import Preferences
from ranking.ltr.splits import query_folds

SEEDS = range(10)
PARAMS = BoostingParams(rounds=100, learning_rate=0.1, num_leaves=8, min_data_in_leaf=1, l2=3.0)
LIST, LISTS_PER_QUERY = 8, 3
NOISE = 0.5  # of the experts, in standard deviations of what they look at


def main() -> None:
    """Measure, print the table and write it."""
    try:
        import catboost  # noqa: F401
    except ImportError:
        sys.exit("CatBoost is not installed: it is in the extra `bench`")
    lines = [
        "# The pair objective against CatBoost `PairLogit`",
        "",
        f"Held-out queries, mean of {len(SEEDS)} seeds; {PARAMS.rounds} rounds, {PARAMS.num_leaves} leaves, "
        f"learning rate {PARAMS.learning_rate}, ridge {PARAMS.l2:g}, the same pairs: {LISTS_PER_QUERY} lists "
        f"of {LIST} a query, ordered by a simulated expert. *Ratio*: our loss over theirs, with its 95 % "
        "interval over the seeds; below 1 is better. CatBoost *bare* grows trees of our shape without noise "
        "of its own; *default* adds its Bayesian bootstrap and random split scores.",
        "",
        "| data | pairs | ours: loss, accuracy, s | bare: loss, accuracy, s | ratio "
        "| default: loss, accuracy, s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [row_of(data) for data in every_data()]
    write("objective", lines)


def row_of(data: Data) -> str:
    """One line of the table."""
    figures = np.array([one_seed(data, seed) for seed in SEEDS])  # (seeds, learners, 3)
    pairs = int(np.mean([len(lists_of(data, seed)) for seed in SEEDS]))
    cells = [f"{loss:.4f}, {accuracy:.3f}, {seconds:.1f}" for loss, accuracy, seconds in figures.mean(axis=0)]
    bare, default = (interval(figures[:, 0, 0] / figures[:, learner, 0]) for learner in (1, 2))
    return f"| {data.name} | {pairs:,} | {cells[0]} | {cells[1]} | {bare} | {cells[2]} | {default} |"


def one_seed(data: Data, seed: int) -> list[tuple[float, float, float]]:
    """(loss, accuracy, seconds) of each learner on the queries that were left out."""
    pairs = lists_of(data, seed)
    left_out = query_folds(data.queries, 4, seed=seed)[pairs.winner] == 0
    shown, asked = pairs.take(~left_out), pairs.take(left_out)
    learners: list[Callable[[], np.ndarray]] = [
        lambda: ours(data, shown, seed),
        lambda: theirs(data, shown, seed, {"bootstrap_type": "No", "random_strength": 0}),
        lambda: theirs(data, shown, seed, {}),
    ]
    figures = []
    for learner in learners:
        began = time.perf_counter()
        score = learner()
        seconds = time.perf_counter() - began
        losses = pair_loss(score[asked.winner] - score[asked.loser], asked.target, asked.weight)
        figures.append((losses.sum() / asked.weight.sum(), pair_accuracy(score, asked).mean(), seconds))
    return figures


def ours(data: Data, pairs: Preferences, seed: int) -> np.ndarray:
    """Scores of all rows by our objective on LightGBM."""
    text = boost(data.features, pairs, params=PARAMS, seed=seed)
    return TreeComponent("ours", 1.0, tuple(data.features.columns), text).score(data.features)


def theirs(data: Data, pairs: Preferences, seed: int, how: dict[str, object]) -> np.ndarray:
    """Scores of all rows by CatBoost; rows must come query by query."""
    import catboost

    rows = np.unique(np.r_[pairs.winner, pairs.loser])
    place = np.full(len(data.features), -1)
    place[rows] = np.arange(len(rows))
    pool = catboost.Pool(
        data.features.iloc[rows],
        group_id=data.queries[rows],
        pairs=np.column_stack([place[pairs.winner], place[pairs.loser]]),
        pairs_weight=pairs.weight,
    )
    settings = {
        "loss_function": "PairLogit",
        "grow_policy": "Lossguide",
        "iterations": PARAMS.rounds,
        "learning_rate": PARAMS.learning_rate,
        "max_leaves": PARAMS.num_leaves,
        "l2_leaf_reg": PARAMS.l2,
        "random_seed": seed,
        "thread_count": PARAMS.num_threads,
        "logging_level": "Silent",
        "allow_writing_files": False,
    }
    return np.asarray(catboost.CatBoost(settings | how).fit(pool).predict(data.features))


def lists_of(data: Data, seed: int) -> Preferences:
    """Lists of rows of one query, in the order in which a noisy expert sees them."""
    rng = np.random.default_rng(seed)
    orders = []
    for query in np.unique(data.queries):
        rows = np.flatnonzero(data.queries == query)
        for _ in range(LISTS_PER_QUERY if len(rows) >= 2 else 0):
            drawn = rng.choice(rows, min(LIST, len(rows)), replace=False)
            seen = data.utility[drawn] + rng.gumbel(0, NOISE, len(drawn))
            orders.append(drawn[np.argsort(-seen)].tolist())
    return Preferences.from_orders(orders, judge="simulated")


if __name__ == "__main__":
    main()
