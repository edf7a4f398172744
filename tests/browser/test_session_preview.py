"""The form of a new session in a real browser: what would be asked follows it and never stands in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from feedback.models import FeedbackSession
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def open_form(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Return `open_form(**options)`: the form as an admin sees it, with two experts to choose from."""
    cache.clear()
    factories.make_project()
    factories.make_expert("edda"), factories.make_expert("emil")
    client = Client()
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    made: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        made.append(context)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(reverse("feedback:session_new", args=["advisers"]))
        return page

    yield make
    for context in made:
        context.close()


def test_what_would_be_asked_follows_the_form_and_is_what_opens(open_form):
    page = open_form()
    preview, asked = page.locator("#preview"), []
    page.on("request", lambda request: "/preview/" in request.url and asked.append(request.url))
    expect(preview).to_contain_text("Choose experts to see what would be asked.")
    page.get_by_label("edda").check()
    page.get_by_label("emil").check()
    lists = page.get_by_label("Lists for each expert")
    for number in ("9", "7", "6"):  # each puts off, or takes the place of, the one before
        lists.fill(number)
    page.get_by_label("Title").fill("Growth")  # the form is free all the while
    expect(preview).to_contain_text("12 lists about")
    assert not [address for address in asked if "slates_per_expert=9" in address]
    expect(page.locator("#preview-status")).to_contain_text("12 lists about")
    shown = preview.locator("h3").all_inner_texts()
    page.get_by_role("button", name="Open session").click()
    expect(page.get_by_role("heading", name="Growth")).to_be_visible()
    session = FeedbackSession.objects.get(title="Growth")
    assert shown
    assert {*shown} <= {*session.slates.values_list("query__title", flat=True)}


def test_without_a_script_a_button_shows_what_would_be_asked(open_form):
    page = open_form(java_script_enabled=False)
    page.get_by_label("edda").check()
    page.get_by_role("button", name="Show what would be asked").click()
    expect(page.locator("#preview")).to_contain_text("12 lists about")
    assert page.get_by_label("edda").is_checked()
    assert not FeedbackSession.objects.exists()
