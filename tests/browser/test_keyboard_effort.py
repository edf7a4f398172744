"""Putting a list in order by keys alone: what `benchmarks/keyboard.py` counts is what the page needs."""

from __future__ import annotations

import pytest

from benchmarks.keyboard import CARDS, permutations, presses

pytestmark = pytest.mark.browser

MOST_PRESSES = 5  # for a position that changes


def test_twenty_orders_take_at_most_five_presses_for_each_changed_position(open_slate):
    """One list after the other on the same page: the order that is reached is where the next one begins."""
    view = open_slate()
    cards = [one for one in view.ids if one != "|"]
    assert len(cards) == CARDS
    shown = list(range(CARDS))
    for wanted in permutations(20):
        keys, _ = presses(shown, wanted)
        changed = sum(now != card for now, card in zip(shown, wanted, strict=True))
        assert len(keys) <= MOST_PRESSES * changed, (shown, wanted)
        view.focus_card(0)
        view.press(*keys)
        assert [one for one in view.ids if one != "|"] == [cards[card] for card in wanted]
        shown = wanted
    view.wait_until_saved()
