"""Trainings, versions and promotions over HTTP, as an admin steers them."""

import math

import pytest
from django.utils import timezone

from ranking.models import Promotion, TrainingJob
from ranking.services import jobs, serving
from tests import factories, trainings
from tests.tiny import STYLES


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    return factories.api_client(factories.make_admin())


def _promote(client, version, **changes):
    body = {"version": version.pk, "expected_sha256": version.sha256, "reason": "better", **changes}
    return client.post("/api/v1/promotions/", body, format="json")


def test_a_project_is_told_with_its_figures_and_its_description(project, admin):
    listed = admin.get("/api/v1/projects/").json()["results"][0]
    assert (listed["slug"], listed["queries"], listed["items"], listed["champion"]) == ("advisers", 12, 40, 0)
    found = admin.get("/api/v1/projects/advisers/").json()
    assert found["item_noun"] == {"noun": "adviser", "plural": "advisers"}
    assert [feature["name"] for feature in found["features"]][:2] == ["assets", "fee"]
    assert found["reason_tags"][0] == {"name": "too_expensive", "label": "too expensive"}


def test_what_happens_by_itself_is_set_and_what_is_left_out_stays(project, admin):
    admin.patch("/api/v1/projects/advisers/", {"retrain_every_hours": 24}, format="json")
    answer = admin.patch("/api/v1/projects/advisers/", {"automatic_promotion": True}, format="json")
    assert answer.json()["retrain_every_hours"] == 24
    project.refresh_from_db()
    assert project.automatic_promotion
    assert project.retrain_every_hours == 24


def test_a_training_from_labels_is_queued_and_can_be_watched(project, admin):
    body = {"project": "advisers", "learn_from": "labels", "seed": 3}
    answer = admin.post("/api/v1/jobs/", body, format="json")
    assert answer.status_code == 202
    job = admin.get(answer["Location"]).json()
    assert job["id"] == answer.json()["id"]
    assert (job["state"], job["seed"], job["requested_by"]) == ("queued", 3, "ada")
    training_set = admin.get(f"/api/v1/training-sets/{job['training_set']}/").json()
    assert training_set["mode"] == "labels"
    assert training_set["summary"]["labels"] > 0


def test_a_training_from_preferences_names_its_sessions(project, admin):
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    answer = admin.post("/api/v1/jobs/", {"project": "advisers", "learn_from": "preferences"}, format="json")
    assert answer.status_code == 202
    found = admin.get("/api/v1/training-sets/", {"mode": "preferences", "project": "advisers"}).json()
    assert found["count"] == 1
    assert found["results"][0]["sources"][0]["title"] == "First round"


def test_without_a_closed_session_there_is_nothing_to_train_on(project, admin):
    answer = admin.post("/api/v1/jobs/", {"project": "advisers", "learn_from": "preferences"}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_train")


def test_a_second_training_at_the_same_time_is_refused(project, admin):
    trainings.make_job(project)
    answer = admin.post("/api/v1/jobs/", {"project": "advisers", "learn_from": "labels"}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "training_in_progress")
    assert TrainingJob.objects.count() == 1


def test_a_queued_training_ends_when_it_is_cancelled_and_only_once(project, admin):
    job = trainings.make_job(project)
    answer = admin.post(f"/api/v1/jobs/{job.pk}/cancel/")
    assert answer.json()["state"] == "cancelled"
    again = admin.post(f"/api/v1/jobs/{job.pk}/cancel/")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "job_finished")


def test_a_running_training_shows_its_progress_and_log(project, admin):
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    jobs.beat(job, stage="boosting", fraction=0.4, lines=["round 40 of 100"])
    found = admin.get(f"/api/v1/jobs/{job.pk}/").json()
    assert (found["stage"], found["fraction"]) == ("boosting", 0.4)
    assert found["log"][0]["line"] == "round 40 of 100"
    assert admin.get("/api/v1/jobs/", {"state": "running"}).json()["count"] == 1
    assert admin.get("/api/v1/jobs/", {"state": "done"}).json()["count"] == 0


def test_a_version_comes_with_its_evaluation_and_lineage(project, admin):
    version = trainings.make_version(project, verdict="refuse")
    found = admin.get("/api/v1/versions/", {"project": "advisers"}).json()["results"]
    assert [(row["number"], row["parent"], row["in_service"]) for row in found] == [
        (1, 0, False),
        (0, None, True),
    ]
    evaluation = admin.get("/api/v1/evaluations/", {"challenger": version.pk}).json()["results"][0]
    assert (evaluation["verdict"], evaluation["champion_number"]) == ("refuse", 0)
    assert [check["name"] for check in evaluation["gate"]["checks"] if check["state"] == "failed"] == [
        "superiority"
    ]
    assert (evaluation["gate"]["slates_needed"], evaluation["gate"]["dropped"]) == (None, 3)
    detail = admin.get(f"/api/v1/evaluations/{evaluation['id']}/").json()
    assert detail["results"]["metrics"]["ndcg@10"]["difference"] == -0.05


def test_a_promoted_version_is_the_one_in_service(project, admin):
    version = trainings.make_version(project)
    answer = _promote(admin, version, expected_champion=0)
    assert answer.status_code == 201
    assert (answer.json()["by"], answer.json()["version"], answer.json()["automatic"]) == ("ada", 1, False)
    assert answer.json()["evaluation"] == version.evaluations.get().pk
    found = admin.get("/api/v1/versions/", {"in_service": "true"}).json()["results"]
    assert [row["number"] for row in found] == [1]


def test_what_would_be_promoted_must_be_what_was_looked_at(project, admin):
    version = trainings.make_version(project)
    for changes in ({"expected_sha256": "0" * 64}, {"expected_champion": 7}):
        answer = _promote(admin, version, **changes)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale_promotion")
    assert Promotion.objects.count() == 1


def test_a_version_in_service_is_not_promoted_again(project, admin):
    version = trainings.make_version(project)
    _promote(admin, version)
    answer = _promote(admin, version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "promotion_refused")


def test_a_promotion_without_a_reason_names_the_field(project, admin):
    answer = _promote(admin, trainings.make_version(project), reason="  ")
    assert answer.status_code == 400
    assert "reason" in answer.json()["error"]["fields"]


@pytest.mark.parametrize("verdict", ["not_yet", "refuse"])
def test_a_promotion_against_the_verdict_needs_the_versions_name(project, admin, verdict):
    version = trainings.make_version(project, verdict=verdict)
    for confirm in ({}, {"confirm": ""}, {"confirm": "version 11"}, {"confirm": "true"}):
        answer = _promote(admin, version, **confirm)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "confirmation_needed")
        assert "type “version 1”" in error["fields"]["confirm"][0]
    assert Promotion.objects.count() == 1
    assert _promote(admin, version, confirm="version 1", reason=" ").status_code == 400
    assert _promote(admin, version, confirm="version 1").status_code == 201


def test_a_promotion_that_the_gate_never_compared_needs_the_name_too(project, admin):
    older = trainings.make_version(project)
    trainings.promote(trainings.make_version(project, sort="age"))
    answer = _promote(admin, older)
    assert answer.json()["error"]["message"].startswith(
        "version 1 has not been evaluated against version 2: to put it in service all the same"
    )


def test_what_is_promoted_by_itself_needs_no_name_and_goes_against_no_verdict(project):
    project.automatic_promotion = True
    project.save()
    trainings.make_version(project, verdict="not_yet")
    assert Promotion.objects.count() == 1
    trainings.make_version(project, sort="age")
    assert [row.automatic for row in Promotion.objects.order_by("id")] == [False, True]


def test_a_roll_back_returns_to_the_version_before(project, admin):
    _promote(admin, trainings.make_version(project))
    body = {"project": "advisers", "expected_champion": 1, "reason": "complaints"}
    answer = admin.post("/api/v1/promotions/roll-back/", body, format="json")
    assert answer.status_code == 201
    assert (answer.json()["version"], answer.json()["rollback"]) == (0, True)
    again = admin.post("/api/v1/promotions/roll-back/", body, format="json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "stale_promotion")
    log = admin.get("/api/v1/promotions/", {"project": "advisers"}).json()["results"]
    assert [row["version"] for row in log] == [0, 1, 0]


def test_a_roll_back_names_what_is_to_go(project, admin):
    answer = admin.post(
        "/api/v1/promotions/roll-back/", {"project": "advisers", "reason": "x"}, format="json"
    )
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["expected_champion"]


def test_there_is_nothing_to_roll_back_to_at_the_start(project, admin):
    body = {"project": "advisers", "expected_champion": 0, "reason": "no idea"}
    answer = admin.post("/api/v1/promotions/roll-back/", body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "promotion_refused")


@pytest.mark.parametrize("version", ["true", "1.5", "1e999", '"1.5"', "null", "{}", "-1", str(10**18)])
def test_something_that_is_no_id_is_refused_by_name(project, admin, version):
    body = f'{{"version": {version}, "expected_sha256": "{"0" * 64}", "reason": "better"}}'
    answer = admin.post("/api/v1/promotions/", body, content_type="application/json")
    assert answer.status_code == 400
    assert "version" in answer.json()["error"]["message"] or "JSON" in answer.json()["error"]["message"]


def test_a_field_that_nobody_knows_is_refused_by_name(project, admin):
    answer = _promote(admin, trainings.make_version(project), forced=True)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {"forced": ["Unknown field."]}
    assert Promotion.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/api/v1/versions/", 4),
        ("/api/v1/evaluations/", 4),
        ("/api/v1/promotions/", 4),
        ("/api/v1/jobs/", 4),
        ("/api/v1/training-sets/", 4),
    ],
)
def test_a_list_takes_the_same_number_of_reads_at_any_length(
    project, admin, django_assert_num_queries, address, expected
):
    trainings.promote(trainings.make_version(project))
    trainings.make_version(project, sort="age")
    for size in (1, 200):
        with django_assert_num_queries(expected):
            assert admin.get(address, {"page_size": size}).status_code == 200


# --- what a version changes, and how it does in service -----------------------------------------------------
def test_two_versions_are_compared_list_by_list(project, admin):
    version = trainings.make_version(project)
    rule = project.versions.get(number=0)
    found = admin.get(f"/api/v1/versions/{version.pk}/against/{rule.pk}/").json()
    assert found["queries_total"] == len(found["lists"]) == 12
    assert found["changed"] > 0
    most = found["lists"][0]
    assert most["kept"] + most["new"] == most["size"]
    moves = admin.get(f"/api/v1/versions/{version.pk}/against/{rule.pk}/queries/{most['query']}/").json()[
        "moves"
    ]
    assert sum(move["old"] is None or move["old"] > 10 for move in moves if move["new"] <= 10) == most["new"]


def test_a_version_says_what_it_learned(project, admin):
    version = trainings.make_version(project, sort="fee")
    lessons = admin.get(f"/api/v1/versions/{version.pk}/lessons/").json()["lessons"]
    assert {lesson["label"] for lesson in lessons} >= {"Fee"}


def test_monitoring_counts_lists_and_names_failed_trainings(project, admin):
    for query in factories.queries_of(project, "Harbour"):
        serving.serve(query)
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    jobs.fail(job, "the disk is full")
    found = admin.get("/api/v1/projects/advisers/monitoring/").json()
    assert found["days"][-1] == {"day": str(timezone.localdate()), "rankings": 4, "degraded": 0}
    assert found["failed_jobs"] == [job.pk]
    assert found["problems"] == []


def test_drift_is_measured_for_a_trained_champion_alone(project, admin):
    assert admin.get("/api/v1/projects/advisers/drift/").json()["features"] == []
    trainings.promote(trainings.make_version(project))
    found = admin.get("/api/v1/projects/advisers/drift/").json()
    assert (found["version"], found["rows_then"]) == (1, found["rows_now"])
    assert {feature["alarm"] for feature in found["features"]} == {False}
    assert {feature["p_value"] for feature in found["features"]} == {1.0}
    assert found["queries_then"] == found["queries_now"] > 0


def test_exposure_is_told_by_group_of_a_protected_attribute(project, admin):
    found = admin.get("/api/v1/projects/advisers/exposure/").json()
    assert [(one["segment"], one["lists"]) for one in found["attributes"]] == [("style", 12)]
    groups = found["attributes"][0]["groups"]
    assert {group["group"] for group in groups} == set(STYLES)
    assert math.isclose(sum(group["exposure_share"] for group in groups), 1, abs_tol=1e-9)
