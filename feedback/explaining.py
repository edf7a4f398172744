"""What a list that was put in order says, in plain words, for who does it the first time. Pure.

What is explained is what `feedback.preferences` would derive from it, no more: how many comparisons, which of
them are ties, what says nothing. Does *not* say whether the order is right: nothing here knows a right one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedback.preferences import PreferredPair, ShownList, derive
from ranking.formats import counted

MOST_HINTS = 4
MOST_NAMES = 3
REMARKED = "Your reasons and your sentence are read by people; nothing is learned from them."
#: What a page offers beside the plain arrows, and how to do it: by key, and by mouse or finger.
HINTS = {
    "rank": "A digit puts a card at that rank: 3 makes it the third. Home and End take it to the ends.",
    "tie": "Two that are level can be tied: t, or “Tie with the card above” in the menu ⋯ of a card.",
    "line": "Look at as many as you like: l, or dragging the line, leaves the rest as not looked at.",
    "compare": "Space marks cards, and c or “Compare” shows them side by side, field by field.",
    "cannot": "If you can’t or should not judge a list, x or “Can’t judge…” has five reasons to choose from.",
    "rate": "r and then 1 to 5, or a click on the number, rates a card.",
    "undo": "Ctrl+Z or “Undo” takes a step back, as far as you like.",
    "drag": "A card can be dragged by its rank, with the mouse or a finger.",
    "step": "u and d, or the arrows on a card, move it by one.",
}
#: The same where there is no keyboard.
TOUCH_HINTS = {
    "rank": "“To the top” and “To the bottom” in the menu ⋯ of a card take it to the ends.",
    "tie": "Two that are level can be tied: “Tie with the card above” in the menu ⋯ of a card.",
    "line": "Look at as many as you like: “Leave the rest below this one” in the menu ⋯ ends the list there.",
    "compare": "“Mark to compare” in the menu ⋯ of two cards, and then “Compare”, shows them side by side.",
    "cannot": "If you can’t or should not judge a list, “Can’t judge…” has five reasons to choose from.",
    "rate": "A tap on a number rates a card, and a second one takes the rating back.",
    "undo": "↶ takes a step back, as far as you like.",
    "drag": "A card can be dragged by its rank, with a finger.",
    "step": "The arrows on a card move it by one.",
}


@dataclass(frozen=True)
class Explanation:
    """What was understood: sentences, and how many comparisons and cards left out there are.

    `order` has the titles tier by tier, `hints` what can be done and was not.
    """

    said: tuple[str, ...]
    comparisons: int
    ties: int
    left_out: int
    order: tuple[tuple[str, ...], ...]
    hints: tuple[str, ...]

    @property
    def ranked(self) -> list[tuple[int, tuple[str, ...]]]:
        """The tiers with the rank that they have on the page: "2, 2, 4"."""
        above = [sum(map(len, self.order[:place])) for place in range(len(self.order))]
        return list(zip([1 + count for count in above], self.order, strict=True))


def explain(
    judged: ShownList,
    titles: Mapping[int, str],
    *,
    about: str = "",
    remarked: bool = False,
    used: Collection[str] | None = None,
    touch: bool = False,
) -> Explanation:
    """Return what a list says.

    `about` is what a gap or a conflict is about, `remarked` whether there are reasons or a sentence, `used`
    what was done on the page: without it nothing is known of that, and no hints are given. `touch` words them
    for a device without a keyboard.

    >>> found = explain(
    ...     ShownList(shown=[1, 2, 3], kind="reorder", randomised=True, tiers=[[3], [1]]),
    ...     {1: "Alder", 2: "Birch", 3: "Cedar"},
    ... )
    >>> for sentence in found.said:
    ...     print(sentence)
    You put Cedar above Alder: one comparison of 2 cards, which says which of the two fits better.
    It stands the other way round than it was shown.
    Birch is below the line: not looked at. That speaks neither for nor against it.
    """
    pairs = derive(judged)
    ordered = judged.kind == "reorder"
    placed = {card for tier in judged.tiers for card in tier}
    rest = [card for card in judged.shown if card not in placed] if ordered else []
    said = list(_of_an_order(judged, pairs, rest, titles) if ordered else _of_an_answer(judged, pairs, about))
    if remarked:
        said.append(REMARKED)
    return Explanation(
        said=tuple(said),
        comparisons=len(pairs),
        ties=sum(pair.target != 1 for pair in pairs),
        left_out=len(rest),
        order=tuple(tuple(titles[card] for card in tier) for tier in judged.tiers),
        hints=_hints(used, TOUCH_HINTS if touch else HINTS) if used is not None else (),
    )


def _of_an_order(
    judged: ShownList, pairs: Sequence[PreferredPair], rest: Sequence[int], titles: Mapping[int, str]
) -> Iterator[str]:
    origins = Counter(pair.origin for pair in pairs)
    strict = origins["kept"] + origins["reordered"]
    if strict:
        yield _strict(judged, strict, titles)
        yield _moved(origins["kept"], origins["reordered"])
    elif not pairs:
        yield "Nothing stands above anything else, so there is no comparison in it."
    tied = [pair for pair in pairs if pair.origin == "tied"]
    for tier in judged.tiers:
        count = sum(pair.winner in tier and pair.loser in tier for pair in tied)
        if count:
            yield f"{_names(tier, titles)} are level: {counted(count, 'comparison')} where neither is better."
    if origins["rated"]:
        rated = counted(origins["rated"], "comparison")
        yield f"Your ratings decide {rated} on which the order says nothing."
    if rest:
        be, them = ("is", "it") if len(rest) == 1 else ("are", "them")
        yield (
            f"{_names(rest, titles)} {be} below the line: not looked at. "
            f"That speaks neither for nor against {them}."
        )


def _strict(judged: ShownList, strict: int, titles: Mapping[int, str]) -> str:
    first, last = titles[judged.tiers[0][0]], titles[judged.tiers[-1][0]]
    cards = sum(map(len, judged.tiers))
    if strict == 1:
        return (
            f"You put {first} above {last}: one comparison of {cards} cards, "
            "which says which of the two fits better."
        )
    between = ", and so on down to " if len(judged.tiers) > 2 else " above "
    second = f" above {titles[judged.tiers[1][0]]}" if len(judged.tiers) > 2 else ""
    return (
        f"You put {first}{second}{between}{last}: {strict} comparisons of {cards} cards, "
        "each of which says which of two fits better."
    )


def _moved(kept: int, reordered: int) -> str:
    if kept + reordered == 1:
        return "It stands " + ("as it was shown." if kept else "the other way round than it was shown.")
    if not reordered:
        return "All of them stand as they were shown, and say so because you submitted them."
    if not kept:
        return "All of them stand the other way round than they were shown."
    return f"Of these, {kept} stand as they were shown, and {reordered} the other way round."


def _of_an_answer(judged: ShownList, pairs: Sequence[PreferredPair], about: str) -> Iterator[str]:
    cards, count = len(judged.shown), counted(len(pairs), "comparison")
    said = {
        "about_equal": f"You said that all {cards} are about equal: {count}, and in none is either better.",
        "none_suitable": f"You said that none of the {cards} is suitable: each is noted as no match for the "
        f"need, and of {count} none says that either is better.",
        "missing_information": f"You said that {about or 'a value'} is missing. No comparison follows from "
        "that; in a session somebody looks for it.",
        "outside_knowledge": "You said that this is outside what you know. No comparison follows from that; "
        "in a session the list goes to another expert.",
        "conflict_of_interest": f"You said that you have an interest in {about or 'one of them'}. No "
        "comparison follows from that: in a session the list is not used.",
    }
    yield said[judged.kind]


def _hints(used: Collection[str], hints: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(words for name, words in hints.items() if name not in used)[:MOST_HINTS]


def _names(cards: Sequence[int], titles: Mapping[int, str]) -> str:
    """Return the first titles, and how many more there are.

    >>> _names([1, 2, 3, 4, 5], {1: "A", 2: "B", 3: "C", 4: "D", 5: "E"}), _names([1, 2], {1: "A", 2: "B"})
    ('A, B, C and 2 more', 'A and B')
    """
    shown = [titles[card] for card in cards[: MOST_NAMES if len(cards) > MOST_NAMES + 1 else len(cards)]]
    if len(shown) < len(cards):
        return f"{', '.join(shown)} and {len(cards) - len(shown)} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
