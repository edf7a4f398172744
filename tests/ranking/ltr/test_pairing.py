"""Pairs from grades and from the incumbent: all of them where few, a fair draw where many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from ranking.ltr.pairing import DISTILLATION_PAIRS, distillation_pairs, pairs_from_labels

GRADED = st.lists(
    st.tuples(st.sampled_from("qrs"), st.one_of(st.just(float("nan")), st.integers(0, 3).map(float))),
    max_size=30,
)


@settings(max_examples=50)
@given(GRADED)
def test_every_pair_of_unequal_grades_of_a_query_occurs_once_and_no_other(rows):
    queries, labels = [query for query, _ in rows], np.array([label for _, label in rows], dtype=float)
    pairs = pairs_from_labels(labels, queries, seed=0)
    expected = {
        (i, j)
        for i, q in enumerate(queries)
        for j, r in enumerate(queries)
        if q == r and labels[i] > labels[j]
    }
    assert sorted(zip(pairs.winner.tolist(), pairs.loser.tolist(), strict=True)) == sorted(expected)


@settings(max_examples=50)
@given(GRADED)
def test_a_query_of_n_graded_rows_weighs_half_of_n(rows):
    queries, labels = (
        np.array([query for query, _ in rows]),
        np.array([label for _, label in rows], dtype=float),
    )
    pairs = pairs_from_labels(labels, queries, seed=0)
    for query in set(queries[pairs.winner]):
        graded = np.count_nonzero((queries == query) & ~np.isnan(labels))
        assert pairs.weight[queries[pairs.winner] == query].sum() == pytest.approx(graded / 2)


def test_beyond_the_cap_a_fair_draw_stands_for_all_pairs():
    rng = np.random.default_rng(0)
    labels = np.sort(rng.integers(0, 4, 500)).astype(float)
    pairs = pairs_from_labels(labels, ["q"] * 500, seed=1, most=2000)
    drawn = set(zip(pairs.winner.tolist(), pairs.loser.tolist(), strict=True))
    assert len(drawn) == len(pairs) == 2000
    assert np.all(labels[pairs.winner] > labels[pairs.loser])
    assert pairs.weight.sum() == pytest.approx(250)
    every = np.subtract.outer(labels, labels)
    assert np.mean(labels[pairs.winner] - labels[pairs.loser]) == pytest.approx(
        every[every > 0].mean(), abs=0.05
    )
    again = pairs_from_labels(labels, ["q"] * 500, seed=1, most=2000)
    other = pairs_from_labels(labels, ["q"] * 500, seed=2, most=2000)
    assert again.winner.tolist() == pairs.winner.tolist()
    assert other.winner.tolist() != pairs.winner.tolist()


def test_a_query_of_fifty_thousand_different_grades_takes_no_quadratic_memory():
    pairs = pairs_from_labels(np.arange(50_000.0), ["q"] * 50_000, seed=0)
    assert len(pairs) == 20_000


def test_grades_that_are_all_equal_say_nothing():
    assert len(pairs_from_labels([1, 1, 2], ["q", "q", "r"], seed=0)) == 0
    assert len(pairs_from_labels([], [], seed=0)) == 0


SCORES = np.random.default_rng(0).normal(size=60)
QUERIES = np.repeat(["q", "r", "s"], [3, 56, 1])


def test_the_incumbents_pairs_carry_its_own_opinion():
    pairs = distillation_pairs(SCORES, QUERIES, np.arange(60), seed=0, weight=5.0)
    assert pairs.target.tolist() == pytest.approx(expit(SCORES[pairs.winner] - SCORES[pairs.loser]).tolist())
    assert pairs.target.min() >= 0.5
    assert pairs.weight.sum() == pytest.approx(5.0)
    assert (QUERIES[pairs.winner] == QUERIES[pairs.loser]).all()


def test_each_query_gives_distinct_pairs_up_to_its_cap():
    pairs = distillation_pairs(SCORES, QUERIES, np.arange(60), seed=0, weight=5.0)
    found = {frozenset(pair) for pair in zip(pairs.winner.tolist(), pairs.loser.tolist(), strict=True)}
    assert len(found) == len(pairs) == 3 + DISTILLATION_PAIRS
    assert {frozenset(pair) for pair in ((0, 1), (0, 2), (1, 2))} <= found


def test_only_rows_of_the_pool_are_drawn():
    pool = np.arange(10, 20)
    pairs = distillation_pairs(SCORES, QUERIES, pool, seed=0, weight=1.0)
    assert set(pairs.winner) | set(pairs.loser) <= set(pool.tolist())
    assert len(distillation_pairs(SCORES, QUERIES, [], seed=0, weight=1.0)) == 0
    assert len(distillation_pairs(SCORES, QUERIES, [0, 59], seed=0, weight=1.0)) == 0
