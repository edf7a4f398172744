"""Where refining is measured: real candidates and orders, made-up worlds, an incumbent for each, and
experts.

Not a benchmark: it measures nothing. Queries are split into training and test by the seed of a run;
nothing is chosen on test queries, and an incumbent is fitted on a sixth of the training queries, from
half of the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from benchmarks.letor import DATA, by_group_sizes, by_qid
from ranking.ltr import Preferences, Refined, ndcg, refine
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.components import TreeComponent
from ranking.ltr.model import Ranker, Scorer
from ranking.ltr.pairing import pairs_from_labels

TEST_SHARE = 0.35
NOISE = 0.5  # of a careful expert, in standard deviations of what they look at
FIRST = BoostingParams(rounds=40, num_leaves=7, num_threads=1)  # the incumbent of the LETOR sets


@dataclass(frozen=True)
class Formula:
    """An incumbent that is a formula over columns."""

    of: Callable[[pd.DataFrame], pd.Series | np.ndarray]

    def score(self, features: pd.DataFrame, queries: object = None) -> np.ndarray:
        """(n,) the formula's values."""
        return np.asarray(self.of(features), dtype=float)


@dataclass(frozen=True, eq=False)
class World:
    """Candidates of many queries, what experts want, and the model in service.

    Attributes
    ----------
    utility : (n,) what experts see through noise
    test : (n,) rows of test queries
    orders : real orders by query, best first, where there are any; they stand for simulated experts
    learned : queries that the incumbent was fitted on
    """

    name: str
    features: pd.DataFrame
    utility: np.ndarray
    queries: np.ndarray
    incumbent: Scorer
    test: np.ndarray
    orders: dict[object, list[int]] = field(default_factory=dict)
    learned: tuple[object, ...] = ()

    def accuracy(self, score: np.ndarray) -> float:
        """Share of pairs of test queries in the experts' order, each query counting once."""
        shares = []
        for rows in self._test_rows():
            wanted = np.sign(np.subtract.outer(self.utility[rows], self.utility[rows]))
            found = np.sign(np.subtract.outer(score[rows], score[rows]))
            if (wanted > 0).any():
                shares.append(((1 + found[wanted > 0]) / 2).mean())
        return float(np.mean(shares))

    def grades(self) -> np.ndarray:
        """(n,) 0 to 4 by quantiles of the utility within each query, for NDCG."""
        place = pd.Series(self.utility).groupby(self.queries).rank(pct=True).to_numpy()
        return np.digitize(place, [0.5, 0.75, 0.9, 0.96]).astype(float)

    def training_queries(self, n: int, rng: np.random.Generator) -> list[object]:
        """`n` training queries in random order, none again before all had their turn."""
        keys = np.unique(self.queries[~self.test])
        if self.orders:
            return list(rng.permutation(keys)[:n])
        turns = [rng.permutation(keys) for _ in range(-(-n // len(keys)))]
        return list(np.concatenate(turns)[:n])

    def _test_rows(self) -> list[np.ndarray]:
        places = pd.Series(np.flatnonzero(self.test))
        return [rows.to_numpy() for _, rows in places.groupby(self.queries[self.test])]


@dataclass(frozen=True)
class Panel:
    """Who judges, in turn: "careful", "careless", "random", "inverted" or "anchored".

    `randomised` is the share of lists in random order; the others are shown in the incumbent's.
    """

    kinds: Sequence[str] = ("careful",)
    size: int = 8
    randomised: float = 1.0
    pull: float = 3.0  # of an anchored expert, from the last place to the first

    def lists(self, world: World, n: int, seed: int) -> Preferences:
        """`n` judged lists."""
        rng = np.random.default_rng([seed, 7])
        queries = world.training_queries(n, rng)
        if world.orders:
            return Preferences.from_orders([world.orders[query] for query in queries], judge="farmers")
        incumbent = world.incumbent.score(world.features)
        orders, shown, judges = [], [], []
        for place, query in enumerate(queries):
            rows = np.flatnonzero(world.queries == query)
            drawn = rng.choice(rows, min(self.size, len(rows)), replace=False)
            if rng.random() >= self.randomised:
                drawn = drawn[np.argsort(-incumbent[drawn])]
            number = place % len(self.kinds)
            seen = self._seen(self.kinds[number], world.utility[drawn], rng)
            orders.append(drawn[np.argsort(-seen)].tolist())
            shown.append(drawn.tolist())
            judges.append(f"{self.kinds[number]} {number}")
        return Preferences.from_orders(orders, judge=judges, shown=shown)

    def _seen(self, kind: str, utility: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        seen = utility + rng.gumbel(0, NOISE, len(utility))
        if kind == "random":
            return rng.random(len(utility))
        if kind == "inverted":
            return -seen
        if kind == "careless":
            return np.where(rng.random(len(utility)) < 0.5, rng.normal(size=len(utility)), seen)
        if kind == "anchored":
            return seen - self.pull * np.arange(len(utility)) / max(len(utility) - 1, 1)
        return seen


def refined(world: World, pairs: Preferences, seed: int) -> Refined:
    """The incumbent refined by these pairs; nothing of a test query is given to it, not even as a "
    "candidate."""
    rows = np.flatnonzero(~world.test)
    place = np.full(len(world.queries), -1)
    place[rows] = np.arange(len(rows))
    pairs = replace(pairs, winner=place[pairs.winner], loser=place[pairs.loser])
    table, queries = world.features.iloc[rows], world.queries[rows]
    return refine(
        table,
        pairs,
        queries=queries,
        incumbent=world.incumbent,
        incumbent_queries=world.learned,
        seed=seed,
    )


def quality(world: World, score: np.ndarray, where: np.ndarray | None = None) -> float:
    """NDCG@10 on test queries, or on those of them that lie in `where`; NaN if there is none."""
    chosen = world.test if where is None else world.test & where
    return ndcg(world.grades()[chosen], score[chosen], world.queries[chosen], k=10).mean()


def split(queries: np.ndarray, seed: int, share: float = TEST_SHARE) -> np.ndarray:
    """(n,) whether a row belongs to a test query of this seed."""
    keys = np.unique(queries)
    drawn = np.random.default_rng([seed, 1]).permutation(len(keys))[: int(share * len(keys))]
    return np.isin(queries, keys[drawn])


def letor(name: str, seed: int) -> World:
    """A LETOR set; the incumbent was trained on labels of a few queries and knows half of the columns."""
    readers = {
        "LightGBM example": lambda: by_group_sizes(DATA / "lightgbm_lambdarank"),
        "MQ2008": lambda: by_qid(DATA / "mq2008_fold1_test"),
        "MSLR": lambda: by_qid(DATA / "mslr_msn1_5k"),
    }
    features, labels, queries = readers[name]()
    test, rng = split(queries, seed), np.random.default_rng([seed, 2])
    training = np.unique(queries[~test])
    few = rng.permutation(training)[: max(8, len(training) // 6)]
    columns = list(rng.permutation(features.columns)[: features.shape[1] // 2])
    graded = np.where(np.isin(queries, few), labels, np.nan)
    pairs = pairs_from_labels(graded, queries.astype(str), seed=seed, most=500)
    text = boost(features[columns], pairs, params=FIRST, seed=seed)
    incumbent = Ranker(tuple(columns), (TreeComponent("version 1", 1.0, tuple(columns), text),))
    utility = (labels - labels.mean()) / labels.std()
    return World(name, features, utility, queries, incumbent, test, learned=tuple(few))


def made_up(name: str, seed: int) -> World:
    """260 queries of 20 candidates; 6 columns of the item, 3 of the query."""
    rng = np.random.default_rng([seed, 3])
    item, query = rng.normal(size=(260 * 20, 6)), np.repeat(rng.normal(size=(260, 3)), 20, axis=0)
    x = pd.DataFrame(np.c_[item, query], columns=list("abcdefpqr"))
    known = Formula(lambda t: 0.6 * t["a"] + 0.3 * t["b"] + 0.5 * t["c"])
    nearly = Formula(lambda t: 3 * t["a"] - 2 * t["b"].abs() + 1.8 * t["c"] * (t["d"] > 0))
    bend = 1.5 * x["a"] - x["b"].abs() + x["c"] * (x["d"] > 0)
    worlds = {
        "bends": (bend, known),
        "products": (x["a"] + x["b"] * x["p"] + x["c"] * x["q"] + 0.3 * x["d"], known),
        "slopes": (x["a"] + 0.5 * x["b"] - 0.5 * x["c"] + 0.2 * x["d"], known),
        "nearly right": (bend, nearly),
    }
    wanted, incumbent = worlds[name]
    queries = np.repeat(np.arange(260), 20)
    utility = (wanted / wanted.std()).to_numpy()
    return World(name, x, utility, queries, incumbent, split(queries, seed))


def farmers(seed: int) -> World:
    """Bean varieties ranked by Nicaraguan farmers, three of ten each; the incumbent is the taste of forty."""
    folder = DATA / "tricot_nicabean"
    trial = pd.read_csv(folder / "trial.csv", keep_default_na=False)
    people = pd.read_csv(folder / "covar.csv").set_index("id")
    trial = trial[(trial["trait"] == "OverallAppreciation") & trial["id"].isin(people.index)]
    rank, queries = trial["rank"].astype(float).to_numpy(), trial["id"].to_numpy()
    varieties = pd.get_dummies(trial["item"], dtype=float).reset_index(drop=True)
    asked = people.loc[queries].reset_index(drop=True)
    numeric = asked[["longitude", "latitude", "planting_date", "age"]].apply(pd.to_numeric, errors="coerce")
    who = pd.get_dummies(asked[["gender", "trial"]], dtype=float)
    test = split(queries, seed)
    few = np.random.default_rng([seed, 5]).permutation(np.unique(queries[~test]))[:40]
    judged = np.isin(queries, few)
    taste = {name: -rank[judged & (varieties[name] == 1)].mean() for name in varieties}
    worth = pd.Series(taste).fillna(-2.0)
    orders = {
        key: rows.to_numpy()[np.argsort(rank[rows])].tolist()
        for key, rows in pd.Series(np.arange(len(queries))).groupby(queries)
    }
    features = pd.concat([varieties, numeric, who], axis=1)
    incumbent = Formula(lambda t: t[list(worth.index)].to_numpy() @ worth.to_numpy())
    return World("farmers", features, -rank, queries, incumbent, test, orders, tuple(few))


MADE_UP = ("bends", "products", "slopes", "nearly right")
LETOR = ("LightGBM example", "MQ2008", "MSLR")


def world(name: str, seed: int) -> World:
    """The world of that name."""
    if name in LETOR:
        return letor(name, seed)
    return farmers(seed) if name == "farmers" else made_up(name, seed)


def every_name() -> tuple[str, ...]:
    """Names of the worlds that are there: the real ones need `../shared/data`."""
    return (*MADE_UP, *LETOR, "farmers") if DATA.exists() else MADE_UP
