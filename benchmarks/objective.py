"""Claim: our pair objective on LightGBM learns as well as CatBoost's `PairLogit`.

`python -m benchmarks.objective` gives both the same pairs (simulated experts put lists of eight in order),
the same rounds, leaves, ridge and learning rate, and compares the loss and the accuracy on queries that
neither saw. Each twice: bare, which compares the objectives; and with noise of its own, which compares the
libraries as they are used: CatBoost's is a Bayesian bootstrap and random split scores, ours random
thresholds. Ours once more with the kind of trees that training queries choose, as in `refine`. Real features
from `../shared/data` where it is present, and one made-up world everywhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
        "interval over the seeds; below 1 is better. *Bare* trees have no noise of their own; CatBoost's "
        "*default* adds a Bayesian bootstrap and random split scores, our *extra trees* random thresholds; "
        "*chosen* is the kind of less loss on a quarter of the training queries.",
        "",
        f"| data | pairs | {' | '.join(f'{name}: loss, accuracy, s' for name in LEARNERS)} "
        f"| {' | '.join(f'{one} / {other}' for one, other in RATIOS)} |",
        f"|---|---|{'---|' * (len(LEARNERS) + len(RATIOS))}",
    ]
    lines += [row_of(data) for data in every_data()]
    write("objective", lines)


def row_of(data: Data) -> str:
    """One line of the table."""
    figures = np.array([one_seed(data, seed) for seed in SEEDS])  # (seeds, learners, 3)
    pairs = int(np.mean([len(lists_of(data, seed)) for seed in SEEDS]))
    cells = [f"{loss:.4f}, {accuracy:.3f}, {seconds:.1f}" for loss, accuracy, seconds in figures.mean(axis=0)]
    loss = dict(zip(LEARNERS, figures[:, :, 0].T, strict=True))
    ratios = [interval(loss[one] / loss[other]) for one, other in RATIOS]
    return f"| {data.name} | {pairs:,} | {' | '.join([*cells, *ratios])} |"


def one_seed(data: Data, seed: int) -> list[tuple[float, float, float]]:
    """(loss, accuracy, seconds) of each learner on the queries that were left out."""
    pairs = lists_of(data, seed)
    left_out = query_folds(data.queries, 4, seed=seed)[pairs.winner] == 0
    shown, asked = pairs.take(~left_out), pairs.take(left_out)
    figures = []
    for learn, how in LEARNERS.values():
        began = time.perf_counter()
        score = learn(data, shown, seed, how)
        seconds = time.perf_counter() - began
        figures.append((loss_of(score, asked), pair_accuracy(score, asked).mean(), seconds))
    return figures


def ours(data: Data, pairs: Preferences, seed: int, how: dict[str, Any]) -> np.ndarray:
    """Scores of all rows by our objective on LightGBM."""
    text = boost(data.features, pairs, params=replace(PARAMS, **how), seed=seed)
    return TreeComponent("ours", 1.0, tuple(data.features.columns), text).score(data.features)


def chosen(data: Data, pairs: Preferences, seed: int, how: dict[str, Any]) -> np.ndarray:
    """The kind of trees of less loss on a quarter of the training queries, on all of them."""
    aside = query_folds(data.queries, 4, seed=seed + 1)[pairs.winner] == 0
    kinds: list[dict[str, Any]] = [{}, {"extra_trees": True}]
    losses = [loss_of(ours(data, pairs.take(~aside), seed, kind), pairs.take(aside)) for kind in kinds]
    return ours(data, pairs, seed, kinds[int(np.argmin(losses))])


def loss_of(score: np.ndarray, pairs: Preferences) -> float:
    """Mean loss of pairs."""
    losses = pair_loss(score[pairs.winner] - score[pairs.loser], pairs.target, pairs.weight)
    return float(losses.sum() / pairs.weight.sum())


def theirs(data: Data, pairs: Preferences, seed: int, how: dict[str, Any]) -> np.ndarray:
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


LEARNERS: dict[str, tuple[Callable[..., np.ndarray], dict[str, Any]]] = {
    "ours, bare": (ours, {}),
    "ours, extra trees": (ours, {"extra_trees": True}),
    "ours, chosen": (chosen, {}),
    "CatBoost, bare": (theirs, {"bootstrap_type": "No", "random_strength": 0}),
    "CatBoost, default": (theirs, {}),
}
RATIOS = (
    ("ours, bare", "CatBoost, bare"),
    ("ours, bare", "CatBoost, default"),
    ("ours, extra trees", "CatBoost, default"),
    ("ours, chosen", "CatBoost, default"),
)

if __name__ == "__main__":
    main()
