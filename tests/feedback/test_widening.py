"""Who takes part in an open comparison, what its admin is told, and what can be downloaded of it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.errors import (
    AlreadyJudged,
    InvalidComparison,
    InvalidSession,
    InvitationUnusable,
    SessionClosed,
)
from feedback.models import ComparisonSession, Invitation, ListAnswer, Member
from feedback.services import answer_files, attention, comparing, inviting, widening
from tests import factories, trainings
from tests.at_once import in_between

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return factories.make_project()


@pytest.fixture
def session(project, edda):
    return factories.make_comparison(trainings.make_version(project), project.versions.get(number=0), [edda])


@pytest.fixture
def admin():
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def api():
    return factories.api_client(factories.make_admin("adam"))


# --- log-in links -------------------------------------------------------------------------------------------
def test_a_link_logs_in_once_and_leads_to_the_comparison(session, edda):
    _, secret = inviting.create_link(session, edda, by="ada")
    address = reverse("feedback:invitation", args=[secret])
    client = Client()
    assert session.title in client.get(address).content.decode()
    answer = client.post(address)
    assert answer.headers["Location"] == reverse("feedback:comparison_intro", args=[session.pk])
    assert client.get(answer.headers["Location"]).status_code == 200
    assert Client().post(address).status_code == 410


def test_links_are_for_experts_of_the_comparison_while_it_is_open(session, edda, emil):
    with pytest.raises(InvalidSession, match="emil is not an expert of this session"):
        inviting.create_link(session, emil, by="ada")
    (_, first), (_, second) = (inviting.create_link(session, edda, by="ada") for _ in range(2))
    with pytest.raises(InvitationUnusable, match="newer link"):
        inviting.look_up(first)
    comparing.close_comparison(session)
    with pytest.raises(InvitationUnusable, match="closed"):
        inviting.redeem(second)
    with pytest.raises(SessionClosed):
        inviting.create_link(session, edda, by="ada")


def test_a_link_to_a_comparison_leaves_one_to_a_session_alone(project, session, edda):
    _, secret = inviting.create_link(factories.make_session(project, [edda]), edda, by="ada")
    inviting.create_link(session, edda, by="ada")
    assert inviting.look_up(secret).target.title == "First round"


# --- more choices, and choices handed over ------------------------------------------------------------------
def test_more_choices_come_after_the_last_about_other_needs(session, edda):
    before = list(session.choices.filter(expert=edda).values_list("query", flat=True))
    assert widening.add_choices(session, edda, 4) == 4
    choices = session.choices.filter(expert=edda).order_by("position")
    assert list(choices.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6, 7]
    assert len({*choices.values_list("query", flat=True)}) == 7
    assert list(choices.values_list("query", flat=True))[:3] == before
    assert all(choice.left != choice.right for choice in choices)


def test_choices_that_came_meanwhile_do_not_come_twice(session, edda, monkeypatch):
    ranked = comparing.contests_of

    def while_another_adds(*versions, **how):
        found = ranked(*versions, **how)
        monkeypatch.undo()
        assert widening.add_choices(session, edda, 2) == 2
        return found

    monkeypatch.setattr(comparing, "contests_of", while_another_adds)
    added = widening.add_choices(session, edda, 4)
    choices = session.choices.filter(expert=edda).order_by("position")
    assert 0 < added <= 4
    assert list(choices.values_list("position", flat=True)) == list(range(1, 6 + added))
    assert len({*choices.values_list("query", flat=True)}) == 5 + added


def test_of_choices_drawn_at_once_both_are_as_many_as_asked_for(edda, monkeypatch):
    project = factories.make_project(items=24, queries=12)
    session = factories.make_comparison(
        trainings.make_version(project), project.versions.get(number=0), [edda]
    )
    in_between(monkeypatch, widening, "plan", lambda: widening.add_choices(session, edda, 2))
    assert widening.add_choices(session, edda, 2) == 2
    assert list(session.choices.values_list("position", flat=True)) == list(range(1, 8))
    assert len({*session.choices.values_list("query", flat=True)}) == 7


def test_somebody_who_takes_no_part_yet_does_by_that_and_is_asked_where_few_were(session, emil):
    elli = factories.make_expert("elli")
    widening.add_choices(session, emil, 6)
    widening.add_choices(session, elli, 6)
    asked = [
        {*session.choices.filter(expert=who, held_out=False).values_list("query", flat=True)}
        for who in (emil, elli)
    ]
    assert all(asked)
    assert not asked[0] & asked[1]


def test_no_more_choices_than_there_are_needs(session, edda):
    assert 0 < widening.add_choices(session, edda, 100) <= 9
    with pytest.raises(InvalidComparison, match="no need left"):
        widening.add_choices(session, edda, 1)


def test_choices_that_are_not_answered_go_over_to_another_expert(session, edda, emil):
    answered = session.choices.filter(expert=edda).first()
    factories.choose(answered)
    assert widening.hand_over(session, edda, emil) == 2
    assert list(session.choices.filter(expert=edda)) == [answered]
    assert list(session.choices.filter(expert=emil).values_list("position", flat=True)) == [1, 2]


def test_a_need_that_the_taker_has_or_has_an_interest_in_stays(project, session, edda, emil):
    interest, *_ = session.choices.filter(expert=edda)
    earlier = factories.make_comparison(
        session.challenger, session.champion, [emil], needs_per_expert=12, seed=3
    )
    factories.choose(earlier.choices.get(query=interest.query), "conflict_of_interest")
    assert widening.hand_over(session, edda, emil) == 2
    assert list(session.choices.filter(expert=edda)) == [interest]


def test_an_answer_to_a_choice_that_has_gone_over_is_refused(session, edda, emil):
    read = session.choices.filter(expert=edda).first()
    widening.hand_over(session, edda, emil)
    with pytest.raises(AlreadyJudged):
        factories.choose(read)
    assert not ListAnswer.objects.exists()


def test_a_closed_comparison_and_strangers_are_refused(session, edda, emil):
    with pytest.raises(InvalidComparison):
        widening.hand_over(session, edda, edda)
    with pytest.raises(InvalidComparison):
        widening.add_choices(session, factories.make_reader(), 1)
    with pytest.raises(InvalidComparison):
        widening.add_choices(session, edda, 0)
    comparing.close_comparison(session)
    for change in (
        lambda: widening.add_choices(session, edda, 1),
        lambda: widening.hand_over(session, edda, emil),
    ):
        with pytest.raises(SessionClosed):
            change()


def test_an_admin_makes_links_adds_and_hands_over_on_the_pages(session, admin, edda, emil):
    def at(name, username="edda"):
        return reverse(f"feedback:comparison_{name}", args=["advisers", session.pk, username])

    text = admin.get(reverse("feedback:comparison", args=["advisers", session.pk])).content.decode()
    assert at("expert") in text
    assert at("expert", "emil") in text
    assert "0 of 3 choices" in admin.get(at("expert")).content.decode()
    assert "Invite with choices" in admin.get(at("expert", "emil")).content.decode()
    assert "invitation/" in admin.post(at("link"), follow=True).context["link"]
    assert admin.post(at("link", "emil"), follow=True).redirect_chain[-1][0] == at("expert", "emil")
    admin.post(at("extend"), {"needs": 2})
    assert session.choices.filter(expert=edda).count() == 5
    assert admin.post(at("extend"), {"needs": 0}).status_code == 422
    admin.post(at("hand_over"), {"to": emil.pk})
    assert (session.choices.filter(expert=emil).count(), Invitation.objects.count()) == (5, 1)


def test_choices_of_somebody_who_is_no_expert_any_more_are_handed_over(session, admin, api, edda, emil):
    Member.objects.filter(user=edda).update(role="admin")
    page = admin.get(reverse("feedback:comparison_expert", args=["advisers", session.pk, "edda"]))
    assert "Hand over" in page.text
    given = {"giver": "edda", "taker": "emil"}
    answer = api.post(f"/api/v1/comparisons/{session.pk}/hand-over/", given, format="json")
    assert (answer.status_code, answer.data) == (200, {"choices": 3})


def test_the_same_over_the_api(session, api, edda, emil):
    address = f"/api/v1/comparisons/{session.pk}"
    link = api.post(f"{address}/invitations/", {"expert": "edda"}, format="json")
    assert (link.status_code, "/invitation/" in link.json()["address"]) == (201, True)
    more = api.post(f"{address}/more/", {"expert": "emil", "needs": 2}, format="json").json()
    assert (more["choices_total"], more["id"]) == (5, session.pk)
    handed = api.post(f"{address}/hand-over/", {"giver": "emil", "taker": "edda"}, format="json").json()
    assert handed["choices"] == session.choices.filter(expert=edda).count() - 3
    refused = api.post(f"{address}/hand-over/", {"giver": "emil", "taker": "emil"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_comparison")


# --- what the admin is told ---------------------------------------------------------------------------------
def _notices(project):
    return {one.kind: one for one in attention.standing_of(project).notices}


def test_the_overview_shows_open_comparisons_and_says_when_one_waits_or_is_done(project, session, admin, api):
    dashboard = reverse("feedback:dashboard", args=["advisers"])
    assert "0 of 3 choices" in admin.get(dashboard).content.decode()
    ComparisonSession.objects.update(opened_at=timezone.now() - timedelta(days=4))
    assert "no answer for 4 days; 3 choices left" in _notices(project)["comparison_idle"].text
    for choice in session.choices.all():
        factories.choose(choice)
    assert "comparison_idle" not in _notices(project)
    assert "All 3 choices" in _notices(project)["comparison_complete"].text
    assert (
        reverse("feedback:comparison", args=["advisers", session.pk]) in admin.get(dashboard).content.decode()
    )
    told = api.get("/api/v1/projects/advisers/standing/").json()
    assert told["open_comparisons"] == [session.pk]
    assert session.pk in [notice["comparison_id"] for notice in told["notices"]]
    comparing.close_comparison(session)
    assert not {"comparison_complete", "comparison_idle"} & {*_notices(project)}


# --- files --------------------------------------------------------------------------------------------------
def test_answers_are_downloaded_with_the_version_that_was_preferred(project, session, edda, admin, api):
    kinds = {1: "challenger", 2: "champion", 3: "equal"}
    for choice in session.choices.all():
        factories.choose(choice, kinds[choice.position], comment="=1+1")
    rows = list(
        csv.DictReader(io.StringIO(answer_files.answers_file(project, "csv", session).decode("utf-8-sig")))
    )
    assert [row["preferred_version"] for row in rows] == ["1", "0", ""]
    assert {row["comment"] for row in rows} == {"'=1+1"}
    lines = [json.loads(line) for line in answer_files.answers_file(project, "jsonl").splitlines()]
    assert [line["preferred_version"] for line in lines] == [1, 0, None]
    first = session.choices.get(position=1)
    keys = dict(project.items.values_list("current", "key"))
    assert lines[0]["left"] == [keys[pk] for pk in first.left]
    assert (lines[0]["expert"], lines[0]["need"]) == ("edda", first.query.title)
    page = admin.get(reverse("feedback:comparison_export", args=["advisers", session.pk]))
    assert page.content == answer_files.answers_file(project, "csv", session)
    assert page.headers["Content-Disposition"].endswith(f'which-list-is-better-{session.pk}-comparisons.csv"')
    every = api.get("/api/v1/projects/advisers/comparisons/export/", {"as": "jsonl"})
    assert every.content == answer_files.answers_file(project, "jsonl")
    one = api.get(f"/api/v1/comparisons/{session.pk}/export/")
    assert (one.content, one.headers["Content-Type"]) == (page.content, "text/csv; charset=utf-8")
    assert api.get(f"/api/v1/comparisons/{session.pk}/export/", {"as": "xml"}).status_code == 400
    assert admin.get(page.request["PATH_INFO"], {"as": "xml"}).status_code == 404
    assert "Answers as" in admin.get(reverse("feedback:sessions", args=["advisers"])).content.decode()
