"""Ratings against the order: what is asked before a list is submitted: keys, finger, offline, elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from feedback.models import Judgement
from tests.hands import Finger, middle

pytestmark = pytest.mark.browser
AGAINST = "13542123"


def _rate(view: Any, values: str = AGAINST) -> None:
    view.focus_card(0)
    for value in values:
        view.press("r", value, "ArrowDown")


def _question(view: Any) -> Any:
    return view.page.get_by_role("dialog")


def _left(view: Any, slate: Any) -> None:
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)


def _tiers() -> list[list[str]]:
    return [[str(card) for card in tier] for tier in Judgement.objects.get().tiers]


def test_what_was_only_rated_is_sorted_when_it_is_asked_and_submitted_only_then(open_slate, slate):
    view = open_slate()
    a, b, c, d, e, f, g, h = shown = view.ids[:8]
    _rate(view)
    view.press("Enter")
    question = _question(view)
    expect(question).to_contain_text("Your ratings say another order")
    expect(question).to_contain_text(f"You gave “{view.titles[1]}” a 3 and “{view.titles[0]}” a 1")
    assert not Judgement.objects.exists()
    view.press("1")
    expect(question).to_be_hidden()
    assert view.ids == [c, d, b, h, e, g, a, f, "|"]
    expect(view.page.locator("#save-state")).to_have_text("Sorted by your ratings. Submit it?")
    assert not Judgement.objects.exists()
    view.press("ControlOrMeta+z")
    assert view.ids == [*shown, "|"]
    view.press("ControlOrMeta+y", "Enter")
    _left(view, slate)
    assert _tiers() == [[c], [d], [b, h], [e, g], [a, f]]


def test_to_go_back_changes_and_submits_nothing(open_slate):
    view = open_slate()
    before = view.ids
    _rate(view)
    for leave in ("Escape", "click"):
        view.press("Enter")
        expect(_question(view)).to_be_visible()
        if leave == "click":
            _question(view).get_by_role("button", name="Go back").click()
        else:
            view.press(leave)
        expect(_question(view)).to_be_hidden()
    assert view.ids == before
    assert not Judgement.objects.exists()


def test_the_order_counts_when_it_is_kept_by_finger(open_slate, slate):
    view = open_slate(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    shown, finger = view.ids[:8], Finger(view.page)
    for place, value in ((0, "1"), (1, "5")):
        label = view.card(place).locator(".rate label", has_text=value)
        label.scroll_into_view_if_needed()
        finger.tap(middle(label))
    finger.tap(middle(view.page.locator("#submit")))
    expect(_question(view)).to_contain_text("6 not rated.")
    finger.tap(middle(_question(view).get_by_role("button", name="Keep my order")))
    _left(view, slate)
    assert _tiers() == [[card] for card in shown]
    assert Judgement.objects.get().decided_by == "order"


def test_an_order_that_was_moved_and_rated_the_other_way_round_is_asked_about_its_scale(open_slate, slate):
    view = open_slate()
    view.focus_card(7)
    view.press("Home")
    order = view.ids[:8]
    _rate(view, "11223345")
    view.press("Enter")
    expect(_question(view)).to_contain_text("Is 5 your best rating?")
    _question(view).get_by_role("button", name="1 is my best").click()
    expect(view.page.locator("#save-state")).to_have_text("Your ratings are turned round. Submit it?")
    assert view.ids[:8] == order
    view.press("Enter")
    _left(view, slate)
    judgement = Judgement.objects.get()
    assert [judgement.ratings[card] for card in order] == [5, 5, 4, 4, 3, 3, 2, 1]


def test_the_question_is_asked_offline_and_its_answer_waits_with_the_list(open_slate, new_context, slate):
    context = new_context()
    view = open_slate(context)
    _rate(view)
    view.page.wait_for_load_state("networkidle")
    context.set_offline(True)
    view.press("Enter")
    expect(_question(view)).to_be_visible()
    view.press("2")
    expect(view.page.locator("#notice")).to_contain_text("Will be submitted when you are back online.")
    view.page.close()
    context.set_offline(False)
    again = open_slate(context)
    again.page.locator("#notice").get_by_role("button", name="Submit").click()
    _left(again, slate)
    assert Judgement.objects.get().decided_by == "order"


def test_what_was_rated_and_submitted_offline_is_asked_about_as_soon_as_the_server_answers(open_slate, slate):
    view = open_slate()
    view.page.context.set_offline(True)
    _rate(view)
    view.press("Enter")
    expect(view.page.locator("#notice")).to_contain_text("Will be submitted when you are back online.")
    view.page.context.set_offline(False)
    expect(_question(view)).to_contain_text("Your ratings say another order")
    assert not Judgement.objects.exists()
    view.press("2")
    _left(view, slate)
    assert Judgement.objects.get().decided_by == "order"


def test_what_was_sorted_goes_on_on_another_device(open_slate, new_context, slate):
    view = open_slate()
    _rate(view)
    view.press("Enter", "1")
    view.press("ArrowDown")
    view.page.wait_for_load_state("networkidle")
    elsewhere = open_slate(new_context())
    assert elsewhere.ids == view.ids
    elsewhere.focus_card(0)
    elsewhere.press("ControlOrMeta+z", "Enter")
    expect(_question(elsewhere)).to_contain_text("Your ratings say another order")
