"""A slate in a real browser: an expert, a session with ratings, and a page that is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from feedback.models import Slate
from tests.factories import make_expert, make_project, make_session

OpenPage = Callable[..., Page]

# A page that is slow beside other tests is not a page that is wrong.
expect.set_options(timeout=20_000)


@dataclass
class SlatePage:
    """What a person sees and does on the page of a slate."""

    page: Page

    @property
    def titles(self) -> list[str]:
        """Return the titles in order, with "|" for the line."""
        return self.page.eval_on_selector_all(
            "#cards > li", "all => all.map(li => li.querySelector('.name')?.textContent.trim() ?? '|')"
        )

    @property
    def ids(self) -> list[str]:
        """Return the card ids in order, with "|" for the line."""
        return self.page.eval_on_selector_all("#cards > li", "all => all.map(li => li.dataset.card ?? '|')")

    @property
    def ranks(self) -> list[str]:
        """Return the ranks as they are shown, from the top."""
        return self.page.locator("[data-rank]").all_inner_texts()

    @property
    def said(self) -> str:
        """Return what a screen reader was told last."""
        return self.page.locator("#live").inner_text()

    def card(self, place: int) -> Any:
        """Return the card at a place, from 0."""
        return self.page.locator("[data-card]").nth(place)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def focus_card(self, place: int) -> None:
        """Put the keyboard on a card."""
        self.card(place).focus()

    def wait_until_saved(self) -> None:
        """Wait for the page to say so: after two failed attempts the third comes no sooner than 5 s later."""
        expect(self.page.locator("#save-state")).to_have_text("Saved", timeout=30_000)


@pytest.fixture
def slate(live_server: Any) -> Slate:
    """Return the first slate of an expert: 8 cards, rated 1 to 5, more slates to come."""
    session = make_session(
        make_project(items=24, queries=6),
        [make_expert()],
        slates_per_expert=2,
        items_per_slate=8,
        asks_ratings=True,
        title="Autumn round",
    )
    return session.slates.order_by("position").first()


@pytest.fixture
def new_context(browser: Browser, live_server: Any, slate: Slate) -> Iterator[Callable[..., BrowserContext]]:
    """Return `new_context(**options)`: a browser of its own in which the expert is signed in."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        client = Client()
        client.force_login(slate.expert)
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        )
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        context.set_default_timeout(10_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def address(live_server: Any, slate: Slate) -> str:
    """Return the address of the slate's page."""
    return live_server.url + reverse("feedback:slate", args=[slate.pk])


@pytest.fixture
def open_slate(new_context: Callable[..., BrowserContext], address: str) -> Callable[..., SlatePage]:
    """Return `open_slate(context=None, **options)`: the page of the slate, its script running."""

    def open_page(context: BrowserContext | None = None, **options: Any) -> SlatePage:
        page = (context or new_context(**options)).new_page()
        page.goto(address)
        if options.get("java_script_enabled", True):
            expect(page.locator("#line-label")).not_to_be_empty()
        return SlatePage(page)

    return open_page
