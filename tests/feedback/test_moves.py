"""Every move is appended once, over the version it was made on; the log makes the draft."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.test.utils import CaptureQueriesContext

from feedback import moving
from feedback.errors import AlreadyJudged, InvalidMove, KeyReused, SessionClosed, StaleDraft
from feedback.models import Judgement, Slate, SlateMove
from feedback.services import drafts, judging, moves, sessions
from feedback.submitting import Submission
from tests import factories

AT = "2026-03-02T09:14:07Z"


@pytest.fixture
def expert(db):
    return factories.make_expert()


@pytest.fixture
def slate(expert):
    session = factories.make_session(factories.make_project(items=20, queries=3), [expert], asks_ratings=True)
    return session.slates.first()


@pytest.fixture
def client(expert):
    return factories.api_client(expert)


def _save(slate, act, *, version=0, key=None, **more):
    now = Slate.objects.select_related("session__project").get(pk=slate.pk)
    return moves.save(now, act, key=key or f"k{version}", version=version, **more)


def _post(client, slate, *, etag='"0"', key="k", **move):
    headers = {"If-Match": etag, "Idempotency-Key": key}
    headers = {name: value for name, value in headers.items() if value is not None}
    return client.post(f"/api/v1/slates/{slate.pk}/moves/", move, format="json", headers=headers)


def _cards(slate):
    return drafts.cards_of(slate)


# --- the log ------------------------------------------------------------------------------------------------
def test_a_move_is_kept_with_what_it_made_and_when(slate, client):
    first, *others = _cards(slate)
    answer = _post(client, slate, do="move", card=int(first), to=2, at=AT)
    assert (answer.status_code, answer["ETag"], answer.json()["draft_version"]) == (201, '"1"', 1)
    move = SlateMove.objects.get()
    assert (move.version, move.act) == (1, {"do": "move", "card": first, "to": 2})
    assert move.state["tiers"] == [[others[0]], [others[1]], [first], [others[2]]]
    assert move.client_at.isoformat() == "2026-03-02T09:14:07+00:00"
    slate.refresh_from_db()
    assert (slate.draft, slate.draft_version) == (move.state, 1)


def test_undo_and_redo_are_moves_of_their_own_and_follow_the_log(slate):
    card = _cards(slate)[3]
    for version, act in enumerate(
        [
            {"do": "move", "card": card, "to": 0},
            {"do": "rate", "card": card, "value": 4},
            {"do": "undo"},
            {"do": "comment", "text": "hm"},
            {"do": "undo"},
            {"do": "redo"},
        ]
    ):
        _save(slate, act, version=version)
    slate.refresh_from_db()
    assert (slate.draft["tiers"][0], slate.draft["ratings"], slate.draft["comment"]) == ([card], {}, "hm")
    assert slate.moves.count() == 6
    assert list(drafts.differences()) == []


def test_the_draft_is_read_with_its_steps_and_its_tag(slate, client):
    card = _cards(slate)[3]
    for version, act in enumerate(
        [{"do": "line", "to": 2}, {"do": "move", "card": card, "to": 0}, {"do": "undo"}]
    ):
        _save(slate, act, version=version)
    found = client.get(f"/api/v1/slates/{slate.pk}/draft/")
    assert found["ETag"] == '"3"'
    body = found.json()
    assert (body["past"], body["future"]) == (
        [{"do": "line", "to": 2}],
        [{"do": "move", "card": int(card), "to": 0}],
    )
    assert body["keys"] == ["k0", "k1", "k2"]
    assert [len(body["draft"]["tiers"]), len(body["draft"]["rest"])] == [2, 2]
    assert (len(body["base"]["tiers"]), body["base"]["rest"]) == (4, [])


def test_a_long_log_is_sent_by_its_last_hundred_steps(slate):
    card = _cards(slate)[0]
    for version in range(120):
        _save(slate, {"do": "rate", "card": card, "value": 1 + version % 5}, version=version)
    found = drafts.current(slate)
    assert (len(found["past"]), len(found["keys"]), found["draft_version"]) == (100, 100, 120)
    page = moving.Page(moving.from_draft(_cards(slate), found["base"]))
    for act in found["past"]:
        page = page.do(act)
    assert moving.as_draft(page) == found["draft"]


@pytest.mark.parametrize(
    "statement", ["UPDATE feedback_slatemove SET version = 9", "DELETE FROM feedback_slatemove"]
)
def test_the_database_refuses_to_change_a_move(slate, statement):
    _save(slate, {"do": "line", "to": 1})
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


# --- once, and over what was read ---------------------------------------------------------------------------
def test_the_same_key_and_body_answer_again_whatever_happened_since(slate, client):
    first = _post(client, slate, do="line", to=2)
    _post(client, slate, etag='"1"', key="k2", do="line", to=1)
    assert _post(client, slate, do="line", to=2).content == first.content
    assert _post(client, slate, etag='"2"', do="line", to=2).content == first.content
    judging.submit(slate, Submission(kind="about_equal"), key="j")
    assert _post(client, slate, do="line", to=2).content == first.content
    assert slate.moves.count() == 2


@pytest.mark.parametrize("tag", ['"0"', '"1"'])
def test_the_same_key_with_another_body_is_refused(slate, client, tag):
    _post(client, slate, do="line", to=2)
    answer = _post(client, slate, etag=tag, do="line", to=1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_reused")
    assert slate.moves.count() == 1


def test_a_move_on_an_older_version_is_refused_with_what_there_is_now(slate, client):
    card = int(_cards(slate)[3])
    _post(client, slate, key="other", do="move", card=card, to=0)
    answer = _post(client, slate, do="line", to=1)
    assert (answer.status_code, answer.json()["error"]["code"], answer["ETag"]) == (412, "stale_draft", '"1"')
    current = answer.json()["current"]
    assert (current["draft_version"], current["draft"]["tiers"][0]) == (1, [card])
    assert slate.moves.count() == 1


@pytest.mark.parametrize(
    ("missing", "status", "code"),
    [({"etag": None}, 428, "if_match_required"), ({"key": None}, 400, "idempotency_key_required")],
)
def test_a_move_says_what_it_was_made_on_and_which_one_it_is(slate, client, missing, status, code):
    answer = _post(client, slate, do="line", to=1, **missing)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not SlateMove.objects.exists()


def test_a_judged_slate_and_a_closed_session_take_no_move(slate):
    judging.submit(slate, Submission(kind="about_equal"), key="j")
    with pytest.raises(AlreadyJudged):
        _save(slate, {"do": "line", "to": 1})
    second = slate.session.slates.filter(state="open").first()
    sessions.close_session(slate.session)
    with pytest.raises(SessionClosed):
        _save(second, {"do": "line", "to": 1})


# --- what does not fit --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("move", "field"),
    [
        ({"do": "juggle"}, "do"),
        ({"do": "move", "to": 1}, "card"),
        ({"do": "move", "card": 1, "to": -1}, "to"),
        ({"do": "move", "card": 987654321, "to": 1}, "card"),
        ({"do": "line", "to": 1, "card": 1}, "card"),
        ({"do": "line", "to": 1, "speed": 1}, "speed"),
        ({"do": "tie"}, "card"),
        ({"do": "tie", "cards": [1]}, "cards"),
        ({"do": "tag", "tag": "no_such", "on": True}, "tag"),
        ({"do": "tag", "tag": "right_focus"}, "on"),
        ({"do": "comment"}, "text"),
        ({"do": "line", "to": 1, "at": "yesterday"}, "at"),
        ({"do": "line", "to": 1, "state": {"tiers": []}}, "state"),
        ({"do": "undo", "card": 1}, "card"),
    ],
)
def test_a_move_that_does_not_fit_is_refused_by_field(slate, client, move, field):
    answer = _post(client, slate, **move)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not SlateMove.objects.exists()


def test_a_session_without_ratings_takes_none(expert):
    session = factories.make_session(factories.make_project(items=20, queries=3), [expert])
    slate = session.slates.first()
    with pytest.raises(InvalidMove) as refusal:
        _save(slate, {"do": "rate", "card": _cards(slate)[0], "value": 3})
    assert refusal.value.field == "value"


# --- the draft is a cache, and checked ----------------------------------------------------------------------
def test_a_draft_that_its_log_does_not_make_is_found(slate):
    _save(slate, {"do": "line", "to": 2})
    call_command("check_drafts", verbosity=0)
    Slate.objects.filter(pk=slate.pk).update(draft={**drafts.current(slate)["draft"], "comment": "forged"})
    with pytest.raises(CommandError, match="1 slate"):
        call_command("check_drafts", verbosity=0)
    assert list(drafts.differences()) == [f"slate {slate.pk}: the draft is not that of version 1"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, {"to": 2}, True), (3, {"to": 1}, True)], "version 1 is followed by 3"),
        ([(1, {"to": 2}, False)], "version 1 is not what its move makes"),
        ([(1, {"to": 2}, True)], "the draft says version 0, the log another one"),
    ],
)
def test_a_log_that_does_not_add_up_is_found(slate, rows, words):
    acts = []
    for version, detail, honest in rows:
        acts.append({"do": "line", **detail})
        state = moving.as_draft(moving.rebuild(_cards(slate), acts if honest else []))
        slate.moves.create(
            version=version, kind="line", detail=detail, state=state, idempotency_key=str(version)
        )
    assert list(drafts.differences()) == [f"slate {slate.pk}: {words}"]


# --- at once ------------------------------------------------------------------------------------------------
def _sixteen(work):
    def one(number):
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(one, range(16)))


@pytest.mark.django_db(transaction=True)
def test_sixteen_saves_at_once_with_one_key_are_one_move_and_one_answer(slate, client):
    answers = _sixteen(lambda _: _post(client, slate, do="line", to=2))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert slate.moves.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_moves_at_once_on_one_version_one_is_taken_and_none_is_lost_unsaid(slate, client):
    answers = _sixteen(lambda number: _post(client, slate, key=f"k{number}", do="line", to=1 + number % 3))
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 15
    assert slate.moves.count() == 1
    assert list(drafts.differences()) == []


@pytest.mark.django_db(transaction=True)
def test_sixteen_submissions_at_once_with_one_key_are_one_judgement_and_one_answer(slate, client):
    body = {"kind": "reorder", "tiers": [[card] for card in factories.true_order(slate)]}
    headers = {"Idempotency-Key": "j", "If-Match": '"0"'}
    address = f"/api/v1/slates/{slate.pk}/judgement/"
    answers = _sixteen(lambda _: client.post(address, body, format="json", headers=headers))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Judgement.objects.count() == 1


# --- what it costs ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [4, 16])
def test_a_save_takes_at_most_eight_queries_at_any_length(expert, client, size):
    session = factories.make_session(factories.make_project(), [expert], items_per_slate=size)
    slate = session.slates.first()
    cards = _cards(slate)
    assert len(cards) == size
    page = Client()  # as the page does it: logged in by a cookie, which takes a query more than a token
    page.force_login(expert, backend="django.contrib.auth.backends.ModelBackend")
    for version, do in enumerate(["move", "move", "undo", "redo", "move"]):
        move = {"do": do, **({"card": cards[3 - version % 4], "to": 0} if do == "move" else {})}
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": f"k{version}"}
        address = f"/api/v1/slates/{slate.pk}/moves/"
        with CaptureQueriesContext(connection) as asked:
            answer = page.post(address, move, content_type="application/json", headers=headers)
        assert answer.status_code == 201
        # Around UPDATE and INSERT, a transaction opens and closes: two words more, and no search.
        queries = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
        assert len(queries) <= (8 if do in ("undo", "redo") else 7), queries


# --- drafts from before there was a log ---------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_drafts_from_before_the_log_begin_one(slate):
    cards = _cards(slate)
    others = list(slate.session.slates.exclude(pk=slate.pk)[:2])
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("feedback", "0003_why_a_slate_is_asked")])
        Slate.objects.filter(pk=slate.pk).update(
            draft={"tiers": [[int(card) for card in cards[:2]]], "rest": cards[2:], "comment": "x"},
            draft_version=7,
        )
        Slate.objects.filter(pk=others[0].pk).update(draft={"tiers": [["1"]]}, draft_version=2)
        Slate.objects.filter(pk=others[1].pk).update(draft=["?"], draft_version=1)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [cards[:2]]
    assert (slate.draft["rest"], slate.draft["comment"], slate.draft_version) == (cards[2:], "x", 7)
    assert [(move.version, move.kind) for move in SlateMove.objects.all()] == [(7, "replace")]
    for other in others:
        other.refresh_from_db()
        assert (other.draft, other.draft_version) == (None, 0)
    _save(slate, {"do": "undo"}, version=7)
    assert list(drafts.differences()) == []


def test_what_a_page_shows_after_a_move_is_what_the_move_makes_or_it_is_refused(slate, client):
    whole = moving.as_draft(moving.rebuild(_cards(slate), [{"do": "line", "to": 2}]))
    assert _post(client, slate, do="line", to=2, state={**whole, "comment": "x"}).status_code == 400
    assert _post(client, slate, do="line", to=2, state=whole).status_code == 201


def test_a_move_sent_again_by_a_service_is_the_same_row(slate):
    first = _save(slate, {"do": "line", "to": 2}, key="k")
    assert _save(slate, {"do": "line", "to": 2}, key="k").pk == first.pk
    with pytest.raises(KeyReused):
        _save(slate, {"do": "line", "to": 1}, key="k")
    with pytest.raises(StaleDraft):
        _save(slate, {"do": "line", "to": 1}, key="other")
