"""Which sessions moved the lists of a version: first lines of a dozen needs without each of them.

Reads only, cached. What a session did is counted as in `ranking.services.provenance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from django.core.cache import cache

from ranking.models import Item, ModelVersion, Query
from ranking.services.orders import queries_looked_at
from ranking.services.provenance import CACHED_SECONDS, Places, Source, Taught, sources_of

_Move = tuple[int, int, int, int]  # ids of need and item, places, rank
NEEDS = 12
TOP = 10  # what a reader sees without scrolling
LARGEST = 5  # moves that are named for a session
MOST_SCORED = 3_000_000  # candidates times sessions; beyond it, fewer needs are looked at


@dataclass(frozen=True)
class LargeMove:
    """One item that a session moved far, in or out of the first lines of a need."""

    query: Query
    item: Item
    places: int
    rank: int

    @property
    def rank_without(self) -> int:
        """Where it would stand without the session."""
        return self.rank + self.places

    @property
    def distance(self) -> int:
        """How many places, whichever way."""
        return abs(self.places)


@dataclass(frozen=True)
class Influence:
    """What one session did: how many of the first lines stand elsewhere for it, and how many came in."""

    source: Source
    moved: int
    came_in: int
    lists: int
    largest: tuple[LargeMove, ...]


@dataclass(frozen=True)
class Influences:
    """Every session of a version, the one that moved most first; `lines` of `needs` lists were looked at."""

    sessions: tuple[Influence, ...]
    needs: int
    needs_total: int
    lines: int


def influences(version: ModelVersion) -> Influences:
    """Say which sessions moved the lists of a version. Raises NoProvenance, BrokenFile or CorruptModel."""
    taught = Taught(version)
    queries = queries_looked_at(version.project)[:NEEDS]
    key = f"influence:{taught.stamp}:{_contents(version, queries)}"
    known: dict[str, Any] | None = cache.get(key)
    if known is None:
        known = _measured(taught, queries)
        cache.set(key, known, CACHED_SECONDS)
    return Influences(
        sessions=_told(version, known, {query.pk: query for query in queries}),
        needs=known["needs"],
        needs_total=version.project.queries.filter(active=True).count(),
        lines=known["lines"],
    )


def _contents(version: ModelVersion, queries: Iterable[Query]) -> str:
    """Return a hash of the data that the lists are made of."""
    needs = "".join(f"{query.pk}:{query.content_hash}" for query in queries)
    return sha256(f"{version.project_id}:{version.project.items_revision}:{needs}".encode()).hexdigest()


def _measured(taught: Taught, queries: Sequence[Query]) -> dict[str, Any]:
    """Return counts and largest moves by session, as plain values."""
    found: dict[str, Any] = {"lists": taught.lists, "needs": 0, "lines": 0}
    told: dict[str, dict[str, Any]] = {
        key: {"moved": 0, "came_in": 0, "lists": 0, "moves": []} for key in taught.lists
    }
    scored = 0
    for query in queries:
        places = taught.places(query)
        found["needs"] += 1
        found["lines"] += int((places.ranks <= TOP).sum())
        for key, counts in told.items():
            _count(counts, places, places.gained[key].to_numpy(), query)
        scored += len(places.items) * len(told)
        if scored >= MOST_SCORED:
            break
    for counts in told.values():
        counts["moves"] = _largest(counts["moves"])
    return found | {"sessions": told}


def _largest(moves: Sequence[_Move]) -> list[_Move]:
    """Return the largest moves, one an item: the same one in five needs would tell no more than in one."""
    by_item: dict[int, _Move] = {}
    for move in sorted(moves, key=lambda move: (-abs(move[2]), move[3])):
        by_item.setdefault(move[1], move)
    return list(by_item.values())[:LARGEST]


def _count(counts: dict[str, Any], places: Places, gained: Any, query: Query) -> None:
    """Add what one session did to one list."""
    top, top_without = places.ranks <= TOP, places.ranks + gained <= TOP
    moved = top & (gained != 0)
    counts["moved"] += int(moved.sum())
    counts["came_in"] += int((top & ~top_without).sum())
    counts["lists"] += bool(moved.any())
    shown = np.flatnonzero((top | top_without) & (gained != 0))
    counts["moves"] += [
        (query.pk, int(places.items[row]), int(gained[row]), int(places.ranks[row])) for row in shown
    ]


def _told(version: ModelVersion, known: dict[str, Any], queries: dict[int, Query]) -> tuple[Influence, ...]:
    """Put needs, items and titles to the figures."""
    told = known["sessions"]
    items = Item.objects.in_bulk([move[1] for counts in told.values() for move in counts["moves"]])
    found = [
        Influence(
            source=source,
            moved=told[source.key]["moved"],
            came_in=told[source.key]["came_in"],
            lists=told[source.key]["lists"],
            largest=tuple(
                LargeMove(queries[query], items[item], places, rank)
                for query, item, places, rank in told[source.key]["moves"]
            ),
        )
        for source in sources_of(version, known["lists"])
    ]
    return tuple(sorted(found, key=lambda one: (-one.moved, -one.came_in)))
