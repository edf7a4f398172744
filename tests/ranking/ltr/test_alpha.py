"""Ordinal alpha of many lists: the printed formula, its chance, and decimal ratings by the thousand."""

import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr.alpha import alpha_estimate

RATINGS = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=4, max_size=4), min_size=3, max_size=3
)


def alpha_as_printed(tables):
    """1 - (N-1) sum o_ck d_ck / sum n_c n_k d_ck, cell by cell, of the rows of all (judges, rows) tables."""
    rows = [row[np.isfinite(row)] for table in tables for row in table.T]
    rows = [row for row in rows if len(row) >= 2]
    known = sorted({value for row in rows for value in row})
    o = np.zeros((len(known), len(known)))
    for row in rows:
        for first, one in enumerate(row):
            for second, other in enumerate(row):
                if first != second:
                    o[known.index(one), known.index(other)] += 1 / (len(row) - 1)
    n = o.sum(axis=1)
    observed = expected = 0.0
    for c in range(len(known)):
        for k in range(len(known)):
            low, high = min(c, k), max(c, k)
            d = (n[low : high + 1].sum() - (n[c] + n[k]) / 2) ** 2
            observed, expected = observed + o[c, k] * d, expected + n[c] * n[k] * d
    return 1 - (n.sum() - 1) * observed / expected if expected else None


@settings(max_examples=60, deadline=None)
@given(st.lists(RATINGS, min_size=1, max_size=3))
def test_ratings_of_all_lists_have_the_alpha_of_the_printed_formula(lists):
    tables = [np.array(ratings, dtype=float) for ratings in lists]
    found = alpha_estimate([(number, table) for number, table in enumerate(tables)], seed=0)
    expected = alpha_as_printed(tables)
    assert found.value == (None if expected is None else pytest.approx(expected, abs=1e-12))


def test_decimal_ratings_take_what_was_said_and_no_table_of_all_values():
    rng = np.random.default_rng(0)
    said = [(number, rng.uniform(0, 100, (2, 8))) for number in range(200)]
    tracemalloc.start()
    try:
        found = alpha_estimate(said, seed=0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.low < 0 < found.high
    assert most < 200e6


# --- of places ----------------------------------------------------------------------------------------------
def places(*ranks):
    return pd.DataFrame(np.array(ranks, dtype=float)).rank(axis=1).to_numpy()


def strict(rng, rows, judges):
    return [rng.permutation(rows) for _ in range(judges)]


def in_tiers(rng, rows, judges):
    return [rng.integers(0, rng.integers(2, rows + 1), rows) for _ in range(judges)]


def above_a_line(rng, rows, judges):
    """Everybody draws the line somewhere else; below it are no ranks."""
    orders = strict(rng, rows, judges)
    return [np.where(order < rng.integers(3, rows + 1), order, np.nan) for order in orders]


@pytest.mark.parametrize("order", [strict, in_tiers, above_a_line])
@pytest.mark.parametrize("shapes", [[(8, 2)], [(4, 2), (12, 2)], [(4, 4), (12, 2), (6, 3)]], ids=str)
def test_judges_who_order_at_random_have_an_alpha_of_nothing_whatever_the_lengths(order, shapes):
    rng = np.random.default_rng(3)
    lists = [(0, places(*order(rng, *shape))) for shape in shapes * (1500 // len(shapes))]
    assert alpha_estimate(lists, seed=0, places=True).value == pytest.approx(0, abs=0.025)


def test_random_orders_of_short_and_long_lists_have_chance_in_their_intervals():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(30):
        lists = [(number, places(*strict(rng, rows, 2))) for number, rows in enumerate([4, 12] * 20)]
        found = alpha_estimate(lists, seed=0, places=True)
        held += found.low < 0 < found.high
    assert held >= 26


def test_strict_orders_of_lists_of_one_length_have_krippendorffs_alpha():
    rng = np.random.default_rng(0)
    lists = [places(*strict(rng, 6, judges)) for judges in (2, 3, 4, 2)]
    found = alpha_estimate(list(enumerate(lists)), seed=0, places=True)
    assert found.value == pytest.approx(alpha_as_printed(lists), abs=1e-12)


def test_judges_of_one_mind_agree_wholly_whatever_the_lengths_and_lines():
    lists = [places([1, 2, 2, 4], [1, 2, 2, 4]), places([1, 2, 3, np.nan, np.nan], [1, 2, 3, 4, 5])]
    assert alpha_estimate(list(enumerate(lists)), seed=0, places=True).value == 1.0


def test_what_every_two_judges_of_a_list_would_have_by_chance_is_counted_cell_by_cell():
    lists = [places([1, 2, 3, 4], [2, 1, 3, 4], [1, np.nan, 3, 2]), places([1, 2, 2], [3, 1, 2])]
    together = [table.T[np.isfinite(table).sum(axis=0) >= 2] for table in lists]
    values, often = np.unique(
        np.concatenate([rows[np.isfinite(rows)] for rows in together]), return_counts=True
    )
    lies = dict(zip(values, np.cumsum(often) - often / 2, strict=True))
    observed = expected = 0.0
    for rows in together:
        weight = 1 / (np.isfinite(rows).sum(axis=1) - 1)
        for one, two in itertools.combinations(range(rows.shape[1]), 2):
            both = np.flatnonzero(np.isfinite(rows[:, one]) & np.isfinite(rows[:, two]))
            for row, other in itertools.product(both, both):
                apart = (lies[rows[row, one]] - lies[rows[other, two]]) ** 2
                observed += weight[row] * apart if row == other else 0
                expected += weight[row] * weight[other] / weight[both].sum() * apart
    found = alpha_estimate(list(enumerate(lists)), seed=0, places=True)
    assert found.value == pytest.approx(1 - (1 - 1 / often.sum()) * observed / expected)


def test_lists_in_which_all_is_level_say_nothing_about_places():
    level = [(1, places([1, 1], [1, 1])), (2, places([1, 1, 1], [1, 1, 1]))]
    assert alpha_estimate(level, seed=0, places=True).value is None
