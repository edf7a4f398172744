"""How far experts agree, with each other and with themselves: in figures and in words. Reads only.

The same list is the same items for the same need, whether it was planned for several experts, planted a
second time, or simply all there was. What was not put in an order says nothing here. Lists of known order are
held against that order alone (`feedback.services.against_gold`): most people would agree on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.contrib.auth.models import User
from django.db.models import Count, Prefetch, QuerySet

from feedback.models import FeedbackSession, Judgement, Slate, SlateItem
from ranking import formats
from ranking.ltr.agreement import Agreement, Consistency, measure_agreement, repeat_consistency
from ranking.ltr.intervals import Estimate
from ranking.models import Project

COLUMNS = ["list_id", "judge", "row", "rank", "rating", "query", "occasion"]
Line = tuple[int, str, int, float, float, int, int]
WordsOf = Callable[[float, float | None], str]


@dataclass(frozen=True)
class Measure:
    """One figure of agreement; `meaning` says in a sentence or two what it says, or why there is none."""

    name: str
    label: str
    estimate: Estimate
    meaning: str


@dataclass(frozen=True)
class ExpertPair:
    """Kendall's tau-b of two experts on lists that both put in order: mean with a 95 % interval.

    `low` and `high` are None below four needs: their spread would be a guess.
    """

    first: str
    second: str
    lists: int
    tau: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SessionAgreement:
    """How far the experts of a session agree; `consistency` is of each expert with a list that came twice."""

    lists: int
    measures: tuple[Measure, ...]
    pairs: tuple[ExpertPair, ...]
    consistency: tuple[tuple[str, Consistency], ...]

    @property
    def tau(self) -> Estimate:
        """Mean tau-b over lists and pairs of experts."""
        return self.measures[0].estimate


def agreement_of(session: FeedbackSession) -> SessionAgreement:
    """Return how far the experts of a session agree, on what is judged so far."""
    judged = list(ordered(_asked(Judgement.objects.filter(slate__session=session))))
    names = {j.expert.username: j.expert.get_full_name() or j.expert.username for j in judged}
    found = measure_agreement(_table(judged), seed=session.pk)
    return SessionAgreement(
        lists=found.lists,
        measures=tuple(_measures(found, ratings=session.asks_ratings)),
        pairs=tuple(
            ExpertPair(
                names[pair.first],
                names[pair.second],
                pair.lists,
                pair.tau_b.value,
                pair.tau_b.low,
                pair.tau_b.high,
            )
            for pair in found.pairs
            if pair.tau_b.value is not None
        ),
        consistency=tuple((names[one.judge], one) for one in found.consistency),
    )


def consistency_of(project: Project, users: Sequence[int]) -> dict[str, Consistency]:
    """Return how far each of the users agrees with themselves, by username; only of those with a repeat."""
    judged = Judgement.objects.filter(slate__session__project=project, expert__in=users)
    return _consistency(_asked(judged))


def own_consistency(session: FeedbackSession, expert: User) -> Consistency | None:
    """Return how far an expert agreed with themselves in a session; None if no list came twice."""
    judged = Judgement.objects.filter(slate__session=session, expert=expert)
    return _consistency(_asked(judged)).get(expert.username)


def _consistency(judged: QuerySet[Judgement]) -> dict[str, Consistency]:
    """By username; only needs that somebody judged twice are read: they are few, and lists may be many."""
    twice = (
        judged.filter(kind=Judgement.Kind.REORDER)
        .order_by()
        .values("expert", "slate__query")
        .annotate(n=Count("id"))
        .filter(n__gt=1)
    )
    needs = {row["slate__query"] for row in twice}
    if not needs:
        return {}
    table = _table(list(ordered(judged.filter(slate__query__in=needs))))
    return {one.judge: one for one in repeat_consistency(table)}


def _asked(judged: QuerySet[Judgement]) -> QuerySet[Judgement]:
    return judged.exclude(slate__arm=Slate.Arm.GOLD)


def ordered(judged: QuerySet[Judgement]) -> QuerySet[Judgement]:
    """The judgements that are an order, with what a table of them needs; the cards' features stay unread."""
    cards = SlateItem.objects.only("slate_id", "item_version_id")
    return (
        judged.filter(kind=Judgement.Kind.REORDER)
        .select_related("slate", "expert")
        .prefetch_related(Prefetch("slate__items", cards))
        .order_by("id")
    )


def _table(judged: Sequence[Judgement]) -> pd.DataFrame:
    """Lines for `measure_agreement`, of lists that were judged more than once."""
    lists = [
        (j.slate.query_id, frozenset(card.item_version_id for card in j.slate.items.all())) for j in judged
    ]
    often = Counter(lists)
    codes = {key: number for number, key in enumerate(often)}
    lines: list[Line] = []
    for judgement, key in zip(judged, lists, strict=True):
        if often[key] > 1:
            lines += lines_of(judgement, codes[key])
    return pd.DataFrame(lines, columns=COLUMNS)


def lines_of(judgement: Judgement, list_id: int) -> Iterable[Line]:
    """One line for each card; cards below the line have no rank."""
    places = {card: place for place, tier in enumerate(judgement.tiers, start=1) for card in tier}
    for card in judgement.slate.items.all():
        yield (
            list_id,
            judgement.expert.username,
            card.item_version_id,
            places.get(card.pk, np.nan),
            judgement.ratings.get(str(card.pk), np.nan),
            judgement.slate.query_id,
            judgement.pk,
        )


# --- in words -----------------------------------------------------------------------------------------------
def _measures(found: Agreement, *, ratings: bool) -> Iterable[Measure]:
    """The figures of a session with what they say; that of ratings only where ratings are asked for."""
    shown = [
        ("tau_b", "Kendall’s tau-b", found.tau_b, _tau_words),
        ("kendall_w", "Kendall’s W", found.kendall_w, _w_words),
        ("rbo", "Overlap from the top (RBO)", found.rbo, _rbo_words),
        ("alpha_ranks", "Krippendorff’s alpha of places", found.alpha_ranks, _alpha_words),
        ("alpha_ratings", "Krippendorff’s alpha of ratings", found.alpha_ratings, _alpha_words),
        ("separation", "Scale separation reliability", found.separation, _separation_words),
        ("kept", "Consistency on repeats", found.kept, _kept_words),
    ]
    for name, label, estimate, words in shown:
        if name != "alpha_ratings" or ratings:
            yield Measure(name, label, estimate, meaning(estimate, words))


def meaning(estimate: Estimate, words: WordsOf) -> str:
    """Return what a figure says, and what its interval leaves open.

    >>> meaning(Estimate(0.42, 0.2, 0.6, 9, chance=0.0), _tau_words)
    'Two experts put 71 of 100 pairs of items in the same order; by chance it would be 50.'
    >>> meaning(Estimate(0.42, None, None, 2, chance=0.0), _tau_words)[-49:]
    'Too few needs for an interval: take it as a hint.'
    >>> meaning(Estimate(None, None, None, 0, reason="no overlap: nobody knows"), _tau_words)
    'No overlap: nobody knows.'
    """
    if estimate.value is None:
        return f"{estimate.reason[:1].upper()}{estimate.reason[1:]}."
    return f"{words(estimate.value, estimate.chance)} {_doubt(estimate)}".strip()


def _doubt(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "Too few needs for an interval: take it as a hint."
    if estimate.chance is None or estimate.low > estimate.chance:
        return ""
    if estimate.high < estimate.chance:
        return "That is less than chance: somebody may read the order the other way round."
    return "The interval does not leave out chance."


def _percent(share: float | None) -> str:
    return formats.for_people(share, "percent")


def _tau_words(value: float, _: float | None) -> str:
    same = round(50 * (1 + value))
    return f"Two experts put {same} of 100 pairs of items in the same order; by chance it would be 50."


def _w_words(value: float, chance: float | None) -> str:
    return (
        f"All experts of a list together: 1 is one order, 0 is none; "
        f"experts who order at random would get {chance:.2f} here."
    )


def _rbo_words(value: float, chance: float | None) -> str:
    return (
        f"The top counts most: to somebody who reads down two experts’ lists and stops at each place one "
        f"time in five, {_percent(value)} is the same; by chance it would be {_percent(chance)}."
    )


def _alpha_words(value: float, _: float | None) -> str:
    """Krippendorff's own limits: from .8 on reliable, from two thirds on for tentative conclusions."""
    much = f"What they say differs {_percent(1 - value)} as much as if it were mixed up at random."
    if value >= 0.8:
        return f"{much} Reliable, by the usual limit of .80."
    if value >= 2 / 3:
        return f"{much} Good for tentative conclusions, by the usual limits of .67 and .80."
    return f"{much} Below the usual limit of .67: one expert can’t stand for another."


def _separation_words(value: float, _: float | None) -> str:
    return (
        f"{_percent(value)} of what sets items apart in the joint order is shared opinion, the rest is noise."
    )


def _kept_words(value: float, _: float | None) -> str:
    return (
        f"On lists that came twice, {round(100 * value)} of 100 pairs were put the same way round again; "
        f"by chance it would be 50."
    )
