"""What an expert is told of the way: how many lists are done, and how long the others take at their pace."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import Slate
from feedback.services import drafts, judging, moves, pace
from feedback.submitting import Submission
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(edda):
    return factories.make_session(factories.make_project(), [edda], slates_per_expert=12)


def _judge(slates, seconds):
    for number, slate in enumerate(slates):
        order = tuple((card,) for card in factories.true_order(slate))
        judging.submit(
            slate, Submission(kind="reorder", tiers=order, seconds=seconds[number]), key=f"k{slate.pk}"
        )


def _client(user):
    client = Client()
    client.force_login(user)
    return client


def _text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_seven_of_twelve_and_nine_minutes_at_ones_own_pace(session, edda):
    done = session.slates.order_by("position")[:7]
    _judge(done, [100, 108, 108, 108, 120, 4000, 30])  # a list left open over lunch counts for nothing
    assert pace.minutes_left(session, edda, 5) == 9
    client = _client(edda)
    for address in ("/my/", reverse("feedback:session_intro", args=[session.pk])):
        text = _text(client.get(address))
        assert "7 of 12" in text
        assert "about 9 min left" in text
    following = judging.next_slate(session, edda)
    text = _text(client.get(reverse("feedback:slate", args=[following.pk])))
    assert "8 of 12 · about 9 min left" in text


def test_the_pace_is_ones_own_and_not_that_of_others(session, edda):
    emil = factories.make_expert("emil")
    other = factories.make_session(session.project, [emil])
    _judge(other.slates.all(), [600, 600, 600])
    before = pace.minutes_left(session, edda, 10)
    assert before == round(10 * pace.SECONDS_PER_CARD * session.items_per_slate / 60)


def test_who_pauses_goes_on_at_the_same_list_with_the_same_order_on_another_device(session, edda):
    first = session.slates.order_by("position").first()
    _judge([first], [60])
    slate = judging.next_slate(session, edda)
    cards = drafts.cards_of(slate)
    moves.put(slate, {"tiers": [[cards[-1]]], "rest": cards[:-1], "comment": "so far"}, version=0)
    other = _client(edda)
    intro = other.get(reverse("feedback:session_intro", args=[session.pk]))
    assert intro.context["url_start"] == reverse("feedback:slate", args=[slate.pk])
    assert "Go on with list 2" in _text(intro)
    page = other.get(intro.context["url_start"])
    kept = page.context["slate"]["kept"]
    assert (kept["draft"]["tiers"], kept["draft"]["comment"]) == ([[cards[-1]]], "so far")


def test_the_last_page_says_what_it_is_used_for_and_how_consistent_one_was(session, edda):
    _judge(session.slates.order_by("position"), [60] * 12)
    assert session.slates.filter(arm=Slate.Arm.REPEAT).count() == 1
    text = _text(_client(edda).get(reverse("feedback:session_done", args=[session.pk])))
    assert "That was all. Thank you." in text
    assert "One list came twice without saying so. You put it in the same order again." in text
    assert "What your answers are used for" in text
    assert "about 12 min" in text
