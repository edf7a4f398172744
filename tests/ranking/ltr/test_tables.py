"""A frozen training set is believed only after it was checked."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.errors import InvalidFeatures, InvalidPreferences, LtrError
from ranking.ltr.tables import FeatureColumn, read_pairs, read_rows, refuse_held_out

FEATURES = (FeatureColumn("fee"), FeatureColumn("size"))


def rows_table():
    return pd.DataFrame(
        {
            "row": [0, 1, 2, 3],
            "query": ["q", "q", "r", "r"],
            "item": ["a", "b", "a", "b"],
            "item_hash": ["0", "1", "0", "1"],
            "label": [1.0, np.nan, 0.0, 2.0],
            "held_out": [False, False, True, True],
            "segment:region": ["west", None, "east", "east"],
            "f:fee": [0.5, 0.7, np.nan, 0.1],
            "f:size": [1, 2, 3, 4],
        }
    )


def pairs_table():
    return pd.DataFrame(
        {
            "winner": [0, 3],
            "loser": [1, 2],
            "weight": [1.0, 0.5],
            "target": [1.0, 0.5],
            "judge": ["ada", "bob"],
            "shown_gap": [np.nan, 0.5],
            "list_id": [0, 1],
            "session": ["s", "s"],
            "origin": ["kept", "tied"],
            "randomised": [False, True],
            "held_out": [False, True],
        }
    )


def test_rows_are_taken_apart_by_name():
    rows = read_rows(rows_table(), FEATURES)
    assert list(rows.features.columns) == ["fee", "size"]
    assert rows.features.dtypes.tolist() == [np.float64, np.float64]
    assert rows.segments["region"].tolist() == ["west", "", "east", "east"]
    assert rows.queries.tolist() == ["q", "q", "r", "r"]


def test_pairs_keep_their_origin_beside_them():
    pairs = read_pairs(pairs_table(), read_rows(rows_table(), FEATURES))
    assert pairs.origin.tolist() == ["kept", "tied"]
    assert pairs.randomised.tolist() == [False, True]
    assert pairs.preferences.judge.tolist() == ["ada", "bob"]


def test_a_set_without_any_pair_is_a_set():
    assert len(read_pairs(pairs_table().iloc[:0], read_rows(rows_table(), FEATURES)).preferences) == 0


WRONG_ROWS = {
    "a feature that is not there": (lambda t: t.drop(columns="f:fee"), "no column 'f:fee'"),
    "no query": (lambda t: t.drop(columns="query"), "no column 'query'"),
    "a nameless query": (lambda t: t.assign(query=["q", None, "r", "r"]), "query of rows, row 1 is missing"),
    "rows out of order": (lambda t: t.iloc[::-1], "'row' of rows is not 0, 1, 2"),
    "an infinite value": (lambda t: t.assign(**{"f:fee": np.inf}), "column 'fee', row 0 is infinite"),
    "words": (lambda t: t.assign(**{"f:fee": "cheap"}), "column 'fee' has type"),
    "a negative label": (lambda t: t.assign(label=[0.0, -1.0, 0.0, 0.0]), "label of row 1 is"),
    "a label in words": (lambda t: t.assign(label=["1", "good", "0", "2"]), "label of row 1 is 'good'"),
    "a held-out column of numbers": (lambda t: t.assign(held_out=[0, 0, 1, 1]), "held_out of rows has type"),
    "half a query held out": (
        lambda t: t.assign(held_out=[False, True, True, True]),
        "query 'q' is held out in some rows only",
    ),
}


@pytest.mark.parametrize(("change", "words"), WRONG_ROWS.values(), ids=WRONG_ROWS.keys())
def test_rows_that_contradict_themselves_are_refused_by_name(change, words):
    with pytest.raises(LtrError, match=words):
        read_rows(change(rows_table()), FEATURES)


def test_no_feature_is_refused():
    with pytest.raises(InvalidFeatures, match="no features"):
        read_rows(rows_table(), ())


WRONG_PAIRS = {
    "a row beyond the table": ({"loser": [1, 9]}, "pair 1: loser is 9; expected a row from 0 to 3"),
    "a NaN target": ({"target": [1.0, np.nan]}, "pair 1: target is nan"),
    "a negative weight": ({"weight": [-1.0, 1.0]}, "pair 0: weight is -1.0"),
    "a NaN weight": ({"weight": [1.0, np.nan]}, "pair 1: weight is nan"),
    "a pair across queries": ({"loser": [2, 2]}, "pair 0 joins queries 'q' and 'r'"),
    "another split than its query's": (
        {"held_out": [True, True]},
        "pair 0: held_out is True; expected that of its",
    ),
}


@pytest.mark.parametrize(("change", "words"), WRONG_PAIRS.values(), ids=WRONG_PAIRS.keys())
def test_pairs_that_contradict_the_rows_are_refused_by_number(change, words):
    with pytest.raises(InvalidPreferences, match=words):
        read_pairs(pairs_table().assign(**change), read_rows(rows_table(), FEATURES))


def test_a_pair_of_a_held_out_query_does_not_pass_the_last_door():
    rows = read_rows(rows_table(), FEATURES)
    preferences = read_pairs(pairs_table(), rows).preferences
    assert refuse_held_out(preferences.take([0]), rows).winner.tolist() == [0]
    with pytest.raises(InvalidPreferences, match="query 'r' is held out"):
        refuse_held_out(preferences, rows)
