"""Who was preferred to whom: one frozen table of pairs, whatever act they came from.

Rows are positions (from 0) in a feature table that the caller keeps. Does *not* know features,
queries or models; `Preferences.check` holds a table of pairs against them.

Worked example: an expert saw rows 4, 7, 9 in this order and put 9 first, then 4 and 7 level.

>>> pairs = Preferences.from_orders([[9, [4, 7]]], judge="ada", shown=[[4, 7, 9]])
>>> pairs.winner.tolist(), pairs.loser.tolist()
([9, 9, 4], [4, 7, 7])
>>> pairs.target.tolist(), pairs.weight.tolist()
([1.0, 1.0, 0.5], [0.5, 0.5, 0.5])
>>> pairs.shown_gap.tolist()
[-1.0, -0.5, 0.5]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr import columns as of
from ranking.ltr import orders as lists
from ranking.ltr.columns import Floats, Integers, Objects
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.orders import Order

__all__ = ["Floats", "Integers", "Objects", "Order", "Preferences"]

MOST_WEIGHT = 1e6
"""Largest weight of a pair; one of a list counts 1 at most, and sums of far larger ones overflow silently."""


@dataclass(frozen=True, eq=False)
class Preferences:
    """Pairs of rows of one feature table, as equal-length read-only columns.

    Attributes
    ----------
    winner, loser : (p,) int64
        Row positions; the expert put `winner` above `loser`.
    weight : (p,) float64
        From 0 to 1e6; 1/(n-1) for a pair of a list of n, so that a list counts n/2 in all. It is evidence and
        no unit of its own: ten times the weight is ten lists that say the same, and is believed like ten.
    target : (p,) float64
        1 for a strict order, 0.5 for a tie. Any other number is the probability of the order: it is learned
        from as it is, says in `metrics.pair_accuracy` which of the rows is above, and nothing about a judge's
        flips. A 0, the opposite of a strict order, is turned round when it comes in: winner and loser change
        places, `shown_gap` its sign, and the target is 1.
    judge : (p,) array of str
        Who said so.
    shown_gap : (p,) float64
        Shown position of the loser minus that of the winner, over n-1, in [-1, 1]; positive when the
        winner was already shown higher. NaN where no order was shown.
    list_id : (p,) int64
        Which list the pair came from; pairs of one list are not independent of each other. Judges who were
        shown the same list may share its number.

    Raises
    ------
    InvalidPreferences
        Naming the column and the first wrong pair.
    """

    winner: Integers
    loser: Integers
    weight: Floats
    target: Floats
    judge: Objects
    shown_gap: Floats
    list_id: Integers

    def __post_init__(self) -> None:
        columns: dict[str, npt.NDArray[Any]] = {
            "winner": of.rows("winner", self.winner),
            "loser": of.rows("loser", self.loser),
            "weight": of.floats("weight", self.weight),
            "target": of.floats("target", self.target),
            "judge": of.names(self.judge),
            "shown_gap": of.floats("shown_gap", self.shown_gap),
            "list_id": of.integers("list_id", self.list_id),
        }
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InvalidPreferences(f"columns of unequal length: {lengths}; expected one entry per pair")
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        self._check_values()
        self._turn_round(self.target == 0)

    def _check_values(self) -> None:
        of.refuse(self.winner == self.loser, "winner", self.winner, "a row other than the loser")
        _refuse_weights(self.weight)
        target_ok = (self.target >= 0) & (self.target <= 1)
        of.refuse(~target_ok, "target", self.target, "a number from 0 to 1")
        gap_ok = np.isnan(self.shown_gap) | (np.abs(self.shown_gap) <= 1 + 1e-12)
        of.refuse(~gap_ok, "shown_gap", self.shown_gap, "NaN or a number from -1 to 1")

    def _turn_round(self, opposite: npt.NDArray[np.bool_]) -> None:
        """Make strict orders of those pairs: who examines judges and lists looks at winners over losers."""
        if not opposite.any():
            return
        changed: dict[str, npt.NDArray[Any]] = {
            "winner": np.where(opposite, self.loser, self.winner),
            "loser": np.where(opposite, self.winner, self.loser),
            "target": np.where(opposite, 1.0, self.target),
            "shown_gap": np.where(opposite, 0.0 - self.shown_gap, self.shown_gap),
        }
        for name, column in changed.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.winner)

    @classmethod
    def from_pairs(
        cls,
        *,
        winner: npt.ArrayLike,
        loser: npt.ArrayLike,
        judge: str | Iterable[str],
        weight: npt.ArrayLike | None = None,
        target: npt.ArrayLike | None = None,
        shown_gap: npt.ArrayLike | None = None,
        list_id: npt.ArrayLike | None = None,
    ) -> Preferences:
        """Pairs as they are; by default strict, of no shown order, each a list of its own.

        The default weight is 1/(n-1), with n the rows of the pair's list as its judge has it: as in
        `from_orders`, a list counts n/2. A pair that is a list of its own has 1.

        >>> Preferences.from_pairs(winner=[3, 5], loser=[4, 4], judge="ada").weight.tolist()
        [1.0, 1.0]
        >>> Preferences.from_pairs(winner=[3, 3, 4], loser=[4, 5, 5], judge="ada", list_id=0).weight.tolist()
        [0.5, 0.5, 0.5]
        >>> turned = Preferences.from_pairs(winner=[3], loser=[4], judge="ada", target=0, shown_gap=1)
        >>> turned.winner.tolist(), turned.loser.tolist(), turned.target.tolist(), turned.shown_gap.tolist()
        ([4], [3], [1.0], [-1.0])
        """
        n = np.asarray(winner).size
        made = cls(
            winner=of.unmasked(winner),
            loser=of.unmasked(loser),
            weight=of.spread(weight, n, 1.0),
            target=of.spread(target, n, 1.0),
            judge=of.judges(judge, n, "pair"),
            shown_gap=of.spread(shown_gap, n, np.nan),
            list_id=of.spread(np.arange(n) if list_id is None else list_id, n, 0),
        )
        if weight is not None or list_id is None or n == 0:
            return made
        weights = lists.list_weights((made.winner, made.loser), made.judges()[0], made.list_id)
        return made._with(weight=weights)

    @classmethod
    def from_orders(
        cls,
        orders: Sequence[Order],
        *,
        judge: str | Sequence[str],
        shown: Sequence[Order | None] | None = None,
        list_id: npt.ArrayLike | None = None,
    ) -> Preferences:
        """All pairs of every list (not only neighbours), w = 1/(n-1), rows of one tier tied at 0.5.

        Parameters
        ----------
        orders : lists, best first, of rows or of tiers (sequences of rows put level)
        judge : one name, or one for each list
        shown : for each list the rows in the order in which they were shown, or None
        list_id : number of each list, the same where several judges were shown the same one; 0, 1, 2, ...
            by default

        Notes
        -----
        All pairs, because breaking a ranking into neighbours only is not consistent for the
        Plackett-Luce model (Azari Soufiani et al., NIPS 2013). A list of fewer than two rows says nothing.
        """
        given, names, displays = lists.checked(orders, judge, shown)
        numbers = of.integers("list_id", np.arange(len(given)) if list_id is None else list_id)
        if len(numbers) != len(given):
            raise InvalidPreferences(f"{len(numbers)} list ids for {len(given)} lists; expected one a list")
        parts = [lists.order_pairs(*one) for one in zip(range(len(given)), given, displays, strict=True)]
        sizes = [len(part[0]) for part in parts]
        columns = zip(("winner", "loser", "weight", "target", "shown_gap"), _stacked(parts), strict=True)
        return cls(judge=np.repeat(names, sizes), list_id=np.repeat(numbers, sizes), **dict(columns))

    @classmethod
    def from_ratings(
        cls,
        *,
        rows: npt.ArrayLike,
        ratings: npt.ArrayLike,
        judge: str | Iterable[str],
        list_id: npt.ArrayLike,
    ) -> Preferences:
        """Higher rated over lower rated, within one list and judge only, w = 1/(n-1).

        Within one judge, because that cancels each judge's severity. Equal ratings give no pair: a step
        of a scale is too coarse to say "level", unlike a tie that somebody made.

        >>> pairs = Preferences.from_ratings(rows=[0, 1, 2], ratings=[5, 2, 2], judge="a", list_id=[7, 7, 7])
        >>> pairs.winner.tolist(), pairs.loser.tolist(), pairs.list_id.tolist()
        ([0, 0], [1, 2], [7, 7])
        """
        row = of.rows("rows", rows)
        rating = of.floats("ratings", ratings)
        name = of.names(of.judges(judge, len(row), "rating"))
        number = of.integers("list_id", of.spread(list_id, len(row), 0))
        if not len(row) == len(rating) == len(name) == len(number):
            raise InvalidPreferences(
                "rows, ratings, judge and list_id of unequal length; expected one entry per rating"
            )
        of.refuse(~np.isfinite(rating), "ratings", rating, "a finite number; leave an unrated row out")
        rated = pd.DataFrame({"row": row, "rating": rating, "judge": name, "list_id": number})
        return cls.from_pairs(**lists.rating_pairs(rated))

    @classmethod
    def concat(cls, parts: Sequence[Preferences], *, same_lists: bool = False) -> Preferences:
        """The pairs of all parts, one after the other; lists of different parts stay different lists.

        Every table numbers its lists from 0 unless told otherwise, so the list ids of a part are moved beyond
        those of the parts before it; ids that lie beyond already stay. With `same_lists` all are kept, and
        lists of one number are one list: for the parts of a table that was taken apart.

        >>> day = Preferences.from_orders([[0, 1]], judge="ada")
        >>> Preferences.concat([day, day]).list_id.tolist()
        [0, 1]
        >>> Preferences.concat([day, day], same_lists=True).list_id.tolist()
        [0, 0]
        """
        odd = [one for one in lists.listed("parts", parts) if not isinstance(one, Preferences)]
        if odd:
            raise InvalidPreferences(f"one of the parts is a {type(odd[0]).__name__}; expected Preferences")
        if not len(parts):
            return cls.from_pairs(winner=[], loser=[], judge=[])
        columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(cls)}
        if not same_lists:
            columns["list_id"] = lists.apart(columns["list_id"])
        return cls._known({name: np.concatenate(column) for name, column in columns.items()})

    @classmethod
    def _known(cls, columns: dict[str, npt.NDArray[Any]]) -> Preferences:
        """Of columns that were checked before: a million judges are not named anew for every fold."""
        made = object.__new__(cls)
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(made, name, column)
        return made

    def _with(self, **changed: npt.NDArray[Any]) -> Preferences:
        """The pairs with columns of known worth instead of their own."""
        return Preferences._known({f.name: getattr(self, f.name) for f in fields(self)} | changed)

    def __reduce__(self) -> tuple[Callable[..., Preferences], tuple[dict[str, npt.NDArray[Any]]]]:
        """Copies and unpickled pairs cannot be changed either."""
        return Preferences._known, ({f.name: getattr(self, f.name) for f in fields(self)},)

    def weighted(self, factor: npt.ArrayLike) -> Preferences:
        """The pairs with their weights times one factor, or (p,) of them, none negative.

        Raises InvalidPreferences for other factors and for weights beyond those of a pair.

        >>> pairs = Preferences.from_pairs(winner=[3], loser=[4], judge="ada")
        >>> pairs.weighted(np.array([2])).weight.tolist()
        [2.0]
        """
        factors = of.one_dimensional("factor", of.floats("factor", of.spread(factor, len(self), 1.0)))
        if len(factors) != len(self):
            raise InvalidPreferences(
                f"{len(factors)} factors for {len(self)} pairs; expected one, or one each"
            )
        of.refuse(~(factors >= 0), "factor", factors, "a number that is not negative")
        weight = self.weight * factors
        _refuse_weights(weight)
        return self._with(weight=weight)

    def check(self, n_rows: int, queries: npt.ArrayLike | None = None) -> Preferences:
        """Hold the pairs against a table of `n_rows` rows and, if given, the query of each row.

        Returns the pairs themselves; raises `InvalidPreferences` for a row out of range or a pair
        whose rows answer different queries.
        """
        for column in ("winner", "loser"):
            rows = getattr(self, column)
            of.refuse(rows >= n_rows, column, rows, f"a row from 0 to {n_rows - 1}")
        if queries is None:
            return self
        keys = of.as_given(queries)
        if keys.shape != (n_rows,):
            raise InvalidPreferences(
                f"queries has shape {keys.shape}; expected one entry for each of {n_rows} rows"
            )
        across = np.flatnonzero(keys[self.winner] != keys[self.loser])
        if len(across):
            first = across[0]
            left, right = str(keys[self.winner[first]]), str(keys[self.loser[first]])
            raise InvalidPreferences(f"pair {first} joins queries {left!r} and {right!r}; expected one query")
        return self

    def take(self, mask_or_index: npt.ArrayLike) -> Preferences:
        """The pairs at a boolean mask or at positions, in that order.

        Raises InvalidPreferences for a mask of another length and a position that there is not.
        """
        chosen = np.asarray(mask_or_index)
        if chosen.size == 0:
            chosen = chosen.astype(np.int64)
        of.refuse_places(chosen, len(self))
        return Preferences._known({f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def part(self, block: slice) -> Preferences:
        """Neighbouring pairs, as a view: nothing is copied."""
        return Preferences._known({f.name: getattr(self, f.name)[block] for f in fields(self)})

    def judges(self) -> tuple[Integers, tuple[str, ...]]:
        """(p,) code of each pair's judge, and the judges' names in alphabetical order."""
        return self._judges

    def lists_by_judge(self) -> Integers:
        """(judges,) number of lists of each judge, in the order of `judges`; a list is one judge's.

        >>> Preferences.from_pairs(winner=[0, 1, 0], loser=[1, 0, 1], judge=["b", "a", "b"]).lists_by_judge()
        array([1, 2])
        """
        codes, names = self.judges()
        each = pd.DataFrame({"judge": codes, "list": self.list_id}).drop_duplicates()
        return np.bincount(each["judge"].to_numpy(), minlength=len(names)).astype(np.int64)

    @cached_property
    def _judges(self) -> tuple[Integers, tuple[str, ...]]:
        codes, names = pd.factorize(self.judge, sort=True)
        codes = codes.astype(np.int64)
        codes.flags.writeable = False
        return codes, tuple(str(name) for name in names)


def _refuse_weights(weight: Floats) -> None:
    within = (weight >= 0) & (weight <= MOST_WEIGHT)
    of.refuse(~within, "weight", weight, f"a number from 0 to {MOST_WEIGHT:.0f}")


def _stacked(parts: Sequence[lists.ListColumns]) -> list[npt.NDArray[Any]]:
    """The columns of all lists, each in one piece; of the right kind without any list as well."""
    nothing = lists.order_pairs(0, [], None)
    return [np.concatenate(column) for column in zip(nothing, *parts, strict=True)]
