"""The parts that a ranker adds up: a sorting rule, a linear fit, boosted trees.

Each part scores rows one by one ("row-pure": a row's score does not depend on the rows beside it) and
splits every score into one contribution per column plus a base, so that sums of parts explain themselves.

Does *not* check tables: `ranking.ltr.model.Ranker` does that once for all its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ranking.ltr.errors import CorruptModel, InvalidFeatures
from ranking.ltr.library import lightgbm
from ranking.ltr.preferences import Floats

PREDICT_THREADS = 2
"""Fixed on purpose: LightGBM would else take every core of a web server. Predictions do not depend on it."""

NEXT_KEY = 1e-5
"""Weight of each sort key in units of the one before it: a score has one number for a lexicographic order,
so a later key decides where an earlier one differs by less than a 100,000th of its scale, which people call
equal. A larger step (1/16) let the fee overtake firms 9 % larger; a smaller one drowns the third key in
float64."""

MISSING = -1.25
"""Score of a missing value under a sort key: clearly below -1, which values far from the rest round to."""

NARROWEST = 1e-6
"""Least scale of a sort key in standard deviations: a quartile range of next to nothing would put every value
that differs at -1 or 1 exactly, and their order would be lost."""

DEVIATION_LIMIT = 5.0
"""A linear term sees no value further than this many scales from the mean: one fund of ten trillion would
otherwise outweigh everything else that is known about it."""


@dataclass(frozen=True)
class SortKey:
    """One key of a sorting rule with the centre and spread that make it a score from -1 to 1."""

    column: str
    direction: str
    median: float
    scale: float

    def score(self, values: Floats) -> Floats:
        """(n,) softsign of the scaled distance from the median; `MISSING`, below any value, where missing.

        >>> key = SortKey("fee", "ascending", median=2.0, scale=1.0)
        >>> key.score(np.array([1.0, 5.0, np.nan])).tolist()
        [0.5, -0.75, -1.25]
        """
        sign = 1.0 if self.direction == "descending" else -1.0
        distance = sign * (values - self.median) / self.scale
        return np.where(np.isnan(values), MISSING, distance / (1 + np.abs(distance)))


@dataclass(frozen=True)
class RuleComponent:
    """The sorting rule that was in use before any model, as a score: the first version of a project.

    Worked example: largest first, then cheapest. The size decides; the fee breaks the tie.

    >>> table = pd.DataFrame({"size": [10.0, 10.0, 40.0], "fee": [2.0, 1.0, 3.0]})
    >>> rule = RuleComponent.fit(table, [("size", "descending"), ("fee", "ascending")])
    >>> rule.score(table).argsort()[::-1].tolist()
    [2, 1, 0]
    """

    kind: ClassVar[str] = "rule"
    name: str
    weight: float
    keys: tuple[SortKey, ...]

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        sort: Sequence[tuple[str, str]],
        *,
        name: str = "sorting rule",
        weight: float = 1.0,
    ) -> RuleComponent:
        """Centre and spread of every key over the rows of `features`.

        Parameters
        ----------
        features : (n, d) table that has the keys' columns
        sort : (column, "ascending" | "descending") of each key, the most important first

        Raises
        ------
        InvalidFeatures
            For a column that is not there or holds no numbers, an unknown direction, what is no key, or none.
        """
        if not isinstance(features, pd.DataFrame):
            raise InvalidFeatures(f"features are a {type(features).__name__}; expected a table")
        if isinstance(sort, str) or not isinstance(sort, Iterable) or not all(map(_is_key, sort)):
            raise InvalidFeatures(f"sort is {sort!r}; expected a list of (column, direction)")
        if not len(sort):
            raise InvalidFeatures("a sorting rule without keys; expected at least one (column, direction)")
        return cls(name, weight, tuple(_sort_key(features, column, direction) for column, direction in sort))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return tuple(key.column for key in self.keys)

    def score(self, features: pd.DataFrame) -> Floats:
        """(n,) unweighted score, higher is better."""
        return np.asarray(self.contributions(features).sum(axis=1))

    def contributions(self, features: pd.DataFrame) -> Floats:
        """(n, len(columns) + 1) shares of the score; the last column, the base, is 0."""
        shares = [
            NEXT_KEY**place * key.score(_column(features, key.column)) for place, key in enumerate(self.keys)
        ]
        return np.column_stack([*shares, np.zeros(len(features))])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file."""
        return {
            "kind": self.kind,
            "name": self.name,
            "weight": self.weight,
            "keys": [asdict(k) for k in self.keys],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleComponent:
        """The component of plain values."""
        return cls(str(data["name"]), float(data["weight"]), tuple(SortKey(**key) for key in data["keys"]))


@dataclass(frozen=True)
class LinearTerm:
    """One coefficient, on one column or on the product of two (query x item)."""

    columns: tuple[str, ...]
    coefficient: float


@dataclass(frozen=True)
class LinearComponent:
    """A weighted sum of standardised columns and of products of two of them; missing counts as the mean.

    Attributes
    ----------
    columns, means, scales : the columns it reads and how each is standardised
    terms : coefficients; a product's contribution is shared half and half by its two columns

    >>> linear = LinearComponent("x", 1.0, ("a", "b"), (1.0, 0.0), (2.0, 1.0), (LinearTerm(("a", "b"), 3.0),))
    >>> linear.contributions(pd.DataFrame({"a": [5.0, np.nan], "b": [1.0, 1.0]})).tolist()
    [[3.0, 3.0, 0.0], [0.0, 0.0, 0.0]]
    """

    kind: ClassVar[str] = "linear"
    name: str
    weight: float
    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    terms: tuple[LinearTerm, ...]

    def __post_init__(self) -> None:
        if not len(self.columns) == len(self.means) == len(self.scales):
            raise InvalidFeatures(
                f"{self.name!r} has {len(self.columns)} columns; expected a mean and a scale for each"
            )
        unknown = {column for term in self.terms for column in term.columns} - set(self.columns)
        if unknown or not all(scale > 0 for scale in self.scales):
            raise InvalidFeatures(
                f"{self.name!r}: unknown columns {sorted(unknown)} or a scale that is not positive"
            )

    def standardised(self, features: pd.DataFrame) -> dict[str, Floats]:
        """Each column as its limited distance from the mean in scales, 0 where missing."""
        table = {}
        for column, mean, scale in zip(self.columns, self.means, self.scales, strict=True):
            distance = np.clip((_column(features, column) - mean) / scale, -DEVIATION_LIMIT, DEVIATION_LIMIT)
            table[column] = np.nan_to_num(distance)
        return table

    def score(self, features: pd.DataFrame) -> Floats:
        """(n,) unweighted score, higher is better."""
        return np.asarray(self.contributions(features).sum(axis=1))

    def contributions(self, features: pd.DataFrame) -> Floats:
        """(n, len(columns) + 1) shares of the score; the last column, the base, is 0."""
        values = self.standardised(features)
        shares = np.zeros((len(features), len(self.columns) + 1))
        for term in self.terms:
            product = term.coefficient * np.prod([values[column] for column in term.columns], axis=0)
            for column in term.columns:
                shares[:, self.columns.index(column)] += product / len(term.columns)
        return shares

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LinearComponent:
        """The component of plain values."""
        return cls(
            name=str(data["name"]),
            weight=float(data["weight"]),
            columns=tuple(data["columns"]),
            means=tuple(map(float, data["means"])),
            scales=tuple(map(float, data["scales"])),
            terms=tuple(
                LinearTerm(tuple(term["columns"]), float(term["coefficient"])) for term in data["terms"]
            ),
        )


@dataclass(frozen=True)
class TreeComponent:
    """Boosted trees as LightGBM model text; a residual when other components stand before it.

    The text is parsed at the first score, never before: text that did not come out of `load_ranker` or
    `boost` can end the process.
    """

    kind: ClassVar[str] = "trees"
    name: str
    weight: float
    columns: tuple[str, ...]
    model_text: str

    @cached_property
    def _booster(self) -> Any:
        booster = lightgbm().Booster(model_str=self.model_text)
        if booster.num_feature() != len(self.columns):
            raise CorruptModel(
                f"{self.name!r}: trees over {booster.num_feature()} columns, named {len(self.columns)}"
            )
        return booster

    def score(self, features: pd.DataFrame, *, start: int = 0, rounds: int | None = None) -> Floats:
        """(n,) unweighted score, higher is better; of `rounds` trees from tree `start` on, if given."""
        if len(features) == 0:
            return np.zeros(0)
        matrix = features[list(self.columns)].to_numpy(dtype=np.float64)
        scores = self._booster.predict(
            matrix, start_iteration=start, num_iteration=rounds, num_threads=PREDICT_THREADS
        )
        return np.asarray(scores, dtype=np.float64)

    def contributions(self, features: pd.DataFrame) -> Floats:
        """(n, len(columns) + 1) TreeSHAP shares of the score, the expectation over the trees last.

        Source: Lundberg et al., Nature Machine Intelligence 2020, as LightGBM's `pred_contrib`.
        """
        if len(features) == 0:
            return np.zeros((0, len(self.columns) + 1))
        matrix = features[list(self.columns)].to_numpy(dtype=np.float64)
        shares = self._booster.predict(matrix, pred_contrib=True, num_threads=PREDICT_THREADS)
        return np.asarray(shares, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TreeComponent:
        """The component of plain values."""
        return cls(str(data["name"]), float(data["weight"]), tuple(data["columns"]), str(data["model_text"]))


def _is_key(key: Any) -> bool:
    return isinstance(key, tuple | list) and len(key) == 2


def _sort_key(features: pd.DataFrame, column: str, direction: str) -> SortKey:
    if column not in features.columns:
        raise InvalidFeatures(f"the sorting rule names {column!r}; expected one of {list(features.columns)}")
    if direction not in ("ascending", "descending"):
        raise InvalidFeatures(f"direction of {column!r} is {direction!r}; expected ascending or descending")
    try:
        values = _column(features, column)
    except (TypeError, ValueError):
        raise InvalidFeatures(
            f"column {column!r} has type {features[column].dtype}; expected numbers"
        ) from None
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return SortKey(column, direction, 0.0, 1.0)
    low, median, high = np.percentile(known, [25, 50, 75])
    # a column of mostly one value has no quartile range; its standard deviation still tells values apart
    scale = high - low if high - low > NARROWEST * known.std() else known.std()
    return SortKey(column, direction, float(median), float(scale) if scale > 0 else 1.0)


def _column(features: pd.DataFrame, column: str) -> Floats:
    return features[column].to_numpy(dtype=np.float64, na_value=np.nan)
