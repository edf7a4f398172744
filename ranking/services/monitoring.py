"""Watching the ranking in service: what was ranked, what drifted, who is exposed, what failed. Reads only."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from ranking import zones
from ranking.description import Segment
from ranking.ltr.drift import Drift, Sample, drifts
from ranking.models import ItemVersion, ModelVersion, Project, Query, Ranking, TrainingJob, TrainingSet
from ranking.services.candidates import catalogue, description_of, eligible_rows, features_at, space_of
from ranking.services.orders import Orders, orders_of
from ranking.services.training_sets import held_out, load_frames, pool_rows
from ranking.services.words import FeatureWords

DAYS = 30
TOP = 10
DRIFT_NEEDS = 200  # of each side; with a hundred, a shift by half a deviation is found
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
    """Drift by feature, the surest first, with what was compared: rows and needs of then and of today.

    `drawn` says whether both sides are random draws; else they are the same pairs of a need and an item.
    """

    version: ModelVersion
    training_set: TrainingSet
    features: list[FeatureDrift]
    rows_then: int
    rows_now: int
    needs_then: int
    needs_now: int
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
    """Return the rankings made on each of the last days, today last; one that is shown again makes no row.

    Days are those of the installation's zone.
    """
    today = today or zones.today()
    first = today - timedelta(days=days - 1)
    rows = (
        Ranking.objects.filter(query__project=project, created_at__gte=zones.start_of(first))
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=timezone.get_default_timezone()))
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

    A set that was frozen with sessions holds candidates drawn at random: the same draw of today is compared
    with it. Neither holds what was judged or graded: people look at the good ones, and their share would be a
    drift. One of graded labels holds what people chose: the same pairs are compared, as they were and as they
    are. Raises BrokenFile when the frozen set is missing or damaged.
    """
    if version.training_set is None:
        return None
    rows, looked_at = _rows_then(version.training_set)
    drawn = not looked_at.all()
    then = rows[~looked_at & ~rows["held_out"].to_numpy()] if drawn else rows
    then = then[then["query"].isin(_drawn_evenly(then["query"].unique()))]
    now = _rows_now(version, rows[looked_at], drawn)
    if not drawn:
        then = then.merge(now[["query", "item"]])
        now = now.merge(then[["query", "item"]])
    return DriftReport(
        version=version,
        training_set=version.training_set,
        features=[] if then.empty or now.empty else _drifts(version, then, now),
        rows_then=len(then),
        rows_now=len(now),
        needs_then=then["query"].nunique(),
        needs_now=now["query"].nunique(),
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
    space = space_of(version.feature_set)
    words = FeatureWords.of(space, description_of(version.project))
    found = drifts(_sample(version, then), _sample(version, now), space.categorical)
    features = [FeatureDrift(column, words.label(column), drift) for column, drift in found.items()]
    return sorted(features, key=lambda each: (not each.drift.alarm, each.drift.p_value, -each.drift.psi))


def _sample(version: ModelVersion, rows: pd.DataFrame) -> Sample:
    columns = version.feature_set.columns
    features = rows[[f"f:{name}" for name in columns]].set_axis(list(columns), axis=1)
    return Sample(features, rows["query"], rows["item"])


def _rows_then(training_set: TrainingSet) -> tuple[pd.DataFrame, np.ndarray]:
    """Return all rows of a set, and which of them people chose, judged or graded; the others were drawn."""
    rows_file, pairs_file = load_frames(training_set)
    rows = pd.read_parquet(io.BytesIO(rows_file))
    pairs = pd.read_parquet(io.BytesIO(pairs_file), columns=["winner", "loser"])
    judged = rows["row"].isin(np.union1d(pairs["winner"], pairs["loser"]))
    signed_off = {
        (pair.query, key)
        for pair in description_of(training_set.project).signed_off
        for key in (pair.winner, pair.loser)
    }
    chosen = pd.MultiIndex.from_frame(rows[["query", "item"]]).isin(signed_off)
    return rows, (judged | rows["label"].notna()).to_numpy() | chosen


def _rows_now(version: ModelVersion, looked_at: pd.DataFrame, drawn: bool) -> pd.DataFrame:
    """Return query, item and features of today's pool without what was looked at; or of that alone.

    The pool is drawn from each need that may be trained on as a set draws it, so that the two differ only
    where the data do.
    """
    items = catalogue(version.project, version.feature_set)
    known = {str(key): set(rows["item"]) for key, rows in looked_at.groupby("query")}
    parts = []
    for query in _needs_now(version.project, None if drawn else known):
        rows = pool_rows(query, items) if drawn else eligible_rows(query, items)
        seen = known.get(query.key, set())
        rows = rows[[(key in seen) is not drawn for key in items.keys[rows]]]
        features = features_at(query, items, rows).add_prefix("f:")
        parts.append(features.assign(query=query.key, item=items.keys[rows]))
    return pd.concat(parts, ignore_index=True) if parts else looked_at.iloc[:0]


def _needs_now(project: Project, among: Mapping[str, Any] | None) -> list[Query]:
    """Return the needs to look at: those that may be trained on, or the active ones among some."""
    active = project.queries.filter(active=True).select_related("project")
    if among is None:
        keys = [query.key for query in active if not held_out(query)]
    else:
        keys = list(active.filter(key__in=among).values_list("key", flat=True))
    return list(active.filter(key__in=_drawn_evenly(keys)).order_by("key"))


def _drawn_evenly(keys: Iterable[str]) -> list[str]:
    """Return so many of the keys at random, the same ones of the same keys whatever others there are."""
    return sorted(keys, key=lambda key: sha256(key.encode()).digest())[:DRIFT_NEEDS]


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
