"""Do judges agree with each other, and with themselves? Every usual figure, with its interval and its limits.

Lists that several judges saw say how far they agree; lists that one judge saw twice, how far they agree with
themselves. Where too little was seen, the report says so in words and gives no number.

Does *not* say who is right: judges who all keep the order on the screen agree perfectly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.alpha import Tables, alpha_estimate
from ranking.ltr.checking import whole_number
from ranking.ltr.concordance import (
    kendall_w,
    pairs_kept,
    rbo_by_chance,
    rbo_matrix,
    tau_matrix,
)
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.intervals import Estimate, estimate
from ranking.ltr.lines import checked_lines
from ranking.ltr.preferences import Floats, Order, Preferences
from ranking.ltr.separation import NO_COMMON_LIST, NO_DIFFERENCE, separation_reliability

NO_COMMON_ROWS = "not enough overlap: no list has three items that two judges both put in an order"
NO_COMPLETE_ROWS = "not enough overlap: no list has three items that all of its judges placed"
NO_COMMON_RATING = "not enough overlap: no item was rated by two judges"
NO_REPEAT = "no list was put in an order twice by the same judge"


@dataclass(frozen=True)
class JudgePair:
    """Mean tau-b of two judges over the lists that both judged; `lists` is how many those are."""

    first: str
    second: str
    lists: int
    tau_b: Estimate


@dataclass(frozen=True)
class Consistency:
    """One judge held against themselves, on lists that they judged twice.

    Attributes
    ----------
    repeats : lists judged again
    same : of these, in exactly the same order
    tau_b : mean tau-b of the two orders
    kept : mean share of pairs that stayed the same way round; .5 by chance
    """

    judge: str
    repeats: int
    same: int
    tau_b: Estimate
    kept: Estimate


@dataclass(frozen=True)
class Agreement:
    """What `measure_agreement` found; each list counts once in a mean, and a query is what was drawn again.

    Attributes
    ----------
    judges : number of judges of anything
    lists : number of lists that two or more of them judged
    tau_b : mean over pairs of judges of a list; 0 by chance
    kendall_w : mean of Kendall's W; 1/m by chance for m judges
    rbo : mean rank-biased overlap over pairs of judges of a list; its `chance` is that of random orders with
        as many ties
    alpha_ranks, alpha_ratings : ordinal alpha of places, held against chance within lists, and of ratings; 0
        by chance
    separation : scale separation reliability of the joint Bradley-Terry scales; about 0 by chance
    kept : share of pairs kept on lists judged twice, over all judges; .5 by chance
    pairs : each two judges who share a list, by name
    consistency : each judge who judged a list twice, by name
    """

    judges: int
    lists: int
    tau_b: Estimate
    kendall_w: Estimate
    rbo: Estimate
    alpha_ranks: Estimate
    alpha_ratings: Estimate
    separation: Estimate
    kept: Estimate
    pairs: tuple[JudgePair, ...]
    consistency: tuple[Consistency, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _JudgedList:
    """One list: who judged it, and (judges, rows) ranks and ratings, NaN where nothing was said."""

    unit: Hashable
    judges: tuple[str, ...]
    ranks: Floats
    ratings: Floats
    rows: tuple[Hashable, ...]

    @cached_property
    def taus(self) -> Floats:
        """(judges, judges) tau-b of every two; several figures and each pair of judges rest on it."""
        return tau_matrix(self.ranks)


def measure_agreement(judged: pd.DataFrame | Preferences, *, seed: int = 0) -> Agreement:
    """Say how far judges agree with each other and with themselves.

    Parameters
    ----------
    judged : `Preferences` of orders, in which judges who were shown the same list share its `list_id`
        (`judged_lines` makes the table of them; they hold no repeats), or one line per judge and row of a
        list, in any order, with the columns

        - `list_id`: the same for everybody who was shown the same rows for the same query
        - `judge`: name
        - `row`: key of the row, the same for everybody
        - `rank`: number, lower is better, equal is a tie; NaN if the judge did not place the row
        - `rating` (may be left out): number, higher is better; NaN if not rated
        - `query` (may be left out): lists of one query are drawn again together; else each list is a unit
        - `occasion` (may be left out): number; a judge's later occasions of a list are its repeats, and only
          the first is held against other judges
    seed : of all intervals

    Raises
    ------
    InvalidPreferences
        Naming the column and what is wrong with it.

    Worked example: two of one mind, and one who says the opposite.

    >>> orders = {"ada": [1, 2, 3, 4], "bob": [1, 2, 3, 4], "eve": [4, 3, 2, 1]}
    >>> judged = pd.DataFrame(
    ...     [(f"list {n}", judge, row, rank) for n in range(4) for judge, ranks in orders.items()
    ...      for row, rank in zip("wxyz", ranks)], columns=["list_id", "judge", "row", "rank"])
    >>> found = measure_agreement(judged)
    >>> [(pair.first, pair.second, pair.tau_b.value) for pair in found.pairs]
    [('ada', 'bob', 1.0), ('ada', 'eve', -1.0), ('bob', 'eve', -1.0)]
    >>> round(found.tau_b.value, 3), round(found.kendall_w.value, 3), found.kept.reason
    (-0.333, 0.111, 'no list was put in an order twice by the same judge')
    """
    whole_number("seed", seed, 0, InvalidPreferences)
    table = checked_lines(judged)
    first = table[table["turn"] == 0]
    shared = first.groupby("list_id", sort=False)["judge"].transform("nunique") >= 2
    lists = list(_lists(first[shared]))
    consistency, kept = _repeats(table, seed)
    return Agreement(
        judges=int(table["judge"].nunique()),
        lists=len(lists),
        tau_b=_mean(((one.unit, _over_pairs(one.taus)) for one in lists), NO_COMMON_ROWS, seed, chance=0.0),
        kendall_w=_concordance(lists, seed),
        rbo=_overlap(lists, seed),
        alpha_ranks=_alpha(
            [(one.unit, _places(one.ranks)) for one in lists], NO_COMMON_LIST, seed, places=True
        ),
        alpha_ratings=_alpha([(one.unit, one.ratings) for one in lists], NO_COMMON_RATING, seed),
        separation=_separation(lists, seed),
        kept=kept,
        pairs=_judge_pairs(lists, seed),
        consistency=consistency,
    )


def repeat_consistency(judged: pd.DataFrame, *, seed: int = 0) -> tuple[Consistency, ...]:
    """Hold each judge against themselves on lists that they judged twice.

    Parameters
    ----------
    judged : table of lines as of `measure_agreement`, with the column `occasion` that tells a judge's orders
        of one list apart; without it there is no repeat
    seed : of all intervals

    Raises
    ------
    InvalidPreferences
        For `Preferences`, which know no occasions, and naming the column and what is wrong with it.

    >>> judged = pd.DataFrame({"list_id": 1, "judge": "ada", "row": list("xyz") * 2,
    ...                        "rank": [1, 2, 3, 1, 3, 2], "occasion": [0, 0, 0, 1, 1, 1]})
    >>> [(one.judge, one.repeats, one.same, round(one.kept.value, 3)) for one in repeat_consistency(judged)]
    [('ada', 1, 0, 0.667)]
    """
    whole_number("seed", seed, 0, InvalidPreferences)
    if isinstance(judged, Preferences):
        raise InvalidPreferences("preferences know no occasions; expected a table of lines with `occasion`")
    return _repeats(checked_lines(judged), seed)[0]


def _lists(table: pd.DataFrame) -> Iterator[_JudgedList]:
    """Each list of a table in which a judge has it once, sorted by its id, its judges by name."""
    for _, lines in sorted(table.groupby("list_id", sort=False), key=lambda pair: str(pair[0])):
        wide = lines.pivot(index="judge", columns="row", values=["rank", "rating"])
        yield _JudgedList(
            unit=lines["query"].iloc[0],
            judges=tuple(wide.index),
            ranks=wide["rank"].to_numpy(dtype=np.float64),
            ratings=wide["rating"].to_numpy(dtype=np.float64),
            rows=tuple(wide["rank"].columns),
        )


def _over_pairs(coefficients: Floats) -> float:
    """Mean over the pairs of judges of a list that a coefficient is defined for; NaN without any."""
    found = coefficients[np.triu_indices(len(coefficients), 1)]
    known = found[~np.isnan(found)]
    return float(np.mean(known)) if len(known) else float("nan")


def _mean(
    values: Iterable[tuple[Hashable, float]], reason: str, seed: int, *, chance: float | None = None
) -> Estimate:
    """Mean of the values that are not NaN, each with the unit that it belongs to."""
    parts: dict[Hashable, Floats] = defaultdict(lambda: np.zeros(2))
    for unit, value in values:
        if not np.isnan(value):
            parts[unit] = parts[unit] + (value, 1.0)
    found = estimate(
        np.array(list(parts.values())).reshape(-1, 2), lambda means: means[:, 0] / means[:, 1], seed=seed
    )
    return replace(found, chance=chance) if found.value is not None else replace(found, reason=reason)


def _concordance(lists: Sequence[_JudgedList], seed: int) -> Estimate:
    found = [(one.unit, kendall_w(one.ranks), 1 / len(one.judges)) for one in lists]
    chances = [chance for _, value, chance in found if not np.isnan(value)]
    values = ((unit, value) for unit, value, _ in found)
    return _mean(values, NO_COMPLETE_ROWS, seed, chance=float(np.mean(chances)) if chances else None)


def _overlap(lists: Sequence[_JudgedList], seed: int) -> Estimate:
    """RBO over the pairs that have a tau-b too: with two rows in common it would say hardly anything."""
    overlaps = (
        (one.unit, _over_pairs(np.where(np.isnan(one.taus), np.nan, rbo_matrix(one.ranks)))) for one in lists
    )
    chances = [chance for one in lists if not np.isnan(chance := _over_pairs(_by_chance(one)))]
    return _mean(overlaps, NO_COMMON_ROWS, seed, chance=float(np.mean(chances)) if chances else None)


def _by_chance(one: _JudgedList) -> Floats:
    """(judges, judges) RBO of two random orders in tiers of the same sizes as those of the two."""
    sizes = [
        tuple(np.unique(ranks[np.isfinite(ranks)], return_counts=True)[1].tolist()) for ranks in one.ranks
    ]
    found = np.full_like(one.taus, np.nan)
    for left, right in zip(*np.nonzero(~np.isnan(one.taus)), strict=True):
        found[left, right] = rbo_by_chance(len(one.rows), tiers=(sizes[left], sizes[right]))
    return found


def _places(ranks: Floats) -> Floats:
    """Places from 1 among the rows that each judge placed, ties at their mean; NaN where not placed."""
    return pd.DataFrame(ranks).rank(axis=1).to_numpy(dtype=np.float64)


def _alpha(tables: Tables, reason: str, seed: int, *, places: bool = False) -> Estimate:
    """Ordinal alpha over the rows of all lists; `reason` where no row has two values."""
    found = alpha_estimate(tables, seed=seed, places=places)
    if found.value is not None:
        return replace(found, chance=0.0)
    return replace(found, n=0, reason=NO_DIFFERENCE if found.n else reason)


def _separation(lists: Sequence[_JudgedList], seed: int) -> Estimate:
    """Pairs of all judges on one scale for each query, rows of a query being the same in all its lists."""
    codes: dict[tuple[Hashable, Hashable], int] = {}
    orders: list[Order] = []
    judges: list[str] = []
    for one in lists:
        rows = [codes.setdefault((one.unit, row), len(codes)) for row in one.rows]
        for judge, ranks in zip(one.judges, one.ranks, strict=True):
            tiers = [np.flatnonzero(ranks == rank) for rank in np.unique(ranks[np.isfinite(ranks)])]
            if sum(len(tier) for tier in tiers) >= 2:
                orders.append([[rows[place] for place in tier] for tier in tiers])
                judges.append(judge)
    if not orders:
        return Estimate(None, None, None, 0, reason=NO_COMMON_LIST)
    units = np.empty(len(codes), dtype=object)
    units[:] = [unit for unit, _ in codes]
    return separation_reliability(Preferences.from_orders(orders, judge=judges), queries=units, seed=seed)


def _judge_pairs(lists: Sequence[_JudgedList], seed: int) -> tuple[JudgePair, ...]:
    """Each two judges with a tau-b, from the lists that both judged."""
    taus: dict[tuple[str, str], list[tuple[Hashable, float]]] = defaultdict(list)
    for one in lists:
        for left, right in combinations(range(len(one.judges)), 2):
            value = float(one.taus[left, right])
            if not np.isnan(value):
                taus[one.judges[left], one.judges[right]].append((one.unit, value))
    return tuple(
        JudgePair(first, second, len(values), _mean(values, NO_COMMON_ROWS, seed, chance=0.0))
        for (first, second), values in sorted(taus.items())
    )


def _repeats(table: pd.DataFrame, seed: int) -> tuple[tuple[Consistency, ...], Estimate]:
    """Each judge with a list judged twice, and the share of pairs kept over all of them."""
    again = table[table.groupby(["list_id", "judge"], sort=False)["turn"].transform("max") > 0]
    found: dict[str, list[tuple[Hashable, float, float, bool]]] = defaultdict(list)
    for (_, name), lines in again.groupby(["list_id", "judge"], sort=True):
        orders = lines.pivot(index="turn", columns="row", values="rank").to_numpy(dtype=np.float64)
        for before, after in pairwise(orders):
            kept = pairs_kept(before, after)
            if not np.isnan(kept):
                first, second = _places(np.stack([before, after]))
                same = bool(np.array_equal(first, second, equal_nan=True))
                found[str(name)].append(
                    (lines["query"].iloc[0], float(tau_matrix([before, after])[0, 1]), kept, same)
                )
    judges = tuple(
        Consistency(
            judge=judge,
            repeats=len(rows),
            same=sum(same for *_, same in rows),
            tau_b=_mean(((unit, tau) for unit, tau, _, _ in rows), NO_COMMON_ROWS, seed, chance=0.0),
            kept=_mean(((unit, kept) for unit, _, kept, _ in rows), NO_REPEAT, seed, chance=0.5),
        )
        for judge, rows in sorted(found.items())
    )
    everybody = ((unit, kept) for rows in found.values() for unit, _, kept, _ in rows)
    return judges, _mean(everybody, NO_REPEAT, seed, chance=0.5)
