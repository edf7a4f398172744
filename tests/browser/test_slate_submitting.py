"""Before a list is submitted: that it is final is seen, and a list nobody touched this time asks first."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.models import Judgement, Slate
from feedback.services import extending, judging, moves, running
from tests.factories import make_expert

pytestmark = pytest.mark.browser

SIZES = {"wide": (1280, 800), "desk": (1024, 768), "narrow": (740, 800), "phone": (360, 740)}


LINES = """(one) => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return range.getClientRects().length;
}"""


def _state(view: Any) -> Any:
    return view.page.locator("#save-state")


def _put_in_order(open_slate: Any) -> Any:
    """Return the page of a list after a move that is saved."""
    view = open_slate()
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    return view


def _left(view: Any, slate: Slate) -> None:
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)


@pytest.mark.parametrize("size", SIZES)
def test_that_a_submission_is_final_is_seen_beside_submit_in_any_state_of_saving(open_slate, size):
    width, height = SIZES[size]
    view = open_slate(viewport={"width": width, "height": height})
    hint, foot = view.page.locator("#submit-hint"), view.page.locator(".slate-foot")
    before = (hint.bounding_box(), foot.bounding_box())
    expect(hint).to_have_text("You cannot change it afterwards.")
    assert hint.evaluate(LINES) == 1
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    assert (hint.bounding_box(), foot.bounding_box()) == before
    view.page.context.set_offline(True)
    view.press("d")
    expect(_state(view)).to_have_text("Offline: 1 move waiting")
    assert foot.bounding_box() == before[1]
    inside = foot.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert inside


def test_the_first_page_of_a_session_says_that_a_submission_is_final(new_context, live_server, slate):
    page = new_context().new_page()
    page.goto(live_server.url + reverse("feedback:session_intro", args=[slate.session_id]))
    expect(page.get_by_text("Once you have submitted a list, you cannot change it.")).to_be_visible()


def test_a_list_that_was_put_in_order_on_an_earlier_visit_asks_before_it_is_submitted(open_slate, slate):
    view = _put_in_order(open_slate)
    view.page.reload()
    view.press("ArrowDown", "Enter")
    expect(_state(view)).to_have_text("As you left it. Submit again?")
    assert not Judgement.objects.exists()
    view.press("Enter")
    _left(view, slate)
    assert Judgement.objects.count() == 1


def test_a_list_that_was_moved_on_this_visit_does_not_ask(open_slate, slate):
    view = _put_in_order(open_slate)
    view.page.reload()
    view.focus_card(1)
    view.press("Home", "Enter")
    _left(view, slate)
    assert Judgement.objects.count() == 1


def test_a_session_that_was_paused_meanwhile_says_so_and_keeps_the_order(open_slate, slate):
    view = _put_in_order(open_slate)
    running.pause(slate.session)
    view.press("Enter")
    expect(_state(view)).to_have_text("Paused")
    notice = view.page.locator("#notice")
    expect(notice).to_contain_text("This session is paused: your order is kept, and can be submitted")
    notice.get_by_role("button", name="Leave this list").click()
    expect(view.page.get_by_text("This session is paused. What you did is kept")).to_be_visible()


def test_what_the_server_refuses_is_told_in_whole_sentences(open_slate, slate):
    view, other = open_slate(), open_slate()
    other.focus_card(3)
    other.press("Home", "Enter")
    _left(other, slate)
    view.focus_card(1)
    view.press("Home")
    expect(view.page.locator("#notice p")).to_have_text(
        "This list has been submitted already. What you did since your last save is not kept."
    )


GONE = "This list has gone over to another expert, or was taken back."
MOVE, SUBMIT = ("Home",), ("Enter", "Enter")


def _led_on(view: Any, button: str) -> None:
    view.page.locator("#notice").get_by_role("button", name=button).click()
    view.page.wait_for_url("**/my/")
    expect(view.page.get_by_text(GONE)).to_be_visible()


@pytest.mark.parametrize("keys", [MOVE, SUBMIT], ids=["move", "submit"])
def test_a_list_that_went_over_to_another_expert_while_it_was_open_says_so_and_leads_on(
    open_slate, slate, keys
):
    view = open_slate()
    extending.hand_over(slate.session, slate.expert, make_expert("emil"))
    view.focus_card(3)
    view.press(*keys)
    expect(view.page.locator("#notice p")).to_contain_text(f"{GONE[:-1]}; or somebody else is signed in")
    _led_on(view, "Leave this list")
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(
    ("keys", "looks", "button"),
    [(MOVE, (moves, "_after"), "Leave this list"), (SUBMIT, (judging, "check"), "Reload")],
    ids=["move", "submit"],
)
def test_a_list_that_was_taken_back_at_this_moment_says_so_and_leads_on(
    open_slate, monkeypatch, keys, looks, button
):
    view = open_slate()
    look = getattr(*looks)

    def looked(shown: Slate, said: Any) -> Any:
        found = look(shown, said)
        Slate.objects.filter(pk=shown.pk).delete()
        return found

    monkeypatch.setattr(*looks, looked)
    view.focus_card(3)
    view.press(*keys)
    expect(view.page.locator("#notice p")).to_contain_text("This list was taken back, and needs no answer")
    _led_on(view, button)
