"""Serving ranks every eligible item, freezes what it shows and says why."""

from dataclasses import replace

import numpy as np
import pytest

from ranking.content import content_hash
from ranking.description import from_dict
from ranking.formats import for_people
from ranking.ltr.features.spec import FeatureSpec
from ranking.models import ItemVersion, Match, Project, Ranking
from ranking.services import serving, versions
from ranking.services.candidates import candidates, current_feature_set
from ranking.services.words import FeatureWords
from tests import factories, trainings
from tests.at_once import at_once
from tests.tiny import DESCRIPTION

pytestmark = pytest.mark.django_db


def test_every_item_that_breaks_no_rule_is_ranked_and_no_other():
    project = factories.make_project()
    for query in project.queries.all():
        ranking = serving.serve(query)
        allowed = {
            item.current_id
            for item in project.items.select_related("current")
            if item.current.content["assets"] >= query.content["least_assets"]
        }
        assert {match.item_version_id for match in ranking.matches.all()} == allowed
        assert ranking.eligible_total == len(allowed)
        assert ranking.items_total - ranking.eligible_total == sum(ranking.removed_by_rule.values())


def test_a_project_without_items_has_empty_lists():
    project = factories.make_project()
    project.items.update(active=False)
    Project.objects.filter(pk=project.pk).update(items_revision=project.items_revision + 1)
    ranking = serving.serve(project.queries.first())
    assert (ranking.items_total, ranking.matches.count()) == (0, 0)


def test_ranks_start_at_one_and_scores_fall():
    ranking = serving.serve(factories.make_project().queries.first())
    matches = list(ranking.matches.all())
    assert [match.rank for match in matches] == list(range(1, len(matches) + 1))
    assert (np.diff([match.score for match in matches]) <= 0).all()


def test_a_stored_ranking_is_served_again_while_nothing_has_changed():
    query = factories.make_project().queries.first()
    assert serving.serve(query) == serving.serve(query)
    assert Ranking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_for_a_new_ranking_at_once_are_given_the_same_one():
    query = factories.make_project().queries.first()
    assert set(at_once(lambda: serving.serve(query))) == {Ranking.objects.get()}


def _change_item(project):
    item = project.items.first()
    content = {**item.current.content, "assets": 9e12}
    item.current = ItemVersion.objects.create(item=item, content=content, content_hash=content_hash(content))
    item.save()
    Project.objects.filter(pk=project.pk).update(items_revision=project.items_revision + 1)


def _change_query(project):
    query = project.queries.first()
    query.content = {**query.content, "least_assets": 0}
    query.content_hash = content_hash(query.content)
    query.save()


def _change_champion(project):
    trainings.promote(trainings.make_version(project))


@pytest.mark.parametrize("change", [_change_item, _change_query, _change_champion])
def test_a_change_of_item_need_or_champion_makes_a_new_ranking(change):
    project = factories.make_project()
    before = serving.serve(project.queries.first())
    change(project)
    after = serving.serve(project.queries.first())
    assert after != before
    assert Match.objects.filter(ranking=before).exists(), "what was shown stays on record"


def test_the_reasons_name_what_the_model_used():
    project = factories.make_project()
    trainings.promote(trainings.make_version(project, sort="fee"))
    for match in serving.serve(project.queries.first()).matches.all():
        assert {reason["feature"] for reason in match.reasons} <= {"fee"}
        assert all(reason["text"].startswith("Fee") for reason in match.reasons)


def test_a_reason_has_the_typical_value_beside_it():
    """8 % may speak for a candidate, and 40 % against another: it depends on what the others have."""
    project = factories.make_project()
    trainings.promote(trainings.make_version(project, sort="fee"))
    query = project.queries.first()
    fees = candidates(query, current_feature_set(project)).features["fee"]
    typical = for_people(float(np.median(fees)), "percent")
    for match in serving.serve(query).matches.all():
        for reason in match.reasons:
            expected = f"Fee: {reason['value']}"
            assert reason["text"] == expected + ("" if reason["value"] == typical else f", typical {typical}")


def test_a_difference_of_percentages_is_told_in_points():
    spec = FeatureSpec("dearer", "difference", item_field="fee", query_field="wanted")
    words = FeatureWords({"dearer": spec}, {}, from_dict(DESCRIPTION))
    assert [words.value("dearer", value) for value in (0.1, -0.01)] == ["+10 points", "−1 point"]


def test_ties_are_broken_by_the_key_and_never_by_chance():
    project = factories.make_project()
    found = candidates(project.queries.first(), current_feature_set(project))
    level = found.features.assign(**dict.fromkeys(found.features, 0.0))
    same = replace(found, features=level)
    order, _ = serving.order(serving.champion(project).ranker, same)
    assert found.keys[order].tolist() == sorted(found.keys)


def test_the_champion_is_read_alone_and_without_its_report(django_assert_num_queries):
    project = factories.make_project()
    trainings.promote(trainings.make_version(project))
    trainings.promote(trainings.make_version(project))
    with django_assert_num_queries(1) as asked:
        assert serving.champion(project).version.number == 2
    (sql,) = [query["sql"] for query in asked.captured_queries]
    assert "LIMIT 1" in sql
    assert "report" not in sql


def test_rolling_back_brings_the_old_order_back():
    project = factories.make_project()
    query = project.queries.first()
    before = [match.item_version_id for match in serving.serve(query).matches.all()]
    trainings.promote(trainings.make_version(project))
    assert [match.item_version_id for match in serving.serve(query).matches.all()] != before
    versions.roll_back(project, by="ada", reason="worse")
    assert [match.item_version_id for match in serving.serve(query).matches.all()] == before
