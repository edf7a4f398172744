"""How a list moved: every line against the last ranking of the same query by another version. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db.models import Max, OuterRef, QuerySet, Subquery

from ranking.models import Match, Query, Ranking

FIRST = 10  # lines of a list that a summary speaks of: what people look at
Direction = Literal["up", "down", "new", ""]


@dataclass(frozen=True)
class Move:
    """Where one item stood before; `before` is None when it was not among the kept lines of that list.

    >>> move = Move(rank=2, before=8, since=13, kept=200)
    >>> move.places, move.direction
    (6, 'up')
    """

    rank: int
    before: int | None
    since: int
    kept: int

    @property
    def places(self) -> int | None:
        """How many places up (positive) or down (negative); None without a rank before."""
        return None if self.before is None else self.before - self.rank

    @property
    def distance(self) -> int:
        """How many places, whichever way; 0 without a rank before."""
        return abs(self.places or 0)

    @property
    def direction(self) -> Direction:
        """Which way it went; "new" when it was not among the kept lines."""
        if self.places is None:
            return "new"
        return "up" if self.places > 0 else "down" if self.places < 0 else ""


@dataclass(frozen=True)
class Standing:
    """What there is to say about a query's list without opening it; `ranking` is None without one."""

    ranking: Ranking | None = None
    before: Ranking | None = None
    leaders: tuple[str, ...] = ()
    entered: int = 0
    moved: int = 0
    first: int = 0


@dataclass(frozen=True)
class _Top:
    """The first lines of one ranking: items in their order, and their titles."""

    items: list[int] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


def ranking_before(ranking: Ranking) -> Ranking | None:
    """Return the last ranking of the same query that another version made, or None."""
    return _before(ranking.query_id, ranking.pk, ranking.version_id).select_related("version").first()


def moves(before: Ranking, matches: Iterable[Match]) -> dict[int, Move]:
    """Return by item id how the lines of a list moved since the ranking `before` them."""
    earlier = dict(before.matches.values_list("item_version__item_id", "rank"))
    return {
        match.item_version.item_id: Move(
            rank=match.rank,
            before=earlier.get(match.item_version.item_id),
            since=before.version.number,
            kept=len(earlier),
        )
        for match in matches
    }


def standings(queries: Sequence[Query], *, leaders: int = 3) -> dict[int, Standing]:
    """Return by query id the latest stored ranking, its first items and what moved, in a few reads."""
    latest = _latest(queries)
    earlier = Ranking.objects.select_related("version").in_bulk(
        [ranking.before_id for ranking in latest if ranking.before_id]
    )
    tops = _tops([ranking.pk for ranking in latest] + list(earlier))
    found = {ranking.query_id: _standing(ranking, earlier, tops, leaders) for ranking in latest}
    return {query.pk: found.get(query.pk, Standing()) for query in queries}


def _before(query: object, ranking: object, version: object) -> QuerySet[Ranking]:
    return Ranking.objects.filter(query=query, pk__lt=ranking).exclude(version=version).order_by("-pk")


def _latest(queries: Sequence[Query]) -> list[Ranking]:
    newest = (
        Ranking.objects.filter(query__in=[query.pk for query in queries])
        .values("query")
        .annotate(newest=Max("pk"))
        .order_by()
        .values("newest")
    )
    before = _before(OuterRef("query"), OuterRef("pk"), OuterRef("version")).values("pk")[:1]
    rankings = Ranking.objects.filter(pk__in=newest).select_related("version__training_set")
    return list(rankings.annotate(before_id=Subquery(before)))


def _tops(rankings: Sequence[int]) -> dict[int, _Top]:
    tops: dict[int, _Top] = {ranking: _Top() for ranking in rankings}
    lines = Match.objects.filter(ranking__in=rankings, rank__lte=FIRST).order_by("ranking", "rank")
    for ranking, item, title in lines.values_list(
        "ranking_id", "item_version__item_id", "item_version__item__title"
    ):
        tops[ranking].items.append(item)
        tops[ranking].titles.append(title)
    return tops


def _standing(
    ranking: Ranking, earlier: Mapping[int, Ranking], tops: Mapping[int, _Top], leaders: int
) -> Standing:
    top = tops[ranking.pk]
    before = earlier.get(ranking.before_id)
    places = {item: place for place, item in enumerate(tops[before.pk].items)} if before else {}
    known = [(place, places[item]) for place, item in enumerate(top.items) if item in places]
    return Standing(
        ranking=ranking,
        before=before,
        leaders=tuple(top.titles[:leaders]),
        entered=len(top.items) - len(known) if before else 0,
        moved=sum(now != then for now, then in known),
        first=len(top.items),
    )
