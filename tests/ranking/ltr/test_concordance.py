"""Coefficients of agreement: worked cases, other people's implementations as oracles, properties."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr import concordance
from ranking.ltr.concordance import kendall_w, ordinal_alpha, pairs_kept, rbo, rbo_by_chance, tau_b
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Preferences
from ranking.ltr.separation import separation_reliability

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/ltr_agreement.json").read_text())
ORDERS = st.permutations(range(7))
TIED = st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=7, max_size=7)


def numbers(values):
    return np.array(values, dtype=float)


@pytest.mark.parametrize("case", CASES, ids=[case["desc"] for case in CASES])
def test_the_worked_cases_hold(case):
    arguments = {name: value for name, value in case.items() if name not in {"desc", "measure", "value"}}
    for name in set(arguments) - {"p"}:
        arguments[name] = numbers(arguments[name])
    found = getattr(concordance, case["measure"])(**arguments)
    assert found == pytest.approx(np.nan if case["value"] is None else case["value"], nan_ok=True)


# --- alpha --------------------------------------------------------------------------------------------------
@settings(max_examples=30)
@given(st.lists(TIED, min_size=2, max_size=5))
def test_alpha_agrees_with_evalica(rows):
    evalica = pytest.importorskip("evalica", reason="an oracle; install the extra `bench`")
    values = numbers(rows)
    paired = values[:, np.isfinite(values).sum(axis=0) >= 2]
    if len(np.unique(paired[np.isfinite(paired)])) < 2:
        assert np.isnan(ordinal_alpha(values))
    else:
        expected = evalica.alpha(pd.DataFrame(values), distance="ordinal").alpha
        assert ordinal_alpha(values) == pytest.approx(expected)


@given(st.lists(TIED, min_size=2, max_size=4))
def test_alpha_knows_the_order_of_values_and_not_their_distance(rows):
    values = numbers(rows)
    assert ordinal_alpha(values**3) == pytest.approx(ordinal_alpha(values), nan_ok=True)


# --- W ------------------------------------------------------------------------------------------------------
@given(ORDERS, ORDERS)
def test_w_of_two_judges_is_spearmans_rho_in_other_units(first, second):
    rho = np.corrcoef(first, second)[0, 1]
    assert kendall_w([first, second]) == pytest.approx((1 + rho) / 2)


@pytest.mark.parametrize("judges", [2, 3, 6])
def test_random_judges_have_a_w_of_one_over_their_number(judges):
    rng = np.random.default_rng(0)
    found = [kendall_w([rng.permutation(8) for _ in range(judges)]) for _ in range(400)]
    assert np.mean(found) == pytest.approx(1 / judges, abs=0.03)


# --- rank-biased overlap ------------------------------------------------------------------------------------
def rbo_of_webber(first, second, p):
    """Equation 32 as it is printed, of two strict orders without ties, the longer one second."""
    s, length = len(first), len(second)
    overlap = [len(set(first[:d]) & set(second[:d])) for d in range(length + 1)]
    seen = sum(overlap[d] / d * p**d for d in range(1, length + 1))
    assumed = sum(overlap[s] * (d - s) / (s * d) * p**d for d in range(s + 1, length + 1))
    tail = (overlap[length] - overlap[s]) / length + overlap[s] / s
    return (1 - p) / p * (seen + assumed) + tail * p**length


@given(ORDERS, ORDERS, st.integers(1, 7), st.integers(1, 7), st.floats(0.3, 0.95))
def test_rbo_without_ties_is_the_printed_formula(first, second, left, right, p):
    shorter, longer = sorted((first[:left], second[:right]), key=len)
    ranks = np.full((2, 7), np.nan)
    for line, order in zip(ranks, (shorter, longer), strict=True):
        line[list(order)] = np.arange(len(order))
    assert rbo(*ranks, p=p) == pytest.approx(rbo_of_webber(shorter, longer, p))


@given(TIED, TIED)
def test_rbo_is_symmetric_and_within_zero_and_one(first, second):
    left, right = numbers(first), numbers(second)
    found = rbo(left, right)
    assert found == pytest.approx(rbo(right, left), nan_ok=True)
    assert np.isnan(found) or -1e-12 <= found <= 1 + 1e-12


TIERS = {
    "strict": ((1,) * 8, (1,) * 8),
    "both above a line": ((1,) * 3, (1,) * 3),
    "one above a line": ((1,) * 3, (1,) * 8),
    "four tiers": ((2,) * 4, (2,) * 4),
    "two tiers": ((4, 4), (4, 4)),
    "few on top": ((1, 7), (2, 2, 4)),
    "tiers above a line": ((2, 1, 2), (3, 1, 1, 1)),
    "a line within a tier": ((1, 1), (1, 4, 2)),
}


@pytest.mark.parametrize("tiers", TIERS.values(), ids=TIERS.keys())
def test_random_orders_have_the_overlap_that_chance_gives(tiers):
    rng = np.random.default_rng(1)
    tidy = [np.repeat(np.arange(len(sizes) + 1.0), [*sizes, 8 - sum(sizes)]) for sizes in tiers]
    ranks = [np.where(ranks < len(sizes), ranks, np.nan) for ranks, sizes in zip(tidy, tiers, strict=True)]
    found = [rbo(*(rng.permutation(one) for one in ranks)) for _ in range(1500)]
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(rbo_by_chance(8, tiers=tiers), abs=4 * error)


@given(st.integers(1, 30), st.floats(0.1, 0.95))
def test_chance_has_a_closed_form_where_both_placed_everything(n, p):
    assert rbo_by_chance(n, p) == pytest.approx((1 - p**n) / (n * (1 - p)))


# --- pairs --------------------------------------------------------------------------------------------------
@given(ORDERS, ORDERS)
def test_pairs_kept_of_strict_orders_are_tau_in_other_units(first, second):
    assert 2 * pairs_kept(first, second) - 1 == pytest.approx(tau_b(first, second))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: tau_b([1, 2, 3], [1, 2]), "3 and 2 ranks; expected two rankings of the same rows"),
        (lambda: rbo([1, 2], [1, 2, 3]), "2 and 3 ranks"),
        (lambda: rbo([1, 2], [2, 1], p=1.0), "p is 1.0; expected a number between 0 and 1"),
        (lambda: kendall_w([1, 2, 3]), r"ranks of shape \(3,\); expected 2-dimensional"),
        (lambda: tau_b([1, np.inf, 2], [1, 2, 3]), r"entry \[1\] is infinite"),
    ],
)
def test_ranks_without_a_meaning_are_refused(act, words):
    with pytest.raises(InvalidPreferences, match=words):
        act()


# --- scale separation reliability ---------------------------------------------------------------------------
def orders_of(seed, *, judges, rows, lists, noise):
    """Orders of judges who see the same utilities through noise; None is noise alone."""
    rng = np.random.default_rng(seed)
    orders, names = [], []
    for number in range(lists):
        utility = rng.normal(size=rows) if noise is not None else np.zeros(rows)
        for judge in range(judges):
            seen = utility + rng.gumbel(size=rows) * (1 if noise is None else noise)
            orders.append((number * rows + np.argsort(-seen)).tolist())
            names.append(f"judge {judge}")
    return Preferences.from_orders(orders, judge=names)


def test_judges_of_one_mind_separate_perfectly():
    found = separation_reliability(orders_of(0, judges=3, rows=6, lists=5, noise=1e-9))
    assert (found.value, found.low, found.high, found.n) == (1.0, 1.0, 1.0, 5)


@pytest.mark.parametrize("judges", [2, 3, 6])
def test_random_judges_hardly_separate_although_the_pairs_of_a_list_depend_on_each_other(judges):
    found = separation_reliability(orders_of(0, judges=judges, rows=8, lists=60, noise=None))
    assert found.value < 0.25
    assert found.low < 0.15


@pytest.mark.parametrize("wins", [7, 8, 9])
def test_separation_of_two_items_is_the_closed_form(wins):
    pairs = Preferences.from_pairs(
        winner=[0] * wins + [1] * (10 - wins),
        loser=[1] * wins + [0] * (10 - wins),
        judge=[f"judge {number}" for number in range(10)],
    )
    p = wins / 10
    error = 10 / 9 / (10 * p * (1 - p))
    expected = max(0.0, 1 - error / np.log(p / (1 - p)) ** 2)
    assert separation_reliability(pairs, ridge=1e-9).value == pytest.approx(expected, abs=1e-6)


def test_two_judges_in_opposite_order_separate_nothing():
    pairs = Preferences.from_orders([[0, 1, 2, 3], [3, 2, 1, 0]], judge=["ada", "eve"])
    assert separation_reliability(pairs).value == 0.0


def test_a_scale_that_one_judge_alone_made_has_no_error_to_compare_with():
    pairs = Preferences.from_orders([[0, 1, 2], [2, 1, 0]], judge="ada")
    found = separation_reliability(pairs)
    assert (found.value, found.n) == (None, 0)


def test_scales_of_one_query_are_one_unit():
    pairs = orders_of(0, judges=2, rows=4, lists=6, noise=0.5)
    queries = np.repeat(["a", "b", "c"], 8)
    assert separation_reliability(pairs).n == 6
    assert separation_reliability(pairs, queries=queries).n == 3


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (Preferences.concat([]), "no list was put in an order by two judges"),
        (
            Preferences.from_orders([[0, 1, 2], [3, 4, 5]], judge=["ada", "bob"]),
            "no list was put in an order by",
        ),
        (Preferences.from_orders([[[0, 1, 2]], [[0, 1, 2]]], judge=["ada", "bob"]), "one and the same value"),
    ],
    ids=["nothing", "no overlap", "all tied"],
)
def test_a_separation_that_cannot_be_told_says_why(pairs, reason):
    found = separation_reliability(pairs)
    assert (found.value, found.chance) == (None, None)
    assert reason in found.reason


@pytest.mark.parametrize("two", [tau_b, pairs_kept, rbo])
@pytest.mark.parametrize(
    ("second", "words"),
    [
        ([1, 2], "3 and 2 ranks; expected two rankings of the same rows"),
        (["a", "b", "c"], "ranks are no numbers"),
    ],
    ids=["of other rows", "text"],
)
def test_rankings_that_cannot_be_held_together_are_refused(two, second, words):
    with pytest.raises(InvalidPreferences, match=words):
        two([1, 2, 3], second)


RANKINGS = st.lists(
    st.lists(st.one_of(st.integers(1, 5).map(float), st.just(np.nan)), min_size=6, max_size=6),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(RANKINGS)
def test_all_pairs_at_once_have_the_coefficients_of_each_pair(rankings):
    taus, overlaps = concordance.tau_matrix(rankings), concordance.rbo_matrix(rankings)
    for (first, left), (second, right) in itertools.product(enumerate(rankings), repeat=2):
        assert taus[first, second] == pytest.approx(tau_b(left, right), abs=1e-12, nan_ok=True)
        assert overlaps[first, second] == pytest.approx(rbo(left, right), abs=1e-12, nan_ok=True)
