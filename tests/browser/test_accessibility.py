"""Every page of the product under axe-core, light and dark, wide and on a phone: nothing serious or critical.

The pages are those of `tests/access_table.py`: one that is added there is looked at without being asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from feedback.services import inviting
from ranking.services import serving
from tests import factories
from tests.access_table import PAGES, Row
from tests.test_access import IN_A_PROJECT, objects_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

ROLES = ("expert", "reader", "admin")
SERIOUS = ("serious", "critical")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
SIZES = {"wide and light": (1280, 900, "light"), "phone and dark": (360, 740, "dark")}
#: Answers that are no page of their own: parts that another page loads, and files.
NO_PAGE = {
    "feedback:home",
    "feedback:session_cost",
    "feedback:session_preview",
    "feedback:export_matches",
    "feedback:sessions_export",
    "feedback:session_export",
    "feedback:comparison_export",
    "feedback:comparisons_export",
    "ranking:job_progress",
}


@pytest.fixture
def people() -> dict[str, Any]:
    """Return who there is to log in, by the names of the table of access."""
    return {
        "expert": factories.make_expert("edda"),
        "other expert": factories.make_expert("emil"),
        "reader": factories.make_reader("rosa", "Harbour"),
        "admin": factories.make_admin("ada"),
    }


@pytest.fixture
def objects(live_server: Any, people: dict[str, Any]) -> dict[str, Any]:
    """Return a project in the middle of its life, whose lists have moved since they were first served."""
    found = objects_of(people)
    for query in factories.queries_of(factories.Project.objects.get(slug=found["slug"]), "Harbour"):
        serving.serve(query)
    return found


@pytest.fixture
def as_role(
    browser: Browser, live_server: Any, people: dict[str, Any]
) -> Iterator[Callable[[str, str], BrowserContext]]:
    """Return `as_role(role, size)`: a browser of that size in which somebody of the role is logged in."""
    made: list[BrowserContext] = []

    def make(role: str, size: str) -> BrowserContext:
        width, height, scheme = SIZES[size]
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        if role in people:
            client = Client()
            client.force_login(people[role], backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
            )
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def address_of(name: str, row: Row, objects: dict[str, Any]) -> str:
    kwargs = {parameter: objects[kept] for parameter, kept in row.ids.items()}
    if name in IN_A_PROJECT:
        kwargs["slug"] = objects["slug"]
    return reverse(name, kwargs=kwargs)


def _on_a_screen_that_holds_all_of_it(page: Page, look: Callable[[], Any]) -> Any:
    """Look without scrolling: axe takes a button that is half under a bar at the edge for a small one."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({**size, "height": max(size["height"], height)})
    found = look()
    page.set_viewport_size(size)
    return found


def complaints(page: Page, where: str) -> list[str]:
    """Return what axe finds serious, and whether the page is wider than the screen."""
    page.wait_for_load_state("networkidle")
    answer = _on_a_screen_that_holds_all_of_it(page, lambda: Axe().run(page, options=RULES))
    found = answer.response["violations"]
    said = [
        f"{where}: {one['id']} ({one['impact']}), {one['help']}: "
        + "; ".join(str(node["target"][0]) for node in one["nodes"][:3])
        for one in found
        if one["impact"] in SERIOUS
    ]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        said.append(f"{where}: wider than the screen")
    return said


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("role", ROLES)
def test_no_page_has_a_serious_violation(role, size, objects, as_role):
    page, said = as_role(role, size).new_page(), []
    for name, row in PAGES.items():
        if role in row.methods.get("GET", "").split() and name not in NO_PAGE:
            address = address_of(name, row, objects)
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, (name, answer.status)
            said += complaints(page, f"{name} {address}")
    assert not said, "\n".join(said)


@pytest.mark.parametrize("size", SIZES)
def test_pages_for_strangers_have_none_either(size, objects, people, as_role):
    session = factories.FeedbackSession.objects.get(pk=objects["session"])
    _, secret = inviting.create_link(session, people["expert"], by="ada")
    page, said = as_role("nobody", size).new_page(), []
    for address in ("/login/", f"/invitation/{secret}/", "/invitation/none/", "/no/such/page/"):
        page.goto(address)
        said += complaints(page, address)
    assert not said, "\n".join(said)


@pytest.mark.parametrize("size", SIZES)
def test_the_dialogs_of_a_slate_have_none(size, objects, as_role):
    page = as_role("expert", size).new_page()
    page.goto(reverse("feedback:slate", args=[objects["slate"]]))
    said = []
    for key, dialog in (("?", "#keys"), ("x", "#cannot")):
        page.locator("[data-card]").first.focus()
        page.keyboard.press(key)
        page.locator(dialog).wait_for(state="visible")
        said += complaints(page, dialog)
        page.keyboard.press("Escape")
    for place in (0, 1):
        page.locator("[data-card]").nth(place).focus()
        page.keyboard.press(" ")
    page.keyboard.press("c")
    page.locator("#compare").wait_for(state="visible")
    said += complaints(page, "#compare")
    assert not said, "\n".join(said)


def test_what_is_wrong_is_seen(objects, as_role):
    page = as_role("expert", "wide and light").new_page()
    page.goto("/my/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button>')")
    page.evaluate("document.querySelector('h1').style.color = '#fefefe'")
    assert {one.split()[1] for one in complaints(page, "spoilt:")} == {"button-name", "color-contrast"}


@pytest.mark.parametrize("width", [724, 800, 1024])
def test_between_phone_and_desk_no_page_is_wider_than_the_window(width, objects, as_role):
    said = []
    for role, names in {
        "expert": ["feedback:slate", "feedback:practice", "feedback:choice"],
        "admin": ["feedback:dashboard", "feedback:experts", "feedback:comparisons", "ranking:compare"],
    }.items():
        page = as_role(role, "wide and light").new_page()
        page.set_viewport_size({"width": width, "height": 900})
        for name in names:
            page.goto(address_of(name, PAGES[name], objects))
            page.wait_for_load_state("networkidle")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                said.append(name)
    assert not said


@pytest.fixture
def long_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every item and need a title of one word of four hundred letters."""
    items, needs = factories.item_records, factories.query_records
    long = "Pneumonoultramicroscopic" * 17

    def longer(records: list[dict[str, Any]], key: str, title: str) -> list[dict[str, Any]]:
        return [record | {title: f"{record[key]}{long}"[:400]} for record in records]

    monkeypatch.setattr(factories, "item_records", lambda n: longer(items(n), "crd", "name"))
    monkeypatch.setattr(factories, "query_records", lambda n: longer(needs(n), "id", "title"))


@pytest.mark.parametrize("role", ROLES)
def test_a_title_of_four_hundred_letters_without_a_blank_widens_no_page(role, long_titles, objects, as_role):
    page, said = as_role(role, "phone and dark").new_page(), []
    for name, row in PAGES.items():
        if role in row.methods.get("GET", "").split() and name not in NO_PAGE:
            page.goto(address_of(name, row, objects))
            page.wait_for_load_state("networkidle")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                said.append(name)
    assert not said
