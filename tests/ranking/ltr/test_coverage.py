"""Where experts looked: the gate closes where nobody judged, and opens everywhere for a fair sample."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.coverage import LEAST_JUDGED, Coverage, fit_coverage

ROWS = 4


def pool_of(queries=200, seed=0, columns=3):
    """`ROWS` candidates of each query, with facts of the query and one of the candidate."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        np.repeat(rng.normal(size=(queries, columns)), ROWS, axis=0),
        columns=[f"q{k}" for k in range(columns)],
    )
    table["item"] = rng.normal(size=len(table))
    return table, np.repeat(np.arange(queries), ROWS).astype(object)


def fitted(table, keys, seen, **how):
    """The coverage where experts judged half of the rows of the queries `seen` (by row)."""
    half = np.arange(len(table)) % 2 == 0
    return fit_coverage(
        table[seen & half], keys[seen & half], table[~(seen & half)], keys[~(seen & half)], seed=0, **how
    )


def sampled(region, keys, share=0.6, seed=1):
    """Rows of a random part of the queries of a region."""
    judged = np.random.default_rng(seed).random(len(set(keys))) < share
    return region & np.repeat(judged, ROWS)


CUTS = {
    "along one column": lambda t: t["q0"] > 0.3,
    "obliquely through several": lambda t: t["q0"] + t["q1"] - t["q2"] > 0.5,
    "as a band": lambda t: t["q1"].abs() < 0.7,
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_the_gate_is_open_where_experts_judged_and_closed_where_nobody_did(cut):
    table, keys = pool_of()
    region = cut(table).to_numpy()
    coverage = fitted(table, keys, sampled(region, keys))
    gate, novelty = coverage.gate(table), coverage.novelty(table)
    assert gate[region].mean() > 0.75
    assert gate[~region].mean() < 0.15
    assert novelty[~region].mean() > novelty[region].mean() + 0.4
    assert ((gate >= 0) & (gate <= 1) & (novelty >= 0) & (novelty <= 1)).all()
    assert coverage.columns == ("q0", "q1", "q2")


def test_a_fair_sample_opens_the_gate_everywhere():
    opened = 0
    for seed in range(8):
        table, keys = pool_of(queries=80, seed=seed)
        opened += fitted(table, keys, sampled(np.ones(len(table), bool), keys, 0.5, seed)) is None
    assert opened >= 7


def test_with_many_judged_queries_a_fair_sample_hardly_ever_passes_for_a_cut_one():
    opened = 0
    for seed in range(30):
        table, keys = pool_of(queries=200, seed=seed)
        opened += fitted(table, keys, sampled(np.ones(len(table), bool), keys, 0.6, seed)) is None
    assert opened == 30


def test_rows_of_a_query_share_their_gate():
    table, keys = pool_of()
    coverage = fitted(table, keys, sampled((table["q0"] > 0).to_numpy(), keys))
    assert pd.Series(coverage.gate(table)).groupby(keys).nunique().max() == 1


def test_categories_are_no_direction_to_look_in():
    table, keys = pool_of()
    seen = sampled((table["q0"] > 0).to_numpy(), keys)
    assert (
        fitted(table, keys, seen, categorical=("q0",)) is None
        or "q0" not in fitted(table, keys, seen, categorical=("q0",)).columns
    )


def test_queries_without_columns_have_no_gate():
    table, keys = pool_of()
    assert fitted(table[["item"]], keys, sampled((table["q0"] > 0).to_numpy(), keys)) is None


def test_too_few_judged_queries_have_no_gate():
    table, keys = pool_of()
    assert fitted(table, keys, (table["q0"] > 0).to_numpy() & (keys < LEAST_JUDGED)) is None


def test_a_fact_that_the_pool_misses_throughout_is_no_obstacle():
    table, keys = pool_of()
    region = (table["q0"] > 0.3).to_numpy()
    seen = sampled(region, keys)
    table["q1"] = table["q1"].where(seen)
    coverage = fitted(table, keys, seen)
    assert np.isfinite(coverage.share(table)).all()


def test_many_columns_do_without_squares_and_products():
    table, keys = pool_of(columns=13)
    coverage = fitted(table, keys, sampled((table["q0"] > 0).to_numpy(), keys))
    assert coverage.powers == tuple((place,) for place in range(13))


def test_plain_values_are_the_same_gate():
    table, keys = pool_of()
    coverage = fitted(table, keys, sampled((table["q0"] > 0).to_numpy(), keys))
    read = Coverage.from_dict(coverage.to_dict())
    assert read == coverage
    assert read.gate(table).tolist() == coverage.gate(table).tolist()
