"""What was done on a slate, act by act -> what its page shows: worked cases, and what holds for all acts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import moving
from feedback.errors import InvalidMove

CASES = json.loads((Path(__file__).parents[2] / "fixtures/cases/slate_moves.json").read_text())
EMPTY = {"tiers": [], "rest": [], "ratings": {}, "reason_tags": [], "comment": ""}
CARDS = list("abcdef")

cards = st.sampled_from(CARDS)
places = st.integers(0, len(CARDS) + 2)
orders = st.tuples(st.permutations(CARDS), st.integers(1, len(CARDS))).map(
    lambda drawn: {**EMPTY, "tiers": [[card] for card in drawn[0][: drawn[1]]], "rest": drawn[0][drawn[1] :]}
)
acts = st.one_of(
    st.builds(lambda card, to: {"do": "move", "card": card, "to": to}, cards, places),
    st.builds(lambda to: {"do": "line", "to": to}, places),
    st.builds(lambda card: {"do": "tie", "card": card}, cards),
    st.builds(
        lambda them: {"do": "tie", "cards": them}, st.lists(cards, min_size=2, max_size=4, unique=True)
    ),
    st.builds(lambda card: {"do": "untie", "card": card}, cards),
    st.builds(
        lambda card, value: {"do": "rate", "card": card, "value": value}, cards, st.none() | st.integers(1, 5)
    ),
    st.builds(lambda tag, on: {"do": "tag", "tag": tag, "on": on}, st.sampled_from("xyz"), st.booleans()),
    st.builds(lambda text: {"do": "comment", "text": text}, st.text(max_size=3)),
    st.builds(lambda draft: {"do": "replace", "draft": draft}, orders),
    st.sampled_from([{"do": "undo"}, {"do": "undo"}, {"do": "redo"}]),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["desc"])
def test_a_worked_case(case):
    page = moving.rebuild(case["cards"], case["acts"])
    assert moving.as_draft(page) == {**EMPTY, **case["draft"]}
    assert [len(page.past), len(page.future)] == case["steps"]


@given(st.lists(acts, max_size=30))
def test_no_act_loses_or_doubles_a_card_or_leaves_none_above_the_line(done):
    state = moving.rebuild(CARDS, done).state
    assert sorted(state.order) == CARDS
    assert 1 <= state.cut <= len(CARDS)
    assert state.joined <= set(state.order[1 : state.cut])


@given(st.lists(acts, max_size=30))
def test_undo_to_the_beginning_and_redo_to_the_end_come_back(done):
    page = moving.rebuild(CARDS, done)
    while page.future:
        page = page.do({"do": "redo"})
    last, back = page, page
    while back.past:
        back = back.do({"do": "undo"})
    assert back.state == moving.shown(CARDS)
    while back.future:
        back = back.do({"do": "redo"})
    assert back == last


@given(st.lists(acts, max_size=30))
def test_a_draft_says_all_that_a_state_is(done):
    page = moving.rebuild(CARDS, done)
    assert moving.from_draft(CARDS, moving.as_draft(page)) == page.state


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"tiers": [["a"], ["a"]]}, "tiers"),
        ({"tiers": [["a"]]}, "tiers"),
        ({"tiers": [["a"], [], ["b"]]}, "tiers"),
        ({"rest": ["a", "b"]}, "tiers"),
        ({"tiers": [["a"], ["c"]]}, "tiers"),
        ({"ratings": {"c": 1}}, "ratings"),
    ],
)
def test_a_draft_that_does_not_hold_just_these_cards_is_refused(draft, field):
    with pytest.raises(InvalidMove) as refusal:
        moving.from_draft(["a", "b"], draft)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "act",
    [
        {"do": "move", "card": "z", "to": 0},
        {"do": "tie", "card": "z"},
        {"do": "tie", "cards": ["a", "z"]},
        {"do": "untie", "card": "z"},
        {"do": "rate", "card": "z", "value": 1},
    ],
)
def test_a_card_of_another_list_can_not_be_moved(act):
    with pytest.raises(InvalidMove):
        moving.rebuild(["a", "b"], [act])
