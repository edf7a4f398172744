"""Held-out queries never move; folds keep a query together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.splits import held_out_mask, is_held_out, query_folds

KEYS = [f"mandate-{number}" for number in range(4000)]
HELD_OUT_FOR_EVER = ["mandate-0", "mandate-8", "mandate-11", "mandate-13", "mandate-16", "mandate-17"]


def test_the_held_out_queries_are_the_ones_they_always_were():
    """Written down from the first release: a change here would judge versions on what they learned."""
    assert [key for key in KEYS[:20] if is_held_out(key)] == HELD_OUT_FOR_EVER


def test_a_number_is_held_out_as_the_text_of_it_is():
    texts = held_out_mask(map(str, range(400)))
    assert np.array_equal(held_out_mask(range(400)), texts)
    assert np.array_equal(held_out_mask(np.arange(400)), texts)


def test_a_whole_number_with_a_point_is_the_one_without():
    assert np.array_equal(held_out_mask(np.arange(400.0)), held_out_mask(range(400)))
    assert held_out_mask(pd.Series([3.0, 10.0, -0.0], index=[5, 5, 5])).tolist() == [
        is_held_out(key) for key in (3.0, 10, "0")
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("m1", "keys is 'm1'; expected a collection of query keys"),
        (3, "keys is a int; expected a collection"),
        (["m1", None], "keys, entry 1 is missing; expected a query key"),
        ([np.nan, "m1"], "keys, entry 0 is missing"),
        (pd.array(["m1", None], dtype="string"), "keys, entry 1 is missing"),
        ([["m1"]], "keys, entry 0 is a list; expected a query key"),
    ],
)
def test_what_is_no_collection_of_keys_is_refused(keys, words):
    with pytest.raises(InvalidFeatures, match=words):
        held_out_mask(keys)


def test_a_query_without_a_key_is_not_held_out_by_the_word_none():
    with pytest.raises(InvalidFeatures, match="query_key is None"):
        is_held_out(None)


def test_about_a_quarter_is_held_out():
    assert held_out_mask(KEYS).mean() == pytest.approx(0.25, abs=0.02)


@given(st.lists(st.text(max_size=5), max_size=30))
def test_a_query_is_held_out_whatever_other_queries_there_are(keys):
    assert held_out_mask(keys).tolist() == [is_held_out(key) for key in keys]


def test_a_larger_share_only_adds_queries():
    assert not np.any(held_out_mask(KEYS, 0.25) & ~held_out_mask(KEYS, 0.4))
    assert not held_out_mask(KEYS, 0.0).any()
    assert held_out_mask(KEYS, 1.0).all()


def test_another_salt_is_another_split():
    overlap = held_out_mask(KEYS) & held_out_mask(KEYS, salt="another")
    assert overlap.mean() == pytest.approx(1 / 16, abs=0.02)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(InvalidPreferences, match=r"held-out share is 1\.5"):
        is_held_out("q", 1.5)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50), st.integers(1, 6), st.integers(0, 99))
def test_a_fold_holds_whole_queries_and_as_many_as_any_other(queries, folds, seed):
    found = query_folds(queries, folds, seed=seed)
    fold_of = dict(zip(queries, found.tolist(), strict=True))
    assert [fold_of[query] for query in queries] == found.tolist()
    sizes = np.bincount(list(fold_of.values()), minlength=min(folds, len(fold_of)))
    assert np.ptp(sizes) <= 1
    assert query_folds(queries, folds, seed=seed).tolist() == found.tolist()


def test_no_folds_are_refused():
    with pytest.raises(InvalidPreferences, match="0 folds"):
        query_folds(["a"], 0, seed=0)
