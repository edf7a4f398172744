"""Days end in the installation's zone, pages show times in the person's, the API speaks UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.environment import Environment
from feedback.errors import InvalidSession
from feedback.models import Member
from feedback.services import attention, running
from feedback.templatetags.reading import last_day
from ranking import zones
from ranking.models import Ranking
from ranking.services import monitoring, serving
from tests import factories

pytestmark = pytest.mark.django_db
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


@pytest.fixture
def in_new_york(settings):
    settings.TIME_ZONE = NEW_YORK


def _client(user, zone=""):
    Member.objects.filter(user=user).update(time_zone=zone)
    client = Client()
    client.force_login(user)
    return client


def _at(monkeypatch, *moment):
    now = datetime(*moment, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def test_the_zone_of_the_installation_is_a_variable():
    assert Environment({"X": "Europe/Berlin"}).time_zone("X", "UTC") == "Europe/Berlin"
    assert Environment({}).time_zone("X", "UTC") == "UTC"


def test_a_last_day_ends_at_midnight_of_the_installation_whoever_asks(in_new_york, monkeypatch):
    session = factories.make_session(factories.make_project(), [factories.make_expert()])
    session.due_on = date(2026, 3, 5)
    for zone in ("", TOKYO, "Pacific/Honolulu"):
        with timezone.override(zone or None):
            _at(monkeypatch, 2026, 3, 6, 4, 59)  # 23:59 on the fifth in New York
            assert not running.is_overdue(session)
            running.check_day(date(2026, 3, 5))
            _at(monkeypatch, 2026, 3, 6, 5, 0)
            assert running.is_overdue(session)
            with pytest.raises(InvalidSession, match="this day is over"):
                running.check_day(date(2026, 3, 5))


@pytest.mark.parametrize(
    ("day", "over", "hours"),
    [
        (date(2026, 3, 8), datetime(2026, 3, 9, 4, tzinfo=UTC), 23),  # clocks go forward
        (date(2026, 11, 1), datetime(2026, 11, 2, 5, tzinfo=UTC), 25),  # clocks go back
        (date(2026, 7, 1), datetime(2026, 7, 2, 4, tzinfo=UTC), 24),
    ],
)
def test_a_day_ends_at_midnight_when_clocks_change_too(in_new_york, day, over, hours):
    assert zones.end_of(day) == over
    length = zones.end_of(day).astimezone(UTC) - zones.start_of(day).astimezone(UTC)
    assert length == timedelta(hours=hours)


def test_an_overdue_session_is_noticed_at_midnight_of_the_installation(in_new_york, monkeypatch):
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()])
    session.due_on = date(2026, 3, 5)
    session.save()

    def kinds():
        return {notice.kind for notice in attention.standing_of(project).notices}

    _at(monkeypatch, 2026, 3, 6, 4, 59)
    assert "session_overdue" not in kinds()
    _at(monkeypatch, 2026, 3, 6, 5, 1)
    assert "session_overdue" in kinds()


def test_lists_are_counted_by_the_days_of_the_installation(in_new_york, monkeypatch):
    project = factories.make_project()
    made = serving.serve(project.queries.first())
    Ranking.objects.filter(pk=made.pk).update(created_at=datetime(2026, 3, 6, 4, 30, tzinfo=UTC))
    _at(monkeypatch, 2026, 3, 6, 12)
    with timezone.override(TOKYO):
        days = monitoring.rankings_per_day(project, days=2)
    assert [(day.day, day.rankings) for day in days] == [(date(2026, 3, 5), 1), (date(2026, 3, 6), 0)]


def test_pages_show_times_in_the_zone_of_who_reads_them_and_say_it_on_hover(in_new_york, monkeypatch):
    project, ada = factories.make_project(), factories.make_admin()
    session = factories.make_session(project, [factories.make_expert()])
    session.opened_at = datetime(2026, 3, 5, 20, 30, tzinfo=UTC)
    session.save()
    _at(monkeypatch, 2026, 3, 5, 21)
    address = reverse("feedback:session", args=[project.slug, session.pk])
    told = _client(ada).get(address).content.decode()
    assert 'title="Thursday 5 March 2026, 15:30:00 (EST, America/New_York)">today, 15:30</time>' in told
    told = _client(ada, TOKYO).get(address).content.decode()
    assert 'title="Friday 6 March 2026, 05:30:00 (JST, Asia/Tokyo)">today, 05:30</time>' in told
    assert 'datetime="2026-03-05T20:30:00+00:00"' in told
    assert timezone.get_current_timezone_name() == NEW_YORK  # nothing of a request is left behind


def test_a_last_day_says_when_it_is_over_for_who_reads_it(in_new_york):
    assert 'title="until Thursday 5 March 2026, midnight (America/New_York)">5 March<' in last_day(
        date(2026, 3, 5)
    )
    with timezone.override(TOKYO):
        assert "; for you Friday 6 March 2026, 14:00:00 (JST, Asia/Tokyo)" in last_day(date(2026, 3, 5))


def test_experts_see_the_last_day_with_its_zone(in_new_york):
    edda = factories.make_expert()
    session = factories.make_session(factories.make_project(), [edda])
    running.set_deadline(session, zones.today())
    for address in (reverse("feedback:my_sessions"), reverse("feedback:session_intro", args=[session.pk])):
        assert "midnight (America/New_York)" in _client(edda).get(address).content.decode()


@pytest.mark.parametrize("logged_in", ["by session", "by token"])
def test_the_api_says_times_in_utc(in_new_york, logged_in):
    ada = factories.make_admin()
    session = factories.make_session(factories.make_project(), [factories.make_expert()])
    client = _client(ada, TOKYO) if logged_in == "by session" else factories.api_client(ada)
    told = client.get(f"/api/v1/sessions/{session.pk}/").json()
    assert told["opened_at"].endswith("Z")
    assert datetime.fromisoformat(told["opened_at"]) == session.opened_at


@pytest.mark.parametrize("make", [factories.make_expert, factories.make_reader, factories.make_admin])
def test_everybody_chooses_their_own_zone_on_a_page(make):
    user = make()
    client = _client(user)
    assert f'href="{reverse("account")}"' in client.get(reverse("account")).content.decode()
    answer = client.post(reverse("account"), {"time_zone": TOKYO}, follow=True)
    assert "(JST, Asia/Tokyo)" in answer.content.decode()
    assert user.member.__class__.objects.get(user=user).time_zone == TOKYO
    client.post(reverse("account"), {"time_zone": ""})
    assert Member.objects.get(user=user).time_zone == ""


def test_a_zone_that_does_not_exist_is_refused_by_page_and_api():
    user = factories.make_reader()
    refused = _client(user).post(reverse("account"), {"time_zone": "Mars/Base"})
    assert "time_zone" in refused.context["form"].errors
    client = factories.api_client(user)
    answer = client.patch("/api/v1/me/", {"time_zone": "Mars/Base"}, format="json")
    assert answer.status_code == 400
    assert "expected a name such as Europe/Berlin" in str(answer.json())
    told = client.patch("/api/v1/me/", {"time_zone": TOKYO}, format="json").json()
    assert (told["time_zone"], told["installation_time_zone"]) == (TOKYO, "UTC")


def test_a_zone_that_this_machine_does_not_know_any_more_counts_as_none():
    client = _client(factories.make_admin(), "Gone/Zone")
    assert client.get(reverse("account")).status_code == 200
