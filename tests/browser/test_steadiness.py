"""The page of a slate stays where it is: nothing jumps as it loads or saves; a move shows at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from feedback.services import moves
from feedback.services.drafts import cards_of
from tests.hands import drag_with_mouse, middle, next_frames

pytestmark = pytest.mark.browser

SIZES = {"wide": (1280, 800), "narrow": (740, 700), "phone": (360, 740), "4K": (3840, 2160)}
WATCH = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const moved = sources.map(({ node }) => (node?.outerHTML ?? String(node?.textContent)).slice(0, 80));
      window.shifts.push([value, ...moved]);
    }
  }).observe({ type: "layout-shift", buffered: true });
"""


def _watched(new_context: Any, size: str) -> Any:
    width, height = SIZES[size]
    context = new_context(viewport={"width": width, "height": height})
    context.add_init_script(WATCH)
    return context


def _shifts(page: Page) -> Any:
    """Return all shifts so far, those right after an input too: nothing is taken off."""
    next_frames(page)
    return page.evaluate("window.shifts")


def _settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    next_frames(page)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kept", [False, True], ids=["untouched", "kept"])
def test_nothing_shifts_while_the_page_loads(open_slate, new_context, slate, size, kept):
    if kept:
        cards = cards_of(slate)
        order = {"tiers": [cards[5:7], cards[:1], cards[1:5]], "rest": cards[7:], "ratings": {cards[0]: 4}}
        moves.put(slate, order, version=0)
    view = open_slate(_watched(new_context, size))
    _settled(view.page)
    assert (view.ranks[0] == view.ranks[1]) is kept
    assert _shifts(view.page) == []


ANSWERS: dict[str, tuple[int | None, dict[str, Any]]] = {
    "Offline: 1 move waiting": (None, {}),
    "Not saved yet: 1 move waiting": (503, {}),
    "Signed out: 1 move waiting": (401, {}),
    "Not your list now: 1 move waiting": (404, {}),
    "Not saved": (409, {"error": {"message": "This session is closed."}}),
}


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_nothing_shifts_when_saving_saved_or_trouble_is_said(open_slate, new_context, size):
    view = open_slate(_watched(new_context, size))
    held: list[Route] = []
    view.page.route("**/moves/", lambda route: held.append(route))
    state = view.page.locator("#save-state")
    for said, (status, body) in [("Saved", (200, {})), *ANSWERS.items()]:
        view.focus_card(1)
        view.press("Home")
        expect(state).to_have_text("Saving…")
        _settled_move(view.page)
        _answer(view.page, held, status, body, real=said == "Saved")
        expect(state).to_have_text(said)
        assert _shifts(view.page) == [], said
        view.page.unroute("**/moves/")
        view.page.evaluate("localStorage.clear()")
        view.page.reload()
        expect(view.page.locator("#line-label")).not_to_be_empty()
        view.page.route("**/moves/", lambda route: held.append(route))


def _settled_move(page: Page) -> None:
    """Forget what the person's own move shifted: the card and its neighbours."""
    next_frames(page)
    page.evaluate("window.shifts.length = 0")


def _answer(page: Page, held: list[Route], status: int | None, body: dict[str, Any], *, real: bool) -> None:
    while not held:
        page.wait_for_timeout(10)
    route = held.pop()
    if real:
        route.continue_()
    elif status is None:
        route.abort()
    else:
        route.fulfill(status=status, body=json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("size", ["wide", "narrow", "phone"])
def test_nothing_shifts_when_the_page_asks_again_before_it_submits(open_slate, new_context, size):
    view = open_slate(_watched(new_context, size))
    view.focus_card(0)
    view.press("Enter")
    expect(view.page.locator("#save-state")).to_have_text("Nothing was moved. Submit again?")
    assert _shifts(view.page) == []


def test_a_shift_would_be_seen(open_slate, new_context):
    view = open_slate(_watched(new_context, "wide"))
    view.page.evaluate("document.querySelector('#cards').style.marginTop = '60px'")
    assert len(_shifts(view.page)) == 1


def test_a_notice_can_be_put_off_and_comes_again_when_it_matters(open_slate, new_context):
    context = new_context()
    view = open_slate(context)
    notice = view.page.locator("#notice")
    context.clear_cookies()
    view.focus_card(3)
    view.press("Home")
    notice.get_by_role("button", name="Not now").click()
    view.focus_card(0)
    view.press("d")
    expect(view.page.locator("#save-state")).to_have_text("Signed out: 2 moves waiting")
    expect(notice).to_be_hidden()
    view.page.get_by_role("button", name="Submit").click()
    expect(notice).to_be_visible()


@pytest.mark.parametrize("key", ["Home", "u", "d", "3", "PageDown", "Alt+ArrowUp", "t", "l"])
def test_a_key_has_moved_the_card_before_the_next_frame(open_slate, key):
    """What runs last for the same event already finds the page changed: the frame after it shows the move."""
    view = open_slate()
    view.page.evaluate(
        """() => {
            const seen = () => [...document.querySelectorAll('#cards > li')].map((li) => li.innerText).join();
            const before = seen();
            addEventListener('keydown', () => { window.changed = seen() !== before; });
        }"""
    )
    view.focus_card(4)
    view.press(key)
    assert view.page.evaluate("window.changed") is True


def test_a_button_and_a_drop_have_moved_the_card_before_the_next_frame(open_slate):
    view = open_slate()
    view.page.evaluate(
        """() => {
            const cards = () => [...document.querySelectorAll('[data-card]')];
            const order = () => cards().map((li) => li.dataset.card).join();
            for (const name of ['click', 'pointerup']) {
                addEventListener(name, () => { window[name] = order(); });
            }
        }"""
    )
    a, b, c, *rest = [card for card in view.ids if card != "|"]
    view.card(1).locator('[data-act="up"]').click()
    assert view.page.evaluate("window.click").split(",") == [b, a, c, *rest]
    drag_with_mouse(view.page, middle(view.card(2).locator(".name")), middle(view.card(0).locator(".name")))
    assert view.page.evaluate("window.pointerup").split(",") == [c, b, a, *rest]
