"""Which query and which items to show to whom next. Pure: numbers in, numbers out, one generator given.

Experts can only correct what they see. A slate of the version's own top would leave its mistakes further down
unseen, and a uniform draw would waste the minute on items that nobody would ever be shown. Items are drawn
without replacement with weights that fall with the rank like the discount of DCG, 1/log2(1 + rank); each
probability is returned, to be logged with the slate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARED_BY = 3  # experts who see a shared slate: the least at which two can outvote one
WINDOW = 60  # ranks beyond it are drawn only when fewer are eligible


@dataclass(frozen=True)
class PlannedSlate:
    """One slate to be shown: who, which query, in which order; items are drawn once per `draw`."""

    expert: int
    position: int
    query: int
    randomised: bool
    shared: bool
    draw: int
    probability: float


@dataclass(frozen=True)
class PlanRequest:
    """What a session asks for: expert and query ids, slates per expert, and the session's shares."""

    experts: Sequence[int]
    queries: Sequence[int]
    held_out: Sequence[bool]
    slates_per_expert: int
    random_share: float
    overlap_share: float


def plan(request: PlanRequest, rng: np.random.Generator) -> list[PlannedSlate]:
    """Return the slates of a session, in the order in which each expert sees them.

    Shared slates go to up to `SHARED_BY` experts with the same items. Slates of held-out queries are always
    in random order: an evaluation on lists in the version's own order would reward whoever keeps it.
    """
    shared = round(request.overlap_share * request.slates_per_expert) if len(request.experts) > 1 else 0
    groups = _shared_draws(request, shared, rng)
    slates: list[PlannedSlate] = []
    draw = sum(len(rows) for rows in groups.values())
    for expert in request.experts:
        rows = list(groups[expert])
        own = request.slates_per_expert - len(rows)
        for query in _spread(request.queries, [row[0] for row in rows], own, rng):
            rows.append((query, draw, False))
            draw += 1
        slates += _in_order(request, expert, rows, rng)
    return slates


def _shared_draws(
    request: PlanRequest, shared: int, rng: np.random.Generator
) -> dict[int, list[tuple[int, int, bool]]]:
    rows: dict[int, list[tuple[int, int, bool]]] = {expert: [] for expert in request.experts}
    by = min(SHARED_BY, len(request.experts))
    if not shared:
        return rows
    drawn = _spread(request.queries, [], shared * -(-len(request.experts) // by), rng)
    for draw, query in enumerate(drawn):
        waiting = sorted((len(rows[expert]), rng.random(), expert) for expert in request.experts)
        for count, _, expert in waiting[:by]:
            if count < shared:
                rows[expert].append((query, draw, True))
    return rows


def _spread(queries: Sequence[int], taken: Sequence[int], count: int, rng: np.random.Generator) -> list[int]:
    """Draw queries, each once before any comes twice; those in `taken` come last."""
    order: list[int] = []
    fresh = [query for query in queries if query not in set(taken)] or list(queries)
    while len(order) < count:
        order += [int(query) for query in rng.permutation(fresh)]
        fresh = list(queries)
    return order[:count]


def _in_order(
    request: PlanRequest, expert: int, rows: list[tuple[int, int, bool]], rng: np.random.Generator
) -> list[PlannedSlate]:
    held_out = dict(zip(request.queries, request.held_out, strict=True))
    rows = [rows[i] for i in rng.permutation(len(rows))]
    free = [i for i, row in enumerate(rows) if not held_out[row[0]]]
    wanted = max(int(np.ceil(request.random_share * len(rows))) - (len(rows) - len(free)), 0)
    randomised = set(range(len(rows))) - set(free) | {int(i) for i in rng.permutation(free)[:wanted]}
    probability = min(request.slates_per_expert / len(request.queries), 1.0)
    return [
        PlannedSlate(expert, i + 1, query, i in randomised, shared, draw, probability)
        for i, (query, draw, shared) in enumerate(rows)
    ]


def draw_items(
    eligible: int, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw `count` of the items ranked 1..eligible.

    Returns (ranks ascending, their inclusion probabilities), both of length min(count, eligible). Sampling is
    systematic on the cumulated probabilities, so that the probabilities returned are exact.
    """
    window = min(eligible, max(WINDOW, count))
    if window <= count:
        return np.arange(1, window + 1), np.ones(window)
    weights = 1.0 / np.log2(1.0 + np.arange(1, window + 1))
    inclusion = _inclusion(weights, count)
    shuffled = rng.permutation(window)
    edges = np.cumsum(inclusion[shuffled])
    # Systematic sampling: equally spaced points on the cumulated probabilities. The last edge is `count` but
    # for rounding, and a point must never fall behind it.
    edges[-1] = count
    picked = shuffled[np.searchsorted(edges, rng.random() + np.arange(count), side="right")]
    ranks = np.sort(picked) + 1
    return ranks.astype(np.int64), inclusion[ranks - 1]


def _inclusion(weights: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return inclusion probabilities proportional to the weights, none above 1, with the sum `count`."""
    certain = np.zeros(len(weights), dtype=bool)
    while True:
        rest = count - certain.sum()
        inclusion = np.where(certain, 1.0, weights / weights[~certain].sum() * rest)
        over = (inclusion > 1.0) & ~certain
        if not over.any():
            return inclusion
        certain |= over
