"""Practice in a real browser: by keyboard, by mouse, and without a script; nothing is kept of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.models import Judgement, Slate, SlateMove
from tests.browser.conftest import SlatePage

pytestmark = pytest.mark.browser


@pytest.fixture
def intro(live_server: Any, slate: Slate) -> str:
    """Return the address of the session's first page."""
    return live_server.url + reverse("feedback:session_intro", args=[slate.session_id])


def _nothing_kept(page: Any) -> None:
    assert not Judgement.objects.exists()
    assert not SlateMove.objects.exists()
    assert not Slate.objects.exclude(draft_version=0, first_seen_at=None).exists()
    kept = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    assert [key for key in kept if "moves" in key or "answer" in key] == []


def test_a_newcomer_practises_by_keyboard_and_then_starts(new_context, intro, slate):
    page = new_context().new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "/api/" in request.url else None)
    page.goto(intro)
    page.get_by_role("link", name="Practise on one list").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#line-label")).not_to_be_empty()
    expect(page.get_by_text("This is practice and counts for nothing.")).to_be_visible()
    view = SlatePage(page)
    view.focus_card(7)
    last = view.titles[7]
    view.press("1")  # to the top
    assert view.titles[0] == last
    view.press("ArrowDown", "ArrowDown", "t", "ArrowDown", "ArrowDown", "ArrowDown", "l")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    ranked, rest = view.titles[: view.titles.index("|")], view.titles[view.titles.index("|") + 1 :]
    assert (len(ranked), len(rest)) == (6, 2)
    view.press("Enter")
    expect(page.get_by_role("heading", name="What was understood")).to_be_visible()
    said = page.locator(".understood").inner_text()
    assert "14 comparisons of 6 cards" in said
    assert f"{ranked[1]} and {ranked[2]} are level: 1 comparison" in said
    assert f"{rest[0]} and {rest[1]} are below the line: not looked at." in said
    hints = page.get_by_role("heading", name="What you can do as well").locator("xpath=..").inner_text()
    assert "Space marks cards" in hints
    assert "A digit puts a card" not in hints
    assert sent == []
    _nothing_kept(page)
    page.get_by_role("link", name="Start with the session").click()
    page.wait_for_url(re.compile(rf"/my/slates/{slate.pk}/"))


def test_a_non_answer_is_explained_with_what_it_names(new_context, intro):
    page = new_context().new_page()
    page.goto(intro + "practice/")
    view = SlatePage(page)
    expect(page.locator("#line-label")).not_to_be_empty()
    title = view.titles[2]
    view.press("x", "4")
    dialog = page.get_by_role("dialog", name="You can’t put these in order")
    dialog.get_by_role("checkbox", name=title).check()
    dialog.get_by_role("button", name="Submit this answer").click()
    expect(page.locator(".understood")).to_contain_text(f"You said that you have an interest in {title}.")
    _nothing_kept(page)


def test_a_list_that_is_dragged_and_rated_by_mouse_is_explained(new_context, intro):
    page = new_context(viewport={"width": 1280, "height": 1400}).new_page()
    page.goto(intro + "practice/")
    view = SlatePage(page)
    expect(page.locator("#line-label")).not_to_be_empty()
    first = view.titles[0]
    view.card(0).locator(".handle").drag_to(view.card(3).locator(".handle"))
    assert view.titles[0] != first
    view.card(0).get_by_text("5", exact=True).click()
    page.get_by_role("button", name="Submit").last.click()
    expect(page.locator("#save-state")).to_have_text("7 not rated. Submit anyway?")
    page.get_by_role("button", name="Submit").last.click()
    expect(page.locator(".understood")).to_contain_text("28 comparisons of 8 cards")
    hints = page.get_by_role("heading", name="What you can do as well").locator("xpath=..").inner_text()
    assert "dragged" not in hints
    assert "rates a card" not in hints
    _nothing_kept(page)


def _hints(page: Any) -> str:
    return page.get_by_role("heading", name="What you can do as well").locator("xpath=..").inner_text()


def test_what_was_tried_and_did_nothing_is_hinted_at_still(new_context, intro):
    page = new_context().new_page()
    page.goto(intro + "practice/")
    expect(page.locator("#line-label")).not_to_be_empty()
    view = SlatePage(page)
    view.focus_card(0)
    view.press("t", "1", "ControlOrMeta+z", "d", "Enter")
    hints = _hints(page)
    assert "A digit puts a card at that rank" in hints
    assert "Two that are level can be tied" in hints


def test_on_a_phone_the_hints_speak_of_no_keys(new_context, intro):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = new_context(**phone).new_page()
    page.goto(intro + "practice/")
    expect(page.locator("#line-label")).not_to_be_empty()
    page.locator('[data-card] [data-act="down"]').first.tap()
    page.locator("#submit").tap()
    hints = _hints(page)
    assert "“Mark to compare” in the menu" in hints
    assert not re.search(r"\b(digit|Home|Space|key|Ctrl)\b", hints)


def test_without_a_script_the_ranks_are_explained_too(new_context, intro):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(intro + "practice/")
    boxes = page.locator('input[name^="rank-"]')
    for place in range(8):
        boxes.nth(place).fill("" if place == 7 else str(min(place, 1) + 1))
    page.locator("#submit").click()
    expect(page.get_by_role("heading", name="What was understood")).to_be_visible()
    expect(page.locator(".understood")).to_contain_text("6 comparisons of 7 cards")
    assert not Judgement.objects.exists()
