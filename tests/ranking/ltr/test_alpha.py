"""Ordinal alpha of many lists: the printed formula, its chance, and decimal ratings by the thousand."""

import tracemalloc

import numpy as np
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
