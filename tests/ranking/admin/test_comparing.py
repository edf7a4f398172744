"""The admin's page of two versions beside each other: figures, gate, the lists that change."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from feedback.services.learning import freeze_training_set
from ranking.services import changes, jobs, orders, serving, verdicts, versions
from ranking.services.candidates import description_of
from tests import factories, trainings
from tests.pages import text_of
from tests.ranking.admin.pages import page

OVERVIEW = "/manage/advisers/"


def test_a_comparison_says_the_difference_with_its_interval(admin, challenger):
    text = page(admin, "compare", 1, 0)
    assert "promote Its lists fit the graded labels better: +5.0 points" in text
    assert "(95 % interval +3.0 to +7.0, 4 held-out needs)" in text
    assert "NDCG@10 .700 → .750." in text
    assert "Mandate 01" in text


def test_a_version_held_back_by_the_other_metric_says_so_first(project, challenger):
    results = trainings.evaluation_results("promote")
    results["metrics"]["pair_accuracy"] = results["metrics"]["pair_accuracy"] | {
        "difference": -0.06,
        "low": -0.10,
        "high": -0.02,
    }
    results |= {"verdict": "refuse", "gate": trainings.gate_decision("refuse", "base")}
    evaluation = versions.record_evaluation(challenger, versions.current_champion(project), results)
    assert verdicts.in_short(evaluation) == (
        "Experts agree with it less often: −6.0 points (95 % interval −10.0 to −2.0)"
    )
    found = verdicts.side_by_side(evaluation, description_of(project))
    assert (found.lead.metric, found.second.metric) == ("pair_accuracy", "ndcg@10")


def test_past_grades_that_experts_may_correct_are_said_to_be_no_limit(project, challenger):
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    job = jobs.request_training(freeze_training_set(project), by="ada")
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    refined = jobs.finish(
        jobs.claim(job.pk, owner="here:1"),
        versions.current_champion(project),
        trainings.sorting_model(project, "age"),
        result,
    )
    evaluation = refined.evaluations.get()
    for guard in (True, False):
        project.description["labels_guard"] = guard
        assert verdicts.side_by_side(evaluation, description_of(project)).history is not guard


@pytest.mark.parametrize("low", [0.01, -0.01])
def test_a_refusal_by_past_grades_names_the_switch_and_what_experts_gained(admin, project, low):
    gained = low > 0
    refined = refused_by_past_grades(project, low)
    switch = "labels_guard = false in project.toml makes them a history, which experts may correct"
    said = verdicts.in_short(refined.evaluations.get())
    assert said.startswith("Its lists fit the graded labels less well: −6.0 points")
    assert (
        "Experts agree with it more often: +3.0 points (95 % interval +1.0 to +5.0). Past" in said
    ) == gained
    assert said.endswith("Past grades are a standard in this project: " + switch)
    compared = page(admin, "compare", 1, 0)
    assert ("Experts agree with it more often, but past grades are a standard" in compared) == gained
    for text in (compared, page(admin, "promote", 1), text_of(admin.get(OVERVIEW))):
        assert "grades are a standard in this project: " + switch in text


def test_a_refusal_by_grades_that_are_a_history_by_now_names_no_switch(admin, project):
    refused_by_past_grades(project, 0.01)
    project.description["labels_guard"] = False
    project.save()
    for text in (page(admin, "compare", 1, 0), page(admin, "promote", 1), text_of(admin.get(OVERVIEW))):
        assert "a standard" not in text


def refused_by_past_grades(project, low):
    """Finish a training from a session in which experts gained 3 points, and past grades lost 6."""
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    found = trainings.evaluation_results("refuse")
    figures = found["metrics"]["ndcg@10"]
    found["metrics"] = {
        "pair_accuracy": figures | {"difference": 0.03, "low": low, "high": 0.05},
        "ndcg@10": figures | {"difference": -0.06, "low": -0.10, "high": -0.02},
    }
    found["gate"] = trainings.gate_decision("refuse", "base")
    return trainings.make_refinement(project, trainings.refinement_report(), **found)


def test_groups_are_named_by_their_segment_and_doubtful_ones_are_marked(project, challenger):
    results = trainings.evaluation_results("promote")
    harmed = results["metrics"]["ndcg@10"] | {"difference": -0.2, "low": -0.3, "high": -0.1, "n_queries": 9}
    few = harmed | {"n_queries": 2}
    none = harmed | {"low": None, "high": None}
    results["segments"] = {
        "style": {"growth": {"ndcg@10": harmed}, "index": {"ndcg@10": few}, "income": {"ndcg@10": none}}
    }
    evaluation = versions.record_evaluation(challenger, versions.current_champion(project), results)
    found = verdicts.side_by_side(evaluation, description_of(project))
    assert [(g["group"], g["label"], g["sure"]) for g in found.groups[1:]] == [
        ("Style wanted", "growth", True),
        ("Style wanted", "index", False),
        ("Style wanted", "income", True),
    ]
    assert (found.worse, found.silent) == (["growth"], 1)


@pytest.mark.parametrize(
    ("needs", "high", "said"), [(9, 0.1, True), (2, 0.1, False), (9, None, False), (9, -0.1, False)]
)
def test_groups_that_are_too_small_to_be_worse_do_not_count_as_unharmed(
    admin, project, challenger, needs, high, said
):
    results = trainings.evaluation_results("promote")
    figures = results["metrics"]["ndcg@10"] | {"low": high and -0.2, "high": high, "n_queries": needs}
    results["segments"] = {"style": {"growth": {"ndcg@10": figures}}}
    versions.record_evaluation(challenger, versions.current_champion(project), results)
    assert ("is clearly worse" in page(admin, "compare", 1, 0)) is said


@pytest.mark.parametrize(
    ("verdict", "check", "said"),
    [
        ("refuse", "segments", "It harms a segment. NDCG@10: +5.0 points (95 % interval +3.0 to +7.0)"),
        ("not_yet", "experts", "It may go against an expert. NDCG@10: +5.0 points"),
        ("refuse", "superiority", "Its lists fit the graded labels less well: +5.0 points"),
        ("not_yet", "sound", "Made up for a test: promote"),
    ],
)
def test_a_guardrail_that_decides_is_named_before_the_gain(project, challenger, verdict, check, said):
    results = trainings.evaluation_results("promote")
    results |= {"verdict": verdict, "gate": trainings.gate_decision(verdict, check)}
    evaluation = versions.record_evaluation(challenger, versions.current_champion(project), results)
    assert verdicts.in_short(evaluation).startswith(said)


def test_both_pages_show_every_check_of_the_gate_and_what_is_still_needed(admin, project):
    trainings.make_version(project, verdict="not_yet")
    for text in (page(admin, "compare", 1, 0), page(admin, "version", 1)):
        assert "Gain not yet Made up for a test of superiority" in text
        assert "Segments passed Made up for a test of segments" in text
        assert "3 judged lists did not count: not shown in random order." in text
        # 60 needs are wanted and 4 are there; graded labels decide, so lists would not help
        assert "About 56 more held-out needs with graded labels would show a gain of 2.0 points" in text


def test_where_experts_decide_the_lists_still_needed_are_said(admin, project):
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    job = jobs.request_training(freeze_training_set(project), by="ada")
    gate = trainings.gate_decision("not_yet", slates_needed=56)
    found = trainings.evaluation_results("not_yet") | {"gate": gate}
    result = {"params": {}, "report": {}, "evaluation": found}
    jobs.finish(
        jobs.claim(job.pk, owner="here:1"),
        versions.current_champion(project),
        trainings.sorting_model(project, "age"),
        result,
    )
    text = page(admin, "compare", 1, 0)
    assert "About 56 more judged lists of held-out needs, shown in random order" in text


def test_an_evaluation_from_before_the_gate_is_shown_without_checks(admin, project, challenger):
    results = trainings.evaluation_results("promote")
    del results["gate"]
    versions.record_evaluation(challenger, versions.current_champion(project), results)
    text = page(admin, "compare", 1, 0)
    assert "promote Its lists fit the graded labels better: +5.0 points" in text
    assert "What the gate checked" not in text


def test_versions_that_were_never_evaluated_against_each_other_say_so(admin, project, challenger):
    trainings.make_version(project, sort="age")
    assert "have not been evaluated against each other" in page(admin, "compare", 2, 1)


def test_the_comparison_the_other_way_round_is_linked(admin, challenger):
    answer = admin.get(reverse("ranking:compare", args=["advisers", 0, 1]))
    assert "compared the other way round" in answer.content.decode()
    assert reverse("ranking:compare", args=["advisers", 1, 0]) in answer.content.decode()


def test_a_version_is_not_compared_with_itself(admin, challenger):
    answer = admin.get(reverse("ranking:compare", args=["advisers", 1, 1]))
    assert answer.headers["Location"] == reverse("ranking:version", args=["advisers", 1])


def test_only_against_the_champion_can_a_version_be_promoted(admin, project, challenger):
    trainings.make_version(project, sort="age")
    assert "Put version 2 in service?" in page(admin, "compare", 2, 0)
    assert "Put version 2 in service?" not in page(admin, "compare", 2, 1)


def test_the_lists_that_change_most_are_those_whose_first_ten_differ_most(project, challenger):
    champion = versions.current_champion(project)
    found = changes.changes(champion, challenger)
    assert len(found.lists) == found.queries_total == 12
    for change in found.lists:
        before = orders.order_of(champion, change.query)[:10].tolist()
        after = orders.order_of(challenger, change.query)[:10].tolist()
        assert change.new == len(set(after) - set(before))
    assert [change.new for change in found.lists] == sorted((c.new for c in found.lists), reverse=True)
    assert found.changed > 0


def test_a_version_compared_with_its_own_copy_changes_no_list(project):
    trainings.make_version(project, sort="fee")
    first = versions.current_champion(project)
    found = changes.changes(first, first)
    assert (found.changed, found.new_on_average) == (0, 0.0)


def test_a_changed_list_shows_the_ranks_that_readers_would_see(admin, project, challenger):
    query = project.queries.first()
    moved = {
        item.item_version.pk: (item.old, item.new)
        for item in changes.moves(query, versions.current_champion(project), challenger)
    }
    served = {match.item_version_id: match.rank for match in serving.serve(query).matches.all()}
    trainings.promote(challenger)
    later = {match.item_version_id: match.rank for match in serving.serve(query).matches.all()}
    assert moved == {pk: (served[pk], later[pk]) for pk in moved}
    assert set(moved) == {pk for pk, rank in [*served.items(), *later.items()] if rank <= 10}
    assert query.title in page(admin, "compare_list", 1, 0, query.pk)


def test_what_moved_an_item_are_the_features_that_the_versions_count(project, challenger):
    query = project.queries.first()
    for item in changes.moves(query, versions.current_champion(project), challenger):
        assert {reason["feature"] for reason in item.reasons} <= {"assets", "fee"}
        assert item.reasons


def test_a_damaged_model_is_said_on_the_comparison_and_is_no_error(admin, project, challenger):
    default_storage.delete(challenger.file)
    serving.forget_rankers()
    assert "can't be read" in page(admin, "compare_changes", 1, 0).replace("&#x27;", "'")
    assert "can't be read" in page(admin, "version_lessons", 1).replace("&#x27;", "'")
    query = project.queries.first()
    assert "can't be read" in page(admin, "compare_list", 1, 0, query.pk).replace("&#x27;", "'")
    assert "can't be read" in page(admin, "exposure").replace("&#x27;", "'")
