"""Submitting without a network: it is said that it waits, nothing changes meanwhile, it can be called off."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from feedback.models import Judgement, Slate

pytestmark = pytest.mark.browser


def _notice(view: Any) -> Any:
    return view.page.locator("#notice")


def _left(view: Any, slate: Slate) -> None:
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)


def _submitted_offline(view: Any) -> list[str]:
    """Put a card on top and submit without a network; return the order."""
    view.page.context.set_offline(True)
    view.focus_card(3)
    view.press("Home", "Enter")
    expect(_notice(view)).to_contain_text("Will be submitted when you are back online.")
    expect(view.page.locator("#save-state")).to_have_text("Not submitted yet")
    return view.ids


def _tiers() -> list[str]:
    return [str(card) for tier in Judgement.objects.get().tiers for card in tier]


def test_a_list_submitted_offline_cannot_be_changed_and_is_submitted_as_it_was_seen(open_slate, slate):
    view = open_slate()
    order = _submitted_offline(view)
    view.press("End", "t", "l", "5", "r", "4", "e", "ControlOrMeta+z")
    tag = view.page.get_by_role("checkbox", name="right focus")
    tag.focus()
    view.press("Space")
    expect(tag).not_to_be_checked()
    expect(view.page.locator("#comment")).not_to_be_editable()
    assert view.ids == order
    assert view.said.strip() == "This list is being submitted and cannot be changed."
    view.page.context.set_offline(False)
    _left(view, slate)
    assert _tiers() == order[:-1]


def test_a_submission_that_waits_can_be_cancelled_and_the_list_goes_on(open_slate, slate):
    view = open_slate()
    order = _submitted_offline(view)
    _notice(view).get_by_role("button", name="Cancel").click()
    expect(_notice(view)).to_be_hidden()
    expect(view.page.locator("#save-state")).to_have_text("Offline: 1 move waiting")
    view.focus_card(0)
    view.press("End")
    assert view.ids == [*order[1:-1], order[0], "|"]
    view.page.context.set_offline(False)
    view.wait_until_saved()
    assert not Judgement.objects.exists()
    view.press("Enter")
    _left(view, slate)
    assert _tiers() == [*order[1:-1], order[0]]


def test_a_submission_can_be_cancelled_while_only_the_answer_waits(open_slate, slate):
    view = open_slate()
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    view.page.route("**/judgement/", lambda route: route.fulfill(status=503, body="{}"))
    view.press("Enter")
    expect(_notice(view)).to_contain_text("Will be submitted as soon as the server answers.")
    _notice(view).get_by_role("button", name="Cancel").click()
    expect(view.page.locator("#save-state")).to_have_text("Saved")
    view.page.unroute("**/judgement/")
    view.focus_card(0)
    view.press("Enter")
    _left(view, slate)
    assert Judgement.objects.count() == 1


def test_a_submission_that_hangs_is_cancelled_at_once_and_counts_once(open_slate, slate):
    view = open_slate()
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    keys: list[str] = []

    def answer_nothing(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fulfill(status=503, body="{}")
        elif len(keys) == 2:
            route.fetch()  # it arrives, and its receipt never does
        else:
            route.continue_()

    view.page.route("**/judgement/", answer_nothing)
    view.press("Enter")
    while not Judgement.objects.exists():
        view.page.wait_for_timeout(20)
    _notice(view).get_by_role("button", name="Cancel").click()
    expect(view.page.locator("#save-state")).to_have_text("Saved", timeout=3_000)
    expect(view.page.locator("#comment")).to_be_editable()
    view.focus_card(0)
    view.press("Enter")
    _left(view, slate)
    assert keys == keys[:1] * 3
    assert Judgement.objects.count() == 1


def test_after_a_closed_tab_it_is_asked_whether_to_submit_and_nothing_is_sent_unasked(
    open_slate, new_context, slate
):
    context = new_context()
    view = open_slate(context)
    order = _submitted_offline(view)
    view.page.close()
    context.set_offline(False)
    again = open_slate(context)
    expect(_notice(again)).to_contain_text("You submitted this list while offline. Submit it now?")
    again.wait_until_saved()
    assert not Judgement.objects.exists()
    _notice(again).get_by_role("button", name="Submit").click()
    _left(again, slate)
    assert _tiers() == order[:-1]


def test_whoever_goes_on_with_the_list_on_return_is_not_asked_again(open_slate, new_context):
    context = new_context()
    view = open_slate(context)
    _submitted_offline(view)
    view.page.close()
    context.set_offline(False)
    again = open_slate(context)
    expect(_notice(again)).to_be_visible()
    again.focus_card(5)
    again.press("Home")
    expect(_notice(again)).to_be_hidden()
    again.wait_until_saved()
    again.page.reload()
    expect(again.page.locator("#line-label")).not_to_be_empty()
    expect(_notice(again)).to_be_hidden()
    assert not Judgement.objects.exists()


def test_a_list_that_went_on_elsewhere_is_not_offered_as_the_one_that_was_submitted(
    open_slate, new_context, slate
):
    context = new_context()
    view = open_slate(context)
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    view.page.route("**/judgement/", lambda route: route.abort())
    view.press("Enter")
    expect(_notice(view)).to_contain_text("Will be submitted")
    view.page.close()
    phone = open_slate(new_context())
    phone.focus_card(5)
    phone.press("Home")
    phone.wait_until_saved()
    again = open_slate(context)
    expect(again.page.locator("#save-state")).to_have_text("Saved")
    expect(_notice(again)).to_be_hidden()
