"""Serving: rank all candidates of a query with the champion, freeze what is shown, and say why in words."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import structlog
from django.db import transaction

from ranking.errors import BrokenFile, NoChampion
from ranking.ltr import CorruptModel, Ranker, load_ranker
from ranking.models import Match, ModelVersion, Project, Promotion, Query, Ranking
from ranking.services import files
from ranking.services.candidates import Candidates, candidates, catalogue, description_of
from ranking.services.words import FeatureWords, reasons_in_words

MATCHES_KEPT = 200  # lines of a list that are frozen and can be looked at; all eligible items are ranked
CACHED_RANKERS = 8
log = structlog.get_logger(__name__)
_lock = Lock()
_rankers: OrderedDict[str, Ranker] = OrderedDict()


@dataclass(frozen=True)
class Champion:
    """The version in service; degraded when a newer champion could not be loaded."""

    version: ModelVersion
    ranker: Ranker
    degraded: bool = False
    problem: str = ""


def ranker_of(version: ModelVersion) -> Ranker:
    """Return the version's model, checked before it is parsed. Raises BrokenFile or CorruptModel."""
    with _lock:
        if version.sha256 in _rankers:
            _rankers.move_to_end(version.sha256)
            return _rankers[version.sha256]
    ranker = load_ranker(files.read(version.file, version.sha256), version.sha256)
    with _lock:
        _rankers[version.sha256] = ranker
        while len(_rankers) > CACHED_RANKERS:
            _rankers.popitem(last=False)
    return ranker


def forget_rankers() -> None:
    """Empty the cache of loaded models, so that the next use reads their files."""
    with _lock:
        _rankers.clear()


def champion(project: Project) -> Champion:
    """Return the champion, or the last good one before it when its file is missing or damaged.

    Raises NoChampion when no promoted version can be loaded.
    """
    problem = ""
    # Asked for with every list: the log is long after years, and a report of training is large.
    promoted = Promotion.objects.filter(project=project).order_by("-id").select_related("version")
    promoted = promoted.defer("version__report", "version__params")
    while (promotion := promoted.first()) is not None:
        version = promotion.version
        try:
            ranker = ranker_of(version)
        except (BrokenFile, CorruptModel) as error:
            problem = problem or f"version {version.number} can't be loaded: {error}"
            log.error("champion_unloadable", version=version.number, problem=str(error))
            promoted = promoted.exclude(version=version)
            continue
        return Champion(version, ranker, degraded=bool(problem), problem=problem)
    raise NoChampion(problem or f"{project.name} has no version in service")


def order(ranker: Ranker, found: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """Return (row indexes best first, scores by row). Ties are broken by the item's key, never by chance."""
    if not len(found):
        return np.array([], dtype=np.int64), np.array([])
    scores = ranker.score(found.features)
    return np.lexsort((found.keys.astype(str), -scores)), scores


def serve(query: Query) -> Ranking:
    """Return the query's ranking by the champion: the stored one while nothing has changed, else a new one.

    Raises NoChampion.
    """
    found = champion(query.project)
    stored = _stored(query, found)
    if stored is not None:
        return stored
    ranking, matches = _made(query, found)
    with transaction.atomic():
        Query.objects.select_for_update().get(pk=query.pk)
        # Of many who ask at once, one freezes its list, and the others are given that one.
        return _stored(query, found) or _freeze(ranking, matches)


def rank(query: Query, found: Champion) -> Ranking:
    """Rank all candidates of a query now and freeze what is shown, whatever is stored already."""
    ranking, matches = _made(query, found)
    with transaction.atomic():
        return _freeze(ranking, matches)


def _stored(query: Query, found: Champion) -> Ranking | None:
    """Return the latest stored ranking, unless something has changed since."""
    stored = query.rankings.select_related("version", "query__project").first()
    return stored if stored is not None and _is_current(stored, query, found) else None


def _is_current(stored: Ranking, query: Query, found: Champion) -> bool:
    return (
        stored.version_id == found.version.pk
        and stored.degraded == found.degraded
        and stored.query_hash == query.content_hash
        and stored.items_revision == _revision(query)
    )


def _revision(query: Query) -> int:
    return Project.objects.values_list("items_revision", flat=True).get(pk=query.project_id)


def _made(query: Query, found: Champion) -> tuple[Ranking, list[Match]]:
    """Rank all candidates of a query; what is returned is written nowhere yet."""
    revision = _revision(query)
    pool = candidates(query, found.version.feature_set)
    best_first, scores = order(found.ranker, pool)
    shown = best_first[:MATCHES_KEPT]
    items = catalogue(query.project, found.version.feature_set)
    words = FeatureWords.of(items.space, description_of(query.project))
    rows = pd.Index(items.version_ids).get_indexer(pool.version_ids[shown])
    contents: list[dict[str, Any]] = items.frame.iloc[rows].to_dict("records")  # type: ignore[assignment]
    reasons = reasons_in_words(found.ranker, pool.features, shown, words, contents)
    ranking = Ranking(
        query=query,
        version=found.version,
        query_hash=query.content_hash,
        items_revision=revision,
        items_total=pool.items_total,
        eligible_total=len(pool),
        removed_by_rule=pool.removed_by_rule,
        degraded=found.degraded,
    )
    matches = [
        Match(
            ranking=ranking,
            item_version_id=int(pool.version_ids[row]),
            rank=rank,
            score=float(scores[row]),
            reasons=why,
        )
        for rank, (row, why) in enumerate(zip(shown, reasons, strict=True), start=1)
    ]
    return ranking, matches


def _freeze(ranking: Ranking, matches: list[Match]) -> Ranking:
    """Write a ranking with its lines; inside a transaction."""
    ranking.save(force_insert=True)
    Match.objects.bulk_create(matches)
    return ranking
