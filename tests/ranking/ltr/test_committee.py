"""Committees: members agree where experts have spoken, and disagree where nobody has."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr import (
    InvalidFeatures,
    InvalidPreferences,
    LinearComponent,
    Preferences,
    Ranker,
    RuleComponent,
    TreeComponent,
    committee,
    staged_committee,
)
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.committee import bagged, linear_fit
from ranking.ltr.components import LinearTerm

NOTHING = Preferences.from_pairs(winner=[], loser=[], judge=[])


class Size:
    """An incumbent that knows one column."""

    def score(self, features, queries=None):
        return features["size"].to_numpy(dtype=float)


def world(lists=40, seed=0):
    """40 queries of 10 rows; experts were asked about lists that differ in `fee` alone, never in `focus`."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=["size", "fee", "focus"])
    table.loc[:199, ["size", "focus"]] = 0.0
    queries = np.repeat(np.arange(40), 10)
    orders = []
    for number in range(lists):
        rows = 10 * (number % 20) + rng.permutation(10)[:6]
        orders.append(rows[np.argsort(table["fee"].to_numpy()[rows])].tolist())
    return table, queries, Preferences.from_orders(orders, judge="ada")


def spread(scores, table, column):
    """How far members disagree about what one more standard deviation of a column is worth."""
    slopes = [np.linalg.lstsq(np.c_[table, np.ones(len(table))], member, rcond=None)[0] for member in scores]
    return float(np.std([slope[list(table).index(column)] for slope in slopes]))


@pytest.mark.parametrize("trees", [True, False])
def test_members_agree_on_what_was_judged_and_disagree_on_what_was_not(trees):
    table, queries, pairs = world()
    before = committee(table, NOTHING, queries=queries, incumbent=Size(), size=12, trees=trees)
    after = committee(table, pairs, queries=queries, incumbent=Size(), size=12, trees=trees)
    assert spread(after, table, "fee") < 0.6 * spread(before, table, "fee")
    assert spread(after, table, "focus") > 0.8 * spread(before, table, "focus")


def test_members_learn_what_experts_say():
    table, queries, pairs = world()
    scores = committee(table, pairs, queries=queries, size=4)
    assert scores.shape == (4, 400)
    margins = scores[:, pairs.winner] - scores[:, pairs.loser]
    assert (margins > 0).mean() > 0.9


def test_equal_seeds_give_equal_members_and_members_differ():
    table, queries, pairs = world(lists=10)
    first, again, other = (committee(table, pairs, queries=queries, size=3, seed=s) for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (first[0] != first[1]).any()


def test_the_scale_of_the_incumbent_does_not_matter():
    table, queries, pairs = world(lists=5)

    class Thousandfold(Size):
        def score(self, features, queries=None):
            return 1000 * super().score(features) + 7

    plain, scaled = (
        committee(table, pairs, queries=queries, incumbent=one, size=2, trees=False)
        for one in (Size(), Thousandfold())
    )
    assert np.allclose(plain, scaled, atol=1e-6)


def test_missing_values_constant_columns_and_categories_are_taken():
    table, queries, pairs = world(lists=10)
    table = table.assign(constant=1.0, kind=np.arange(400) % 3)
    table.loc[5, "fee"] = np.nan
    scores = committee(table, pairs, queries=queries, size=2, categorical=["kind"])
    assert np.isfinite(scores).all()


def test_a_bag_keeps_lists_whole():
    pairs = Preferences.from_orders([[0, 1, 2], [3, 4, 5], [6, 7, 8]], judge="ada")
    for seed in range(10):
        bag = bagged(pairs, np.random.default_rng(seed))
        times = {int(one): bag.weight[bag.list_id == one] / 0.5 for one in np.unique(bag.list_id)}
        assert all(len(set(of_list.tolist())) == 1 and len(of_list) == 3 for of_list in times.values())
        assert sum(of_list[0] for of_list in times.values()) == pytest.approx(3)


def test_a_linear_fit_stays_at_its_prior_where_the_pairs_say_nothing():
    columns = np.array([[1.0, 0.0], [-1.0, 0.0]])
    pairs = Preferences.from_pairs(winner=[0] * 5, loser=[1] * 5, judge="ada")
    fitted = linear_fit(columns, pairs, prior=np.array([0.0, 0.7]))
    assert fitted[0] > 0.3
    assert fitted[1] == pytest.approx(0.7, abs=1e-6)


def test_the_last_stage_is_the_ranker_and_earlier_ones_lie_before_it():
    table, _, pairs = world(lists=10)
    text = boost(table, pairs, params=BoostingParams(rounds=12, num_leaves=4, num_threads=1), seed=0)
    rule = RuleComponent.fit(table, [("size", "descending")])
    ranker = Ranker(tuple(table), (rule, TreeComponent("trees", 0.5, tuple(table), text)))
    stages = staged_committee(ranker, table, size=4)
    assert np.allclose(stages[-1], ranker.score(table))
    away = np.abs(stages - rule.score(table)).mean(axis=1)
    assert (np.diff(away) > 0).all()


def test_a_linear_part_has_stages_too_and_a_rule_has_none():
    table = pd.DataFrame({"size": [1.0, 3.0]})
    rule = RuleComponent.fit(table, [("size", "descending")])
    linear = LinearComponent("fit", 1.0, ("size",), (2.0,), (1.0,), (LinearTerm(("size",), 4.0),))
    stages = staged_committee(Ranker(("size",), (rule, linear)), table, size=2)
    assert (stages - rule.score(table)).tolist() == [[-2.0, 2.0], [-4.0, 4.0]]
    assert np.ptp(staged_committee(Ranker(("size",), (rule,)), table, size=3), axis=0).max() == 0


class Endless:
    """An incumbent that divides by zero."""

    def score(self, features, queries=None):
        return np.full(len(features), np.inf)


class Short:
    """An incumbent that forgets the last row."""

    def score(self, features, queries=None):
        return np.zeros(len(features) - 1)


WRONG = [
    ({"size": 0}, InvalidPreferences, "committee of 0"),
    ({"size": 1.5}, InvalidPreferences, "committee of 1.5"),
    ({"incumbent": Endless()}, InvalidFeatures, "score of row 0 is inf; expected a finite number"),
    (
        {"incumbent": Short()},
        InvalidFeatures,
        r"scores have shape \(399,\); expected one for each of 400 rows",
    ),
    ({"incumbent": "rule"}, InvalidFeatures, "the incumbent is a str; expected an object with score"),
    ({"queries": np.arange(400)}, InvalidPreferences, "joins queries"),
    ({"queries": [None] * 400}, InvalidFeatures, "queries, row 0 is missing"),
    ({"seed": -1}, InvalidPreferences, "seed is -1; expected a whole number"),
    ({"categorical": ["zz"], "trees": False}, InvalidFeatures, "categorical names 'zz', which is no column"),
    ({"monotone": {"zz": 1}, "trees": False}, InvalidFeatures, "zz"),
    ({"monotone": [1, 0]}, InvalidFeatures, "monotone has 2 entries; expected one for each of 3 columns"),
    ({"preferences": [[0, 1]]}, InvalidPreferences, "preferences are a list; expected Preferences"),
]


@pytest.mark.parametrize(("changes", "error", "said"), WRONG)
def test_bad_input_is_refused_by_name(changes, error, said):
    table, queries, pairs = world(lists=3)
    with pytest.raises(error, match=said):
        committee(**{"features": table, "preferences": pairs, "queries": queries, **changes})


def test_a_committee_takes_arrays_and_places_as_refine_does():
    table, queries, pairs = world(lists=5)
    named = committee(table, pairs, queries=queries, size=2, monotone={"fee": -1}, categorical=["focus"] * 0)
    listed = committee(table.to_numpy(), pairs, queries=list(queries), size=2, monotone=[0, -1, 0])
    assert np.array_equal(named, listed)


def test_stages_of_an_array_are_those_of_the_table():
    table = pd.DataFrame({"size": [1.0, 3.0, 2.0]})
    linear = LinearComponent("line", 2.0, ("size",), (2.0,), (1.0,), (LinearTerm(("size",), 2.0),))
    ranker = Ranker(("size",), (linear,))
    assert np.array_equal(staged_committee(ranker, table.to_numpy()), staged_committee(ranker, table))


def test_stages_of_no_committee_are_refused():
    table = pd.DataFrame({"size": [1.0, 3.0]})
    ranker = Ranker(("size",), (RuleComponent.fit(table, [("size", "descending")]),))
    with pytest.raises(InvalidPreferences, match="committee of 0"):
        staged_committee(ranker, table, size=0)
