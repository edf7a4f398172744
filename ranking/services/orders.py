"""The order of all candidates of every query under any version, in service or not. Reads only, cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ranking.models import ModelVersion, Project, Query
from ranking.services import serving
from ranking.services.candidates import candidates

Order = NDArray[np.int64]
Orders = dict[int, Order]
Key = tuple[str, int, int, str]
CACHED_VERSIONS = 6  # 60 queries of 16,000 candidates are 8 MB a version
MOST_QUERIES = 100  # looked at when versions are compared as a whole; the pages say how many
_lock = Lock()
_orders: OrderedDict[Key, Orders] = OrderedDict()


def queries_looked_at(project: Project) -> list[Query]:
    """Return the active queries that comparisons of whole versions look at, by key."""
    wanted = project.queries.filter(active=True).select_related("project", "organisation")
    return list(wanted.order_by("key")[:MOST_QUERIES])


def orders_of(*versions: ModelVersion) -> list[Orders]:
    """Return for each version, by query id, the item versions best first, as it would rank them today.

    The features of a query are built once for all versions that read the same ones.
    Raises BrokenFile or CorruptModel when a version can't be loaded.
    """
    project = Project.objects.get(pk=versions[0].project_id)
    queries = queries_looked_at(project)
    contents = sha256("".join(f"{query.pk}:{query.content_hash}" for query in queries).encode()).hexdigest()
    keys = [(version.sha256, project.pk, project.items_revision, contents) for version in versions]
    with _lock:
        known = {key: _orders[key] for key in keys if key in _orders}
    missing = {key: version for key, version in zip(keys, versions, strict=True) if key not in known}
    found = known | _ranked(missing, queries)
    with _lock:
        for key in keys:
            _orders[key] = found[key]
            _orders.move_to_end(key)
        while len(_orders) > CACHED_VERSIONS:
            _orders.popitem(last=False)
    return [found[key] for key in keys]


def _ranked(versions: Mapping[Key, ModelVersion], queries: Sequence[Query]) -> dict[Key, Orders]:
    """Rank the queries under each version, one feature set after the other."""
    found: dict[Key, Orders] = {key: {} for key in versions}
    for feature_set in {version.feature_set for version in versions.values()}:
        alike = [key for key, version in versions.items() if version.feature_set_id == feature_set.pk]
        rankers = {key: serving.ranker_of(versions[key]) for key in alike}
        for query in queries:
            pool = candidates(query, feature_set)
            for key in alike:
                found[key][query.pk] = pool.version_ids[serving.order(rankers[key], pool)[0]]
    return found


def order_of(version: ModelVersion, query: Query) -> Order:
    """Return the ids of the query's eligible item versions, best first. Raises BrokenFile or CorruptModel."""
    pool = candidates(query, version.feature_set)
    best_first, _ = serving.order(serving.ranker_of(version), pool)
    return pool.version_ids[best_first]


def tops_of(query: Query, *versions: ModelVersion, depth: int) -> list[list[int]]:
    """Return for each version the ids of the query's first item versions, best first, not cached.

    Versions that read the same features share one look at the candidates. Raises BrokenFile or CorruptModel.
    """
    pools = {version.feature_set_id: candidates(query, version.feature_set) for version in versions}
    tops = []
    for version in versions:
        pool = pools[version.feature_set_id]
        best_first, _ = serving.order(serving.ranker_of(version), pool)
        tops.append([int(pk) for pk in pool.version_ids[best_first[:depth]]])
    return tops


def forget_orders() -> None:
    """Empty the cache: ids are given anew when a database is emptied."""
    with _lock:
        _orders.clear()
