"""Tokens, people and outcomes over HTTP."""

import pytest
from axes.utils import reset
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.throttling import AnonRateThrottle

from feedback.models import Member, Outcome
from feedback.services import extending
from tests import factories


@pytest.fixture(autouse=True)
def _no_failures_yet(db):
    reset()
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    return factories.api_client(factories.make_admin())


def _log_in(username="rosa", password=factories.PASSWORD):
    body = {"username": username, "password": password}
    return factories.api_client().post("/api/v1/token/", body, format="json")


# --- tokens -------------------------------------------------------------------------------------------------
def test_a_log_in_is_exchanged_for_a_token_that_works():
    factories.make_reader("rosa", "Harbour")
    token = _log_in().json()["token"]
    client = factories.api_client()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/me/").json() == {
        "username": "rosa",
        "name": "rosa",
        "role": "reader",
        "organisation": {"slug": "harbour", "name": "Harbour"},
        "simulated": False,
        "time_zone": "",
        "installation_time_zone": "UTC",
    }


def test_a_second_log_in_answers_with_the_same_token():
    factories.make_reader()
    assert _log_in().json() == _log_in().json()
    assert Token.objects.count() == 1


def test_a_revoked_token_opens_nothing():
    client = factories.api_client(factories.make_reader())
    assert client.delete("/api/v1/token/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401
    assert not Token.objects.exists()


def test_a_wrong_password_and_an_unknown_name_are_answered_alike():
    factories.make_reader("rosa")
    wrong, unknown = _log_in(password="guess"), _log_in(username="nobody", password="guess")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.content == unknown.content


def test_a_spoilt_token_does_not_keep_anybody_from_asking_for_another_one():
    factories.make_reader("rosa")
    client = factories.api_client()
    client.credentials(HTTP_AUTHORIZATION="Token spoilt")
    body = {"username": "rosa", "password": factories.PASSWORD}
    assert client.post("/api/v1/token/", body, format="json").status_code == 200


def test_five_wrong_passwords_lock_the_name_and_nobody_else():
    factories.make_reader("rosa")
    factories.make_reader("rolf")
    statuses = [_log_in(password="guess").status_code for _ in range(6)]
    assert statuses == [400, 400, 400, 400, 429, 429]
    locked = _log_in()
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "locked_out")
    assert _log_in(username="rolf").status_code == 200


def test_log_ins_are_throttled(monkeypatch):
    monkeypatch.setitem(AnonRateThrottle.THROTTLE_RATES, "anon", "3/minute")
    factories.make_reader("rosa")
    answers = [_log_in() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "throttled"
    assert int(answers[-1]["Retry-After"]) > 0


def test_a_suspended_person_gets_no_token_and_keeps_none(admin):
    client = factories.api_client(factories.make_reader("rosa"))
    member = Member.objects.get(user__username="rosa")
    answer = admin.patch(f"/api/v1/members/{member.pk}/", {"active": False}, format="json")
    assert answer.json()["active"] is False
    assert client.get("/api/v1/me/").status_code == 401
    assert _log_in().status_code == 400
    admin.patch(f"/api/v1/members/{member.pk}/", {"active": True}, format="json")
    assert _log_in().status_code == 200


def _patch(admin, username, **changes):
    member = Member.objects.get(user__username=username)
    return admin.patch(f"/api/v1/members/{member.pk}/", changes, format="json")


def test_a_person_in_the_wrong_place_is_put_right(admin):
    client = factories.api_client(factories.make_reader("rosa", "Harbour"))
    factories.make_organisation("Lakeside")
    assert _patch(admin, "rosa", organisation="lakeside").json()["organisation"]["slug"] == "lakeside"
    assert client.get("/api/v1/me/").json()["organisation"]["slug"] == "lakeside"
    made = _patch(admin, "rosa", role="expert").json()
    assert (made["role"], made["organisation"]) == ("expert", None)
    assert client.get("/api/v1/me/").json()["role"] == "expert"
    both = _patch(admin, "rosa", role="reader", organisation="harbour", active=False).json()
    assert (both["role"], both["organisation"]["slug"], both["active"]) == ("reader", "harbour", False)


@pytest.mark.parametrize(
    ("username", "changes", "field"),
    [
        ("rosa", {}, ""),
        ("rosa", {"role": "owner"}, "role"),
        ("rosa", {"organisation": None}, "organisation"),
        ("rosa", {"organisation": "nowhere"}, "organisation"),
        ("edda", {"role": "reader"}, "organisation"),
        ("edda", {"organisation": "harbour"}, "organisation"),
        ("ada", {"role": "expert"}, "role"),
    ],
)
def test_what_nobody_can_be_is_refused_and_changes_nothing(admin, username, changes, field):
    factories.make_reader("rosa", "Harbour")
    factories.make_expert("edda")
    before = list(Member.objects.order_by("pk").values())
    answer = _patch(admin, username, **changes)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert list(Member.objects.order_by("pk").values()) == before


def test_an_expert_whose_lists_wait_stays_one_until_they_are_handed_over(admin):
    edda, egon = factories.make_expert("edda"), factories.make_expert("egon")
    session = factories.make_session(factories.make_project(), [edda], slates_per_expert=2, title="Autumn")
    refused = _patch(admin, "edda", role="admin")
    assert "has lists to judge in “Autumn”" in refused.json()["error"]["fields"]["role"][0]
    extending.hand_over(session, edda, egon)
    assert _patch(admin, "edda", role="admin").json()["role"] == "admin"


def test_somebody_without_a_role_is_refused():
    user = factories.User.objects.create_user("root", password=factories.PASSWORD)
    assert factories.api_client(user).get("/api/v1/me/").status_code == 403


# --- members ------------------------------------------------------------------------------------------------
def test_an_admin_gives_a_reader_a_log_in_that_works(admin):
    factories.make_organisation("Harbour")
    body = {"username": "rita", "role": "reader", "organisation": "harbour", "name": "Rita Roe"}
    made = admin.post("/api/v1/members/", body, format="json")
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["organisation"]["slug"]) == ("Rita Roe", "harbour")
    assert _log_in("rita", made.json()["password"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ada"}, "username"),
        ({"username": "two words"}, "username"),
        ({"role": "reader"}, "organisation"),
        ({"role": "expert", "organisation": "harbour"}, "organisation"),
        ({"organisation": "nowhere"}, "organisation"),
        ({"role": "owner"}, "role"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_person_who_can_not_be_made_is_refused_by_field(admin, changes, field):
    factories.make_organisation("Harbour")
    answer = admin.post("/api/v1/members/", {"username": "rita", "role": "expert", **changes}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert Member.objects.count() == 1


def test_a_new_password_ends_the_old_one_and_the_token(admin):
    client = factories.api_client(factories.make_reader("rosa"))
    member = Member.objects.get(user__username="rosa")
    made = admin.post(f"/api/v1/members/{member.pk}/password/").json()
    assert client.get("/api/v1/me/").status_code == 401
    assert _log_in().status_code == 400
    assert _log_in(password=made["password"]).status_code == 200


def test_an_admin_can_not_lock_themselves_out(admin):
    own = Member.objects.get(user__username="ada")
    assert admin.patch(f"/api/v1/members/{own.pk}/", {"active": False}, format="json").status_code == 400


def test_people_are_listed_by_role_in_a_fixed_number_of_reads(admin, django_assert_num_queries):
    for name in ("edda", "emil", "enid"):
        factories.make_expert(name)
    for size in (1, 200):
        with django_assert_num_queries(4):
            found = admin.get("/api/v1/members/", {"role": "expert", "page_size": size}).json()
    assert [row["username"] for row in found["results"]] == ["edda", "emil", "enid"]
    assert "password" not in found["results"][0]


# --- outcomes -----------------------------------------------------------------------------------------------
@pytest.fixture
def rosa(project):
    return factories.api_client(factories.make_reader("rosa", "Harbour"))


def _line(client, project, organisation="Harbour"):
    query = factories.queries_of(project, organisation)[0]
    return client.get(f"/api/v1/queries/{query.pk}/ranking/").json()["results"][0]


def _note(client, match, **changes):
    body = {"match": match, "kind": "shortlisted", **changes}
    return client.post("/api/v1/outcomes/", body, format="json")


def test_a_reader_notes_what_was_done_with_a_match_once(project, rosa):
    line = _line(rosa, project)
    first, again = _note(rosa, line["id"], reason="cheap"), _note(rosa, line["id"], reason="cheap")
    assert first.status_code == 201
    assert first.json() == again.json()
    assert (first.json()["item_key"], first.json()["by"]) == (line["key"], "rosa")
    assert Outcome.objects.count() == 1
    assert _note(rosa, line["id"], kind="declined").json()["id"] != first.json()["id"]


def test_colleagues_share_what_was_noted_and_others_do_not(project, rosa):
    _note(rosa, _line(rosa, project)["id"])
    colleague = factories.api_client(factories.make_reader("rolf", "Harbour"))
    stranger = factories.api_client(factories.make_reader("mona", "Meadow"))
    assert colleague.get("/api/v1/outcomes/").json()["count"] == 1
    assert stranger.get("/api/v1/outcomes/").json()["count"] == 0
    query = factories.queries_of(project, "Harbour")[0]
    assert stranger.get("/api/v1/outcomes/", {"query": query.pk}).json()["count"] == 0


def test_a_foreign_match_is_as_unknown_as_a_missing_one(project, rosa, admin):
    foreign = _line(admin, project, "Meadow")["id"]
    answers = [_note(rosa, match) for match in (foreign, 10**9)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content.replace(str(foreign).encode(), b"?") == answers[1].content.replace(
        b"1000000000", b"?"
    )
    assert not Outcome.objects.exists()


def test_nothing_noted_can_not_be_taken_back(project, rosa):
    answer = _note(rosa, _line(rosa, project)["id"], kind="removed")
    assert answer.status_code == 400
    assert "kind" in answer.json()["error"]["fields"]


def test_outcomes_are_listed_in_a_fixed_number_of_reads(project, rosa, django_assert_num_queries):
    query = factories.queries_of(project, "Harbour")[0]
    for line in rosa.get(f"/api/v1/queries/{query.pk}/ranking/").json()["results"][:5]:
        _note(rosa, line["id"])
    for size in (1, 200):
        with django_assert_num_queries(4):
            assert rosa.get("/api/v1/outcomes/", {"page_size": size}).json()["count"] == 5
