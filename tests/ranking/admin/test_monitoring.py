"""The admin's pages of monitoring: lists a day, drift, exposure."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from feedback.services.learning import freeze_training_set
from ranking.content import content_hash
from ranking.models import ItemVersion, Label, Ranking
from ranking.services import jobs, monitoring, orders, serving, versions
from tests import factories, trainings
from tests.ranking.admin.pages import page


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
    text = page(admin, "drift")
    assert "1 of 7 features has moved further than chance explains" in text
    assert f"{moved.needs_then} needs then, {moved.needs_now} now" in text


def test_a_set_with_sessions_is_compared_by_random_draws(project, challenger):
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    frozen = freeze_training_set(project)
    rows, looked_at = monitoring._rows_then(frozen)
    drawn = rows[~looked_at]
    assert len(drawn) > 0
    assert drawn["label"].isna().all()
    assert not drawn["held_out"].any()


@pytest.mark.django_db
def test_what_people_had_looked_at_is_no_drift():
    """They grade the cheap ones, say: the others are dearer, and still are."""
    project = factories.make_project(items=120)
    Label.objects.all().delete()
    cheap = sorted(project.items.select_related("current"), key=lambda item: item.current.content["fee"])[:60]
    for query in project.queries.all():
        Label.objects.bulk_create(Label(query=query, item=item, grade=3) for item in cheap)
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    report = monitoring.drift_of(trainings.make_refinement(project, trainings.refinement_report()))
    assert report.drawn
    assert [feature.column for feature in report.features if feature.drift.alarm] == []


@pytest.mark.django_db
def test_data_that_have_not_changed_show_no_drift_at_all():
    project = factories.make_project(items=120)
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    version = trainings.make_refinement(project, trainings.refinement_report())
    report = monitoring.drift_of(version)
    assert report.drawn
    assert (report.rows_then, report.needs_then) == (report.rows_now, report.needs_now)
    assert {(feature.drift.psi, feature.drift.p_value) for feature in report.features} == {(0.0, 1.0)}


@pytest.mark.django_db
def test_fewer_needs_of_the_same_kind_are_no_drift():
    project = factories.make_project(items=120)
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    version = trainings.make_refinement(project, trainings.refinement_report())
    for query in list(project.queries.order_by("key"))[:3]:
        query.active = False
        query.save()
    report = monitoring.drift_of(version)
    assert report.needs_now < report.needs_then
    of_needs = [feature.drift for feature in report.features if feature.drift.unit != "item"]
    assert {(drift.then, drift.now) for drift in of_needs} == {(report.needs_then, report.needs_now)}
    assert report.alarms == 0


@pytest.mark.django_db
def test_every_need_of_today_may_be_drawn_not_the_first_by_name(monkeypatch):
    monkeypatch.setattr(monitoring, "DRIFT_NEEDS", 5)
    keys = [f"need {number:03}" for number in range(100)]
    drawn = monitoring._drawn_evenly(keys)
    assert len(drawn) == 5
    assert drawn != keys[:5]
    assert set(monitoring._drawn_evenly(keys[:50])) >= set(drawn) & set(keys[:50])


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
