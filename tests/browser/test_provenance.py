"""Which sessions moved what, in a real browser: loaded after the page, on any screen, without a complaint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from ranking.models import Project, Query
from ranking.services import serving
from tests import factories, trainings

pytestmark = pytest.mark.browser
OpenAs = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


@pytest.fixture
def project(live_server: Any) -> Project:
    """A project whose version 1 was taught by two sessions, in service."""
    cache.clear()
    serving.forget_rankers()
    project = factories.make_project()
    for query in project.queries.all():
        serving.serve(query)
    experts = [factories.make_expert(name) for name in ("edda", "emil")]
    autumn = factories.make_closed_session(project, experts, title="Autumn round", slates_per_expert=6)
    spring = factories.make_closed_session(project, experts[:1], title="Spring round", simulated=True)
    trainings.promote(trainings.make_taught_version(project, {autumn: ("fee", -2.0), spring: ("age", 0.4)}))
    return project


@pytest.fixture
def query(project: Project) -> Query:
    """A need of the reader, ranked anew."""
    query = factories.queries_of(project, "Harbour")[0]
    serving.serve(query)
    return query


@pytest.fixture
def open_as(browser: Browser, live_server: Any, project: Project) -> Iterator[OpenAs]:
    """Return `open_as(user, path, **options)`: the page as that person sees it; any complaint fails."""
    contexts, problems = [], []

    def open_page(user: User, path: str, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone in the dark"])
def test_an_admin_goes_from_a_version_to_the_session_that_moved_most(
    open_as: OpenAs, options: dict[str, Any]
) -> None:
    page = open_as(factories.make_admin(), reverse("ranking:version", args=["advisers", 1]), **options)
    panel = page.get_by_role("region", name="Which sessions moved the lists")
    expect(panel.get_by_text("The first ten of 12 needs")).to_be_visible()
    expect(panel.get_by_text("Largest moves by Autumn round")).to_be_visible()
    expect(panel.locator("details").first).to_have_attribute("open", "")
    assert fits(page)
    panel.get_by_role("link", name="Autumn round").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Autumn round")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone in the dark"])
def test_a_reader_and_an_admin_read_which_sessions_moved_a_match(
    open_as: OpenAs, query: Query, options: dict[str, Any]
) -> None:
    path = reverse("feedback:why_moved", args=[query.pk, 1])
    for user, tables in ((factories.make_reader(), 0), (factories.make_admin(), 1)):
        page = open_as(user, path, **options)
        panel = page.get_by_role("region", name="Which sessions moved it")
        expect(panel.get_by_text("Two feedback sessions moved it up")).to_be_visible()
        expect(panel.get_by_role("table")).to_have_count(tables)
        assert fits(page)
