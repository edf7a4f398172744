"""Nothing an expert did on a slate is lost: no network, two tabs, a reload, an answer that never arrived."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from feedback.models import Judgement

pytestmark = pytest.mark.browser


def _status(view: Any) -> Any:
    return view.page.locator("#save-state")


def test_a_reload_shows_the_order_ratings_reasons_and_sentence_again(open_slate):
    view = open_slate()
    view.focus_card(4)
    view.press("Home", "r", "5", "ArrowDown", "ArrowDown", "t", "l")
    view.page.get_by_role("checkbox", name="right focus").check()
    view.page.locator("#comment").fill("The fee decides.")
    view.page.locator("#comment").blur()
    view.wait_until_saved()
    ids, ranks = view.ids, view.ranks
    view.page.reload()
    expect(view.page.locator(".rate :checked")).to_have_value("5")
    assert (view.ids, view.ranks) == (ids, ranks)
    expect(view.page.get_by_role("checkbox", name="right focus")).to_be_checked()
    expect(view.page.locator("#comment")).to_have_value("The fee decides.")


def test_moves_made_without_a_network_are_sent_when_it_is_back(open_slate, slate):
    view = open_slate()
    moved = view.ids[5]
    view.page.context.set_offline(True)
    view.focus_card(5)
    view.press("Home")
    expect(_status(view)).to_have_text("Offline: will be sent")
    view.press("d", "d")
    view.page.context.set_offline(False)
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["tiers"][2] == [moved]


def test_moves_that_were_never_sent_survive_a_reload(open_slate, slate):
    view = open_slate()
    moved = view.ids[5]
    view.page.route("**/draft/", lambda route: route.abort())
    view.focus_card(5)
    view.press("Home")
    expect(_status(view)).to_have_text("Offline: will be sent")
    view.page.unroute("**/draft/")
    view.page.reload()
    view.wait_until_saved()
    assert view.ids[0] == moved
    slate.refresh_from_db()
    assert slate.draft["tiers"][0] == [moved]


def test_two_tabs_never_overwrite_each_other_silently(open_slate, new_context, slate):
    context = new_context()
    first, second = open_slate(context), open_slate(context)
    first.focus_card(3)
    first.press("Home")
    first.wait_until_saved()
    second.focus_card(7)
    second.press("Home")
    expect(_status(second)).to_have_text("Changed elsewhere: reload")
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[card] for card in first.ids if card != "|"]


def test_after_a_conflict_ones_own_order_can_be_taken_back(open_slate, new_context, slate):
    context = new_context()
    first, second = open_slate(context), open_slate(context)
    first.focus_card(3)
    first.press("Home")
    first.wait_until_saved()
    second.focus_card(7)
    second.press("Home")
    expect(_status(second)).to_have_text("Changed elsewhere: reload")
    mine = second.ids
    second.page.get_by_role("button", name="Reload").click()
    expect(second.page.get_by_role("button", name="Take mine back")).to_be_visible()
    assert second.ids == first.ids
    second.page.get_by_role("button", name="Take mine back").click()
    second.wait_until_saved()
    assert second.ids == mine
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[card] for card in mine if card != "|"]


def test_an_answer_whose_receipt_was_lost_is_sent_again_and_counts_once(open_slate, slate):
    view = open_slate()
    keys: list[str] = []

    def lose_the_first_receipt(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    view.page.route("**/judgement/", lose_the_first_receipt)
    view.focus_card(2)
    view.press("Home", "Enter")
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert Judgement.objects.filter(slate=slate).count() == 1


def test_an_answer_refused_for_an_expired_log_in_keeps_its_key(open_slate, new_context, slate):
    context = new_context()
    view = open_slate(context)
    view.focus_card(6)
    view.press("Home")
    view.wait_until_saved()
    keys: list[str] = []
    view.page.on("request", lambda request: keys.extend(request.headers.get("idempotency-key", "").split()))
    cookies = context.cookies()
    context.clear_cookies()
    view.press("Enter")
    expect(view.page.locator("#notice")).to_contain_text("signed out")
    context.add_cookies(cookies)
    view.press("Enter")
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_double_click_on_submit_is_one_judgement(open_slate, slate):
    view = open_slate()
    view.focus_card(2)
    view.press("Home")
    view.page.get_by_role("button", name="Submit").dblclick()
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert Judgement.objects.count() == 1


def test_a_log_in_that_expired_is_said_and_loses_nothing(open_slate, new_context, slate):
    context = new_context()
    view = open_slate(context)
    cookies = context.cookies()
    context.clear_cookies()
    view.focus_card(6)
    view.press("Home")
    expect(_status(view)).to_contain_text("Signed out")
    context.add_cookies(cookies)
    view.press("d")
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[card] for card in view.ids if card != "|"]
