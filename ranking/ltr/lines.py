"""From pairs back to the orders that they came from: one line a judge and row, as agreement is measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import query_keys
from ranking.ltr.columns import as_given
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Integers, Preferences

ONE_ORDER = "expected all pairs of one order, as from_orders and from_ratings make them"


def judged_lines(preferences: Preferences, *, queries: npt.ArrayLike | None = None) -> pd.DataFrame:
    """One line for each list, judge and row, with its rank from 1: the input of `measure_agreement`.

    Parameters
    ----------
    preferences : all pairs of every order; judges who were shown the same list share its `list_id`
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
