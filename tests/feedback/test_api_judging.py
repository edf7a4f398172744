"""The expert's side over HTTP: own slates, drafts that are never overwritten, submissions that count once."""

import json

import pytest

from feedback.models import Judgement, Slate
from feedback.services import sessions
from tests import factories

#: What would anchor an expert: nothing of it may be in what is sent to one.
ANCHORS = (
    "score",
    "model_rank",
    "version",
    "randomised",
    "selection_probability",
    "shared",
    "arm",
    "repeats",
    "features",
    "champion",
)


@pytest.fixture
def expert(db):
    return factories.make_expert("edda")


@pytest.fixture
def session(expert):
    project = factories.make_project(items=20, queries=3)
    other = factories.make_expert("emil")
    return factories.make_session(project, [expert, other], asks_ratings=True)


@pytest.fixture
def client(expert):
    return factories.api_client(expert)


@pytest.fixture
def slate(session, expert):
    return session.slates.filter(expert=expert).select_related("session__project").first()


def _submit(client, slate, key="k1", **changes):
    body = {"kind": "reorder", "tiers": [[card] for card in factories.true_order(slate)], **changes}
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(f"/api/v1/slates/{slate.pk}/judgement/", body, format="json", headers=headers)


def _keep(client, slate, tag, **draft):
    headers = {"If-Match": tag} if tag is not None else {}
    return client.put(f"/api/v1/slates/{slate.pk}/draft/", draft, format="json", headers=headers)


def _move(client, slate, *, tag='"0"', key="m1", **move):
    headers = {"If-Match": tag, "Idempotency-Key": key}
    headers = {name: value for name, value in headers.items() if value is not None}
    return client.post(f"/api/v1/slates/{slate.pk}/moves/", move, format="json", headers=headers)


def test_an_expert_finds_the_own_sessions_and_slates_alone(session, client):
    found = client.get("/api/v1/my/sessions/").json()["results"]
    assert [(row["title"], row["slates_total"], row["slates_done"]) for row in found] == [
        ("First round", 3, 0)
    ]
    slates = client.get("/api/v1/slates/", {"session": session.pk, "state": "open"}).json()["results"]
    assert [row["position"] for row in slates] == [1, 2, 3]
    assert client.get(f"/api/v1/my/sessions/{session.pk}/").json()["slates_total"] == 3


def test_a_slate_shows_the_need_and_the_cards_in_shown_order(slate, client):
    found = client.get(f"/api/v1/slates/{slate.pk}/").json()
    assert found["need"]["title"] == slate.query_content["title"]
    assert [card["id"] for card in found["cards"]] == [card.pk for card in slate.items.all()]
    assert {fact["name"] for fact in found["cards"][0]["facts"]} == set(factories.DESCRIPTION["item"]["card"])
    assert (found["position"], found["total"], found["asks_ratings"]) == (1, 3, True)
    assert found["draft"] is None
    slate.refresh_from_db()
    assert slate.first_seen_at is not None


def test_nothing_that_an_expert_is_sent_anchors(slate, client):
    addresses = ("my/sessions/", f"my/sessions/{slate.session_id}/", "slates/", f"slates/{slate.pk}/")
    for address in addresses:
        names = _names(client.get(f"/api/v1/{address}").json())
        assert not names & set(ANCHORS), address
    assert not _names(_submit(client, slate).json()) & set(ANCHORS)


def _names(value):
    if isinstance(value, dict):
        return set(value).union(*map(_names, value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


# --- drafts -------------------------------------------------------------------------------------------------
def test_a_draft_is_kept_over_the_version_that_was_read(slate, client):
    tag = client.get(f"/api/v1/slates/{slate.pk}/")["ETag"]
    cards = factories.true_order(slate)
    kept = _keep(client, slate, tag, tiers=[cards[:2]], rest=cards[2:], comment="not yet")
    assert (kept.status_code, kept["ETag"], kept.json()["draft_version"]) == (200, '"1"', 1)
    again = client.get(f"/api/v1/slates/{slate.pk}/")
    assert again["ETag"] == '"1"'
    whole = {"tiers": [cards[:2]], "rest": cards[2:], "ratings": {}, "reason_tags": [], "comment": "not yet"}
    assert again.json()["draft"] == whole


def test_a_draft_goes_on_where_the_page_left_it(slate, client):
    cards = factories.true_order(slate)
    _move(client, slate, do="line", to=1)
    found = client.get(f"/api/v1/slates/{slate.pk}/").json()["draft"]
    assert (len(found["tiers"]), len(found["rest"])) == (1, 3)
    _keep(client, slate, '"1"', tiers=[[card] for card in cards])
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[str(card)] for card in cards]


def test_a_draft_without_an_order_leaves_the_cards_as_shown(slate, client):
    _keep(client, slate, '"0"', comment="only this")
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[str(card.pk)] for card in slate.items.all()]


@pytest.mark.parametrize(
    "draft", [{"tiers": [[1]]}, {"tiers": [[]]}, {"ratings": {"987654321": 1}}, {"reason_tags": ["no_such"]}]
)
def test_a_draft_that_does_not_fit_the_list_is_refused_by_field(slate, client, draft):
    answer = _keep(client, slate, '"0"', **draft)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_move")
    assert list(answer.json()["error"]["fields"]) == list(draft)


@pytest.mark.parametrize("draft", [{"tiers": "none"}, {"view": 1}, [], "x", {"tiers": [[1.5]]}])
def test_a_draft_in_another_shape_is_left_out_and_not_an_error(slate, client, draft):
    Slate.objects.filter(pk=slate.pk).update(draft=draft)
    found = client.get(f"/api/v1/slates/{slate.pk}/")
    assert found.status_code == 200
    assert found.json()["draft"] is None


def test_a_stale_draft_is_refused_and_the_newer_one_stays(slate, client):
    _keep(client, slate, '"0"', comment="first")
    answer = _keep(client, slate, '"0"', comment="second")
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "stale_draft")
    assert answer["ETag"] == '"1"'
    assert answer.json()["current"]["draft"]["comment"] == "first"
    assert answer.json()["current"]["draft_version"] == 1
    slate.refresh_from_db()
    assert slate.draft["comment"] == "first"


def test_a_draft_that_is_sent_again_is_one_act(slate, client):
    answers = [_keep(client, slate, '"0"', comment="first") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert slate.moves.count() == 1


@pytest.mark.parametrize("tag", [None, "*", ""])
def test_a_draft_without_the_version_it_replaces_is_refused(slate, client, tag):
    answer = _keep(client, slate, tag, comment="whatever")
    assert (answer.status_code, answer.json()["error"]["code"]) == (428, "if_match_required")


@pytest.mark.parametrize(
    "tag", ['"x"', '"99999999999999999999999"', '"-1"', '"٣"', "0" * 5000, f'"{"1" * 5000}"']
)
def test_a_tag_that_is_no_version_is_stale(slate, client, tag):
    assert _keep(client, slate, tag.encode("utf-8").decode("latin-1"), comment="whatever").status_code in (
        412,
        428,
    )
    slate.refresh_from_db()
    assert slate.draft is None


def test_a_closed_session_and_a_judged_slate_keep_no_draft(slate, client, session):
    _submit(client, slate)
    assert _keep(client, slate, '"0"', comment="late").json()["error"]["code"] == "already_judged"
    second = session.slates.filter(expert=slate.expert, state="open").first()
    sessions.close_session(session)
    answer = _keep(client, second, '"0"', comment="late")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_closed")


# --- submissions --------------------------------------------------------------------------------------------
def test_a_submission_leads_to_the_next_slate(slate, client):
    answer = _submit(client, slate, ratings={}, comment="clear", seconds=40)
    assert answer.status_code == 201
    following = slate.session.slates.get(expert=slate.expert, position=2)
    assert answer.json()["next_slate"] == following.pk
    assert Judgement.objects.get().comment == "clear"


def test_after_the_last_slate_there_is_no_next_one(slate, client):
    for each in slate.session.slates.filter(expert=slate.expert).select_related("session__project"):
        answer = _submit(client, each, key=f"k{each.position}")
    assert answer.json()["next_slate"] is None


def test_the_same_key_and_body_are_one_act(slate, client):
    first, again = _submit(client, slate, seconds=3), _submit(client, slate, seconds=9)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert Judgement.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(slate, client):
    _submit(client, slate)
    answer = _submit(client, slate, comment="on second thought")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_reused")


def test_another_key_for_a_judged_slate_is_refused(slate, client):
    _submit(client, slate)
    answer = _submit(client, slate, key="k2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_judged")


def test_a_closed_session_takes_no_judgement(slate, client, session):
    sessions.close_session(session)
    answer = _submit(client, slate)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_closed")


@pytest.mark.parametrize("key", [None, "", "  ", "k" * 81])
def test_a_submission_without_a_key_is_refused(slate, client, key):
    answer = _submit(client, slate, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_required")
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "dislike"}, "kind"),
        ({"tiers": []}, "tiers"),
        ({"tiers": [[1]]}, "tiers"),
        ({"tiers": "abc"}, "tiers"),
        ({"tiers": [["a"]]}, "tiers.0.0"),
        ({"ratings": {"1": 9}}, "ratings.1"),
        ({"ratings": {"one": 3}}, "ratings"),
        ({"ratings": {"987654321": 3}}, "ratings"),
        ({"rating": {"1": 3}}, "rating"),
        ({"reason_tags": ["no_such_tag"]}, "reason_tags"),
        ({"kind": "missing_information", "tiers": [], "field": "colour"}, "field"),
        ({"kind": "conflict_of_interest", "tiers": []}, "items"),
        ({"kind": "about_equal"}, "tiers"),
    ],
)
def test_a_submission_that_does_not_fit_is_refused_by_field(slate, client, changes, field):
    answer = _submit(client, slate, **changes)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind": "about_equal", "comment": "\\u0000"}',
        b'{"kind": "about_equal", "comment": "\\ud800"}',
        b'{"kind": "about_equal", "seconds": NaN}',
        b'{"kind": "about_equal", "seconds": 1e999}',
        b'{"kind": "about_equal", "seconds": 1' + b"0" * 400 + b"}",
        b'{"kind": "about_equal", "tiers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind": "about_equal", "comment": "\xff"}',
        b"{",
        b"[]",
        b'"about_equal"',
        b"null",
    ],
    ids=lambda body: body[:45].decode("latin-1"),
)
@pytest.mark.parametrize("operation", ["judgement", "draft", "moves"])
def test_json_that_no_database_holds_is_refused(slate, client, body, operation):
    send = client.put if operation == "draft" else client.post
    answer = send(
        f"/api/v1/slates/{slate.pk}/{operation}/",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": "k1", "If-Match": '"0"'},
    )
    assert answer.status_code == 400
    assert set(json.loads(answer.content)["error"]) == {"code", "message", "fields"}


def test_a_submission_without_a_body_is_refused(slate, client):
    answer = client.post(f"/api/v1/slates/{slate.pk}/judgement/", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 400
    assert "kind" in answer.json()["error"]["fields"]


# --- reads --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("address", "expected"), [("my/sessions/", 4), ("slates/", 4)])
def test_a_list_takes_the_same_number_of_reads_at_any_length(
    session, expert, client, django_assert_num_queries, address, expected
):
    factories.make_session(session.project, [expert], title="Second round")
    for size in (1, 200):
        with django_assert_num_queries(expected):
            assert client.get(f"/api/v1/{address}", {"page_size": size}).status_code == 200


@pytest.mark.parametrize("size", [4, 12])
def test_a_slate_takes_the_same_number_of_reads_at_any_size(
    session, expert, client, django_assert_num_queries, size
):
    larger = factories.make_session(session.project, [expert], items_per_slate=size)
    slate = larger.slates.first()
    assert slate.items.count() == size
    with django_assert_num_queries(6):
        assert client.get(f"/api/v1/slates/{slate.pk}/").status_code == 200
