"""The admin's pages of versions: the table, what a version has learned, its training set."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.services.learning import freeze_training_set
from ranking.ltr import LinearComponent
from ranking.ltr.components import LinearTerm
from ranking.ltr.coverage import Coverage
from ranking.ltr.refinement import RefinementComponent
from ranking.models import ModelVersion
from ranking.services import files, history, lessons, serving, versions
from tests import factories, trainings
from tests.ranking.admin.pages import page

WHOLE_RESULTS = '"results", "ranking_evaluation"."verdict"'  # the column itself, not a part of what is in it


def test_the_table_of_versions_says_verdict_lineage_and_time_in_service(admin, project, challenger):
    text = page(admin, "versions")
    assert re.search(
        r"Version 1 from scratch gate: promote \d+ graded labels .750 .750 never against 0", text
    )
    assert re.search(r"Version 0 in service , sorting rule the sorting rule .700 .700 since today", text)


def test_the_verdict_of_the_gate_is_not_taken_for_that_of_the_service(admin, project):
    trainings.promote(trainings.make_version(project, verdict="not_yet"))
    assert "Version 1 in service , gate: not yet" in page(admin, "version", 1)


def test_both_pages_of_a_version_from_labels_say_that_it_began_from_scratch(admin, challenger):
    for text in (page(admin, "version", 1), page(admin, "compare", 1, 0)):
        assert re.search(r"graded labels , from scratch, when the one in service was version 0 \.", text)
        assert "on top of" not in text


def test_the_table_of_versions_takes_no_more_queries_for_more_versions(
    admin, project, challenger, django_assert_num_queries
):
    address = reverse("ranking:versions", args=["advisers"])
    admin.get(address)
    with django_assert_num_queries(10):
        admin.get(address)
    for sort in ("age", "focus", "states"):
        trainings.make_version(project, sort=sort)
    with django_assert_num_queries(10):
        assert b"Version 4" in admin.get(address).content


def test_many_versions_and_promotions_are_read_page_by_page(admin, project, challenger):
    trainings.promote(challenger)
    for _ in range(25):
        versions.roll_back(project, by="ada", reason="Readers complained.")
        trainings.make_version(project, sort="age")
    first, last = page(admin, "versions"), page(admin, "versions", data={"page": 2})
    assert "1 to 25 of 27 versions" in first
    assert re.search(r"Version 26 .* Version 2 ", first)
    assert "26 to 27 of 27 versions" in last
    assert re.search(r"Version 1 .* Version 0 ", last)
    assert "Version 2 " not in last
    oldest = page(admin, "promotions", data={"page": 2})
    assert "26 to 27 of 27 promotions" in oldest
    assert "The sorting rule" in oldest


@pytest.mark.parametrize("name", ["version", "promotions"])
def test_a_page_of_versions_reads_what_it_shows_however_many_there_are(admin, project, challenger, name):
    numbers = [1] if name == "version" else []
    trainings.promote(challenger)
    few = reads(admin, name, *numbers)
    for sort in ("age", "focus", "states"):
        trainings.promote(trainings.make_version(project, sort=sort))
    many = reads(admin, name, *numbers)
    assert len(many) <= len(few)
    assert sum(WHOLE_RESULTS in sql for sql in many) <= len(numbers)


def reads(admin, name, *numbers):
    """Return the SQL of a page that was asked for before."""
    address = reverse(f"ranking:{name}", args=["advisers", *numbers])
    assert admin.get(address).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        admin.get(address)
    return [query["sql"] for query in asked.captured_queries]


def test_figures_are_those_of_its_own_evaluation_else_of_the_latest_against_it(project, challenger):
    trainings.promote(challenger)
    latest = trainings.make_version(project, sort="age")
    rows = {row.version.number: row for row in history.version_rows(project)}
    assert [rows[number].pair_accuracy for number in (2, 1, 0)] == [0.75, 0.75, 0.7]
    assert [rows[number].evaluation is None for number in (2, 1, 0)] == [False, False, True]
    assert history.version_row(latest) == rows[2]
    assert [row.version.number for row in history.version_rows(project, most=2)] == [2, 1]


def test_a_period_in_service_ends_with_the_next_promotion(project, challenger):
    trainings.promote(challenger)
    versions.roll_back(project, by="ada", reason="Readers complained.")
    periods = history.periods_of(history.promotion_log(project).order_by("id"))
    assert [period.promotion.version.number for period in periods] == [0, 1, 0]
    assert [period.until for period in periods] == [periods[1].since, periods[2].since, None]
    rows = {row.version.number: row for row in history.version_rows(project)}
    assert (len(rows[0].periods), rows[0].in_service, rows[1].in_service) == (2, True, False)


def test_a_version_is_verified_by_a_command_that_names_its_project(admin, challenger):
    assert "manage.py verify 1 --project advisers" in page(admin, "version", 1)


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
