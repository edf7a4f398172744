"""A check that measured nothing says so, and which of three reasons it has."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ranking.ltr import gate, paired_results
from ranking.ltr.decision import worst
from ranking.ltr.evaluation import judge
from tests.ranking.ltr.gate.comparisons import GOOD, bad, decide, lines, of, tables

GAIN = [0.06, 0.04, 0.05, 0.07, 0.03, 0.05, 0.06, 0.04]
ALONE = ["base", "segments", "experts", "fairness", "calibration", "signed_off", "noise_floor"]


def check(decision, name):
    (found,) = (one for one in decision.checks if one.name == name)
    return found


def why(decision, name):
    reason = check(decision, name).not_measured
    return reason and (reason.why, reason.has, reason.needs, reason.unit)


def test_checks_without_a_measure_do_not_pass_and_have_no_verdict():
    decision = gate(of(lines(GAIN)))
    assert decision.verdict == "promote"
    states = {one.name: (one.state, one.verdict) for one in decision.checks}
    assert states.pop("sound") == states.pop("superiority") == ("passed", "promote")
    assert states == dict.fromkeys(ALONE, ("not_measured", None))


def test_the_state_and_the_reason_are_kept_as_plain_values():
    kept = json.loads(json.dumps(gate(of(lines(GAIN))).to_dict()))
    by_name = {one["name"]: one for one in kept["checks"]}
    assert by_name["superiority"]["not_measured"] is None
    assert by_name["noise_floor"] == {
        "name": "noise_floor",
        "verdict": None,
        "state": "not_measured",
        "figures": {},
        "words": "switched off: no training with other seeds",
        "not_measured": {
            "why": "switched_off",
            "has": None,
            "needs": None,
            "unit": "",
            "switch": "reseeds",
        },
    }


def test_graded_labels_that_are_switched_off_are_not_called_missing():
    rows, pairs = tables()
    graded = replace(rows, labels=np.tile(np.arange(6.0), 40))
    off = gate(paired_results(graded, pairs, GOOD, bad(), with_labels=False), resamples=200)
    assert check(off, "base").not_measured.why == "switched_off"
    assert check(off, "base").not_measured.switch == "labels_guard"
    on = gate(paired_results(graded, pairs, GOOD, bad()), resamples=200)
    assert check(on, "base").state == "failed"


def test_graded_labels_that_are_too_few_are_counted():
    rows, pairs = tables()
    for queries in (0, 4):
        labels = np.where(np.arange(240) < 6 * queries, np.tile(np.arange(6.0), 40), np.nan)
        labels[-1], held_out = 1.0, np.arange(240) < 234  # there is a label, on a query that is trained on
        graded = replace(rows, labels=labels, held_out=held_out)
        decision = gate(paired_results(graded, pairs, GOOD, bad()), resamples=200)
        reason = ("too_little_evidence", queries, 6, "held-out queries with graded labels")
        assert why(decision, "base") == reason
        assert check(decision, "base").words == f"needs 6 held-out queries with graded labels, has {queries}"


def test_what_is_not_there_at_all_does_not_apply():
    rows, pairs = tables()
    bare = paired_results(replace(rows, segments={}, protected={}), pairs, GOOD, bad())
    decision = gate(bare, resamples=200)
    words = {name: check(decision, name).words for name in ("base", "segments", "fairness", "signed_off")}
    assert {why(decision, name)[0] for name in words} == {"not_applicable"}
    assert words == {
        "base": "there are no graded labels",
        "segments": "no segments are declared",
        "fairness": "no protected attribute is declared",
        "signed_off": "no pairs are signed off",
    }


@pytest.mark.parametrize("name", ["base", "experts", "calibration"])
def test_a_training_from_labels_before_any_session_has_no_expert_to_ask(name):
    rows, pairs = tables()
    graded = replace(rows, labels=np.tile(5 - np.arange(6.0), 40))
    nobody = pairs.without(["ada", "bob"])
    decision = gate(paired_results(graded, nobody, GOOD, bad()), decisive="ndcg@10", resamples=200)
    assert (why(decision, name)[0], decision.verdict) == ("not_applicable", "promote")


def test_segments_that_are_too_small_say_how_large_the_largest_is():
    sizes = {"east": 16, "west": 9}
    parts = [lines([0.01] * n, family="segment", name="region", group=one) for one, n in sizes.items()]
    decision = gate(of(lines(GAIN), *parts))
    assert check(decision, "segments").words == "needs 30 held-out queries per segment, has 16"
    assert why(decision, "segments") == ("too_little_evidence", 16, 30, "held-out queries per segment")


def test_small_segments_and_experts_beside_larger_ones_are_counted():
    large = lines([0.01] * 30, family="segment", name="region", group="east")
    small = lines([0.01] * 29, family="segment", name="region", group="west")
    bo, ann = (lines([-0.01] * n, family="expert", group=who) for who, n in (("bo", 7), ("ann", 5)))
    decision = gate(of(lines(GAIN), large, small, bo, ann))
    assert check(decision, "segments").words.endswith("Not measured: 1 segment has fewer than 30 queries")
    assert check(decision, "experts").words == (
        "no significant drop. Lowest: agreement with bo −1.0 points (7 queries). "
        "Not measured: 1 expert has fewer than 6 queries"
    )
    assert check(decision, "experts").state == "passed"


def test_an_expert_with_too_few_queries_is_too_little_evidence():
    decision = gate(of(lines(GAIN), lines([0.1] * 5, family="expert", group="bo")))
    assert why(decision, "experts") == ("too_little_evidence", 5, 6, "held-out queries per expert")


@pytest.mark.parametrize(
    ("shares", "queries", "reason"),
    [
        ({"bank": 0.5, "family": 0.5}, 4, (4, 6, "held-out queries in each of two groups")),
        ({"bank": 1.0}, 8, (0, 6, "held-out queries in each of two groups")),
        ({"bank": 0.99, "family": 0.01}, 8, (1, 2, "groups with 5 % of the candidates")),
    ],
    ids=["few queries", "one group", "a tiny group"],
)
def test_groups_that_cannot_be_compared_say_what_is_missing(shares, queries, reason):
    parts = [
        lines([0.0] * queries, family="exposure", name="owner", metric="exposure@10", group=group, base=base)
        for group, base in shares.items()
    ]
    decision = gate(of(lines(GAIN), *parts))
    assert why(decision, "fairness") == ("too_little_evidence", *reason)


def test_signed_off_pairs_that_nobody_could_look_at_did_not_pass():
    decision = decide(GOOD, signed_off=[("q3", "i4", "nobody")])
    assert why(decision, "signed_off")[:3] == ("too_little_evidence", 0, 1)


@pytest.mark.parametrize("queries", [0, 5])
def test_a_gain_that_too_few_queries_tell_holds_back_and_was_not_measured(queries):
    parts = [lines(GAIN[:queries])] if queries else [lines(GAIN, family="expert", group="ada")]
    decision = gate(of(*parts), reseeded=[0.6, 0.61])
    assert (decision.verdict, check(decision, "superiority").state) == ("not_yet", "not_measured")
    assert why(decision, "superiority") == ("too_little_evidence", queries, 6, "held-out queries")


def test_a_first_version_has_nobody_to_replace():
    (sound,) = judge(None, decisive="pair_accuracy").checks
    assert (sound.state, sound.not_measured.why, sound.verdict) == (
        "not_measured",
        "not_applicable",
        "not_yet",
    )


def test_a_verdict_rests_on_what_was_measured():
    assert worst([None, "not_yet", None]) == "not_yet"
    assert pd.Series([one.verdict for one in gate(of(lines(GAIN))).checks]).dropna().eq("promote").all()


def test_a_side_of_which_too_few_queries_tell_holds_back_and_was_not_measured():
    heard = lines([0.1] * 7, family="side", group="ada")
    few = lines([0.1] * 5, family="side", group="bo")
    decision = gate(of(lines(GAIN), heard, few, sides=("ada", "bo")))
    assert (decision.verdict, check(decision, "sides").state) == ("not_yet", "not_measured")
    assert why(decision, "sides") == ("too_little_evidence", 5, 6, "held-out queries of each side")
