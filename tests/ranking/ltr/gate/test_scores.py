"""The gate from the scores of two versions: which check promotes, holds back or refuses."""

import json

import numpy as np
import pandas as pd
import pytest

from ranking.ltr import InvalidFeatures, gate, paired_results
from ranking.ltr.tables import Pairs
from tests.ranking.ltr.gate.comparisons import (
    GOOD,
    QUERIES,
    SIZE,
    bad,
    decide,
    failed,
    lines,
    of,
    owner,
    tables,
)


def test_a_challenger_that_ranks_better_is_promoted_from_its_scores():
    decision = decide(3 * GOOD + 0.2 * (bad(1) - GOOD))
    assert decision.verdict == "promote", decision.reason
    assert [check.name for check in decision.checks] == [
        "sound",
        "superiority",
        "base",
        "segments",
        "experts",
        "fairness",
        "calibration",
        "signed_off",
        "noise_floor",
    ]


@pytest.mark.parametrize(
    ("challenger", "more", "check"),
    [
        (np.where(np.arange(len(GOOD)) == 7, np.nan, GOOD), {}, "sound"),
        (np.where(np.arange(len(GOOD)) == 7, np.inf, GOOD), {}, "sound"),
        (np.repeat(np.arange(QUERIES), SIZE).astype(float), {}, "sound"),
        (GOOD, {"trained_queries": ["q3"]}, "sound"),
        (-GOOD, {}, "superiority"),
        (100 * bad(1), {}, "calibration"),
        (GOOD + 2 * owner(), {}, "fairness"),
        (GOOD, {"signed_off": [("q3", "i4", "i1")]}, "signed_off"),
    ],
    ids=["NaN", "infinite", "constant", "leaked", "inverted", "miscalibrated", "unfair", "flipped"],
)
def test_a_challenger_that_breaks_a_guardrail_is_refused_by_it(challenger, more, check):
    decision = decide(challenger, **more)
    assert decision.verdict == "refuse"
    assert check in failed(decision)


def test_the_champion_at_another_scale_is_the_champion():
    decision = decide(3 * GOOD, GOOD)
    assert (decision.verdict, failed(decision), decision.slates_needed) == ("not_yet", ["sound"], None)


def test_signed_off_pairs_of_unknown_items_are_said_not_to_have_been_looked_at():
    decision = decide(GOOD, signed_off=[("q3", "i4", "nobody"), ("q3", "i1", "i4")])
    (check,) = (check for check in decision.checks if check.name == "signed_off")
    assert (check.state == "passed", check.figures["pairs"], check.figures["missing"]) == (True, 1, 1)
    assert check.words == "all 1 stay in order; 1 could not be looked at"


def test_lists_that_were_not_shuffled_are_dropped_and_counted():
    rows, pairs = tables()
    shown = pairs.preferences.list_id < 30
    half = Pairs(pairs.preferences, pairs.origin, shown, pairs.held_out)
    decision = gate(paired_results(rows, half, GOOD, bad()), resamples=500)
    (gain,) = (check for check in decision.checks if check.name == "superiority")
    assert (decision.dropped, gain.figures["n_queries"]) == (10, 30)


@pytest.mark.parametrize(
    "decision",
    [
        lambda: decide(GOOD),
        lambda: decide(-GOOD),
        lambda: decide(GOOD, GOOD),
        lambda: decide(GOOD, signed_off=[("q3", "i4", "i1")]),
        lambda: gate(of(lines(np.array([])))),
        lambda: gate(of(lines(np.array([0.1])))),
    ],
)
def test_a_decision_can_be_written_as_json(decision):
    found = decision().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


# --- scores by position -------------------------------------------------------------------------------------
BACKWARDS = range(len(GOOD) - 1, -1, -1)


@pytest.mark.parametrize(
    "held", [list, tuple, pd.Series, lambda one: pd.Series(one, index=BACKWARDS)],
    ids=["list", "tuple", "Series", "Series of another index"],
)  # fmt: skip
def test_scores_belong_to_rows_by_position(held):
    challenger = 3 * GOOD + 0.2 * (bad(1) - GOOD)
    assert decide(held(challenger), held(0.5 * bad())) == decide(challenger)


SCORES_REFUSED = {
    "too few": (
        {"challenger": GOOD[:-1]},
        r"challenger has shape \(239,\); expected 240 numbers, one for each row",
    ),
    "two a row": (
        {"champion": np.stack([GOOD, GOOD], 1)},
        r"champion has shape \(240, 2\); expected 240 numbers",
    ),
    "none": ({"champion": None}, "champion is None; expected 240 numbers"),
    "text": ({"challenger": ["high"] * len(GOOD)}, "challenger holds what is no number, such as 'high'"),
}


@pytest.mark.parametrize(("change", "words"), SCORES_REFUSED.values(), ids=SCORES_REFUSED.keys())
def test_scores_that_are_not_one_number_a_row_are_refused(change, words):
    with pytest.raises(InvalidFeatures, match=words):
        paired_results(*tables(), **({"challenger": GOOD, "champion": bad()} | change))
