"""Freezing what is learned from: features, preferences and labels, in two files named by their hash."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Max, Min
from numpy.typing import NDArray

from ranking.content import content_hash
from ranking.description import ProjectDescription
from ranking.errors import NothingToTrain
from ranking.ltr.features import FeatureSpace
from ranking.ltr.pairing import ONE_GRADE
from ranking.ltr.splits import is_held_out
from ranking.models import FeatureSet, ItemVersion, Label, ModelVersion, Project, Query, TrainingSet
from ranking.services import files
from ranking.services.candidates import (
    Catalogue,
    catalogue,
    current_feature_set,
    description_of,
    eligible_rows,
    features_of,
    space_of,
)

POOL_PER_QUERY = 40  # unjudged candidates a query, on which training must not forget the champion
PAIR_COLUMNS = {
    "winner": "int64",
    "loser": "int64",
    "weight": "float64",
    "target": "float64",
    "judge": "str",
    "shown_gap": "float64",
    "list_id": "int64",
    "session": "str",
    "origin": "str",
    "randomised": "bool",
    "held_out": "bool",
}


@dataclass(frozen=True)
class JudgedPair:
    """Winner over loser, as positions in the versions of its `JudgedList`."""

    winner: int
    loser: int
    weight: float
    target: float
    origin: str
    shown_gap: float


@dataclass(frozen=True)
class JudgedList:
    """What one judge said about one list: pushed by the upper app, which alone knows people."""

    query: Query
    query_content: Mapping[str, Any]
    versions: Sequence[ItemVersion]
    pairs: Sequence[JudgedPair]
    judge: str
    session: str
    randomised: bool
    negative: Sequence[int] = ()


@dataclass
class _Rows:
    """Rows of the training set while it is put together: one for each need and item content."""

    index: dict[tuple[int, str, int], int] = field(default_factory=dict)
    queries: list[tuple[Query, Mapping[str, Any]]] = field(default_factory=list)
    versions: list[ItemVersion] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)

    def add(
        self, query: Query, content: Mapping[str, Any], version: ItemVersion, label: float = np.nan
    ) -> int:
        key = (query.pk, content_hash(content), version.pk)
        if key not in self.index:
            self.index[key] = len(self.versions)
            self.queries.append((query, content))
            self.versions.append(version)
            self.labels.append(label)
        row = self.index[key]
        if not np.isnan(label):
            self.labels[row] = label
        return row


def held_out(query: Query) -> bool:
    """Say whether a query is kept from training, by a hash of its key that never moves."""
    return is_held_out(query.key, salt=query.project.slug)


def freeze_labels(project: Project) -> TrainingSet:
    """Freeze the graded labels of a project.

    Raises NothingToTrain without any on a query to train on, and where each of these queries has one grade.
    """
    rows = _Rows()
    _add_labels(rows, project)
    grades: dict[int, set[float]] = {}
    for (query, _), grade in zip(rows.queries, rows.labels, strict=True):
        if not held_out(query):
            grades.setdefault(query.pk, set()).add(grade)
    if not grades:
        raise NothingToTrain(f"{project.name} has no graded label on a query that may be trained on")
    if all(len(found) == 1 for found in grades.values()):
        raise NothingToTrain(f"{project.name}: no query to train on {ONE_GRADE}")
    _add_signed_off(rows, project)
    return _freeze(project, "labels", rows, [], [])


def notes_on_labels(project: Project) -> list[str]:
    """Say of which queries the labels can't be learned from, since all their grades are the same."""
    graded = Label.objects.filter(query__project=project, query__active=True).order_by().values("query")
    spans = graded.annotate(low=Min("grade"), high=Max("grade")).values_list("low", "high")
    alike = sum(low == high for low, high in spans)
    if not alike:
        return []
    if alike == len(spans):
        return [f"labels: no query {ONE_GRADE}"]
    return [
        f"labels: {alike:,} of {len(spans):,} queries have one grade only; training from labels skips them"
    ]


def freeze_preferences(
    project: Project, lists: Sequence[JudgedList], sources: Sequence[Mapping[str, Any]]
) -> TrainingSet:
    """Freeze judged lists, with the labels and a pool of unjudged candidates around them.

    Raises NothingToTrain when no list of a query to train on says who is preferred to whom.
    """
    rows = _Rows()
    _add_labels(rows, project)
    pairs: list[dict[str, Any]] = []
    for list_id, judged in enumerate(lists):
        pairs += _pairs_of(rows, judged, list_id)
    if all(pair["held_out"] for pair in pairs):
        raise NothingToTrain("no judged list of a query to train on says who is preferred to whom")
    _add_signed_off(rows, project)
    _add_pool(rows, project)
    return _freeze(project, "preferences", rows, pairs, sources)


def pool_rows(query: Query, items: Catalogue) -> NDArray[np.int64]:
    """Return the rows in the pool of a query: the same ones while query and items are the same."""
    pool = eligible_rows(query, items)
    seed = int(sha256(f"{query.project.slug}/{query.key}".encode()).hexdigest()[:8], 16)
    drawn = np.random.default_rng(seed).permutation(len(pool))[:POOL_PER_QUERY]
    return pool[np.sort(drawn)]


def load_frames(training_set: TrainingSet) -> tuple[bytes, bytes]:
    """Return the two frozen files, checked. Raises BrokenFile."""
    return (
        files.read(training_set.rows_file, training_set.rows_sha256),
        files.read(training_set.pairs_file, training_set.pairs_sha256),
    )


def learned_queries(version: ModelVersion | None) -> list[str]:
    """Return the keys of the queries that a version, or one below it, has learned from."""
    found: set[str] = set()
    while version is not None:
        if version.training_set is not None:
            found |= _learned_from(version.training_set)
        version = version.parent
    return sorted(found)


def _learned_from(training_set: TrainingSet) -> set[str]:
    rows, pairs = (pd.read_parquet(io.BytesIO(data)) for data in load_frames(training_set))
    if training_set.mode == "labels":
        return set(rows.loc[~rows["held_out"] & rows["label"].notna(), "query"].astype(str))
    return set(rows["query"].to_numpy()[pairs.loc[~pairs["held_out"], "winner"].to_numpy()].astype(str))


def _add_labels(rows: _Rows, project: Project) -> None:
    labels = list(
        Label.objects.filter(query__project=project, query__active=True)
        .order_by("query_id", "item_id")
        .values_list("query_id", "item__current_id", "grade")
    )
    # Each need and each content once: there may be hundreds of labels of either.
    queries = project.queries.select_related("project").in_bulk({query for query, _, _ in labels})
    versions = ItemVersion.objects.in_bulk({version for _, version, _ in labels})
    for query, version, grade in labels:
        rows.add(queries[query], queries[query].content, versions[version], grade)


def _add_signed_off(rows: _Rows, project: Project) -> None:
    """Add both items of each signed-off pair, so that a new version can be held to it."""
    pairs = description_of(project).signed_off
    queries = {query.key: query for query in project.queries.filter(key__in={pair.query for pair in pairs})}
    keys = {key for pair in pairs for key in (pair.winner, pair.loser)}
    known = project.items.filter(key__in=keys, current__isnull=False).select_related("current")
    items = {item.key: item for item in known}
    for pair in pairs:
        for key in (pair.winner, pair.loser):
            if pair.query in queries and key in items:
                query = queries[pair.query]
                rows.add(query, query.content, items[key].current)


def _pairs_of(rows: _Rows, judged: JudgedList, list_id: int) -> list[dict[str, Any]]:
    negative = set(judged.negative)
    places = [
        rows.add(judged.query, judged.query_content, version, 0.0 if i in negative else np.nan)
        for i, version in enumerate(judged.versions)
    ]
    kept_back = held_out(judged.query)
    return [
        {
            "winner": places[pair.winner],
            "loser": places[pair.loser],
            "weight": pair.weight,
            "target": pair.target,
            "judge": judged.judge,
            "shown_gap": pair.shown_gap,
            "list_id": list_id,
            "session": judged.session,
            "origin": pair.origin,
            "randomised": judged.randomised,
            "held_out": kept_back,
        }
        for pair in judged.pairs
    ]


def _add_pool(rows: _Rows, project: Project) -> None:
    """Add candidates of every need to train on. They are drawn before any features are built."""
    items = catalogue(project, current_feature_set(project))
    needs = project.queries.filter(active=True).select_related("project")
    drawn = [
        (query, items.version_ids[pool_rows(query, items)].tolist()) for query in needs if not held_out(query)
    ]
    versions = ItemVersion.objects.in_bulk({version for _, found in drawn for version in found})
    for query, found in drawn:
        for version in found:
            rows.add(query, query.content, versions[version])


def _freeze(
    project: Project,
    mode: str,
    rows: _Rows,
    pairs: list[dict[str, Any]],
    sources: Sequence[Mapping[str, Any]],
) -> TrainingSet:
    feature_set = current_feature_set(project)
    row_frame = _row_frame(rows, feature_set, description_of(project))
    pair_frame = pd.DataFrame(pairs, columns=list(PAIR_COLUMNS)).astype(PAIR_COLUMNS)
    rows_file, rows_hash = files.store("training", ".parquet", _parquet(row_frame))
    pairs_file, pairs_hash = files.store("training", ".parquet", _parquet(pair_frame))
    # With its features: the same numbers under another direction of a feature are another thing to learn.
    parts = (project.slug, mode, feature_set.sha256, rows_hash, pairs_hash)
    digest = sha256("\n".join(parts).encode()).hexdigest()
    return TrainingSet.objects.get_or_create(
        sha256=digest,
        defaults={
            "project": project,
            "feature_set": feature_set,
            "rows_file": rows_file,
            "rows_sha256": rows_hash,
            "pairs_file": pairs_file,
            "pairs_sha256": pairs_hash,
            "mode": mode,
            "summary": _summary(row_frame, pair_frame),
            "sources": list(sources),
        },
    )[0]


def _row_frame(rows: _Rows, feature_set: FeatureSet, description: ProjectDescription) -> pd.DataFrame:
    space = space_of(feature_set)
    frame = pd.DataFrame(
        {
            "row": np.arange(len(rows.versions), dtype=np.int64),
            "query": [query.key for query, _ in rows.queries],
            "item": _item_keys(rows.versions),
            "item_hash": [version.content_hash for version in rows.versions],
            "label": np.array(rows.labels, dtype=np.float64),
            "held_out": [held_out(query) for query, _ in rows.queries],
        }
    )
    for prefix, segments in (("segment", description.segments), ("protected", description.protected)):
        for segment in segments:
            frame[f"{prefix}:{segment.name}"] = [
                segment.value_of(content if segment.side == "query" else version.content)
                for (_, content), version in zip(rows.queries, rows.versions, strict=True)
            ]
    return pd.concat([frame, _features(rows, space).add_prefix("f:")], axis=1)


def _item_keys(versions: Iterable[ItemVersion]) -> list[str]:
    versions = list(versions)
    ids = {version.pk for version in versions}
    keys = dict(ItemVersion.objects.filter(pk__in=ids).values_list("pk", "item__key"))
    return [keys[version.pk] for version in versions]


def _features(rows: _Rows, space: FeatureSpace) -> pd.DataFrame:
    """Features group by group of one need, put back into the order of the rows."""
    groups: dict[tuple[int, str], list[int]] = {}
    for (query_id, need, _), row in rows.index.items():
        groups.setdefault((query_id, need), []).append(row)
    parts = []
    for members in groups.values():
        query, content = rows.queries[members[0]]
        part = features_of(space, content, [rows.versions[row] for row in members], query)
        parts.append(part.set_axis(members, axis=0))
    return pd.concat(parts).sort_index()


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", compression="zstd", index=False)
    return buffer.getvalue()


def _summary(rows: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "pairs": len(pairs),
        "lists": int(pairs["list_id"].nunique()),
        "labels": int(rows["label"].notna().sum()),
        "queries": int(rows["query"].nunique()),
        "held_out_queries": int(rows.loc[rows["held_out"], "query"].nunique()),
        "judges": int(pairs["judge"].nunique()),
        "origins": {str(name): int(count) for name, count in pairs["origin"].value_counts().items()},
    }
