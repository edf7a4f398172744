"""Practice: a list as any other, explained at once in plain words, and kept nowhere."""

import re

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from feedback.errors import InvalidJudgement
from feedback.explaining import HINTS, MOST_HINTS, TOUCH_HINTS, explain
from feedback.models import FeedbackSession, Judgement
from feedback.preferences import ShownList
from feedback.services import practising, sessions
from feedback.services.exchanging import export_file
from feedback.submitting import Submission
from tests import factories

TITLES = {1: "Alder", 2: "Birch", 3: "Cedar", 4: "Dogwood"}
FORBIDDEN = re.compile(r"correct|right answer|wrong|score|model|should have|version", re.IGNORECASE)


def _explained(kind="reorder", *, tiers=(), ratings=None, about="", used=None, remarked=False):
    judged = ShownList(shown=list(TITLES), kind=kind, randomised=True, tiers=tiers, ratings=ratings or {})
    return explain(judged, TITLES, about=about, used=used, remarked=remarked)


# --- in words -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "figures", "said"),
    [
        (
            {"tiers": [[2], [1], [3], [4]]},
            (6, 0, 0),
            [
                "You put Birch above Alder, and so on down to Dogwood: 6 comparisons of 4 cards, each of "
                "which says which of two fits better.",
                "Of these, 5 stand as they were shown, and 1 the other way round.",
            ],
        ),
        (
            {"tiers": [[4], [3, 1]]},
            (3, 1, 1),
            [
                "You put Dogwood above Cedar: 2 comparisons of 3 cards, each of which says which of two "
                "fits better.",
                "All of them stand the other way round than they were shown.",
                "Cedar and Alder are level: 1 comparison where neither is better.",
                "Birch is below the line: not looked at. That speaks neither for nor against it.",
            ],
        ),
        (
            {"tiers": [[1], [2], [3], [4]]},
            (6, 0, 0),
            [
                "You put Alder above Birch, and so on down to Dogwood: 6 comparisons of 4 cards, each of "
                "which says which of two fits better.",
                "All of them stand as they were shown, and say so because you submitted them.",
            ],
        ),
        (
            {"tiers": [[1]]},
            (0, 0, 3),
            [
                "Nothing stands above anything else, so there is no comparison in it.",
                "Birch, Cedar and Dogwood are below the line: not looked at. That speaks neither for nor "
                "against them.",
            ],
        ),
        (
            {"tiers": [[1, 2, 3, 4]], "ratings": {1: 5, 2: 1}},
            (6, 5, 0),
            [
                "Alder, Birch, Cedar and Dogwood are level: 5 comparisons where neither is better.",
                "Your ratings decide 1 comparison on which the order says nothing.",
            ],
        ),
        (
            {"kind": "about_equal"},
            (6, 6, 0),
            ["You said that all 4 are about equal: 6 comparisons, and in none is either better."],
        ),
        (
            {"kind": "none_suitable"},
            (6, 6, 0),
            [
                "You said that none of the 4 is suitable: each is noted as no match for the need, and of 6 "
                "comparisons none says that either is better."
            ],
        ),
        (
            {"kind": "missing_information", "about": "“Fee”", "remarked": True},
            (0, 0, 0),
            [
                "You said that “Fee” is missing. No comparison follows from that; in a session somebody "
                "looks for it.",
                "Your reasons and your sentence are read by people; nothing is learned from them.",
            ],
        ),
        (
            {"kind": "outside_knowledge"},
            (0, 0, 0),
            [
                "You said that this is outside what you know. No comparison follows from that; in a session "
                "the list goes to another expert."
            ],
        ),
        (
            {"kind": "conflict_of_interest", "about": "Cedar"},
            (0, 0, 0),
            [
                "You said that you have an interest in Cedar. No comparison follows from that: in a session "
                "the list is not used."
            ],
        ),
    ],
)
def test_each_answer_is_said_back_in_plain_words(asked, figures, said):
    found = _explained(**asked)
    assert (found.comparisons, found.ties, found.left_out) == figures
    assert list(found.said) == said
    assert not FORBIDDEN.search(" ".join(found.said))


def test_hints_are_of_what_was_not_used_and_few():
    none, some = _explained(tiers=[[1], [2]], used=[]), _explained(tiers=[[1], [2]], used=["rank", "tie"])
    assert len(none.hints) == MOST_HINTS
    assert HINTS["rank"] in none.hints
    assert not {HINTS["rank"], HINTS["tie"]} & set(some.hints)
    assert _explained(tiers=[[1], [2]]).hints == ()


# --- what is practised on -----------------------------------------------------------------------------------
@pytest.fixture
def session(edda):
    project = factories.make_project(items=24, queries=8)
    return factories.make_session(project, [edda], asks_ratings=True)


@pytest.fixture
def page(edda):
    client = Client()
    client.force_login(edda)
    return client


@pytest.fixture
def address(session):
    return reverse("feedback:practice", args=[session.pk])


def _everything():
    """Return all rows of the app that people use, with their values."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in apps.get_app_config("feedback").get_models()
    }


def test_the_list_is_of_no_need_of_the_session_and_the_same_each_time(session, edda):
    found, again = (practising.practice_list(session, edda) for _ in range(2))
    assert found == again
    assert len(found.versions) == session.items_per_slate
    assert found.query.pk not in session.slates.filter(expert=edda).values_list("query", flat=True)
    others = [
        practising.practice_list(session, factories.make_expert(name)) for name in ("emil", "ezra", "enya")
    ]
    assert len({tuple(v.pk for v in one.versions) for one in (found, *others)}) > 1


def test_without_two_items_there_is_nothing_to_practise_on(session, edda, page, address):
    session.project.items.update(active=False)
    assert practising.practice_list(session, edda) is None
    assert page.get(address).url == reverse("feedback:session_intro", args=[session.pk])
    at = reverse("api:practice", args=[session.pk])
    assert factories.api_client(edda).get(at).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        lambda v: {"kind": "reorder", "tiers": [[v[0], v[1]]]},
        lambda v: {"kind": "reorder", "tiers": [[10**6, *v[1:]]]},
        lambda v: {"kind": "missing_information", "field": "no such"},
        lambda v: {"kind": "conflict_of_interest"},
        lambda v: {"kind": "about_equal", "reason_tags": ["no such"]},
    ],
)
def test_what_a_session_would_refuse_practice_refuses_too(session, edda, wrong):
    found = practising.practice_list(session, edda)
    with pytest.raises(InvalidJudgement):
        practising.explain_practice(found, Submission(**wrong([v.pk for v in found.versions])))


# --- pages and API ------------------------------------------------------------------------------------------
def _order(shown):
    """Return the plain form of a page's cards, turned round."""
    cards = [card["id"] for card in shown.context["cards"]]
    return {f"rank-{card}": place for place, card in enumerate(reversed(cards), start=1)}


def test_nothing_of_practice_is_ever_written(session, edda, page, address):
    before, files = _everything(), export_file(session.project, "jsonl")
    shown = page.get(address)
    for body in (
        {**_order(shown), "comment": "x", "scripted": "1", "used": ["rank"]},
        {"kind": "none_suitable"},
        {"kind": "outside_knowledge"},
        {"kind": "conflict_of_interest", "items": [shown.context["cards"][0]["id"]]},
    ):
        assert "What was understood" in page.post(address, body).content.decode()
    api = factories.api_client(edda)
    at = reverse("api:practice", args=[session.pk])
    cards = [card["id"] for card in api.get(at).json()["cards"]]
    answer = api.post(
        at, {"kind": "reorder", "tiers": [cards[:2], cards[2:]], "used": ["tie"]}, format="json"
    )
    assert (answer.status_code, answer.json()["ties"]) == (200, 2)
    assert answer.json()["hints"]
    assert _everything() == before
    assert export_file(session.project, "jsonl") == files


def test_who_is_new_is_offered_practice_and_may_skip_it(session, edda, page):
    intro = reverse("feedback:session_intro", args=[session.pk])
    first = session.slates.order_by("position").first()
    text = page.get(intro).content.decode()
    assert "New here?" in text
    assert "Skip and start" in text
    assert reverse("feedback:slate", args=[first.pk]) in text
    factories.judge(first)
    text = page.get(intro).content.decode()
    assert "New here?" not in text
    assert reverse("feedback:practice", args=[session.pk]) in text  # later, one click away
    other = factories.make_session(session.project, [edda])
    assert "New here?" not in page.get(reverse("feedback:session_intro", args=[other.pk])).content.decode()


def test_the_page_says_that_it_is_practice_and_explains_what_was_done(page, address):
    shown = page.get(address)
    assert "This is practice and counts for nothing." in shown.content.decode()
    assert "data-practice" in shown.content.decode()
    explained = page.post(address, {**_order(shown), "scripted": "1", "used": ["rank", "drag"]})
    text = explained.content.decode()
    assert "6 comparisons of 4 cards" in text
    assert "All of them stand the other way round than they were shown." in text
    assert "What you can do as well" in text
    assert not FORBIDDEN.search(re.sub(r"<[^>]+>", "", text.split("<main")[1].split("</main")[0]))


def test_without_a_script_there_are_no_hints_at_what_it_could_do(page, address):
    text = page.post(address, _order(page.get(address))).content.decode()
    assert "6 comparisons" in text
    assert "What you can do as well" not in text


def test_what_can_not_be_read_is_said_on_the_page(page, address):
    text = page.post(address, {"kind": "conflict_of_interest"}).content.decode()
    assert "say which card the conflict is about" in text
    assert "This is practice" in text


def test_a_closed_session_has_practice_still_but_leads_to_no_list(session, page, address):
    sessions.close_session(session)
    text = page.post(address, _order(page.get(address))).content.decode()
    assert "Start with the session" not in text
    assert FeedbackSession.objects.get().state == "closed"
    assert not Judgement.objects.exists()


def test_the_same_work_whatever_the_order(page, address, django_assert_num_queries):
    """A list of the catalogue is drawn without ranking anything."""
    page.get(address)
    with django_assert_num_queries(20, exact=False) as asked:
        page.get(address)
    assert not [query for query in asked.captured_queries if "modelversion" in query["sql"]]


def test_each_hint_has_words_for_fingers_too():
    assert list(TOUCH_HINTS) == list(HINTS)
