"""Watching the ranking in service: what was ranked, what drifted, who is exposed, what failed. Reads only."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from ranking.description import Segment
from ranking.ltr.drift import Drift, psi
from ranking.models import ItemVersion, ModelVersion, Project, Ranking, TrainingJob, TrainingSet
from ranking.services.candidates import candidates, description_of, space_of
from ranking.services.orders import Orders, orders_of, queries_looked_at
from ranking.services.training_sets import held_out, load_frames
from ranking.services.words import FeatureWords

DAYS = 30
TOP = 10
DRIFT_QUERIES = 30
DRIFT_ROWS_PER_QUERY = 40  # as many as a training set draws, so that both sides weigh needs alike
FAR_FROM_EQUAL = 0.8  # the four-fifths rule: exposure below it, or above its inverse, is worth a look


@dataclass(frozen=True)
class Day:
    """How many lists were ranked anew on a day, and how many of them without the champion."""

    day: date
    rankings: int
    degraded: int


@dataclass(frozen=True)
class FeatureDrift:
    """How far the distribution of one feature has moved since the training set was frozen."""

    column: str
    label: str
    drift: Drift


@dataclass(frozen=True)
class DriftReport:
    """Drift by feature, the furthest first, with what was compared: rows of the frozen set and of today.

    `drawn` says whether both sides are random draws; else they are the same pairs of a need and an item.
    """

    version: ModelVersion
    training_set: TrainingSet
    features: list[FeatureDrift]
    rows_then: int
    rows_now: int
    queries: int
    drawn: bool

    @property
    def alarms(self) -> int:
        return sum(feature.drift.alarm for feature in self.features)


@dataclass(frozen=True)
class GroupExposure:
    """One group's share of what readers see against its share of what could be shown.

    `exposure` weighs a place like DCG does, 1/log2(1 + rank); shares are means over lists.
    """

    group: str
    eligible: int
    eligible_share: float
    top: int
    exposure_share: float

    @property
    def ratio(self) -> float | None:
        """1 is as much exposure as its share of the candidates; None without candidates."""
        return self.exposure_share / self.eligible_share if self.eligible_share else None

    @property
    def is_far(self) -> bool:
        ratio = self.ratio
        return ratio is not None and not FAR_FROM_EQUAL <= ratio <= 1 / FAR_FROM_EQUAL


@dataclass(frozen=True)
class Exposure:
    """One protected attribute under one version, over `lists` lists."""

    version: ModelVersion
    segment: Segment
    groups: list[GroupExposure]
    lists: int


def rankings_per_day(project: Project, *, days: int = DAYS, today: date | None = None) -> list[Day]:
    """Return the rankings made on each of the last days, today last; one that is shown again makes no row."""
    today = today or timezone.localdate()
    first = today - timedelta(days=days - 1)
    rows = (
        Ranking.objects.filter(query__project=project, created_at__date__gte=first)
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(rankings=Count("id"), degraded=Count("id", filter=Q(degraded=True)))
    )
    found = {row["day"]: row for row in rows}
    span = [first + timedelta(days=i) for i in range(days)]
    return [
        Day(day, found.get(day, {}).get("rankings", 0), found.get(day, {}).get("degraded", 0)) for day in span
    ]


def degraded_rankings(project: Project, *, most: int = 20) -> list[Ranking]:
    """Return the latest lists that an earlier version had to serve."""
    found = Ranking.objects.filter(query__project=project, degraded=True)
    return list(found.select_related("query", "version").order_by("-id")[:most])


def failed_jobs(project: Project, *, days: int = DAYS) -> list[TrainingJob]:
    """Return the trainings of the last days that failed, latest first."""
    since = timezone.now() - timedelta(days=days)
    return list(
        project.jobs.filter(state=TrainingJob.State.FAILED, finished_at__gte=since).select_related(
            "training_set"
        )
    )


def drift_of(version: ModelVersion) -> DriftReport | None:
    """Compare today's candidates with those in the version's training set; None for a sorting rule.

    A set that was frozen with sessions holds candidates drawn at random: a draw of today is compared with it.
    Neither holds what was judged or graded: people look at the good ones, and their share would be a drift.
    One of graded labels holds what people chose: the same pairs are compared, as they were and as they are.
    Raises BrokenFile when the frozen set is missing or damaged.
    """
    if version.training_set is None:
        return None
    rows, looked_at = _rows_then(version.training_set)
    drawn = not looked_at.all()
    if drawn:
        now, queries = _rows_now(version, rows[looked_at])
        then = rows[~looked_at]
    else:
        then, now, queries = _same_pairs(version, rows)
    then = then.filter(regex="^f:").rename(columns=lambda name: name.removeprefix("f:"))
    features = [] if now.empty else _drifts(version, then, now)
    return DriftReport(
        version=version,
        training_set=version.training_set,
        features=features,
        rows_then=len(then),
        rows_now=len(now),
        queries=queries,
        drawn=drawn,
    )


def exposures(project: Project, versions: Sequence[ModelVersion]) -> list[list[Exposure]]:
    """Return by protected attribute its exposure under each of the versions, as they would rank today.

    Raises BrokenFile or CorruptModel when a version can't be loaded.
    """
    segments = [segment for segment in description_of(project).protected if segment.side == "item"]
    if not segments or not versions:
        return []
    orders = [_without_empty(found) for found in orders_of(*versions)]
    ranked = {int(pk) for found in orders for order in found.values() for pk in order}
    contents = ItemVersion.objects.filter(item__project=project).values_list("pk", "content")
    records = {pk: content for pk, content in contents.iterator() if pk in ranked}
    return [
        [
            Exposure(version, segment, _groups(found, group_of), len(found))
            for version, found in zip(versions, orders, strict=True)
        ]
        for segment, group_of in ((segment, _group_of(records, segment)) for segment in segments)
    ]


def _drifts(version: ModelVersion, then: pd.DataFrame, now: pd.DataFrame) -> list[FeatureDrift]:
    words = FeatureWords.of(space_of(version.feature_set), description_of(version.project))
    found = [
        FeatureDrift(column, words.label(column), psi(then[column], now[column]))
        for column in version.feature_set.columns
    ]
    return sorted(found, key=lambda feature: -feature.drift.psi / feature.drift.limit)


def _rows_then(training_set: TrainingSet) -> tuple[pd.DataFrame, np.ndarray]:
    """Return all rows of a set, and which of them people had judged or graded; the others were drawn."""
    rows_file, pairs_file = load_frames(training_set)
    rows = pd.read_parquet(io.BytesIO(rows_file))
    pairs = pd.read_parquet(io.BytesIO(pairs_file), columns=["winner", "loser"])
    judged = rows["row"].isin(np.union1d(pairs["winner"], pairs["loser"]))
    return rows, (judged | rows["label"].notna()).to_numpy()


def _rows_now(version: ModelVersion, looked_at: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the features of candidates drawn evenly from needs that may be trained on, as a set is drawn."""
    queries = [query for query in queries_looked_at(version.project) if not held_out(query)][:DRIFT_QUERIES]
    left_out = looked_at["item"].astype(str).groupby(looked_at["query"]).agg(set).to_dict()
    parts = []
    for query in queries:
        pool = candidates(query, version.feature_set)
        others = np.array([str(key) not in left_out.get(query.key, ()) for key in pool.keys], dtype=bool)
        rng = np.random.default_rng(query.pk)
        drawn = rng.permutation(len(pool))[:DRIFT_ROWS_PER_QUERY]
        parts.append(pool.features.iloc[drawn[others[drawn]]])
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return frame, len(queries)


def _same_pairs(version: ModelVersion, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return (rows then, features now, needs) of the pairs of a set that are candidates today."""
    then, now = [], []
    by_need = dict(list(rows.groupby("query", sort=True)))
    known = version.project.queries.filter(active=True, key__in=by_need).select_related("project")
    queries = list(known.order_by("key")[:DRIFT_QUERIES])
    for query in queries:
        pool = candidates(query, version.feature_set)
        place = {str(key): row for row, key in enumerate(pool.keys)}
        mine = by_need[query.key]
        mine = mine[mine["item"].astype(str).isin(place)]
        then.append(mine)
        now.append(pool.features.iloc[[place[str(key)] for key in mine["item"]]])
    if not then:
        return rows.iloc[:0], pd.DataFrame(), 0
    return pd.concat(then), pd.concat(now, ignore_index=True), len(queries)


def _without_empty(orders: Orders) -> Orders:
    return {query: order for query, order in orders.items() if len(order)}


def _group_of(records: Mapping[int, Mapping[str, Any]], segment: Segment) -> dict[int, str]:
    return {pk: segment.value_of(content) for pk, content in records.items()}


def _groups(orders: Mapping[int, np.ndarray], group_of: Mapping[int, str]) -> list[GroupExposure]:
    discount = 1.0 / np.log2(1.0 + np.arange(1, TOP + 1))
    names = sorted(set(group_of.values()))
    eligible, top = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    shares: dict[str, list[float]] = {name: [] for name in names}
    exposures: dict[str, list[float]] = {name: [] for name in names}
    for order in orders.values():
        groups = np.array([group_of[int(pk)] for pk in order])
        weights = discount[: min(TOP, len(order))]
        for name in names:
            here = groups == name
            eligible[name] += int(here.sum())
            top[name] += int(here[:TOP].sum())
            shares[name].append(float(here.mean()))
            exposures[name].append(float(weights[here[:TOP]].sum() / weights.sum()))
    return [
        GroupExposure(name, eligible[name], _mean(shares[name]), top[name], _mean(exposures[name]))
        for name in names
        if eligible[name]
    ]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
