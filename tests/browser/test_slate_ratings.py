"""Ratings beside the order: by mouse, finger and keys, taken back, and never in the way of moving cards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from feedback.models import Judgement
from tests.hands import Finger, middle

pytestmark = pytest.mark.browser


def _value(view: Any, place: int, value: int) -> Any:
    return view.card(place).locator(".rate label", has_text=re.compile(f"^{value}$"))


def _chosen(view: Any, place: int) -> list[str]:
    return view.card(place).locator(".rate :checked").evaluate_all("all => all.map(one => one.value)")


def test_after_a_rating_by_mouse_arrows_and_digits_are_about_cards_again(open_slate):
    view = open_slate()
    a, b, c, *rest = view.ids
    _value(view, 1, 4).click()
    expect(view.card(1)).to_be_focused()
    view.press("ArrowDown", "1")
    assert view.ids == [c, a, b, *rest]
    assert _chosen(view, 2) == ["4"]


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_second_press_on_a_value_takes_the_rating_back_and_undo_brings_it_again(open_slate, slate, by):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    view = open_slate(**(phone if by == "finger" else {}))
    press = (lambda one: Finger(view.page).tap(middle(one))) if by == "finger" else (lambda one: one.click())
    _value(view, 0, 3).scroll_into_view_if_needed()
    for chosen in (["3"], []):
        press(_value(view, 0, 3))
        expect(view.card(0).locator(".rate :checked")).to_have_count(len(chosen))
        assert _chosen(view, 0) == chosen
    assert view.said == f"{view.titles[0]}: no rating."
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["ratings"] == {}
    view.page.get_by_role("button", name="Undo").click()
    assert _chosen(view, 0) == ["3"]


def test_in_a_rating_the_keys_of_radio_buttons_rate_and_enter_goes_back_to_the_card(open_slate):
    view = open_slate()
    view.card(0).locator('.rate [value="1"]').focus()
    view.press("Space", "ArrowRight")
    assert _chosen(view, 0) == ["2"]
    view.press("Delete")
    assert _chosen(view, 0) == []
    view.press("ArrowRight", "Enter")
    expect(view.card(0)).to_be_focused()
    assert not Judgement.objects.exists()
    expect(view.page.locator("#save-state")).to_have_text("Saved")


def test_a_list_of_which_some_are_not_rated_is_submitted_only_when_it_is_confirmed(open_slate, slate):
    view = open_slate()
    view.focus_card(0)
    for value in "54321":
        view.press("r", value, "ArrowDown")
    view.press("Enter")
    state = view.page.locator("#save-state")
    expect(state).to_have_text("3 not rated. Submit anyway?")
    view.page.wait_for_load_state("networkidle")
    expect(state).to_have_text("3 not rated. Submit anyway?")
    assert not Judgement.objects.exists()
    view.press("Enter")
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert len(Judgement.objects.get().ratings) == 5


def test_what_is_below_the_line_needs_no_rating(open_slate, slate):
    view = open_slate()
    view.focus_card(1)
    view.press("l", "r", "4", "ArrowUp", "r", "5", "Enter")
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert len(Judgement.objects.get().ratings) == 2


@pytest.mark.parametrize("by", ["arrow", "click"])
def test_a_rating_that_was_asked_for_is_over_on_another_card(open_slate, by):
    view = open_slate()
    a, b, c, *rest = view.ids
    view.focus_card(0)
    view.press("r")
    expect(view.card(0).locator(".awaited")).to_be_visible()
    view.press("ArrowDown", "ArrowDown") if by == "arrow" else view.card(2).locator(".name").click()
    expect(view.page.locator(".awaited")).to_have_count(0)
    view.press("1")
    assert view.ids == [c, a, b, *rest]
    assert view.page.locator(".rate :checked").count() == 0


def test_below_the_line_no_rating_is_asked_for(open_slate):
    view = open_slate()
    view.focus_card(1)
    view.press("l", "ArrowDown", "r")
    expect(view.page.locator(".awaited")).to_have_count(0)
    assert view.said == f"{view.titles[3]}: below the line, not looked at."
