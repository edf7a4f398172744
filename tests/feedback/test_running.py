"""An open session on its way: its last day, pauses, and what experts and admins see of them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.errors import InvalidSession, SessionClosed, SessionPaused
from feedback.models import FeedbackSession, Participation
from feedback.services import attention, moves, running, sessions
from ranking.services.candidates import description_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(edda):
    return factories.make_session(factories.make_project(), [edda])


@pytest.fixture
def admin():
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def expert(edda):
    client = Client()
    client.force_login(edda)
    return client


def _day(days):
    return timezone.localdate() + timedelta(days=days)


def _post(admin, name, session, **body):
    return admin.post(reverse(f"feedback:{name}", args=["advisers", session.pk]), body, follow=True)


def _kinds(session):
    return {notice.kind for notice in attention.standing_of(session.project).notices}


def test_experts_see_until_when_lists_are_asked_for_and_the_admin_puts_it_off(session, admin, expert):
    _post(admin, "session_deadline", session, due_on=_day(3).isoformat())
    words = f">{_day(3).day} {_day(3):%B}</time>"
    for address in ("/my/", reverse("feedback:session_intro", args=[session.pk])):
        assert words in expert.get(address).content.decode()
    _post(admin, "session_deadline", session, due_on="")
    session.refresh_from_db()
    assert session.due_on is None


@pytest.mark.parametrize("day", ["2020-01-01", "tomorrow", "9999-12-31"])
def test_a_day_that_is_over_too_far_or_none_is_refused(session, admin, day):
    assert "error" in _post(admin, "session_deadline", session, due_on=day).content.decode()
    session.refresh_from_db()
    assert session.due_on is None


def test_a_session_is_opened_with_a_last_day_that_is_to_come(session, edda, admin):
    with pytest.raises(InvalidSession) as refused:
        factories.make_session(session.project, [edda], due_on=_day(-1))
    assert refused.value.field == "due_on"
    form = {"title": "Due", "experts": [edda.pk], "slates_per_expert": 2, "items_per_slate": 4}
    form |= {"random_percent": 50, "overlap_percent": 0, "due_on": _day(9).isoformat()}
    admin.post(reverse("feedback:session_new", args=["advisers"]), form)
    assert FeedbackSession.objects.get(title="Due").due_on == _day(9)


def test_a_day_that_has_passed_asks_the_admin_and_closes_nothing(session, admin):
    assert "session_overdue" not in _kinds(session)
    FeedbackSession.objects.update(due_on=_day(-1))
    session.refresh_from_db()
    assert "session_overdue" in _kinds(session)
    assert "The day is over" in _post(admin, "session_pause", session).content.decode()
    running.go_on(session)
    factories.judge(session.slates.first())
    _post(admin, "session_deadline", session, due_on=_day(0).isoformat())
    assert "session_overdue" not in _kinds(session)


def test_a_paused_session_keeps_moves_takes_no_judgement_and_goes_on(session, admin, expert):
    slate = session.slates.first()
    assert "paused" in _post(admin, "session_pause", session).content.decode()
    slate = session.slates.get(pk=slate.pk)
    moves.put(slate, {"comment": "kept"}, version=0)
    with pytest.raises(SessionPaused):
        factories.judge(slate)
    answer = expert.get(reverse("feedback:slate", args=[slate.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("feedback:session_intro", args=[session.pk])
    assert "This session is paused" in answer.content.decode()
    assert "paused" in expert.get("/my/").content.decode()
    _post(admin, "session_pause", session, go_on="1")
    assert expert.get(reverse("feedback:slate", args=[slate.pk])).status_code == 200
    assert factories.judge(slate).pk


def _typed(page):
    """Return what the fields of a plain form hold, by name; of boxes and choices those that are set."""
    form = re.search(r'<form id="slate".*?</form>', page.content.decode(), re.S).group()
    typed = dict(re.findall(r'name="?(ra[nt]\w+-\d+)"?[^>]*? value="?(\d*)', form))
    typed |= {"comment": re.search(r'name="comment"[^>]*>([^<]*)<', form).group(1)}
    typed |= dict(re.findall(r'name="(\w+)" value="([^"]*)"[^>]* checked', form))
    return typed | {"field": "".join(re.findall(r'value="(\w*)" selected', form))}


@pytest.mark.parametrize("kind", ["reorder", "missing_information"])
def test_without_a_script_a_paused_session_shows_again_what_was_said_and_takes_it_later(edda, expert, kind):
    session = factories.make_session(factories.make_project(), [edda], asks_ratings=True)
    slate = session.slates.first()
    cards = [str(pk) for pk in slate.items.values_list("pk", flat=True)]
    said = {f"rank-{card}": str(rank) for rank, card in enumerate(reversed(cards), start=1)}
    said |= {f"rating-{card}": "4" for card in cards} | {f"rank-{cards[0]}": "", "kind": kind}
    known = description_of(session.project)
    said |= {"comment": "Fees & reach", "reason_tags": known.reason_tags[0].name}
    said |= {"items": cards[1], "field": known.item.fields[2].name}
    running.pause(session)
    address = reverse("feedback:judgement", args=[slate.pk])
    page = expert.post(address, said)
    assert "nothing was submitted" in page.content.decode()
    assert "is kept" not in page.content.decode()
    assert _typed(page) == {**said, "comment": "Fees &amp; reach"}
    assert not slate.moves.exists()
    running.go_on(session)
    expert.post(address, said)
    assert (slate.judgement.kind, slate.judgement.comment) == (kind, "Fees & reach")


def test_a_paused_session_is_not_called_idle(session):
    FeedbackSession.objects.update(opened_at=timezone.now() - timedelta(days=30))
    assert "session_idle" in _kinds(session)
    running.pause(session)
    assert "session_idle" not in _kinds(session)


def test_a_session_is_closed_early_with_lists_that_nobody_judged(session, admin, expert):
    judged = factories.judge(session.slates.first())
    _post(admin, "session_close", session)
    session.refresh_from_db()
    assert session.state == "closed"
    assert judged.preferences.exists()
    assert session.slates.filter(state="open").count() == 2
    assert (
        "Thank you for 1 of 3"
        in expert.get(reverse("feedback:session_done", args=[session.pk])).content.decode()
    )


def test_a_closed_session_has_no_last_day_to_put_off_and_no_pause(session):
    sessions.close_session(session)
    for change in (lambda: running.set_deadline(session, _day(1)), lambda: running.pause(session)):
        with pytest.raises(SessionClosed):
            change()


def test_day_and_pause_are_changed_over_the_api(session, edda):
    client = factories.api_client(factories.make_admin("adam"))
    address = f"/api/v1/sessions/{session.pk}/"
    body = {"due_on": _day(5).isoformat(), "paused": True}
    found = client.patch(address, body, format="json").json()
    assert (found["due_on"], found["paused_at"] is not None) == (body["due_on"], True)
    slate = session.slates.first()
    refused = factories.api_client(edda).post(
        f"/api/v1/slates/{slate.pk}/judgement/",
        {"kind": "about_equal"},
        format="json",
        headers={"Idempotency-Key": "k"},
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "session_paused")
    assert client.patch(address, {"paused": False}, format="json").json()["paused_at"] is None
    for day in ("2020-01-01", "9999-12-31"):
        refused = client.patch(address, {"due_on": day}, format="json")
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["due_on"])
    assert Participation.objects.count() == 1
