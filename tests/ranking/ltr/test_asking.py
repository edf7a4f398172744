"""What to ask next: shares, chances, exclusion, and what happens when there is hardly anything to ask."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from ranking.ltr import InvalidFeatures, InvalidPreferences, Mix, ask
from ranking.ltr.worth import WINDOW, binary_entropy, grown, pair_worth, seen_most, visibility

ALONE = Mix(committee=1.0, random=0.0, overlap=0.0, repeat=0.0, red_flag=0.0)
UNIFORM = Mix(committee=0.0, random=1.0, overlap=0.0, repeat=0.0, red_flag=0.0)
FLAGS = Mix(committee=0.0, random=0.0, overlap=0.0, repeat=0.0, red_flag=1.0)
AGAIN = Mix(committee=0.0, random=0.0, overlap=0.5, repeat=0.5, red_flag=0.0)


def pool(queries=12, rows=20, members=5, seed=0):
    """Scores, queries and features of a pool in which members disagree at random."""
    rng = np.random.default_rng(seed)
    n = queries * rows
    return {
        "scores": rng.normal(size=(members, n)),
        "queries": np.repeat([f"mandate {number}" for number in range(queries)], rows),
        "features": pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc")),
    }


def recent_of(made, lists=6, size=5):
    """Lists asked before, one a query."""
    return [np.flatnonzero(made["queries"] == f"mandate {number}")[:size].tolist() for number in range(lists)]


@settings(max_examples=25, deadline=None)
@given(
    queries=st.integers(1, 8),
    rows=st.integers(1, 12),
    members=st.integers(1, 4),
    n_slates=st.integers(0, 15),
    slate_size=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_lists_are_of_one_query_without_repeats_and_their_chances_are_chances(
    queries, rows, members, n_slates, slate_size, seed
):
    made = pool(queries, rows, members, seed)
    excluded = np.random.default_rng(seed).random(queries * rows) < 0.2
    slates = ask(**made, n_slates=n_slates, slate_size=slate_size, excluded=excluded, seed=seed)
    allowed = pd.Series(~excluded).groupby(made["queries"]).sum()
    assert len(slates) == (n_slates if (allowed > 1).any() else 0)
    for slate in slates:
        assert len(set(slate.rows)) == len(slate.rows) == min(slate_size, allowed[slate.query])
        assert set(made["queries"][list(slate.rows)]) == {slate.query}
        assert not excluded[list(slate.rows)].any()
        assert 0 < slate.probability <= 1
        assert all(0 < chance <= 1 for chance in slate.row_probabilities)
        assert len(slate.row_probabilities) == len(slate.rows)


def test_the_mix_is_met():
    made = pool()
    kinds = Counter()
    for seed in range(60):
        slates = ask(**made, n_slates=7, slate_size=4, recent=recent_of(made), seed=seed)
        kinds.update(slate.kind for slate in slates)
    usual = Mix()
    names = ["committee", "random", "overlap", "repeat", "red_flag"]
    expected = [getattr(usual, name) * kinds.total() for name in names]
    assert chisquare([kinds[name] for name in names], expected).pvalue > 0.01


def test_a_round_of_twenty_has_each_kind_in_its_number():
    made = pool(queries=30)
    kinds = Counter(slate.kind for slate in ask(**made, n_slates=20, recent=recent_of(made), seed=1))
    assert kinds == {"committee": 14, "random": 3, "overlap": 1, "repeat": 1, "red_flag": 1}


@pytest.mark.parametrize("mix", [ALONE, UNIFORM, FLAGS])
def test_queries_are_drawn_with_the_chance_that_is_logged(mix):
    made = pool(queries=6, rows=8)
    drawn, logged = Counter(), {}
    rounds = 400
    for seed in range(rounds):
        [slate] = ask(**made, n_slates=1, slate_size=4, mix=mix, seed=seed)
        drawn[slate.query] += 1
        logged[slate.query] = slate.probability
    assert sum(logged.values()) == pytest.approx(1, abs=0.02), "queries that were never drawn are rare"
    for query, chance in logged.items():
        assert abs(drawn[query] / rounds - chance) < 5 * np.sqrt(0.25 / rounds)


def test_random_lists_are_plainly_uniform_over_queries_and_rows_whatever_the_scores():
    made = pool(queries=4, rows=6)
    made["scores"][:, 0] = 50.0
    rows = Counter()
    for seed in range(100):
        for slate in ask(**made, n_slates=4, slate_size=3, mix=UNIFORM, seed=seed):
            assert slate.row_probabilities == (0.5, 0.5, 0.5)
            rows.update(slate.rows)
    assert chisquare([rows[row] for row in range(24)]).pvalue > 0.001


def test_random_lists_come_from_held_out_queries_alone_and_no_others_do():
    made = pool()
    held_out = np.isin(made["queries"], ["mandate 1", "mandate 5", "mandate 8"])
    for slate in ask(**made, n_slates=20, held_out=held_out, seed=3):
        assert (slate.kind == "random") == bool(held_out[slate.rows[0]])


def test_equal_seeds_ask_the_same_and_others_do_not():
    made = pool()
    first, again, other = (ask(**made, n_slates=6, seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert first != other


def test_every_query_comes_once_before_any_comes_twice_and_then_with_other_rows():
    made = pool(queries=5, rows=20)
    slates = ask(**made, n_slates=10, slate_size=4, mix=ALONE, seed=2)
    assert len({slate.query for slate in slates[:5]}) == 5
    assert len({slate.query for slate in slates[5:]}) == 5
    assert len({frozenset(slate.rows) for slate in slates}) == 10


def test_a_query_without_disagreement_is_hardly_ever_asked_about():
    made = pool(queries=6, rows=8)
    settled = made["queries"] == "mandate 3"
    made["scores"][:, settled] = np.arange(0, 400, 50)
    counts = Counter(
        ask(**made, n_slates=1, slate_size=4, mix=ALONE, seed=seed)[0].query for seed in range(60)
    )
    assert counts["mandate 3"] <= 3


def test_a_toss_up_is_not_worth_asking_but_a_contradiction_is():
    """Every member is unsure of the first two queries' rows; of the third's they contradict each other."""
    toss, contradiction = np.zeros((4, 2)), 3 * np.array([[1, -1], [1, -1], [-1, 1], [-1, 1]])
    scores = np.hstack([toss, toss, contradiction])
    slates = ask(scores, [0, 0, 1, 1, 2, 2], n_slates=1, slate_size=2, mix=ALONE, seed=0)
    assert slates[0].query == 2
    assert slates[0].probability > 0.95


def test_rows_that_nobody_sees_are_not_asked_about():
    scores = np.vstack([np.arange(40.0, 0, -1)] * 4)
    scores[:, 30:] += np.random.default_rng(0).normal(0, 2, (4, 10))
    [slate] = ask(scores, ["m"] * 40, n_slates=1, slate_size=5, top_k=8, mix=ALONE)
    assert max(slate.rows) < WINDOW


def test_rounds_spread_over_unlike_queries():
    """Nine queries alike and one apart, all of the same worth: two lists nearly always take the one apart."""
    scores = np.tile(np.array([[2.0, -2.0], [-2.0, 2.0]]), 10)
    table = pd.DataFrame({"x": np.repeat([0.0] * 9 + [10.0], 2)})
    queries = np.repeat(np.arange(10), 2)
    how = {"n_slates": 2, "slate_size": 2, "mix": ALONE, "features": table}
    both = [{slate.query for slate in ask(scores, queries, seed=seed, **how)} for seed in range(20)]
    assert sum(9 in asked for asked in both) >= 17


def test_what_was_judged_is_worth_less():
    made = pool(queries=2, rows=6)
    judged = np.where(made["queries"] == "mandate 0", 9, 0)
    counts = Counter(
        ask(**made, n_slates=1, slate_size=3, mix=ALONE, judged=judged, seed=seed)[0].query
        for seed in range(30)
    )
    assert counts["mandate 1"] >= 27


@pytest.mark.parametrize("size", [2, 5])
def test_a_list_shown_again_has_the_same_rows_in_another_order(size):
    made = pool()
    recent = recent_of(made, size=size)
    for slate in ask(**made, n_slates=20, mix=AGAIN, recent=recent, seed=1):
        before = recent[slate.again]
        assert sorted(slate.rows) == sorted(before)
        assert list(slate.rows) != before
        assert slate.kind in ("overlap", "repeat")


def test_a_list_with_an_excluded_row_is_not_shown_again():
    made = pool()
    recent = recent_of(made, lists=3)
    excluded = np.zeros(len(made["queries"]), dtype=bool)
    excluded[recent[1][0]] = True
    slates = ask(**made, n_slates=12, mix=AGAIN, recent=recent, excluded=excluded, seed=1)
    assert {slate.again for slate in slates} == {0, 2}


def test_red_flags_are_the_least_certain_queries_and_those_with_unfamiliar_rows():
    made = pool(queries=10, rows=6)
    made["scores"] = np.tile(30.0 * np.arange(6), (3, 10)) + 0.0
    made["scores"][:, made["queries"] == "mandate 4"] = 0.0
    made["scores"][:, made["queries"] == "mandate 6"] = 0.0
    unfamiliar = made["queries"] == "mandate 2"
    slates = ask(**made, n_slates=3, slate_size=3, mix=FLAGS, unfamiliar=unfamiliar, seed=0)
    assert {slate.query for slate in slates} == {"mandate 2", "mandate 4", "mandate 6"}
    assert {slate.kind for slate in slates} == {"red_flag"}


@pytest.mark.parametrize("members", [1, 4])
def test_members_that_agree_ask_about_the_closest_visible_pairs(members):
    scores = np.tile([9.0, 5.0, 4.9, -5.0], (members, 1))
    [slate] = ask(scores, ["m"] * 4, n_slates=1, slate_size=2, top_k=3, mix=ALONE)
    assert sorted(slate.rows) == [1, 2]


def test_one_query_is_asked_about_again_and_again():
    made = pool(queries=1, rows=9)
    assert [slate.query for slate in ask(**made, n_slates=4, seed=0)] == ["mandate 0"] * 4


def test_a_query_shorter_than_a_list_is_asked_whole_and_one_of_a_single_row_never():
    scores = np.random.default_rng(0).normal(size=(3, 4))
    slates = ask(scores, ["a", "a", "a", "b"], n_slates=6, slate_size=8, seed=0)
    assert {slate.query for slate in slates} == {"a"}
    assert {tuple(sorted(slate.rows)) for slate in slates} == {(0, 1, 2)}


def test_nothing_to_ask_about_is_no_list():
    assert ask(np.zeros((2, 3)), ["a", "b", "c"], n_slates=5) == []
    assert ask(np.zeros((2, 0)), [], n_slates=5) == []


WRONG = [
    ({"scores": [1.0, 2.0]}, InvalidFeatures, "shape"),
    ({"scores": [[1.0, np.nan, 0.0, 0.0]]}, InvalidFeatures, "member 0, row 1"),
    ({"scores": [["x"] * 4]}, InvalidFeatures, "scores are no numbers"),
    ({"scores": [[1.0, 2.0], [1.0]]}, InvalidFeatures, "scores are no numbers"),
    ({"queries": ["a"]}, InvalidPreferences, "queries"),
    ({"queries": ["a", "a", None, "b"]}, InvalidPreferences, "query of row 2 is None; expected a key"),
    ({"queries": [1.0, 1.0, np.nan, 2.0]}, InvalidPreferences, "query of row 2 is nan; expected a key"),
    ({"seed": -1}, InvalidPreferences, "seed is -1; expected a whole number, at least 0"),
    ({"n_slates": 1.5}, InvalidPreferences, "n_slates is 1.5; expected a whole number"),
    (
        {"mix": {"random": 1.0}},
        InvalidPreferences,
        r"mix is a dict; expected a Mix, such as Mix\(random=1.0\)",
    ),
    ({"judged": ["x"] * 4}, InvalidPreferences, "judged holds what is no number, such as 'x'"),
    ({"judged": ["x"]}, InvalidPreferences, "judged holds what is no number, such as 'x'"),
    ({"judged": [1]}, InvalidPreferences, r"judged has shape \(1,\); expected 4 numbers"),
    ({"features": np.zeros((3, 2))}, InvalidFeatures, "features has 3 rows"),
    ({"features": np.zeros(4)}, InvalidFeatures, "features have 1 dimensions"),
    ({"slate_size": 1}, InvalidPreferences, "slate_size"),
    ({"n_slates": -1}, InvalidPreferences, "n_slates"),
    ({"top_k": 0}, InvalidPreferences, "top_k"),
    ({"excluded": [0, 1, 0, 0]}, InvalidPreferences, "excluded"),
    ({"judged": [0, -1, 0, 0]}, InvalidPreferences, "judged of row 1"),
    ({"held_out": [True, False, False, False]}, InvalidPreferences, "held out in some rows"),
    ({"recent": [[0, 2]]}, InvalidPreferences, "several queries"),
    ({"recent": [[0, 9]]}, InvalidPreferences, "from 0 to 3|0 to 3"),
    ({"recent": [[0, 0]]}, InvalidPreferences, "different rows"),
    ({"features": pd.DataFrame({"x": [1.0]})}, InvalidFeatures, "features has 1 rows"),
]


@pytest.mark.parametrize(("changes", "error", "said"), WRONG)
def test_bad_input_is_refused_by_name(changes, error, said):
    asked = {"scores": np.zeros((2, 4)), "queries": ["a", "a", "b", "b"], "n_slates": 1, **changes}
    with pytest.raises(error, match=said):
        ask(asked.pop("scores"), asked.pop("queries"), **asked)


def test_features_may_be_an_array():
    made = pool()
    table = made.pop("features")
    slates = [ask(**made, features=one, n_slates=5) for one in (table, table.to_numpy())]
    assert slates[0] == slates[1]


KEYS = {
    "mixed kinds": [1, "a", 2.5],
    "whole numbers": [1, 2, 3],
    "dates": [pd.Timestamp("2026-01-01"), "a", 1],
    "tuples": [(1, 2), (1, 3), "a"],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize("mix", [ALONE, UNIFORM], ids=["of worth", "random"])
def test_a_query_comes_back_as_it_was_given(keys, mix):
    queries = [key for key in keys for _ in range(3)]
    slates = ask(np.random.default_rng(0).normal(size=(2, 9)), queries, n_slates=3, mix=mix)
    found = [slate.query for slate in slates]
    assert sorted(map(repr, found)) == sorted(map(repr, keys))
    assert [type(key) for key in sorted(found, key=repr)] == [type(key) for key in sorted(keys, key=repr)]


MIXES = {
    "all random": ({"random": 1.0}, (0, 1, 0, 0, 0)),
    "all of worth": ({"committee": 1}, (1, 0, 0, 0, 0)),
    "none given": ({}, (0.7, 0.15, 0.05, 0.05, 0.05)),
    "half random": ({"random": 0.5}, (0.7 / 1.7, 0.5, 0.05 / 1.7, 0.05 / 1.7, 0.05 / 1.7)),
    "nothing again": ({"overlap": 0, "repeat": 0}, (0.7 / 0.9, 0.15 / 0.9, 0, 0, 0.05 / 0.9)),
}


@pytest.mark.parametrize(("given", "shares"), MIXES.values(), ids=MIXES.keys())
def test_kinds_that_are_not_given_share_the_rest_as_usual(given, shares):
    mix = Mix(**given)
    found = (mix.committee, mix.random, mix.overlap, mix.repeat, mix.red_flag)
    assert found == pytest.approx(shares)


@pytest.mark.parametrize("given", [{"random": 1.1}, {"random": -0.1}, {"random": "all"}, {"repeat": np.nan}])
def test_a_share_that_is_none_is_refused(given):
    with pytest.raises(InvalidPreferences, match=r"mix|share of random is 'all'"):
        Mix(**given)


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.1, 0.1, 0.1), (1.2, -0.2, 0.0, 0.0, 0.0)])
def test_a_mix_that_is_none_is_refused(shares):
    with pytest.raises(InvalidPreferences, match="mix"):
        Mix(*shares)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_entropy_is_between_nothing_and_one_bit(chances):
    entropy = binary_entropy(chances)
    assert ((entropy >= 0) & (entropy <= 1 + 1e-12)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(2, 9), st.integers(1, 6), st.integers(0, 99))
def test_worth_is_symmetric_not_negative_and_nothing_below_the_visible_top(members, rows, top_k, seed):
    scores = 3 * np.random.default_rng(seed).normal(size=(members, rows))
    seen = visibility(scores, top_k)
    worth, _ = pair_worth(scores, seen)
    assert np.allclose(worth, worth.T)
    assert (worth >= 0).all()
    unseen = np.flatnonzero(seen.max(axis=0) == 0)
    assert (worth[np.ix_(unseen, unseen)] == 0).all()
    assert len(set(grown(worth, 4).tolist())) == min(4, rows)
    assert sorted(seen_most(scores, seen).tolist()) == list(range(rows))
