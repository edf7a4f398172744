"""What an expert answers: an order, or one of five reasons why there is none; with a script and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from feedback.models import Judgement, Slate

pytestmark = pytest.mark.browser


def _left(view: Any, slate: Slate) -> None:
    view.page.wait_for_url(lambda url: f"/{slate.pk}/" not in url)


@pytest.mark.parametrize(
    ("key", "kind"), [("1", "about_equal"), ("3", "outside_knowledge"), ("5", "none_suitable")]
)
def test_a_non_answer_takes_three_keys(open_slate, slate, key, kind):
    view = open_slate()
    view.press("x", key, "Enter")
    _left(view, slate)
    judgement = Judgement.objects.get(slate=slate)
    assert (judgement.kind, judgement.tiers, judgement.rest) == (kind, [], [])


def test_missing_information_names_the_field(open_slate, slate):
    view = open_slate()
    view.press("x", "2", "Enter")
    dialog = view.page.get_by_role("dialog", name="You can’t put these in order")
    expect(dialog.get_by_role("alert")).to_have_text("Say which field is missing.")
    dialog.get_by_label("Which field is missing?").select_option(label="Fee")
    dialog.get_by_role("button", name="Submit this answer").click()
    _left(view, slate)
    judgement = Judgement.objects.get(slate=slate)
    assert (judgement.kind, judgement.field) == ("missing_information", "fee")


def test_a_conflict_of_interest_names_the_card(open_slate, slate):
    view = open_slate()
    conflicted = view.ids[2]
    view.press("x", "4", "Enter")
    dialog = view.page.get_by_role("dialog", name="You can’t put these in order")
    expect(dialog.get_by_role("alert")).to_have_text("Say which of them the conflict is about.")
    dialog.get_by_role("checkbox", name=view.titles[2]).check()
    dialog.get_by_role("button", name="Submit this answer").click()
    _left(view, slate)
    judgement = Judgement.objects.get(slate=slate)
    assert (judgement.kind, judgement.items) == ("conflict_of_interest", [int(conflicted)])


def test_an_untouched_order_is_submitted_only_when_it_is_confirmed(open_slate, slate):
    view = open_slate()
    shown = [[int(card)] for card in view.ids if card != "|"]
    view.focus_card(0)
    view.press("Enter")
    expect(view.page.locator("#save-state")).to_have_text("Nothing was moved. Submit again?")
    assert not Judgement.objects.exists()
    view.press("Enter")
    _left(view, slate)
    assert Judgement.objects.get(slate=slate).tiers == shown


def test_reasons_are_one_key_each_and_ratings_one_click(open_slate, slate):
    view = open_slate()
    rated = view.ids[1]
    view.focus_card(0)
    view.press("d", "e")  # the key that the project gave to "too expensive"
    view.card(0).locator(".rate label", has_text=re.compile("^3$")).click()
    view.page.get_by_role("button", name="Submit").click()
    expect(view.page.locator("#save-state")).to_have_text("7 not rated. Submit anyway?")
    view.page.get_by_role("button", name="Submit").click()
    _left(view, slate)
    judgement = Judgement.objects.get(slate=slate)
    assert judgement.reason_tags == ["too_expensive"]
    assert judgement.ratings == {rated: 3}


def test_the_next_slate_follows_and_the_last_one_says_thank_you(open_slate, slate):
    view = open_slate()
    for position in (1, 2):
        expect(view.page.locator(".slate-bar")).to_contain_text(f"{position} of 2")
        view.focus_card(1)
        seen = view.page.url
        view.press("Home", "Enter")
        view.page.wait_for_url(lambda url, seen=seen: url != seen)
    expect(view.page.get_by_role("heading", name="That was all. Thank you.")).to_be_visible()


def test_a_session_that_was_closed_meanwhile_says_so(open_slate, slate):
    view = open_slate()
    view.focus_card(1)
    view.press("Home")
    view.wait_until_saved()
    type(slate.session).objects.filter(pk=slate.session_id).update(state="closed")
    view.press("Enter")
    expect(view.page.locator("#notice")).to_contain_text("This session is closed")
    assert not Judgement.objects.exists()


def test_without_a_script_the_form_takes_ranks_as_numbers(open_slate, slate):
    view = open_slate(java_script_enabled=False)
    cards = [card for card in view.ids if card != "|"]
    ranks = ["2", "1", "2", "", "", "", "", "3"]
    for place, rank in enumerate(ranks):
        view.card(place).get_by_label("Rank", exact=True).fill(rank)
    view.card(1).get_by_label("Rating", exact=True).fill("5")
    view.page.get_by_role("button", name="Submit").click()
    _left(view, slate)
    judgement = Judgement.objects.get(slate=slate)
    first, second, third, fourth = cards[1], [cards[0], cards[2]], cards[7], cards[3:7]
    assert judgement.tiers == [[int(first)], [int(card) for card in second], [int(third)]]
    assert judgement.rest == [int(card) for card in fourth]
    assert judgement.ratings == {first: 5}


def test_without_a_script_a_non_answer_is_a_choice_in_the_form(open_slate, slate):
    view = open_slate(java_script_enabled=False)
    view.page.get_by_role("radio", name="None is suitable").check()
    view.page.get_by_role("button", name="Submit").click()
    _left(view, slate)
    assert Judgement.objects.get(slate=slate).kind == "none_suitable"
