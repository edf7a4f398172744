"""Everybody can change their own password, and nobody else's."""

import pytest
from django.urls import reverse
from rest_framework.authtoken.models import Token

from feedback.errors import InvitationUnusable
from feedback.models import Member
from feedback.services import demonstration, inviting, people
from feedback.services.people import PersonRequest
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "another-long-enough-phrase"


def _change(client, old):
    return client.post(reverse("password_change"), _body(old))


def test_a_password_is_changed_by_its_owner(client):
    user = factories.make_reader()
    client.force_login(user)
    assert client.get(reverse("password_change")).status_code == 200
    assert _change(client, factories.PASSWORD).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_a_token_ends_with_the_password_that_it_was_got_with(client):
    user = factories.make_reader()
    others = Token.objects.create(user=factories.make_expert())
    theirs = factories.api_client()
    theirs.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    client.force_login(user)
    _change(client, "guessed")
    assert theirs.get("/api/v1/me/").status_code == 200
    _change(client, factories.PASSWORD)
    assert theirs.get("/api/v1/me/").status_code == 401
    assert list(Token.objects.all()) == [others]


def test_unused_log_in_links_end_with_the_password(client):
    user = factories.make_expert()
    session = factories.make_session(factories.make_project(), [user], slates_per_expert=1)
    _, secret = inviting.create_link(session, user, by="ada")
    client.force_login(user)
    _change(client, "guessed")
    assert inviting.look_up(secret).expert == user
    _change(client, factories.PASSWORD)
    with pytest.raises(InvitationUnusable, match="withdrawn"):
        inviting.look_up(secret)


def test_the_old_password_is_asked_for(client):
    user = factories.make_expert()
    client.force_login(user)
    assert "old_password" in _change(client, "guessed").context["form"].errors
    user.refresh_from_db()
    assert user.check_password(factories.PASSWORD)


def test_who_is_not_signed_in_is_sent_to_sign_in(client):
    answer = _change(client, factories.PASSWORD)
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("login"))


def test_the_old_password_is_no_new_one(client):
    client.force_login(factories.make_expert())
    old = factories.PASSWORD
    body = {"old_password": old, "new_password1": old, "new_password2": old}
    answer = client.post(reverse("password_change"), body)
    assert answer.context["form"].errors["new_password1"] == ["This is the old password: choose another."]


# --- temporary ones -----------------------------------------------------------------------------------------
def created():
    return people.create_person(PersonRequest("edda", Member.Role.EXPERT))


def renewed():
    member = factories.make_expert("edda").member
    return member, people.renew_password(member)


@pytest.fixture(params=[created, renewed])
def given(request):
    """A person and the password that an admin has given them."""
    return request.param()


def test_a_temporary_password_opens_nothing_but_the_form_that_changes_it(client, given):
    member, password = given
    client.post(reverse("login"), {"username": "edda", "password": password})
    asked = reverse("feedback:my_sessions")
    for address in (asked, "/", reverse("feedback:needs")):
        assert client.get(address, follow=True).redirect_chain[-1][0].startswith("/password/?next=")
    assert client.post(reverse("feedback:judgement", args=[1])).url.startswith("/password/")
    form = client.get(client.get(asked).url)
    assert "that only you know" in form.content.decode()
    assert client.post(client.get(asked).url, _body(password)).url == asked
    assert client.get(asked).status_code == 200
    assert "that only you know" not in client.get(reverse("password_change")).content.decode()
    member.refresh_from_db()
    assert not member.has_temporary_password


def test_a_form_that_is_refused_changes_nothing(client, given):
    client.force_login(given[0].user)
    assert _change(client, "guessed").status_code == 200
    assert client.get(reverse("feedback:my_sessions")).status_code == 302


def test_the_change_leads_to_no_other_site(client, given):
    client.force_login(given[0].user)
    answer = client.post("/password/?next=https://elsewhere.example/", _body(given[1]))
    assert answer.url == "/"


def test_the_api_says_so_until_the_password_is_changed(given):
    _, password = given
    client = factories.api_client()
    token = client.post("/api/v1/token/", {"username": "edda", "password": password}, format="json").json()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token['token']}")
    for answer in (
        client.get("/api/v1/me/"),
        client.get("/api/v1/jobs/"),
        client.get("/api/v1/schema/?format=json"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "password_change_required")
    changed = _change_over_api(client, password, NEW)
    assert changed.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Token {changed.json()['token']}")
    assert client.get("/api/v1/me/").json()["username"] == "edda"


REFUSED = [
    ("guessed", NEW, "password"),
    (None, None, "new_password"),
    (None, "12345678", "new_password"),
    (None, "", "new_password"),
]


@pytest.mark.parametrize(("old", "new", "field"), REFUSED)
def test_the_api_names_what_is_wrong_with_a_password_and_keeps_the_old_one(given, old, new, field):
    member, password = given
    client = factories.api_client(member.user)
    answer = _change_over_api(client, old or password, password if new is None else new)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    member.user.refresh_from_db()
    assert member.user.check_password(password)
    assert Member.objects.get().has_temporary_password


def test_a_session_in_a_browser_goes_on_when_the_api_changes_its_password(client, given):
    client.force_login(given[0].user)
    body = {"password": given[1], "new_password": NEW}
    assert client.post("/api/v1/me/password/", body, "application/json").status_code == 200
    assert client.get(reverse("feedback:my_sessions")).status_code == 200


def test_five_guesses_at_ones_own_password_lock_it(given):
    client = factories.api_client(given[0].user)
    assert [_change_over_api(client, "guess", NEW).status_code for _ in range(5)] == [400] * 4 + [429]


def test_who_comes_by_a_link_chooses_a_password_without_knowing_the_temporary_one(client, given):
    member, password = given
    session = factories.make_session(factories.make_project(), [member.user], slates_per_expert=1)
    _, secret = inviting.create_link(session, member.user, by="ada")
    led = client.post(reverse("feedback:invitation", args=[secret]), follow=True)
    form = led.redirect_chain[-1][0]
    assert "old_password" not in led.context["form"].fields
    same = client.post(form, {"new_password1": password, "new_password2": password})
    assert "new_password1" in same.context["form"].errors
    assert client.post(form, {"new_password1": NEW, "new_password2": NEW}).url == reverse(
        "feedback:session_intro", args=[session.pk]
    )
    # From now on the old password is their own secret: a session that a link began does not replace it.
    assert "old_password" in client.get(reverse("password_change")).context["form"].fields


def _body(old):
    return {"old_password": old, "new_password1": NEW, "new_password2": NEW}


def _change_over_api(client, old, new):
    return client.post("/api/v1/me/password/", {"password": old, "new_password": new}, format="json")


def test_the_demonstrations_printed_log_ins_go_on_without_a_change(client):
    demonstration.create_people(factories.make_project())
    for log_in in demonstration.LOG_INS:
        client.post(reverse("login"), {"username": log_in.username, "password": demonstration.PASSWORD})
        assert not client.get("/", follow=True).redirect_chain[-1][0].startswith("/password/")
        client.post(reverse("logout"))
