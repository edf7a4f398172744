"""Reading a frozen training set: the two tables, checked against each other before anything is learned.

`rows`: `row` (0..n-1), `query`, `item`, `label` (NaN if none), `held_out`, `segment:<name>`,
`protected:<name>`, `f:<feature>`.
`pairs`: the columns of `Preferences` and `session`, `origin`, `randomised`, `held_out`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import feature_matrix
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.preferences import Floats, Objects, Preferences

FEATURE_PREFIX = "f:"
SEGMENT_PREFIX = "segment:"
PROTECTED_PREFIX = "protected:"
ROW_COLUMNS = ("row", "query", "item", "label", "held_out")
PAIR_COLUMNS = (
    "winner",
    "loser",
    "weight",
    "target",
    "judge",
    "shown_gap",
    "list_id",
    "origin",
    "randomised",
    "held_out",
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FeatureColumn:
    """One feature as training needs to know it; `monotone` is 1, -1 or 0."""

    name: str
    label: str = ""
    monotone: int = 0
    categorical: bool = False


@dataclass(frozen=True, eq=False)
class Rows:
    """The candidates of a training set.

    Attributes
    ----------
    features : (n, d) float64, columns by feature name
    queries : (n,) str
    labels : (n,) float64, NaN where nobody graded
    held_out : (n,) bool, one value for each query
    segments : name -> (n,) str
    protected : name of a protected attribute -> (n,) str, the group of each row
    items : (n,) str, key of the item of each row
    """

    features: pd.DataFrame
    queries: Objects
    labels: Floats
    held_out: Mask
    segments: dict[str, Objects]
    protected: dict[str, Objects] = field(default_factory=dict)
    items: Objects = field(default_factory=lambda: np.empty(0, dtype=object))

    def __len__(self) -> int:
        return len(self.queries)


@dataclass(frozen=True, eq=False)
class Pairs:
    """The judged pairs of a training set; `randomised`: the slate was shown in random order."""

    preferences: Preferences
    origin: Objects
    randomised: Mask
    held_out: Mask

    def without(self, judges: Collection[str]) -> Pairs:
        """All pairs but those of some judges."""
        kept = ~np.isin(self.preferences.judge, list(judges))
        return Pairs(
            self.preferences.take(kept), self.origin[kept], self.randomised[kept], self.held_out[kept]
        )


def read_rows(table: pd.DataFrame, columns: Sequence[FeatureColumn]) -> Rows:
    """Check and take apart the table of rows. Raises InvalidFeatures, InvalidPreferences by name."""
    if not columns:
        raise InvalidFeatures("no features; expected at least one")
    features = pd.DataFrame(
        {column.name: _needed(table, FEATURE_PREFIX + column.name, "rows") for column in columns}
    )
    plain = {name: _needed(table, name, "rows") for name in ROW_COLUMNS}
    if not np.array_equal(plain["row"].to_numpy(), np.arange(len(table))):
        raise InvalidFeatures("column 'row' of rows is not 0, 1, 2, ...; expected the rows in order")
    feature_matrix(features)
    rows = Rows(
        features=features.astype(np.float64).reset_index(drop=True),
        queries=_texts(plain["query"], "query of rows"),
        labels=_labels(plain["label"]),
        held_out=_booleans(plain["held_out"], "held_out of rows"),
        segments=_prefixed(table, SEGMENT_PREFIX),
        protected=_prefixed(table, PROTECTED_PREFIX),
        items=_texts(plain["item"], "item of rows"),
    )
    split = pd.Series(rows.held_out).groupby(rows.queries).nunique()
    if (split > 1).any():
        raise InvalidPreferences(
            f"query {split.idxmax()!r} is held out in some rows only; expected all or none"
        )
    return rows


def read_pairs(table: pd.DataFrame, rows: Rows) -> Pairs:
    """Check the table of pairs against the rows. Raises InvalidPreferences by column and pair."""
    plain = {name: _needed(table, name, "pairs") for name in PAIR_COLUMNS}
    preferences = Preferences.from_pairs(
        judge=plain["judge"].to_numpy(dtype=object),
        **{
            name: plain[name].to_numpy()
            for name in ("winner", "loser", "weight", "target", "shown_gap", "list_id")
        },
    ).check(len(rows), rows.queries)
    pairs = Pairs(
        preferences=preferences,
        origin=_texts(plain["origin"], "origin of pairs"),
        randomised=_booleans(plain["randomised"], "randomised of pairs"),
        held_out=_booleans(plain["held_out"], "held_out of pairs"),
    )
    astray = np.flatnonzero(pairs.held_out != rows.held_out[preferences.winner])
    if len(astray):
        query = rows.queries[preferences.winner[astray[0]]]
        raise InvalidPreferences(
            f"pair {astray[0]}: held_out is {pairs.held_out[astray[0]]}; expected that of its query {query!r}"
        )
    return pairs


def refuse_held_out(preferences: Preferences, rows: Rows) -> Preferences:
    """The pairs themselves, if none touches a held-out row: the last door before training."""
    touched = rows.held_out[preferences.winner] | rows.held_out[preferences.loser]
    if touched.any():
        query = rows.queries[preferences.winner[np.flatnonzero(touched)[0]]]
        raise InvalidPreferences(f"query {query!r} is held out; expected no pair of it in training")
    return preferences


def _needed(table: pd.DataFrame, name: str, which: str) -> pd.Series[Any]:
    if name not in table.columns:
        raise InvalidFeatures(f"the table of {which} has no column {name!r}; it has {list(table.columns)}")
    column = table[name]
    if isinstance(column, pd.DataFrame):
        raise InvalidFeatures(f"the table of {which} has column {name!r} twice; expected once")
    return column


def _prefixed(table: pd.DataFrame, prefix: str) -> dict[str, Objects]:
    """The columns of one prefix by what follows it; a missing value is the empty text."""
    return {
        str(name).removeprefix(prefix): _texts(table[name].fillna(""), str(name))
        for name in table.columns
        if str(name).startswith(prefix)
    }


def _texts(column: pd.Series[Any], what: str) -> Objects:
    missing = np.flatnonzero(column.isna().to_numpy())
    if len(missing):
        raise InvalidFeatures(f"{what}, row {missing[0]} is missing; expected a name")
    return column.astype(str).to_numpy(dtype=object)


def _booleans(column: pd.Series[Any], what: str) -> Mask:
    if not pd.api.types.is_bool_dtype(column) and len(column):
        raise InvalidFeatures(f"{what} has type {column.dtype}; expected true or false")
    return column.to_numpy(dtype=bool)


def _labels(column: pd.Series[Any]) -> Floats:
    labels = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero((np.isnan(labels) & column.notna().to_numpy()) | (labels < 0) | np.isinf(labels))
    if len(wrong):
        raise InvalidFeatures(
            f"label of row {wrong[0]} is {column.iloc[wrong[0]]!r}; expected 0 or more, or NaN"
        )
    return labels
