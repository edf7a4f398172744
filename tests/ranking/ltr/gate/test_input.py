"""What the gate is given: bad input is named, and a leak is found however its keys are written."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr import InvalidFeatures, PairedResults, gate
from ranking.ltr.decision import worst
from tests.ranking.ltr.gate.comparisons import GOOD, decide, failed, lines, of


def test_the_worst_verdict_counts():
    assert worst(["promote", "not_yet"]) == "not_yet"
    assert worst(["refuse", "not_yet"]) == "refuse"


TEN = np.tile([0.05, 0.06], 5)
BAD_INPUT = {
    "a difference that is no number": (lambda: of(lines(np.array([0.1, np.nan]))), {}, "not finite"),
    "a query twice": (lambda: of(lines(TEN), lines(TEN)), {}, "challenger has query 'q0' twice"),
    "an unknown deciding metric": (lambda: of(lines(TEN)), {"decisive": "map"}, "decisive metric is 'map'"),
    "one seed": (lambda: of(lines(TEN)), {"reseeded": [0.5]}, "two or more"),
    "a number for seeds": (
        lambda: of(lines(TEN)),
        {"reseeded": 0.7},
        r"reseeded has shape \(\); expected a number",
    ),
    "words for seeds": (lambda: of(lines(TEN)), {"reseeded": ["x", "y"]}, "reseeded holds .* such as 'x'"),
    "a mean that is none": (lambda: of(lines(TEN)), {"reseeded": [0.5, np.nan]}, "two or more finite means"),
    "no resamples": (lambda: of(lines(TEN)), {"resamples": 0}, "resamples is 0; expected a whole number"),
    "a negative seed": (lambda: of(lines(TEN)), {"seed": -1}, "seed is -1; expected a whole number"),
    "limits as a dict": (
        lambda: of(lines(TEN)),
        {"limits": {"gain": 0.01}},
        "limits are a dict; expected GateLimits",
    ),
    "a table of lines": (lambda: lines(TEN), {}, "results are a DataFrame; expected PairedResults"),
    "a column short": (lambda: of(lines(TEN).drop(columns="randomised")), {}, "no column 'randomised'"),
    "an unknown family": (lambda: of(lines(TEN, family="friends")), {}, "family 'friends'"),
    "an unknown metric": (
        lambda: of(lines(TEN, metric="ndcg")),
        {},
        "metric of figures, line 0 is 'ndcg'; expected",
    ),
    "a metric of another family": (
        lambda: of(lines(TEN, family="exposure")),
        {},
        "metric of figures, line 0 is 'pair_accuracy'; expected one of .'exposure@10',.",
    ),
    "text for figures": (
        lambda: of(lines(TEN).assign(champion="0.6")),
        {},
        "champion of figures, line 0 is '0.6'; expected a number",
    ),
    "percent": (
        lambda: of(lines(TEN).assign(champion=60.0)),
        {},
        "champion of figures, line 0 is 60.0; expected a share, from 0 to 1",
    ),
    "a list for a table": (
        lambda: PairedResults.of_queries([0.5]),
        {},
        "lines are a list; expected a DataFrame",
    ),
    "a list for figures": (lambda: PairedResults([0.5]), {}, "figures are a list; expected a DataFrame"),
    "a query without a key": (
        lambda: of(lines(TEN).assign(query=[None, *"abcdefghi"])),
        {},
        "query of figures, line 0 is .*; expected a query's key",
    ),
    "text for truth": (
        lambda: of(lines(TEN, randomised="False")),
        {},
        "randomised of figures, line 0 is 'False'; expected True or False",
    ),
    "a truth that is missing": (
        lambda: of(lines(TEN).assign(randomised=[True] * 9 + [np.nan])),
        {},
        "randomised of figures, line 9 is nan; expected True or False",
    ),
    "a margin's truth": (
        lambda: of(lines(TEN), margins=margins(randomised="False")),
        {},
        "randomised of margins, line 0 is 'False'; expected True or False",
    ),
    "a margin's weight": (
        lambda: of(lines(TEN), margins=margins(weight="1")),
        {},
        "weight of margins, line 0 is '1'",
    ),
    "one text for queries": (
        lambda: of(lines(TEN), trained_queries="q10"),
        {},
        "trained_queries is 'q10'; expected a collection of query keys",
    ),
    "a number for queries": (lambda: of(lines(TEN), trained_queries=7), {}, "trained_queries is a int"),
    "a query that is missing": (
        lambda: of(lines(TEN), trained_queries=["a", None]),
        {},
        "entry 1 is missing",
    ),
}


def margins(**change):
    line = {"query": "q0", "challenger": 0.5, "champion": 0.2, "weight": 1.0, "randomised": True}
    return pd.DataFrame([line | change])


@pytest.mark.parametrize(("results", "how", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(results, how, words):
    with pytest.raises(InvalidFeatures, match=words):
        gate(results(), **how)


def test_the_order_of_random_lists_may_be_said_in_any_truth_values():
    told = [
        lines(TEN, randomised=one) for one in (True, np.bool_(True), pd.Series([True] * 10, dtype="boolean"))
    ]
    assert [gate(of(one)).verdict for one in told] == ["promote"] * 3


# --- leaks --------------------------------------------------------------------------------------------------
LEAKS = {
    "whole numbers": (range(8), [0, 1]),
    "a set of whole numbers": (range(8), frozenset([0, 1])),
    "an array": (range(8), np.array([0, 1])),
    "a Series": (range(8), pd.Series([0, 1], index=[4, 5])),
    "their text": (range(8), ["0", "1"]),
    "read as floats": (range(8), [0.0, 1.0]),
    "the text of floats": (range(8), ["0.0", "1.0"]),
    "judged as floats": (np.arange(8.0), [0, 1]),
    "judged as text": (list("01234567"), [0, 1]),
    "judged as the text of floats": ([f"{one}.0" for one in range(8)], [0, 1]),
    "a generator": (range(8), (one for one in (0, 1))),
}


@pytest.mark.parametrize(("queries", "trained"), LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_is_found_however_the_keys_are_written(queries, trained):
    table = pd.DataFrame({"query": queries, "champion": 0.6, "challenger": 0.65 + 0.01 * np.arange(8)})
    decision = gate(PairedResults.of_queries(table, trained_queries=trained))
    assert (decision.verdict, failed(decision)) == ("refuse", ["sound"])
    assert "it has learned from 2 of the queries" in decision.reason


@pytest.mark.parametrize("trained", [[], ["q1"], [11], ["10"], [0.5]])
def test_other_queries_are_no_leak(trained):
    table = pd.DataFrame({"query": range(8), "champion": 0.6, "challenger": 0.65 + 0.01 * np.arange(8)})
    assert gate(PairedResults.of_queries(table, trained_queries=trained)).verdict == "promote"


def test_one_text_is_no_collection_of_queries():
    with pytest.raises(
        InvalidFeatures, match="trained_queries is 'q10'; expected a collection of query keys"
    ):
        decide(GOOD, trained_queries="q10")
