"""Nothing an expert did on a slate is lost: no network, two tabs, a reload, an answer that never arrived."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Route, expect

from feedback.models import Judgement
from feedback.services.drafts import differences
from tests.factories import make_expert

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
    expect(_status(view)).to_have_text("Offline: 1 move waiting")
    view.press("d", "d")
    view.page.context.set_offline(False)
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["tiers"][2] == [moved]


def test_moves_that_were_never_sent_survive_a_reload(open_slate, slate):
    view = open_slate()
    moved = view.ids[5]
    view.page.route("**/moves/", lambda route: route.abort())
    view.focus_card(5)
    view.press("Home")
    expect(_status(view)).to_have_text("Offline: 1 move waiting")
    view.page.unroute("**/moves/")
    view.page.reload()
    view.wait_until_saved()
    assert view.ids[0] == moved
    slate.refresh_from_db()
    assert slate.draft["tiers"][0] == [moved]


def _in_conflict(open_slate: Any, context: Any) -> tuple[Any, Any, list[str]]:
    """Return two tabs of one slate that went different ways, and the order in the second one."""
    first, second = open_slate(context), open_slate(context)
    first.focus_card(3)
    first.press("Home")
    first.wait_until_saved()
    second.focus_card(7)
    second.press("Home", "t")
    second.press("ArrowDown", "ArrowDown", "t")
    expect(_dialog(second)).to_be_visible()
    return first, second, second.ids


def _dialog(view: Any) -> Any:
    return view.page.get_by_role("dialog", name="This list has two orders")


def test_two_tabs_never_overwrite_each_other_silently(open_slate, new_context, slate):
    first, second, mine = _in_conflict(open_slate, new_context())
    expect(_status(second)).to_contain_text("Changed elsewhere")
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[card] for card in first.ids if card != "|"]
    shown = [
        _dialog(second).locator(f"#conflict-{which} li span:nth-child(2)").all_inner_texts()
        for which in ("saved", "mine")
    ]
    assert shown == [[title for title in view.titles if title != "|"] for view in (first, second)]
    assert second.ids == mine


def test_in_a_conflict_ones_own_order_can_be_chosen_and_the_other_one_brought_back(
    open_slate, new_context, slate
):
    first, second, mine = _in_conflict(open_slate, new_context())
    ranks = second.ranks
    _dialog(second).get_by_role("button", name="Go on with mine").click()
    second.wait_until_saved()
    assert (second.ids, second.ranks) == (mine, ranks)
    slate.refresh_from_db()
    assert [card for tier in slate.draft["tiers"] for card in tier] == [card for card in mine if card != "|"]
    second.press("ControlOrMeta+z")
    second.wait_until_saved()
    assert second.ids == first.ids
    assert list(differences()) == []


def test_in_a_conflict_the_saved_order_can_be_chosen(open_slate, new_context, slate):
    first, second, _ = _in_conflict(open_slate, new_context())
    _dialog(second).get_by_role("button", name="Go on with this one").click()
    second.wait_until_saved()
    assert second.ids == first.ids
    second.page.reload()
    expect(second.page.locator("#line-label")).not_to_be_empty()
    expect(_dialog(second)).to_be_hidden()
    assert second.ids == first.ids
    assert slate.moves.count() == 1


def test_a_conflict_that_was_left_open_comes_back_after_a_reload(open_slate, new_context, slate):
    first, second, mine = _in_conflict(open_slate, new_context())
    second.press("Escape")
    expect(second.page.locator("#notice")).to_contain_text("another window")
    second.page.reload()
    expect(_dialog(second)).to_be_visible()
    assert second.ids == first.ids
    _dialog(second).get_by_role("button", name="Go on with mine").click()
    second.wait_until_saved()
    assert second.ids == mine
    assert list(differences()) == []


def _with_a_move_on_top_of_one_that_never_arrived(open_slate: Any, context: Any) -> tuple[Any, Any]:
    """Return a tab whose order is saved, and one opened later, which finds a move on the same version."""
    first, second = open_slate(context), open_slate(context)
    first.page.route("**/moves/", lambda route: route.abort())
    first.focus_card(5)
    first.press("Home", "d")
    expect(_status(first)).to_have_text("Offline: 2 moves waiting")
    first.page.close()
    second.page.evaluate(
        """() => {
          const key = Object.keys(localStorage).find((name) => name.startsWith("tiebreak.moves:"));
          localStorage.setItem(key, JSON.stringify(JSON.parse(localStorage.getItem(key)).slice(1)));
        }"""
    )
    second.focus_card(3)
    second.press("Home")
    second.wait_until_saved()
    again = open_slate(context)
    expect(_dialog(again)).to_be_visible()
    return second, again


def test_a_move_made_on_top_of_one_that_never_arrived_is_not_taken_for_the_next_one(open_slate, new_context):
    second, again = _with_a_move_on_top_of_one_that_never_arrived(open_slate, new_context())
    assert again.ids == second.ids


def test_a_move_that_was_decided_against_comes_too_late_when_it_arrives_after_all(
    open_slate, new_context, slate
):
    second, again = _with_a_move_on_top_of_one_that_never_arrived(open_slate, new_context())
    _dialog(again).get_by_role("button", name="Go on with this one").click()
    again.wait_until_saved()
    assert again.ids == second.ids
    assert [move.kind for move in slate.moves.order_by("version")] == ["move", "replace"]
    slate.refresh_from_db()
    assert [str(card) for tier in slate.draft["tiers"] for card in tier] == second.ids[:-1]
    assert list(differences()) == []


def test_a_list_that_went_on_on_another_device_is_not_submitted_unseen(open_slate, new_context, slate):
    phone, desk = open_slate(new_context()), open_slate(new_context())
    desk.focus_card(5)
    desk.press("Home")
    desk.wait_until_saved()
    phone.page.reload()
    phone.focus_card(2)
    phone.press("Home")
    phone.wait_until_saved()
    desk.press("Enter")
    expect(_dialog(desk)).to_be_visible()
    assert Judgement.objects.count() == 0
    _dialog(desk).get_by_role("button", name="Go on with this one").click()
    desk.focus_card(0)
    desk.press("Enter")
    desk.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert [[str(card) for card in tier] for tier in Judgement.objects.get().tiers] == [
        [card] for card in phone.ids if card != "|"
    ]


def test_undo_reaches_back_over_a_reload_and_another_device(open_slate, new_context, slate):
    view = open_slate()
    before = view.ids
    view.focus_card(4)
    view.press("Home", "d", "d", "ControlOrMeta+z")
    view.wait_until_saved()
    after = view.ids
    other = open_slate(new_context())
    assert other.ids == after
    other.focus_card(0)
    other.press("ControlOrMeta+Shift+z", "ControlOrMeta+z", "ControlOrMeta+z", "ControlOrMeta+z")
    other.wait_until_saved()
    assert other.ids == before
    assert list(differences()) == []


def test_many_moves_without_a_network_arrive_in_order_each_of_them_once(open_slate, slate):
    view = open_slate()
    view.page.context.set_offline(True)
    view.focus_card(7)
    view.press(*["u"] * 5, "t", "r", "4", "l", "ControlOrMeta+z", "d")
    expect(_status(view)).to_have_text("Offline: 10 moves waiting")
    order, ranks = view.ids, view.ranks
    view.page.context.set_offline(False)
    view.wait_until_saved()
    kinds = list(slate.moves.order_by("version").values_list("kind", flat=True))
    assert kinds == [*["move"] * 5, "tie", "rate", "line", "undo", "move"]
    view.page.reload()
    assert (view.ids, view.ranks) == (order, ranks)
    assert list(differences()) == []


def test_a_move_whose_receipt_was_lost_is_one_move(open_slate, slate):
    view = open_slate()
    seen: list[str] = []

    def lose_the_first_receipt(route: Route) -> None:
        seen.append(route.request.headers["idempotency-key"])
        if len(seen) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    view.page.route("**/moves/", lose_the_first_receipt)
    view.focus_card(5)
    view.press("Home")
    view.wait_until_saved()
    assert seen == seen[:1] * 2
    assert slate.moves.count() == 1


def test_a_closed_tab_loses_nothing_not_even_a_sentence_half_written(open_slate, new_context, slate):
    context = new_context()
    view = open_slate(context)
    view.page.route("**/moves/", lambda route: route.abort())
    view.focus_card(5)
    view.press("Home", "w")
    view.page.keyboard.type("The fee dec")
    order = view.ids
    view.page.close(run_before_unload=True)
    again = open_slate(context)
    again.wait_until_saved()
    assert again.ids == order
    expect(again.page.locator("#comment")).to_have_value("The fee dec")
    assert [move.kind for move in slate.moves.all()] == ["move", "comment"]


def test_the_back_button_shows_the_list_as_it_was_left(open_slate, live_server):
    view = open_slate()
    view.focus_card(5)
    view.press("Home", "d")
    order = view.ids
    view.page.get_by_role("link", name="Pause").click()
    view.page.wait_for_url("**/my/")
    view.page.go_back()
    expect(view.page.locator("#save-state")).to_have_text("Saved")
    assert view.ids == order


def test_after_a_new_log_in_the_moves_that_waited_are_sent(open_slate, new_context, slate, live_server):
    context = new_context()
    view = open_slate(context)
    cookies = context.cookies()
    context.clear_cookies()
    view.focus_card(6)
    view.press("Home", "d")
    expect(_status(view)).to_have_text("Signed out: 2 moves waiting")
    order = view.ids
    view.page.get_by_role("button", name="Sign in").click()
    view.page.wait_for_url(lambda url: "/login/" in url)
    context.add_cookies(cookies)
    view.page.goto(live_server.url + parse_qs(urlsplit(view.page.url).query)["next"][0])
    view.wait_until_saved()
    assert view.ids == order
    assert slate.moves.count() == 2


def test_moves_of_one_person_are_not_sent_for_another(open_slate, new_context, slate):
    context = new_context()
    view = open_slate(context)
    other = Client()
    other.force_login(make_expert("emil"))
    mine = context.cookies()
    context.add_cookies([{**mine[0], "value": other.cookies[settings.SESSION_COOKIE_NAME].value}])
    view.focus_card(6)
    view.press("Home")
    expect(_status(view)).to_have_text("Not your list now: 1 move waiting")
    assert slate.moves.count() == 0
    context.add_cookies(mine)
    view.press("d")
    view.wait_until_saved()
    assert slate.moves.count() == 2


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


def test_a_conflict_that_was_put_off_is_asked_again_by_submit(open_slate, new_context):
    _, second, mine = _in_conflict(open_slate, new_context())
    _dialog(second).get_by_role("button", name="Decide later").click()
    expect(_dialog(second)).to_be_hidden()
    second.page.get_by_role("button", name="Submit").click()
    expect(_dialog(second)).to_be_visible()
    assert Judgement.objects.count() == 0
    _dialog(second).get_by_role("button", name="Go on with mine").click()
    second.wait_until_saved()
    assert second.ids == mine
