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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.errors import InvalidPreferences

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Order = Sequence[Any]
"""A list best first; each entry is a row, or a tier: a sequence of rows put level."""


@dataclass(frozen=True, eq=False)
class Preferences:
    """Pairs of rows of one feature table, as equal-length read-only columns.

    Attributes
    ----------
    winner, loser : (p,) int64
        Row positions; the expert put `winner` above `loser`.
    weight : (p,) float64
        Not negative; 1/(n-1) for a pair of a list of n, so that a list counts n/2 in all.
    target : (p,) float64
        1 for a strict order, 0.5 for a tie, a probability for a distillation pair.
    judge : (p,) array of str
        Who said so.
    shown_gap : (p,) float64
        Shown position of the loser minus that of the winner, over n-1, in [-1, 1]; positive when the
        winner was already shown higher. NaN where no order was shown.
    list_id : (p,) int64
        Which list the pair came from; pairs of one list are not independent of each other.

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
            "winner": _rows("winner", self.winner),
            "loser": _rows("loser", self.loser),
            "weight": _floats("weight", self.weight),
            "target": _floats("target", self.target),
            "judge": _names(self.judge),
            "shown_gap": _floats("shown_gap", self.shown_gap),
            "list_id": _integers("list_id", self.list_id),
        }
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InvalidPreferences(f"columns of unequal length: {lengths}; expected one entry per pair")
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        self._check_values()

    def _check_values(self) -> None:
        _refuse(self.winner == self.loser, "winner", self.winner, "a row other than the loser")
        weight_ok = np.isfinite(self.weight) & (self.weight >= 0)
        _refuse(~weight_ok, "weight", self.weight, "a finite number that is not negative")
        target_ok = (self.target >= 0) & (self.target <= 1)
        _refuse(~target_ok, "target", self.target, "a number from 0 to 1")
        gap_ok = np.isnan(self.shown_gap) | (np.abs(self.shown_gap) <= 1 + 1e-12)
        _refuse(~gap_ok, "shown_gap", self.shown_gap, "NaN or a number from -1 to 1")

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
        """Pairs as they are; by default strict, of weight 1, each a list of its own.

        >>> len(Preferences.from_pairs(winner=[3, 5], loser=[4, 4], judge="ada"))
        2
        """
        n = np.asarray(winner).size
        return cls(
            winner=np.asarray(winner),
            loser=np.asarray(loser),
            weight=_spread(weight, n, 1.0),
            target=_spread(target, n, 1.0),
            judge=np.full(n, judge, dtype=object) if isinstance(judge, str) else _object_array(judge),
            shown_gap=_spread(shown_gap, n, np.nan),
            list_id=_spread(np.arange(n) if list_id is None else list_id, n, 0),
        )

    @classmethod
    def from_orders(
        cls,
        orders: Sequence[Order],
        *,
        judge: str | Sequence[str],
        shown: Sequence[Order | None] | None = None,
    ) -> Preferences:
        """All pairs of every list (not only neighbours), w = 1/(n-1), rows of one tier tied at 0.5.

        Parameters
        ----------
        orders : lists, best first, of rows or of tiers (sequences of rows put level)
        judge : one name, or one for each list
        shown : for each list the rows in the order in which they were shown, or None

        Notes
        -----
        All pairs, because breaking a ranking into neighbours only is not consistent for the
        Plackett-Luce model (Azari Soufiani et al., NIPS 2013). A list of fewer than two rows says nothing.
        """
        _check_per_list(orders, judge, shown)
        parts = [
            _order_pairs(number, order, None if shown is None else shown[number])
            for number, order in enumerate(orders)
        ]
        sizes = [len(part) for part in parts]
        table = np.concatenate([np.empty((0, 5)), *parts])
        names = [judge] * len(sizes) if isinstance(judge, str) else list(judge)
        return cls(
            winner=table[:, 0].astype(np.int64),
            loser=table[:, 1].astype(np.int64),
            weight=table[:, 2],
            target=table[:, 3],
            judge=np.repeat(_object_array(names), sizes),
            shown_gap=table[:, 4],
            list_id=np.repeat(np.arange(len(sizes)), sizes),
        )

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
        row = _rows("rows", rows)
        rating = _floats("ratings", ratings)
        name = _names(
            np.full(len(row), judge, dtype=object) if isinstance(judge, str) else _object_array(judge)
        )
        lists = _integers("list_id", list_id)
        if not len(row) == len(rating) == len(name) == len(lists):
            raise InvalidPreferences(
                "rows, ratings, judge and list_id of unequal length; expected one entry per rating"
            )
        _refuse(~np.isfinite(rating), "ratings", rating, "a finite number; leave an unrated row out")
        rated = pd.DataFrame({"row": row, "rating": rating, "judge": name, "list_id": lists})
        return _rating_pairs(rated)

    @classmethod
    def concat(cls, parts: Sequence[Preferences]) -> Preferences:
        """The pairs of all parts, one after the other; list ids are kept as they are."""
        if not parts:
            return cls.from_pairs(winner=[], loser=[], judge=[])
        return cls._known(
            {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)}
        )

    @classmethod
    def _known(cls, columns: dict[str, npt.NDArray[Any]]) -> Preferences:
        """Of columns that were checked before: a million judges are not named anew for every fold."""
        made = object.__new__(cls)
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(made, name, column)
        return made

    def check(self, n_rows: int, queries: npt.ArrayLike | None = None) -> Preferences:
        """Hold the pairs against a table of `n_rows` rows and, if given, the query of each row.

        Returns the pairs themselves; raises `InvalidPreferences` for a row out of range or a pair
        whose rows answer different queries.
        """
        for column in ("winner", "loser"):
            rows = getattr(self, column)
            _refuse(rows >= n_rows, column, rows, f"a row from 0 to {n_rows - 1}")
        if queries is None:
            return self
        keys = np.asarray(queries)
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
        """The pairs at a boolean mask or at positions, in that order."""
        chosen = np.asarray(mask_or_index)
        if chosen.size == 0:
            chosen = chosen.astype(np.int64)
        return Preferences._known({f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def judges(self) -> tuple[Integers, tuple[str, ...]]:
        """(p,) code of each pair's judge, and the judges' names in alphabetical order."""
        return self._judges

    @cached_property
    def _judges(self) -> tuple[Integers, tuple[str, ...]]:
        codes, names = pd.factorize(self.judge, sort=True)
        codes = codes.astype(np.int64)
        codes.flags.writeable = False
        return codes, tuple(str(name) for name in names)


def _order_pairs(number: int, order: Order, shown: Order | None) -> Floats:
    """(p, 5) table of one list: winner, loser, weight, target, shown gap."""
    tiers = [list(np.atleast_1d(np.asarray(tier))) for tier in order]
    placed = [(row, place) for place, tier in enumerate(tiers) for row in tier]
    rows = [row for row, _ in placed]
    if len(set(rows)) < len(rows):
        raise InvalidPreferences(f"list {number} names a row twice: {rows}; expected each row once")
    gaps = _shown_positions(number, rows, shown)
    weight = 1 / max(len(rows) - 1, 1)
    table = [
        (over, under, weight, 0.5 if place == other else 1.0, gaps[under] - gaps[over])
        for (over, place), (under, other) in combinations(placed, 2)
    ]
    return np.asarray(table, dtype=np.float64).reshape(-1, 5)


def _shown_positions(number: int, rows: list[Any], shown: Order | None) -> dict[Any, float]:
    """Each row's shown position over n-1; NaN where no order was shown."""
    if shown is None:
        return dict.fromkeys(rows, np.nan)
    if len(set(shown)) < len(shown) or not set(rows) <= set(shown):
        raise InvalidPreferences(
            f"list {number} was shown as {list(shown)}; expected the rows {rows}, each once"
        )
    return {row: position / max(len(shown) - 1, 1) for position, row in enumerate(shown)}


def _rating_pairs(rated: pd.DataFrame) -> Preferences:
    """All pairs of unequal rating within each list and judge."""
    group = ["list_id", "judge"]
    twice = rated[rated.duplicated([*group, "row"])]
    if len(twice):
        first = twice.iloc[0]
        raise InvalidPreferences(
            f"list {first['list_id']}: judge {first['judge']!r} rates row {first['row']} twice; expected once"
        )
    rated = rated.assign(n=rated.groupby(group)["row"].transform("size"))
    pairs = rated.merge(rated[[*group, "row", "rating"]], on=group, suffixes=("", "_loser"))
    pairs = pairs[pairs["rating"] > pairs["rating_loser"]]
    return Preferences.from_pairs(
        winner=pairs["row"].to_numpy(),
        loser=pairs["row_loser"].to_numpy(),
        judge=pairs["judge"].to_numpy(),
        weight=1 / (pairs["n"].to_numpy() - 1),
        list_id=pairs["list_id"].to_numpy(),
    )


def _check_per_list(
    orders: Sequence[Order], judge: str | Sequence[str], shown: Sequence[Order | None] | None
) -> None:
    if not isinstance(judge, str) and len(judge) != len(orders):
        raise InvalidPreferences(
            f"{len(judge)} judges for {len(orders)} lists; expected one name, or one a list"
        )
    if shown is not None and len(shown) != len(orders):
        raise InvalidPreferences(f"{len(shown)} shown orders for {len(orders)} lists; expected one a list")


def _refuse(wrong: npt.NDArray[np.bool_], column: str, values: npt.NDArray[Any], expected: str) -> None:
    places = np.flatnonzero(wrong)
    if len(places):
        first = places[0]
        raise InvalidPreferences(f"pair {first}: {column} is {values[first]}; expected {expected}")


def _floats(column: str, values: npt.ArrayLike) -> Floats:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidPreferences(f"{column} is not numeric ({error}); expected numbers") from None
    return _one_dimensional(column, array)


def _integers(column: str, values: npt.ArrayLike) -> Integers:
    array = np.asarray(values)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        whole = _floats(column, array)
        _refuse(~np.isfinite(whole) | (whole != np.floor(whole)), column, whole, "a whole number")
    return _one_dimensional(column, array.astype(np.int64))


def _rows(column: str, values: npt.ArrayLike) -> Integers:
    rows = _integers(column, values)
    _refuse(rows < 0, column, rows, "a row position, 0 or more")
    return rows


def _names(values: npt.ArrayLike) -> Objects:
    """Judges as str objects that are shared, so that ten million pairs cost one pointer each."""
    array = _one_dimensional("judge", np.asarray(values, dtype=object))
    codes, names = pd.factorize(array, use_na_sentinel=True)
    _refuse(codes < 0, "judge", array, "a name")
    shared = np.empty(len(names), dtype=object)
    shared[:] = [str(name) for name in names]
    return shared[codes]


def _object_array(values: Iterable[Any]) -> Objects:
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _spread(values: npt.ArrayLike | None, n: int, default: float) -> npt.NDArray[Any]:
    """One number for all pairs, or one each."""
    array = np.asarray(default if values is None else values)
    return np.full(n, array) if array.ndim == 0 else array


def _one_dimensional(column: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.ndim != 1:
        raise InvalidPreferences(f"{column} has {array.ndim} dimensions; expected one entry per pair")
    return array
