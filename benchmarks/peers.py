"""What else could learn from the same lists: ranking libraries used as they are meant to be.

Not a benchmark. Every learner gets the same rows and the same budget of rounds, and chooses its number of
rounds on a fifth of the training lists that is put aside for that; then it learns from all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.worlds import World
from ranking.ltr import Preferences
from ranking.ltr.linear import fit_linear, linear_design
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.splits import query_folds

ROUNDS = (10, 30, 100)
RIDGES = (3.0, 16.0, 80.0)
LEAVES, RATE = 8, 0.1


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists as groups, which is how libraries see them: a row for each place of a list, group by group."""

    rows: np.ndarray
    grades: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, pairs: Preferences) -> Lists:
        """Grade of a row: how many others of its list stand below it."""
        table = pd.DataFrame({"list": pairs.list_id, "winner": pairs.winner, "loser": pairs.loser})
        won = table.groupby(["list", "winner"]).size()
        both = pd.concat(
            [
                table[["list", "winner"]].set_axis(["list", "row"], axis=1),
                table[["list", "loser"]].set_axis(["list", "row"], axis=1),
            ]
        ).drop_duplicates()
        both = both.sort_values(["list", "row"])
        index = pd.MultiIndex.from_frame(both)
        grades = won.reindex(index.set_names(["list", "winner"])).fillna(0).to_numpy()
        return cls(both["row"].to_numpy(), grades, both["list"].to_numpy())

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each group."""
        return pd.Series(self.groups).groupby(self.groups, sort=True).size().to_numpy()


def lightgbm(objective: str) -> Callable[[World, Preferences, int, int], np.ndarray]:
    """LightGBM's own ranking objectives, gain linear in the grade."""

    def learn(world: World, pairs: Preferences, rounds: int, seed: int) -> np.ndarray:
        import lightgbm as lgb

        lists, x = Lists.of(pairs), world.features.to_numpy(dtype=float)
        settings = {
            "objective": objective,
            "num_leaves": LEAVES,
            "learning_rate": RATE,
            "min_data_in_leaf": 5,
            "label_gain": list(range(64)),
            "seed": seed,
            "num_threads": 2,
            "verbosity": -1,
        }
        data = lgb.Dataset(x[lists.rows], lists.grades, group=lists.sizes, params={"verbosity": -1})
        return np.asarray(lgb.train(settings, data, rounds).predict(x))

    return learn


def xgboost(objective: str) -> Callable[[World, Preferences, int, int], np.ndarray]:
    """XGBoost's."""

    def learn(world: World, pairs: Preferences, rounds: int, seed: int) -> np.ndarray:
        import xgboost as xgb

        lists, x = Lists.of(pairs), world.features.to_numpy(dtype=float)
        data = xgb.DMatrix(x[lists.rows], lists.grades)
        data.set_group(lists.sizes)
        settings = {
            "objective": objective,
            "eta": RATE,
            "max_leaves": LEAVES,
            "grow_policy": "lossguide",
            "tree_method": "hist",
            "seed": seed,
            "nthread": 2,
            "verbosity": 0,
        }
        return np.asarray(xgb.train(settings, data, rounds).predict(xgb.DMatrix(x)), dtype=float)

    return learn


def catboost(loss: str) -> Callable[[World, Preferences, int, int], np.ndarray]:
    """CatBoost's: `PairLogit` on the pairs themselves, `YetiRank` on the grades."""

    def learn(world: World, pairs: Preferences, rounds: int, seed: int) -> np.ndarray:
        import catboost as cat

        lists, x = Lists.of(pairs), world.features.to_numpy(dtype=float)
        pool = cat.Pool(x[lists.rows], label=lists.grades, group_id=lists.groups)
        if loss == "PairLogit":
            place = {key: at for at, key in enumerate(zip(lists.groups, lists.rows, strict=True))}
            ends = [
                [place[group, row] for group, row in zip(pairs.list_id, rows, strict=True)]
                for rows in (pairs.winner, pairs.loser)
            ]
            pool = cat.Pool(
                x[lists.rows], group_id=lists.groups, pairs=np.column_stack(ends), pairs_weight=pairs.weight
            )
        model = cat.CatBoost(
            {
                "loss_function": loss,
                "iterations": rounds,
                "learning_rate": RATE,
                "depth": 3,
                "random_seed": seed,
                "thread_count": 2,
                "logging_level": "Silent",
                "allow_writing_files": False,
            }
        )
        return np.asarray(model.fit(pool).predict(x))

    return learn


def bradley_terry(world: World, pairs: Preferences, ridge: float, seed: int) -> np.ndarray:
    """A ridge Bradley-Terry of our own, which knows nothing of the incumbent."""
    design = linear_design(world.features, world.queries)
    matrix = design.matrix(world.features)
    nothing = np.zeros(len(matrix))
    found = fit_linear(matrix, nothing, pairs, ridge=np.full(matrix.shape[1], ridge), signs=design.signs)
    return np.asarray(matrix @ found[:-1])


def appended(world: World, pairs: Preferences, rounds: int, seed: int) -> np.ndarray:
    """Append and retrain: the incumbent's own order of 200 lists, and the experts' lists behind them."""
    rng = np.random.default_rng([seed, 9])
    incumbent, orders = world.incumbent.score(world.features), []
    for query in world.training_queries(200, rng):
        rows = np.flatnonzero(world.queries == query)
        drawn = rng.choice(rows, min(8, len(rows)), replace=False)
        orders.append(drawn[np.argsort(-incumbent[drawn])].tolist())
    old = Preferences.from_orders(orders, judge="incumbent")
    last = int(pairs.list_id.max()) + 1
    both = Preferences.from_pairs(
        winner=np.r_[pairs.winner, old.winner],
        loser=np.r_[pairs.loser, old.loser],
        judge="all",
        weight=np.r_[pairs.weight, old.weight],
        list_id=np.r_[pairs.list_id, old.list_id + last],
    )
    return lightgbm("lambdarank")(world, both, rounds, seed)


Learner = Callable[[World, Preferences, int, int], np.ndarray]

PEERS: dict[str, tuple[Callable[..., np.ndarray], tuple[float, ...]]] = {
    "LightGBM lambdarank": (lightgbm("lambdarank"), ROUNDS),
    "LightGBM rank_xendcg": (lightgbm("rank_xendcg"), ROUNDS),
    "XGBoost rank:pairwise": (xgboost("rank:pairwise"), ROUNDS),
    "XGBoost rank:ndcg": (xgboost("rank:ndcg"), ROUNDS),
    "CatBoost PairLogit": (catboost("PairLogit"), ROUNDS),
    "CatBoost YetiRank": (catboost("YetiRank"), ROUNDS),
    "linear Bradley-Terry": (bradley_terry, RIDGES),
    "append and retrain": (appended, ROUNDS),
}


def tuned(name: str, world: World, pairs: Preferences, seed: int) -> np.ndarray:
    """Scores of all rows by a peer whose size was chosen on a fifth of the lists."""
    learn, sizes = PEERS[name]
    aside = query_folds(pairs.list_id, 5, seed=seed) == 0
    shown, asked = pairs.take(~aside), pairs.take(aside)
    found = [pair_accuracy(learn(world, shown, size, seed), asked).mean() for size in sizes]
    return learn(world, pairs, sizes[int(np.argmax(found))], seed)
