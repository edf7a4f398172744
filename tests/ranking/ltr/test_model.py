"""Rankers: sums of components that explain themselves, written and read in one way."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.errors import CorruptModel, InvalidFeatures
from ranking.ltr.model import (
    BASE,
    LinearComponent,
    LinearTerm,
    Ranker,
    RuleComponent,
    Scorer,
    TreeComponent,
    checksum,
    load_ranker,
)
from ranking.ltr.preferences import Preferences

ROOT = Path(__file__).parents[3]
COLUMNS = ("fee", "size", "state")


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "fee": rng.normal(size=n),
            "size": rng.lognormal(3, 2, n),
            "state": rng.integers(0, 5, n).astype(float),
        }
    )
    return features.mask(rng.random((n, 3)) < 0.1)


def trees(features, name="version 1", weight=1.0, seed=0):
    rng = np.random.default_rng(seed)
    worth = features.fillna(0)["fee"].to_numpy() + rng.normal(0, 0.3, len(features))
    orders = [rows[np.argsort(-worth[rows])].tolist() for rows in np.arange(len(features)).reshape(-1, 8)]
    params = BoostingParams(rounds=15, num_leaves=6, min_data_in_leaf=5)
    pairs = Preferences.from_orders(orders, judge="ada")
    return TreeComponent(
        name, weight, COLUMNS, boost(features, pairs, params=params, seed=seed, categorical=["state"])
    )


def every_kind():
    features = table()
    rule = RuleComponent.fit(features, [("size", "descending"), ("fee", "ascending")], weight=2.5)
    terms = (LinearTerm(("fee",), 0.7), LinearTerm(("fee", "size"), -0.4))
    linear = LinearComponent("line", 0.5, ("fee", "size"), (0.0, 90.0), (1.0, 300.0), terms)
    return features, Ranker(
        COLUMNS, (rule, linear, trees(features), trees(features, "version 2", 0.3, seed=1))
    )


FEATURES, RANKER = every_kind()


def test_contributions_add_up_to_the_score_exactly():
    shares = RANKER.contributions(FEATURES)
    assert list(shares.columns) == [*COLUMNS, BASE]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(RANKER.score(FEATURES), abs=1e-9)


def test_component_scores_say_what_each_training_taught():
    parts = RANKER.component_scores(FEATURES)
    assert list(parts.columns) == ["sorting rule", "line", "version 1", "version 2"]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(RANKER.score(FEATURES), abs=1e-12)


def test_an_extended_ranker_adds_its_component_and_leaves_the_old_one_alone():
    before = RANKER.to_bytes()
    new = trees(FEATURES, "version 3", seed=2)
    extended = RANKER.extended(new)
    assert extended.score(FEATURES) - RANKER.score(FEATURES) == pytest.approx(new.score(FEATURES), abs=1e-9)
    assert RANKER.to_bytes() == before


def test_an_extended_ranker_may_read_new_columns():
    rule = RuleComponent.fit(FEATURES, [("size", "descending")])
    wider = Ranker(("size",), (rule,)).extended(trees(FEATURES))
    assert wider.columns == ("size", "fee", "state")
    shares = wider.contributions(FEATURES)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(wider.score(FEATURES), abs=1e-9)


def test_scaling_changes_no_order():
    scaled = RANKER.scaled(3.0)
    assert scaled.score(FEATURES) == pytest.approx(3 * RANKER.score(FEATURES))
    with pytest.raises(InvalidFeatures, match="expected a positive number"):
        RANKER.scaled(0.0)


def test_columns_are_taken_by_name_and_never_by_place():
    shuffled = FEATURES[["state", "size", "fee"]].assign(unused="words")
    assert RANKER.score(shuffled).tolist() == RANKER.score(FEATURES).tolist()
    assert RANKER.score(FEATURES.to_numpy()).tolist() == RANKER.score(FEATURES).tolist()


def test_a_row_is_scored_alike_whatever_stands_beside_it():
    alone = [RANKER.score(FEATURES.iloc[[row]])[0] for row in range(20)]
    assert alone == RANKER.score(FEATURES)[:20].tolist()


def test_no_rows_have_no_scores():
    assert RANKER.score(FEATURES.iloc[:0]).shape == (0,)
    assert RANKER.contributions(FEATURES.iloc[:0]).shape == (0, 4)
    assert RANKER.component_scores(FEATURES.iloc[:0]).shape == (0, 4)


def test_a_ranker_is_a_scorer():
    assert isinstance(RANKER, Scorer)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (FEATURES[["fee", "size"]], "column 'state' is missing"),
        (FEATURES.assign(fee="cheap"), "column 'fee' has type"),
        (FEATURES.assign(size=np.inf), "column 'size', row 0 is infinite"),
        (FEATURES.to_numpy()[:, :2], r"shape \(200, 2\); expected \(n, 3\)"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_column(features, words):
    with pytest.raises(InvalidFeatures, match=words):
        RANKER.score(features)


# the sorting rule


@example([None, 0.0, 0.0, 1.0, 4e-90, -1.0], False)
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=30), st.booleans())
def test_a_rule_of_one_key_sorts_as_a_spreadsheet_does_with_missing_values_last(values, ascending):
    features = pd.DataFrame({"fee": pd.array(values, dtype="Float64").to_numpy(float, na_value=np.nan)})
    rule = RuleComponent.fit(features, [("fee", "ascending" if ascending else "descending")])
    by_score = features["fee"].iloc[np.argsort(-rule.score(features), kind="stable")]
    by_value = features["fee"].sort_values(ascending=ascending, na_position="last")
    assert by_score.to_numpy() == pytest.approx(by_value.to_numpy(), nan_ok=True, abs=1e-4)


def test_the_second_key_decides_only_where_the_first_is_level():
    features = pd.DataFrame({"size": [1.0, 1.0, 2.0, 3.0, 4.0], "fee": [9.0, 5.0, 99.0, 99.0, 99.0]})
    rule = RuleComponent.fit(features, [("size", "descending"), ("fee", "ascending")])
    assert np.argsort(-rule.score(features)).tolist() == [4, 3, 2, 1, 0]


def test_a_column_of_mostly_one_value_still_tells_its_values_apart():
    features = pd.DataFrame({"local": [0.0] * 9 + [1.0]})
    assert RuleComponent.fit(features, [("local", "descending")]).score(features).argmax() == 9


def test_a_column_of_one_value_or_of_none_is_no_obstacle():
    features = pd.DataFrame({"a": [5.0, 5.0], "b": [np.nan, np.nan]})
    rule = RuleComponent.fit(features, [("a", "descending"), ("b", "ascending")])
    assert np.ptp(rule.score(features)) == 0


@pytest.mark.parametrize(
    ("sort", "words"),
    [
        ([], "without keys"),
        ([("fees", "ascending")], "names 'fees'"),
        ([("fee", "down")], "direction of 'fee' is 'down'"),
    ],
)
def test_a_rule_that_cannot_sort_is_refused(sort, words):
    with pytest.raises(InvalidFeatures, match=words):
        RuleComponent.fit(FEATURES, sort)


# what a ranker may be made of


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Ranker(COLUMNS, ()), "expected at least one"),
        (lambda: Ranker(("fee", "fee"), RANKER.components), "unique names"),
        (lambda: Ranker((BASE,), RANKER.components), "none of them 'base'"),
        (lambda: Ranker(("fee",), RANKER.components), "reads"),
        (lambda: RANKER.extended(RANKER.components[0]), "a name of its own"),
        (lambda: LinearComponent("x", 1.0, ("a",), (0.0,), (0.0,), ()), "not positive"),
        (
            lambda: LinearComponent("x", 1.0, ("a",), (0.0,), (1.0,), (LinearTerm(("b",), 1.0),)),
            "unknown columns",
        ),
    ],
)
def test_a_contradictory_ranker_cannot_be_made(make, words):
    with pytest.raises(InvalidFeatures, match=words):
        make()


def test_trees_over_other_columns_than_named_are_refused():
    narrow = TreeComponent("x", 1.0, ("fee",), RANKER.components[2].model_text)
    with pytest.raises(CorruptModel, match="trees over 3 columns, named 1"):
        narrow.score(FEATURES)


# the file


def test_a_written_ranker_is_read_back_bit_by_bit():
    data = RANKER.to_bytes()
    read = load_ranker(data, checksum(data))
    assert read == RANKER
    assert read.to_bytes() == data
    assert read.score(FEATURES).tolist() == RANKER.score(FEATURES).tolist()


@settings(max_examples=300)
@given(st.data())
def test_one_flipped_bit_anywhere_is_refused_by_checksum(data):
    whole = RANKER.to_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptModel, match="has checksum"):
        load_ranker(bytes(damaged), checksum(whole))


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_or_empty_file_is_refused_by_checksum(kept):
    whole = RANKER.to_bytes()
    with pytest.raises(CorruptModel, match="has checksum"):
        load_ranker(whole[:kept], checksum(whole))


def changed(**content):
    return json.dumps(json.loads(RANKER.to_bytes()) | content).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a model file"),
        (b"tree\nversion=v4", "not a model file"),
        (b"[1, 2]", "not a model file"),
        (b"[" * 100_000, "not a model file"),
        (b"\xff\xfe", "not a model file"),
        (changed(version=2), "version 2; expected 1"),
        (changed(format="pickle"), "format 'pickle'"),
        (changed(components=[{"kind": "code"}]), "not a model file"),
        (changed(components=[{"kind": "trees", "name": "x"}]), "not a model file"),
        (changed(columns=["fee"]), "not a model file"),
    ],
)
def test_the_right_checksum_of_a_wrong_file_does_not_help(data, words):
    with pytest.raises(CorruptModel, match=words):
        load_ranker(data, checksum(data))


def test_reading_a_model_does_not_load_lightgbm_until_it_scores(tmp_path):
    """A web worker that reads a version's metadata must not start LightGBM's threads before it forks."""
    path = tmp_path / "model.json"
    path.write_bytes(RANKER.to_bytes())
    code = (
        "import sys, pathlib; from ranking.ltr.model import load_ranker; "
        f"load_ranker(pathlib.Path({str(path)!r}).read_bytes(), {checksum(RANKER.to_bytes())!r}); "
        "sys.exit('lightgbm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
