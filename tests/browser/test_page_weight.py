"""What the page of a long list weighs, with everything: read off the browser's own record of the network."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import Page, expect

from feedback.models import Slate
from feedback.services import demonstration, moves
from feedback.services.drafts import cards_of
from ranking.models import Project
from ranking.services.catalog import load_project
from tests.factories import make_expert, make_session

pytestmark = pytest.mark.browser

HEAVIEST = 150_000  # bytes
CARDS = 20


@pytest.fixture
def slate(live_server: Any) -> Slate:
    """Return a list of twenty advisers of the demonstration, with ratings: 8 facts on each, 11 more."""
    load_project(demonstration.FOLDER)
    project = Project.objects.get(slug=demonstration.FOLDER.name)
    session = make_session(project, [make_expert()], items_per_slate=CARDS, asks_ratings=True)
    found = session.slates.first()
    assert found.items.count() == CARDS
    return found


@pytest.fixture
def weigh(new_context: Callable[..., Any], live_server: Any) -> Callable[..., dict[str, int]]:
    """Return `weigh(slate)`: the bytes of each thing the browser loads for its page, not compressed."""

    def load(slate: Slate) -> dict[str, int]:
        page: Page = new_context().new_page()
        devtools = page.context.new_cdp_session(page)
        urls: dict[str, str] = {}
        weights: dict[str, int] = {}

        def sent(event: dict[str, Any]) -> None:
            urls[event["requestId"]] = event["request"]["url"]

        def received(event: dict[str, Any]) -> None:
            weights[event["requestId"]] = weights.get(event["requestId"], 0) + event["dataLength"]

        devtools.on("Network.requestWillBeSent", sent)
        devtools.on("Network.dataReceived", received)
        devtools.send("Network.enable")
        devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(live_server.url + reverse("feedback:slate", args=[slate.pk]), wait_until="networkidle")
        expect(page.locator("#line-label")).not_to_be_empty()
        return {urls[one].removeprefix(live_server.url): weight for one, weight in weights.items()}

    return load


def test_a_list_of_twenty_weighs_at_most_150_kilobytes_uncompressed(weigh, slate):
    weights = weigh(slate)
    assert {"/static/tiebreak/tiebreak.css", "/static/tiebreak/slate-moves.js"} <= set(weights)
    assert reverse("feedback:slate", args=[slate.pk]) in weights
    assert not [url for url in weights if "htmx" in url or "lists.css" in url]
    assert sum(weights.values()) <= HEAVIEST, weights


def test_with_as_much_undo_as_a_page_is_ever_sent_it_still_does_as_it_is_transferred(weigh, slate):
    cards = [[card] for card in cards_of(slate)]
    for version in range(100):
        order = {"tiers": cards[version % CARDS :] + cards[: version % CARDS], "comment": f"note {version}"}
        moves.put(Slate.objects.get(pk=slate.pk), order, version=version)
    weights = weigh(slate)
    page = reverse("feedback:slate", args=[slate.pk])
    # Styles and scripts are stored compressed; pages, which hold a token, are not compressed at all.
    files = [finders.find(url.removeprefix("/static/")) for url in weights if url.startswith("/static/")]
    assert len(files) == len(weights) - 1
    zipped = sum(len(gzip.compress(Path(str(file)).read_bytes())) for file in files)
    assert weights[page] + zipped <= HEAVIEST, weights
