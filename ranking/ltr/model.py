"""What serves: a ranker, which is a sum of components, and the one loader of its file.

Does *not* train. A model file is read in one way only: `load_ranker` compares the checksum before it
parses anything, because a damaged tree file does not raise: it ends or hangs the process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import feature_matrix
from ranking.ltr.checking import table_array
from ranking.ltr.components import LinearComponent, LinearTerm, RuleComponent, SortKey, TreeComponent
from ranking.ltr.errors import CorruptModel, InvalidFeatures, LtrError
from ranking.ltr.preferences import Floats
from ranking.ltr.refinement import RefinementComponent

__all__ = [
    "BASE",
    "Component",
    "LinearComponent",
    "LinearTerm",
    "Ranker",
    "RefinementComponent",
    "RuleComponent",
    "Scorer",
    "SortKey",
    "TreeComponent",
    "checksum",
    "load_ranker",
]

Component = RuleComponent | LinearComponent | TreeComponent | RefinementComponent

KINDS: dict[str, type[Any]] = {
    component.kind: component
    for component in (RuleComponent, LinearComponent, TreeComponent, RefinementComponent)
}

FORMAT = "tiebreak ranker"
FORMAT_VERSION = 1
BASE = "base"
"""Name of the contribution that belongs to no column."""


@runtime_checkable
class Scorer(Protocol):
    """Anything that can be the incumbent."""

    def score(self, features: pd.DataFrame, queries: npt.ArrayLike | None = None) -> Floats:
        """(n,) float64, higher is better."""
        ...


@dataclass(frozen=True)
class Ranker:
    """A sum of weighted components over named columns; each training adds one and changes none.

    Attributes
    ----------
    columns : every column that it needs, in the order of `contributions`
    components : the parts, oldest first

    >>> table = pd.DataFrame({"size": [1.0, 3.0, 2.0]})
    >>> ranker = Ranker(("size",), (RuleComponent.fit(table, [("size", "descending")]),))
    >>> ranker.score(table).argsort()[::-1].tolist()
    [1, 2, 0]
    >>> load_ranker(ranker.to_bytes(), checksum(ranker.to_bytes())) == ranker
    True
    """

    columns: tuple[str, ...]
    components: tuple[Component, ...]

    def __post_init__(self) -> None:
        for name in ("columns", "components"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Iterable):
                raise InvalidFeatures(f"{name} is {given!r}; expected a tuple of them")
            object.__setattr__(self, name, tuple(given))
        odd = [part for part in self.components if not isinstance(part, Component)]
        if odd:
            raise InvalidFeatures(
                f"one of the components is a {type(odd[0]).__name__}; expected {list(KINDS)}"
            )
        if len(set(self.columns)) < len(self.columns) or BASE in self.columns or not self.columns:
            raise InvalidFeatures(f"columns {self.columns}; expected unique names, none of them {BASE!r}")
        names = [component.name for component in self.components]
        if not names or len(set(names)) < len(names):
            raise InvalidFeatures(f"components {names}; expected at least one, each with a name of its own")
        for component in self.components:
            unknown = [column for column in component.columns if column not in self.columns]
            if unknown or not np.isfinite(component.weight):
                raise InvalidFeatures(
                    f"component {component.name!r} of weight {component.weight} reads {unknown}; "
                    f"expected a finite weight and only {list(self.columns)}"
                )

    def score(self, features: pd.DataFrame | Floats, queries: npt.ArrayLike | None = None) -> Floats:
        """(n,) float64, higher is better.

        Parameters
        ----------
        features : (n, d) table that has all columns, in any order, or an array with exactly them, in order
        queries : accepted because a `Scorer` may need it; rows are scored one by one here

        Raises
        ------
        InvalidFeatures
            For a column that is missing, there twice, not numeric or infinite somewhere.
        """
        table = self.table(features)
        return sum((part.weight * part.score(table) for part in self.components), start=np.zeros(len(table)))

    def contributions(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """(n, len(columns) + 1) shares of the score by column and "base"; each row sums to its score."""
        table = self.table(features)
        shares = pd.DataFrame(0.0, index=table.index, columns=[*self.columns, BASE])
        for part in self.components:
            own = part.weight * part.contributions(table)
            for place, column in enumerate((*part.columns, BASE)):
                shares[column] += own[:, place]
        return shares

    def component_scores(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """(n, components) weighted score of each component by name: what each training taught."""
        table = self.table(features)
        return pd.DataFrame(
            {part.name: part.weight * part.score(table) for part in self.components}, index=table.index
        )

    def extended(self, component: Component) -> Ranker:
        """A new ranker with one more component; its new columns come after the known ones."""
        new = tuple(column for column in component.columns if column not in self.columns)
        return Ranker(self.columns + new, (*self.components, component))

    def scaled(self, factor: float) -> Ranker:
        """A new ranker whose scores are `factor` times as large; above 0, so no order changes."""
        if not 0 < factor < np.inf:
            raise InvalidFeatures(f"factor is {factor}; expected a positive number")
        return Ranker(
            self.columns, tuple(replace(part, weight=part.weight * factor) for part in self.components)
        )

    def to_bytes(self) -> bytes:
        """The model file: canonical JSON, the same bytes for the same ranker on every machine."""
        content = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "columns": list(self.columns),
            "components": [part.to_dict() for part in self.components],
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")

    def table(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """The needed columns, checked, as float64 in the order of `columns`; names of columns become text.

        As in a training: a table whose columns are 0, 1, ... is scored by what was learned from one.
        """
        if not isinstance(features, pd.DataFrame):
            array = table_array(features)
            if array.ndim != 2 or array.shape[1] != len(self.columns):
                raise InvalidFeatures(f"an array of shape {array.shape}; expected (n, {len(self.columns)})")
            features = pd.DataFrame(array, columns=list(self.columns))
        features = features.set_axis([str(name) for name in features.columns], axis=1)
        missing = [column for column in self.columns if column not in features.columns]
        if missing:
            raise InvalidFeatures(f"column {missing[0]!r} is missing; expected {list(self.columns)}")
        if len(features) == 0:
            return pd.DataFrame(columns=list(self.columns), dtype=np.float64)
        table = features.loc[:, list(self.columns)]
        return pd.DataFrame(feature_matrix(table), columns=list(self.columns), index=features.index)


def checksum(data: bytes) -> str:
    """SHA-256 of a model file, in hex."""
    return hashlib.sha256(data).hexdigest()


def load_ranker(data: bytes, sha256: str) -> Ranker:
    """Read a model file; the one way in.

    Raises
    ------
    CorruptModel
        If the bytes are not the ones whose checksum was recorded (nothing is parsed then), or if they
        are not a model file of a known version.
    """
    found = checksum(data)
    if found != sha256:
        raise CorruptModel(f"model of {len(data)} bytes has checksum {found[:12]}…; expected {sha256[:12]}…")
    try:
        return _parse(json.loads(data))
    except CorruptModel:
        raise
    except (LtrError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CorruptModel(f"not a model file ({type(error).__name__}: {error})") from error


def _parse(content: Mapping[str, Any]) -> Ranker:
    if content["format"] != FORMAT or content["version"] != FORMAT_VERSION:
        raise CorruptModel(
            f"format {content['format']!r} version {content['version']!r}; expected {FORMAT_VERSION}"
        )
    components = tuple(KINDS[part["kind"]].from_dict(part) for part in content["components"])
    return Ranker(tuple(content["columns"]), components)
