"""One line a judge and row, as agreement is measured: of pairs, from which orders they came, or as given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import is_key, query_keys
from ranking.ltr.columns import as_given
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Integers, Preferences

COLUMNS = ("list_id", "judge", "row", "rank")
OPTIONAL = ("rating", "query", "occasion")
ONE_ORDER = (
    "expected all pairs of one order, as from_orders and from_ratings make them; a judge's second order of a "
    "list needs a table of lines with `occasion`"
)


def judged_lines(preferences: Preferences, *, queries: npt.ArrayLike | None = None) -> pd.DataFrame:
    """One line for each list, judge and row, with its rank from 1: the input of `measure_agreement`.

    Parameters
    ----------
    preferences : all pairs of every order; judges who were shown the same list share its `list_id`, and each
        has it in one order: a second one needs a table with `occasion`, as `measure_agreement` takes
    queries : (rows,) query of each row, so that lists of one query are drawn again together

    Raises
    ------
    InvalidPreferences
        Naming the list and judge whose pairs come from no one order (a circle, missing pairs, two orders),
        or the pair that is neither strict nor tied.

    >>> pairs = Preferences.from_orders([[2, [0, 1]], [1, 0]], judge=["ada", "bob"], list_id=[7, 7])
    >>> judged_lines(pairs).values.tolist()
    [[7, 'ada', 0, 2], [7, 'ada', 1, 2], [7, 'ada', 2, 1], [7, 'bob', 0, 2], [7, 'bob', 1, 1]]
    """
    soft = np.flatnonzero(~np.isin(preferences.target, (0.5, 1.0)))
    if len(soft):
        value = preferences.target[soft[0]]
        raise InvalidPreferences(f"pair {soft[0]}: target is {value}; expected 1 or, for a tie, 0.5")
    pairs = _pairs(preferences)
    lines = _lines(pairs)
    _check_orders(pairs, lines)
    lines = lines[["list_id", "judge", "row", "rank"]]
    if queries is None:
        return lines
    keys = query_keys(queries, len(as_given(queries)), InvalidPreferences)
    preferences.check(len(keys), keys)
    return lines.assign(query=keys[lines["row"].to_numpy()])


def _pairs(preferences: Preferences) -> pd.DataFrame:
    """Each pair of a list and judge once: the upper row, the lower one, and whether they are level."""
    level = preferences.target == 0.5
    winner, loser = preferences.winner, preferences.loser
    table = pd.DataFrame(
        {
            "list_id": preferences.list_id,
            "judge": preferences.judge,
            "over": np.where(level, np.minimum(winner, loser), winner),
            "under": np.where(level, np.maximum(winner, loser), loser),
            "level": level,
        }
    ).drop_duplicates()
    return table.assign(group=table.groupby(["list_id", "judge"]).ngroup()).reset_index(drop=True)


def _lines(pairs: pd.DataFrame) -> pd.DataFrame:
    """The rows of each list and judge; a row's rank is one more than the rows that are above it."""
    sides = [
        pairs.assign(row=pairs["over"], above=0),
        pairs.assign(row=pairs["under"], above=(~pairs["level"]).astype(np.int64)),
    ]
    above = pd.concat(sides).groupby(["list_id", "judge", "row", "group"])["above"].sum()
    return (above + 1).rename("rank").reset_index()


def _check_orders(pairs: pd.DataFrame, lines: pd.DataFrame) -> None:
    """Every pair agrees with the ranks, and every two rows of different rank have a pair."""
    if not len(pairs):
        return
    rank = lines.set_index(["group", "row"])["rank"]
    over, under = (
        rank.loc[pd.MultiIndex.from_frame(pairs[["group", side]])].to_numpy() for side in ("over", "under")
    )
    against = np.where(pairs["level"], over != under, over >= under)
    groups = int(pairs["group"].max()) + 1
    wrong = np.bincount(pairs["group"], against, groups) > 0
    strict = np.bincount(pairs["group"], ~pairs["level"], groups)
    wrong |= strict != _unequal(lines, groups)
    if wrong.any():
        first = lines[lines["group"] == np.flatnonzero(wrong)[0]].iloc[0]
        raise InvalidPreferences(
            f"list {first['list_id']}, judge {first['judge']!r}: its pairs make no one order; {ONE_ORDER}"
        )


def _unequal(lines: pd.DataFrame, groups: int) -> Integers:
    """(groups,) number of pairs of rows of different rank."""
    rows = np.bincount(lines["group"], minlength=groups)
    tied = lines.groupby(["group", "rank"]).size()
    level = np.bincount(tied.index.get_level_values("group"), tied * (tied - 1) // 2, groups)
    return np.asarray(rows * (rows - 1) // 2 - level, dtype=np.int64)


def checked_lines(judged: pd.DataFrame | Preferences) -> pd.DataFrame:
    """The table with every column, and `turn`: 0 for a judge's first occasion of a list, then 1, 2, ..."""
    if isinstance(judged, Preferences):
        judged = judged_lines(judged)
    if not isinstance(judged, pd.DataFrame):
        kind = type(judged).__name__
        raise InvalidPreferences(f"what was judged is a {kind}; expected a table of lines, or Preferences")
    missing = [name for name in COLUMNS if name not in judged.columns]
    if missing:
        raise InvalidPreferences(f"no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    table = judged.reset_index(drop=True)
    for name in (*COLUMNS, *OPTIONAL):
        if list(table.columns).count(name) > 1:
            raise InvalidPreferences(f"column {name!r} occurs more than once; expected it once")
    table = table.assign(
        judge=table["judge"].astype(str),
        rank=_numbers(table, "rank"),
        rating=_numbers(table, "rating") if "rating" in table else np.nan,
        query=table["query"] if "query" in table else table["list_id"],
        occasion=table.get("occasion", 0),
    )
    for name in ("list_id", "judge", "row", "query", "occasion"):
        _refuse_what_is_no_key(table[name], name)
        _refuse(judged[name].isna() if name in judged else table[name].isna(), name, "is missing")
    twice = table.duplicated(["list_id", "judge", "occasion", "row"])
    _refuse(twice, "row", "stands twice in a list of one judge and occasion")
    spread = table.groupby("list_id", sort=False)["query"].transform("nunique") > 1
    _refuse(spread, "query", "differs within a list")
    try:
        turn = table.groupby(["list_id", "judge"], sort=False)["occasion"].rank(method="dense") - 1
    except TypeError:
        raise InvalidPreferences("occasion mixes what has no order, such as numbers and text") from None
    return table.assign(turn=turn.astype(int))


def _numbers(table: pd.DataFrame, name: str) -> pd.Series[float]:
    numbers = pd.to_numeric(table[name], errors="coerce").astype(np.float64)
    _refuse((numbers.isna() & table[name].notna()) | np.isinf(numbers), name, "is not a finite number")
    return numbers


def _refuse_what_is_no_key(column: pd.Series[Any], name: str) -> None:
    try:
        pd.factorize(column)
    except TypeError:
        _refuse(~column.map(is_key).astype(bool), name, "is a list or the like; expected a key")
        raise


def _refuse(wrong: pd.Series[bool], name: str, what: str) -> None:
    places = np.flatnonzero(wrong.to_numpy())
    if len(places):
        raise InvalidPreferences(f"{name} of line {places[0]} {what}")
