"""Features that are the same for every pair of an item and a query: they tell no candidate from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.features.space import FeatureSpace

SAMPLED_ITEMS, SAMPLED_QUERIES = 200, 10  # nearly every feature varies among these, and costs no more
MOST_QUERIES = 500  # against all items; who has more needs and sees one value there knows enough


@dataclass(frozen=True)
class Range:
    """What was seen of a feature: its least and largest value (NaN when it was always missing)."""

    low: float = np.nan
    high: float = np.nan
    lacks_some: bool = False

    def over(self, values: np.ndarray) -> Range:
        """Return the range with more values, (n,) floats."""
        missing = np.isnan(values)
        if missing.all():
            return replace(self, lacks_some=self.lacks_some or len(values) > 0)
        low, high = np.fmin(self.low, np.nanmin(values)), np.fmax(self.high, np.nanmax(values))
        return Range(float(low), float(high), self.lacks_some or bool(missing.any()))

    @property
    def varies(self) -> bool:
        """Say whether two values were seen."""
        return self.low < self.high

    @property
    def is_missing(self) -> bool:
        """Say whether no value was seen."""
        return bool(np.isnan(self.low))


def constant_features(
    space: FeatureSpace, items: pd.DataFrame, queries: Sequence[Mapping[str, Any]]
) -> dict[str, Range]:
    """Return the features with at most one value over all pairs, but for given ones, in their order.

    Parameters
    ----------
    items : (n, fields) all items; a lone one varies in nothing, and neither does what a lone query says
    queries : all queries; of very many some, evenly spread
    """
    left = [
        spec
        for spec in space.specs
        if spec.kind != "given" and (len(items) if spec.item_fields else len(queries)) > 1
    ]
    found: dict[str, Range] = {}
    for n_items, n_queries in ((SAMPLED_ITEMS, SAMPLED_QUERIES), (len(items), MOST_QUERIES)):
        part = replace(space, specs=tuple(left))
        found = _ranges(part, items.iloc[_spread(len(items), n_items)], queries, n_queries)
        left = [spec for spec in left if spec.name in found]
    return found


def _ranges(
    space: FeatureSpace, items: pd.DataFrame, queries: Sequence[Mapping[str, Any]], most: int
) -> dict[str, Range]:
    """Return the ranges of the features that do not vary; reading ends where all of them do."""
    ranges = {spec.name: Range() for spec in space.specs}
    prepared = space.prepare(items)
    for position in _spread(len(queries), most):
        if not ranges:
            break
        some = replace(space, specs=tuple(spec for spec in space.specs if spec.name in ranges))
        matrix = some.build(queries[position], prepared)
        seen = {name: ranges[name].over(matrix[name].to_numpy()) for name in ranges}
        ranges = {name: range_ for name, range_ in seen.items() if not range_.varies}
    return ranges


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
