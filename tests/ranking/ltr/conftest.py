"""A small made-up world for whatever trains: mandates, advisers, biased labels, experts."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.model import Ranker, RuleComponent
from ranking.ltr.preferences import Preferences
from ranking.ltr.problem import Problem
from ranking.ltr.splits import held_out_mask
from ranking.ltr.tables import FeatureColumn
from ranking.ltr.training import TrainingTask

# before the first test file imports LightGBM itself: see ranking.ltr.library
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

COLUMNS = ("size", "fee", "focus", "distance")
CANDIDATES, SLATE = 30, 6


@dataclass(frozen=True)
class World:
    """One world: a task to train, and the truth that no training sees."""

    task: TrainingTask
    utility: np.ndarray

    def with_(self, **changes: object) -> World:
        """The same world with another task."""
        return replace(self, task=replace(self.task, **changes))

    def accuracy(self, ranker: Ranker) -> float:
        """Share of pairs of held-out rows of a query that a ranker puts in the order of the utility."""
        rows = self.task.rows
        score = ranker.score(rows.filter(regex="^f:").rename(columns=lambda name: name.removeprefix("f:")))
        shares = []
        for members in rows[rows["held_out"]].groupby("query").groups.values():
            wanted, found = self.utility[members], score[members]
            upper = np.triu_indices(len(members), 1)
            agree = np.sign(np.subtract.outer(wanted, wanted)) * np.sign(np.subtract.outer(found, found))
            shares.append((1 + agree[upper].mean()) / 2)
        return float(np.mean(shares))


def make_world(
    seed: int = 0, *, queries: int = 40, lists: int = 60, careless: tuple[str, ...] = (), rounds: int = 40
) -> World:
    """Experts care about focus and fit; the sorting rule and the biased labels know size."""
    rng = np.random.default_rng(seed)
    n = queries * CANDIDATES
    features = pd.DataFrame(rng.normal(size=(n, len(COLUMNS))), columns=list(COLUMNS))
    utility = (1.5 * features["focus"] - features["distance"].abs() + 0.3 * features["size"]).to_numpy()
    keys = np.repeat([f"mandate {number}" for number in range(queries)], CANDIDATES)
    history = features["size"] + features["focus"] - features["distance"].abs() + rng.normal(0, 0.5, n)
    rows = pd.DataFrame(
        {
            "row": np.arange(n),
            "query": keys,
            "item": [f"adviser {number}" for number in range(n)],
            "item_hash": "0",
            "label": np.where(rng.random(n) < 0.5, np.digitize(history, [0.0, 1.0]), np.nan),
            "held_out": held_out_mask(keys, share=0.3),
            "segment:side": np.where(np.arange(n) // CANDIDATES % 2, "odd", "even"),
        }
    )
    pairs = [_list(rng, number, rows, utility, careless) for number in range(lists)]
    rule = RuleComponent.fit(features, [("size", "descending")])
    task = TrainingTask(
        rows=pd.concat([rows, features.add_prefix("f:")], axis=1),
        pairs=pd.concat(pairs, ignore_index=True),
        features=tuple(FeatureColumn(column) for column in COLUMNS),
        mode="preferences",
        component="version 1",
        params=BoostingParams(rounds=rounds, min_data_in_leaf=5),
        seed=seed,
        champion=Ranker(COLUMNS, (rule,)),
    )
    return World(task, utility)


def _list(
    rng: np.random.Generator, number: int, rows: pd.DataFrame, utility: np.ndarray, careless: tuple[str, ...]
) -> pd.DataFrame:
    """One slate in random order, put in order by one of three judges."""
    judge = ("ada", "bob", "eve")[number % 3]
    query = number % (len(rows) // CANDIDATES)
    shown = query * CANDIDATES + rng.permutation(CANDIDATES)[:SLATE]
    seen = utility[shown] + rng.gumbel(0, 0.3, SLATE)
    if judge in careless:
        seen = rng.normal(size=SLATE)
    made = Preferences.from_orders([shown[np.argsort(-seen)].tolist()], judge=judge, shown=[shown.tolist()])
    columns = ("winner", "loser", "weight", "target", "judge", "shown_gap")
    return pd.DataFrame({column: getattr(made, column) for column in columns}).assign(
        list_id=number,
        session="session 1",
        origin=np.where(made.shown_gap < 0, "reordered", "kept"),
        randomised=True,
        held_out=bool(rows["held_out"].iloc[shown[0]]),
    )


@pytest.fixture(scope="session")
def world() -> World:
    """A world to read from; worlds of other kinds come from `make_world`."""
    return make_world()


@pytest.fixture(scope="session", name="make_world")
def make_world_fixture():
    """The maker itself."""
    return make_world


def make_problem(
    seed: int = 0, *, queries: int = 30, size: int = 6, noise: float = 0.3, lists: int = 1, **changes: object
) -> Problem:
    """Experts want focus, and age where the query asks for it; the incumbent knows nothing of that."""
    rng = np.random.default_rng(seed)
    n = queries * size
    features = pd.DataFrame(rng.normal(size=(n, 2)), columns=["focus", "age"])
    features["state"] = rng.integers(0, 4, n).astype(float)
    features["need"] = np.repeat(rng.normal(size=queries), size)
    utility = (1.5 * features["focus"] + features["age"] * features["need"]).to_numpy()
    orders = []
    for _ in range(lists):
        seen = (utility + rng.gumbel(0, noise, n)).reshape(queries, size)
        orders += (np.argsort(-seen, axis=1) + np.arange(queries)[:, None] * size).tolist()
    problem = Problem(
        features=features,
        queries=np.repeat([f"q{number}" for number in range(queries)], size).astype(object),
        base=rng.normal(size=n),
        expert=Preferences.from_orders(orders, judge="ada"),
        params=BoostingParams(rounds=12, min_data_in_leaf=5, num_threads=1),
        seed=seed,
        categorical=("state",),
    )
    return replace(problem, **changes)


@pytest.fixture(scope="session", name="make_problem")
def make_problem_fixture():
    """The maker of what the learners work on."""
    return make_problem
