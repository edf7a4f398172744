"""Blind comparisons over HTTP: own choices alone, answers that count once, results for admins."""

import pytest

from feedback.models import ListAnswer
from tests import factories, trainings


@pytest.fixture
def versions(db):
    project = factories.make_project(items=24, queries=12)
    return trainings.make_version(project), project.versions.get(number=0)


@pytest.fixture
def session(versions, edda):
    return factories.make_comparison(*versions, [edda, factories.make_expert("emil")])


@pytest.fixture
def client(edda):
    return factories.api_client(edda)


@pytest.fixture
def admin(db):
    return factories.api_client(factories.make_admin())


def _answer(client, choice, key="k", **body):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        f"/api/v1/choices/{choice.pk}/answer/", {"kind": "left", **body}, format="json", headers=headers
    )


def test_an_expert_finds_the_own_comparisons_and_choices_alone(session, client, edda):
    (found,) = client.get("/api/v1/my/comparisons/").json()["results"]
    assert (found["id"], found["choices_total"], found["choices_done"]) == (session.pk, 3, 0)
    rows = client.get("/api/v1/choices/", {"session": session.pk}).json()["results"]
    own = session.choices.filter(expert=edda).order_by("position")
    assert [row["id"] for row in rows] == [choice.pk for choice in own]
    foreign = session.choices.exclude(expert=edda).first()
    assert client.get(f"/api/v1/choices/{foreign.pk}/").status_code == 404
    assert _answer(client, foreign).status_code == 404


def test_a_choice_shows_the_need_and_both_lists(session, client, edda):
    choice = session.choices.filter(expert=edda).first()
    body = client.get(f"/api/v1/choices/{choice.pk}/").json()
    assert body["need"]["title"] == choice.query.title
    for side in ("left", "right"):
        assert [card["place"] for card in body[side]] == [1, 2, 3]
        assert all(card["facts"] for card in body[side])
    shared = set(choice.left) & set(choice.right)
    assert sum(card["other_place"] is not None for card in body["left"]) == len(shared)
    assert (body["position"], body["total"], body["answered"]) == (1, 3, False)


def test_an_answer_counts_once_and_leads_on(session, client, edda):
    first, second, _ = session.choices.filter(expert=edda).order_by("position")
    given = _answer(client, first, comment="nearer", seconds=12)
    assert given.status_code == 201
    assert given.json()["next_choice"] == second.pk
    assert _answer(client, first, comment="nearer", seconds=15).json()["id"] == given.json()["id"]
    assert _answer(client, first, comment="other").status_code == 422
    assert _answer(client, first, key="k2").json()["error"]["code"] == "already_judged"
    assert ListAnswer.objects.count() == 1
    rows = client.get("/api/v1/choices/", {"answered": "true"}).json()["results"]
    assert [row["id"] for row in rows] == [first.pk]
    assert client.get("/api/v1/choices/", {"answered": "false"}).json()["count"] == 2


@pytest.mark.parametrize(
    ("key", "body", "status", "code"),
    [
        ("", {}, 400, "idempotency_key_required"),
        ("k", {"kind": "both"}, 400, "invalid"),
        ("k", {"tiers": []}, 400, "invalid"),
        ("k", {"reason_tags": ["pretty"]}, 400, "invalid_judgement"),
        ("k", {"comment": "\x00"}, 400, "parse_error"),
    ],
)
def test_what_is_not_an_answer_is_refused(session, client, edda, key, body, status, code):
    answer = _answer(client, session.choices.filter(expert=edda).first(), key, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_admin_opens_reads_and_closes_a_comparison(versions, edda, admin, client):
    challenger, champion = versions
    body = {"challenger": challenger.pk, "champion": champion.pk, "title": "x", "experts": ["edda", "edda"]}
    opened = admin.post("/api/v1/comparisons/", {**body, "needs_per_expert": 2}, format="json")
    assert opened.status_code == 201
    found = opened.json()
    assert (found["challenger"], found["champion"], found["choices_total"]) == (1, 0, 2)
    for choice in edda.list_choices.all():
        factories.choose(choice, "challenger")
    result = admin.get(f"/api/v1/comparisons/{found['id']}/").json()["result"]
    assert (result["every"]["challenger"], result["every"]["value"], result["every"]["low"]) == (2, 1.0, None)
    assert "experts preferred version 1 in 2" in result["words"]
    assert admin.post(f"/api/v1/comparisons/{found['id']}/close/").json()["state"] == "closed"
    again = admin.post(f"/api/v1/comparisons/{found['id']}/close/")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "session_closed")


def test_a_comparison_of_a_version_with_itself_is_refused(versions, edda, admin):
    body = {"challenger": versions[0].pk, "champion": versions[0].pk, "title": "x", "experts": ["edda"]}
    answer = admin.post("/api/v1/comparisons/", body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_comparison")


def test_lists_cost_as_many_queries_whatever_their_length(session, admin, django_assert_max_num_queries):
    for choice in session.choices.all():
        factories.choose(choice)
    with django_assert_max_num_queries(8):
        admin.get(f"/api/v1/comparisons/{session.pk}/")
