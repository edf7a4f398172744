"""Paired comparison: what the interval and the p-value promise, counted over many worlds."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from ranking.ltr.comparison import compare
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.preferences import Preferences


def two(seed, n, shift=0.0):
    """Metrics of two models over the same queries, whose difficulty they share."""
    rng = np.random.default_rng(seed)
    difficulty = rng.uniform(0, 1, n)
    index = [f"q{number}" for number in range(n)]
    champion, challenger = (pd.Series(difficulty + rng.normal(0, 0.1, n), index=index) for _ in range(2))
    return challenger + shift, champion


def test_the_comparison_is_paired_so_that_hard_queries_do_not_drown_it():
    challenger, champion = two(seed=0, n=60, shift=0.08)
    found = compare(challenger, champion, seed=0)
    assert found.better
    assert found.difference == pytest.approx((challenger - champion).mean())
    assert found.low < found.difference < found.high
    assert found.high - found.low < challenger.std() / 2


@pytest.mark.parametrize("n", [8, 15, 60])
def test_the_interval_covers_the_truth_as_often_as_it_says(n):
    inside = 0
    for seed in range(300):
        found = compare(*two(seed, n, shift=0.05), seed=seed, resamples=1000)
        inside += found.low <= 0.05 <= found.high
    assert 0.91 <= inside / 300 <= 0.99


def test_two_equal_models_are_rarely_called_different():
    named = [compare(*two(seed, 20), seed=seed, resamples=1000) for seed in range(300)]
    assert sum(found.better or found.worse for found in named) <= 0.09 * 300
    assert sum(found.p_value < 0.05 for found in named) <= 0.09 * 300


def test_the_p_value_is_close_to_the_t_test_where_that_holds():
    challenger, champion = two(seed=3, n=80, shift=0.03)
    expected = ttest_1samp(challenger - champion, 0).pvalue
    assert compare(challenger, champion, seed=0).p_value == pytest.approx(expected, abs=0.02)


def test_the_order_of_the_queries_changes_nothing():
    challenger, champion = two(seed=1, n=30)
    assert compare(challenger[::-1], champion, seed=5) == compare(challenger, champion, seed=5)


def test_swapping_the_two_turns_the_difference_round():
    forth, back = compare(*two(1, 30, 0.1), seed=5), compare(*two(1, 30, 0.1)[::-1], seed=5)
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.better
    assert back.worse


def test_five_wins_are_too_few_to_say_better():
    index = list("abcde")
    champion = pd.Series(0.0, index=index)
    found = compare(pd.Series([0.1, 0.2, 0.3, 0.2, 0.1], index=index), champion, seed=0)
    assert found.low > 0
    assert not found.better


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_queries_have_no_interval(n):
    found = compare(*two(0, n), seed=0)
    assert (found.to_dict()["low"], found.to_dict()["high"], found.n_queries) == (None, None, n)
    assert not found.better
    assert not found.worse


def test_many_queries_are_resampled_in_pieces():
    found = compare(*two(0, 5000, shift=0.01), seed=0, resamples=1000)
    assert found.better


@pytest.mark.parametrize(
    ("challenger", "words"),
    [
        (pd.Series([1.0, 2.0], index=["a", "c"]), "query 'b' has one value only"),
        (
            pd.Series([1.0, 2.0], index=["a", "a"]),
            "challenger has query 'a' twice; expected one value per query",
        ),
        (pd.Series([1.0, np.nan], index=["a", "b"]), "challenger of query 'b' is nan, not finite"),
        (pd.Series(["x", "y"], index=["a", "b"]), "challenger holds what is no number, such as 'x'"),
        ([1.0, 2.0], "challenger is a list; expected a Series by query"),
        (pd.DataFrame({"x": [1.0, 2.0]}), "challenger is a DataFrame; expected a Series by query"),
    ],
)
def test_values_that_cannot_be_paired_are_refused(challenger, words):
    with pytest.raises(InvalidFeatures, match=words):
        compare(challenger, pd.Series([1.0, 2.0], index=["a", "b"]), seed=0)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 0, "resamples": 0}, {"seed": 0.5}])
def test_a_resampling_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidFeatures, match="expected a whole number, at least"):
        compare(*two(0, 8), **wrong)


def test_what_the_metrics_return_can_be_compared_as_it_is():
    pairs = Preferences.from_orders(
        [[4 * one + place for place in range(4)] for one in range(8)], judge="ada"
    )
    right, wrong = (pair_accuracy(sign * np.arange(32), pairs) for sign in (-1, 1))
    found = compare(right, wrong, seed=0)
    assert (found.difference, found.better) == (1.0, True)
    assert found == compare(right.values, wrong.values, seed=0)
