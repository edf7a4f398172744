"""Pairs from orders and ratings: worked cases, refusals, properties."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.ltr.committee import committee
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.judges import judge_reports
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
    "a weight that overflows": (
        {"weight": [1.0, 1e300]},
        "pair 1: weight is 1e.300; expected a number from 0 to 1000000",
    ),
    "a number for a judge": ({"judge": 7}, "judge is 7; expected a name, or one for each pair"),
    "no judge": ({"judge": None}, "judge is None; expected a name"),
    "digits for rows": ({"winner": ["0", "1"]}, "winner is not numeric but text; expected numbers"),
    "truth for rows": ({"winner": [False, True]}, "pair 0: winner is False; expected a whole number"),
    "a row beyond all numbers": ({"loser": [1, 1e300]}, "pair 1: loser is 1e.300; expected a whole number"),
    "names of lists": (
        {"list_id": ["x", "y"]},
        r"list_id is not numeric but text; .* pd.factorize\(keys\)\[0\]",
    ),
    "a name among numbers": ({"list_id": [1, "y"]}, "list_id is not numeric but text"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_pair_is_refused_by_column_and_number(change, words):
    with pytest.raises(InvalidPreferences, match=words):
        Preferences.from_pairs(**(GOOD | change))


def opposites() -> Preferences:
    return Preferences.from_pairs(
        winner=[0, 1, 2],
        loser=[1, 2, 3],
        judge=["ada", "bob", "bob"],
        weight=[1.0, 2.0, 3.0],
        target=[0.0, 1.0, 0.2],
        shown_gap=[0.5, np.nan, 1.0],
        list_id=[7, 8, 9],
    )


def test_a_pair_of_target_0_is_the_strict_order_the_other_way_round():
    assert as_rows(opposites()) == [
        [1.0, 0.0, 1.0, 1.0, "ada", -0.5, 7],
        [1.0, 2.0, 2.0, 1.0, "bob", None, 8],
        [2.0, 3.0, 3.0, 0.2, "bob", 1.0, 9],
    ]


@pytest.mark.parametrize(
    "copied",
    [
        lambda pairs: pickle.loads(pickle.dumps(pairs)),
        copy.deepcopy,
        lambda pairs: Preferences(**{name: getattr(pairs, name) for name in pairs.__dataclass_fields__}),
        lambda pairs: Preferences.concat([pairs]),
    ],
    ids=["pickled", "copied", "made anew", "joined"],
)
def test_what_was_turned_round_stays_as_it_is(copied):
    again = copied(opposites())
    assert as_rows(again) == as_rows(opposites())
    assert not again.winner.flags.writeable


def test_a_judge_whose_orders_come_as_opposites_is_examined():
    strict = Preferences.from_pairs(winner=[0] * 40, loser=[1] * 40, judge="bob")
    opposite = Preferences.from_pairs(winner=[1] * 40, loser=[0] * 40, judge="bob", target=0)
    margins = [9.0, 9.0, 9.0, -9.0] * 10
    assert judge_reports(margins, opposite) == judge_reports(margins, strict)
    assert judge_reports(margins, opposite)["bob"].flip_rate > 0.2


ROWS = "expected a row, a whole number from 0"
ORDERS_REFUSED = {
    "a fraction": ({"orders": [[1.5, 0, 3]]}, f"list 0, entry 0 is 1.5; {ROWS}"),
    "a fraction in a tier": ({"orders": [[1], [3, [0, 2.5]]]}, f"list 1, entry 1 is 2.5; {ROWS}"),
    "digits": ({"orders": [["1", "2"]]}, f"list 0, entry 0 is the str '1'; {ROWS}"),
    "a text of digits": ({"orders": ["123"]}, "list 0 is the str '123'; expected a list"),
    "texts": ({"orders": ["a", "b"]}, "list 0 is the str 'a'; expected a list"),
    "a text for all": ({"orders": "123"}, "orders is the str '123'; expected a list"),
    "a missing row": ({"orders": [[1, None]]}, f"list 0, entry 1 is None; {ROWS}"),
    "a row that is no number": ({"orders": [[1, float("nan")]]}, f"list 0, entry 1 is nan; {ROWS}"),
    "an endless row": ({"orders": [[1, float("inf")]]}, f"list 0, entry 1 is inf; {ROWS}"),
    "a negative row": ({"orders": [[1, -1]]}, f"list 0, entry 1 is -1; {ROWS}"),
    "truth": ({"orders": [[True, 0]]}, f"list 0, entry 0 is True; {ROWS}"),
    "one flat list": ({"orders": [2, 0, 1]}, "list 0 is 2; expected a list"),
    "a table": (
        {"orders": pd.DataFrame({"best": [1], "next": [2]})},
        "orders is a DataFrame; expected a list",
    ),
    "a set as a list": ({"orders": [{1, 2}]}, "list 0 is the set {1, 2}; expected a list"),
    "a set as a tier": ({"orders": [[0, {1, 2}]]}, f"list 0, entry 1 is the set {{1, 2}}; {ROWS}"),
    "a generator as a tier": (
        {"orders": [[0, (n for n in (1, 2))]]},
        f"list 0, entry 1 is a generator; {ROWS}",
    ),
    "a tier in a tier": ({"orders": [[0, [1, [2, 3]]]]}, f"list 0, entry 1 is a list; {ROWS}"),
    "no judge": ({"judge": None}, "judge is None; expected a name, or one for each list"),
    "a number for a judge": ({"judge": 3}, "judge is 3; expected a name, or one for each list"),
    "a judge without a name": ({"judge": [None]}, "list 0: judge is None; expected a name"),
    "too many judges": ({"judge": ["ada", "bob"]}, "2 judges for 1 lists"),
    "tiers shown": ({"shown": [[0, [1, 2]]]}, f"shown order of list 0, entry 1 is a list; {ROWS}"),
    "a set shown": ({"shown": [{0, 1}]}, "shown order of list 0 is the set {0, 1}; expected a list"),
    "one shown order for all": ({"shown": [1]}, "shown order of list 0 is 1; expected a list"),
    "names of lists": ({"list_id": ["x"]}, "list_id is not numeric but text"),
    "too many list ids": ({"list_id": [1, 2]}, "2 list ids for 1 lists; expected one a list"),
}


@pytest.mark.parametrize(("change", "words"), ORDERS_REFUSED.values(), ids=ORDERS_REFUSED.keys())
def test_a_wrong_order_is_refused_by_list_and_entry(change, words):
    with pytest.raises(InvalidPreferences) as refusal:
        Preferences.from_orders(**({"orders": [[0, 1]], "judge": "ada"} | change))
    assert words in str(refusal.value)


SAME_ORDER = {
    "a list of lists": [[2, [0, 1]]],
    "tuples": ((2, (0, 1)),),
    "whole floats": [[2.0, [0.0, 1.0]]],
    "arrays": [[np.int32(2), np.array([0, 1])]],
    "a Series": pd.Series([[2, pd.Series([0, 1], index=[8, 9])]], index=[5]),
}


@pytest.mark.parametrize("orders", SAME_ORDER.values(), ids=SAME_ORDER.keys())
def test_an_order_may_be_held_in_many_ways(orders):
    shown = pd.Series([[0, 1, 2]], index=[7])
    found = Preferences.from_orders(orders, judge=pd.Series(["ada"], index=[3]), shown=shown)
    assert as_rows(found) == [
        [2, 0, 0.5, 1, "ada", -1, 0], [2, 1, 0.5, 1, "ada", -0.5, 0], [0, 1, 0.5, 0.5, "ada", 0.5, 0]
    ]  # fmt: skip


def test_rows_of_an_array_are_orders():
    assert Preferences.from_orders(np.array([[2, 0, 1]]), judge="ada").winner.tolist() == [2, 2, 0]


def test_sessions_that_are_joined_stay_as_many_lists_as_they_were():
    rng = np.random.default_rng(0)
    sessions = [
        Preferences.from_orders([(6 * one + rng.permutation(6)).tolist()], judge=["ada", "bob"][one % 2])
        for one in range(40)
    ]
    joined = Preferences.concat(sessions)
    at_once = joined.take(np.arange(len(joined)))
    assert joined.list_id.tolist() == np.repeat(np.arange(40), 15).tolist()
    reports = judge_reports(np.full(len(at_once), 3.0), at_once)
    assert {name: (report.lists, report.verdict) for name, report in reports.items()} == {
        "ada": (20, "reliable"), "bob": (20, "reliable")
    }  # fmt: skip


def test_a_committee_sees_the_lists_of_joined_sessions():
    rng = np.random.default_rng(1)
    features = pd.DataFrame({"fee": rng.normal(size=160), "size": rng.normal(size=160)})
    queries = np.repeat(np.arange(40), 4)
    orders = [(4 * one + rng.permutation(4)).tolist() for one in range(40)]
    at_once = Preferences.from_orders(orders, judge="ada")
    joined = Preferences.concat([Preferences.from_orders([order], judge="ada") for order in orders])
    same = [committee(features, pairs, queries=queries, trees=False) for pairs in (at_once, joined)]
    assert np.array_equal(*same)


@pytest.mark.parametrize(
    ("numbers", "joined"),
    [
        ([[0, 1], [0, 1]], [0, 1, 2, 3]),
        ([[0, 1], [5, 7]], [0, 1, 5, 7]),
        ([[4], [], [3, 3], [0]], [4, 5, 5, 6]),
        ([[2**63 - 1], [2**63 - 2]], [0, 1]),
    ],
    ids=["from 0 both", "beyond already", "an empty part", "as large as numbers get"],
)
def test_lists_of_different_parts_get_different_numbers(numbers, joined):
    parts = [
        Preferences.from_pairs(winner=[1] * len(ids), loser=[2] * len(ids), judge="ada", list_id=ids)
        for ids in numbers
    ]
    assert Preferences.concat(parts).list_id.tolist() == joined
    kept = Preferences.concat(parts, same_lists=True).list_id.tolist()
    assert kept == [number for ids in numbers for number in ids]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([[0, 1]], "one of the parts is a list; expected Preferences"),
        (Preferences.from_pairs(**GOOD), "parts is a Preferences; expected a list"),
    ],
    ids=["lists", "one table"],
)
def test_what_is_no_list_of_preferences_cannot_be_joined(parts, words):
    with pytest.raises(InvalidPreferences, match=words):
        Preferences.concat(parts)


def test_judges_who_saw_the_same_list_may_share_its_number():
    found = Preferences.from_orders([[0, 1], [1, 0]], judge=["ada", "bob"], list_id=[7, 7])
    assert found.list_id.tolist() == [7, 7]


WEIGHTS = {
    "pairs of their own": ({}, [1, 1, 1, 1]),
    "one list of three, and one pair": ({"list_id": [4, 4, 4, 9]}, [0.5, 0.5, 0.5, 1]),
    "one list of four rows": ({"list_id": 0}, [1 / 3, 1 / 3, 1 / 3, 1 / 3]),
    "two judges of one list": ({"list_id": 0, "judge": ["a", "a", "a", "b"]}, [0.5, 0.5, 0.5, 1]),
    "told otherwise": ({"list_id": 0, "weight": 2.0}, [2, 2, 2, 2]),
}


@pytest.mark.parametrize(("change", "weights"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_a_list_counts_half_of_its_rows_unless_told_otherwise(change, weights):
    pairs = {"winner": [0, 0, 1, 2], "loser": [1, 2, 2, 3], "judge": "a"}
    assert Preferences.from_pairs(**(pairs | change)).weight.tolist() == pytest.approx(weights)


def test_pairs_of_lists_weigh_what_orders_of_the_same_rows_do():
    orders = Preferences.from_orders([[3, 1, 2, 0], [5, 4]], judge=["ada", "bob"])
    columns = {name: getattr(orders, name) for name in ("winner", "loser", "judge", "list_id")}
    assert Preferences.from_pairs(**columns).weight.tolist() == orders.weight.tolist()


@pytest.mark.parametrize("copied", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy, copy.copy])
def test_a_copy_cannot_be_changed_either(copied):
    pairs = copied(Preferences.from_pairs(**GOOD))
    assert as_rows(pairs) == as_rows(Preferences.from_pairs(**GOOD))
    with pytest.raises(ValueError, match="read-only"):
        pairs.weight[0] = 3


def test_one_order_of_hundreds_of_rows_becomes_all_its_pairs():
    found = Preferences.from_orders([np.arange(300)], judge="ada", shown=[np.arange(300)])
    assert len(found) == 300 * 299 // 2
    assert (found.winner < found.loser).all()
    assert found.weight.sum() == pytest.approx(150)


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


def test_ratings_of_named_lists_are_refused_with_the_way_to_number_them():
    with pytest.raises(InvalidPreferences, match=r"list_id is not numeric but text; .* pd\.factorize"):
        Preferences.from_ratings(rows=[0, 1], ratings=[3, 4], judge="ada", list_id=["x", "x"])


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
