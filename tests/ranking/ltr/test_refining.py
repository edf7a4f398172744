"""`refine`: bad input is named, odd input has a stated result, and what comes out explains itself."""

import json

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.model import Ranker, checksum, load_ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.refining import refine

SIZE = 5
SMALL = BoostingParams(rounds=4, min_data_in_leaf=5, num_threads=1)


def case(queries=12, seed=0, judged=None, truth=lambda t: 3 * t["focus"]):
    """(features, queries, pairs of the judged ones); experts want the truth."""
    rng = np.random.default_rng(seed)
    n = queries * SIZE
    features = pd.DataFrame(rng.normal(size=(n, 2)), columns=["focus", "size"])
    features["need"] = np.repeat(rng.normal(size=queries), SIZE)
    seen = truth(features).to_numpy() + rng.gumbel(size=n)
    orders = np.argsort(-seen.reshape(queries, SIZE), axis=1) + SIZE * np.arange(queries)[:, None]
    chosen = orders if judged is None else orders[judged(features["need"].to_numpy()[::SIZE])]
    return (
        features,
        np.repeat(np.arange(queries), SIZE),
        Preferences.from_orders(chosen.tolist(), judge="ada"),
    )


def rule(features, column="size"):
    return Ranker((column,), (RuleComponent.fit(features, [(column, "descending")]),))


class Foreign:
    """An incumbent that is no Ranker, with scores of any kind."""

    def __init__(self, scores=lambda features: features["size"].to_numpy()):
        self.scores = scores

    def score(self, features, queries=None):
        return self.scores(features)


FEATURES, QUERIES, PAIRS = case()
GOOD = {"features": FEATURES, "preferences": PAIRS, "queries": QUERIES, "params": SMALL}


@pytest.fixture(scope="module")
def gated():
    """A refinement where only needs above 0 were judged."""
    features, queries, pairs = case(queries=80, judged=lambda need: need > 0)
    incumbent = rule(features)
    return features, incumbent, refine(features, pairs, queries=queries, incumbent=incumbent, params=SMALL)


def pair(winner, loser, **columns):
    return Preferences.from_pairs(winner=[winner], loser=[loser], judge="ada", **columns)


REFUSED = {
    "a row out of range": (
        {"preferences": pair(0, 999)},
        "pair 0: loser is 999; expected a row from 0 to 59",
    ),
    "a pair across queries": ({"preferences": pair(0, 5)}, "pair 0 joins queries '0' and '1'"),
    "no pairs": ({"preferences": Preferences.concat([])}, "no pairs with a weight above 0"),
    "weights of nothing": ({"preferences": pair(0, 1, weight=0.0)}, "no pairs with a weight above 0"),
    "a table of pairs": ({"preferences": FEATURES}, "preferences are a DataFrame; expected Preferences"),
    "too few queries": ({"queries": QUERIES[1:]}, r"queries has shape \(59,\); expected one entry"),
    "a missing query": ({"queries": [None, *QUERIES[1:]]}, "queries, row 0 is missing"),
    "an infinite value": ({"features": FEATURES.assign(size=np.inf)}, "column 'size', row 0 is infinite"),
    "words": ({"features": FEATURES.assign(size="large")}, "column 'size' has type"),
    "a pandas category": ({"features": FEATURES.astype({"need": "category"})}, "'need' has type category"),
    "the same column twice": (
        {"features": FEATURES[["size", "size"]]},
        "column 'size' occurs more than once",
    ),
    "no columns": ({"features": FEATURES[[]]}, "expected rows and columns"),
    "a list of numbers": ({"features": np.zeros(60)}, "features have 1 dimensions"),
    "the name of the base": (
        {"features": FEATURES.rename(columns={"size": "base"})},
        "column 'base' has the name",
    ),
    "a pool without queries": ({"pool": FEATURES}, "pool without pool_queries"),
    "queries without a pool": ({"pool_queries": QUERIES}, "pool without pool_queries"),
    "a pool of other columns": (
        {"pool": FEATURES.rename(columns={"need": "fee"}), "pool_queries": QUERIES},
        r"pool has columns \['focus', 'size', 'fee'\]",
    ),
    "an infinite pool": ({"pool": FEATURES / 0, "pool_queries": QUERIES}, "row 0 is infinite"),
    "a pool of too few queries": ({"pool": FEATURES, "pool_queries": [1]}, "pool_queries has shape"),
    "a missing query of the pool": (
        {"pool": FEATURES, "pool_queries": np.where(QUERIES == 0, np.nan, QUERIES)},
        "pool_queries, row 0 is missing",
    ),
    "an incumbent with one score": ({"incumbent": Foreign(lambda t: [1.0])}, r"scores have shape \(1,\)"),
    "an incumbent without scores for some": (
        {"incumbent": Foreign(lambda t: np.full(60, np.nan))},
        "incumbent's score of row 0 is nan",
    ),
    "an incumbent of words": ({"incumbent": Foreign(lambda t: ["best"] * 60)}, "scores are no numbers"),
    "an incumbent that cannot score": (
        {"incumbent": object()},
        "the incumbent is a object; expected an object with score",
    ),
    "an incumbent of other columns": (
        {"incumbent": rule(FEATURES.assign(fee=1.0), "fee")},
        "'fee' is missing",
    ),
    "a direction of no column": ({"monotone": {"fee": 1}}, "monotone names 'fee'"),
    "directions of some columns": ({"monotone": [1]}, "monotone has 1 entries; expected one for each of 3"),
    "a direction of two": ({"monotone": {"size": 2}}, r"monotone\['size'\] is 2"),
    "a category of no column": ({"categorical": ["fee"]}, "categorical names 'fee'"),
    "a category of no place": ({"categorical": [3]}, "categorical names '3'"),
    "categories that are no codes": (
        {"categorical": ["size"]},
        "column 'size' is categorical; expected codes",
    ),
    "a category with a direction": (
        {
            "features": FEATURES.assign(size=1.0),
            "categorical": ["size"],
            "monotone": {"size": 1},
        },
        "'size' is categorical and monotone",
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_by_name_before_anything_is_learned(change, words):
    def never(stage, fraction, message):
        raise AssertionError(f"{stage} began")

    with pytest.raises((InvalidFeatures, InvalidPreferences), match=words):
        refine(**(GOOD | change), on_progress=never)


def only(lists):
    return {"preferences": PAIRS.take(PAIRS.list_id < lists)}


def ties():
    orders = [[list(range(start, start + SIZE))] for start in range(0, 60, SIZE)]
    return {"preferences": Preferences.from_orders(orders, judge="ada")}


def many_judges():
    return {
        "preferences": Preferences.from_pairs(
            winner=PAIRS.winner, loser=PAIRS.loser, judge=[f"judge {k}" for k in range(len(PAIRS))]
        )
    }


NULLABLE = FEATURES.astype("Float64").mask(np.random.default_rng(0).random(FEATURES.shape) < 0.1)
ODD = {
    "constant features": {"features": FEATURES * 0 + 0.1},
    "constant features and one list": {"features": FEATURES * 0 + 0.1, **only(1)},
    "a column without values": {"features": FEATURES.assign(size=np.nan)},
    "a column without values in the pool": {
        "pool": FEATURES.assign(need=np.nan),
        "pool_queries": QUERIES + 99,
    },
    "columns of equal values": {"features": FEATURES.assign(again=FEATURES["focus"])},
    "values near the end of floats": {"features": FEATURES.assign(size=FEATURES["size"] * 1e300)},
    "values next to nothing": {"features": FEATURES.assign(size=FEATURES["size"] * 1e-300)},
    "one judge and one query": {"preferences": PAIRS.take(PAIRS.winner < SIZE)},
    "one pair": {"preferences": pair(0, 1)},
    "two lists": only(2),
    "ties only": ties(),
    "a judge for each pair": many_judges(),
    "arrays": {"features": FEATURES.to_numpy(), "pool": FEATURES.to_numpy(), "pool_queries": QUERIES + 99},
    "numbered columns": {
        "features": FEATURES.set_axis([3, 1, 2], axis=1),
        "monotone": {3: 1},
        "categorical": [],
    },
    "nullable numbers": {"features": NULLABLE, "incumbent": None},
    "true and false": {"features": FEATURES.assign(size=FEATURES["size"] > 0).astype({"size": "boolean"})},
    "queries of many kinds": {"queries": [q if q % 2 else f"q{q}" for q in QUERIES.tolist()]},
    "an empty pool": {"pool": FEATURES.iloc[:0], "pool_queries": []},
    "places of categories": {"features": FEATURES.assign(size=QUERIES % 3), "categorical": np.array([1])},
    "an incumbent that says the same of all": {"incumbent": Foreign(lambda t: np.full(len(t), 0.1))},
    "another index": {"features": FEATURES.set_axis(range(100, 160))},
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_odd_input_is_learned_from_without_a_warning(change):
    arguments = GOOD | change
    model = refine(**arguments)
    scores = model.score(arguments["features"], arguments["queries"])
    assert scores.shape == (60,)
    assert np.isfinite(scores).all()
    assert json.loads(json.dumps(model.report, allow_nan=False)) == model.report
    assert set(model.report) >= {"kept_incumbent", "choice", "judges", "coverage", "slope", "seconds"}


@pytest.mark.parametrize("lists", [1, 12], ids=["one list", "twelve lists"])
def test_a_level_incumbent_is_learned_beside(lists):
    """It tells nothing apart, so there is nothing to keep; its scale may not become 0, nor 1e-17."""
    level = Ranker(("size",), (RuleComponent.fit(FEATURES.assign(size=3.0), [("size", "descending")]),))
    features = FEATURES.assign(size=3.0)
    model = refine(**(GOOD | {"features": features, "incumbent": level} | only(lists)))
    assert not model.report["kept_incumbent"]
    assert np.corrcoef(model.score(features), features["focus"])[0, 1] > 0.8


def test_one_list_keeps_the_incumbent_and_says_so():
    incumbent = rule(FEATURES)
    model = refine(**(GOOD | only(1)), incumbent=incumbent)
    assert model.report["kept_incumbent"]
    assert "a single list" in model.report["choice"]
    assert model.ranker.to_bytes() == incumbent.to_bytes()


def test_a_skewed_incumbent_that_puts_more_pairs_in_order_stays_and_the_report_says_why():
    """Its scores explain the experts badly under every factor, and its order is theirs."""
    features, queries, pairs = case(queries=15, truth=lambda t: np.sinh(1.5 * t["size"]) + t["size"])
    skewed = Foreign(lambda table: np.sinh(8 * table["size"].to_numpy()))
    model = refine(features, pairs, queries=queries, incumbent=skewed, params=SMALL)
    assert model.report["t"] > 2.7
    assert model.report["kept_incumbent"]
    assert "explains the experts better on lists left out, but puts fewer" in model.report["choice"]


def test_belief_of_nothing_keeps_the_incumbent_byte_for_byte():
    features, queries, pairs = case(queries=15, truth=lambda t: 3 * t["size"])
    incumbent = rule(features)
    model = refine(features, pairs, queries=queries, incumbent=incumbent, params=SMALL)
    assert model.report["belief"] == 0
    assert model.report["kept_incumbent"]
    assert "the incumbent is kept" in model.report["choice"]
    assert model.ranker.to_bytes() == incumbent.to_bytes()
    foreign = refine(features, pairs, queries=queries, incumbent=Foreign(), params=SMALL)
    if foreign.report["kept_incumbent"]:
        assert foreign.score(features).tolist() == features["size"].tolist()


def test_a_segment_that_nobody_judged_keeps_the_incumbents_order_exactly(gated):
    features, incumbent, model = gated
    gate = model.ranker.components[-1].gate(features)
    assert model.report["coverage"]["gated"]
    closed, opened = gate == 0, gate == 1
    assert closed[features["need"] < -0.5].mean() > 0.8
    assert opened[features["need"] > 0.5].mean() > 0.8
    before, after = incumbent.score(features), model.score(features)
    assert np.argsort(after[closed]).tolist() == np.argsort(before[closed]).tolist()
    assert np.corrcoef(after[opened], features["focus"][opened])[0, 1] > 0.6


def test_a_fair_sample_leaves_the_gate_open_everywhere():
    features, queries, pairs = case(queries=60, judged=lambda need: np.arange(len(need)) % 2 == 0)
    model = refine(features, pairs, queries=queries, incumbent=rule(features), params=SMALL)
    assert model.report["coverage"] == {"gated": False, "open": 1.0, "columns": []}


def test_contributions_add_up_with_and_without_a_gate_and_an_incumbent(gated):
    features, _, model = gated
    alone = refine(**GOOD)
    over = refine(**GOOD, incumbent=rule(FEATURES))
    for one, table in ((model, features), (alone, FEATURES), (over, FEATURES)):
        sums = one.contributions(table).sum(axis=1).to_numpy()
        assert sums == pytest.approx(one.score(table), abs=1e-9)
        assert np.ptp(sums) > 0


def test_the_file_of_a_refined_model_is_read_back_to_the_same_bytes(gated):
    features, _, model = gated
    data = model.ranker.to_bytes()
    read = load_ranker(data, checksum(data))
    assert read.to_bytes() == data
    assert read.score(features).tolist() == model.score(features).tolist()


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_folds():
    first, second, other = (refine(**GOOD, incumbent=rule(FEATURES), seed=seed) for seed in (0, 0, 5))
    assert first.ranker.to_bytes() == second.ranker.to_bytes()
    assert first.report["candidates"] != other.report["candidates"]


def test_a_second_refinement_stands_on_the_first_and_is_explained_too():
    first = refine(**GOOD, incumbent=rule(FEATURES))
    second = refine(**GOOD, incumbent=first)
    names = [part.name for part in second.ranker.components]
    assert names[:2] == ["sorting rule", "refinement"]
    assert second.report["kept_incumbent"] or names[2:] == ["refinement 2"]
    third = refine(**(GOOD | {"preferences": case(truth=lambda t: -9 * t["focus"])[2]}), incumbent=first)
    assert [part.name for part in third.ranker.components][2:] == ["refinement 2"]


def test_a_foreign_incumbent_is_added_to_and_explains_nothing():
    model = refine(**GOOD, incumbent=Foreign())
    own = model.score(FEATURES) - model.factor * FEATURES["size"].to_numpy()
    assert own == pytest.approx(model.ranker.score(FEATURES), abs=1e-9)
    assert model.factor > 0
    with pytest.raises(InvalidFeatures, match="expected a Ranker"):
        model.contributions(FEATURES)


def test_an_array_is_scored_like_the_table_of_the_training_and_columns_go_by_name():
    model = refine(**GOOD, incumbent=rule(FEATURES))
    wanted = model.score(FEATURES).tolist()
    assert model.score(FEATURES.to_numpy()).tolist() == wanted
    assert model.score(FEATURES[["need", "size", "focus"]]).tolist() == wanted
    with pytest.raises(InvalidFeatures, match=r"shape \(60, 2\); expected \(n, 3\)"):
        model.score(FEATURES.to_numpy()[:, :2])


def test_a_declared_direction_holds_in_the_whole_model():
    model = refine(**GOOD, monotone={"focus": -1})
    grid = FEATURES.iloc[[0] * 50].assign(focus=np.linspace(-3, 3, 50))
    assert np.all(np.diff(model.score(grid)) <= 1e-12)
    assert refine(**GOOD).score(grid)[-1] > refine(**GOOD).score(grid)[0]


def test_an_incumbent_is_not_believed_where_it_has_seen_the_answers():
    """It knows half of the queries by heart, and nothing of the others."""
    features, queries, pairs = case(queries=60)
    known = queries < 30
    by_heart = np.where(known, 3 * features["focus"], np.random.default_rng(5).normal(size=len(features)))
    incumbent = Foreign(lambda table: by_heart[: len(table)])
    given = {"queries": queries, "incumbent": incumbent, "params": SMALL}
    plain = refine(features, pairs, **given)
    told = refine(features, pairs, incumbent_queries=range(30), **given)

    def accuracy(model):
        return model.report["candidates"][0]["accuracy"]

    assert accuracy(told) == pytest.approx(0.5, abs=0.1)
    assert accuracy(plain) > accuracy(told) + 0.1
    assert told.report["belief"] >= plain.report["belief"]


def test_with_too_few_fresh_queries_all_of_them_count():
    features, queries, pairs = case(queries=20)
    incumbent = Foreign()
    given = {"queries": queries, "incumbent": incumbent, "params": SMALL}
    told = refine(features, pairs, incumbent_queries=range(15), **given)
    plain = refine(features, pairs, **given)
    assert told.report["candidates"][0]["accuracy"] == plain.report["candidates"][0]["accuracy"]


def test_progress_rises_to_its_end_and_every_stage_has_its_seconds():
    seen = []
    model = refine(**GOOD, on_progress=lambda *event: seen.append(event))
    fractions = [fraction for _, fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert set(model.report["seconds"]) == {"judges", "capacity", "fit"}
