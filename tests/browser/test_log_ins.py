"""A page that was open when its log-in ended: after another one it can be sent, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from feedback.models import ListAnswer, ListChoice, Outcome
from tests import factories, trainings
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Return the page of a browser in which nobody is logged in."""
    cache.clear()
    with browser.new_context(base_url=live_server.url) as context:
        context.set_default_timeout(10_000)
        yield context.new_page()


@pytest.fixture
def choice(live_server: Any) -> ListChoice:
    """Return the first choice of an expert."""
    project = factories.make_project(items=24, queries=12)
    versions = trainings.make_version(project), project.versions.get(number=0)
    session = factories.make_comparison(*versions, [factories.make_expert()], items_per_list=5)
    return session.choices.order_by("position").first()


def log_in(page: Page, user: User, address: str = "") -> None:
    """Log in on a page that is the log-in, or at an address that leads to it."""
    if address:
        page.goto(address)
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # Loaded, not just left: a key that is pressed before the page's script runs is no answer.
    page.wait_for_url(lambda url: reverse("login") not in url)


def log_in_elsewhere(page: Page, user: User) -> None:
    """Log in in another tab after the log-in has ended: the token of this page is stale."""
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    log_in(other, user, reverse("login"))
    other.close()


def answer(page: Page) -> None:
    page.keyboard.press("1")
    page.locator("#comment").fill("The left one knows the trade.")
    page.get_by_role("button", name="Next").click()


def test_a_choice_is_answered_after_a_log_in_in_another_tab(page, choice):
    log_in(page, choice.expert, reverse("feedback:choice", args=[choice.pk]))
    log_in_elsewhere(page, choice.expert)
    answer(page)
    expect(page.get_by_text("2 of 3")).to_be_visible()
    assert ListAnswer.objects.get().comment == "The left one knows the trade."


def test_what_was_said_of_a_choice_is_there_again_after_the_log_in(page, choice):
    log_in(page, choice.expert, reverse("feedback:choice", args=[choice.pk]))
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("f")  # the key of "right focus"
    answer(page)
    log_in(page, choice.expert)
    expect(page.get_by_role("radio", name="Left is better")).to_be_checked()
    expect(page.get_by_role("checkbox", name="right focus")).to_be_checked()
    expect(page.locator("#comment")).to_have_value("The left one knows the trade.")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect(page.locator("#comment")).to_have_value("")
    said = ListAnswer.objects.get()
    assert (said.kind, said.reason_tags) == ("left", ["right_focus"])


def test_what_was_said_of_a_choice_goes_with_who_signs_out(page, choice):
    log_in(page, choice.expert, reverse("feedback:choice", args=[choice.pk]))
    page.locator("#comment").fill("The left one knows the trade.")
    page.get_by_role("link", name="Pause").click()
    page.wait_for_url(lambda url: reverse("feedback:my_sessions") in url)
    assert "knows the trade" in page.evaluate("JSON.stringify(sessionStorage)")
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: reverse("login") in url)
    assert "knows the trade" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_a_match_is_noted_after_a_log_in_in_another_tab_with_the_reason_that_was_typed(page, live_server):
    project, rosa = factories.make_project(items=40, queries=6), factories.make_reader("rosa")
    query = factories.queries_of(project, "Harbour")[0]
    log_in(page, rosa, reverse("feedback:matches", args=[query.pk]))
    page.context.clear_cookies(name="sessionid")
    match = page.locator("#rank-1")
    match.locator("summary").click()
    match.locator("textarea").fill("Too dear for this")
    match.get_by_role("button", name="Declined").click()
    expect(page.locator("#messages")).to_contain_text("You are signed out.")
    log_in_elsewhere(page, rosa)
    match.get_by_role("button", name="Declined").click()
    expect(match.locator(".given")).to_have_text("“Too dear for this”")
    assert Outcome.objects.get().kind == "declined"
