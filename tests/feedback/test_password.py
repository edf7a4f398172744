"""Everybody can change their own password, and nobody else's."""

import pytest
from django.urls import reverse
from rest_framework.authtoken.models import Token

from feedback.errors import InvitationUnusable
from feedback.services import inviting
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "another-long-enough-phrase"


def _change(client, old):
    body = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
    return client.post(reverse("password_change"), body)


def test_a_temporary_password_is_changed_by_its_owner(client):
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
