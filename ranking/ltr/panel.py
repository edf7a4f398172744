"""Do the experts of a panel contradict each other, and is there a majority that may call somebody wrong?

A judge who says the opposite of all others has probably put the best last; of two who say opposite things
nobody can tell which one is right. So nobody is called inverted unless at least three judges stand against
each such judge, and nobody random unless more judges agree than answer at random. Otherwise the panel
*contradicts* itself: every pair counts as it was said, with the same flip rate for everybody.

Contradiction is found among the judges, without the incumbent: by the tastes that explain their lists
(`ranking.ltr.camps`), and by the pairs of rows that two judges both put in an order, which needs no column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import stdtr, stdtrit

from ranking.ltr.camps import SURE_CAMPS, find_camps
from ranking.ltr.judges import (
    CONTRADICTS,
    INVERTED,
    MOST_ANCHORED,
    OWN_RATE_LISTS,
    PRIOR_MEAN,
    RANDOM,
    UNKNOWN,
    JudgeReport,
)
from ranking.ltr.preferences import Integers, Preferences
from ranking.ltr.problem import Problem

MOST_NAMES = 6
"""Names that a sentence lists; of more judges it gives the number."""

MAJORITY = 3
"""Judges on the larger side for each on the smaller one, and at least, before answers are turned round: two
against one, or three against two, is a difference of opinion. To invert a third of a panel by mistake is to
learn the opposite of what it wants."""


@dataclass(frozen=True)
class Concord:
    """How far the judges agree.

    Attributes
    ----------
    share : of pairs of rows that two judges both put in an order, those that stand in the same order. In a
        panel of two sides, the two judges are of different sides; if these share no pair, of each side's
        pairs those that the other side's taste puts in the same order
    low, high : its 95 % interval over queries, if it was counted on at least two
    pairs : pairs of judgements that were counted; 0 if the share comes from tastes
    """

    share: float
    low: float | None = None
    high: float | None = None
    pairs: int = 0


@dataclass(frozen=True)
class Panel:
    """What a training found out about its judges together.

    Attributes
    ----------
    sides : of judges who want different things, without a majority for either; the larger side first
    alone : judges with whom nobody agrees, in a panel too small to call their answers random
    concord : how far they agree; None for a judge alone, or where nothing tells
    """

    sides: tuple[tuple[str, ...], ...] = ()
    alone: tuple[str, ...] = ()
    concord: Concord | None = None

    @property
    def contradicting(self) -> bool:
        """Whether the judges contradict each other, and nobody can say who is right."""
        return bool(self.sides or self.alone)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "contradicting": self.contradicting,
            "sides": [list(side) for side in self.sides],
            "alone": list(self.alone),
            "words": panel_words(self),
            "concord": None if self.concord is None else asdict(self.concord),
        }


def is_majority(larger: int, smaller: int) -> bool:
    """Whether so many judges may say of so few that they are wrong.

    >>> is_majority(3, 1), is_majority(2, 1), is_majority(3, 2), is_majority(6, 2)
    (True, False, False, True)
    """
    return larger >= MAJORITY and larger >= MAJORITY * smaller


def panel_of(problem: Problem, preferences: Preferences) -> Panel:
    """Whether the judges of a problem contradict each other; `preferences` are its pairs as said."""
    codes, names = preferences.judges()
    lists = preferences.lists_by_judge()
    able = np.argsort(-lists, kind="stable")[:MOST_ANCHORED]
    able = able[lists[able] >= OWN_RATE_LISTS]
    chosen = np.isin(codes, able) & (preferences.target == 1) & (preferences.weight > 0)
    if len(able) < 2 or not chosen.any():
        return Panel()
    pairs, (units, _) = preferences.take(chosen), pd.factorize(problem.units[chosen])
    present, judge = np.unique(codes[chosen], return_inverse=True)
    named = [names[code] for code in present]
    _, folds = np.unique(problem.folds[0][chosen], return_inverse=True)
    camps = find_camps(problem.matrix, pairs, judge, units, folds, seed=problem.seed)
    shared = _shared(pairs, judge, units)
    everybody = _by_query(shared)
    if camps is not None and camps.apart:
        if is_majority(*camps.sizes[::-1]):
            return Panel(concord=_concord(everybody))
        side, counted = camps.side, camps.telling
    elif _opposed(everybody):
        side, counted = _nearest(shared, len(present)), np.ones(len(present), dtype=bool)
    else:
        return Panel(concord=_concord(everybody))
    concord = _concord(_by_query(shared, side)) or (Concord(camps.across) if camps is not None else None)
    return Panel(_sides(side, counted, named), concord=concord)


def settled(reports: Mapping[str, JudgeReport], panel: Panel) -> tuple[dict[str, JudgeReport], Panel]:
    """The reports with verdicts that a majority stands behind, and the panel as these leave it.

    >>> ada = JudgeReport(0.1, 9, 90, True, verdict="reliable")
    >>> ivo = JudgeReport(0.9, 9, 90, True, verdict="inverted")
    >>> found, panel = settled({"ada": ada, "ivo": ivo}, Panel())
    >>> [one.verdict for one in found.values()], panel.contradicting
    (['contradicts', 'contradicts'], True)
    >>> found, panel = settled({"ada": ada, "bob": ada, "cid": ada, "ivo": ivo}, Panel())
    >>> found["ivo"].verdict, panel.contradicting
    ('inverted', False)
    """
    own = {name: one.verdict for name, one in reports.items() if one.own}
    inverted = tuple(name for name, verdict in own.items() if verdict == INVERTED)
    random = tuple(name for name, verdict in own.items() if verdict == RANDOM)
    agreeing = tuple(name for name in own if name not in (*inverted, *random))
    if inverted and not panel.sides and not is_majority(len(agreeing), len(inverted)):
        if not agreeing:
            return {name: replace(_as_said(one), verdict=UNKNOWN) for name, one in reports.items()}, panel
        panel = replace(panel, sides=tuple(sorted((agreeing, inverted), key=len, reverse=True)))
    if panel.sides:
        return {name: _as_said(one) for name, one in reports.items()}, panel
    if not random or len(agreeing) + len(inverted) > max(len(random), 1):
        return dict(reports), panel
    verdict = CONTRADICTS if len(own) > 1 else UNKNOWN
    unsettled = {name: replace(reports[name], verdict=verdict) for name in random}
    return {**reports, **unsettled}, replace(panel, alone=random if len(own) > 1 else ())


def _as_said(report: JudgeReport) -> JudgeReport:
    """Without a standard there is no flip rate: everybody has the one that is expected beforehand."""
    return replace(
        report,
        flip_rate=PRIOR_MEAN,
        flip_low=0.0,
        flip_high=1.0,
        verdict=CONTRADICTS if report.own else UNKNOWN,
    )


def panel_words(panel: Panel) -> str:
    """That the experts contradict each other, who stands against whom, and how far they agree; else "".

    >>> print(panel_words(Panel((("ada",), ("bob",)), concord=Concord(0.21, pairs=90))))
    the experts contradict each other (ada against bob): they agree on 21 % of the pairs that both ordered
    >>> panel_words(Panel())
    ''
    """
    if not panel.contradicting:
        return ""
    who = (
        " against ".join(map(names_in_words, panel.sides))
        or f"nobody agrees with {names_in_words(panel.alone)}"
    )
    said = f"the experts contradict each other ({who})"
    if panel.concord is None:
        return said
    share = f"{100 * panel.concord.share:.0f} %"  # as all pages write it
    if panel.concord.pairs:
        both = "both" if len(panel.sides) == 2 else "two of them"
        return f"{said}: they agree on {share} of the pairs that {both} ordered"
    return f"{said}: what one side wants puts {share} of the other side's pairs in order"


def names_in_words(names: Sequence[str]) -> str:
    """A few names, or the number of many.

    >>> names_in_words(["ada"]), names_in_words(["ada", "bob", "cid"]), names_in_words(["ada"] * 9)
    ('ada', 'ada, bob and cid', '9 experts')
    """
    if len(names) > MOST_NAMES:
        return f"{len(names)} experts"
    return " and ".join(", ".join(names).rsplit(", ", 1))


def _sides(
    side: Integers, counted: npt.NDArray[np.bool_], names: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Names on each side, the larger side first."""
    found = [
        tuple(name for name, on, tells in zip(names, side == k, counted, strict=True) if on and tells)
        for k in (0, 1)
    ]
    return tuple(sorted((one for one in found if one), key=lambda one: (-len(one), one)))


# --- pairs of rows that two judges both put in an order ---------------------------------------------------
def _shared(pairs: Preferences, judge: Integers, units: Integers) -> pd.DataFrame:
    """A line for each judge and two rows that others ordered too: `place` of the two, `up` from -1 to 1."""
    low, high = np.minimum(pairs.winner, pairs.loser), np.maximum(pairs.winner, pairs.loser)
    up = np.where(pairs.winner == low, 1.0, -1.0)
    said = pd.DataFrame({"low": low, "high": high, "judge": judge, "unit": units, "up": up})
    said = said.groupby(["low", "high", "judge"], as_index=False).agg(
        up=("up", "mean"), unit=("unit", "first")
    )
    place = said.groupby(["low", "high"])
    said = said.assign(place=place.ngroup(), judges=place["judge"].transform("size"))
    return said[said["judges"] > 1]


def _by_query(shared: pd.DataFrame, side: Integers | None = None) -> pd.DataFrame:
    """By query, +1 and -1 for the same and the other order summed over pairs of judges, and how many.

    With the side of each judge, only pairs of judges on different sides.
    """
    each = shared.assign(n=1.0, square=shared["up"] ** 2)
    sums = each.groupby("place").agg(
        unit=("unit", "first"), up=("up", "sum"), square=("square", "sum"), n=("n", "sum")
    )
    if side is None:
        same, pairs = (sums["up"] ** 2 - sums["square"]) / 2, sums["n"] * (sums["n"] - 1) / 2
    else:
        first = each[side[each["judge"]] == 0].groupby("place")[["up", "n"]].sum()
        first = first.reindex(sums.index, fill_value=0.0)
        second = sums[["up", "n"]] - first
        same, pairs = first["up"] * second["up"], first["n"] * second["n"]
    found = pd.DataFrame({"unit": sums["unit"], "same": same, "pairs": pairs}).groupby("unit").sum()
    return found[found["pairs"] > 0]


def _concord(by_query: pd.DataFrame) -> Concord | None:
    """The share of the same order over the pairs of judges, with its interval by query."""
    pairs = float(by_query["pairs"].sum())
    if pairs == 0:
        return None
    share = (1 + float(by_query["same"].sum()) / pairs) / 2
    n = len(by_query)
    if n < 2:
        return Concord(share, pairs=int(pairs))
    half = float(stdtrit(n - 1, 0.975)) * _error(by_query) / 2
    return Concord(share, max(share - half, 0.0), min(share + half, 1.0), int(pairs))


def _error(by_query: pd.DataFrame) -> float:
    """Standard error of the ratio of both sums (linearised), by query."""
    ratio, n = by_query["same"].sum() / by_query["pairs"].sum(), len(by_query)
    left = by_query["same"] - ratio * by_query["pairs"]
    return float(np.sqrt(n / (n - 1) * (left**2).sum()) / by_query["pairs"].sum())


def _opposed(by_query: pd.DataFrame) -> bool:
    """Whether two judges put the same two rows in opposite orders more often than in the same one."""
    if not len(by_query):
        return False
    # one query more on which they neither agree nor not: a handful that are alike by luck have no spread
    level = pd.DataFrame({"same": [0.0], "pairs": [by_query["pairs"].mean()]})
    padded = pd.concat([by_query, level])
    ratio, error = padded["same"].sum() / padded["pairs"].sum(), _error(padded)
    return bool(error > 0 and stdtr(len(by_query), ratio / error) <= SURE_CAMPS)


def _nearest(shared: pd.DataFrame, judges: int) -> Integers:
    """(judges,) side of each by who agrees with whom: signs of the leading eigenvector."""
    place = shared["judge"].to_numpy(), pd.factorize(shared["place"])[0]
    said, there = (
        csr_array((values, place), shape=(judges, int(place[1].max()) + 1))
        for values in (shared["up"], np.ones(len(shared)))
    )
    same, counted = (said @ said.T).toarray(), (there @ there.T).toarray()
    agreement = np.divide(same, counted, out=np.zeros_like(same), where=counted > 0)
    np.fill_diagonal(agreement, 0.0)
    return (np.linalg.eigh(agreement)[1][:, -1] > 0).astype(np.int64)
