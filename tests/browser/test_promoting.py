"""Promoting against the verdict in a real browser: by keyboard, on a phone's width, with the name typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from ranking.services import versions
from tests import factories, trainings

pytestmark = pytest.mark.browser


@pytest.fixture
def project(live_server: Any) -> Any:
    """Return a project with a version that the gate refuses."""
    project = factories.make_project()
    trainings.make_version(project, verdict="refuse")
    return project


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request: Any, browser: Browser, live_server: Any, project: Any) -> Iterator[Page]:
    """Return the page of the comparison, 360 px wide, as an admin sees it."""
    client = Client()
    client.force_login(factories.make_admin())
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, reduced_motion="reduce", java_script_enabled=request.param
    )
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/manage/advisers/versions/1/against/0/")
    yield page
    context.close()


def test_a_refused_version_is_put_in_service_by_keyboard_once_its_name_is_typed(page, project):
    page.locator(".verdict").get_by_text("Promote…").locator("visible=true").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_visible()
    assert page.locator("body").evaluate("body => document.documentElement.scrollWidth") <= 360
    page.get_by_label("Reason").focus()
    page.keyboard.type("Trying it out.")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Type “version 1” to confirm")).to_be_focused()
    page.keyboard.type("version 2")
    page.keyboard.press("Enter")

    name = page.get_by_label("Type “version 1” to confirm")
    expect(page.get_by_text("type “version 1”, not “version 2”")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("Trying it out.")
    assert page.locator("body").evaluate("body => document.documentElement.scrollWidth") <= 360
    assert versions.current_champion(project).number == 0
    assert name.get_attribute("aria-invalid") == "true"
    described = name.get_attribute("aria-describedby").split()
    assert any("not “version 2”" in page.locator(f"#{one}").inner_text() for one in described)

    name.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("version 1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1 is in service. Lists are being ranked anew.")).to_be_visible()
    assert versions.current_champion(project).number == 1
