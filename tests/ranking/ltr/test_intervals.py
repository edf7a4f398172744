"""Intervals: what they promise, counted over many worlds, and the units that they rest on."""

import numpy as np
import pytest

from ranking.ltr import intervals
from ranking.ltr.intervals import LEAST_UNITS, bootstrap_weights, estimate, estimate_mean


def ratio(means):
    return means[:, 0] / means[:, 1]


@pytest.mark.parametrize("n", [6, 20, 60])
def test_the_interval_of_a_ratio_covers_the_truth_about_as_often_as_it_says(n):
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        count = rng.integers(1, 5, n).astype(float)
        found = estimate(np.column_stack([count * rng.normal(0.4, 0.3, n), count]), ratio, seed=seed)
        inside += found.low <= 0.4 <= found.high
    assert inside >= 0.9 * 200


def test_a_unit_that_counts_more_pulls_more():
    parts = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [6.0, 6.0]])
    assert estimate(parts, ratio, seed=0).value == pytest.approx(6 / 9)


@pytest.mark.parametrize("n", range(1, LEAST_UNITS))
def test_few_units_have_a_value_and_no_interval(n):
    found = estimate_mean(np.full(n, 0.3), seed=0)
    assert (found.value, found.low, found.high, found.n) == (0.3, None, None, n)


def test_a_figure_that_is_not_defined_has_no_value():
    found = estimate(np.zeros((5, 2)), lambda means: np.full(len(means), np.nan), seed=0)
    assert (found.value, found.low, found.n) == (None, None, 5)


def test_the_seed_decides_and_nothing_else_does():
    values = np.random.default_rng(1).normal(size=30)
    first, again, other = (estimate_mean(values, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


def test_units_of_one_value_have_an_interval_of_no_width():
    found = estimate_mean(np.full(7, 1.0), seed=0)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_many_units_are_drawn_in_pieces_of_one_whole(monkeypatch):
    monkeypatch.setattr(intervals, "CHUNK", 50)
    pieces = list(bootstrap_weights(10, np.random.default_rng(0), 23))
    assert [len(piece) for piece in pieces] == [5, 5, 5, 5, 3]
    assert np.concatenate(pieces).sum(axis=1) == pytest.approx(np.ones(23))
