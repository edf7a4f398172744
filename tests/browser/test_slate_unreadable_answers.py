"""An answer that says nothing, or never comes, is no answer: it is asked for again, under the same key."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from feedback.models import Judgement

pytestmark = pytest.mark.browser

ENDS = ["cut off", "a proxy's page", "never"]
# The page's own patience is 15 s.
IMPATIENT = "const { timeout } = AbortSignal; AbortSignal.timeout = () => timeout.call(AbortSignal, 3000);"


def _spoil_the_first(view: Any, address: str, end: str) -> list[str]:
    """Let the server take what is sent first, and its answer end like this; return the keys as they come."""
    keys: list[str] = []

    def handle(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            return route.continue_()
        answer = route.fetch()
        if end == "cut off":
            route.fulfill(status=201, content_type="application/json", body=answer.text()[:10])
        elif end == "a proxy's page":
            route.fulfill(status=200, content_type="text/html", body="<p>Welcome")

    view.page.route(address, handle)
    return keys


@pytest.fixture
def view(open_slate, new_context):
    """The page of a list that waits for an answer for a short while only."""
    context = new_context()
    context.add_init_script(IMPATIENT)
    return open_slate(context)


@pytest.mark.parametrize("end", ENDS)
def test_a_move_whose_answer_says_nothing_is_sent_again_and_the_next_ones_follow(view, slate, end):
    keys = _spoil_the_first(view, "**/moves/", end)
    view.focus_card(5)
    view.press("Home", "d")
    view.wait_until_saved()
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]
    assert slate.moves.count() == 2


@pytest.mark.parametrize("end", ENDS)
def test_a_submission_whose_answer_says_nothing_is_sent_again_and_counts_once(view, slate, end):
    keys = _spoil_the_first(view, "**/judgement/", end)
    view.focus_card(2)
    view.press("Home", "Enter")
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)
    assert keys == keys[:1] * 2
    assert Judgement.objects.count() == 1


def test_a_refusal_for_a_list_changed_elsewhere_that_says_nothing_is_asked_again(
    open_slate, new_context, slate
):
    desk, phone = open_slate(new_context()), open_slate(new_context())
    phone.focus_card(5)
    phone.press("Home")
    phone.wait_until_saved()
    answers = [lambda route: route.fulfill(status=412, body="<p>Precondition failed"), Route.continue_]
    desk.page.route("**/moves/", lambda route: answers.pop(0)(route))
    desk.focus_card(3)
    desk.press("Home")
    expect(desk.page.get_by_role("dialog", name="This list has two orders")).to_be_visible()


def test_a_submission_that_hangs_can_be_cancelled(view):
    view.focus_card(3)
    view.press("Home")
    view.wait_until_saved()
    view.page.route("**/judgement/", lambda route: None)
    view.press("Enter")
    view.page.get_by_role("button", name="Cancel").click()
    expect(view.page.locator("#save-state")).to_have_text("Saved")
    expect(view.page.locator("#slate")).to_have_attribute("aria-busy", "false")
