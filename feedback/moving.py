"""What was done on a slate's page, act by act -> what the page shows. Pure: the same acts give the same page.

`static/tiebreak/slate-model.js` does the same in the browser; the worked cases in
`fixtures/cases/slate_moves.json` hold both to one meaning. Card ids are opaque texts. An act is a mapping
with its kind under `do`:

    move card to        put a card at a place of the list, counted without it; the line is an entry too
    line to             put the line between "ranked" and "not looked at" there
    tie card | cards    tie a card with the one above it, or several at the rank of the best of them
    untie card          take a card out of the tie with the one above it
    rate card value     1 to 5, or None to take the rating back
    tag tag on          give or take back a reason
    comment text        the sentence beside the order; a text box has its own undo, so this is no step of it
    replace draft       an order as a whole, with ratings, reasons and sentence
    undo, redo          one step of the above, `comment` left out
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from feedback.errors import InvalidMove

LINE = "line"
Act = Mapping[str, Any]
Draft = dict[str, Any]


@dataclass(frozen=True)
class State:
    """Cards best first, how many stand above the line, and which are tied with the card above them."""

    order: tuple[str, ...]
    cut: int
    joined: frozenset[str] = frozenset()
    ratings: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """An act that can be undone, with the state before it and the one after it."""

    act: Act
    before: State
    after: State


@dataclass(frozen=True)
class Page:
    """What the page of a slate shows, and what undo and redo would lead to (next one last)."""

    state: State
    comment: str = ""
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()

    def do(self, act: Act) -> Page:
        """Return the page after an act; the same one when nothing moves. Raises InvalidMove."""
        kind = act["do"]
        if kind == "undo":
            return self._undone()
        if kind == "redo":
            return self._redone()
        if kind == "comment":
            return replace(self, comment=act["text"])
        comment = act["draft"].get("comment", "") if kind == "replace" else self.comment
        after = _HOW[kind](self.state, act)
        if after == self.state:
            return replace(self, comment=comment)
        return Page(after, comment, (*self.past, Step(act, self.state, after)))

    def _undone(self) -> Page:
        if not self.past:
            return self
        *past, step = self.past
        return Page(step.before, self.comment, tuple(past), (*self.future, step))

    def _redone(self) -> Page:
        if not self.future:
            return self
        *future, step = self.future
        return Page(step.after, self.comment, (*self.past, step), tuple(future))


def rebuild(cards: Sequence[str], acts: Iterable[Act]) -> Page:
    """Return the page after all acts of a log, beginning with the cards as they were shown.

    >>> acts = [{"do": "move", "card": "c", "to": 0}, {"do": "tie", "card": "a"}, {"do": "undo"}]
    >>> page = rebuild("abc", acts)
    >>> as_draft(page)["tiers"]
    [['c'], ['a'], ['b']]
    """
    page = Page(shown(cards))
    for act in acts:
        page = page.do(act)
    return page


def shown(cards: Sequence[str]) -> State:
    """Return the state before anything was done: all ranked, in shown order."""
    return State(tuple(cards), len(cards))


def as_draft(page: Page) -> Draft:
    """Return what is kept of a page, and sent to it: tiers, rest, ratings, reasons and the sentence."""
    state = page.state
    tiers: list[list[str]] = []
    for card in state.order[: state.cut]:
        if card in state.joined:
            tiers[-1].append(card)
        else:
            tiers.append([card])
    return {
        "tiers": tiers,
        "rest": list(state.order[state.cut :]),
        "ratings": dict(state.ratings),
        "reason_tags": list(state.tags),
        "comment": page.comment,
    }


def from_draft(cards: Sequence[str], draft: Mapping[str, Any]) -> State:
    """Return the state in a draft; without an order, the cards stay as shown. Raises InvalidMove."""
    tiers, rest = draft.get("tiers"), draft.get("rest")
    if not tiers and not rest:
        tiers = [[card] for card in cards]
    tiers, rest = tiers or [], rest or []
    if any(not tier for tier in tiers):
        raise InvalidMove("a rank without a card", "tiers")
    order = tuple(card for tier in tiers for card in tier) + tuple(rest)
    if len(order) != len(cards) or set(order) != set(cards):
        raise InvalidMove(
            f"expected each of the {len(cards)} cards once, in the tiers or in the rest", "tiers"
        )
    if not tiers:
        raise InvalidMove("put at least one card above the line", "tiers")
    ratings = dict(draft.get("ratings", {}))
    if not set(ratings) <= set(cards):
        raise InvalidMove("rates a card that is not in this list", "ratings")
    joined = frozenset(card for tier in tiers for card in tier[1:])
    tags = tuple(dict.fromkeys(draft.get("reason_tags", ())))
    return State(order, len(order) - len(rest), joined, ratings, tags)


# --- the acts -----------------------------------------------------------------------------------------------
def _card(state: State, card: str, name: str = "card") -> str:
    if card not in state.order:
        raise InvalidMove(f"card {card} is not in this list", name)
    return card


def _put(state: State, what: str, slot: int) -> State:
    """Put a card or the line at a place of the sequence, counted without it."""
    sequence = [*state.order[: state.cut], LINE, *state.order[state.cut :]]
    origin = sequence.index(what)
    sequence.remove(what)
    place = max(0, min(slot, len(sequence)))
    sequence.insert(place, what)
    cut = sequence.index(LINE)
    if place == origin or cut < 1:
        return state
    sequence.remove(LINE)
    order = tuple(sequence)
    return replace(state, order=order, cut=cut, joined=_joins_after(state, what, order, cut))


def _joins_after(state: State, moved: str, order: tuple[str, ...], cut: int) -> frozenset[str]:
    """Return the ties after a move: a card leaves its tie, and joins the one into whose middle it is put."""
    joined = set(state.joined)
    if moved != LINE:
        if moved not in state.joined:
            # Without its head, a tie goes on with the next card as its head.
            joined -= set(_next(state.order, moved))
        joined = joined | {moved} if joined & set(_next(order, moved)) else joined - {moved}
    return frozenset(joined & set(order[1:cut]))


def _next(order: tuple[str, ...], card: str) -> tuple[str, ...]:
    index = order.index(card) + 1
    return order[index : index + 1]


def _move(state: State, act: Act) -> State:
    return _put(state, _card(state, act["card"]), act["to"])


def _line(state: State, act: Act) -> State:
    return _put(state, LINE, act["to"])


def _tie(state: State, act: Act) -> State:
    if "cards" in act:
        return _tie_together(state, [_card(state, card, "cards") for card in act["cards"]])
    card = _card(state, act["card"])
    tied = 1 <= state.order.index(card) < state.cut
    return replace(state, joined=state.joined | {card}) if tied else state


def _untie(state: State, act: Act) -> State:
    return replace(state, joined=state.joined - {_card(state, act["card"])})


def _tie_together(state: State, cards: list[str]) -> State:
    above, *others = [card for card in state.order if card in cards]
    if state.order.index(above) >= state.cut:
        state = _put(state, above, state.cut)
    for card in others:
        # The others follow in their order, so each comes from below: it lands right under the one before.
        state = _put(state, card, state.order.index(above) + 1)
        state = replace(state, joined=state.joined | {card})
        above = card
    return state


def _rate(state: State, act: Act) -> State:
    card = _card(state, act["card"])
    ratings = {other: value for other, value in state.ratings.items() if other != card}
    if act["value"] is not None:
        ratings[card] = act["value"]
    return replace(state, ratings=ratings)


def _tag(state: State, act: Act) -> State:
    if act["on"] == (act["tag"] in state.tags):
        return state
    others = tuple(tag for tag in state.tags if tag != act["tag"])
    return replace(state, tags=(*others, act["tag"]) if act["on"] else others)


def _replace(state: State, act: Act) -> State:
    return from_draft(state.order, act["draft"])


_HOW: dict[str, Callable[[State, Act], State]] = {
    "move": _move,
    "line": _line,
    "tie": _tie,
    "untie": _untie,
    "rate": _rate,
    "tag": _tag,
    "replace": _replace,
}
