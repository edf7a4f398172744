"""Ranks of two digits: two in a row are one move on a list of ten cards and more; any others are two."""

from __future__ import annotations

from typing import Any

import pytest

from feedback.models import Slate
from tests.factories import make_expert, make_project, make_session

pytestmark = pytest.mark.browser


@pytest.fixture
def slate(live_server: Any) -> Slate:
    """Return a list of twelve cards."""
    project = make_project(items=24, queries=6)
    return make_session(project, [make_expert()], slates_per_expert=2, items_per_slate=12).slates.first()


def test_two_digits_in_a_row_are_one_move_and_one_step_back(open_slate):
    view = open_slate()
    before = view.ids
    view.focus_card(4)
    view.press("1", "2")
    assert view.ids.index(before[4]) == 11
    view.press("ControlOrMeta+z")
    assert view.ids == before


def test_an_arrow_between_two_digits_makes_two_moves_of_them(open_slate):
    view = open_slate()
    a, b, c, d, e, *rest = view.ids
    view.focus_card(4)
    view.press("1", "ArrowDown", "ArrowDown", "ArrowDown", "2")
    assert view.ids == [e, c, a, b, d, *rest]


def test_a_click_on_another_card_between_two_digits_makes_two_moves_of_them(open_slate):
    view = open_slate()
    a, b, c, d, e, *rest = view.ids
    view.focus_card(4)
    view.press("1")
    view.card(3).locator(".name").click()
    view.press("2")
    assert view.ids == [e, c, a, b, d, *rest]


def test_the_digit_after_an_undo_stands_alone(open_slate):
    view = open_slate()
    a, b, c, *rest = view.ids
    view.focus_card(2)
    view.press("1", "ControlOrMeta+z", "2")
    assert view.ids == [a, c, b, *rest]
