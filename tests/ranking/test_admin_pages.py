"""The admin's pages of versions, trainings and monitoring: what they say, what they do, what they refuse."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.services.learning import freeze_training_set
from ranking.content import content_hash
from ranking.ltr import LinearComponent
from ranking.ltr.components import LinearTerm
from ranking.ltr.coverage import Coverage
from ranking.ltr.refinement import RefinementComponent
from ranking.models import Evaluation, ItemVersion, ModelVersion, Promotion, Ranking, TrainingJob
from ranking.services import (
    changes,
    files,
    history,
    jobs,
    lessons,
    monitoring,
    orders,
    serving,
    verdicts,
    versions,
)
from ranking.services.candidates import description_of, forget_catalogues
from tests import factories, trainings


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Models and orders are kept per process by checksum and id; a test must not see another one's."""
    yield
    serving.forget_rankers()
    orders.forget_orders()
    forget_catalogues()


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(project):
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def challenger(project):
    """A version that is not in service: it sorts by the fee, cheapest first."""
    return trainings.make_version(project)


def page(client, name, *args, **options):
    """Return the text of a page, its white space as one blank."""
    answer = client.get(reverse(f"ranking:{name}", args=["advisers", *args]), **options)
    assert answer.status_code == 200, answer.status_code
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def send(client, name, *args, **body):
    return client.post(reverse(f"ranking:{name}", args=["advisers", *args]), body, follow=True)


def said(answer):
    """Return the messages of the page that an act led to."""
    return [str(message) for message in answer.context["messages"]]


def promotion_of(challenger, **changed):
    return {"sha256": challenger.sha256, "champion": 0, "reason": "Experts agree.", **changed}


# --- versions -----------------------------------------------------------------------------------------------
def test_the_table_of_versions_says_verdict_lineage_and_time_in_service(admin, project, challenger):
    text = page(admin, "versions")
    assert re.search(r"Version 1 from scratch promote \d+ graded labels .750 .750 never against 0", text)
    assert re.search(r"Version 0 sorting rule in service the sorting rule .700 .700 since today", text)


def test_the_table_of_versions_takes_no_more_queries_for_more_versions(
    admin, project, challenger, django_assert_num_queries
):
    address = reverse("ranking:versions", args=["advisers"])
    admin.get(address)
    with django_assert_num_queries(8):
        admin.get(address)
    for sort in ("age", "focus", "states"):
        trainings.make_version(project, sort=sort)
    with django_assert_num_queries(8):
        assert b"Version 4" in admin.get(address).content


def test_a_period_in_service_ends_with_the_next_promotion(project, challenger):
    trainings.promote(challenger)
    versions.roll_back(project, by="ada", reason="Readers complained.")
    periods = history.periods_in_service(project)
    assert [period.promotion.version.number for period in periods] == [0, 1, 0]
    assert [period.until for period in periods] == [periods[1].since, periods[2].since, None]
    rows = {row.version.number: row for row in history.version_rows(project)}
    assert (len(rows[0].periods), rows[0].in_service, rows[1].in_service) == (2, True, False)


def test_the_page_of_a_rule_says_it_in_words(admin):
    assert "Assets managed, largest first, then Fee, smallest first." in page(admin, "version", 0)


def test_a_version_that_does_not_exist_is_not_found(admin):
    assert admin.get(reverse("ranking:version", args=["advisers", 7])).status_code == 404
    assert admin.get(reverse("ranking:version", args=["elsewhere", 0])).status_code == 404


@pytest.mark.parametrize(
    "path", ["versions/{0}/", "versions/0/against/{0}/", "jobs/{0}/", "training-sets/{0}/", "sessions/{0}/"]
)
def test_a_number_beyond_any_database_is_not_found(admin, path):
    assert admin.get(f"/manage/advisers/{path.format(10**30)}").status_code == 404


def test_a_version_that_sorts_by_the_fee_has_learned_the_fee(admin, challenger):
    found = lessons.lessons_of(challenger)
    assert [(lesson.label, lesson.direction, lesson.share) for lesson in found] == [("Fee", "less", 1.0)]
    assert "Fee: less helps" in page(admin, "version_lessons", 1)


def refinement_of(challenger, ranker):
    """Return a version that is built on the one in service, with a model of its own."""
    champion = versions.current_champion(challenger.project)
    file, digest = files.store("models", ".json", ranker.to_bytes())
    return ModelVersion.objects.create(
        project=challenger.project,
        number=2,
        kind="trained",
        parent=champion,
        training_set=challenger.training_set,
        feature_set=champion.feature_set,
        file=file,
        sha256=digest,
    )


def test_a_refinement_is_told_by_what_it_adds_to_its_parent_whatever_the_scale(project, challenger):
    rule = serving.ranker_of(versions.current_champion(project)).scaled(3.0)
    (by_fee,) = serving.ranker_of(challenger).components
    refined = refinement_of(challenger, rule.extended(replace(by_fee, name="version 2")))
    assert lessons.is_refinement(refined)
    assert not lessons.is_refinement(challenger)
    assert [(lesson.label, lesson.direction) for lesson in lessons.lessons_of(refined)] == [("Fee", "less")]


OPEN = Coverage(("fee",), (1.0,), (1.0,), ((0,),), (0.0,), intercept=9.0)


@pytest.mark.parametrize(
    ("gate", "learned"),
    [
        (None, [("Fee", "less")]),
        (OPEN, [("Fee", "less")]),
        (replace(OPEN, intercept=-9.0), []),
    ],
)
def test_what_several_fits_behind_a_gate_teach_is_told_by_feature(admin, project, challenger, gate, learned):
    fit = LinearComponent("half", 0.5, ("fee",), (1.0,), (0.5,), (LinearTerm(("fee",), -2.0),))
    component = RefinementComponent("version 2", 1.0, (fit, replace(fit, name="rest")), gate)
    rule = serving.ranker_of(versions.current_champion(project)).scaled(0.5)
    refined = refinement_of(challenger, rule.extended(component))
    assert [(lesson.label, lesson.direction) for lesson in lessons.lessons_of(refined)] == learned
    assert "What the experts taught it" in page(admin, "version_lessons", 2)


def refined_page(admin, project, **report):
    """Return the text of the page of a version that learned from experts, with a report of its own."""
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    trainings.make_refinement(project, trainings.refinement_report(**report))
    return page(admin, "version", 1).replace("&#x27;", "'")


def test_the_page_of_a_version_says_what_was_tried_and_how_much_was_taken_over(admin, project):
    text = refined_page(admin, project)
    assert "Taken over 60 % of what the experts taught" in text
    assert "60 % of what was learned; the rest stays with version 0." in text
    assert "leads version 0 by 2.1 times the uncertainty of that lead" in text
    assert "Version 0 as it was 51 % ± 2 % 25 %" in text
    assert (
        "A weight for each feature held back somewhat; also for need and candidate together 73 % ± 2 % 0 %"
        in text
    )
    assert "Weights, then decision trees 26 trees of at most 8 leaves 73 % ± 2 % 75 %" in text
    assert "All of them, combined 74 % ± 2 %" in text
    assert "Nothing says that the judged lists left out a kind of need" in text


def test_the_page_of_a_version_says_where_the_one_before_decides(admin, project):
    coverage = {"gated": True, "open": 0.55, "columns": ["fee"]}
    text = refined_page(admin, project, coverage=coverage)
    assert "For 45 % of candidates’ needs nobody judged anything like it: there version 0 decides." in text
    assert "Such needs are told from the judged ones by Fee." in text


def test_the_page_of_a_version_that_took_nothing_over_says_so(admin, project):
    text = refined_page(admin, project, belief=0.0, t=-0.4, kept_incumbent=True)
    assert "Nothing: version 0 is kept as it was." in text
    assert "what was learned does not lead version 0." in text
    assert "Version 0 as it was, kept 74 % ± 2 %" in text
    assert "Training kept version 0 as it was: nothing that was learned is clearly nearer" in page(
        admin, "compare", 1, 0
    )


def test_the_page_of_a_version_from_a_single_list_says_that_it_is_not_enough(admin, project):
    text = refined_page(
        admin, project, belief=0.0, t=None, kept_incumbent=True, units=1, candidates=[], combined={}
    )
    assert "A single list is not enough to say that anything is better." in text
    assert "What was tried" not in text
    assert "a single list is not enough" in page(admin, "compare", 1, 0)


def test_the_page_of_a_version_from_grades_says_which_number_of_trees_was_chosen(admin, challenger):
    text = page(admin, "version", 1)
    assert "Trees grown 40 from scratch" in text
    assert "20 trees of at most 31 leaves 73 % ± 2 % 40 trees of at most 31 leaves chosen" in text
    assert "How much was taken over" not in text


def test_the_training_set_says_what_it_holds_and_where_it_comes_from(admin, project):
    session = factories.make_closed_session(
        project, [factories.make_expert()], slates_per_expert=12, title="Autumn round"
    )
    frozen = freeze_training_set(project)
    answer = admin.get(reverse("ranking:training_set", args=["advisers", frozen.pk]))
    assert reverse("feedback:session", args=["advisers", session.pk]) in answer.content.decode()
    text = page(admin, "training_set", frozen.pk)
    assert f"{frozen.summary['pairs']} in {frozen.summary['lists']} judged lists of 1 expert" in text
    assert frozen.sha256 in text


# --- comparing ----------------------------------------------------------------------------------------------
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


# --- promoting ----------------------------------------------------------------------------------------------
def test_a_promotion_keeps_the_reason_the_file_and_the_evaluation(admin, project, challenger):
    answer = send(admin, "promote", 1, **promotion_of(challenger))
    assert said(answer) == ["Version 1 is in service. Lists are being ranked anew."]
    promotion = project.promotions.first()
    assert (promotion.version, promotion.reason, promotion.by) == (challenger, "Experts agree.", "ada")
    assert promotion.sha256 == challenger.sha256
    assert promotion.evaluation == challenger.evaluations.first()


def test_a_version_in_service_is_not_asked_to_be_put_there(admin, project):
    answer = admin.get(reverse("ranking:promote", args=["advisers", 0]))
    assert answer.url == reverse("ranking:version", args=["advisers", 0])


def test_a_promotion_without_a_reason_is_asked_again_at_the_field(admin, project, challenger):
    answer = send(admin, "promote", 1, **promotion_of(challenger, reason="  "))
    assert answer.status_code == 422
    assert "Say why, in a few words" in answer.content.decode()
    assert versions.current_champion(project).number == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sha256": "0" * 64}, "is not the one that was looked at"),
        ({"champion": 5}, "Version 5 is no longer the one in service."),
    ],
)
def test_a_promotion_of_what_was_not_looked_at_is_refused(admin, project, challenger, changed, words):
    answer = send(admin, "promote", 1, **promotion_of(challenger, **changed))
    assert [words in text for text in said(answer)] == [True]
    assert Promotion.objects.filter(project=project).count() == 1


def test_the_version_in_service_is_not_promoted_again(admin, project, challenger):
    trainings.promote(challenger)
    answer = send(admin, "promote", 1, **promotion_of(challenger, champion=1))
    assert said(answer) == ["Version 1 is in service already."]


def test_a_version_whose_file_is_gone_is_not_promoted(admin, project, challenger):
    default_storage.delete(challenger.file)
    answer = send(admin, "promote", 1, **promotion_of(challenger))
    assert "Version 1 can't be loaded" in said(answer)[0]
    assert versions.current_champion(project).number == 0


def test_a_promotion_can_be_made_without_a_script(admin, challenger):
    answer = admin.get(reverse("ranking:promote", args=["advisers", 1]))
    body = answer.content.decode()
    assert f'value="{challenger.sha256}"' in body
    assert re.search(r'name="champion" value="0"', body)


def test_a_roll_back_puts_the_version_before_back_and_says_so_in_the_log(admin, project, challenger):
    trainings.promote(challenger)
    answer = send(admin, "roll_back", champion=1, reason="Readers complained.")
    assert said(answer) == ["Rolled back: version 0 is in service again."]
    promotion = project.promotions.first()
    assert (promotion.version.number, promotion.rollback, promotion.by) == (0, True, "ada")
    assert re.search(r"Version 0 rollback since today, .* Readers complained. ada", page(admin, "promotions"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"champion": 0, "reason": "Away with it."}, "No longer"),
        ({"champion": 1, "reason": ""}, "Nothing was rolled back"),
    ],
)
def test_a_roll_back_of_something_else_or_without_a_reason_is_refused(
    admin, project, challenger, body, words
):
    trainings.promote(challenger)
    (text,) = said(send(admin, "roll_back", **body))
    assert words.lower() in text.lower()
    assert versions.current_champion(project).number == 1


def test_there_is_no_way_back_from_the_first_version(admin, project):
    assert "Roll back…" not in page(admin, "versions")
    answer = send(admin, "roll_back", champion=0, reason="Away with it.")
    assert said(answer) == ["No version was in service before this one."]


def test_what_happens_by_itself_is_saved_and_checked(admin, project):
    send(admin, "policy", retrain_after_preferences=200, retrain_every_hours="", automatic_promotion="on")
    project.refresh_from_db()
    assert (project.retrain_after_preferences, project.retrain_every_hours) == (200, None)
    assert project.automatic_promotion
    answer = send(admin, "policy", retrain_after_preferences=0)
    assert answer.status_code == 422
    project.refresh_from_db()
    assert project.retrain_after_preferences == 200


# --- trainings ----------------------------------------------------------------------------------------------
def test_a_training_is_asked_for_its_progress_until_it_ends(admin, project):
    job = jobs.claim(trainings.make_job(project).pk, owner="here:1")
    jobs.beat(job, stage="fit", fraction=0.42, lines=["round 42 of 100"])
    body = admin.get(reverse("ranking:job", args=["advisers", job.pk])).content.decode()
    assert 'hx-trigger="every 1s"' in body
    address = reverse("ranking:job_progress", args=["advisers", job.pk])
    answer = admin.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "round 42 of 100" in answer.content.decode()
    assert 'value="42"' in answer.content.decode()
    jobs.fail(job, "the table has no row")
    answer = admin.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 286
    assert "the table has no row" in answer.content.decode()
    body = admin.get(reverse("ranking:job", args=["advisers", job.pk])).content.decode()
    assert "hx-trigger" not in body


def test_the_end_of_a_training_offers_the_comparison(admin, project, challenger):
    address = reverse("ranking:job_progress", args=["advisers", challenger.job.pk])
    body = admin.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'id="job-actions" class="actions" hx-swap-oob="true"' in body
    assert reverse("ranking:compare", args=["advisers", 1, 0]) in body
    assert "version 1 is ready to be compared" in body


def test_a_queued_training_is_cancelled_at_once_and_an_ended_one_not_at_all(admin, project):
    job = trainings.make_job(project)
    assert said(send(admin, "job_cancel", job.pk)) == ["Cancelled."]
    job.refresh_from_db()
    assert job.state == TrainingJob.State.CANCELLED
    assert "has ended" in said(send(admin, "job_cancel", job.pk))[0]


def test_a_running_training_is_asked_to_stop(admin, project):
    job = jobs.claim(trainings.make_job(project).pk, owner="here:1")
    assert said(send(admin, "job_cancel", job.pk)) == ["It will stop in a second or two."]
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == (TrainingJob.State.RUNNING, True)
    assert "stopping" in page(admin, "job", job.pk)


def test_a_training_of_another_project_is_not_found(admin, project):
    other = factories.make_project("others")
    job = trainings.make_job(other)
    for name in ("job", "job_progress"):
        assert admin.get(reverse(f"ranking:{name}", args=["advisers", job.pk])).status_code == 404
    assert admin.post(reverse("ranking:job_cancel", args=["advisers", job.pk])).status_code == 404


# --- monitoring ---------------------------------------------------------------------------------------------
def test_rankings_are_counted_on_the_day_they_were_made(admin, project):
    queries = list(project.queries.all()[:3])
    made = [serving.serve(query) for query in queries]
    Ranking.objects.filter(pk=made[0].pk).update(created_at=timezone.now() - timedelta(days=2), degraded=True)
    days = monitoring.rankings_per_day(project, days=3)
    assert [(day.rankings, day.degraded) for day in days] == [(1, 1), (0, 0), (2, 0)]
    text = page(admin, "monitoring")
    assert "Lists ranked today 2 3 in 30 days" in text
    assert queries[0].title in text


def test_a_failed_training_is_on_the_monitoring_page(admin, project):
    jobs.fail(jobs.claim(trainings.make_job(project).pk, owner="here:1"), "the disk is full")
    assert "the disk is full" in page(admin, "monitoring")


def test_the_sorting_rule_has_nothing_to_drift_from(admin):
    assert "Nothing to compare with" in page(admin, "drift")


def test_graded_pairs_have_not_moved_until_the_data_does(admin, project, challenger):
    trainings.promote(challenger)
    report = monitoring.drift_of(challenger)
    assert not report.drawn
    assert report.rows_then == report.rows_now > 30
    assert {feature.drift.psi for feature in report.features} == {0.0}
    for item in project.items.select_related("current"):
        content = {**item.current.content, "fee": item.current.content["fee"] + 0.05}
        item.current = ItemVersion.objects.create(
            item=item, content=content, content_hash=content_hash(content)
        )
        item.save()
    project.items_revision += 1
    project.save()
    moved = monitoring.drift_of(challenger)
    assert [feature.column for feature in moved.features if feature.drift.alarm] == ["fee"]
    assert "1 of 7 features has moved further than chance explains" in page(admin, "drift")


def test_a_set_with_sessions_is_compared_by_random_draws(project, challenger):
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    frozen = freeze_training_set(project)
    rows, drawn = monitoring._rows_then(frozen)
    assert drawn
    assert rows["label"].isna().all()
    assert not rows["held_out"].any()


def test_a_damaged_training_set_is_said_and_is_no_error(admin, project, challenger):
    trainings.promote(challenger)
    default_storage.delete(challenger.training_set.rows_file)
    assert "can't be read" in page(admin, "drift").replace("&#x27;", "'")


def test_exposure_is_each_groups_share_of_the_first_ten_against_its_share_of_the_candidates(admin, project):
    project.description["protected"] = [
        {"name": "style", "label": "Style of the adviser", "side": "item", "field": "style"}
    ]
    project.save()
    version = versions.current_champion(project)
    ((found,),) = monitoring.exposures(project, [version])
    assert sum(group.exposure_share for group in found.groups) == pytest.approx(1)
    assert sum(group.eligible_share for group in found.groups) == pytest.approx(1)
    tops = Counter()
    weights = {group.group: [] for group in found.groups}
    for query in project.queries.all():
        order = orders.order_of(version, query)
        styles = [ItemVersion.objects.get(pk=pk).content["style"] for pk in order[:10]]
        tops.update(styles)
        discount = 1 / np.log2(np.arange(2, 12))
        for style, shares in weights.items():
            shares.append(
                sum(d for d, s in zip(discount, styles, strict=True) if s == style) / discount.sum()
            )
    assert {group.group: group.top for group in found.groups} == dict(tops)
    for group in found.groups:
        assert group.exposure_share == pytest.approx(np.mean(weights[group.group]))
        assert group.ratio == pytest.approx(group.exposure_share / group.eligible_share)
    assert "Style of the adviser" in page(admin, "exposure")


def test_without_a_protected_attribute_the_page_says_how_to_name_one(admin, project):
    project.description["protected"] = []
    project.save()
    assert "No protected attribute" in page(admin, "exposure")


# --- the operators' back door -------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [ModelVersion, Evaluation, Promotion, ItemVersion, TrainingJob])
def test_an_operator_looks_at_rows_but_neither_adds_nor_changes_nor_deletes_them(project, challenger, model):
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=factories.PASSWORD))
    name = model._meta.model_name
    row = model.objects.first()
    assert client.get(reverse(f"admin:ranking_{name}_changelist")).status_code == 200
    shown = client.get(reverse(f"admin:ranking_{name}_change", args=[row.pk]))
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert client.get(reverse(f"admin:ranking_{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:ranking_{name}_delete", args=[row.pk])).status_code == 403
    assert client.post(reverse(f"admin:ranking_{name}_change", args=[row.pk]), {}).status_code == 403
