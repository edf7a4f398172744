"""Nothing that an expert can get tells a planted list from the others: the same bytes, and the same work."""

import re

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import Slate
from feedback.services import sessions
from tests import factories

ONE_TIME = re.compile(rb"[A-Za-z0-9]{64}")  # a page's token against forged requests
MOMENT = re.compile(rb'"(created_at|submitted_at)":"[^"]+"')
TELLING = ("gold", "known order", "arm", "randomised", "repeats")


@pytest.fixture
def session(edda):
    project = factories.make_project(items=16, queries=8)
    factories.make_gold(project, size=4)
    return factories.make_session(project, [edda], slates_per_expert=6)


@pytest.fixture
def planted(session):
    return session.slates.get(arm=Slate.Arm.GOLD)


@pytest.fixture
def page(edda):
    client = Client()
    client.force_login(edda)
    return client


@pytest.fixture
def api(edda):
    return factories.api_client(edda)


def _take_the_mark_off(slate):
    """Make it a list as any other, without touching what is shown."""
    Slate.objects.filter(pk=slate.pk).update(arm=Slate.Arm.COMMITTEE, gold=None)


def _requests(page, api, slate):
    """Return what an expert can ask for, by what it is."""
    about = {"session": reverse("feedback:session_intro", args=[slate.session_id])}
    about |= {
        name: reverse(f"feedback:{name}", args=[slate.session_id]) for name in ("session_done", "practice")
    }
    reads = {
        **about,
        "home": reverse("feedback:my_sessions"),
        "slate": reverse("feedback:slate", args=[slate.pk]),
    }
    answers = {
        "my session": reverse("api:my_session", args=[slate.session_id]),
        "slates": reverse("api:slates"),
        "slate": reverse("api:slate", args=[slate.pk]),
        "draft": reverse("api:slate_draft", args=[slate.pk]),
    }
    asked = {f"page {name}": lambda at=at: page.get(at) for name, at in reads.items()}
    return asked | {f"api {name}": lambda at=at: api.get(at) for name, at in answers.items()}


def _acts(page, api, slate):
    """Return what an expert can do to the list, by what it is."""
    cards = list(slate.items.values_list("pk", flat=True))
    moves, judgement = (reverse(f"api:slate_{what}", args=[slate.pk]) for what in ("moves", "judgement"))
    order = {"kind": "reorder", "tiers": [[card] for card in cards]}
    keyed = {"format": "json", "headers": {"Idempotency-Key": "k", "If-Match": '"0"'}}
    return {
        "move": lambda: api.post(moves, {"do": "move", "card": cards[0], "to": 2}, **keyed),
        "order": lambda: api.post(judgement, order, **keyed),
        "none suitable": lambda: api.post(judgement, {"kind": "none_suitable"}, **keyed),
        "refused": lambda: api.post(judgement, {"kind": "reorder", "tiers": []}, **keyed),
        "form": lambda: page.post(reverse("feedback:judgement", args=[slate.pk]), {"kind": "about_equal"}),
    }


def _told(act):
    """Return the bytes and headers of an answer and how many queries it took; what was written is undone."""
    with transaction.atomic():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = act()
        transaction.set_rollback(True)
    body = MOMENT.sub(b"", ONE_TIME.sub(b"", answer.content))
    body = re.sub(rb'"id":\d+', b"", body) if answer.status_code == 201 else body
    headers = {name: value for name, value in answer.headers.items() if name not in ("Set-Cookie", "Date")}
    return answer.status_code, body, headers, len(asked)


def test_every_answer_and_its_work_are_the_same_with_and_without_the_mark(page, api, planted):
    acts = _requests(page, api, planted) | _acts(page, api, planted)
    for act in acts.values():
        _told(act)  # what is remembered from the first time, such as descriptions and log-ins
    with_mark = {name: _told(act) for name, act in acts.items()}
    _take_the_mark_off(planted)
    without = {name: _told(act) for name, act in acts.items()}
    for name in acts:
        assert with_mark[name] == without[name], name
    assert {with_mark[name][0] for name in acts} == {200, 201, 302, 400}


def test_what_is_said_at_the_end_does_not_tell_either(page, session, planted):
    factories.judge_all(session.slates.all())
    sessions.close_session(session)
    done = _requests(page, None, planted)["page session_done"]
    _told(done)
    with_mark = _told(done)
    _take_the_mark_off(planted)
    assert with_mark == _told(done)
    assert b"Pairs you compared" in with_mark[1]


def test_no_word_of_a_planted_list_tells_that_it_is_one(page, api, planted):
    for name, act in _requests(page, api, planted).items():
        said = act().content.decode().lower()
        assert not [word for word in TELLING if re.search(rf"\b{word}\b", said)], name


def test_a_planted_list_is_as_long_as_the_others_and_can_come_in_any_place(edda):
    project = factories.make_project(items=16, queries=8)
    places = set()
    for seed in range(8):
        factories.make_gold(project, query=project.queries.all()[seed % 4], size=8)
        session = factories.make_session(project, [edda], slates_per_expert=6, seed=seed)
        assert {slate.items.count() for slate in session.slates.all()} == {4}
        places.add(session.slates.get(arm=Slate.Arm.GOLD).position)
    assert len(places) > 2
