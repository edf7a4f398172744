"""Blind comparisons of two lists: who is asked about which need, on which side, and what comes of it. Pure.

Needs that no version has learned from come first, then the others, and among them those that fewest experts
have been asked about: an answer about another need tells more than a second one about the same.

The challenger stands on the left in half of each expert's choices (one more or less when they are odd), in
random order. An expert who prefers one side whatever it shows then favours neither version.

What the answers say is the share of choices in which the challenger was preferred, "about equal" as half a
win. "Neither is good" is no half win: it says something about both lists and nothing about which is better,
so it is counted and left out, as are typed non-answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95
LEAST_NEEDS = 4
"""Answers about fewer needs have no interval, as everywhere: see `ranking.ltr.intervals.LEAST_UNITS`."""
CHALLENGER, CHAMPION, EQUAL = 1.0, 0.0, 0.5


@dataclass(frozen=True)
class Ask:
    """One choice to be asked: who, where in their session, about which need, and the challenger's side."""

    expert: int
    position: int
    need: int
    challenger_left: bool


@dataclass(frozen=True)
class AskRequest:
    """Whom to ask how often about which needs; `barred` are needs by the expert who must not be asked.

    `asked` is how many experts have been asked about a need before.
    """

    experts: Sequence[int]
    each: int
    held_out: Collection[int]
    others: Collection[int]
    barred: Mapping[int, Collection[int]] = field(default_factory=dict)
    asked: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """How often the challenger was preferred, with its interval.

    Attributes
    ----------
    answers, needs : what it rests on
    challenger, champion, equal : answers of each kind
    value : share of the challenger, ties as halves; None without an answer
    low, high : ends of the 95 % interval; None below `LEAST_NEEDS` needs
    p_value : two-sided sign test over needs, those that are even left out; None where all are
    """

    answers: int
    needs: int
    challenger: int
    champion: int
    equal: int
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None


def plan(request: AskRequest, rng: np.random.Generator) -> list[Ask]:
    """Return the choices of a session, in the order in which each expert sees them.

    Fewer than asked for where there are no more needs: nobody is asked about one need twice.
    """
    asked = Counter(request.asked)
    found: list[Ask] = []
    for expert in request.experts:
        needs = _needs_for(expert, request, asked, rng)
        asked.update(needs)
        sides = balanced_sides(len(needs), rng)
        found += [
            Ask(expert, position, needs[i], bool(sides[i]))
            for position, i in enumerate(rng.permutation(len(needs)), start=1)
        ]
    return found


def balanced_sides(count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return for each choice whether the challenger stands on the left: half of them, one more by chance.

    >>> int(balanced_sides(6, np.random.default_rng(0)).sum())
    3
    """
    left = count // 2 + (count % 2) * int(rng.integers(2))
    return rng.permutation(np.arange(count) < left)


def _needs_for(expert: int, request: AskRequest, asked: Counter[int], rng: np.random.Generator) -> list[int]:
    barred = set(request.barred.get(expert, ()))
    chosen: list[int] = []
    for pool in (request.held_out, request.others):
        free = [need for need in sorted(pool) if need not in barred]
        drawn = [free[i] for i in rng.permutation(len(free))]
        chosen += sorted(drawn, key=lambda need: asked[need])
    return chosen[: request.each]


def share(answers: Sequence[tuple[int, float]]) -> Share:
    """Return what (need, CHALLENGER | CHAMPION | EQUAL) pairs say.

    >>> answers = [(need, 1.0) for need in range(15)] + [(need, 0.0) for need in range(15, 21)]
    >>> found = share(answers + [(need, 0.5) for need in range(21, 24)])
    >>> round(found.value, 4), round(found.low, 2), round(found.high, 2), round(found.p_value, 3)
    (0.6875, 0.49, 0.84, 0.078)
    """
    values = np.array([value for _, value in answers], dtype=np.float64)
    needs, of = np.unique([need for need, _ in answers], return_inverse=True)
    low, high = _interval(values, of, len(needs)) if len(needs) >= LEAST_NEEDS else (None, None)
    return Share(
        answers=len(values),
        needs=len(needs),
        challenger=int((values == CHALLENGER).sum()),
        champion=int((values == CHAMPION).sum()),
        equal=int((values == EQUAL).sum()),
        value=float(values.mean()) if len(values) else None,
        low=low,
        high=high,
        p_value=_sign_test(values, of, len(needs)),
    )


def _sign_test(values: NDArray[np.float64], of: NDArray[np.intp], needs: int) -> float | None:
    """Return how often chance alone parts needs as unevenly; a need is won by who has more of its answers."""
    net = np.bincount(of, weights=values - EQUAL, minlength=needs)
    decided = int((net != 0).sum())
    if not decided:
        return None
    from scipy.stats import binomtest  # most of a second, of every process that serves pages otherwise

    return float(binomtest(int((net > 0).sum()), decided).pvalue)


def _interval(values: NDArray[np.float64], of: NDArray[np.intp], needs: int) -> tuple[float, float]:
    """Return the ends of Wilson's interval for as many independent answers as these are worth.

    Wilson (JASA 1927), with the effective sample size of Korn and Graubard (Survey Methodology 1998) where
    several experts were asked about one need.
    """
    n, p = effective_answers(values, of, needs), float(values.mean())
    z = float(ndtri((1 + CONFIDENCE) / 2))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def effective_answers(values: NDArray[np.float64], of: NDArray[np.intp], needs: int) -> float:
    """Return how many independent answers these are worth; at most as many as there are, one need each.

    p(1-p) over the variance of the mean between needs, times (t_{n-1} / t_{G-1})^2 for G needs, since that
    variance is known from G of them alone. Where it can't be told (all say the same) the answers about one
    need count as one: n^2 over the sum of the squared answers per need (Kish, Survey Sampling 1965).

    >>> twice = np.repeat([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], 2)  # two experts who agree on each of six needs
    >>> round(effective_answers(twice, np.repeat(np.arange(6), 2), 6), 1)
    3.7
    >>> effective_answers(np.array([1.0, 0.0, 0.5, 1.0]), np.arange(4), 4)
    4.0
    """
    n, p = len(values), float(values.mean())
    sizes = np.bincount(of, minlength=needs)
    if sizes.max() == 1:
        return float(n)
    off = np.bincount(of, weights=values - p, minlength=needs)
    variance = float((off**2).sum()) * needs / (needs - 1) / n**2
    if variance <= 0 or not 0 < p < 1:
        return n**2 / float((sizes**2).sum())
    tail = (1 + CONFIDENCE) / 2
    return float(min(n, p * (1 - p) / variance * (stdtrit(n - 1, tail) / stdtrit(needs - 1, tail)) ** 2))
