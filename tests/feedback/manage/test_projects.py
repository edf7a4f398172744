"""The admin's pages of projects: the overview, what it asks for, trainings, the navigation."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from feedback.models import FeedbackSession, Preference
from feedback.services import attention
from ranking.models import DriftCheck, Label, TrainingJob
from ranking.observability import StateCollector
from ranking.services import jobs, serving
from ranking.tasks import watch_drift
from tests import factories, trainings
from tests.feedback.manage.pages import page, send
from tests.pages import said, text_of


def test_the_only_project_is_opened_at_once_and_several_are_listed(admin, project):
    home = reverse("feedback:manage_home")
    assert admin.get(home).headers["Location"] == reverse("feedback:dashboard", args=["advisers"])
    factories.make_project("others")
    answer = admin.get(home)
    assert reverse("feedback:dashboard", args=["others"]) in answer.content.decode()


def test_the_list_of_projects_reads_no_more_than_it_has_to(admin, project, django_assert_max_num_queries):
    home = reverse("feedback:manage_home")
    for slug in ("others", "third"):
        factories.make_project(slug)
    admin.get(home)
    with django_assert_max_num_queries(2 + 3 * 18):
        admin.get(home)


def test_everything_is_counted(project, edda):
    first = factories.make_closed_session(project, [edda, factories.make_expert("egon")], slates_per_expert=3)
    assert attention.standing_of(project).counts == {
        "queries": 12,
        "items": 40,
        "labels": Label.objects.count(),
        "sessions": 1,
        "judgements": 6,
        "experts": 2,
        "preferences": Preference.objects.filter(judgement__slate__session=first).count(),
        "versions": 1,
    }
    empty = factories.make_project("others", items=6, queries=3)
    Label.objects.filter(query__project=empty).delete()
    counts = attention.standing_of(empty).counts
    assert [counts[name] for name in ("labels", "sessions", "judgements", "experts")] == [0, 0, 0, 0]


def test_without_a_project_the_page_says_how_to_load_one(admin):
    assert "manage.py load_project fixtures/advisers" in text_of(admin.get(reverse("feedback:manage_home")))


def test_the_overview_says_what_is_in_service_and_what_there_is(admin, project):
    text = page(admin, "dashboard")
    assert "Version 0 is in service" in text
    assert "Mandates 12" in text
    assert "Advisers 40" in text


def notices_of(project):
    return {notice.kind: notice for notice in attention.standing_of(project).notices}


def test_labels_that_no_version_knows_ask_for_a_training(admin, project):
    assert "graded labels that no version has learned from" in notices_of(project)["labels"].text
    trainings.make_version(project)
    assert "labels" not in notices_of(project)


def test_new_preferences_ask_for_a_training_until_one_is_asked_for(admin, project, edda):
    session = factories.make_closed_session(project, [edda], slates_per_expert=12)
    waiting = Preference.objects.filter(judgement__slate__session=session).count()
    assert attention.new_preferences(project) == waiting > 0
    assert f"{waiting} new preferences that no version has learned from." in page(admin, "dashboard")
    answer = send(admin, "retrain", source="preferences")
    job = project.jobs.get()
    assert answer.redirect_chain[-1][0] == reverse("ranking:job", args=["advisers", job.pk])
    assert (job.state, job.requested_by, job.training_set.mode) == ("queued", "ada", "preferences")
    assert "retrain" not in notices_of(project)
    assert attention.new_preferences(project) == 0
    assert f"Training {job.pk} is queued" in page(admin, "dashboard")


def test_preferences_of_an_open_session_are_not_waiting(project, edda):
    session = factories.make_session(project, [edda])
    factories.judge_all(session.slates.all())
    assert attention.new_preferences(project) == 0
    assert "retrain" not in notices_of(project)


def test_a_better_version_that_nobody_has_promoted_is_offered(admin, project):
    version = trainings.make_version(project, verdict="promote")
    text = page(admin, "dashboard")
    assert "Version 1 is better than version 0. Its lists fit the graded labels better: +5.0 points" in text
    trainings.promote(version)
    assert "challenger" not in notices_of(project)


@pytest.mark.parametrize(("verdict", "words"), [("refuse", "should not replace"), ("not_yet", "not clearly")])
def test_a_version_that_is_not_better_is_said_without_a_push(project, verdict, words):
    trainings.make_version(project, verdict=verdict)
    notice = notices_of(project)["challenger"]
    assert (words in notice.text, notice.tone) == (True, "info")


def test_a_champion_that_cannot_be_loaded_is_the_first_thing_said(admin, project):
    version = trainings.make_version(project)
    trainings.promote(version)
    default_storage.delete(version.file)
    serving.forget_rankers()
    standing = attention.standing_of(project)
    assert standing.champion.version.number == 0
    assert (standing.notices[0].kind, standing.notices[0].tone) == ("health", "bad")
    assert "degraded" in page(admin, "dashboard")


def raise_fees(project):
    for item in project.items.select_related("current"):
        factories.revise_item(item, {**item.current.content, "fee": item.current.content["fee"] + 0.05})


def drifted_features():
    gauges = {gauge.name: gauge.samples for gauge in StateCollector().collect()}
    return {sample.labels["project"]: sample.value for sample in gauges["tiebreak_drifted_features"]}


def test_features_that_an_import_has_moved_are_named_until_a_version_knows_the_data(admin, project):
    watch_drift()
    assert drifted_features() == {}
    version = trainings.make_version(project)
    trainings.promote(version)
    watch_drift()
    assert "drift" not in notices_of(project)
    assert drifted_features() == {"advisers": 0}
    raise_fees(project)
    watch_drift()
    notice = notices_of(project)["drift"]
    assert (notice.tone, notice.version) == ("warn", version)
    assert notice.text == "1 of 7 features has moved since version 1 was trained: Fee."
    assert (
        f'href="{reverse("ranking:drift", args=["advisers"])}">Drift</a>'
        in admin.get(reverse("feedback:dashboard", args=["advisers"])).content.decode()
    )
    assert drifted_features() == {"advisers": 1}
    trainings.promote(trainings.make_version(project))
    assert "drift" not in notices_of(project)


def test_the_data_are_looked_at_for_drift_only_when_they_have_changed(project):
    trainings.promote(trainings.make_version(project))
    watch_drift()
    before = DriftCheck.objects.get().checked_at
    watch_drift()
    assert DriftCheck.objects.get().checked_at == before
    raise_fees(project)
    watch_drift()
    assert DriftCheck.objects.get().checked_at > before


def test_one_project_whose_data_are_ruined_keeps_no_other_from_being_looked_at(project, caplog):
    other = factories.make_project("others")
    for each in (project, other):
        trainings.promote(trainings.make_version(each))
    item = project.items.select_related("current").first()
    factories.revise_item(item, {**item.current.content, "assets": "plenty"})
    project.name = "A first one"  # projects are looked at by name
    project.save(update_fields=["name"])
    watch_drift()
    assert DriftCheck.objects.get().project == other
    (told,) = [record.msg for record in caplog.records if "drift_not_checked" in str(record.msg)]
    assert told["project"] == project.slug


def test_many_features_that_moved_are_named_in_part(project):
    version = trainings.make_version(project)
    trainings.promote(version)
    moved = ["Revenue", "Fee", "Staff", "Age", "Distance"]
    DriftCheck.objects.create(project=project, version=version, features=10, moved=moved)
    said = notices_of(project)["drift"].text
    assert said == "5 of 10 features have moved since version 1 was trained: Revenue, Fee, Staff and 2 more."


def test_without_any_version_the_overview_still_opens(admin):
    factories.make_project(version=False)
    assert "No version is in service" in page(admin, "dashboard")
    assert "No version yet" in text_of(admin.get(reverse("ranking:versions", args=["advisers"])))


def test_a_failed_training_is_said_until_the_next_one(project):
    jobs.fail(jobs.claim(trainings.make_job(project).pk, owner="here:1"), "the disk is full")
    assert "the disk is full" in notices_of(project)["job_failed"].text
    trainings.make_job(project)
    assert "job_failed" not in notices_of(project)


def test_a_session_that_is_complete_or_idle_asks_for_somebody(project, edda):
    session = factories.make_session(project, [edda])
    assert not {"session_complete", "session_idle"} & set(notices_of(project))
    FeedbackSession.objects.update(opened_at=timezone.now() - timedelta(days=4))
    assert "no judgement for 4 days" in notices_of(project)["session_idle"].text
    factories.judge_all(session.slates.all())
    assert set(notices_of(project)) >= {"session_complete"}
    assert "session_idle" not in notices_of(project)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("preferences", "Advisers for mandates has no closed session to learn from."),
        ("horoscopes", "Say what to learn from: closed sessions or graded labels."),
    ],
)
def test_a_training_from_nothing_is_refused_in_words(admin, project, source, words):
    assert said(send(admin, "retrain", source=source)) == [words]
    assert not TrainingJob.objects.exists()


def test_a_second_training_is_refused_while_the_first_is_open(admin, project):
    send(admin, "retrain", source="labels")
    (text,) = said(send(admin, "retrain", source="labels"))
    assert re.search(r"Training job \d+ of Advisers for mandates is queued.", text)
    assert TrainingJob.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("feedback:gaps", "Monitoring"),
        ("feedback:flags", "Monitoring"),
        ("feedback:sessions", "Sessions"),
        ("feedback:gold", "Sessions"),
        ("feedback:comparison", "Sessions"),
        ("ranking:promotions", "Versions"),
        ("feedback:dashboard", "Overview"),
    ],
)
def test_the_navigation_marks_where_a_page_belongs(admin, project, edda, address, entry):
    comparison = factories.make_comparison(
        trainings.make_version(project), project.versions.get(number=0), [edda]
    )
    ids = [comparison.pk] if address == "feedback:comparison" else []
    found = admin.get(reverse(address, args=["advisers", *ids])).content.decode()
    nav = found.partition('<nav id="nav"')[2].partition("</nav>")[0]
    assert re.findall(r"aria-current[^>]*>([^<]+)<", nav) == [entry]
