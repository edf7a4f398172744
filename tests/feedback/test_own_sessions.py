"""The page of an expert's own sessions: open ones first, in pages, in as many reads for many as for few."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import FeedbackSession, Participation
from feedback.services import comparing
from tests import factories, trainings
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return factories.make_project()


@pytest.fixture
def page(edda):
    client = Client()
    client.force_login(edda)
    return lambda number=1: client.get(reverse("feedback:my_sessions"), {"page": number})


def invite(project, expert, count):
    """Open sessions that ask for nothing yet."""
    version = project.versions.get(number=0)
    made = FeedbackSession.objects.bulk_create(
        FeedbackSession(project=project, version=version, title=f"Round {number}", opened_by="ada")
        for number in range(count)
    )
    Participation.objects.bulk_create(Participation(session=session, expert=expert) for session in made)


def test_more_sessions_are_no_more_reads_and_come_in_pages(project, edda, page):
    factories.make_comparison(trainings.make_version(project), project.versions.get(number=0), [edda])
    factories.make_session(project, [edda], title="First round")
    page()
    with CaptureQueriesContext(connection) as few:
        page()
    invite(project, edda, 60)
    with CaptureQueriesContext(connection) as many:
        first = page()
    assert len(many) <= len(few)
    assert [len(page(number).context["open_sessions"]) for number in (1, 2, 3)] == [25, 25, 12]
    assert "1 to 25 of 62 sessions" in text_of(first)
    assert "First round" in text_of(page(3))


def test_closed_sessions_come_after_the_open_ones(project, edda, page):
    session = factories.make_session(project, [edda], title="First round")
    comparison = factories.make_comparison(
        trainings.make_version(project), project.versions.get(number=0), [edda]
    )
    comparing.close_comparison(comparison)
    shown = page().context
    assert [row["session"] for row in shown["open_sessions"]] == [session]
    assert [row["session"] for row in shown["closed_sessions"]] == [comparison]
    invite(project, edda, 25)
    last = page(2)
    assert [row["session"] for row in last.context["open_sessions"]] == [session]
    assert [row["session"] for row in last.context["closed_sessions"]] == [comparison]


def test_who_is_invited_to_nothing_reads_so(page):
    assert "Nothing to judge at the moment" in text_of(page())
