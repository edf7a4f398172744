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


def test_who_moves_within_an_ipv6_network_stays_locked(client):
    make_expert("edda")
    answers = [attempt(client, "edda", "wrong", f"2001:db8::{number}") for number in range(20)]
    assert answers == [200] * 4 + [429] * 16
    assert attempt(client, "edda", PASSWORD, "2001:db8:0:1::1") == 302


def test_a_log_in_for_a_token_forgets_mistakes_and_is_remembered_as_any_other(client):
    make_expert("edda")
    for _ in range(2):
        assert [token(client, "wrong") for _ in range(4)] == [400] * 4
        assert token(client, PASSWORD) == 200
    for address in addresses(10):
        attempt(client, "edda", "wrong", address)
    assert token(client, PASSWORD) == 200


def token(client, password):
    body = {"username": "edda", "password": password}
    return client.post("/api/v1/token/", body, "application/json", REMOTE_ADDR=HERE).status_code


def addresses(count):
    return [f"203.0.113.{number}" for number in range(1, count + 1)]


def test_guesses_from_everywhere_end_and_lock_nobody_out_where_they_were_before(client):
    make_expert("edda")
    make_expert("emil")
    assert attempt(client, "edda", PASSWORD) == 302
    answers = [attempt(client, "edda", "wrong", address) for address in addresses(12)]
    assert answers == [200] * 9 + [429] * 3
    assert attempt(client, "edda", PASSWORD, ELSEWHERE) == 429
    assert attempt(client, "edda", PASSWORD) == 302
    assert attempt(client, "emil", PASSWORD, ELSEWHERE) == 302


def test_many_wrong_passwords_from_few_addresses_lock_those_alone(client):
    make_expert("edda")
    for address in addresses(9):
        for _ in range(6):
            attempt(client, "edda", "wrong", address)
    assert attempt(client, "edda", PASSWORD, ELSEWHERE) == 302
