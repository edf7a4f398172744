"""Simulated experts: what they want is declared, and each kind errs in its own way."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from feedback.simulation import (
    KINDS,
    InvalidUtility,
    SimulatedExpert,
    Utility,
    UtilityTerm,
    hidden_utility,
    read_utility,
)

UTILITIES = [2.0, 1.0, 0.0, -1.0, -2.0, 0.5, 1.5, -0.5]
SHOWN = list(range(8))


def agreement(tiers, values):
    """Kendall's tau between an order and values, higher being better."""
    place = {item: -position for position, tier in enumerate(tiers) for item in tier}
    return kendalltau([place[item] for item in range(len(values))], values).statistic


def mean_agreement(kind, values, *, slates=200, favoured=None):
    rng = np.random.default_rng(5)
    found = []
    for slate in range(slates):
        shown = rng.permutation(8)
        tiers = SimulatedExpert(kind, seed=1).order(UTILITIES, shown, favoured, slate=slate)
        found.append(agreement(tiers, -shown if values == "shown" else values))
    return np.mean(found)


@pytest.mark.parametrize(
    ("term", "values", "worth"),
    [
        (UtilityTerm("c", 1.0, centre=10, width=5), [0, 10, 20, 99], [-2, 0, 2, 3]),
        (UtilityTerm("c", 1.0, "peak", centre=1, width=2), [1, 3, -1], [1, math.exp(-0.5), math.exp(-0.5)]),
        (UtilityTerm("c", 1.0, "equal", value=1), [1, 0, 2], [1, 0, 0]),
        (UtilityTerm("c", 1.0, "equal", missing=0.25), [math.nan, 1], [0.25, 1]),
    ],
)
def test_each_shape_is_worth_what_it_says(term, values, worth):
    assert term.worth(np.array(values, dtype=float)) == pytest.approx(worth)


def test_a_utility_is_the_weighted_sum_of_its_terms_centred_and_scaled():
    utility = Utility((UtilityTerm("fit", 2.0), UtilityTerm("local", -1.0, "equal")), centre=1.0, spread=4.0)
    features = pd.DataFrame({"fit": [1.0, 2.0, math.nan], "local": [1.0, 0.0, 1.0], "other": [9.0, 9.0, 9.0]})
    assert hidden_utility(features, utility) == pytest.approx([(2 - 1 - 1) / 4, (4 - 1) / 4, (-1 - 1) / 4])


def test_a_utility_over_a_column_that_is_not_there_is_refused():
    with pytest.raises(InvalidUtility, match="no column 'fit'"):
        hidden_utility(pd.DataFrame({"other": [1.0]}), Utility((UtilityTerm("fit", 1.0),)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"at least one \[\[terms\]\]"),
        ("terms = 3", r"tables headed \[\[terms\]\]"),
        ('[[terms]]\ncolumn = "a"', "weight"),
        ('[[terms]]\ncolumn = "a"\nweight = "much"', "weight: expected a number"),
        ('[[terms]]\ncolumn = "a"\nweight = 1\nshapes = "peak"', "unknown key 'shapes'"),
        ('[[terms]]\ncolumn = "a"\nweight = 1\nshape = "bell"', "expected shape linear, peak or equal"),
        ('[[terms]]\ncolumn = "a"\nweight = 1\nwidth = 0', "width above 0"),
        ('spread = -1\n[[terms]]\ncolumn = "a"\nweight = 1', "spread above 0"),
        ("centre = ", "utility.toml"),
    ],
)
def test_a_utility_file_that_is_wrong_is_told_how(tmp_path, text, words):
    path = tmp_path / "utility.toml"
    path.write_text(text)
    with pytest.raises(InvalidUtility, match=words):
        read_utility(path)


@pytest.mark.parametrize("kind", KINDS)
@given(
    utilities=st.lists(st.floats(-5, 5), min_size=1, max_size=12),
    seed=st.integers(0, 99),
    slate=st.integers(0, 99),
)
def test_an_order_holds_every_item_once_and_is_the_same_every_time(kind, utilities, seed, slate):
    shown = list(range(len(utilities)))[::-1]
    tiers = SimulatedExpert(kind, seed).order(utilities, shown, utilities, slate=slate)
    assert sorted(item for tier in tiers for item in tier) == list(range(len(utilities)))
    assert all(tiers)
    assert SimulatedExpert(kind, seed).order(utilities, shown, utilities, slate=slate) == tiers


def test_an_expert_errs_differently_on_another_slate_and_under_another_seed():
    same = [0.0] * 8
    first = SimulatedExpert("careless", 1)
    answers = {str(first.order(same, SHOWN, slate=slate)) for slate in range(10)}
    answers |= {str(SimulatedExpert("careless", seed).order(same, SHOWN)) for seed in range(2, 12)}
    assert len(answers) > 15


def test_a_careful_expert_agrees_with_the_utility_more_than_a_careless_one():
    careful, careless = mean_agreement("careful", UTILITIES), mean_agreement("careless", UTILITIES)
    assert careful > 0.8
    assert 0.15 < careless < 0.6


def test_an_anchored_expert_keeps_much_of_the_shown_order_and_a_careful_one_does_not():
    assert mean_agreement("anchored", "shown") > 0.4
    assert abs(mean_agreement("careful", "shown")) < 0.1
    assert 0.1 < mean_agreement("anchored", UTILITIES) < 0.7


def test_a_biased_expert_favours_one_column_and_only_when_there_is_one():
    favoured = [1.0, 8.0, 3.0, 9.0, 2.0, 7.0, 1.0, math.nan]
    known = [1.0, 8.0, 3.0, 9.0, 2.0, 7.0, 1.0, 0.0]
    assert mean_agreement("biased", known, favoured=favoured) > mean_agreement("careful", known) + 0.2
    assert mean_agreement("biased", UTILITIES) > 0.8


def test_items_that_are_about_equal_are_tied_but_a_chain_of_them_is_not_one_tie():
    expert = SimulatedExpert("careful", 3)
    sizes = [len(tier) for slate in range(100) for tier in expert.order(UTILITIES, SHOWN, slate=slate)]
    assert 1.0 < np.mean(sizes) < 1.4
    crowd = expert.order(np.linspace(0, 1, 60), range(60))
    assert max(len(tier) for tier in crowd) < 30


def test_ratings_go_from_1_to_5_and_rise_with_the_utility():
    ladder = [-3.0, -0.8, 0.0, 0.8, 3.0]
    ratings = np.array([SimulatedExpert("careful", seed).ratings(ladder) for seed in range(40)])
    assert ratings.min() == 1
    assert ratings.max() == 5
    assert (np.diff(ratings.mean(axis=0)) > 0.5).all()


def test_an_expert_is_as_severe_on_one_slate_as_on_the_next():
    middle = [0.0] * 8
    means = np.array(
        [
            [np.mean(SimulatedExpert("careful", seed).ratings(middle, slate=s)) for s in range(20)]
            for seed in range(20)
        ]
    )
    assert means.mean(axis=1).std() > 2 * means.std(axis=1).mean() / np.sqrt(20)


def test_a_slate_without_a_single_suitable_item_is_told_apart():
    expert = SimulatedExpert("careful", 1)
    assert expert.finds_none_suitable([-2.0, -1.7])
    assert not expert.finds_none_suitable([-2.0, -1.0])


def test_an_unknown_kind_of_expert_is_refused():
    with pytest.raises(ValueError, match="found 'lazy'"):
        SimulatedExpert("lazy", 1)
