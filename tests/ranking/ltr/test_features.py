"""Features of (query, item) pairs: what each kind computes, and that a fitted space never moves."""

import hashlib
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.ltr.errors import CorruptModel, InvalidFeatures
from ranking.ltr.features import FeatureSpace, FeatureSpec
from ranking.ltr.features.text import TextSpace

ITEMS = pd.DataFrame(
    {
        "assets": [0.0, 100.0, math.nan, 400.0],
        "founded": [2005, 1990, None, 2020],
        "registered": ["2020-01-01", "2000-07-01", "", None],
        "style": ["growth", "value", None, "Growth"],
        "clients": [["families", "pensions"], ["families"], [], ["banks", "Families", "charities"]],
        "focus": ["small-cap growth equities", "municipal bonds for families", "", "large-cap value"],
        "local": [True, False, None, True],
    },
    index=pd.Index(["a", "b", "c", "d"], name="item"),
)
QUERIES = pd.DataFrame(
    {
        "ticket": [100.0, 50.0],
        "style": ["growth", "value"],
        "clients": [["families", "pensions"], ["endowments"]],
        "brief": ["growth equity in small caps", "bonds"],
        "region": ["West", "East"],
    }
)
QUERY = QUERIES.iloc[0].to_dict()
NAN = math.nan


def column(spec, query=QUERY, items=ITEMS, **kwargs):
    space = FeatureSpace.fit([spec], items, QUERIES)
    return space.build(query, space.prepare(items), **kwargs)[spec.name].tolist()


KINDS = [
    (FeatureSpec("f", "numeric", field="assets"), [0.0, 100.0, NAN, 400.0]),
    (
        FeatureSpec("f", "numeric", field="assets", transform="log1p"),
        [0.0, math.log(101), NAN, math.log(401)],
    ),
    (
        FeatureSpec("f", "numeric", field="founded", transform="age", reference_year=2025),
        [20.0, 35.0, NAN, 5.0],
    ),
    (
        FeatureSpec("f", "numeric", field="registered", transform="age", reference_year=2025),
        [6.0, 26 - 182 / 366, NAN, NAN],
    ),
    (FeatureSpec("f", "numeric", field="local"), [1.0, 0.0, NAN, 1.0]),
    (FeatureSpec("f", "numeric", side="query", field="ticket", transform="log1p"), [math.log(101)] * 4),
    (FeatureSpec("f", "categorical", field="style"), [1.0, 2.0, NAN, 0.0]),
    (FeatureSpec("f", "categorical", side="query", field="region"), [1.0] * 4),
    (FeatureSpec("f", "equal", item_field="style", query_field="style"), [1.0, 0.0, NAN, 1.0]),
    (FeatureSpec("f", "difference", item_field="assets", query_field="ticket"), [-100.0, 0.0, NAN, 300.0]),
    (
        FeatureSpec("f", "difference", item_field="assets", query_field="ticket", absolute=True),
        [100.0, 0.0, NAN, 300.0],
    ),
    (FeatureSpec("f", "log_ratio", item_field="assets", query_field="ticket"), [NAN, 0.0, NAN, math.log(4)]),
    (FeatureSpec("f", "overlap", item_field="clients", query_field="clients"), [1.0, 0.5, NAN, 0.5]),
    (
        FeatureSpec("f", "overlap", item_field="clients", query_field="clients", measure="of_item"),
        [1.0, 1.0, NAN, 1 / 3],
    ),
    (
        FeatureSpec("f", "overlap", item_field="clients", query_field="clients", measure="jaccard"),
        [1.0, 0.5, NAN, 0.25],
    ),
    (FeatureSpec("f", "overlap", item_field="style", query_field="style"), [1.0, 0.0, NAN, 1.0]),
]


@pytest.mark.parametrize(("spec", "expected"), KINDS, ids=lambda part: getattr(part, "kind", ""))
def test_each_kind_computes_what_it_says(spec, expected):
    assert column(spec) == pytest.approx(expected, nan_ok=True)


CROSSES = [
    FeatureSpec("f", "equal", item_field="style", query_field="style"),
    FeatureSpec("f", "log_ratio", item_field="assets", query_field="ticket"),
    FeatureSpec("f", "difference", item_field="assets", query_field="ticket"),
    FeatureSpec("f", "overlap", item_field="clients", query_field="clients"),
    FeatureSpec("f", "text_similarity", item_field="focus", query_field="brief"),
]


@pytest.mark.parametrize("spec", CROSSES, ids=lambda spec: spec.kind)
def test_a_query_that_asks_for_nothing_gives_missing_values(spec):
    empty = {"ticket": None, "style": "", "clients": [], "brief": None}
    assert all(math.isnan(value) for value in column(spec, empty))


def test_a_ratio_with_a_query_of_zero_is_missing_not_infinite():
    spec = FeatureSpec("f", "log_ratio", item_field="assets", query_field="ticket")
    assert all(math.isnan(value) for value in column(spec, QUERY | {"ticket": 0.0}))


def test_texts_on_the_same_subject_are_more_alike():
    spec = FeatureSpec("f", "text_similarity", item_field="focus", query_field="brief")
    growth, bonds, missing, value = column(spec)
    assert growth > value > bonds >= 0.0
    assert math.isnan(missing)


def test_a_text_is_as_alike_to_itself_as_can_be_and_a_typing_error_does_not_lose_it():
    space = TextSpace.fit(["small-cap growth equities", "municipal bonds", "private credit"])
    prepared = space.prepare(["small-cap growth equities", "private credit"])
    assert space.similarity(prepared, "small-cap growth equities")[0] == pytest.approx(1.0)
    typed = space.similarity(prepared, "smal-cap growht equitys")
    assert typed[0] > 0.3 > typed[1]


def test_texts_without_a_single_word_have_no_similarity():
    items, queries = pd.DataFrame({"focus": ["", None]}), pd.DataFrame({"brief": [""]})
    spec = FeatureSpec("f", "text_similarity", item_field="focus", query_field="brief")
    space = FeatureSpace.fit([spec], items, queries)
    built = space.build({"brief": "growth"}, space.prepare(items))
    assert built["f"].isna().all()


def test_given_values_are_aligned_by_item_and_may_lack_some():
    given_values = pd.DataFrame({"bm25": [2.0, 1.0]}, index=["d", "a"])
    spec = FeatureSpec("f", "given", field="bm25")
    assert column(spec, given=given_values) == pytest.approx([1.0, NAN, NAN, 2.0], nan_ok=True)
    assert all(math.isnan(value) for value in column(spec))


ALL = [
    FeatureSpec("assets", "numeric", field="assets", label="Assets", transform="log1p", monotone=1),
    FeatureSpec("age", "numeric", field="founded", transform="age", reference_year=2025),
    FeatureSpec("style", "categorical", field="style"),
    FeatureSpec("same_style", "equal", item_field="style", query_field="style"),
    FeatureSpec("fit", "log_ratio", item_field="assets", query_field="ticket", absolute=True, monotone=-1),
    FeatureSpec("clients", "overlap", item_field="clients", query_field="clients"),
    FeatureSpec("text", "text_similarity", item_field="focus", query_field="brief"),
    FeatureSpec("region", "categorical", side="query", field="region"),
]


def test_a_space_tells_its_columns_categories_directions_and_labels():
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    assert space.columns == tuple(spec.name for spec in ALL)
    assert space.categorical == ("style", "region")
    assert space.monotone == {"assets": 1, "fit": -1}
    assert space.labels["assets"] == "Assets"
    assert space.labels["age"] == "age"


def test_a_space_read_back_builds_the_same_matrix_bit_for_bit():
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    data = space.to_bytes()
    again = FeatureSpace.from_bytes(data, hashlib.sha256(data).hexdigest())
    assert again.to_bytes() == data
    for _, query in QUERIES.iterrows():
        before = space.build(query.to_dict(), space.prepare(ITEMS))
        after = again.build(query.to_dict(), again.prepare(ITEMS))
        pd.testing.assert_frame_equal(before, after, check_exact=True)
        assert (before.dtypes == np.float64).all()
        assert before.index.tolist() == ["a", "b", "c", "d"]


def test_two_fits_on_the_same_data_give_the_same_bytes_whatever_the_order_of_rows():
    data = FeatureSpace.fit(ALL, ITEMS, QUERIES).to_bytes()
    assert FeatureSpace.fit(ALL, ITEMS.iloc[::-1], QUERIES.iloc[::-1]).to_bytes() == data


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: d[:-1], lambda d: d[:9] + b"#" + d[10:]])
def test_a_damaged_space_is_refused_before_it_is_parsed(damage):
    data = FeatureSpace.fit(ALL, ITEMS, QUERIES).to_bytes()
    with pytest.raises(CorruptModel, match="expected checksum"):
        FeatureSpace.from_bytes(damage(data), hashlib.sha256(data).hexdigest())


def test_a_new_category_and_a_new_word_change_nothing_in_a_fitted_space():
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    more = pd.concat([ITEMS, ITEMS.iloc[[0]].assign(style="quant", focus="quantitative arbitrage")])
    before = space.build(QUERY, space.prepare(ITEMS))
    after = space.build(QUERY, space.prepare(more))
    pd.testing.assert_frame_equal(before, after.iloc[:4], check_exact=True)
    assert math.isnan(after["style"].iloc[4])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_building_some_items_is_picking_their_rows_from_all(rows):
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    prepared = space.prepare(ITEMS)
    whole, part = space.build(QUERY, prepared), space.build(QUERY, prepared.take(rows))
    pd.testing.assert_frame_equal(whole.iloc[rows], part)


def test_items_may_be_taken_by_mask():
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    prepared = space.prepare(ITEMS).take(np.array([True, False, False, True]))
    assert len(prepared) == 2
    assert space.build(QUERY, prepared).index.tolist() == ["a", "d"]


def test_no_items_make_an_empty_matrix_with_all_columns():
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    for none in (space.prepare(ITEMS).take([]), space.prepare(ITEMS.iloc[:0])):
        assert space.build(QUERY, none).shape == (0, len(ALL))


def test_a_field_that_is_not_there_is_named():
    spec = FeatureSpec("f", "numeric", field="turnover")
    with pytest.raises(InvalidFeatures, match="feature 'f': the items have no field 'turnover'"):
        FeatureSpace.fit([spec], ITEMS, QUERIES)
    space = FeatureSpace.fit(ALL, ITEMS, QUERIES)
    with pytest.raises(InvalidFeatures, match="the query has no field 'ticket'"):
        space.build({"style": "growth"}, space.prepare(ITEMS))


@pytest.mark.parametrize(
    ("spec", "field", "value", "words"),
    [
        (FeatureSpec("f", "numeric", field="assets"), "assets", "much", "field 'assets'"),
        (FeatureSpec("f", "numeric", field="assets"), "assets", math.inf, "infinite at row 1"),
        (
            FeatureSpec("f", "numeric", field="founded", transform="age", reference_year=2025),
            "founded",
            "long ago",
            "expected a year or a date",
        ),
        (
            FeatureSpec("f", "numeric", field="registered", transform="age", reference_year=2025),
            "registered",
            "2020-01-01 or later",
            "expected a year or a date",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_field(spec, field, value, words):
    items = ITEMS.astype({field: object})
    items.iloc[1, items.columns.get_loc(field)] = value
    space = FeatureSpace.fit([spec], items, QUERIES)
    with pytest.raises(InvalidFeatures, match=words):
        space.prepare(items)
