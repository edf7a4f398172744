"""What stored evaluations say: checks with a state, also of older ones, and the fall beside the verdict."""

from __future__ import annotations

import pytest

from ranking.decisions import decision_in, fall_in
from ranking.ltr.decision import NotMeasured
from tests import trainings

OFF = NotMeasured("switched_off", "switched off", switch="labels_guard")
FEW = NotMeasured.too_little(4, 6, "held-out queries with graded labels")
HISTORY, STANDARD = {"labels_guard": False}, {"labels_guard": True}
FELL = {
    "challenger": 0.511,
    "champion": 0.797,
    "difference": -0.287,
    "low": -0.351,
    "high": -0.222,
    "n_queries": 12,
}


def results(base=None, metric="ndcg@10", **changed):
    unmeasured = {} if base is None else {"base": base}
    return {
        "metrics": {metric: FELL | changed},
        "gate": trainings.gate_decision("promote", unmeasured=unmeasured),
    }


def older(name, verdict="promote", **figures):
    """A check as it was stored before checks had a state."""
    passed = verdict == "promote"
    return {"name": name, "verdict": verdict, "passed": passed, "figures": figures, "words": "as it was"}


def test_older_checks_are_read_as_if_they_had_a_state():
    checks = [
        older("sound"),
        older("superiority", "not_yet"),
        older("base", "refuse", tested=[]),
        older("segments"),
        older("experts", tested=[]),
    ]
    read = decision_in({"gate": {"verdict": "refuse", "checks": checks}})
    assert [(check["name"], check["state"], check["verdict"]) for check in read["checks"]] == [
        ("sound", "passed", "promote"),
        ("superiority", "failed", "not_yet"),
        ("base", "failed", "refuse"),
        ("segments", "not_measured", None),
        ("experts", "passed", "promote"),
    ]
    assert read["checks"][3]["not_measured"]["why"] == "not_recorded"
    assert not any("passed" in check for check in read["checks"])
    assert decision_in({"metrics": {}}) is None


def test_a_switch_is_named_with_the_place_where_it_stands():
    (base,) = (check for check in decision_in(results(OFF))["checks"] if check["name"] == "base")
    assert base["words"] == "switched off for this project: labels_guard = false in project.toml"


def test_a_fall_on_past_grades_that_are_history_says_its_figures():
    fall = fall_in(results(OFF), "preferences", HISTORY)
    assert fall.in_short == "past grades −28.7 points"
    assert fall.words == (
        "NDCG@10 on past grades fell 28.7 points (.797 to .511 on 12 held-out needs, "
        "95 % interval −35.1 to −22.2). Past grades are history in this project: no check limits a fall."
    )


@pytest.mark.parametrize(
    ("stored", "mode", "description", "why"),
    [
        (results(OFF), "preferences", STANDARD, "history"),  # declared when it was evaluated
        (results(), "preferences", HISTORY, "history"),  # declared since
        (results(), "preferences", STANDARD, None),  # the check limits it
        (results(FEW), "preferences", STANDARD, "too_little_evidence"),
        (results(FEW, metric="pair_accuracy"), "labels", STANDARD, "too_little_evidence"),
        (results(FEW, metric="pair_accuracy"), "labels", HISTORY, "too_little_evidence"),
        (results(OFF, metric="pair_accuracy"), "preferences", HISTORY, None),  # it decides
        ({"metrics": {"ndcg@10": FELL}}, "preferences", HISTORY, "history"),  # before there was a gate
        ({"metrics": {"ndcg@10": FELL}}, "preferences", {}, "not_checked"),
        ({"metrics": {}}, "preferences", HISTORY, None),
        (results(OFF, difference=None), "preferences", HISTORY, None),  # a first version
        (results(OFF, difference=0.01), "preferences", HISTORY, None),
        (results(OFF, difference=-0.0004), "preferences", HISTORY, None),  # −0.0 points
    ],
)
def test_what_no_check_limits_stands_beside_the_verdict(stored, mode, description, why):
    fall = fall_in(stored, mode, description)
    assert (fall and fall.why) == why


def test_a_fall_that_a_check_holds_against_a_version_is_that_verdict():
    stored = {"metrics": {"ndcg@10": FELL}, "gate": trainings.gate_decision("refuse", "base")}
    assert fall_in(stored, "preferences", HISTORY) is None


def test_a_fall_without_an_interval_has_none_in_words():
    fall = fall_in(results(OFF, low=None, high=None, n_queries=1), "preferences", HISTORY)
    assert "(.797 to .511 on 1 held-out need)." in fall.words
