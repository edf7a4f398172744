"""What was done to a list -> who was preferred to whom, with what weight. Pure: plain values in and out.

What each act means:

- An order says something about every pair of different tiers (full rank-breaking is consistent for the
  Plackett-Luce model, adjacent pairs alone are not: Azari Soufiani et al., NIPS 2013), and a tie about every
  pair inside a tier. A pair is *reordered* when it stands the other way round than it was shown, else *kept*.
- Cards below the line were not looked at: they say nothing, neither against nor for anybody.
- A rating decides only pairs about which the order is silent (a tie, or two cards below the line), and only
  within this list and expert, which cancels the expert's severity.
- Where ratings contradict the order, the order counts if the expert said so. If nobody was asked (lists from
  before the question, or from elsewhere), the ratings alone speak for a list in which nothing was moved, and
  a contradicted pair of a list that was moved says nothing.
- "About equal" ties all cards. "None is suitable" ties them too, at a quarter of the weight, and gives each
  the grade 0: nobody in this list is better than anybody else, and none is good.
- "Missing information", "outside what I know" and "conflict of interest" prefer nobody to anybody.
- A list whose order was known before (a gold list) tests the expert, not the model: whatever is done to it
  says nothing that could be learned from or judged by. Else who is tested would teach by it.

A pair weighs 1/(n-1), n being the number of cards it was chosen from: a list of n cards then counts n/2 in
all, not n(n-1)/2. A kept pair of a slate in the version's order weighs half: agreement that cost nothing
can't be told from looking away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from feedback.contradictions import contradicted, is_moved

KEPT_IN_MODEL_ORDER = 0.5
NONE_SUITABLE_WEIGHT = 0.25
TIE = 0.5


@dataclass(frozen=True)
class ShownList:
    """One judged list: `shown` are the card ids from the top, `tiers` what the expert made of them.

    `decided_by` is what the expert said counts where ratings contradict the order, "" if nothing was said;
    `known` says that its order was known before it was asked.
    """

    shown: Sequence[int]
    kind: str
    randomised: bool
    tiers: Sequence[Sequence[int]] = ()
    ratings: Mapping[int, int] = field(default_factory=dict)
    decided_by: str = ""
    known: bool = False


@dataclass(frozen=True)
class PreferredPair:
    """Winner over loser (card ids). `target` is 1 for a strict preference and 0.5 for a tie, `shown_gap` the
    shown position of the loser minus that of the winner over n-1: negative when the winner came from below.
    """

    winner: int
    loser: int
    weight: float
    target: float
    origin: str
    shown_gap: float


def derive(judged: ShownList) -> list[PreferredPair]:
    """Return the pairs that a judged list says something about, each unordered pair at most once.

    >>> derive(ShownList(shown=[1, 2], kind="reorder", randomised=True, tiers=[[2], [1]]))
    [PreferredPair(winner=2, loser=1, weight=1.0, target=1.0, origin='reordered', shown_gap=-1.0)]
    >>> derive(ShownList(shown=[1, 2], kind="reorder", randomised=True, tiers=[[2], [1]], known=True))
    []
    """
    if judged.known:
        return []
    if judged.kind == "reorder":
        return list(_of_an_order(judged))
    if judged.kind in ("about_equal", "none_suitable"):
        return list(_of_equals(judged))
    return []


def negative_labels(judged: ShownList) -> list[int]:
    """Return the cards that get the grade 0: all of a list in which none is suitable."""
    return list(judged.shown) if judged.kind == "none_suitable" and not judged.known else []


def _of_an_order(judged: ShownList) -> Iterator[PreferredPair]:
    doubtful = set() if judged.decided_by else {*contradicted(judged.tiers, judged.ratings)}
    by_ratings_alone = doubtful and not is_moved(judged.shown, judged.tiers)
    tiers = () if by_ratings_alone else judged.tiers
    place = {card: i for i, tier in enumerate(tiers) for card in tier}
    involved = [card for card in judged.shown if card in place or card in judged.ratings]
    unit = 1.0 / max(len(involved) - 1, 1)
    for above, below in combinations(involved, 2):
        decided = _decide(above, below, place, judged.ratings)
        if decided is None:
            continue
        winner, loser, origin = decided
        if (winner, loser) in doubtful:
            continue
        target = TIE if origin == "tied" else 1.0
        weight = unit
        if origin == "order":
            origin = "kept" if winner == above else "reordered"
            if origin == "kept" and not judged.randomised:
                weight *= KEPT_IN_MODEL_ORDER
        yield PreferredPair(winner, loser, weight, target, origin, _gap(judged.shown, winner, loser))


def _decide(
    above: int, below: int, place: Mapping[int, int], ratings: Mapping[int, int]
) -> tuple[int, int, str] | None:
    """Return (winner, loser, what decided) of two cards, or None when nothing was said about them."""
    both_placed = above in place and below in place
    if both_placed and place[above] != place[below]:
        return (above, below, "order") if place[above] < place[below] else (below, above, "order")
    if above in ratings and below in ratings and ratings[above] != ratings[below]:
        return (above, below, "rated") if ratings[above] > ratings[below] else (below, above, "rated")
    return (above, below, "tied") if both_placed else None


def _of_equals(judged: ShownList) -> Iterator[PreferredPair]:
    unit = 1.0 / max(len(judged.shown) - 1, 1)
    tied = judged.kind == "about_equal"
    weight = unit if tied else unit * NONE_SUITABLE_WEIGHT
    origin = "tied" if tied else "none_suitable"
    for above, below in combinations(judged.shown, 2):
        yield PreferredPair(above, below, weight, TIE, origin, _gap(judged.shown, above, below))


def _gap(shown: Sequence[int], winner: int, loser: int) -> float:
    return (shown.index(loser) - shown.index(winner)) / max(len(shown) - 1, 1)
