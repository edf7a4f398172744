"""Sessions over HTTP, as an admin runs them; what was judged and what follows from it."""

import pytest
from django.contrib.auth.models import User

from feedback.models import FeedbackSession, Member, Preference
from tests import factories, trainings


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    return factories.api_client(factories.make_admin())


@pytest.fixture
def experts(db):
    return [factories.make_expert(name) for name in ("edda", "emil")]


def _open(client, **changes):
    body = {
        "project": "advisers",
        "title": "Autumn",
        "experts": ["edda", "emil"],
        "slates_per_expert": 4,
        "items_per_slate": 4,
        "overlap_share": 0.5,
        **changes,
    }
    return client.post("/api/v1/sessions/", body, format="json")


def test_an_opened_session_has_its_slates_at_once(project, admin, experts):
    answer = _open(admin)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["slates_total"], made["slates_done"], made["experts_total"]) == (8, 0, 2)
    assert (made["state"], made["version"], made["opened_by"]) == ("open", 0, "ada")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"experts": []}, "experts"),
        ({"experts": ["ada"]}, "experts.0"),
        ({"experts": ["edda", "nobody"]}, "experts.1"),
        ({"project": "nowhere"}, "project"),
        ({"random_share": 0.1}, "random_share"),
        ({"items_per_slate": 1}, "items_per_slate"),
        ({"slates_per_expert": 201}, "slates_per_expert"),
        ({"title": " "}, "title"),
        ({"items_per_slates": 8}, "items_per_slates"),
    ],
)
def test_a_session_that_can_not_be_opened_is_refused_by_field(project, admin, experts, changes, field):
    answer = _open(admin, **changes)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not FeedbackSession.objects.exists()


@pytest.mark.parametrize("address", ["sessions/", "sessions/preview/"])
@pytest.mark.parametrize("why", ["suspended", "simulated"])
def test_who_cannot_log_in_is_not_invited(project, admin, experts, address, why):
    if why == "suspended":
        User.objects.filter(pk=experts[1].pk).update(is_active=False)
    else:
        Member.objects.filter(user=experts[1]).update(simulated=True)
    body = {"project": "advisers", "title": "Autumn", "experts": ["edda", "emil"]}
    if address.endswith("preview/"):
        del body["title"]
    answer = admin.post(f"/api/v1/{address}", body, format="json")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_session")
    assert error["fields"] == {"experts": [f"cannot log in: emil ({why})"]}
    assert not FeedbackSession.objects.exists()
    assert _open(admin, experts=["edda"]).status_code == 201


def test_nor_is_given_more_lists_or_those_of_others(project, admin, experts):
    session = FeedbackSession.objects.get(pk=_open(admin, experts=["edda"]).json()["id"])
    User.objects.filter(pk=experts[1].pk).update(is_active=False)
    more = admin.post(f"/api/v1/sessions/{session.pk}/more/", {"expert": "emil", "slates": 2}, format="json")
    over = admin.post(
        f"/api/v1/sessions/{session.pk}/hand-over/", {"giver": "edda", "taker": "emil"}, format="json"
    )
    for answer in (more, over):
        assert "cannot log in: emil (suspended)" in answer.json()["error"]["message"], answer.json()


def test_an_expert_named_twice_is_invited_once(project, admin, experts):
    assert _open(admin, experts=["edda", "edda"]).json()["slates_total"] == 4


def test_a_session_shows_its_progress_coverage_and_agreement(project, admin, experts):
    session = FeedbackSession.objects.get(pk=_open(admin).json()["id"])
    factories.judge_all(session.slates.filter(expert=experts[0]).select_related("session__project"))
    found = admin.get(f"/api/v1/sessions/{session.pk}/").json()
    progress = {row["username"]: (row["done"], row["slates"]) for row in found["progress"]}
    assert progress == {"edda": (4, 4), "emil": (0, 4)}
    assert sum(row["done"] for row in found["coverage"]) == 4
    assert found["agreement"] == []
    factories.judge_all(session.slates.filter(expert=experts[1]).select_related("session__project"))
    found = admin.get(f"/api/v1/sessions/{session.pk}/").json()
    assert found["agreement"][0]["lists"] == 2
    assert found["agreement"][0]["tau"] == 1
    measures = {row["name"]: row for row in found["measures"]}
    assert list(measures) == ["tau_b", "kendall_w", "rbo", "alpha_ranks", "separation", "kept"]
    tau = measures["tau_b"]
    assert (tau["value"], tau["low"], tau["n"], tau["chance"]) == (1.0, None, 2, 0.0)
    assert "100 of 100 pairs" in tau["meaning"]
    assert (measures["kept"]["value"], found["consistency"]) == (None, [])


def test_the_lists_that_an_expert_judged_twice_are_read_with_what_was_kept(project, admin, experts):
    session = FeedbackSession.objects.get(pk=_open(admin).json()["id"])
    slate = session.slates.filter(expert=experts[0]).select_related("session__project").first()
    factories.judge(slate)
    factories.judge(factories.repeat(slate))
    expected = {
        "username": "edda",
        "repeats": 1,
        "same": 1,
        "kept": 1.0,
        "low": None,
        "high": None,
        "tau_b": 1.0,
    }
    assert admin.get(f"/api/v1/sessions/{session.pk}/").json()["consistency"] == [expected]
    rows = admin.get("/api/v1/projects/advisers/experts/").json()["experts"]
    assert {row["username"]: row["consistency"] for row in rows} == {"edda": expected, "emil": None}


def test_a_closed_session_has_preferences_and_can_not_be_closed_again(project, admin, experts):
    session = FeedbackSession.objects.get(pk=_open(admin).json()["id"])
    factories.judge_all(session.slates.select_related("session__project"))
    closed = admin.post(f"/api/v1/sessions/{session.pk}/close/").json()
    assert (closed["state"], closed["slates_done"]) == ("closed", 8)
    assert admin.get("/api/v1/preferences/", {"session": session.pk}).json()["count"] == 8 * 6
    again = admin.post(f"/api/v1/sessions/{session.pk}/close/")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "session_closed")


def test_a_judgement_is_read_with_the_cards_it_is_about(project, admin, experts):
    session = factories.make_session(project, experts)
    slate = session.slates.select_related("session__project").first()
    judgement = factories.judge(slate)
    listed = admin.get("/api/v1/judgements/", {"session": session.pk}).json()["results"]
    assert [(row["expert"], row["kind"]) for row in listed] == [("edda", "reorder")]
    found = admin.get(f"/api/v1/judgements/{judgement.pk}/").json()
    assert [card["shown_position"] for card in found["cards"]] == [1, 2, 3, 4]
    assert sorted(card for tier in found["tiers"] for card in tier) == sorted(
        card["id"] for card in found["cards"]
    )


def test_preferences_are_filtered_by_who_said_them(project, admin, experts):
    session = factories.make_closed_session(project, experts)
    of_edda = admin.get("/api/v1/preferences/", {"expert": "edda", "session": session.pk}).json()
    assert of_edda["count"] == Preference.objects.filter(judgement__expert=experts[0]).count() > 0
    assert {row["expert"] for row in of_edda["results"]} == {"edda"}
    assert admin.get("/api/v1/preferences/", {"origin": "tied"}).json()["count"] == 0
    assert admin.get("/api/v1/judgements/", {"kind": "reorder"}).json()["count"] == 6


@pytest.mark.parametrize(
    ("address", "expected"),
    [("/api/v1/sessions/", 4), ("/api/v1/judgements/", 4), ("/api/v1/preferences/", 4)],
)
def test_a_list_takes_the_same_number_of_reads_at_any_length(
    project, admin, experts, django_assert_num_queries, address, expected
):
    factories.make_closed_session(project, experts)
    factories.make_closed_session(project, experts, title="Second round")
    for size in (1, 200):
        with django_assert_num_queries(expected):
            assert admin.get(address, {"page_size": size}).status_code == 200


def test_experts_are_told_in_numbers(project, admin, experts):
    factories.make_closed_session(project, experts[:1], slates_per_expert=6)
    found = admin.get("/api/v1/projects/advisers/experts/").json()["experts"]
    assert [(row["username"], row["judgements"]) for row in found] == [("edda", 6), ("emil", 0)]
    lists = found[0]["randomised"]["lists"] + found[0]["model_order"]["lists"]
    assert lists == 6


def test_a_project_says_what_needs_a_person_next(project, admin, experts):
    session = factories.make_session(project, experts)
    job = trainings.make_job(project)
    found = admin.get("/api/v1/projects/advisers/standing/").json()
    assert (found["champion"], found["running_job"]) == (0, job.pk)
    assert found["open_sessions"] == [session.pk]
    assert found["notices"] == []
    factories.judge(session.slates.select_related("session__project").first(), kind="none_suitable")
    notices = admin.get("/api/v1/projects/advisers/standing/").json()["notices"]
    assert [(notice["kind"], notice["session_id"]) for notice in notices] == [("flags", None)]
    assert "suitable" in notices[0]["text"]
