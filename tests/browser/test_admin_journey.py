"""The admin's journey in a real browser, with a real worker: retrain, watch, compare, promote, roll back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import Deploy
from tests.deployment import Deployment
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRAINING_MS = 180_000
#: What is there before the admin comes: a small project, and people.
ROWS = """
from tests import factories
project = factories.make_project(items=60, queries=24)
factories.make_admin()
edda, egon = factories.make_expert("edda"), factories.make_expert("egon")
factories.make_closed_session(project, [edda, egon], slates_per_expert=12, items_per_slate=5)
"""


@pytest.fixture(scope="module")
def site(deploy_for_module: Deploy) -> Deployment:
    """Return an installation with a small project, a web server and a worker."""
    deployment = deploy_for_module()
    deployment.manage("shell", "--command", ROWS)
    deployment.worker()
    deployment.address = deployment.web()
    return deployment


@pytest.fixture
def new_context(browser: Browser, site: Deployment) -> Iterator[Callable[..., BrowserContext]]:
    """Return `new_context(**options)`: a browser of its own in which the admin has logged in."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=site.address, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        made.append(context)
        page = context.new_page()
        page.goto("/login/")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Advisers for mandates")).to_be_visible()
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """Return the page of a logged-in admin; what its console complains about fails the test."""
    complaints: list[str] = []
    page = new_context(viewport={"width": 1280, "height": 800}).pages[0]
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    assert complaints == []


def _train(page: Page, source: str) -> None:
    """Start a training from the menu and wait on its page, without a reload, until it has ended."""
    page.get_by_text("Retrain", exact=False).locator("visible=true").first.click()
    page.get_by_role("button", name=re.compile(source)).click()
    expect(page.get_by_role("heading", name=re.compile("Training \\d+"))).to_be_visible()
    expect(page.get_by_role("button", name="Cancel training")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Compare version"))).to_be_visible(timeout=TRAINING_MS)
    assert page.locator("progress").get_attribute("value") == "100"


def _confirm(form: Any) -> None:
    """Type the version's name where the verdict on what was just trained asks for it."""
    label = form.locator("label", has_text=re.compile("Type “version \\d+” to confirm"))
    if label.count():
        name = re.search("version \\d+", label.inner_text())
        form.get_by_label(label.inner_text()).fill(name.group() if name else "")


def test_an_admin_retrains_watches_promotes_and_rolls_back(page):
    page.goto("/manage/advisers/jobs/")
    _train(page, "From closed sessions")
    assert page.locator(".log div").count() > 3
    page.get_by_role("link", name="Compare version 1 with 0").click()
    expect(page.get_by_role("heading", name="Version 1 against 0, in service")).to_be_visible()
    expect(page.get_by_text("have somebody new among their first ten")).to_be_visible()

    page.get_by_role("button", name="Promote…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Experts agree with it more often.")
    _confirm(dialog)
    dialog.get_by_role("button", name="Put version 1 in service").click()
    expect(page.get_by_text("Version 1 is in service. Lists are being ranked anew.")).to_be_visible()

    page.goto("/manage/advisers/promotions/")
    expect(
        page.get_by_role("row", name=re.compile("Version 1 .*Experts agree with it more often"))
    ).to_be_visible()
    page.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Readers complained.")
    dialog.get_by_role("button", name="Roll back to version 0").click()
    expect(page.get_by_text("Rolled back: version 0 is in service again.")).to_be_visible()
    expect(
        page.get_by_role("row", name=re.compile("Version 0 rollback .*Readers complained"))
    ).to_be_visible()


def test_a_training_is_cancelled_while_it_runs(page):
    page.goto("/manage/advisers/jobs/")
    page.get_by_text("Retrain", exact=False).locator("visible=true").first.click()
    page.get_by_role("button", name=re.compile("From closed sessions")).click()
    page.get_by_role("button", name="Cancel training").click()
    expect(page.locator("main .chip").first).to_have_text("cancelled", timeout=60_000)
    expect(page.get_by_role("button", name="Cancel training")).to_have_count(0)


def test_what_a_session_asks_for_is_said_while_the_form_is_filled_in(page):
    page.goto("/manage/advisers/sessions/new/")
    cost = page.locator("#cost")
    expect(cost).to_contain_text("Choose experts to see the whole.")
    page.get_by_label("edda").check()
    page.get_by_label("egon").check()
    page.get_by_label("Lists for each expert").fill("5")
    expect(cost).to_contain_text("Lists in all10")
    page.get_by_label("Title").fill("Winter round")
    page.get_by_role("button", name="Open session").click()
    expect(page.get_by_role("heading", name=re.compile("Winter round"))).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="edda")).to_contain_text("0 of 5")
    page.get_by_role("button", name="Close session…").click()
    page.get_by_role("dialog").get_by_role("button", name="Close session").click()
    expect(page.get_by_text("is closed. What it says can be learned from now.")).to_be_visible()


def test_everything_can_be_done_without_a_script(new_context):
    page = new_context(java_script_enabled=False).pages[0]
    page.goto("/manage/advisers/jobs/")
    page.locator("summary", has_text="Retrain").click()
    page.get_by_role("button", name=re.compile("From graded labels")).click()
    expect(page.get_by_text("Reload the page to see how far it has come.")).to_be_visible()
    for _ in range(TRAINING_MS // 1000):
        page.wait_for_timeout(1000)
        page.reload()
        if not page.get_by_text("Reload the page to see how far it has come.").count():
            break
    expect(page.locator("main .chip").first).to_have_text("done")
    page.get_by_role("link", name=re.compile("Compare version")).click()
    page.get_by_role("link", name="Promote…").click()
    page.get_by_label("Reason").fill("Without a script.")
    _confirm(page)
    page.get_by_role("button", name=re.compile("Put version")).click()
    expect(page.get_by_text("Lists are being ranked anew.")).to_be_visible()
    page.goto("/manage/advisers/promotions/")
    page.locator("#roll-back-form").get_by_label("Reason").fill("And back.")
    page.locator("#roll-back-form").get_by_role("button").click()
    expect(page.get_by_text("is in service again.")).to_be_visible()


def test_on_a_phone_the_menu_opens_and_no_page_is_wider_than_the_screen(new_context):
    page = new_context(viewport={"width": 360, "height": 740}).pages[0]
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Versions", exact=True).click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    pages = ("", "versions/", "versions/0/", "promotions/", "jobs/", "sessions/", "sessions/new/", "experts/")
    more = ("sessions/1/", "experts/edda/", "monitoring/", "monitoring/drift/", "flags/", "training-sets/1/")
    for path in (*pages, *more):
        page.goto(f"/manage/advisers/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
