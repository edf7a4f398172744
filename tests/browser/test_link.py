"""The admin's page of a log-in link in a real browser: copied by a click, the same when loaded again."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, expect

from feedback.models import Invitation
from tests.factories import make_admin

pytestmark = pytest.mark.browser


def test_a_link_is_copied_and_survives_a_reload(browser: Browser, live_server, slate):
    client = Client()
    client.force_login(make_admin())
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    session = slate.session
    place = [session.project.slug, session.pk, slate.expert.username]
    page.goto(live_server.url + reverse("feedback:participation", args=place))
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link").input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#link-copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == link
    page.reload()
    assert page.get_by_label("Link").input_value() == link
    assert Invitation.objects.count() == 1
    assert refused == []
    context.close()
