"""Promotion is an append-only log; what is promoted is what was looked at."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from ranking.errors import NoChampion, PromotionRefused, StalePromotion
from ranking.models import Evaluation, ModelVersion, Promotion
from ranking.services import jobs, serving, versions
from ranking.services.versions import PromotionRequest
from tests import factories, trainings

pytestmark = pytest.mark.django_db


def _request(version, **changes):
    asked = {"by": "ada", "reason": "better", "expected_sha256": version.sha256, "confirm": str(version)}
    return PromotionRequest(**(asked | changes))


def test_the_sorting_rule_is_version_0_and_serves_without_a_single_label():
    project = factories.make_project()
    assert serving.champion(project).version.number == 0
    ranking = serving.serve(project.queries.first())
    assets = [
        match.item_version.content["assets"] for match in ranking.matches.select_related("item_version")
    ]
    assert assets == sorted(assets, reverse=True)


def test_promotions_form_one_chain():
    project = factories.make_project()
    one, two = trainings.make_version(project), trainings.make_version(project, sort="age")
    for version in (one, two, one):
        versions.promote(version, _request(version))
    log = list(Promotion.objects.order_by("id"))
    assert [promotion.version.number for promotion in log] == [0, 1, 2, 1]
    assert [promotion.previous for promotion in log] == [None, *log[:-1]]
    assert serving.champion(project).version == one


def test_rolling_back_promotes_the_version_before():
    project = factories.make_project()
    version = trainings.make_version(project)
    versions.promote(version, _request(version))
    back = versions.roll_back(project, by="ada", reason="experts disagree")
    assert (back.version.number, back.rollback) == (0, True)
    assert serving.champion(project).version.number == 0


def test_there_is_nothing_to_roll_back_to_before_the_first_version():
    with pytest.raises(PromotionRefused):
        versions.roll_back(factories.make_project(), by="ada", reason="x")


def test_a_click_is_bound_to_what_was_looked_at():
    project = factories.make_project()
    one, two = trainings.make_version(project), trainings.make_version(project, sort="age")
    with pytest.raises(StalePromotion):
        versions.promote(one, _request(one, expected_sha256=two.sha256))
    versions.promote(two, _request(two))
    with pytest.raises(StalePromotion):
        versions.promote(one, _request(one, expected_champion=0))
    assert serving.champion(project).version == two


def test_the_version_in_service_is_not_promoted_twice():
    project = factories.make_project()
    version = trainings.make_version(project)
    versions.promote(version, _request(version))
    with pytest.raises(PromotionRefused):
        versions.promote(version, _request(version))


def test_a_promotion_without_a_reason_is_refused():
    version = trainings.make_version(factories.make_project())
    with pytest.raises(PromotionRefused, match="say why"):
        versions.promote(version, _request(version, reason="  "))


@pytest.mark.parametrize(
    "statement", ["UPDATE ranking_promotion SET reason = 'x'", "DELETE FROM ranking_promotion"]
)
def test_the_database_refuses_to_change_the_log(statement):
    factories.make_project()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


DAMAGE = {
    "truncated": lambda data: data[: len(data) // 2],
    "one byte flipped": lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
    "empty": lambda data: b"",
}


def _damage(version, change):
    path = Path(default_storage.path(version.file))
    path.write_bytes(change(path.read_bytes()))
    serving.forget_rankers()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_model_is_refused_and_the_last_good_champion_serves_on_flagged(damage):
    project = factories.make_project()
    version = trainings.make_version(project)
    versions.promote(version, _request(version))
    _damage(version, damage)
    found = serving.champion(project)
    assert (found.version.number, found.degraded) == (0, True)
    assert "version 1" in found.problem
    assert serving.serve(project.queries.first()).degraded


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_model_is_not_promoted(damage):
    version = trainings.make_version(factories.make_project())
    _damage(version, damage)
    with pytest.raises(PromotionRefused, match="can't be loaded"):
        versions.promote(version, _request(version))


def test_a_missing_model_is_like_a_damaged_one_and_without_any_other_nothing_is_served():
    project = factories.make_project()
    default_storage.delete(project.versions.get(number=0).file)
    serving.forget_rankers()
    with pytest.raises(NoChampion):
        serving.champion(project)


@pytest.mark.parametrize(("verdict", "promoted"), [("promote", True), ("not_yet", False), ("refuse", False)])
def test_a_version_is_promoted_by_itself_only_when_the_verdict_is_promote(verdict, promoted):
    project = factories.make_project()
    project.automatic_promotion = True
    project.save()
    version = trainings.make_version(project, verdict=verdict)
    assert version.promotions.filter(automatic=True).exists() == promoted
    assert (serving.champion(project).version == version) == promoted


def test_what_happens_by_itself_is_what_the_project_wants_when_its_training_ends():
    project = factories.make_project()
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    project.automatic_promotion = True
    project.save()
    version = trainings.finish(job)
    assert serving.champion(project).version == version


def test_a_training_that_ends_without_its_promotion_has_not_ended(monkeypatch):
    """Nobody comes back to a job that is done: what dies between the two would never be promoted."""
    project = factories.make_project()
    project.automatic_promotion = True
    project.save()
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    with monkeypatch.context() as broken:
        broken.setattr(versions, "_append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            trainings.finish(job)
    job.refresh_from_db()
    assert (job.state, project.versions.count()) == ("running", 1)
    version = trainings.finish(job)
    assert serving.champion(project).version == version


def test_a_gain_that_one_of_many_looks_may_show_by_chance_is_left_to_a_person():
    project = factories.make_project()
    project.automatic_promotion = True
    project.save()
    for p, promoted in ((0.02, False), (0.01, True)):
        job = jobs.claim(trainings.make_job(project).pk, owner="test")
        version = trainings.finish(job, gate=trainings.gate_decision(p=p))
        assert version.evaluations.get().verdict == "promote"
        assert version.promotions.exists() == promoted


def test_nothing_is_promoted_by_itself_where_nobody_wants_that():
    assert not trainings.make_version(factories.make_project()).promotions.exists()


def test_a_comparison_with_a_champion_that_is_gone_promotes_nothing():
    project = factories.make_project()
    one = trainings.make_version(project)
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    versions.promote(one, _request(one))
    project.automatic_promotion = True
    project.save()
    assert not trainings.finish(job, base=one.parent).promotions.exists()
    assert serving.champion(project).version == one


def test_a_person_may_promote_what_the_gate_refuses_with_a_reason():
    version = trainings.make_version(factories.make_project(), verdict="refuse")
    promotion = versions.promote(version, _request(version))
    assert (promotion.automatic, promotion.evaluation.verdict) == (False, "refuse")


def test_a_promotion_notes_no_evaluation_against_another_version_than_the_one_it_replaces():
    project = factories.make_project()
    one, two = trainings.make_version(project), trainings.make_version(project, sort="age")
    assert versions.promote(two, _request(two)).evaluation == two.evaluations.get()
    assert versions.promote(one, _request(one)).evaluation is None


@pytest.mark.django_db(transaction=True)
def test_evaluations_keep_their_verdict_through_the_change_of_words_and_stay_append_only():
    version = trainings.make_version(factories.make_project())
    try:
        MigrationExecutor(connection).migrate([("ranking", "0002_append_only")])
        assert _stored_verdicts() == ("better", "better")
    finally:
        _migrate_to_the_end()
    assert _stored_verdicts() == ("promote", "promote")
    with pytest.raises(DatabaseError), transaction.atomic():
        version.evaluations.update(verdict="refuse")


@pytest.mark.django_db(transaction=True)
def test_versions_from_before_provenance_was_kept_stay_as_they_are_and_append_only():
    """SQLite makes a changed table anew, and would lose the triggers with the old one."""
    version = trainings.make_version(factories.make_project())
    try:
        MigrationExecutor(connection).migrate([("ranking", "0003_verdicts_of_the_gate")])
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ModelVersion.objects.filter(pk=version.pk).update(number=7)
    finally:
        _migrate_to_the_end()
    version.refresh_from_db()
    assert (version.number, version.provenance_file, version.provenance_sha256) == (1, "", "")
    for statement in ("UPDATE ranking_modelversion SET number = 7", "DELETE FROM ranking_modelversion"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_provenance_file_is_kept_with_its_checksum_or_not_at_all():
    version = trainings.make_version(factories.make_project())
    version.pk, version.number, version.provenance_file = None, 2, "provenance/x.json.gz"
    with pytest.raises(IntegrityError, match="provenance_has_its_checksum"), transaction.atomic():
        version.save(force_insert=True)


def _migrate_to_the_end():
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())  # those of the other app stand on this one


def _stored_verdicts():
    """The verdict of the one evaluation, in its column and in its results."""
    return Evaluation.objects.values_list("verdict", "results__verdict").get()
