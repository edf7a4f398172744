"""Lists as people put them in order, checked and taken apart into pairs, column by column.

Does *not* know weights of judges or models: `ranking.ltr.preferences` holds what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.columns import Floats, Integers, Objects, judges
from ranking.ltr.errors import InvalidPreferences

Order = Sequence[Any]
"""A list best first; each entry is a row, or a tier: a sequence of rows put level."""

ListColumns = tuple[Integers, Integers, Floats, Floats, Floats]
"""Of one list: winner, loser, weight, target, shown gap."""


def listed(what: str, values: Any) -> list[Any]:
    """A list, tuple, array or Series as a list. Raises InvalidPreferences for what has no order or no length.

    >>> listed("orders", np.array([2, 1]))
    [2, 1]
    """
    if isinstance(values, np.ndarray | pd.Series | pd.Index):
        return list(values.tolist())
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return list(values)
    raise InvalidPreferences(f"{what} is {_shown(values)}; expected a list")


def checked(
    orders: Sequence[Order], judge: str | Sequence[str], shown: Sequence[Order | None] | None
) -> tuple[list[Any], Objects, list[Any]]:
    """The arguments of `Preferences.from_orders`, as many of each; a shown order is None if not known."""
    lists = listed("orders", orders)
    names = judges(judge, len(lists), "list")
    if len(names) != len(lists):
        raise InvalidPreferences(
            f"{len(names)} judges for {len(lists)} lists; expected one name, or one a list"
        )
    nameless = np.flatnonzero(pd.isna(names))
    if len(nameless):
        raise InvalidPreferences(f"list {nameless[0]}: judge is {names[nameless[0]]}; expected a name")
    displays = [None] * len(lists) if shown is None else listed("shown", shown)
    if len(displays) != len(lists):
        raise InvalidPreferences(f"{len(displays)} shown orders for {len(lists)} lists; expected one a list")
    return lists, names, displays


def order_pairs(number: int, order: Order, shown: Order | None) -> ListColumns:
    """All pairs of one list, each of weight 1/(n-1), row by row from the best down."""
    rows, place = _placed(number, order)
    n = len(rows)
    position = _shown_positions(number, rows, shown)
    over, under = np.triu_indices(n, 1)
    target = np.where(place[over] == place[under], 0.5, 1.0)
    weight = np.full(len(over), 1 / max(n - 1, 1))
    return rows[over], rows[under], weight, target, position[under] - position[over]


def _placed(number: int, order: Order) -> tuple[Integers, Integers]:
    """(n,) rows of a list from the best down, and the (n,) tier of each."""
    rows: list[int] = []
    places: list[int] = []
    for place, entry in enumerate(listed(f"list {number}", order)):
        where = f"list {number}, entry {place}"
        tier = listed(where, entry) if _is_tier(entry) else [entry]
        rows += [_row(where, row) for row in tier]
        places += [place] * len(tier)
    if len(set(rows)) < len(rows):
        raise InvalidPreferences(f"list {number} names a row twice: {rows}; expected each row once")
    return np.array(rows, dtype=np.int64), np.array(places, dtype=np.int64)


def _is_tier(entry: Any) -> bool:
    if isinstance(entry, np.ndarray):
        return entry.ndim > 0
    return isinstance(entry, Sequence | pd.Series | pd.Index) and not isinstance(entry, str | bytes)


def _row(where: str, row: Any) -> int:
    """A row position: text, a fraction and a missing value would else point at some other row."""
    if isinstance(row, np.ndarray) and row.ndim == 0:
        row = row.item()
    whole = isinstance(row, Real) and not isinstance(row, bool | np.bool_) and row == row
    if not whole or not 0 <= row < 2**63 or row != int(row):
        raise InvalidPreferences(f"{where} is {_shown(row)}; expected a row, a whole number from 0")
    return int(row)


def _shown_positions(number: int, rows: Integers, shown: Order | None) -> Floats:
    """(n,) shown position of each row over one less than were shown; NaN where no order was shown."""
    if shown is None:
        return np.full(len(rows), np.nan)
    what = f"shown order of list {number}"
    display = [_row(f"{what}, entry {place}", row) for place, row in enumerate(listed(what, shown))]
    where = {row: place for place, row in enumerate(display)}
    if len(where) < len(display) or not where.keys() >= set(rows.tolist()):
        raise InvalidPreferences(
            f"list {number} was shown as {display}; expected the rows {rows.tolist()}, each once"
        )
    return np.array([where[row] for row in rows.tolist()], dtype=np.float64) / max(len(display) - 1, 1)


def rating_pairs(rated: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """All pairs of unequal rating within each list and judge, as arguments of `Preferences.from_pairs`."""
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
    return {
        "winner": pairs["row"].to_numpy(),
        "loser": pairs["row_loser"].to_numpy(),
        "judge": pairs["judge"].to_numpy(),
        "weight": 1 / (pairs["n"].to_numpy() - 1),
        "list_id": pairs["list_id"].to_numpy(),
    }


def list_weights(rows: tuple[Integers, Integers], judge: Integers, list_id: Integers) -> Floats:
    """(p,) 1/(n-1) of each pair, n being the rows of its list as its judge has it.

    >>> winner, loser = np.array([0, 0, 1]), np.array([1, 2, 2])
    >>> list_weights((winner, loser), np.zeros(3, int), np.array([7, 7, 7])).tolist()
    [0.5, 0.5, 0.5]
    """
    group = pd.DataFrame({"list": list_id, "judge": judge}).groupby(["list", "judge"]).ngroup().to_numpy()
    members = pd.DataFrame({"group": np.tile(group, 2), "row": np.concatenate(rows)}).drop_duplicates()
    size = np.bincount(members["group"].to_numpy(), minlength=1)
    return np.asarray(1 / (size[group] - 1), dtype=np.float64)


def apart(lists: Sequence[Integers]) -> list[Integers]:
    """List ids of several tables so that no two tables share one: moved beyond those of the tables before.

    Ids that lie beyond already, and those of the first table, stay.

    >>> [ids.tolist() for ids in apart([np.array([0, 1]), np.array([0, 0, 1]), np.array([9])])]
    [[0, 1], [2, 2, 3], [9]]
    """
    found, free = [], None
    for ids in lists:
        if len(ids):
            low, high = int(ids.min()), int(ids.max())
            move = 0 if free is None else max(0, free - low)
            if high + move >= np.iinfo(np.int64).max:  # hashes: numbered anew, since no number lies beyond
                return apart([np.unique(one, return_inverse=True)[1] for one in lists])
            ids, free = ids + move, high + move + 1
        found.append(ids)
    return found


def _shown(value: Any) -> str:
    """A value in an error message: itself if it is short, else its kind."""
    said = repr(value)
    return said if len(said) <= 40 and not isinstance(value, Iterable) else _of_kind(value, said)


def _of_kind(value: Any, said: str) -> str:
    kind = type(value).__name__
    return f"the {kind} {said}" if len(said) <= 40 and isinstance(value, str | bytes | set) else f"a {kind}"
