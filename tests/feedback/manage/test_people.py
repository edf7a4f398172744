"""The admin's pages of people: accounts, passwords, suspending."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from feedback.models import Member
from feedback.services import coverage, people
from tests import factories
from tests.pages import said, text_of


def logs_in(username, password):
    """Say whether the log-in page lets somebody in."""
    answer = Client().post(reverse("login"), {"username": username, "password": password})
    return answer.status_code == 302


def person(**changed):
    return {"username": "rosa", "full_name": "Rosa Meadow", "role": "expert", **changed}


def test_a_person_logs_in_with_the_password_that_was_shown_once(admin):
    harbour = factories.make_organisation("Harbour")
    answer = admin.post(
        reverse("feedback:person_new"), person(role="reader", organisation=harbour.pk, email="r@example.org")
    )
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    member = Member.objects.get(user__username="rosa")
    assert (member.role, member.organisation, str(member)) == ("reader", harbour, "Rosa Meadow")
    assert not member.user.is_staff
    assert not logs_in("rosa", "something else")
    assert logs_in("rosa", password)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "ADA"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"role": "king"}, "role"),
        ({"role": "reader"}, "organisation"),
    ],
)
def test_a_person_who_cannot_be_meant_is_asked_again_at_the_field(admin, changed, field):
    answer = admin.post(reverse("feedback:person_new"), person(**changed))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert User.objects.count() == 1


def test_only_readers_belong_to_an_organisation(admin):
    harbour = factories.make_organisation("Harbour")
    answer = admin.post(reverse("feedback:person_new"), person(organisation=harbour.pk))
    assert "Only a reader belongs to an organisation." in text_of(answer)


def test_a_new_password_ends_the_old_one_open_sessions_and_tokens(admin, edda):
    at_work = Client()
    at_work.force_login(edda)
    Token.objects.create(user=edda)
    answer = admin.post(reverse("feedback:person_password", args=[edda.member.pk]))
    assert not logs_in("edda", factories.PASSWORD)
    assert logs_in("edda", answer.context["password"])
    assert at_work.get(reverse("feedback:my_sessions")).status_code == 302
    assert not Token.objects.exists()


def test_a_suspended_person_is_out_at_once_and_keeps_what_they_did(admin, project, edda):
    session = factories.make_session(project, [edda])
    factories.judge(session.slates.first())
    at_work = Client()
    at_work.force_login(edda)
    admin.post(reverse("feedback:person_suspend", args=[edda.member.pk]))
    assert at_work.get(reverse("feedback:my_sessions")).status_code == 302
    assert coverage.progress_of(session)[0].done == 1
    assert "suspended" in text_of(admin.get(reverse("feedback:people")))
    admin.post(reverse("feedback:person_readmit", args=[edda.member.pk]))
    assert logs_in("edda", factories.PASSWORD)
    assert at_work.get(reverse("feedback:my_sessions")).status_code == 302, "what was open stays ended"
    assert admin.get(reverse("feedback:people")).status_code == 200, "nobody else is logged out"


def test_a_role_is_changed_on_the_page_of_a_person_and_refused_there(admin, project, edda):
    address = reverse("feedback:person_role", args=[edda.member.pk])
    answer = admin.post(address, {"role": "reader"})
    assert answer.status_code == 422
    assert "A reader sees the needs of an organisation: say which." in text_of(answer)
    harbour = factories.make_organisation("Harbour")
    answer = admin.post(address, {"role": "reader", "organisation": harbour.pk}, follow=True)
    assert said(answer) == ["edda is now reader of Harbour."]
    own = reverse("feedback:person", args=[Member.objects.get(user__username="ada").pk])
    assert "Role and organisation" not in text_of(admin.get(own))


def test_what_a_former_expert_said_is_still_read(admin, project, edda):
    session = factories.make_closed_session(project, [edda])
    people.change_role(edda.member, "admin", None, by=Member.objects.get(user__username="ada").user)
    page_of = reverse("feedback:expert", args=["advisers", "edda"])
    assert session.title in text_of(admin.get(page_of))


def test_nobody_locks_themselves_out(admin):
    own = Member.objects.get(user__username="ada")
    answer = admin.post(reverse("feedback:person_suspend", args=[own.pk]), follow=True)
    assert said(answer) == ["Nobody can lock themselves out."]
    own.user.refresh_from_db()
    assert own.user.is_active


def test_temporary_passwords_differ_and_pass_the_rules_for_passwords(db):
    made = {people.temporary_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        validate_password(password)
