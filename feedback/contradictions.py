"""Where ratings and the order beside them contradict each other, and the order that the ratings say. Pure.

`static/tiebreak/slate-ratings.js` does the same in the browser; the worked cases in
`fixtures/cases/rated_orders.json` hold both to one meaning. Card ids are opaque; of ratings, 5 is the best.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

BEST_RATING = 5
TURNED_FROM = 3  # ratings of fewer values, unless there are no more cards, are no scale turned round
Card = TypeVar("Card", bound=Hashable)
Tiers = Sequence[Sequence[Card]]


def contradicted(tiers: Tiers[Card], ratings: Mapping[Card, int]) -> list[tuple[Card, Card]]:
    """Return the pairs (above, below) of different tiers in which the one below is rated higher.

    >>> contradicted([["a"], ["b", "c"]], {"a": 2, "b": 5, "c": 2})
    [('a', 'b')]
    """
    return [
        (high, low)
        for above, below in combinations(tiers, 2)
        for high in above
        for low in below
        if high in ratings and low in ratings and ratings[low] > ratings[high]
    ]


def is_moved(shown: Sequence[Card], tiers: Tiers[Card]) -> bool:
    """Say whether the cards above the line stand in another order than they were shown, or tied."""
    placed = [card for tier in tiers for card in tier]
    return len(placed) != len(tiers) or placed != [card for card in shown if card in set(placed)]


def is_turned(shown: Sequence[Card], tiers: Tiers[Card], ratings: Mapping[Card, int]) -> bool:
    """Say whether the ratings are the exact reverse of an order that was moved: as if 1 were the best."""
    rated = [ratings[card] for tier in tiers for card in tier if card in ratings]
    few = len(set(rated)) < min(TURNED_FROM, len(rated))
    turned_round = bool(contradicted(tiers, ratings)) and not contradicted(tiers, turned(ratings))
    return is_moved(shown, tiers) and turned_round and not few


def turned(ratings: Mapping[Card, int]) -> dict[Card, int]:
    """Return the ratings of somebody who took 1 for the best, with 5 as the best."""
    return {card: BEST_RATING + 1 - rating for card, rating in ratings.items()}


def by_ratings(
    shown: Sequence[Card], tiers: Tiers[Card], rest: Sequence[Card], ratings: Mapping[Card, int]
) -> tuple[list[list[Card]], list[Card]]:
    """Return the tiers and the rest that the ratings say.

    Where nothing was moved, the ratings alone speak: equal ones are ties, and what is not rated was not
    looked at. Else rated cards change places among themselves, equal ones in the order they had.

    >>> by_ratings("abcd", [["a"], ["b"], ["c"], ["d"]], [], {"a": 1, "c": 5, "d": 1})
    ([['c'], ['a', 'd']], ['b'])
    >>> by_ratings("abcd", [["b"], ["a"], ["c"], ["d"]], [], {"a": 1, "c": 5, "d": 1})
    ([['b'], ['c'], ['a'], ['d']], [])
    """
    placed = [card for tier in tiers for card in tier]
    best_first = sorted((card for card in placed if card in ratings), key=lambda card: -ratings[card])
    if is_moved(shown, tiers):
        moving = iter(best_first)
        return [[next(moving) if card in ratings else card] for card in placed], list(rest)
    values = sorted({ratings[card] for card in best_first}, reverse=True)
    found = [[card for card in best_first if ratings[card] == value] for value in values]
    return found, [*(card for card in placed if card not in ratings), *rest]
