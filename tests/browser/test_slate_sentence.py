"""A sentence half written stays, whatever else happens to the list before it is saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.hands import Finger, middle

pytestmark = pytest.mark.browser


def test_a_card_dragged_by_a_finger_right_after_typing_keeps_the_sentence(open_slate, slate):
    view = open_slate(viewport={"width": 820, "height": 1180}, has_touch=True, is_mobile=True)
    moved, comment = view.ids[6], view.page.locator("#comment")
    comment.scroll_into_view_if_needed()
    handles = [middle(view.card(place).locator(".handle")) for place in (6, 7)]
    comment.tap()
    view.page.keyboard.insert_text("The fee decides, and")
    Finger(view.page).drag(*handles, steps=3)
    expect(view.card(7)).to_have_attribute("data-card", moved)
    expect(comment).to_be_focused()
    view.page.keyboard.insert_text(" the region.")
    comment.blur()
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["comment"] == "The fee decides, and the region."


def test_a_sentence_that_is_all_that_differs_from_what_was_saved_elsewhere_is_asked_about(
    open_slate, new_context
):
    first, second = open_slate(new_context()), open_slate(new_context())
    held: list[Route] = []
    second.page.route("**/moves/", lambda route: held.append(route), times=1)
    for view in (first, second):
        view.focus_card(3)
        view.press("Home")
    first.wait_until_saved()
    second.press("w")
    second.page.keyboard.insert_text("The fee decides")
    held[0].continue_()
    dialog = second.page.get_by_role("dialog", name="This list has two orders")
    dialog.get_by_role("button", name="Go on with mine").click()
    second.wait_until_saved()
    expect(second.page.locator("#comment")).to_have_value("The fee decides")
