"""What to ask next: short lists whose answers would most likely change what people see.

A query is worth what its best list is worth (`ranking.ltr.worth`): the list is grown greedily from the pair
about which the members of a committee disagree most, weighted by the chance that somebody sees it. Queries
are drawn one after the other with chances that rise with their worth and with their distance from all drawn
before.

Not every list is drawn for its worth (`Mix`). Some are drawn plainly at random, because versions must be
judged on lists that no model chose. Some are shown again, to another judge (overlap) or to the same one
(repeat), because agreement and consistency can't be computed otherwise. Some go where the committee as a
whole is unsure, or where rows are unlike all before (red flags). Every chance is returned, to be logged.

Does *not* fit the committee (`ranking.ltr.committee`), and does not know people: a list that is shown again
names the earlier one, and whoever asks finds the judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.askable import Askable, checked, checked_recent
from ranking.ltr.checking import whole_number
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.intervals import DIGITS
from ranking.ltr.preferences import Floats, Integers
from ranking.ltr.worth import grown, pair_worth, seen_most, visibility

Kind = Literal["overlap", "repeat", "red_flag", "committee", "random"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Each leaves its share to a later one where it is impossible."""

USUAL_MIX: Mapping[str, float] = MappingProxyType(
    {"committee": 0.70, "random": 0.15, "overlap": 0.05, "repeat": 0.05, "red_flag": 0.05}
)
"""Most lists for what they teach, enough at random to judge versions by, a few for each other purpose."""

NOT_GIVEN = cast(float, None)
"""Stands for a share until it is known; no share is None afterwards."""

SHARPNESS = 3.0
"""Power that turns worth into chance: most lists go to the best queries, and none is certain."""

FLOOR = 0.02
"""Share of a draw by worth that is uniform, so that no query has a chance of zero."""

RED_FLAG_BUDGET = 0.2
"""Share of the queries, the least certain, that count as red flags."""


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of lists in a round; their sum is 1.

    Kinds that are not given share what the given ones leave, in their usual proportions (`USUAL_MIX`).

    >>> Mix(random=1.0).committee, Mix(random=0.15) == Mix()
    (0.0, True)
    >>> Mix(red_flag=0.0, random=0.25, overlap=0.0)
    Mix(committee=0.7, random=0.25, overlap=0.0, repeat=0.05, red_flag=0.0)
    """

    committee: float = NOT_GIVEN
    random: float = NOT_GIVEN
    overlap: float = NOT_GIVEN
    repeat: float = NOT_GIVEN
    red_flag: float = NOT_GIVEN

    def __post_init__(self) -> None:
        given = {kind: share for kind, share in vars(self).items() if share is not NOT_GIVEN}
        wrong = [kind for kind, share in given.items() if not isinstance(share, int | float | np.number)]
        if wrong:
            raise InvalidPreferences(f"share of {wrong[0]} is {given[wrong[0]]!r}; expected a number, 0 to 1")
        for kind, share in _filled_up(given).items():
            object.__setattr__(self, kind, share)
        shares = asdict(self)
        if not all(0 <= share <= 1 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-9:
            raise InvalidPreferences(f"mix {shares}; expected shares from 0 to 1 whose sum is 1")


def _filled_up(given: Mapping[str, float]) -> dict[str, float]:
    """The shares that are not given."""
    usual = {kind: share for kind, share in USUAL_MIX.items() if kind not in given}
    if not given or not usual:
        return usual
    left = round(1 - sum(given.values()), DIGITS)
    return {kind: round(left * share / sum(usual.values()), DIGITS) for kind, share in usual.items()}


@dataclass(frozen=True)
class ProposedSlate:
    """One list to ask for.

    Attributes
    ----------
    query : its key, as given
    rows : rows of the scores; no order to show them in, but for a list shown again, which has another one
    kind : why it is asked
    probability : chance of this query (of this earlier list, for overlap and repeat) at this draw, given the
        kind and all draws before; exact
    row_probabilities : chance of each row, given the query and the draws before; exact
    why : what the choice rests on, by name
    again : place among `recent` of the list that is shown again
    """

    query: Any
    rows: tuple[int, ...]
    kind: Kind
    probability: float
    row_probabilities: tuple[float, ...]
    why: Mapping[str, float] = field(default_factory=dict)
    again: int | None = None


def ask(
    scores: npt.ArrayLike,
    queries: npt.ArrayLike,
    *,
    n_slates: int,
    slate_size: int = 8,
    top_k: int = 10,
    mix: Mix | None = None,
    features: pd.DataFrame | Floats | None = None,
    judged: npt.ArrayLike | None = None,
    recent: Sequence[Sequence[int]] = (),
    excluded: npt.ArrayLike | None = None,
    held_out: npt.ArrayLike | None = None,
    unfamiliar: npt.ArrayLike | None = None,
    seed: int = 0,
) -> list[ProposedSlate]:
    """The next lists to ask for, in the order of their drawing.

    Parameters
    ----------
    scores : (m, n) finite scores of n rows by m members of a committee, higher is better
    queries : (n,) query key of each row
    n_slates : number of lists
    slate_size : rows of a list, at least 2; a query with fewer is asked whole, one with a single row never
    top_k : how many rows of a query its users see
    mix : shares of the kinds. A kind that is impossible (nothing to show again, no query to learn from)
        leaves its share to `committee`, and that one to `random`
    features : (n, d) table or array of numbers by which lists are spread over unlike queries; without them,
        by who of the committee disagrees
    judged : (n,) how often each row has been judged since the committee was fitted: pairs of judged rows are
        worth less
    recent : rows of the lists asked lately, each in the order shown: to show again, and to keep away from
    excluded : (n,) bool: rows never to be asked about, such as declared interests
    held_out : (n,) bool: rows of queries kept for judging versions: random lists come from these alone, and
        lists of worth never; without any, random lists come from all queries
    unfamiliar : (n,) bool: rows unlike those the models were fitted on; their queries are red flags
    seed : equal input and seed give equal lists

    Returns
    -------
    list of `ProposedSlate`: `n_slates`, or none where no query has two rows that may be asked about. Every
    query comes once before any comes twice, the lists drawn at random and those shown again apart.

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        For arguments of the wrong shape or value, naming them.

    Notes
    -----
    Where the committee is one ranker, or all members agree, the entropy of each pair decides alone: sampling
    by uncertainty, still weighted by what is seen.

    >>> scores = np.array([[3.0, 2.5, 0.0, -9.0], [2.5, 3.0, 0.0, -9.0]])
    >>> [slate] = ask(scores, ["m"] * 4, n_slates=1, slate_size=2, top_k=1, mix=Mix(committee=1))
    >>> slate.rows, slate.kind, slate.probability
    ((0, 1), 'committee', 1.0)
    """
    for name, value, least in (
        ("n_slates", n_slates, 0),
        ("slate_size", slate_size, 2),
        ("top_k", top_k, 1),
        ("seed", seed, 0),
    ):
        whole_number(name, value, least, InvalidPreferences)
    if mix is not None and not isinstance(mix, Mix):
        raise InvalidPreferences(f"mix is a {type(mix).__name__}; expected a Mix, such as Mix(random=1.0)")
    rng = np.random.default_rng(seed)
    masks = {"excluded": excluded, "held_out": held_out, "unfamiliar": unfamiliar}
    table = checked(scores, queries, features, judged, masks)
    again = [checked_recent(rows, table) for rows in recent]
    choices = _Round(table, slate_size, top_k, recent=again, rng=rng)
    wanted = _kinds(mix or Mix(), n_slates, choices.possible(), rng)
    return [slate for kind in wanted if (slate := choices.draw(kind)) is not None]


@dataclass(frozen=True, eq=False)
class _List:
    """The list of most worth of one query, where it lies, and how unsure the committee is as a whole."""

    rows: Integers
    worth: float
    entropy: float
    place: Floats


class _Round:
    """What is drawn from, and what has been drawn."""

    def __init__(
        self, table: Askable, size: int, top_k: int, *, recent: list[Integers], rng: np.random.Generator
    ) -> None:
        self.table, self.size, self.top_k, self.recent, self.rng = table, size, top_k, recent, rng
        self.judged = table.judged.copy()
        learned = [key for key in table.groups if key not in table.held_out]
        self.lists = {key: self._best(key) for key in learned}
        self.at = {key: place for place, key in enumerate(learned)}
        self.places = np.array([best.place for best in self.lists.values()])
        self.near = np.full(len(learned), np.inf)
        self.scale = self._scale()
        for rows in recent:
            self._keep_away(table.key_of[rows[0]])
        blocked = [bool(table.excluded[rows].any()) for rows in recent]
        again = [place for place, out in enumerate(blocked) if not out]
        self.choices: dict[Kind, list[Any]] = {
            "committee": learned,
            "random": [key for key in table.groups if key in table.held_out] or list(table.groups),
            "overlap": again,
            "repeat": again,
            "red_flag": self._red_flags(),
        }
        self.flagged = frozenset(self.choices["red_flag"])
        self.left: dict[Kind, list[Any]] = {kind: list(choices) for kind, choices in self.choices.items()}
        self.left["red_flag"] = self.left["committee"]  # one list: a query of worth is not asked for twice

    def possible(self) -> frozenset[Kind]:
        """The kinds of which at least one list can be drawn."""
        return frozenset(kind for kind, choices in self.choices.items() if choices)

    def draw(self, kind: Kind) -> ProposedSlate | None:
        """One list of a kind; None if there is nothing at all to ask about."""
        if not self.choices[kind]:
            return None
        if not self.left[kind]:
            self.left[kind] += self.choices["committee" if kind == "red_flag" else kind]
        left = self.left[kind]
        if kind == "red_flag":
            left = [key for key in left if key in self.flagged]
        if not left:  # every red flag has been asked about, other queries have not
            return self.draw("committee")
        chances = self._chances(left) if kind == "committee" else np.full(len(left), 1 / len(left))
        place = int(self.rng.choice(len(left), p=chances))
        chosen, chance = left[place], float(chances[place])
        self.left[kind].remove(chosen)
        if kind in ("overlap", "repeat"):
            return self._again(kind, chosen, chance)
        if kind == "random":
            return self._random(chosen, chance)
        return self._of_worth(kind, chosen, chance)

    def _of_worth(self, kind: Kind, key: Any, chance: float) -> ProposedSlate:
        best = self.lists[key]
        why = {"worth": best.worth, "entropy": best.entropy}
        if np.isfinite(near := float(self.near[self.at[key]])):
            why["distance"] = near
        self.judged[best.rows] += 1
        self._keep_away(key)
        self.lists[key] = self._best(key)
        self.places[self.at[key]] = self.lists[key].place
        rows = tuple(int(row) for row in best.rows)
        return ProposedSlate(key, rows, kind, chance, (1.0,) * len(rows), why)

    def _random(self, key: Any, chance: float) -> ProposedSlate:
        rows = self.table.groups[key]
        drawn = self.rng.permutation(rows)[: self.size]
        inclusion = (len(drawn) / len(rows),) * len(drawn)
        return ProposedSlate(key, tuple(int(row) for row in drawn), "random", chance, inclusion)

    def _again(self, kind: Kind, place: int, chance: float) -> ProposedSlate:
        before = self.recent[place]
        order = self.rng.permutation(before)
        if np.array_equal(order, before):
            order = before[::-1]
        rows = tuple(int(row) for row in order)
        return ProposedSlate(
            self.table.key_of[before[0]], rows, kind, chance, (1.0,) * len(rows), again=place
        )

    def _chances(self, keys: list[Any]) -> Floats:
        """Chance of each query: its worth times its distance from all drawn before, sharpened; never 0."""
        near = self.near[[self.at[key] for key in keys]]
        apart = np.where(np.isfinite(near), near, 1.0)
        value = (np.array([self.lists[key].worth for key in keys]) * apart) ** SHARPNESS
        uniform = np.full(len(keys), 1 / len(keys))
        if value.sum() <= 0:
            return uniform
        return np.asarray((1 - FLOOR) * value / value.sum() + FLOOR * uniform)

    def _keep_away(self, key: Any) -> None:
        """Max-min diversity: remember for each query how far the nearest one asked about is."""
        if key in self.at:
            away = np.linalg.norm(self.places - self.places[self.at[key]], axis=1) / self.scale
            self.near = np.minimum(self.near, away)

    def _scale(self) -> float:
        """Root mean square distance of the queries' places from their mean: distances are in units of it."""
        spread = float(np.sqrt(self.places.var(axis=0).sum())) if len(self.places) else 0.0
        return spread if spread > 0 else 1.0

    def _best(self, key: Any) -> _List:
        rows = self.table.groups[key]
        seen = visibility(self.table.scores[:, rows], self.top_k)
        window = seen_most(self.table.scores[:, rows], seen)
        rows, seen = rows[window], seen[:, window]
        worth, entropy = pair_worth(self.table.scores[:, rows], seen)
        times = self.judged[rows]
        worth = worth / (1 + np.minimum(times[:, None], times[None, :]))
        chosen = grown(worth, self.size)
        chance = np.maximum(seen[:, :, None], seen[:, None, :]).mean(axis=0)
        np.fill_diagonal(chance, 0.0)
        unsure = float((entropy * chance).sum() / max(chance.sum(), 1e-12))
        value = float(worth[np.ix_(chosen, chosen)].sum() / 2 / (len(chosen) - 1))
        return _List(rows[chosen], value, unsure, self._place(rows[chosen]))

    def _place(self, rows: Integers) -> Floats:
        """Where a list lies: the mean of its rows' features, or who disagrees about its first pair."""
        if self.table.features is not None:
            return np.asarray(self.table.features[rows].mean(axis=0))
        margin = self.table.scores[:, rows[0]] - self.table.scores[:, rows[1]]
        away = margin - margin.mean()
        length = np.linalg.norm(away)
        sign = np.sign(away[np.argmax(np.abs(away))])
        return np.asarray(away * sign / length if length > 0 else away)

    def _red_flags(self) -> list[Any]:
        """The queries with unfamiliar rows, and those of the highest entropy, as many as the budget says."""
        entropy = np.array([best.entropy for best in self.lists.values()])
        limit = np.quantile(entropy, 1 - RED_FLAG_BUDGET) if len(entropy) else np.inf
        return [
            key
            for key, best in self.lists.items()
            if best.entropy >= limit or self.table.unfamiliar[self.table.groups[key]].any()
        ]


def _kinds(mix: Mix, n: int, possible: frozenset[Kind], rng: np.random.Generator) -> list[Kind]:
    """The kind of each list: numbers of lists as close to the shares as whole numbers allow, in random order.

    Systematic sampling: equally spaced points on the cumulated shares, so that each share is met on average
    exactly even in rounds of one list.
    """
    if "random" not in possible:  # no query is left to ask about
        return []
    shares: dict[Kind, float] = {kind: getattr(mix, kind) for kind in KINDS}
    for kind in KINDS[:-1]:
        if kind not in possible:
            heir: Kind = "random" if kind == "committee" else "committee"
            shares[heir] += shares.pop(kind)
    edges = np.cumsum(list(shares.values())) * n
    edges[-1] = n
    places = np.searchsorted(edges, rng.random() + np.arange(n), side="right")
    names = list(shares)
    return [names[min(place, len(names) - 1)] for place in rng.permutation(places)]
