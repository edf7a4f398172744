"""Log-in links: each works once, for one expert of one session, and not for long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.errors import InvalidSession, InvitationUnusable, SessionClosed
from feedback.models import Invitation, Member, Participation
from feedback.services import inviting, people, sessions
from tests import factories
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(edda):
    return factories.make_session(factories.make_project(), [edda], slates_per_expert=6)


def address_of(secret):
    return reverse("feedback:invitation", args=[secret])


def link(session, expert, **more):
    return inviting.create_link(session, expert, by="ada", **more)


def test_a_link_logs_in_once_and_leads_to_the_session(session, edda):
    _, secret = link(session, edda)
    client = Client()
    assert client.get(address_of(secret)).status_code == 200
    assert "_auth_user_id" not in client.session, "to look at it is not to use it"
    answer = client.post(address_of(secret))
    assert answer.headers["Location"] == reverse("feedback:session_intro", args=[session.pk])
    assert client.session["_auth_user_id"] == str(edda.pk)
    assert client.get(answer.headers["Location"]).status_code == 200
    again = Client().post(address_of(secret))
    assert (again.status_code, "has been used" in again.text) == (410, True)


def test_a_link_needs_the_page_s_token(session, edda):
    _, secret = link(session, edda)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address_of(secret)).status_code == 403
    assert Invitation.objects.get().used_at is None


def test_whoever_was_logged_in_before_is_logged_out(session, edda, emil):
    _, secret = link(session, edda)
    client = Client()
    client.force_login(emil, backend="django.contrib.auth.backends.ModelBackend")
    assert "You are logged in as emil" in client.get(address_of(secret)).text
    client.post(address_of(secret))
    assert client.session["_auth_user_id"] == str(edda.pk)


def test_the_secret_is_in_no_row(session, edda):
    row, secret = link(session, edda)
    assert secret not in str(Invitation.objects.values().get(pk=row.pk))
    assert len(secret) >= 40


def test_a_new_link_takes_the_place_of_the_one_before(session, edda):
    (_, first), (_, second) = link(session, edda), link(session, edda)
    with pytest.raises(InvitationUnusable, match="newer link"):
        inviting.redeem(first)
    assert inviting.redeem(second).expert == edda


@pytest.mark.django_db(transaction=True)
def test_of_many_links_made_at_once_the_last_one_works(edda):
    session = factories.make_session(factories.make_project(), [edda], slates_per_expert=1)
    made = at_once(lambda: link(session, edda))
    unused = Invitation.objects.filter(used_at__isnull=True, withdrawn_at__isnull=True)
    assert unused.get().pk == max(row.pk for row, _ in made)


def in_between(monkeypatch, name, act):
    """Do something when the named step of a service has been made, and before the next one."""
    step = getattr(inviting, name)

    def and_then(*asked):
        found = step(*asked)
        monkeypatch.undo()
        act()
        return found

    monkeypatch.setattr(inviting, name, and_then)


@pytest.mark.parametrize("why", ["withdrawn", "newer link", "used"])
def test_a_link_that_ends_as_it_is_clicked_says_how(session, edda, monkeypatch, why):
    _, secret = link(session, edda)
    acts = {
        "withdrawn": lambda: inviting.withdraw_links(edda),
        "newer link": lambda: link(session, edda),
        "used": lambda: inviting.redeem(secret),
    }
    in_between(monkeypatch, "look_up", acts[why])
    with pytest.raises(InvitationUnusable, match=why):
        inviting.redeem(secret)


def spoil(row, what):
    now = timezone.now()
    if what == "expired":
        Invitation.objects.filter(pk=row.pk).update(expires_at=now - timedelta(seconds=1))
    elif what == "closed":
        sessions.close_session(row.session)
    else:
        row.expert.is_active = False
        row.expert.save()


@pytest.mark.parametrize("what", ["expired", "closed", "suspended"])
def test_a_link_that_is_out_of_date_says_so_and_logs_nobody_in(session, edda, what):
    row, secret = link(session, edda)
    spoil(row, what)
    client = Client()
    for answer in (client.get(address_of(secret)), client.post(address_of(secret))):
        assert (answer.status_code, what in answer.text) == (410, True)
    assert "_auth_user_id" not in client.session


def take_away(member, what, admin):
    if what == "password":
        people.renew_password(member)
    elif what == "suspension":
        people.suspend(member, by=admin)
        people.readmit(member)
    else:
        people.change_role(member, "admin", None, by=admin)
        if what == "there and back":
            people.change_role(member, "expert", None, by=admin)


@pytest.mark.parametrize("what", ["password", "suspension", "promotion", "there and back"])
def test_unused_links_end_with_the_log_in_they_were_made_for(session, edda, what):
    _, secret = link(session, edda)
    factories.judge_all(session.slates.all())
    take_away(edda.member, what, factories.make_admin())
    client = Client()
    answer = client.post(address_of(secret))
    assert (answer.status_code, "has been withdrawn" in answer.text) == (410, True)
    assert "_auth_user_id" not in client.session
    assert "was withdrawn unused" in inviting.latest_in_words(session, edda)


def test_a_link_that_was_made_beside_a_suspension_does_not_outlive_it(session, edda, monkeypatch):
    admin = factories.make_admin()
    in_between(monkeypatch, "_check", lambda: people.suspend(edda.member, by=admin))
    _, secret = link(session, edda)
    people.readmit(edda.member)
    with pytest.raises(InvitationUnusable, match="withdrawn"):
        inviting.redeem(secret)


def test_a_link_logs_in_nobody_but_an_expert_of_the_session(session, edda):
    _, secret = link(session, edda)
    Member.objects.filter(user=edda).update(role="admin")
    with pytest.raises(InvitationUnusable, match="none any more"):
        inviting.redeem(secret)
    assert Invitation.objects.get().used_at is None


@pytest.mark.parametrize("secret", ["x", "a" * 500, "é"])
def test_a_link_that_is_none_is_no_secret(secret):
    answer = Client().get(f"/invitation/{secret}/")
    assert (answer.status_code, "not one of ours" in answer.text) == (410, True)


def test_links_are_for_experts_of_the_session_who_can_log_in(session, edda, emil):
    with pytest.raises(InvalidSession, match="emil is not an expert of this session"):
        link(session, emil)
    with pytest.raises(InvalidSession, match="hours"):
        link(session, edda, hours=0)
    edda.member.simulated = True
    edda.member.save()
    with pytest.raises(InvalidSession, match="simulated"):
        link(session, edda)
    sessions.close_session(session)
    with pytest.raises(SessionClosed):
        link(session, edda)


@pytest.mark.django_db(transaction=True)
def test_of_many_clicks_at_once_one_gets_in(edda):
    session = factories.make_session(factories.make_project(), [edda], slates_per_expert=1)
    _, secret = link(session, edda)

    def click(_):
        try:
            return bool(inviting.redeem(secret))
        except InvitationUnusable:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(click, range(8))) == 1


def test_an_admin_makes_a_link_and_sees_it_once(session, edda):
    client = Client()
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    slug = session.project.slug
    page = client.post(reverse("feedback:participation_link", args=[slug, session.pk, "edda"]), follow=True)
    secret = page.context["link"].rstrip("/").rsplit("/", 1)[-1]
    assert inviting.look_up(secret).expert == edda
    assert "no-cache" in page.headers["Cache-Control"]
    later = client.get(reverse("feedback:participation", args=[slug, session.pk, "edda"])).text
    assert secret not in later
    assert "The latest link is unused" in later


def test_the_page_that_shows_a_link_can_be_loaded_again_and_makes_no_other_one(session, edda):
    client = Client()
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("feedback:participation_link", args=[session.project.slug, session.pk, "edda"])
    first = client.post(address, follow=True)
    again = client.get(address)
    assert first.context["link"] == again.context["link"]
    assert Invitation.objects.count() == 1
    secret = again.context["link"].rstrip("/").rsplit("/", 1)[-1]
    assert secret not in str([one.get_decoded() for one in Session.objects.all()]), "no server keeps it"
    cookie = client.cookies["tiebreak_link"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (address, True, "Strict")
    inviting.redeem(secret)
    assert client.get(address, follow=True).redirect_chain[-1][0].endswith("/experts/edda/")


def test_whoever_is_signed_in_is_led_on_by_a_link_that_is_used_or_not(session, edda):
    _, secret = link(session, edda)
    client = Client()
    client.post(address_of(secret))
    for answer in (client.get(address_of(secret)), client.post(address_of(secret))):
        assert answer.headers["Location"] == reverse("feedback:session_intro", args=[session.pk])
    _, fresh = link(session, edda)
    assert client.get(address_of(fresh)).status_code == 302
    assert inviting.look_up(fresh).used_at is None, "it still works on another device"


def test_nobody_else_is_led_on(session, edda, emil):
    _, secret = link(session, edda)
    inviting.redeem(secret)
    client = Client()
    client.force_login(emil, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address_of(secret)).status_code == 410
    Participation.objects.filter(expert=edda).delete()
    client.force_login(edda, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address_of(secret)).status_code == 410


def test_a_new_link_is_asked_for_and_the_admin_sees_it_until_one_is_made(session, edda):
    _, secret = link(session, edda)
    inviting.redeem(secret)
    client, slug = Client(), session.project.slug
    assert "Send me a new link" in client.get(address_of(secret)).text
    for _ in range(3):
        asked = client.post(address_of(secret), {"again": "yes"})
        assert (asked.status_code, "You asked for a new link" in asked.text) == (200, True)
    first = Invitation.objects.get().asked_again_at
    client.post(address_of(secret), {"again": "yes"})
    assert Invitation.objects.get().asked_again_at == first
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    overview = reverse("feedback:dashboard", args=[slug])
    expert = reverse("feedback:participation", args=[slug, session.pk, "edda"])
    page = client.get(overview).text
    assert page.count("asks for a new log-in link to") == 1
    assert expert in page
    assert "A new one was asked for on" in client.get(expert).text
    link(session, edda)
    assert "asks for a new log-in link" not in client.get(overview).text


def test_to_ask_for_a_link_tells_a_stranger_nothing(session, edda):
    _, secret = link(session, edda)
    inviting.redeem(secret)
    answers = [Client().post(address_of(one), {"again": "yes"}) for one in (secret, "no-such-secret")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text.partition("<main")[2].partition("</main>")[0] for answer in answers}) == 1
    assert Invitation.objects.filter(asked_again_at__isnull=False).count() == 1


@pytest.mark.parametrize("what", ["closed", "suspended"])
def test_no_link_is_asked_for_that_could_not_be_made(session, edda, what):
    row, secret = link(session, edda)
    spoil(row, what)
    client = Client()
    assert "Send me a new link" not in client.get(address_of(secret)).text
    client.post(address_of(secret), {"again": "yes"})
    assert Invitation.objects.get().asked_again_at is None


def test_the_api_makes_links_too(session, edda):
    api = factories.api_client(factories.make_admin())
    answer = api.post(
        f"/api/v1/sessions/{session.pk}/invitations/", {"expert": "edda", "hours": 1}, format="json"
    )
    assert answer.status_code == 201
    assert inviting.look_up(answer.data["address"].rstrip("/").rsplit("/", 1)[-1]).expert == edda
    refused = api.post(f"/api/v1/sessions/{session.pk}/invitations/", {"expert": "nobody"}, format="json")
    assert refused.status_code == 400
