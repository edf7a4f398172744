"""Who types a wrong password five times is locked out for that name from that address, and nobody else is."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from tests.factories import PASSWORD, make_expert

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


def attempt(client, name, password, address=HERE, **headers):
    """Return the status of a log-in: 302 let in, 200 wrong, 429 locked."""
    client.logout()
    body = {"username": name, "password": password}
    return client.post("/login/", body, REMOTE_ADDR=address, **headers).status_code


@pytest.fixture
def locked(client):
    """Five wrong passwords for edda from here."""
    make_expert("edda")
    make_expert("emil")
    answers = [attempt(client, "edda", "wrong") for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_a_locked_name_is_refused_even_with_the_right_password(client, locked):
    assert attempt(client, "edda", PASSWORD) == 429


def test_the_owner_of_a_name_is_not_locked_out_by_somebody_elsewhere(client, locked):
    assert attempt(client, "edda", PASSWORD, ELSEWHERE) == 302


def test_a_colleague_at_the_same_address_is_not_locked_out(client, locked):
    assert attempt(client, "emil", PASSWORD) == 302


def test_a_header_that_anybody_can_write_changes_nothing(client, locked):
    assert attempt(client, "edda", PASSWORD, HTTP_X_FORWARDED_FOR=ELSEWHERE) == 429


def test_a_locked_person_is_told_how_long_to_wait(client, locked):
    answer = client.post("/login/", {"username": "edda", "password": PASSWORD}, REMOTE_ADDR=HERE)
    assert "15 minutes" in answer.content.decode()


def test_a_success_forgets_earlier_mistakes(client):
    make_expert("edda")
    for _ in range(2):
        assert [attempt(client, "edda", "wrong") for _ in range(4)] == [200] * 4
        assert attempt(client, "edda", PASSWORD) == 302


@pytest.mark.parametrize("address", ["/login/", "/healthz"])
def test_every_answer_carries_the_strict_content_policy(client, address):
    policy = client.get(address)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert client.get(address)["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("form", [("feedback:choice_answer", 1), ("feedback:outcome", 1, 1)])
@pytest.mark.parametrize(
    ("sent_from", "page"),
    [
        ("http://testserver/shortlist/?state=contacted", "/shortlist/?state=contacted"),
        ("http://testserver/my/choices/1/", "/my/choices/1/"),
        ("http://elsewhere.example/my/choices/1/", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_after_the_log_in_has_ended_leads_back_to_its_page(client, form, sent_from, page):
    name, *args = form
    answer = client.post(reverse(name, args=args), {"kind": "left"}, headers={"Referer": sent_from})
    assert urlsplit(answer["Location"]).path == "/login/"
    assert parse_qs(urlsplit(answer["Location"]).query) == {"next": [page]}


def test_a_page_that_was_asked_for_is_the_page_to_come_back_to(client):
    answer = client.get("/shortlist/?state=contacted", headers={"Referer": "http://testserver/needs/"})
    assert parse_qs(urlsplit(answer["Location"]).query) == {"next": ["/shortlist/?state=contacted"]}
