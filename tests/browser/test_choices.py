"""A blind comparison in a real browser: by keyboard, on a phone, and without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from feedback.models import ComparisonSession, ListAnswer, ListChoice
from tests import factories, trainings

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def session(live_server: Any) -> ComparisonSession:
    """Return a comparison of three needs, five items in each list, asked of one expert."""
    project = factories.make_project(items=24, queries=12)
    versions = trainings.make_version(project), project.versions.get(number=0)
    return factories.make_comparison(*versions, [factories.make_expert()], items_per_list=5)


@pytest.fixture
def choice(session: ComparisonSession) -> ListChoice:
    """Return the first choice of the expert."""
    return session.choices.order_by("position").first()


@pytest.fixture
def open_page(browser: Browser, live_server: Any, session: ComparisonSession) -> Iterator[OpenPage]:
    """Return `open_page(name, *args, user=None, **options)`: a page, with the expert signed in or `user`."""
    made: list[BrowserContext] = []

    def open_it(name: str, *args: Any, user: Any = None, **options: Any) -> Page:
        client = Client()
        client.force_login(user or session.choices.first().expert)
        wide = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**wide, **options})
        made.append(context)
        context.set_default_timeout(10_000)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + reverse(name, args=args))
        return page

    yield open_it
    for context in made:
        context.close()


def _kinds(session: ComparisonSession) -> list[str]:
    answers = ListAnswer.objects.filter(choice__session=session).order_by("choice__position")
    return list(answers.values_list("kind", flat=True))


def _shows(page: Page, progress: str) -> None:
    """Wait for the next two lists, and for the script that listens to keys."""
    expect(page.get_by_text(progress)).to_be_visible()
    page.wait_for_load_state()


def test_a_comparison_is_done_by_keyboard_alone(open_page, session):
    page = open_page("feedback:my_sessions")
    page.get_by_role("link", name="Start Which list is better?").press("Enter")
    # Exactly this name: on the page before, as long as it is still there, another link begins with it.
    page.get_by_role("link", name="Start", exact=True).press("Enter")
    _shows(page, "1 of 3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Say which list is better, or why you can’t.")
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="Left is better")).to_be_checked()
    page.keyboard.press("2")
    page.keyboard.press("f")  # the key of "right focus"
    page.keyboard.press("w")
    page.keyboard.type("Nearer, 1 of 2.")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    _shows(page, "2 of 3")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    _shows(page, "3 of 3")
    page.keyboard.press("x")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="That was all. Thank you.")).to_be_visible()
    assert _kinds(session) == ["right", "equal", "outside_knowledge"]
    first = ListAnswer.objects.get(choice__position=1)
    assert (first.comment, first.reason_tags) == ("Nearer, 1 of 2.", ["right_focus"])


def test_single_keys_can_be_turned_off(open_page, choice, session):
    page = open_page("feedback:choice", choice.pk)
    page.keyboard.press("?")
    page.get_by_label("Single letters and digits are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="Left is better")).not_to_be_checked()


def test_on_a_phone_the_lists_stand_below_each_other(open_page, choice):
    page = open_page("feedback:choice", choice.pk, viewport={"width": 360, "height": 740}, has_touch=True)
    upper = page.get_by_role("region", name="Upper list").bounding_box()
    lower = page.get_by_role("region", name="Lower list").bounding_box()
    assert lower["y"] >= upper["y"] + upper["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("Upper is better").tap()
    page.get_by_role("button", name="Next").tap()
    expect(page.get_by_text("2 of 3")).to_be_visible()
    assert ListAnswer.objects.get().kind == "left"


def test_without_a_script_it_is_a_plain_form(open_page, choice):
    page = open_page("feedback:choice", choice.pk, java_script_enabled=False)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose one of the four answers")
    page.get_by_label("Neither is good").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 3")).to_be_visible()
    assert ListAnswer.objects.get().kind == "neither"


def test_an_admin_finds_what_experts_prefer_beside_the_gate(open_page, session):
    for asked in session.choices.all():
        factories.choose(asked, "challenger")
    page = open_page("ranking:compare", "advisers", 1, 0, user=factories.make_admin())
    found = page.get_by_role("region", name="What experts prefer, blind")
    expect(found).to_contain_text("experts preferred version 1 in 3 and version 0 in 0: 100 %.")
    found.get_by_role("link", name="Ask experts…").click()
    expect(page.get_by_role("heading", name="Ask experts which lists are better")).to_be_visible()


def test_a_page_from_the_browsers_memory_is_asked_for_anew(open_page, choice):
    page = open_page("feedback:choice", choice.pk)
    again = "() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    with page.expect_navigation():
        page.evaluate(f"() => {{ setTimeout({again}); }}")
    expect(page.get_by_role("group", name="Which list is better?")).to_be_visible()
