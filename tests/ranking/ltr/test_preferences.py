"""Pairs from orders and ratings: worked cases, refusals, properties."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Preferences

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/ltr_preferences.json").read_text())


def as_rows(preferences: Preferences) -> list[list[object]]:
    gaps = [None if np.isnan(gap) else gap for gap in preferences.shown_gap]
    columns = (preferences.winner, preferences.loser, preferences.weight, preferences.target)
    return [
        [*map(float, numbers), judge, gap, int(number)]
        for *numbers, judge, gap, number in zip(
            *columns, preferences.judge, gaps, preferences.list_id, strict=True
        )
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["desc"] for case in CASES])
def test_the_worked_cases_hold(case):
    made = getattr(Preferences, case["constructor"])(**case["arguments"])
    expected = sorted(case["pairs"], key=str)
    found = sorted(as_rows(made), key=str)
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        assert left == [pytest.approx(value) if isinstance(value, float) else value for value in right]


GOOD = {"winner": [0, 1], "loser": [1, 2], "judge": ["ada", "bob"]}
REFUSED = {
    "a self-pair": ({"loser": [1, 1]}, "pair 1: winner is 1; expected a row other than the loser"),
    "a NaN weight": ({"weight": [1.0, np.nan]}, "pair 1: weight is nan"),
    "a negative weight": ({"weight": [-1.0, 1.0]}, "pair 0: weight is -1.0"),
    "an infinite weight": ({"weight": [np.inf, 1.0]}, "pair 0: weight is inf"),
    "a NaN target": ({"target": [1.0, np.nan]}, "pair 1: target is nan"),
    "a target above one": ({"target": [1.0, 1.5]}, "pair 1: target is 1.5"),
    "a gap beyond the list": ({"shown_gap": [0.0, 2.0]}, "pair 1: shown_gap is 2.0"),
    "a negative row": ({"winner": [0, -1]}, "pair 1: winner is -1"),
    "a broken row number": ({"winner": [0, 1.5]}, "pair 1: winner is 1.5; expected a whole number"),
    "a NaN row number": ({"winner": [0, np.nan]}, "pair 1: winner is nan; expected a whole number"),
    "words for weights": ({"weight": ["much", "little"]}, "weight is not numeric"),
    "a nameless judge": ({"judge": ["ada", None]}, "pair 1: judge is None; expected a name"),
    "too few judges": ({"judge": ["ada"]}, "unequal length"),
    "a table for a column": ({"weight": [[1.0, 1.0]]}, "weight has 2 dimensions"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_pair_is_refused_by_column_and_number(change, words):
    with pytest.raises(InvalidPreferences, match=words):
        Preferences.from_pairs(**(GOOD | change))


def test_columns_cannot_be_changed_afterwards():
    weight = np.array([1.0, 2.0])
    pairs = Preferences.from_pairs(**GOOD, weight=weight)
    weight[0] = 99
    assert pairs.weight.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        pairs.weight[0] = 3


def test_a_pair_across_queries_is_refused():
    pairs = Preferences.from_pairs(**GOOD)
    assert pairs.check(3, ["q", "q", "q"]) is pairs
    with pytest.raises(InvalidPreferences, match="pair 1 joins queries 'q' and 'r'"):
        pairs.check(3, ["q", "q", "r"])


def test_a_row_that_is_not_in_the_table_is_refused():
    with pytest.raises(InvalidPreferences, match="pair 1: loser is 2; expected a row from 0 to 1"):
        Preferences.from_pairs(**GOOD).check(2)


def test_a_list_that_names_a_row_twice_is_refused():
    with pytest.raises(InvalidPreferences, match="list 0 names a row twice"):
        Preferences.from_orders([[3, [4, 3]]], judge="ada")


def test_a_row_that_was_ordered_but_not_shown_is_refused():
    with pytest.raises(InvalidPreferences, match="list 0 was shown as"):
        Preferences.from_orders([[3, 4]], judge="ada", shown=[[3, 5]])


def test_a_row_rated_twice_by_one_judge_is_refused():
    with pytest.raises(InvalidPreferences, match="rates row 1 twice"):
        Preferences.from_ratings(rows=[1, 1], ratings=[3, 4], judge="ada", list_id=[0, 0])


def test_empty_preferences_are_a_table_without_rows():
    empty = Preferences.from_pairs(winner=[], loser=[], judge=[])
    assert len(empty) == len(Preferences.from_orders([], judge="ada")) == len(Preferences.concat([])) == 0
    assert len(empty.take([])) == 0
    assert empty.judges()[1] == ()


def test_take_keeps_the_columns_together():
    pairs = Preferences.from_pairs(**GOOD, weight=[0.25, 0.5])
    for chosen in (pairs.take([False, True]), pairs.take([1])):
        assert (chosen.winner.tolist(), chosen.weight.tolist(), chosen.judge.tolist()) == (
            [1],
            [0.5],
            ["bob"],
        )


def test_a_million_judges_cost_one_pointer_each():
    pairs = Preferences.from_pairs(
        winner=np.zeros(10**6, int), loser=np.ones(10**6, int), judge=np.arange(10**6).astype(str)
    )
    codes, names = pairs.judges()
    assert len(names) == len(np.unique(codes)) == 10**6
    assert pairs.judge.itemsize == 8


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_a_strict_list_of_n_gives_every_pair_and_counts_half_of_n(order, shown):
    pairs = Preferences.from_orders([order], judge="ada", shown=[shown])
    n = len(order)
    assert len(pairs) == n * (n - 1) // 2
    assert pairs.weight.sum() == pytest.approx(n / 2)
    position = {row: place for place, row in enumerate(shown)}
    gaps = [(position[j] - position[i]) / (n - 1) for i, j in zip(pairs.winner, pairs.loser, strict=True)]
    assert pairs.shown_gap.tolist() == pytest.approx(gaps)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2), st.integers(0, 1)), max_size=25),
    st.integers(-3, 3),
)
def test_a_judges_severity_changes_no_pair(ratings, severity):
    rows = list(range(len(ratings)))
    stars = np.array([stars for stars, _, _ in ratings], dtype=float)
    judges = [f"judge {judge}" for _, judge, _ in ratings]
    lists = [number for _, _, number in ratings]
    shifted = stars + severity * np.array([judge == "judge 0" for judge in judges])
    plain = Preferences.from_ratings(rows=rows, ratings=stars, judge=judges, list_id=lists)
    severe = Preferences.from_ratings(rows=rows, ratings=shifted, judge=judges, list_id=lists)
    assert as_rows(plain) == as_rows(severe)
    assert all(stars[plain.winner] > stars[plain.loser])
