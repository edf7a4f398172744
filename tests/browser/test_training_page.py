"""A page that loads parts of itself: the log of a training keeps its place, a log-in that ends is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from ranking.models import TrainingJob
from ranking.services import jobs
from tests import factories, trainings
from tests.hands import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def job(live_server: Any) -> TrainingJob:
    """Return a training that runs, with a log that is longer than its box."""
    cache.clear()
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, owner="here:1")
    assert job is not None
    jobs.beat(job, stage="fit", fraction=0.42, lines=[f"round {number} of 100" for number in range(42)])
    return job


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Return `open_page(name, *args)`: a page of the project as an admin sees it."""
    client = Client()
    client.force_login(factories.make_admin())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    with browser.new_context(base_url=live_server.url) as context:
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])

        def make(name: str, *args: Any) -> Page:
            page = context.new_page()
            page.goto(reverse(name, args=["advisers", *args]))
            return page

        yield make


def test_whoever_scrolls_in_the_log_keeps_the_place_while_it_grows(open_page, job):
    page = open_page("ranking:job", job.pk)
    log = page.locator(".log")
    log.focus()
    page.keyboard.press("PageDown")
    eventually(page, "document.querySelector('.log').scrollTop > 100")
    jobs.beat(job, stage="fit", fraction=0.5, lines=["round 50 of 100"])
    expect(log.locator("div").first).to_contain_text("round 50 of 100")
    expect(page.locator("progress")).to_have_attribute("value", "50")
    expect(log).to_be_focused()
    assert log.evaluate("log => log.scrollTop") > 100


def test_a_log_in_that_ends_leads_from_the_page_to_the_log_in_and_not_into_the_panel(open_page, job):
    page = open_page("ranking:job", job.pk)
    page.context.clear_cookies()
    expect(page).to_have_url(re.compile(rf"/login/\?next=%2Fmanage%2Fadvisers%2Fjobs%2F{job.pk}%2F$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_form_that_is_being_filled_in_stays_when_the_log_in_ends(open_page, job):
    factories.make_expert("edda")
    page = open_page("feedback:session_new")
    page.get_by_label("Title").fill("Winter round")
    page.context.clear_cookies()
    page.get_by_label("edda").check()
    expect(page.locator("#messages")).to_contain_text("You are signed out.")
    expect(page.get_by_label("Title")).to_have_value("Winter round")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
