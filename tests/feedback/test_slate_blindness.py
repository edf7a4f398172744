"""Nothing that an expert can get in an open session tells why a list is asked for, or how it was ranked."""

import logging

import pytest
from django.urls import reverse

from feedback.models import FeedbackSession, Slate, SlateItem
from feedback.services import sessions
from tests import factories
from tests.blindness import (
    ABOUT_THE_SITE,
    TELLING,
    TELLING_IN_FILES,
    all_answers,
    files,
    make_another,
    telling,
)
from tests.test_access import objects_of

#: What an expert sees of each row; all other columns are secret, those too that are added later.
VISIBLE = {
    FeedbackSession: {
        *("id", "project", "title", "instructions", "state", "items_per_slate", "asks_ratings"),
        *("simulated", "opened_at", "closed_at", "due_on", "paused_at"),
    },
    Slate: {
        *("id", "session", "expert", "query", "query_content", "position", "state"),
        *("draft", "draft_version", "first_seen_at", "submitted_at"),
    },
    SlateItem: {"id", "slate", "item_version", "shown_position"},
}
LISTS = 12


@pytest.fixture
def people(db, caplog):
    for name in ("django.request", "django_structlog"):
        caplog.set_level(logging.ERROR, logger=name)  # refusals are meant: only failures are news
    return {
        "expert": factories.make_expert("edda"),
        "other expert": factories.make_expert("emil"),
        "reader": factories.make_reader("rosa", "Harbour"),
    }


@pytest.fixture
def objects(people):
    """Return a world with a session of twelve lists, one of them shown a second time."""
    found = objects_of(people)
    project = factories.Project.objects.get(slug=found["slug"])
    session = factories.make_session(
        project,
        [people["expert"], people["other expert"]],
        slates_per_expert=LISTS,
        asks_ratings=True,
        seed=2,
    )
    own = session.slates.filter(expert=people["expert"])
    assert own.get(repeats__isnull=False).position < LISTS
    return found | {"session": session.pk, "slate": own.first().pk}


def _own(objects, people):
    return Slate.objects.filter(session=objects["session"], expert=people["expert"]).order_by("position")


def _stages(objects, people):
    """Go through the session: at its beginning, when a list has come again, at the end."""
    again = _own(objects, people).get(repeats__isnull=False).position
    for stage, until in (("begun", 0), ("a list came again", again), ("all done", LISTS)):
        factories.judge_all(_own(objects, people).filter(state="open", position__lte=until))
        left = _own(objects, people).filter(state="open").first()
        yield stage, objects | ({"slate": left.pk} if left else {})


def _secrets_made_another(objects):
    session = FeedbackSession.objects.get(pk=objects["session"])
    rows = [session, *session.slates.all(), *SlateItem.objects.filter(slate__session=session)]
    for row in rows:
        make_another(row, VISIBLE[type(row)])


def test_no_answer_to_an_expert_holds_a_telling_word(objects, people):
    reached = 0
    for stage, now in _stages(objects, people):
        if stage == "all done":
            break  # the session is over for this expert, who is told how consistent the answers were
        for what, (status, headers, body) in all_answers(people["expert"], now).items():
            if what.split()[1] not in ABOUT_THE_SITE:
                assert telling(f"{headers} {body.decode()}") == [], f"{what}, {stage}"
                reached += status in (200, 201, 302)
    assert reached > 60


def test_no_byte_changes_when_all_that_is_secret_is_made_another(objects, people):
    for stage, now in _stages(objects, people):
        before = all_answers(people["expert"], now)
        _secrets_made_another(objects)
        after = all_answers(people["expert"], now)
        # At the end experts are told how consistent they were, on all lists but those of known order.
        told = {"GET feedback:session_done "} if stage == "all done" else set()
        changed = {what for what in before if before[what] != after[what]}
        assert {what for what in changed if what.split()[1] not in ABOUT_THE_SITE} <= told, stage


def test_the_secrets_are_really_made_another(objects):
    def secrets():
        session = FeedbackSession.objects.get(pk=objects["session"])
        return [
            session.version_id,
            list(
                session.slates.values_list("arm", "randomised", "shared", "repeats", "selection_probability")
            ),
            list(SlateItem.objects.filter(slate__session=session).values_list("model_rank", "features")),
        ]

    before = secrets()
    _secrets_made_another(objects)
    for old, new in zip(before, secrets(), strict=True):
        assert old != new


def test_every_list_costs_the_same_work_whatever_it_is_asked_for(
    objects, people, client, django_assert_num_queries
):
    """Nothing is looked up by kind of list while an expert waits, so the time says nothing."""
    client.force_login(people["expert"], backend="django.contrib.auth.backends.ModelBackend")
    counts = set()
    for slate in _own(objects, people):
        with django_assert_num_queries(14, exact=False) as asked:
            client.get(reverse("feedback:slate", args=[slate.pk]))
        counts.add(len(asked.captured_queries))
    assert len(counts) == 1


def test_ids_follow_the_places_and_nothing_else(objects, people):
    slates = list(_own(objects, people))
    assert [slate.pk for slate in slates] == sorted(slate.pk for slate in slates)
    for slate in slates:
        cards = list(slate.items.order_by("shown_position").values_list("pk", flat=True))
        assert cards == sorted(cards)


def test_how_consistent_somebody_is_stays_unsaid_until_all_lists_are_done(objects, people, client):
    client.force_login(people["expert"], backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("feedback:session_done", args=[objects["session"]])
    said = {}
    for stage, _ in _stages(objects, people):
        said[stage] = b"How consistent you were" in client.get(address).content
    assert said == {"begun": False, "a list came again": False, "all done": True}


def test_a_closed_session_says_it_to_those_who_stopped_before_the_end(objects, people, client):
    client.force_login(people["expert"], backend="django.contrib.auth.backends.ModelBackend")
    again = _own(objects, people).get(repeats__isnull=False).position
    factories.judge_all(_own(objects, people).filter(position__lte=again))
    sessions.close_session(FeedbackSession.objects.get(pk=objects["session"]))
    address = reverse("feedback:session_done", args=[objects["session"]])
    assert b"How consistent you were" in client.get(address).content


def test_styles_and_scripts_name_nothing_that_is_secret():
    found = {name: telling(text, TELLING_IN_FILES) for name, text in files().items()}
    assert "tiebreak/slate.js" in found
    assert "tiebreak/tiebreak.css" in found
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("word", TELLING)
def test_a_telling_word_would_be_seen(word):
    assert telling(f"<p>the {word.replace(chr(92) + 'b', '')} of it") == [word]
