"""Arguments of another kind than was asked for: each is refused by its name."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.agreement import measure_agreement
from ranking.ltr.boosting import BoostingParams
from ranking.ltr.committee import committee
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.model import Ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.provenance import moved
from ranking.ltr.refining import refine
from ranking.ltr.separation import separation_reliability

TABLE = pd.DataFrame({"size": [3.0, 1.0, 2.0, 5.0], "fee": [0.0, 1.0, 1.0, 2.0]})
PAIRS = Preferences.from_orders([[0, 1], [2, 3]], judge="ada")
GIVEN = {"features": TABLE, "preferences": PAIRS, "queries": ["a", "a", "b", "b"]}
RULE = RuleComponent.fit(TABLE, [("size", "descending")])


class LikeScikitLearn:
    def score(self, X, y, sample_weight=None):
        return 0.5


REFINED = {
    "a seed below 0": ({"seed": -1}, "seed is -1; expected a whole number, at least 0"),
    "a fraction of a seed": ({"seed": 1.5}, "seed is 1.5"),
    "no seed": ({"seed": None}, "seed is None"),
    "a seed of words": ({"seed": "a"}, "seed is 'a'"),
    "a table of parameters": ({"params": {"rounds": 3}}, "params are a dict; expected BoostingParams"),
    "one direction": ({"monotone": 1}, "monotone is 1; expected directions by column, or one for each"),
    "a word for directions": ({"monotone": "up"}, "monotone is 'up'; expected directions"),
    "directions of a column": (
        {"monotone": {"fee": np.array([1, 1])}},
        r"monotone\['fee'\] is array\(\[1, 1\]\); expected -1, 0 or 1",
    ),
    "one category": ({"categorical": 0}, "categorical is 0; expected a list of names or places"),
    "one name": ({"categorical": "fee"}, "categorical is 'fee'; expected a list of names or places"),
}


@pytest.mark.parametrize(("change", "words"), REFINED.values(), ids=REFINED.keys())
def test_refine_names_the_argument(change, words):
    with pytest.raises(InvalidFeatures, match=words):
        refine(**GIVEN | change)


def test_directions_may_be_a_column_of_numbers():
    small = BoostingParams(rounds=2, min_data_in_leaf=1, num_threads=1)
    given = GIVEN | {"params": small}
    models = [refine(**given, monotone=signs) for signs in ([-1, 0], np.array([-1, 0]), pd.Series([-1, 0]))]
    assert len({model.ranker.to_bytes() for model in models}) == 1


@pytest.mark.parametrize("incumbent", [LikeScikitLearn(), Ranker, "best"])
def test_a_committee_asks_of_an_incumbent_what_refine_asks(incumbent):
    with pytest.raises(InvalidFeatures, match=r"expected an object with score\(features, queries=None\)"):
        committee(**GIVEN, incumbent=incumbent)


def test_a_ranker_of_lists_is_one_of_tuples():
    ranker = Ranker(["size"], [RULE])
    assert (ranker, hash(ranker)) == (Ranker(("size",), (RULE,)), hash(Ranker(("size",), (RULE,))))


@pytest.mark.parametrize(
    ("columns", "components", "words"),
    [
        ("size", (RULE,), "columns is 'size'; expected a tuple"),
        (("size",), RULE, "components is RuleComponent.*; expected a tuple"),
        (("size",), ("rule",), "one of the components is a str; expected \\['rule', 'linear'"),
    ],
)
def test_what_is_no_ranker_is_refused(columns, components, words):
    with pytest.raises(InvalidFeatures, match=words):
        Ranker(columns, components)


@pytest.mark.parametrize(
    ("table", "sort", "words"),
    [
        (TABLE.assign(fee="low"), [("fee", "ascending")], "column 'fee' has type .*; expected numbers"),
        (TABLE, "fee", r"sort is 'fee'; expected a list of \(column, direction\)"),
        (TABLE, ["fee"], r"sort is \['fee'\]; expected a list"),
        (TABLE, [("fee", "ascending", 1)], r"sort is .*; expected a list"),
        (TABLE, 3, "sort is 3; expected a list"),
        (TABLE.to_numpy(), [("fee", "ascending")], "features are a ndarray; expected a table"),
    ],
)
def test_what_is_no_sorting_rule_is_refused(table, sort, words):
    with pytest.raises(InvalidFeatures, match=words):
        RuleComponent.fit(table, sort)


@pytest.mark.parametrize("ridge", [0, -1.0, np.nan, np.inf, "a", None])
def test_a_ridge_that_holds_nothing_is_refused(ridge):
    two = Preferences.from_orders([[0, 1, 2], [0, 2, 1]], judge=["ada", "bob"], list_id=[0, 0])
    with pytest.raises(InvalidPreferences, match=r"ridge is .*; expected a number above 0"):
        separation_reliability(two, ridge=ridge)


LINES = pd.DataFrame({"list_id": 0, "judge": list("aabb"), "row": [0, 1, 0, 1], "rank": [1, 2, 2, 1]})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (LINES.assign(occasion=[1, "a", 1, 1]), "occasion mixes what has no order, such as numbers and text"),
        (pd.concat([LINES, LINES[["rank"]]], axis=1), "column 'rank' occurs more than once"),
        (LINES.assign(row=[0, [1], 0, [1]]), "row of line 1 is a list or the like; expected a key"),
    ],
)
def test_lines_that_cannot_be_read_are_refused_by_column(lines, words):
    with pytest.raises(InvalidPreferences, match=words):
        measure_agreement(lines)


WITHOUT = pd.DataFrame({"spring": [1.0, 2.0, 0.0]})


@pytest.mark.parametrize(
    ("full", "without", "words"),
    [
        ([2.0, 1.0], WITHOUT, r"full has shape \(2,\); expected 3 numbers, one for each row"),
        (np.ones((3, 1)), WITHOUT, r"full has shape \(3, 1\)"),
        ("abc", WITHOUT, "full holds what is no number"),
        ([3, 2, 1], [1.0, 2.0, 0.0], "without is a list; expected a table"),
    ],
)
def test_scores_of_other_rows_have_not_moved(full, without, words):
    with pytest.raises(InvalidFeatures, match=words):
        moved(full, without)
    assert moved([3, 2, 1], WITHOUT)["spring"].tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([99], "pair 99 is taken; expected a position from 0 to 1"),
        ([0, -3], "pair -3 is taken"),
        ([True], "a mask of 1 for 2 pairs; expected one entry for each"),
        ([0.5], r"pairs are taken by float64 of shape \(1,\); expected a mask or whole numbers"),
        (1, r"pairs are taken by int64 of shape \(\)"),
    ],
)
def test_pairs_that_there_are_not_cannot_be_taken(chosen, words):
    with pytest.raises(InvalidPreferences, match=words):
        PAIRS.take(chosen)


def test_names_in_bytes_are_no_names():
    with pytest.raises(InvalidPreferences, match="judge is b'ada'; expected a name"):
        Preferences.from_pairs(winner=[0], loser=[1], judge=b"ada")
    with pytest.raises(InvalidPreferences, match="pair 1: judge is b'bob'; expected text, not bytes"):
        Preferences.from_pairs(winner=[0, 1], loser=[1, 2], judge=["ada", b"bob"])
    with pytest.raises(InvalidPreferences, match="judge is b'ada'; expected a name"):
        Preferences.from_orders([[0, 1, 2]], judge=b"ada")


def test_a_list_is_no_name_of_a_judge():
    with pytest.raises(InvalidPreferences, match="judge holds lists or the like; expected a name"):
        Preferences.from_pairs(winner=[0, 1], loser=[1, 2], judge=[["ada"], ["bob"]])
