"""What a version would change in the lists that readers see, and what moved in each. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr import Ranker
from ranking.ltr.model import Component
from ranking.models import ItemVersion, ModelVersion, Query
from ranking.services import serving
from ranking.services.candidates import candidates, description_of, space_of
from ranking.services.orders import Order, order_of, orders_of, queries_looked_at
from ranking.services.words import FeatureWords, reason, reference_rows

TOP = 10  # what a reader sees without scrolling
REASONS = 3
LEAST_REASON = 1e-9


@dataclass(frozen=True)
class ListChange:
    """How far the top of one list would change: how many of it stay, and by how many places on average."""

    query: Query
    kept: int
    size: int
    places: float

    @property
    def new(self) -> int:
        return self.size - self.kept


@dataclass(frozen=True)
class Changes:
    """Every looked-at list under two versions, the one that changes most first."""

    lists: list[ListChange]
    queries_total: int

    @property
    def changed(self) -> int:
        """How many lists have somebody new in their top."""
        return sum(change.new > 0 for change in self.lists)

    @property
    def new_on_average(self) -> float:
        return float(np.mean([change.new for change in self.lists])) if self.lists else 0.0


@dataclass(frozen=True)
class MovedItem:
    """One item of a list under two versions; a rank is None when the item is in neither version's list."""

    item_version: ItemVersion
    old: int | None
    new: int | None
    reasons: Sequence[dict[str, Any]] = ()

    @property
    def label(self) -> str:
        return self.item_version.item.title

    @property
    def rose(self) -> bool:
        """Whether it stands higher than before, or has come in."""
        return self.new is not None and (self.old is None or self.new < self.old)


def changes(old: ModelVersion, new: ModelVersion) -> Changes:
    """Compare the lists of two versions. Raises BrokenFile or CorruptModel."""
    before, after = orders_of(old, new)
    queries = queries_looked_at(new.project)
    lists = [_change(query, before[query.pk], after[query.pk]) for query in queries if len(after[query.pk])]
    lists.sort(key=lambda change: (-change.new, -change.places, change.query.title))
    return Changes(lists, new.project.queries.filter(active=True).count())


def moves(query: Query, old: ModelVersion, new: ModelVersion, *, depth: int = TOP) -> list[MovedItem]:
    """Return the items in the top of either list, in the new order, those that rose most with their reasons.

    Raises BrokenFile or CorruptModel.
    """
    before, after = order_of(old, query), order_of(new, query)
    ranks = {side: _ranks(order) for side, order in (("old", before), ("new", after))}
    shown = list(dict.fromkeys([*after[:depth].tolist(), *before[:depth].tolist()]))
    contents = ItemVersion.objects.select_related("item").in_bulk(shown)
    why = _reasons(query, old, new, shown)
    found = [
        MovedItem(contents[pk], ranks["old"].get(pk), ranks["new"].get(pk), why.get(pk, ())) for pk in shown
    ]
    return sorted(found, key=lambda move: (move.new is None, move.new or move.old or 0))


def _ranks(order: Order) -> dict[int, int]:
    return {int(pk): rank for rank, pk in enumerate(order, start=1)}


def _change(query: Query, before: Order, after: Order) -> ListChange:
    old, new = _ranks(before), _ranks(after)
    top_old, top_new = set(before[:TOP].tolist()), set(after[:TOP].tolist())
    # Beyond twice the top is "far away": one item that comes from rank 900 must not outweigh the rest.
    far = 2 * TOP
    places = [abs(min(old.get(pk, far), far) - min(new.get(pk, far), far)) for pk in top_old | top_new]
    return ListChange(
        query=query,
        kept=len(top_old & top_new),
        size=len(top_new),
        places=float(np.mean(places)) if places else 0.0,
    )


def _reasons(
    query: Query, old: ModelVersion, new: ModelVersion, shown: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Say what moved each item: how much more a feature counts for it, less what it counts for the others.

    Both versions must read the same features; between feature sets there is no such difference to speak of.
    """
    if old.feature_set_id != new.feature_set_id:
        return {}
    pool = candidates(query, new.feature_set)
    place = {int(pk): row for row, pk in enumerate(pool.version_ids)}
    rows = [place[pk] for pk in shown if pk in place]
    if not rows:
        return {}
    usual = gain(old, new, pool.features.iloc[reference_rows(len(pool))]).mean(axis=0)
    gains = (gain(old, new, pool.features.iloc[rows]) - usual).to_numpy()
    words = FeatureWords.of(space_of(new.feature_set), description_of(query.project))
    columns = serving.ranker_of(new).columns
    values = pool.features.iloc[rows][list(columns)].to_numpy()
    return {
        int(pool.version_ids[row]): [
            reason(words, columns[i], value[i], line[i])
            for i in np.argsort(-np.abs(line), kind="stable")[:REASONS]
            if abs(line[i]) > LEAST_REASON
        ]
        for row, line, value in zip(rows, gains, values, strict=True)
    }


def gain(old: ModelVersion, new: ModelVersion, features: pd.DataFrame) -> pd.DataFrame:
    """Return by row and column how much more the new version counts a feature than the old one.

    In the new version's unit: scores of two versions that share nothing are brought to the same spread.
    Raises BrokenFile or CorruptModel.
    """
    newer, older = serving.ranker_of(new), serving.ranker_of(old)
    columns = list(newer.columns)
    before = older.contributions(features).reindex(columns=columns, fill_value=0.0)
    return newer.contributions(features)[columns] - _unit(older, newer, features) * before


def builds_on(new: Ranker, old: Ranker) -> bool:
    """Say whether a model is the old one and something more, as a refinement is and a fresh start is not."""
    return all(_same_part(new, part) is not None for part in old.components)


def _same_part(new: Ranker, part: Component) -> Component | None:
    """Return the part of the new model that is this one, whatever its weight."""
    return next((own for own in new.components if replace(own, weight=part.weight) == part), None)


def _unit(old: Ranker, new: Ranker, features: pd.DataFrame) -> float:
    """Return what the old model's scores are multiplied by: training scales a sorting rule it builds on."""
    first = old.components[0]
    same = _same_part(new, first)
    if same is not None and builds_on(new, old):
        return same.weight / first.weight
    spread = float(np.std(old.score(features)))
    return float(np.std(new.score(features))) / spread if spread else 1.0
