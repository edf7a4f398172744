"""Trees on pairs: they learn, they are a residual, they repeat, and bad input never reaches LightGBM."""

from dataclasses import replace

import lightgbm
import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences, TrainingCancelled
from ranking.ltr.objective import pair_loss
from ranking.ltr.preferences import Preferences

FEW = BoostingParams(rounds=20, num_leaves=7, min_data_in_leaf=5)


def world(seed=0, queries=30, size=8, noise=0.5):
    """Features, the utility behind them, and one noisy list of all rows for each query."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.normal(size=(queries * size, 4)), columns=["fee", "size", "age", "noise"])
    utility = (features["size"] * 1.5 - features["fee"].abs()).to_numpy()
    seen = (utility + rng.normal(0, noise, len(utility))).reshape(queries, size)
    orders = np.argsort(-seen, axis=1) + np.arange(queries)[:, None] * size
    return features, utility, Preferences.from_orders(orders.tolist(), judge="ada")


def predict(text, features, **how):
    return lightgbm.Booster(model_str=text).predict(features.to_numpy(), **how)


def accuracy(scores, pairs):
    return np.mean(scores[pairs.winner] > scores[pairs.loser])


def test_trees_learn_the_order_of_lists_they_have_not_seen():
    features, _, pairs = world()
    unseen_features, _, unseen = world(seed=1)
    text = boost(features, pairs, params=FEW, seed=0)
    assert accuracy(predict(text, unseen_features), unseen) > 0.75


def test_trees_are_a_residual_of_the_base_score():
    features, utility, pairs = world(noise=0.0)
    base = 20 * utility
    text = boost(features, pairs, params=FEW, seed=0, base_score=base)
    fresh = boost(features, pairs, params=FEW, seed=0)
    assert np.ptp(predict(text, features)) < 0.3 * np.ptp(predict(fresh, features))


def test_boosting_in_two_halves_equals_boosting_at_once():
    features, _, pairs = world()
    whole = predict(boost(features, pairs, params=FEW, seed=0), features)
    half = BoostingParams(rounds=10, num_leaves=7, min_data_in_leaf=5)
    first = predict(boost(features, pairs, params=half, seed=0), features)
    second = predict(boost(features, pairs, params=half, seed=0, base_score=first), features)
    assert first + second == pytest.approx(whole, abs=1e-9)


def test_a_pairs_judge_is_the_same_one_wherever_the_pair_stands():
    features, _, pairs = world()
    rng = np.random.default_rng(5)
    order, rates, pulls = rng.permutation(len(pairs)), *rng.uniform(0, 0.4, (2, len(pairs)))
    pairs = replace(pairs, shown_gap=rng.uniform(-1, 1, len(pairs)))
    one = boost(features, pairs, params=FEW, seed=0, flip_rate=rates, anchoring=pulls)
    shuffled = boost(
        features, pairs.take(order), params=FEW, seed=0, flip_rate=rates[order], anchoring=pulls[order]
    )
    assert predict(shuffled, features) == pytest.approx(predict(one, features), abs=1e-9)
    other = boost(features, pairs.take(order), params=FEW, seed=0, flip_rate=rates, anchoring=pulls)
    assert predict(other, features) != pytest.approx(predict(one, features), abs=1e-3)


def test_equal_input_gives_equal_text():
    features, _, pairs = world()
    assert boost(features, pairs, params=FEW, seed=3) == boost(features, pairs, params=FEW, seed=3)


def test_rows_that_no_pair_names_change_nothing():
    features, _, pairs = world()
    idle = pd.concat([features, features * 100], ignore_index=True)
    assert boost(features, pairs, params=FEW, seed=0) == boost(idle, pairs, params=FEW, seed=0)


def test_a_pair_of_weight_zero_teaches_nothing():
    features, _, pairs = world()
    lies = Preferences.from_pairs(
        winner=pairs.loser, loser=pairs.winner, judge="eve", weight=np.zeros(len(pairs))
    )
    both = Preferences.concat([pairs, lies])
    assert boost(features, both, params=FEW, seed=0) == boost(features, pairs, params=FEW, seed=0)


def test_a_known_flip_rate_saves_the_order_from_a_careless_judge():
    features, _, pairs = world(noise=0.1)
    rng = np.random.default_rng(5)
    flipped = rng.random(len(pairs)) < 0.4
    winner, loser = np.where(flipped, pairs.loser, pairs.winner), np.where(flipped, pairs.winner, pairs.loser)
    careless = Preferences.from_pairs(winner=winner, loser=loser, judge="bob", weight=pairs.weight)
    both = Preferences.concat([pairs.take(np.arange(0, len(pairs), 4)), careless])
    rate = np.where(both.judge == "bob", 0.4, 0.0)
    unseen_features, _, unseen = world(seed=1, noise=0.1)
    fit = {"params": BoostingParams(rounds=60, num_leaves=7, min_data_in_leaf=5), "seed": 0}
    plain = accuracy(predict(boost(features, both, **fit), unseen_features), unseen)
    told = accuracy(predict(boost(features, both, **fit, flip_rate=rate), unseen_features), unseen)
    assert told > plain + 0.005


def test_anchoring_explains_away_the_shown_order():
    features, _, pairs = world(noise=0.0)
    shown_order = Preferences.from_pairs(
        winner=pairs.winner,
        loser=pairs.loser,
        judge="kai",
        weight=pairs.weight,
        shown_gap=np.full(len(pairs), 1.0),
    )
    learned = np.ptp(predict(boost(features, shown_order, params=FEW, seed=0), features))
    excused = np.ptp(predict(boost(features, shown_order, params=FEW, seed=0, anchoring=5.0), features))
    assert excused < 0.3 * learned


@pytest.mark.parametrize("sign", [1, -1])
def test_a_declared_direction_is_never_broken(sign):
    features, _, pairs = world()
    text = boost(features, pairs, params=FEW, seed=0, monotone={"fee": sign})
    grid = pd.DataFrame({"fee": np.linspace(-3, 3, 50), "size": 0.3, "age": 0.0, "noise": 0.0})
    assert np.all(sign * np.diff(predict(text, grid)) >= 0)
    free = np.diff(predict(boost(features, pairs, params=FEW, seed=0), grid))
    assert (free > 0).any()
    assert (free < 0).any()


def test_categories_without_order_are_learned_from_few_rows():
    rng = np.random.default_rng(0)
    worth = np.array([0.0, 5.0, 1.0, 4.0, 2.0, 3.0])
    codes = rng.integers(0, 6, 240).astype(float)
    orders = [
        rows[np.argsort(-worth[codes[rows].astype(int)])].tolist() for rows in np.arange(240).reshape(30, 8)
    ]
    pairs = Preferences.from_orders(orders, judge="ada")
    pairs = pairs.take(codes[pairs.winner] != codes[pairs.loser])
    text = boost(pd.DataFrame({"state": codes}), pairs, params=FEW, seed=0, categorical=["state"])
    assert accuracy(predict(text, pd.DataFrame({"state": codes})), pairs) > 0.97


def test_missing_values_and_constant_features_are_no_obstacle():
    features, _, pairs = world()
    features = features.assign(constant=1.0, size=features["size"].mask(features["size"] < -1))
    assert accuracy(predict(boost(features, pairs, params=FEW, seed=0), features), pairs) > 0.75
    nothing = features[["constant"]]
    assert np.ptp(predict(boost(nothing, pairs, params=FEW, seed=0), nothing)) == 0


def test_progress_counts_every_round_and_may_cancel():
    features, _, pairs = world()
    seen = []
    boost(features, pairs, params=FEW, seed=0, on_iteration=lambda *progress: seen.append(progress))
    assert seen == [(done, 20) for done in range(1, 21)]

    def cancel(done, total):
        if done == 3:
            raise TrainingCancelled("stopped")

    with pytest.raises(TrainingCancelled):
        boost(features, pairs, params=FEW, seed=0, on_iteration=cancel)


TABLE = pd.DataFrame({"fee": [1.0, 2.0, 3.0], "size": [1.0, np.nan, 0.0]})
PAIR = Preferences.from_pairs(winner=[0], loser=[1], judge="ada")
REFUSED = {
    "an infinite value": ({"features": TABLE.replace(3.0, np.inf)}, "column 'fee', row 2 is infinite"),
    "words": ({"features": TABLE.assign(state="CA")}, "column 'state' has type"),
    "a column twice": (
        {"features": TABLE.rename(columns={"size": "fee"})},
        "column 'fee' occurs more than once",
    ),
    "no rows": ({"features": TABLE.iloc[:0]}, "expected rows and columns"),
    "no columns": ({"features": TABLE[[]]}, "expected rows and columns"),
    "no pairs": ({"preferences": PAIR.take([False])}, "no pairs"),
    "a row beyond the table": (
        {"features": TABLE.iloc[:1]},
        "pair 0: loser is 1; expected a row from 0 to 0",
    ),
    "a NaN base score": ({"base_score": [0.0, np.nan, 0.0]}, "expected 3 finite numbers"),
    "a short base score": ({"base_score": [0.0]}, "expected 3 finite numbers"),
    "an unknown monotone column": ({"monotone": {"fees": 1}}, "monotone names 'fees'"),
    "a bad direction": ({"monotone": {"fee": 2}}, r"monotone\['fee'\] is 2"),
    "an unknown category": ({"categorical": ["state"]}, "categorical names 'state'"),
    "a broken code": ({"features": TABLE + 0.5, "categorical": ["fee"]}, "column 'fee' is categorical"),
    "an ordered category": (
        {"categorical": ["fee"], "monotone": {"fee": 1}},
        "'fee' is categorical and monotone",
    ),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_by_name_before_training(change, words):
    arguments = {"features": TABLE, "preferences": PAIR, "params": FEW, "seed": 0} | change
    with pytest.raises((InvalidFeatures, InvalidPreferences), match=words):
        boost(**arguments)


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": 0}, {"rounds": 1.5}, {"num_leaves": 1}, {"learning_rate": 0}, {"learning_rate": float("nan")},
     {"l2": -1}, {"l2": float("inf")}, {"num_threads": 0}, {"feature_fraction": 1.1},
     {"extra_trees": 1}],
)  # fmt: skip
def test_a_bad_parameter_is_refused_by_name(wrong):
    with pytest.raises(InvalidFeatures, match=f"parameter {next(iter(wrong))}"):
        BoostingParams(**wrong)


def catboost_scores(features, pairs, unseen_features):
    """PairLogit with trees of our shape, without CatBoost's own noise (bagging, random splits)."""
    catboost = pytest.importorskip("catboost", reason="CatBoost is the oracle; install the extra `bench`")
    how = {
        "loss_function": "PairLogit",
        "grow_policy": "Lossguide",
        "iterations": 100,
        "learning_rate": 0.1,
        "max_leaves": 8,
        "l2_leaf_reg": 3,
        "bootstrap_type": "No",
        "random_strength": 0,
        "thread_count": 2,
    }
    pool = catboost.Pool(
        features,
        group_id=np.repeat(np.arange(len(features) // 8), 8),
        pairs=np.column_stack([pairs.winner, pairs.loser]),
        pairs_weight=pairs.weight,
    )
    model = catboost.CatBoost(how | {"logging_level": "Silent", "allow_writing_files": False}).fit(pool)
    return model.predict(unseen_features)


def test_the_held_out_loss_is_within_a_hundredth_of_catboost():
    params = BoostingParams(rounds=100, learning_rate=0.1, num_leaves=8, min_data_in_leaf=1, l2=3.0)
    losses = []
    for seed, noise in ((2, 0.5), (3, 1.0), (4, 0.5), (5, 1.0)):
        features, _, pairs = world(seed=seed, queries=150, noise=noise)
        unseen_features, _, unseen = world(seed=100 + seed, queries=150, noise=noise)
        ours = predict(boost(features, pairs, params=params, seed=0), unseen_features)
        theirs = catboost_scores(features, pairs, unseen_features)
        losses.append([pair_loss(f[unseen.winner] - f[unseen.loser]).mean() for f in (ours, theirs)])
    ours, theirs = np.mean(losses, axis=0)
    assert ours == pytest.approx(theirs, rel=0.01)
