"""Candidates of a query: which items may be in its list, and the features of each pair. Never row by row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ranking.content import content_hash
from ranking.description import ProjectDescription, from_dict
from ranking.ltr.features import FeatureSpace, PreparedItems
from ranking.models import FeatureSet, GivenFeatures, Item, ItemVersion, ModelVersion, Project, Query
from ranking.rules import eligible_mask
from ranking.services import files

CACHED_CATALOGUES = 4  # prepared item matrices kept per process; a large project's is some 100 MB
_lock = Lock()
_catalogues: OrderedDict[tuple[int, int, int], Catalogue] = OrderedDict()


@dataclass(frozen=True)
class Catalogue:
    """All active items of a project in one frame, with the item side of their features computed."""

    item_ids: NDArray[np.int64]
    version_ids: NDArray[np.int64]
    keys: NDArray[np.object_]
    frame: pd.DataFrame
    space: FeatureSpace
    prepared: PreparedItems


@dataclass(frozen=True)
class Candidates:
    """The eligible items of one query: ids, keys and features, row for row; and what the rules took out."""

    item_ids: NDArray[np.int64]
    version_ids: NDArray[np.int64]
    keys: NDArray[np.object_]
    features: pd.DataFrame
    items_total: int
    removed_by_rule: dict[str, int]

    def __len__(self) -> int:
        return len(self.version_ids)


def description_of(project: Project) -> ProjectDescription:
    """Return the project's description as it was loaded."""
    return from_dict(project.description)


def current_feature_set(project: Project) -> FeatureSet:
    """Return the feature set that new versions are trained on: that of the present description.

    A description may be ahead of its features, until the items have been imported with its new fields.
    """
    present = project.feature_sets.filter(definition_sha256=feature_definition(project))
    return present.order_by("-created_at", "-id").first() or project.feature_sets.latest("created_at", "id")


def feature_definition(project: Project) -> str:
    """Return the hash of what is declared about features; another one asks for another feature set."""
    declared = project.description
    return content_hash({"features": declared["features"], "reference_year": declared["reference_year"]})


def space_of(feature_set: FeatureSet) -> FeatureSpace:
    """Return the fitted feature space of a feature set. Raises BrokenFile."""
    return FeatureSpace.from_bytes(files.read(feature_set.file, feature_set.sha256), feature_set.sha256)


def misread(version: ModelVersion, space: FeatureSpace) -> tuple[str, ...]:
    """Return the columns that a version would read wrongly in a feature space. Raises BrokenFile."""
    return space_of(version.feature_set).misread(space, columns_of(version))


def columns_of(version: ModelVersion) -> list[str]:
    """Return the columns that decide a version's order: those that a sorting rule names, else all."""
    return [name for name, _ in version.report.get("rule", [])] or list(version.feature_set.columns)


def catalogue(project: Project, feature_set: FeatureSet) -> Catalogue:
    """Return the items of a project, prepared; computed once per process, revision and feature set."""
    revision = Project.objects.values_list("items_revision", flat=True).get(pk=project.pk)
    key = (project.pk, revision, feature_set.pk)
    with _lock:
        if key in _catalogues:
            _catalogues.move_to_end(key)
            return _catalogues[key]
    made = _load_catalogue(project, feature_set)
    with _lock:
        _catalogues[key] = made
        while len(_catalogues) > CACHED_CATALOGUES:
            _catalogues.popitem(last=False)
    return made


def forget_catalogues() -> None:
    """Empty the cache: ids are given anew when a database is emptied."""
    with _lock:
        _catalogues.clear()


def candidates(query: Query, feature_set: FeatureSet) -> Candidates:
    """Return every item that breaks no hard rule of the project for this query, with its features."""
    items = catalogue(query.project, feature_set)
    keep, removed = _eligible(query, items)
    given = given_features(query, items.space, items.item_ids)
    features = items.space.build(_need(items.space, query.content), items.prepared, given=given)
    return Candidates(
        item_ids=items.item_ids[keep],
        version_ids=items.version_ids[keep],
        keys=items.keys[keep],
        features=features.iloc[keep].reset_index(drop=True),
        items_total=len(items.item_ids),
        removed_by_rule=removed,
    )


def eligible_rows(query: Query, items: Catalogue) -> NDArray[np.int64]:
    """Return the rows of the catalogue that are `candidates`, in order, without building any features."""
    return _eligible(query, items)[0]


def features_at(query: Query, items: Catalogue, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Return the features of some rows of the catalogue for a query, as `candidates` would."""
    given = given_features(query, items.space, items.item_ids)
    need = _need(items.space, query.content)
    return items.space.build(need, items.prepared.take(rows), given=given).reset_index(drop=True)


def _eligible(query: Query, items: Catalogue) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return the rows of the catalogue that are candidates, and how many each rule took out."""
    description = description_of(query.project)
    mask, removed = eligible_mask(description.rules, items.frame, query.content)
    if description.candidates == "given":
        pairs = GivenFeatures.objects.filter(query=query).values_list("item_id", flat=True)
        mask = mask & np.isin(items.item_ids, np.array(pairs, dtype=np.int64))
    return np.flatnonzero(mask).astype(np.int64), removed


def features_of(
    space: FeatureSpace, query_content: Mapping[str, Any], versions: Sequence[ItemVersion], query: Query
) -> pd.DataFrame:
    """Return the features of frozen item contents for a frozen need, one row a version in their order.

    A field that none of them has is missing: contents may be older than the field, or come with a file.
    """
    frame = _with_fields(space, pd.DataFrame([version.content for version in versions]))
    given = given_features(query, space, [version.item_id for version in versions])
    return space.build(_need(space, query_content), space.prepare(frame), given=given)


def _need(space: FeatureSpace, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a need with each field that the features read: one that it never had is missing."""
    return dict.fromkeys(name for spec in space.specs for name in spec.query_fields) | dict(content)


def _with_fields(space: FeatureSpace, contents: pd.DataFrame) -> pd.DataFrame:
    wanted = dict.fromkeys(name for spec in space.specs for name in spec.item_fields)
    return contents.reindex(columns=[*contents, *(name for name in wanted if name not in contents)])


def given_features(query: Query, space: FeatureSpace, item_ids: Iterable[int]) -> pd.DataFrame | None:
    """Return the given values that a space reads of a query's pairs, one row an item in their order.

    A pair that came without a value has a missing one. None where the space reads no given values.
    """
    fields = [spec.field or spec.name for spec in space.specs if spec.kind == "given"]
    if not fields:
        return None
    values = dict(GivenFeatures.objects.filter(query=query).values_list("item_id", "values"))
    return pd.DataFrame([values.get(item, {}) for item in item_ids], columns=pd.Index(dict.fromkeys(fields)))


def _load_catalogue(project: Project, feature_set: FeatureSet) -> Catalogue:
    rows = list(
        Item.objects.filter(project=project, active=True, current__isnull=False)
        .order_by("id")
        .values_list("id", "current_id", "key", "current__content")
    )
    space = space_of(feature_set)
    frame = _with_fields(space, pd.DataFrame([row[3] for row in rows]))  # without a row there is no field
    return Catalogue(
        item_ids=np.array([row[0] for row in rows], dtype=np.int64),
        version_ids=np.array([row[1] for row in rows], dtype=np.int64),
        keys=np.array([row[2] for row in rows], dtype=object),
        frame=frame,
        space=space,
        prepared=space.prepare(frame),
    )
