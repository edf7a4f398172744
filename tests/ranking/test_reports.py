"""What a training reports of itself, read for people: plain values in, plain values out."""

from __future__ import annotations

import pytest

from ranking.description import from_dict
from ranking.ltr.tendencies import Tendency
from ranking.models import ModelVersion
from ranking.services import reports
from tests import tiny, trainings

DESCRIPTION = from_dict(tiny.DESCRIPTION)
#: As a training reported until each candidate had a family, and judges an interval.
EARLIER = {
    "mode": "preferences",
    "candidates": [{"leaves": 8, "rounds": 12, "loss": 0.5, "accuracy": 0.7}],
    "judges": {"edda": {"flip_rate": 0.07, "lists": 9, "pairs": 54, "own": True}},
    "kept_incumbent": False,
}


def version(report):
    return ModelVersion(number=2, report=report)


def test_weights_are_told_as_shares_of_the_combination():
    found = reports.tried(version(trainings.refinement_report()))
    assert [(one.family, one.share, one.chosen) for one in found] == [
        ("incumbent", 0.25, True),
        ("linear", 0.0, False),
        ("linear + trees", 0.75, True),
    ]


def test_a_version_from_grades_has_the_trees_that_were_chosen():
    assert reports.trees_grown(version(trainings.training_report())) == 40
    assert reports.takeover(version(trainings.training_report())) is None


def test_with_too_few_grades_to_choose_by_it_has_as_many_trees_as_were_allowed():
    report = trainings.training_report() | {"candidates": [], "params": {"rounds": 200}}
    assert reports.trees_grown(version(report)) == 200


def test_a_version_from_experts_is_not_told_by_its_trees():
    assert reports.trees_grown(version(trainings.refinement_report())) is None


def test_a_single_list_finds_nothing_out():
    report = trainings.refinement_report(belief=0.0, t=None, candidates=[], units=1, kept_incumbent=True)
    del report["combined"]
    found = reports.takeover(version(report))
    assert (found.single_list, found.kept, found.lead, found.accuracy) == (True, True, None, None)


@pytest.mark.parametrize(("anchoring", "pull"), [(0.0, None), (1.0, 0.7311), (-1.0, 0.2689), (4.534, 0.9894)])
def test_a_pull_is_told_as_the_chance_that_the_first_of_two_equals_stands_above(anchoring, pull):
    report = trainings.refinement_report(judges={"edda": trainings.judge_entry(anchoring=anchoring)})
    (judge,) = reports.judges_of(version(report))
    assert judge.pull == (None if pull is None else pytest.approx(pull, abs=1e-4))


def test_judges_come_with_the_most_careful_first():
    judges = {
        name: trainings.judge_entry(flip_rate=rate) for name, rate in [("b", 0.2), ("a", 0.2), ("c", 0.1)]
    }
    found = reports.judges_of(version(trainings.refinement_report(judges=judges)))
    assert [judge.username for judge in found] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("coverage", "kept", "expected"),
    [
        (
            {"gated": True, "open": 0.55, "columns": ["wanted_style", "fee"]},
            False,
            (0.45, ("wanted_style", "Fee")),
        ),
        ({"gated": True, "open": 0.55, "columns": ["fee"]}, True, None),
        ({"gated": False, "open": 1.0, "columns": []}, False, None),
    ],
)
def test_where_nobody_judged_is_told_only_if_it_makes_a_difference(coverage, kept, expected):
    report = trainings.refinement_report(coverage=coverage, kept_incumbent=kept)
    found = reports.reach_of(version(report), DESCRIPTION)
    assert (None if found is None else (found.closed, found.told_by)) == (
        None if expected is None else (pytest.approx(expected[0]), expected[1])
    )


def test_a_report_of_an_earlier_format_is_told_as_far_as_it_goes():
    earlier = version(EARLIER)
    assert reports.tried(earlier) == []
    assert reports.takeover(earlier) is None
    assert reports.reach_of(earlier, DESCRIPTION) is None
    (judge,) = reports.judges_of(earlier)
    assert (judge.flip_rate, judge.verdict, judge.pull, judge.needs_a_look) == (0.07, "unknown", None, False)


def test_a_rule_and_no_version_have_no_judges():
    assert reports.judges_of(version({"rule": [["assets", "descending"]]})) == []
    assert reports.judges_of(None) == []


def test_a_taste_is_told_as_the_chance_of_the_one_with_more_or_less_of_it():
    taste = Tendency("bo", "fee", effect=-1.0, low=-2.0, high=-0.5, p=0.01, lists=12).to_dict()
    report = trainings.refinement_report(tendencies=[taste, taste | {"column": "gone", "effect": 2.0}])
    less, more = reports.tastes_of(version(report), DESCRIPTION)
    assert (less.username, less.label, less.more) == ("bo", "Fee", False)
    assert (less.chance, less.low, less.high) == pytest.approx((0.7311, 0.6225, 0.8808), abs=1e-4)
    assert (more.label, more.more) == ("gone", True)  # a feature that was renamed since keeps its old name
    assert reports.tastes_of(version(EARLIER), DESCRIPTION) == []
    assert reports.tastes_of(None, DESCRIPTION) == []
