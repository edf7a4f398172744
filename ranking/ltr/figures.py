"""Paired results of two versions as tables, one result a line, and what every line must hold.

Checked where they are made, whatever made them: a decision rests on nothing else. Does *not* make or compare
any: `ranking.ltr.paired` and `ranking.ltr.gate` do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import key_texts
from ranking.ltr.errors import InvalidFeatures

PAIRS, LABELS, EXPOSURE, PLACED = "pair_accuracy", "ndcg@10", "exposure@10", "placement"

METRICS = {
    "all": (PAIRS, LABELS),
    "segment": (PAIRS, LABELS),
    "expert": (PAIRS,),
    "side": (PAIRS,),
    "exposure": (EXPOSURE,),
    "pairwise": (PAIRS, PLACED),
}
"""The metrics of each family."""

FAMILIES = tuple(METRICS)

FIGURE_COLUMNS = (
    "family",
    "name",
    "group",
    "metric",
    "query",
    "challenger",
    "champion",
    "base",
    "slates",
    "randomised",
)
MARGIN_COLUMNS = ("query", "challenger", "champion", "weight", "randomised")
SIGNED_OFF_COLUMNS = ("query", "winner", "loser", "challenger", "champion")
SCORE_COLUMNS = ("query", "challenger", "champion")

TABLES = {
    "figures": FIGURE_COLUMNS,
    "margins": MARGIN_COLUMNS,
    "signed_off": SIGNED_OFF_COLUMNS,
    "scores": SCORE_COLUMNS,
}
NUMBERS = ("challenger", "champion", "base", "slates", "weight")

Mask = npt.NDArray[np.bool_]


def empty(columns: Iterable[str]) -> pd.DataFrame:
    """A table without a line."""
    return pd.DataFrame({name: [] for name in columns})


@dataclass(frozen=True, eq=False)
class PairedResults:
    """Per-query results of challenger and champion, paired.

    Attributes
    ----------
    figures
        One line for each family, name, group, metric and query: `challenger` and `champion`, higher is
        better but for exposure; shares from 0 to 1, for "placement" from -1 to 1. `family` is "all" (name and
        group empty), "segment" (name: of the segment, group: its value), "expert" (group: who; name:
        "inverted" for answers that training turned round, here as they were said), "side" (group: who stands
        together, where experts contradict each other), "exposure" or "pairwise" (name: protected attribute,
        group: its value; pairs of a member with somebody else: their accuracy, and "placement", what it lacks
        to that of the same scores with all members moved together).
        `base` is the group's share of the query's candidates (exposure only, else 1), `slates` how many lists
        the line rests on, `randomised` whether these were shown in random order (True where no list is
        involved).
    margins
        One line for each strict pair that an expert judged: score of the winner less that of the loser.
    signed_off
        One line for each pair that must stay in order: keys of winner and loser, and both margins, NaN where
        the pair could not be looked at.
    scores
        One line for each held-out row.
    trained_queries
        Keys of queries that the challenger has learned from, in any collection; kept as text.
    sides
        The groups of "side" that have to be heard, with lines or without; none where experts agree.
    declared
        What there is at all, held out or not: of "labels", "experts", "segments" and "groups". It tells a
        check that has too little evidence from one that does not apply.
    labels_guard
        False where graded labels were left out of the figures on purpose.

    Raises
    ------
    InvalidFeatures
        For a table without one of its columns, and by table, column and line for a value that cannot be: an
        unknown family or metric, text for a number, a share beyond 1, `randomised` that is not True or False.

    >>> lines = {"query": ["q1", "q2"], "challenger": [0.8, 0.7], "champion": [0.6, 0.7]}
    >>> results = PairedResults.of_queries(pd.DataFrame(lines))
    >>> results.figures[["metric", "query", "randomised"]].values.tolist()
    [['pair_accuracy', 'q1', True], ['pair_accuracy', 'q2', True]]
    """

    figures: pd.DataFrame
    margins: pd.DataFrame = field(default_factory=lambda: empty(MARGIN_COLUMNS))
    signed_off: pd.DataFrame = field(default_factory=lambda: empty(SIGNED_OFF_COLUMNS))
    scores: pd.DataFrame = field(default_factory=lambda: empty(SCORE_COLUMNS))
    trained_queries: frozenset[str] = frozenset()
    sides: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    labels_guard: bool = True

    def __post_init__(self) -> None:
        for name, columns in TABLES.items():
            _check_table(name, getattr(self, name), columns)
        _check_figures(self.figures)
        object.__setattr__(self, "trained_queries", key_texts("trained_queries", self.trained_queries))

    @classmethod
    def of_queries(cls, table: pd.DataFrame, metric: str = PAIRS, **more: Any) -> PairedResults:
        """From one metric alone: columns query, challenger, champion, and others of figures if known."""
        defaults: dict[str, Any] = {
            "family": "all",
            "name": "",
            "group": "",
            "metric": metric,
            "base": 1.0,
            "slates": 1,
            "randomised": True,
        }
        if not isinstance(table, pd.DataFrame):
            raise InvalidFeatures(f"lines are a {type(table).__name__}; expected a DataFrame")
        return cls(figures=table.assign(**{k: v for k, v in defaults.items() if k not in table}), **more)


def _check_table(name: str, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Columns, numbers, keys and truth values of one table."""
    if not isinstance(table, pd.DataFrame):
        raise InvalidFeatures(f"{name} are a {type(table).__name__}; expected a DataFrame")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InvalidFeatures(f"{name} has no column {missing[0]!r}; expected {list(columns)}")
    _refuse(name, table["query"], ~table["query"].isna().to_numpy(), "a query's key")
    for column in columns:
        if column in NUMBERS:
            _refuse(name, table[column], _numeric(table[column]), "a number")
        if column == "randomised":
            known = [isinstance(one, bool | np.bool_) for one in table[column]]
            _refuse(name, table[column], np.array(known, dtype=bool), "True or False")


def _check_figures(figures: pd.DataFrame) -> None:
    """What a line of figures may hold by its family and metric."""
    unknown = sorted(set(map(str, figures["family"])) - set(FAMILIES))
    if unknown:
        raise InvalidFeatures(f"family {unknown[0]!r} of figures is unknown; expected one of {FAMILIES}")
    for family, part in figures.groupby("family", sort=False):
        metrics = METRICS[str(family)]
        _refuse("figures", part["metric"], part["metric"].isin(metrics).to_numpy(), f"one of {metrics}")
    least = np.where(figures["metric"] == PLACED, -1.0, 0.0) - 1e-9
    for version in ("challenger", "champion"):
        value = figures[version].to_numpy(dtype=np.float64)
        inside = ~((value < least) | (value > 1 + 1e-9))
        _refuse("figures", figures[version], inside, "a share, from 0 to 1 (placement: from -1)")


def _numeric(column: pd.Series[Any]) -> Mask:
    """(n,) whether an entry is a number, NaN included; text is none, whatever it says."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return np.ones(len(column), dtype=bool)
    return np.array(
        [isinstance(one, int | float | np.number) and not isinstance(one, bool) for one in column], dtype=bool
    )


def _refuse(name: str, column: pd.Series[Any], fine: Mask, expected: str) -> None:
    wrong = np.flatnonzero(~fine)
    if len(wrong):
        line, value = column.index[wrong[0]], column.iloc[wrong[:1]].tolist()[0]
        raise InvalidFeatures(f"{column.name} of {name}, line {line} is {value!r}; expected {expected}")
