"""Nothing that an expert can get says which list is whose: not in words, and not in a single byte."""

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.services import comparing
from tests import factories, trainings
from tests.blindness import body_of, headers_of, telling


@pytest.fixture
def session(edda):
    project = factories.make_project(items=24, queries=12)
    versions = trainings.make_version(project), project.versions.get(number=0)
    return factories.make_comparison(*versions, [edda], needs_per_expert=6, items_per_list=5)


@pytest.fixture
def page(edda):
    client = Client()
    client.force_login(edda)
    return client


@pytest.fixture
def api(edda):
    return factories.api_client(edda)


def _pages(page, session, choice):
    """Return every page about a comparison, by what it is."""
    addresses = {
        "sessions": reverse("feedback:my_sessions"),
        "intro": reverse("feedback:comparison_intro", args=[session.pk]),
        "choice": reverse("feedback:choice", args=[choice.pk]),
        "done": reverse("feedback:comparison_done", args=[session.pk]),
    }
    found = {name: page.get(address, follow=True) for name, address in addresses.items()}
    wrong = page.post(reverse("feedback:choice_answer", args=[choice.pk]), {"kind": "both"})
    return found | {"refused": wrong}


def _answers(api, session, choice):
    """Return every answer of the API about a comparison, by what it is."""
    addresses = {
        "sessions": reverse("api:my_comparisons"),
        "session": reverse("api:my_comparison", args=[session.pk]),
        "choices": reverse("api:choices"),
        "choice": reverse("api:choice", args=[choice.pk]),
    }
    return {name: api.get(address) for name, address in addresses.items()}


def _sent(page, api, session, choice):
    found = _pages(page, session, choice)
    found |= {f"api {name}": answer for name, answer in _answers(api, session, choice).items()}
    return {name: (answer.status_code, body_of(answer)) for name, answer in found.items()}


def _turn_round(session):
    """Make every list the other version's, as if the roles had been drawn the other way."""
    ComparisonSession.objects.filter(pk=session.pk).update(challenger=F("champion"), champion=F("challenger"))
    for choice in session.choices.all():
        side = {"left": "right", "right": "left"}[choice.challenger_side]
        ListChoice.objects.filter(pk=choice.pk).update(challenger_side=side, held_out=not choice.held_out)


def test_no_word_tells_whose_a_list_is(page, api, session):
    for choice in session.choices.all():
        for name, (status, body) in _sent(page, api, session, choice).items():
            assert status in (200, 422), name
            found = telling(body.decode())
            assert not found, f"{name}: {found}"
        factories.choose(choice)
    for state in ("open", "closed"):
        for name, (_, body) in _sent(page, api, session, choice).items():
            found = telling(body.decode())
            assert not found, f"{name} of an answered choice, {state}: {found}"
        if state == "open":
            comparing.close_comparison(session)


def test_every_byte_is_the_same_whichever_version_stands_where(page, api, session):
    choice = session.choices.first()
    before = _sent(page, api, session, choice)
    _turn_round(session)
    after = _sent(page, api, session, choice)
    assert before == after
    assert len(before) == 9


def test_headers_and_cookies_do_not_tell_either(page, session):
    choice = session.choices.first()
    address = reverse("feedback:choice", args=[choice.pk])
    before = page.get(address)
    _turn_round(session)
    after = page.get(address)
    assert headers_of(before) == headers_of(after)
    assert set(before.cookies) == set(after.cookies)


@pytest.mark.parametrize("kind", ListAnswer.Kind.values)
def test_what_an_answer_answers_does_not_depend_on_the_versions(edda, page, api, session, kind):
    answers = []
    for choice in list(session.choices.all())[:2]:
        response = api.post(
            reverse("api:choice_answer", args=[choice.pk]),
            {"kind": kind},
            format="json",
            headers={"Idempotency-Key": f"k{choice.pk}"},
        )
        assert response.status_code == 201
        answers.append(set(response.json()))
        _turn_round(session)
    assert answers[0] == answers[1] == {"id", "choice", "kind", "created_at", "next_choice"}


def test_both_lists_cost_the_same_work_whichever_version_stands_where(
    page, session, django_assert_num_queries
):
    """Nothing is ranked or looked up by version while an expert waits, so the time says nothing."""
    address = reverse("feedback:choice", args=[session.choices.first().pk])
    counts = []
    for _ in range(2):
        with django_assert_num_queries(8, exact=False) as asked:
            page.get(address)
        told = [query["sql"] for query in asked.captured_queries]
        assert not [sql for sql in told if "ranking_modelversion" in sql]
        counts.append(len(told))
        _turn_round(session)
    assert counts[0] == counts[1]


def test_the_ids_and_positions_do_not_follow_the_sides(edda, session):
    project = session.project
    firsts = set()
    for seed in range(12):
        opened = factories.make_comparison(
            session.challenger, session.champion, [edda], needs_per_expert=6, seed=seed
        )
        firsts.add(opened.choices.order_by("id").first().challenger_side)
    assert firsts == {"left", "right"}
    assert project.comparisons.count() == 13
