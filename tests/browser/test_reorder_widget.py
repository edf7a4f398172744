"""Putting the cards of a slate in order: by mouse, by finger, by buttons and by keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from feedback.models import Judgement
from tests.browser.conftest import SlatePage
from tests.hands import Finger, drag_with_mouse, eventually, middle, next_frames

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}


def test_a_mouse_drag_moves_a_card_and_is_saved(open_slate, slate):
    view = open_slate()
    before = view.ids
    drag_with_mouse(view.page, middle(view.card(3).locator(".name")), middle(view.card(0).locator(".name")))
    assert view.ids == [before[3], *before[:3], *before[4:]]
    assert view.ranks == [str(rank) for rank in range(1, 9)]
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["tiers"] == [[card] for card in view.ids if card != "|"]


def test_dragging_the_line_up_leaves_the_rest_below_it(open_slate):
    view = open_slate()
    handle = view.page.locator("#line .handle")
    handle.scroll_into_view_if_needed()
    _, top_of_sixth = middle(view.card(5).locator(".handle"))
    start = middle(handle)
    drag_with_mouse(view.page, start, (start[0], top_of_sixth))
    assert view.ids.index("|") == 5
    assert view.ranks[5:] == ["–", "–", "–"]
    assert "5 ranked, 3 not looked at" in view.said


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_card_dragged_past_the_end_is_the_last_one_as_long_as_nothing_is_below_the_line(open_slate, by):
    view = open_slate(**(PHONE if by == "finger" else {}))
    *others, moved, last, line = view.ids
    _drag_past_the_end(view, by, 6)
    assert view.ids == [*others, last, moved, line]
    assert view.ranks[-1] == "8"


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_once_something_is_below_the_line_a_card_can_be_dragged_there(open_slate, by):
    view = open_slate(**(PHONE if by == "finger" else {}))
    view.focus_card(6)
    view.press("l")
    *others, moved, line, last = view.ids
    _drag_past_the_end(view, by, 6)
    assert view.ids == [*others, line, last, moved]
    assert view.ranks[-2:] == ["–", "–"]


def _drag_past_the_end(view: SlatePage, by: str, place: int) -> None:
    """Drag a card to the lower edge of the window until the page scrolls no further, and let go."""
    handle = view.card(place).locator(".handle")
    handle.evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    start = middle(handle)
    end = (start[0], view.page.viewport_size["height"] - 4)
    finger = Finger(view.page) if by == "finger" else None
    if finger:
        finger.press(start, end)
    else:
        view.page.mouse.move(*start)
        view.page.mouse.down()
        view.page.mouse.move(*end, steps=8)
    eventually(view.page, "scrollY + innerHeight > document.documentElement.scrollHeight - 4")
    next_frames(view.page)
    finger.lift() if finger else view.page.mouse.up()


def test_escape_lets_go_of_a_dragged_card_where_it_was(open_slate):
    view = open_slate()
    before = view.ids
    start, end = middle(view.card(3).locator(".name")), middle(view.card(0).locator(".name"))
    view.page.mouse.move(*start)
    view.page.mouse.down()
    view.page.mouse.move(*end, steps=4)
    next_frames(view.page)
    expect(view.page.locator(".held")).to_have_count(1)
    view.press("Escape")
    view.page.mouse.up()
    expect(view.page.locator(".held")).to_have_count(0)
    assert view.ids == before


@pytest.mark.parametrize("let_go", ["outside the list", "unheard"])
def test_a_mouse_with_no_button_down_carries_no_card(open_slate, let_go):
    view = open_slate()
    before, mouse = view.ids, view.page.mouse
    x, y = middle(view.card(2).locator(".name"))
    mouse.move(x, y)
    mouse.down()
    if let_go == "unheard":
        view.page.evaluate("addEventListener('pointerup', (event) => event.stopImmediatePropagation(), true)")
    mouse.move(1278, y, steps=4)
    mouse.up()
    mouse.move(x, y + 150, steps=8)
    next_frames(view.page)
    expect(view.page.locator(".held")).to_have_count(0)
    mouse.down()
    mouse.up()
    assert view.ids == before


def test_a_press_on_a_button_of_a_card_is_no_drag(open_slate):
    view = open_slate()
    before = view.ids
    button = view.card(4).get_by_role("button", name="Move", exact=False).first
    drag_with_mouse(view.page, middle(button), middle(view.card(1).locator(".name")))
    assert view.ids == before


def test_a_finger_drags_by_the_handle(open_slate, slate):
    view = open_slate(**PHONE)
    before = view.ids
    view.card(1).scroll_into_view_if_needed()
    start = middle(view.card(1).locator(".handle"))
    x, y = middle(view.card(0).locator(".handle"))
    Finger(view.page).drag(start, (x, y - 20))
    assert view.ids == [before[1], before[0], *before[2:]]
    view.wait_until_saved()
    slate.refresh_from_db()
    assert slate.draft["tiers"][0] == [before[1]]


def test_a_finger_on_the_text_scrolls_the_page_and_moves_no_card(open_slate):
    view = open_slate(**PHONE)
    before = view.ids
    x, y = middle(view.card(1).locator(".name"))
    Finger(view.page).drag((x, y), (x, y - 200))
    eventually(view.page, "scrollY > 50")
    assert view.ids == before


def test_a_finger_held_at_the_edge_scrolls_the_list_along(open_slate):
    view = open_slate(**PHONE)
    before = view.ids
    view.card(0).scroll_into_view_if_needed()
    x, y = middle(view.card(0).locator(".handle"))
    finger = Finger(view.page)
    finger.press((x, y), (x, 700))
    eventually(view.page, "scrollY + innerHeight > document.documentElement.scrollHeight - 200")
    finger.lift()
    assert view.ids.index(before[0]) >= 6


def test_the_buttons_do_all_that_dragging_does(open_slate):
    view = open_slate()
    before = view.ids
    view.card(2).get_by_role("button", name="Move").filter(has_text="↑").click()
    assert view.ids[:3] == [before[0], before[2], before[1]]
    view.card(0).get_by_role("button", name="Move").filter(has_text="↓").click()
    assert view.ids[:3] == [before[2], before[0], before[1]]
    view.page.get_by_role("button", name="Move the line up").click()
    assert view.ids.index("|") == 7
    view.card(1).locator("summary").click()
    view.card(1).get_by_role("button", name="Tie with the card above").click()
    assert view.ranks == ["1", "1", "3", "4", "5", "6", "7", "–"]


def test_a_tie_shares_the_better_rank_and_the_next_one_skips(open_slate):
    view = open_slate()
    view.focus_card(2)
    view.press("t")
    assert view.ranks[:5] == ["1", "2", "2", "4", "5"]
    assert "rank 2 of 8, tied with" in view.said
    view.press("t")
    assert view.ranks[:3] == ["1", "2", "3"]


def test_a_slate_is_judged_by_keys_alone(open_slate, slate):
    view = open_slate()
    a, b, c, d, e, f, g, h = [card for card in view.ids if card != "|"]
    view.press("ArrowDown", "ArrowDown", "ArrowDown", "Home")  # d to the top
    view.press("ArrowDown", "ArrowDown", "u")  # b above a
    view.press("End", "ArrowUp", "2")  # b to the bottom; h to rank 2
    view.press("ArrowDown", "t")  # a level with h
    view.press("ArrowDown", "ArrowDown", "l", "r", "4")  # the line below e, which is rated 4
    assert view.ids == [d, h, a, c, e, "|", f, g, b]
    assert view.ranks == ["1", "2", "2", "4", "5", "–", "–", "–"]
    view.press("w")
    view.page.keyboard.type("Close to the client.")
    view.press("Escape", "Enter", "Enter")  # once more: four of them are not rated
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    judgement = Judgement.objects.get(slate=slate)
    assert (judgement.kind, judgement.comment) == ("reorder", "Close to the client.")
    assert judgement.tiers == [[int(d)], [int(h), int(a)], [int(c)], [int(e)]]
    assert judgement.rest == [int(f), int(g), int(b)]
    assert judgement.ratings == {e: 4}


def test_the_first_arrow_goes_on_from_the_card_that_is_drawn_as_active(open_slate):
    view = open_slate()
    a, b, c, *rest = view.ids
    assert view.page.locator(".card.active").get_attribute("data-card") == a
    view.press("ArrowDown", "ArrowDown", "1")
    assert view.ids == [c, a, b, *rest]


def test_an_arrow_up_on_the_first_card_puts_the_keyboard_there(open_slate):
    view = open_slate()
    view.press("ArrowUp")
    expect(view.card(0)).to_be_focused()


def test_what_is_marked_by_colour_is_marked_by_a_sign_and_in_words_too(open_slate):
    view = open_slate()
    differing = view.card(0).locator(".differs dt").first
    sign = differing.evaluate("dt => getComputedStyle(dt, '::after').content")
    assert "◆" in sign
    assert "differs" in sign
    expect(view.page.get_by_text("Facts marked ◆ differ most here.")).to_be_visible()
    named = f"{differing.inner_text()} (differs)"
    snapshot = view.card(0).aria_snapshot()
    assert named in snapshot, snapshot


def test_page_keys_move_by_three_and_alt_arrows_by_one(open_slate):
    view = open_slate()
    before = view.ids
    view.focus_card(0)
    view.press("PageDown")
    assert view.ids.index(before[0]) == 3
    view.press("PageUp")
    assert view.ids == before
    view.press("Alt+ArrowDown", "Alt+ArrowDown", "Alt+ArrowUp")
    assert view.ids.index(before[0]) == 1


def test_the_moved_card_keeps_the_keyboard(open_slate):
    view = open_slate()
    moved = view.ids[4]
    view.focus_card(4)
    view.press("Home", "d", "End", "3")
    assert view.page.evaluate("document.activeElement.dataset.card") == moved
    assert view.ids[2] == moved


def test_undo_and_redo_go_all_the_way(open_slate):
    view = open_slate()
    before = view.ids
    view.focus_card(5)
    for _ in range(6):
        view.press("Home", "t", "End", "l", "1", "r", "5")
    after = view.ids
    while view.page.locator('[data-act="undo"]').get_attribute("aria-disabled") == "false":
        view.press("Control+z")
    assert view.ids == before
    assert view.page.locator(".rate :checked").count() == 0
    while view.page.locator('[data-act="redo"]').get_attribute("aria-disabled") == "false":
        view.press("Control+y")
    assert view.ids == after


def test_two_cards_are_decided_side_by_side(open_slate):
    view = open_slate()
    first, second, third = view.ids[:3]
    view.focus_card(1)
    view.press("c")
    dialog = view.page.get_by_role("dialog", name="Side by side")
    expect(dialog.get_by_role("columnheader")).to_have_count(2)
    expect(dialog.locator(".differs")).not_to_have_count(0)
    view.press("2")
    expect(dialog).to_be_hidden()
    assert view.ids[:3] == [second, first, third]


def test_amounts_side_by_side_have_all_their_digits(open_slate, slate):
    items = slate.items.select_related("item_version").order_by("shown_position")[:2]
    amounts = [item.item_version.content["assets"] for item in items]
    view = open_slate()
    view.focus_card(1)
    view.press("c")
    row = view.page.get_by_role("dialog", name="Side by side").get_by_role("row").filter(has_text="Assets")
    expect(row.get_by_role("cell")).to_have_text([f"${amount:,.0f}" for amount in amounts])


def test_three_marked_cards_are_compared_and_tied(open_slate):
    view = open_slate()
    ids = view.ids
    for place in (0, 3, 5):
        view.focus_card(place)
        view.press("Space")
    view.press("c")
    expect(view.page.get_by_role("dialog", name="Side by side").get_by_role("columnheader")).to_have_count(3)
    view.press("t")
    assert view.ids[:3] == [ids[0], ids[3], ids[5]]
    assert view.ranks[:4] == ["1", "1", "1", "4"]


def test_side_by_side_keys_with_ctrl_alt_or_meta_are_the_browsers_own(open_slate):
    view = open_slate()
    before = view.ids
    view.focus_card(1)
    view.press("c", "Control+=", "Control+2", "Alt+2", "Meta+2", "Control+t")
    expect(view.page.get_by_role("dialog", name="Side by side")).to_be_visible()
    view.press("Escape", "x", "Control+1")
    expect(view.page.locator("#cannot [name=kind]:checked")).to_have_count(0)
    assert (view.ids, view.ranks) == (before, [str(rank) for rank in range(1, 9)])


def test_letters_do_nothing_once_they_are_turned_off(open_slate):
    view = open_slate()
    before = view.ids
    view.focus_card(2)
    view.press("?")
    view.page.get_by_role("checkbox", name="Single letters").uncheck()
    view.press("Escape")
    view.focus_card(2)
    view.press("u", "1", "t")
    view.page.get_by_role("button", name="Compare").click()
    view.press("2", "t")
    expect(view.page.get_by_role("dialog", name="Side by side")).to_be_visible()
    view.press("Escape")
    view.page.get_by_role("button", name="Can’t judge…").click()
    view.press("1")
    expect(view.page.locator("#cannot [name=kind]:checked")).to_have_count(0)
    view.press("Escape")
    view.focus_card(2)
    assert view.ids == before
    view.press("Alt+ArrowUp")
    assert view.ids[1] == before[2]


def test_moving_cards_shifts_nothing_else_on_the_page(open_slate):
    view = open_slate()
    view.page.evaluate(
        """() => {
            window.shifted = [];
            new PerformanceObserver(list => {
                for (const { sources } of list.getEntries()) {
                    const around = sources.map(({ node }) => node?.parentElement ?? node);
                    window.shifted.push(...around.filter(one => !one?.closest('#cards')).map(String));
                }
            }).observe({ type: 'layout-shift', buffered: false });
        }"""
    )
    before = view.page.locator(".slate-form").bounding_box()
    drag_with_mouse(view.page, middle(view.card(3).locator(".name")), middle(view.card(0).locator(".name")))
    view.focus_card(2)
    view.press("t", "End", "l", "Home", "t")
    view.wait_until_saved()
    assert view.page.locator(".slate-form").bounding_box() == before
    assert view.page.evaluate("window.shifted") == []


def test_each_card_says_its_rank_name_and_facts_to_a_screen_reader(open_slate):
    view = open_slate()
    view.focus_card(1)
    view.press("t")
    named = view.page.get_by_role("listitem", name=f"Rank 1 of 8, tied {view.titles[1]} Assets")
    expect(named).to_have_count(1)
    expect(named).to_be_focused()


def test_cards_marked_on_a_phone_leave_the_foot_as_high_as_it_was(open_slate):
    view = open_slate(**PHONE)
    foot = view.page.locator(".slate-foot")
    height = foot.bounding_box()["height"]
    for place in (0, 1, 2):
        view.focus_card(place)
        view.press("Space")
    expect(view.page.locator("#compare-count")).to_have_text("(3)")
    assert foot.bounding_box()["height"] == height


def test_after_a_reload_the_keyboard_begins_at_the_card_on_top(open_slate):
    view = open_slate()
    view.focus_card(0)
    view.press("5")
    view.wait_until_saved()
    view.page.reload()
    view.press("ArrowDown")
    expect(view.card(1)).to_be_focused()
