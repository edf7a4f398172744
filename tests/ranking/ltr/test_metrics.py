"""Metrics: worked cases, other people's implementations as oracles, properties."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.metrics import kendall_tau, ndcg, pair_accuracy
from ranking.ltr.preferences import Preferences

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/ltr_ndcg.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["desc"] for case in CASES])
def test_the_worked_cases_of_ndcg_hold(case):
    labels = [np.nan if label is None else label for label in case["labels"]]
    found = ndcg(labels, case["scores"], ["q"] * len(labels), k=case["k"])
    assert found.mean() == pytest.approx(case["ndcg"])
    assert found.name == f"ndcg@{case['k']}"


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=20)


@settings(max_examples=30)
@given(ROWS, st.integers(1, 12))
def test_ndcg_agrees_with_scikit_learn_ties_included(rows, k):
    labels, scores = np.array(rows, dtype=float).T
    found = ndcg(labels, scores, np.zeros(len(rows)), k=k)
    if labels.max() == 0:
        assert (len(found.values), found.left_out) == (0, 1)
    else:
        assert found.mean() == pytest.approx(ndcg_score([labels], [scores], k=k))


def test_ndcg_agrees_with_ir_measures_where_nothing_is_tied():
    ir_measures = pytest.importorskip("ir_measures", reason="an oracle; install the extra `bench`")
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, 60), rng.permutation(60).astype(float)
    queries = np.repeat(["a", "b", "c"], 20)
    qrels = [
        ir_measures.Qrel(q, str(i), int(label))
        for i, (q, label) in enumerate(zip(queries, labels, strict=True))
    ]
    run = [ir_measures.ScoredDoc(q, str(i), s) for i, (q, s) in enumerate(zip(queries, scores, strict=True))]
    expected = {m.query_id: m.value for m in ir_measures.iter_calc([ir_measures.nDCG @ 10], qrels, run)}
    assert ndcg(labels, scores, queries).values.to_dict() == pytest.approx(expected)


def test_queries_without_a_relevant_row_are_left_out_and_counted():
    labels = [1, 0, 0, 0, np.nan, np.nan]
    found = ndcg(labels, range(6), ["a", "a", "b", "b", "c", "c"])
    assert list(found.values.index) == ["a"]
    assert found.left_out == 2


def test_a_metric_of_no_query_has_no_mean():
    assert np.isnan(ndcg([0.0], [1.0], ["a"]).mean())


@settings(max_examples=30)
@given(ROWS, st.permutations(range(20)))
def test_the_order_of_the_rows_changes_no_metric(rows, order):
    labels, scores = np.array(rows, dtype=float).T
    queries = np.array(["a", "b"])[np.arange(len(rows)) % 2]
    shuffled = [place for place in order if place < len(rows)]
    found, again = ndcg(labels, scores, queries), ndcg(labels[shuffled], scores[shuffled], queries[shuffled])
    assert found.values.to_dict() == pytest.approx(again.values.to_dict())


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        ([-1.0, 1.0], [1.0, 2.0], "label of row 0 is -1.0"),
        ([np.inf, 1.0], [1.0, 2.0], "label of row 0 is inf"),
        ([1.0, 1.0], [1.0, np.nan], "scores of shape .*, row 1 is nan"),
        ([1.0], [1.0, 2.0], "expected equal"),
        (["good", "bad"], [1.0, 2.0], "labels holds what is no number, such as 'good'"),
        ([1.0, 1.0], [[1.0, 2.0]], r"scores has shape \(1, 2\)"),
    ],
)
def test_values_without_a_meaning_are_refused(labels, scores, words):
    with pytest.raises(InvalidFeatures, match=words):
        ndcg(labels, scores, ["a", "a"])


@pytest.mark.parametrize("missing", [np.nan, None], ids=["NaN", "None"])
def test_a_row_without_a_query_is_refused_by_its_number(missing):
    with pytest.raises(InvalidFeatures, match=r"query of row 1 is .*; expected a key"):
        ndcg([1.0, 1.0], [1.0, 2.0], ["a", missing])
    with pytest.raises(InvalidFeatures, match=r"query of row 1 is .*; expected a key"):
        pair_accuracy([1.0, 2.0], Preferences.from_orders([[0, 1]], judge="ada"), ["a", missing])


def test_a_cut_of_no_places_is_refused():
    with pytest.raises(InvalidFeatures, match="k is 0; expected a whole number, at least 1"):
        ndcg([1.0], [1.0], ["a"], k=0)


def test_accuracy_weighs_pairs_within_a_query_and_counts_ties_of_the_scores_half():
    pairs = Preferences.from_pairs(winner=[0, 1, 3], loser=[1, 2, 4], judge="ada", weight=[3.0, 1.0, 1.0])
    found = pair_accuracy([5.0, 1.0, 2.0, 7.0, 7.0], pairs, ["q", "q", "q", "r", "r"])
    assert found.values.to_dict() == {"q": 0.75, "r": 0.5}


def test_pairs_tied_by_the_expert_say_nothing_about_an_order():
    pairs = Preferences.from_orders([[[0, 1]], [[2, 3], 4]], judge="ada")
    found = pair_accuracy([0.0, 1.0, 5.0, 2.0, 3.0], pairs)
    assert found.values.to_dict() == {1: 0.5}
    assert found.left_out == 1


def test_a_soft_target_below_a_half_names_the_loser_as_better():
    pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="ada", target=[0.2])
    assert pair_accuracy([0.0, 1.0], pairs).mean() == 1.0


def test_accuracy_holds_pairs_against_their_queries():
    pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="ada")
    with pytest.raises(InvalidPreferences, match="joins queries"):
        pair_accuracy([0.0, 1.0], pairs, ["q", "r"])


@given(st.permutations(range(7)), st.permutations(range(7)))
def test_accuracy_of_a_strict_list_is_kendalls_tau_in_other_units(order, scores):
    pairs = Preferences.from_orders([order], judge="ada")
    by_place = np.zeros(7)
    by_place[list(order)] = np.arange(7, 0, -1)
    assert 2 * pair_accuracy(scores, pairs).mean() - 1 == pytest.approx(kendall_tau(by_place, scores))


def test_tau_of_a_constant_is_unknown():
    assert np.isnan(kendall_tau([1, 1, 1], [1, 2, 3]))
    with pytest.raises(InvalidFeatures, match="two scorings of the same rows"):
        kendall_tau([1, 2], [1, 2, 3])
