"""What two versions did on the same held-out queries, as tables with one paired result a line.

A decision needs many comparisons (all queries, segments, experts, groups), each paired by query: here they
are laid out once, so that `ranking.ltr.gate` decides from figures alone, whatever their source.

Does *not* compare or decide anything.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import key_texts, numbers
from ranking.ltr.figures import (
    EXPOSURE,
    FIGURE_COLUMNS,
    LABELS,
    PAIRS,
    PLACED,
    SIGNED_OFF_COLUMNS,
    PairedResults,
    empty,
)
from ranking.ltr.judges import INVERTED
from ranking.ltr.metrics import QueryMetric, exposure, ndcg, pair_accuracy
from ranking.ltr.panel import names_in_words
from ranking.ltr.preferences import Floats, Preferences
from ranking.ltr.tables import Mask, Pairs, Rows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What both versions are judged on.

    Attributes
    ----------
    challenger, champion : (n,) scores of all rows; None for a first version
    experts : pairs of held-out queries from slates in random order
    labelled : (n,) held-out rows that have a label
    """

    rows: Rows
    challenger: Floats
    champion: Floats | None
    experts: Preferences
    labelled: Mask
    seed: int

    @classmethod
    def of(
        cls, rows: Rows, pairs: Pairs, challenger: npt.ArrayLike, champion: npt.ArrayLike | None, *, seed: int
    ) -> HeldOut:
        """Of the frozen tables: what is held out, and of the experts' pairs those shown in random order."""
        return cls(
            rows=rows,
            challenger=numbers("challenger", challenger, len(rows)),
            champion=None if champion is None else numbers("champion", champion, len(rows)),
            experts=pairs.preferences.take(_judged(pairs) & pairs.randomised),
            labelled=rows.held_out & ~np.isnan(rows.labels),
            seed=seed,
        )

    def metric(
        self, name: str, scores: Floats, where: Mask | None = None, judges: Collection[str] | None = None
    ) -> QueryMetric:
        """One metric by query, within a segment or for some judges only."""
        inside = np.ones(len(self.rows), dtype=bool) if where is None else where
        if name == LABELS:
            chosen = self.labelled & inside
            return ndcg(self.rows.labels[chosen], scores[chosen], self.rows.queries[chosen], k=10)
        return pair_accuracy(scores, self.pairs(where, judges), self.rows.queries)

    def pairs(self, where: Mask | None = None, judges: Collection[str] | None = None) -> Preferences:
        """Pairs that touch a segment, of some judges."""
        pairs = self.experts
        if where is not None:
            pairs = pairs.take(where[pairs.winner] | where[pairs.loser])
        return pairs if judges is None else pairs.take(np.isin(pairs.judge, list(judges)))


def paired_results(
    rows: Rows,
    pairs: Pairs,
    challenger: npt.ArrayLike,
    champion: npt.ArrayLike,
    *,
    signed_off: Iterable[tuple[str, str, str]] = (),
    trained_queries: Iterable[Hashable] = (),
    with_labels: bool = True,
    no_standard: Collection[str] = (),
    inverted: Collection[str] = (),
    sides: Sequence[Sequence[str]] = (),
) -> PairedResults:
    """Lay out the results of two versions on the held-out part of frozen tables.

    Parameters
    ----------
    rows, pairs : as read by `ranking.ltr.tables`
    challenger, champion : (n,) scores of all rows, in the order of the rows whatever index they have
    signed_off : (query, item above, item below) that must stay in this order; one whose rows are not among
        `rows` cannot be looked at, and has margins that are NaN
    trained_queries : queries that the challenger has learned from
    with_labels : False where the graded labels are a history that experts correct
    no_standard : judges whose pairs count nowhere
    inverted : those of them whose answers training turned round; they have a line of their own all the same,
        by what they said
    sides : judges who stand together, where experts contradict each other

    Raises
    ------
    InvalidFeatures
        For scores that are not one number for each row, and for queries that are not a collection of keys.

    Notes
    -----
    A challenger with a score that is not finite has no figures: only its scores are handed on.
    Slates that were not shown in random order stay in the table, marked, so that they can be counted.
    """
    scores = {"challenger": challenger, "champion": champion}
    scored = pd.DataFrame(
        {"query": rows.queries} | {name: numbers(name, one, len(rows)) for name, one in scores.items()}
    )
    kept: dict[str, Any] = {
        "scores": scored[rows.held_out].reset_index(drop=True),
        "signed_off": _signed_off(rows, scored, signed_off),
        "trained_queries": key_texts("trained_queries", trained_queries),
        "sides": tuple(map(names_in_words, sides)),
        "declared": _declared(rows, pairs),
        "labels_guard": with_labels,
    }
    everybody, pairs = pairs, pairs.without(no_standard)
    if not np.isfinite(scored["challenger"]).all():
        return PairedResults(figures=empty(FIGURE_COLUMNS), **kept)
    held_out = HeldOut.of(rows, pairs, challenger, champion, seed=0)
    metrics = (PAIRS, LABELS) if with_labels else (PAIRS,)
    lines = [
        *_overall(held_out, metrics),
        *_shown_in_own_order(held_out, pairs),
        *_fairness(held_out),
        *_inverted(HeldOut.of(rows, everybody, challenger, champion, seed=0), inverted),
        *_sides(held_out, sides),
    ]
    figures = pd.concat(lines, ignore_index=True) if lines else empty(FIGURE_COLUMNS)
    return PairedResults(figures=figures, margins=_margins(scored, pairs), **kept)


def _declared(rows: Rows, pairs: Pairs) -> frozenset[str]:
    there = {
        "labels": not np.isnan(rows.labels).all(),
        "experts": bool((pairs.origin != "label").any()),
        "segments": bool(rows.segments),
        "groups": bool(rows.protected),
    }
    return frozenset(name for name, is_there in there.items() if is_there)


def _judged(pairs: Pairs) -> Mask:
    """(p,) held-out pairs of experts."""
    judged: Mask = pairs.held_out & (pairs.origin != "label")
    return judged


def _lines(
    held_out: HeldOut, family: str, metric: str, *, name: str = "", group: str = "", **cut: Any
) -> Iterator[pd.DataFrame]:
    """The lines of one comparison; none where the metric is defined for no query."""
    assert held_out.champion is not None
    values = {
        version: held_out.metric(metric, scores, **cut).values
        for version, scores in (("challenger", held_out.challenger), ("champion", held_out.champion))
    }
    if len(values["challenger"]):
        slates = (
            _slates(held_out, **cut) if metric == PAIRS else pd.Series(0, index=values["challenger"].index)
        )
        yield _as_lines({**values, "slates": slates}, family=family, name=name, group=group, metric=metric)


def _slates(held_out: HeldOut, **cut: Any) -> pd.Series[int]:
    """Number of lists of each query."""
    pairs = held_out.pairs(**cut)
    lists = pd.DataFrame({"query": held_out.rows.queries[pairs.winner], "list": pairs.list_id})
    return lists.groupby("query")["list"].nunique()


def _as_lines(columns: dict[str, Any], **constant: Any) -> pd.DataFrame:
    """Series by query as lines of the table of figures."""
    table: pd.DataFrame = (
        pd.DataFrame(columns).dropna(subset=["challenger", "champion"]).rename_axis("query").reset_index()
    )
    return table.assign(**{"base": 1.0, "randomised": True} | constant)[list(FIGURE_COLUMNS)]


def _overall(held_out: HeldOut, metrics: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    """Lines of all queries, of each segment and of each expert."""
    for metric in metrics:
        yield from _lines(held_out, "all", metric)
        for name, values in held_out.rows.segments.items():
            for value in sorted(set(values[held_out.rows.held_out])):
                yield from _lines(held_out, "segment", metric, name=name, group=value, where=values == value)
    for judge in held_out.experts.judges()[1]:
        yield from _lines(held_out, "expert", PAIRS, group=judge, judges=[judge])


def _inverted(held_out: HeldOut, judges: Iterable[str]) -> Iterator[pd.DataFrame]:
    """Lines of experts whose answers were turned round, by what they said."""
    for judge in judges:
        yield from _lines(held_out, "expert", PAIRS, name=INVERTED, group=judge, judges=[judge])


def _sides(held_out: HeldOut, sides: Iterable[Sequence[str]]) -> Iterator[pd.DataFrame]:
    """Lines of those who stand together, where experts contradict each other."""
    for side in sides:
        yield from _lines(held_out, "side", PAIRS, group=names_in_words(side), judges=side)


def _shown_in_own_order(held_out: HeldOut, pairs: Pairs) -> Iterator[pd.DataFrame]:
    """The same figure on slates that were not shuffled, marked as no evidence."""
    others = pairs.preferences.take(_judged(pairs) & ~pairs.randomised)
    biased = replace(held_out, experts=others)
    for lines in _lines(biased, "all", PAIRS):
        yield lines.assign(randomised=False)


def _fairness(held_out: HeldOut) -> Iterator[pd.DataFrame]:
    for name, groups in held_out.rows.protected.items():
        for group in sorted(set(groups[held_out.rows.held_out])):
            yield _exposure_lines(held_out, name, group)
            members = groups == group
            pairs = held_out.experts
            crossing = replace(held_out, experts=pairs.take(members[pairs.winner] != members[pairs.loser]))
            yield from _lines(crossing, "pairwise", PAIRS, name=name, group=group)
            yield from _placement_lines(crossing, members, name, group)


def _placement_lines(crossing: HeldOut, members: Mask, name: str, group: str) -> Iterator[pd.DataFrame]:
    """What the accuracy of the pairs lacks to that with all members moved together, which has mean <= 0."""
    assert crossing.champion is not None
    moved = replace(
        crossing,
        challenger=crossing.challenger + best_shift(crossing, crossing.challenger, members) * members,
        champion=crossing.champion + best_shift(crossing, crossing.champion, members) * members,
    )
    for was, best in zip(
        _lines(crossing, "pairwise", PAIRS, name=name, group=group),
        _lines(moved, "pairwise", PAIRS, name=name, group=group),
        strict=True,
    ):
        lack = {version: was[version] - best[version] for version in ("challenger", "champion")}
        yield was.assign(metric=PLACED, **lack)


def best_shift(crossing: HeldOut, scores: Floats, members: Mask) -> float:
    """What to add to the scores of all members so that pairs of a member and another are right most often.

    Exact: the accuracy changes only where a shift crosses a margin, so the sum is taken along the margins.
    Of shifts that are equally good, the one closest to 0. Each query counts once.
    """
    pairs = crossing.experts
    if not len(pairs):
        return 0.0
    sign = np.where(members[pairs.winner], 1.0, -1.0)  # the member's side
    margin = sign * (scores[pairs.winner] - scores[pairs.loser])
    of_query = pd.Series(pairs.weight).groupby(crossing.rows.queries[pairs.winner]).transform("sum")
    worth = sign * (2 * pairs.target - 1) * pairs.weight / of_query.to_numpy()  # of the member on top
    values, place = np.unique(-margin, return_inverse=True)
    # between two neighbouring values every member whose margin is passed is on top; the ends lie outside
    gained = np.r_[0.0, np.cumsum(np.bincount(place, worth))]
    between = np.r_[values[0] - 1, (values[:-1] + values[1:]) / 2, values[-1] + 1]
    now = worth[margin > 0].sum() + worth[margin == 0].sum() / 2
    good = np.flatnonzero(gained >= gained.max() - 1e-12)
    if now >= gained.max() - 1e-12:
        return 0.0
    return float(between[good[np.argmin(np.abs(between[good]))]])


def _exposure_lines(held_out: HeldOut, name: str, group: str) -> pd.DataFrame:
    assert held_out.champion is not None
    rows = held_out.rows
    queries = rows.queries[rows.held_out]
    members = (rows.protected[name] == group)[rows.held_out]
    shares = {
        version: exposure(members, scores[rows.held_out], queries).values
        for version, scores in (("challenger", held_out.challenger), ("champion", held_out.champion))
    }
    base = pd.Series(members, dtype=float).groupby(queries).mean()
    return _as_lines(
        {**shares, "base": base, "slates": 0}, family="exposure", name=name, group=group, metric=EXPOSURE
    )


def _margins(scored: pd.DataFrame, pairs: Pairs) -> pd.DataFrame:
    strict = _judged(pairs) & (pairs.preferences.target != 0.5)
    chosen = pairs.preferences.take(strict)
    up = chosen.target > 0.5
    winner, loser = np.where(up, chosen.winner, chosen.loser), np.where(up, chosen.loser, chosen.winner)
    return _differences(scored, winner, loser).assign(
        weight=chosen.weight, randomised=pairs.randomised[strict]
    )


def _differences(scored: pd.DataFrame, winner: Any, loser: Any) -> pd.DataFrame:
    """Query and both versions' margins of rows over rows."""
    over, under = scored.iloc[winner].reset_index(drop=True), scored.iloc[loser].reset_index(drop=True)
    margins: dict[str, pd.Series[float]] = {
        version: over[version] - under[version] for version in ("challenger", "champion")
    }
    found: pd.DataFrame = over.assign(**margins)
    return found


def _signed_off(rows: Rows, scored: pd.DataFrame, wanted: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Every pair of rows of a signed-off pair: an item may be there with several contents."""
    places: dict[tuple[Any, Any], list[int]] = {}
    for place, key in enumerate(zip(rows.queries, rows.items, strict=True)):
        places.setdefault(key, []).append(place)
    found: list[tuple[Any, ...]] = []
    for query, above, below in wanted:
        over, under = places.get((query, above), []), places.get((query, below), [])
        pairs: list[tuple[int | None, int | None]] = [(winner, loser) for winner in over for loser in under]
        found += [(query, above, below, *_margin(scored, *pair)) for pair in pairs or [(None, None)]]
    return pd.DataFrame(found, columns=list(SIGNED_OFF_COLUMNS))


def _margin(scored: pd.DataFrame, winner: int | None, loser: int | None) -> tuple[float, float]:
    """Both versions' margins of a row over a row; NaN where one of the two is not there."""
    if winner is None or loser is None:
        return np.nan, np.nan
    over, under = scored.iloc[winner], scored.iloc[loser]
    return float(over["challenger"] - under["challenger"]), float(over["champion"] - under["champion"])
