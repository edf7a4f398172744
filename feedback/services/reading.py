"""What a reader sees of a need: the stored list with facts, reasons, moves, doubts and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedback.models import Outcome
from feedback.services import outcomes
from feedback.services.teaching import simulated_versions
from ranking.cards import Card, card_of, cards_of
from ranking.description import ProjectDescription
from ranking.errors import BrokenFile, NoChampion
from ranking.models import Match, ModelVersion, Query, Ranking
from ranking.services import serving
from ranking.services.candidates import description_of
from ranking.services.doubts import important_fields, missing_facts
from ranking.services.movement import Move, Standing, moves, ranking_before, standings


@dataclass(frozen=True)
class Line:
    """One match as a reader sees it; it has a card once it is written (`written`)."""

    match: Match
    move: Move | None = None
    unsure: tuple[str, ...] = ()
    outcome: Outcome | None = None
    card: Card | None = None

    @property
    def rank(self) -> int:
        """From 1."""
        return self.match.rank

    @property
    def item_id(self) -> int:
        """The item, whatever its content was."""
        return int(self.match.item_version.item_id)


@dataclass(frozen=True)
class Sheet:
    """A list as a reader sees it; `before` is the list of another version that the moves are counted from."""

    query: Query
    description: ProjectDescription
    need: Card
    ranking: Ranking | None
    lines: tuple[Line, ...]
    before: Ranking | None
    simulated: tuple[ModelVersion, ...]
    degraded: bool

    @property
    def removed(self) -> int:
        """How many items the rules took out."""
        return self.ranking.items_total - self.ranking.eligible_total if self.ranking else 0


@dataclass(frozen=True)
class NeedRow:
    """One need in the list of needs."""

    query: Query
    need: Card
    nouns: ProjectDescription
    standing: Standing
    done: dict[str, int]


@dataclass(frozen=True)
class Kept:
    """One item of the shortlist: what was done, and where it stands in the need's list today, if it does."""

    query: Query
    outcome: Outcome
    card: Card
    match: Match | None


def sheet(query: Query) -> Sheet:
    """Return the list of a need: the stored one at once, a new one when something has changed.

    Without any version that can be loaded the last stored list is shown, marked as degraded.
    """
    description = description_of(query.project)
    ranking, degraded = _ranking(query)
    before = ranking_before(ranking) if ranking else None
    return Sheet(
        query=query,
        description=description,
        need=card_of(description.query, query.content),
        ranking=ranking,
        lines=_lines(query, ranking, before, description) if ranking else (),
        before=before,
        simulated=tuple(simulated_versions(ranking.version)) if ranking else (),
        degraded=degraded,
    )


def need_rows(queries: Sequence[Query]) -> list[NeedRow]:
    """Return the needs of one page with what is known of their lists, in a fixed number of reads."""
    found = standings(queries)
    done: dict[int, dict[str, int]] = {query.pk: {} for query in queries}
    for (query_id, _), outcome in outcomes.latest(queries).items():
        done[query_id][outcome.kind] = done[query_id].get(outcome.kind, 0) + 1
    nouns = {query.project_id: query.project for query in queries}
    described = {pk: description_of(project) for pk, project in nouns.items()}
    return [
        NeedRow(
            query=query,
            need=card_of(described[query.project_id].query, query.content),
            nouns=described[query.project_id],
            standing=found[query.pk],
            done=done[query.pk],
        )
        for query in queries
    ]


def shortlist(queries: Sequence[Query]) -> list[Kept]:
    """Return what was done with the matches of these needs, latest first, with where each stands today."""
    acts = outcomes.latest(queries)
    by_id = {query.pk: query for query in queries}
    described = {query.project_id: description_of(query.project) for query in queries}
    rankings = [standing.ranking for standing in standings(queries).values() if standing.ranking]
    today = {
        (match.ranking.query_id, match.item_version.item_id): match
        for match in Match.objects.filter(
            ranking__in=rankings, item_version__item__in={item for _, item in acts}
        ).select_related("ranking", "item_version")
    }
    return [
        Kept(
            query=by_id[query],
            outcome=outcome,
            card=card_of(described[by_id[query].project_id].item, outcome.item_version.content),
            match=today.get((query, item)),
        )
        for (query, item), outcome in acts.items()
    ]


def written(lines: Sequence[Line], description: ProjectDescription) -> list[Line]:
    """Return the lines of one page with their facts written for people: of 200 lines a page shows 25."""
    cards = cards_of(description.item, [line.match.item_version.content for line in lines])
    return [replace(line, card=card) for line, card in zip(lines, cards, strict=True)]


def line_of(query: Query, match: Match) -> Line:
    """Return one line alone, as it stands after an act."""
    description = description_of(query.project)
    done = outcomes.latest([query]).get((query.pk, match.item_version.item_id))
    return written([Line(match, outcome=done)], description)[0]


def _ranking(query: Query) -> tuple[Ranking | None, bool]:
    """Return (ranking, degraded). A stored list is better than none when no model can be loaded."""
    try:
        ranking = serving.serve(query)
    except (NoChampion, BrokenFile):
        stored = query.rankings.select_related("version").first()
        return stored, stored is not None
    return ranking, ranking.degraded


def _lines(
    query: Query, ranking: Ranking, before: Ranking | None, description: ProjectDescription
) -> tuple[Line, ...]:
    matches = list(ranking.matches.select_related("item_version").order_by("rank"))
    moved = moves(before, matches) if before else {}
    done = outcomes.latest([query])
    fields = important_fields(description, matches)
    return tuple(
        Line(
            match=match,
            move=moved.get(match.item_version.item_id),
            unsure=missing_facts(description, match, fields),
            outcome=done.get((query.pk, match.item_version.item_id)),
        )
        for match in matches
    )
