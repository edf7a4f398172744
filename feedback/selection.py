"""Which query and which items to show to whom next. Pure: numbers in, numbers out, one generator given.

Which lists are worth asking for is decided by `ranking.ltr.ask`: those about which a committee disagrees on
something that people would see, a few red flags, and lists drawn plainly at random. The last come from held-
out queries, on which versions are judged: a list that a model chose would favour that model, and a list of
worth on a held-out query would teach nothing. They are as large a share of the lists as held-out queries are
of the queries.

Here the lists get their place: some go to several experts, each expert sees a few of their own again much
later and in another order, and enough of them are in random order. Lists whose order is known are planted
among them, in random order and in any place. Every probability is returned, to be logged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ranking.ltr import Mix, ProposedSlate, ask

SHARED_BY = 3  # experts who see a shared slate: the least at which two can outvote one
WINDOW = 60  # ranks beyond it are never shown: a minute is too dear for what no reader gets to see
REPEAT_SHARE = 0.1  # of an expert's slates: about three in a session of thirty, which a consistency needs
REPEAT_GAP = 4  # slates from one showing to the next: three others in between, so that nobody just remembers
REPEAT = "repeat"
GOLD = "gold"
GOLD_EVERY = 6  # lists of an expert for each of known order, at least: a session is no examination


@dataclass(frozen=True, eq=False)
class CandidateRows:
    """What may be shown, one row a query and item: scores (m, n) of a committee, and columns of length n.

    `ranks` are those of the version in service, from 1; no query has more than `WINDOW` of them.
    """

    scores: NDArray[np.float64]
    queries: NDArray[np.int64]
    items: NDArray[np.int64]
    ranks: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    features: pd.DataFrame


@dataclass(frozen=True)
class DrawnList:
    """A list before anybody gets it: ranks ascending, their inclusion probabilities, and why it was drawn."""

    query: int
    ranks: tuple[int, ...]
    item_probabilities: tuple[float, ...]
    probability: float
    arm: str


@dataclass(frozen=True)
class KnownList:
    """A list whose order is known (its id), with the ranks of its items by the version in service.

    `not_asked` are the experts who know the order, or have been asked it before.
    """

    gold: int
    query: int
    ranks: tuple[int, ...]
    items: tuple[int, ...]
    not_asked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PlannedSlate:
    """One slate to be shown: who, where in their session, which list, and in which order.

    `repeats` is the position of the same expert's slate that shows the same list, `gold` the id of the list
    of known order that is planted here.
    """

    expert: int
    position: int
    drawn: DrawnList
    randomised: bool
    shared: bool = False
    repeats: int | None = None
    gold: int | None = None


@dataclass(frozen=True)
class PlanRequest:
    """What a session asks for: expert ids, lists and cards, the session's shares, and who must not see what.

    `conflicts` are item ids by (expert, query), `known` the lists of known order of which each expert gets
    up to `gold_per_expert`.
    """

    experts: Sequence[int]
    slates_per_expert: int
    items_per_slate: int
    random_share: float
    overlap_share: float
    repeat_share: float = REPEAT_SHARE
    conflicts: Mapping[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    gold_per_expert: int = 0
    known: Sequence[KnownList] = ()


@dataclass(frozen=True, eq=False)
class _Entry:
    """A list in an expert's session, before it has a position."""

    drawn: DrawnList
    shared: bool = False
    again: _Entry | None = None
    gold: int | None = None


def plan(request: PlanRequest, rows: CandidateRows, rng: np.random.Generator) -> list[PlannedSlate]:
    """Return the slates of a session, in the order in which each expert sees them.

    Shared slates go to up to `SHARED_BY` experts with the same items. Slates of held-out queries are always
    in random order: an evaluation on lists in the version's own order would reward whoever keeps it. So are
    repeats and lists of known order, which take the place of others: nobody gets more lists for them. Fewer
    slates than asked for only where an expert's interests leave nothing to ask about.
    """
    shared = round(request.overlap_share * request.slates_per_expert) if len(request.experts) > 1 else 0
    repeats = _repeats_each(request)
    source = _Source(request, rows, rng)
    gold = {expert: _gold_entries(request, expert, rng) for expert in request.experts}
    room = request.slates_per_expert - repeats - max(map(len, gold.values()), default=0)
    planted = {entry.drawn.query for entries in gold.values() for entry in entries}
    groups = _shared_draws(request, min(shared, room), source, rng, seen=planted)
    slates: list[PlannedSlate] = []
    for expert in request.experts:
        entries = groups[expert]
        own = request.slates_per_expert - repeats - len(gold[expert]) - len(entries)
        seen = [entry.drawn.query for entry in (*entries, *gold[expert])]
        entries = entries + [_Entry(drawn) for drawn in source.lists([expert], own, seen)]
        entries = [entries[place] for place in rng.permutation(len(entries))]
        entries = _planted(_with_repeats(entries, repeats, rng), gold[expert], rng)
        slates += _in_order(request, expert, entries, source.held_out, rng)
    return slates


class _Source:
    """Draws lists, away from all that it has drawn before."""

    def __init__(self, request: PlanRequest, rows: CandidateRows, rng: np.random.Generator) -> None:
        self.request, self.rows, self.rng = request, rows, rng
        self.judged = np.zeros(len(rows.queries))
        self.recent: list[tuple[int, ...]] = []
        self.held_out = frozenset(rows.queries[rows.held_out].tolist())

    def lists(self, experts: Sequence[int], count: int, seen: Collection[int]) -> list[DrawnList]:
        """Up to `count` lists that all of the experts may see, of queries not `seen` while there are any."""
        barred = self._barred(experts)
        found: list[DrawnList] = []
        seen = set(seen)
        while len(found) < count:
            fresh = ~barred & ~np.isin(self.rows.queries, list(seen))
            queries, sizes = np.unique(self.rows.queries[fresh], return_counts=True)
            queries = queries[sizes > 1]
            if len(queries) == 0 and not seen:
                break
            found += self._asked(min(count - len(found), len(queries)), ~fresh, queries)
            seen = set()
        return found

    def _asked(self, count: int, excluded: NDArray[np.bool_], queries: NDArray[np.int64]) -> list[DrawnList]:
        if count == 0:
            return []
        proposed = ask(
            self.rows.scores,
            self.rows.queries,
            n_slates=count,
            slate_size=self.request.items_per_slate,
            mix=_mix(float(np.mean([query in self.held_out for query in queries.tolist()]))),
            features=self.rows.features,
            judged=self.judged,
            recent=self.recent,
            excluded=excluded,
            held_out=self.rows.held_out,
            seed=int(self.rng.integers(2**31)),
        )
        for slate in proposed:
            self.judged[list(slate.rows)] += 1
            self.recent.append(slate.rows)
        return [self._drawn(slate) for slate in proposed]

    def _drawn(self, slate: ProposedSlate) -> DrawnList:
        ranks = self.rows.ranks[list(slate.rows)]
        order = np.argsort(ranks)
        return DrawnList(
            query=int(slate.query),
            ranks=tuple(ranks[order].tolist()),
            item_probabilities=tuple(slate.row_probabilities[place] for place in order),
            probability=slate.probability,
            arm=slate.kind,
        )

    def _barred(self, experts: Sequence[int]) -> NDArray[np.bool_]:
        barred = np.zeros(len(self.rows.queries), dtype=bool)
        for (expert, query), items in self.request.conflicts.items():
            if expert in experts:
                barred |= (self.rows.queries == query) & np.isin(self.rows.items, list(items))
        return barred


def _mix(held_out: float) -> Mix:
    """The mix of a session's lists: what is shown again is planned apart, see `_with_repeats`.

    >>> mix = _mix(0.25)
    >>> round(mix.committee, 6), mix.random, round(mix.red_flag, 6)
    (0.7, 0.25, 0.05)
    """
    usual = Mix()
    random = held_out or usual.random / (usual.random + usual.committee + usual.red_flag)
    red_flag = (1 - random) * usual.red_flag / (usual.red_flag + usual.committee)
    return Mix(committee=1 - random - red_flag, random=random, overlap=0.0, repeat=0.0, red_flag=red_flag)


def _gold_entries(request: PlanRequest, expert: int, rng: np.random.Generator) -> list[_Entry]:
    """Draw the lists of known order for an expert: of different needs, and as long as any other list is.

    One that were shorter or longer than the others would be known by that.
    """
    size = request.items_per_slate
    found: list[_Entry] = []
    left = [known for known in request.known if _may_be_asked(request, known, expert)]
    while left and len(found) < min(request.gold_per_expert, request.slates_per_expert // GOLD_EVERY):
        chance = 1 / len(left)
        known = left[int(rng.integers(len(left)))]
        left = [other for other in left if other.query != known.query]
        ranks = sorted(known.ranks[i] for i in rng.permutation(len(known.ranks))[:size])
        share = (size / len(known.ranks),) * size
        found.append(_Entry(DrawnList(known.query, tuple(ranks), share, chance, GOLD), gold=known.gold))
    return found


def _may_be_asked(request: PlanRequest, known: KnownList, expert: int) -> bool:
    interests = request.conflicts.get((expert, known.query), frozenset())
    fits = len(known.ranks) >= request.items_per_slate
    return fits and expert not in known.not_asked and not interests & set(known.items)


def _planted(entries: list[_Entry], gold: Sequence[_Entry], rng: np.random.Generator) -> list[_Entry]:
    """Put lists of known order anywhere among the others, which only come to stand further apart by that."""
    planned = list(entries)
    for entry in gold:
        planned.insert(int(rng.integers(len(planned) + 1)), entry)
    return planned


def _shared_draws(
    request: PlanRequest,
    shared: int,
    source: _Source,
    rng: np.random.Generator,
    *,
    seen: Collection[int] = (),
) -> dict[int, list[_Entry]]:
    entries: dict[int, list[_Entry]] = {expert: [] for expert in request.experts}
    by = min(SHARED_BY, len(request.experts))
    if not shared:
        return entries
    for drawn in source.lists(request.experts, shared * -(-len(request.experts) // by), seen):
        waiting = sorted((len(entries[expert]), rng.random(), expert) for expert in request.experts)
        for count, _, expert in waiting[:by]:
            if count < shared:
                entries[expert].append(_Entry(drawn, shared=True))
    return entries


def _repeats_each(request: PlanRequest) -> int:
    """How many slates of each expert are repeats: none where the session is too short to keep them apart."""
    wanted = round(request.repeat_share * request.slates_per_expert)
    return max(min(wanted, (request.slates_per_expert - REPEAT_GAP + 1) // 2), 0)


def _with_repeats(entries: list[_Entry], count: int, rng: np.random.Generator) -> list[_Entry]:
    """Plant repeats of `count` lists, each at least `REPEAT_GAP` slates after the first showing."""
    sources = entries[: max(len(entries) - REPEAT_GAP + 1, 0)]
    planned = list(entries)
    for drawn, place in enumerate(rng.permutation(len(sources))[:count]):
        first = sources[place]
        chance = 1 / (len(sources) - drawn)
        again = _Entry(replace(first.drawn, arm=REPEAT, probability=chance), again=first)
        planned.insert(int(rng.integers(planned.index(first) + REPEAT_GAP, len(planned) + 1)), again)
    return planned


def _in_order(
    request: PlanRequest,
    expert: int,
    entries: Sequence[_Entry],
    held_out: Collection[int],
    rng: np.random.Generator,
) -> list[PlannedSlate]:
    learned = [i for i, entry in enumerate(entries) if entry.gold is None]
    free = [i for i in learned if entries[i].again is None and entries[i].drawn.query not in held_out]
    wanted = max(int(np.ceil(request.random_share * len(learned))) - (len(learned) - len(free)), 0)
    randomised = set(range(len(entries))) - set(free) | {int(i) for i in rng.permutation(free)[:wanted]}
    position = {id(entry): i + 1 for i, entry in enumerate(entries)}
    return [
        PlannedSlate(
            expert=expert,
            position=i + 1,
            drawn=entry.drawn,
            randomised=i in randomised,
            shared=entry.shared,
            repeats=position[id(entry.again)] if entry.again is not None else None,
            gold=entry.gold,
        )
        for i, entry in enumerate(entries)
    ]


def orders_shown(planned: Sequence[PlannedSlate], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return for each slate which of its ranks stands at each place, from the top.

    In the version's own order unless randomised; a repeat never in the order of its first showing.
    """
    drawn = [rng.permutation(len(slate.drawn.ranks)) if slate.randomised else None for slate in planned]
    orders = [
        np.arange(len(slate.drawn.ranks)) if order is None else order
        for slate, order in zip(planned, drawn, strict=True)
    ]
    at = {(slate.expert, slate.position): place for place, slate in enumerate(planned)}
    shown = list(orders)
    for place, slate in enumerate(planned):
        if slate.repeats is not None and np.array_equal(
            orders[place], orders[at[slate.expert, slate.repeats]]
        ):
            shown[place] = orders[place][::-1]
    return shown
