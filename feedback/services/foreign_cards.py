"""Cards of lists that were drawn elsewhere, with the features that a session here would freeze."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedback.models import Slate, SlateItem
from ranking.models import ItemVersion, Project
from ranking.services import serving
from ranking.services.candidates import candidates, features_of, space_of


class Deck:
    """Makes cards for the lists of a project, with the features and the order of the version in service."""

    def __init__(self, project: Project, champion: serving.Champion) -> None:
        self.champion = champion
        self.space = space_of(champion.version.feature_set)
        items = project.items.filter(current__isnull=False).select_related("current")
        self.versions: dict[str, ItemVersion] = {item.key: item.current for item in items}
        self._ranks: dict[int, dict[int, int]] = {}
        self._features: dict[tuple[int, tuple[str, ...]], list[dict[str, float | None]]] = {}

    def cards(self, slate: Slate, keys: Sequence[str]) -> list[SlateItem]:
        """Return the cards of a list, in the order in which its items were shown."""
        ranks = self._ranks_of(slate)
        return [
            SlateItem(
                slate=slate,
                item_version=self.versions[key],
                shown_position=position,
                # What a rule keeps out of the list stands behind everything in it.
                model_rank=ranks.get(self.versions[key].pk, len(ranks) + 1),
                selection_probability=1.0,
                features=features,
            )
            for position, (key, features) in enumerate(
                zip(keys, self._features_of(slate, keys), strict=True), start=1
            )
        ]

    def _ranks_of(self, slate: Slate) -> dict[int, int]:
        """Return the ranks of a need's eligible items by their versions' ids."""
        if slate.query_id not in self._ranks:
            found = candidates(slate.query, self.champion.version.feature_set)
            order = serving.order(self.champion.ranker, found)[0] if len(found) else np.array([], dtype=int)
            self._ranks[slate.query_id] = {
                int(found.version_ids[row]): rank for rank, row in enumerate(order, start=1)
            }
        return self._ranks[slate.query_id]

    def _features_of(self, slate: Slate, keys: Sequence[str]) -> list[dict[str, float | None]]:
        """Return the features of items for a need; many people may have seen the same list."""
        sorted_keys = tuple(sorted(keys))
        if (slate.query_id, sorted_keys) not in self._features:
            versions = [self.versions[key] for key in sorted_keys]
            table = features_of(self.space, slate.query_content, versions, slate.query)
            self._features[slate.query_id, sorted_keys] = [
                {str(name): None if np.isnan(value) else float(value) for name, value in row.items()}
                for row in table.to_dict("records")
            ]
        by_key = dict(zip(sorted_keys, self._features[slate.query_id, sorted_keys], strict=True))
        return [by_key[key] for key in keys]
