"""How alike are orders and ratings of the same rows? One coefficient each, its convention stated.

Ranks are lower-is-better and in any unit: equal ranks are ties, NaN is a row that was not placed. Does *not*
collect lists, average over them or give intervals: `ranking.ltr.agreement` does.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.alpha import Coincidences
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.intervals import DIGITS
from ranking.ltr.metrics import kendall_tau
from ranking.ltr.preferences import Floats

LEAST_ROWS = 3
"""Two rows can only be ordered the same way or the other: a coefficient of two is 1 or -1."""

PERSISTENCE = 0.8
"""Of the reader of RBO: five rows on average, which suits lists of 5 to 10."""


def tau_b(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Kendall's tau-b of two rankings, over the rows that both placed.

    (same - opposite) / sqrt(pairs strict in the first x pairs strict in the second), in [-1, 1]. NaN below
    three common rows, or where one of the two tied all of them.

    >>> tau_b([1, 2, 3, 4, np.nan], [1, 2, 4, 3, 5])
    0.666666666667
    """
    left, right = _two(first, second)
    common = np.isfinite(left) & np.isfinite(right)
    return kendall_tau(left[common], right[common]) if common.sum() >= LEAST_ROWS else float("nan")


def tau_matrix(ranks: npt.ArrayLike) -> Floats:
    """(m, m) tau-b of every two of (m, n) rankings: what `tau_b` says, for all of them at once.

    >>> tau_matrix([[1, 2, 3, 4, np.nan], [1, 2, 4, 3, 5]]).round(3).tolist()
    [[1.0, 0.667], [0.667, 1.0]]
    """
    table = _ranks(ranks, 2)
    m, n = table.shape
    agreeing, strict = np.zeros((m, m)), np.zeros((m, m))
    for row in range(n - 1):  # row by row: all pairs at once would take m n^2 numbers
        gap = table[:, row + 1 :] - table[:, row : row + 1]
        known = np.isfinite(gap)
        sign = np.sign(np.where(known, gap, 0.0))
        agreeing += sign @ sign.T
        strict += np.abs(sign) @ known.T.astype(np.float64)  # of the first, among rows that both placed
    placed = np.isfinite(table).astype(np.float64)
    most = np.sqrt(strict * strict.T)
    defined = (placed @ placed.T >= LEAST_ROWS) & (most > 0)
    tau = np.divide(agreeing, most, out=np.full((m, m), np.nan), where=defined)
    return np.asarray(tau.round(DIGITS), dtype=np.float64)


def kendall_w(ranks: npt.ArrayLike) -> float:
    """Kendall's coefficient of concordance W of several judges, corrected for ties.

    Parameters
    ----------
    ranks : (m, n) one line per judge. Rows that any judge did not place are left out for all (complete
        cases), and what remains is ranked anew, ties at their mean rank.

    Returns
    -------
    In [0, 1], 1/m on average for judges who order at random. NaN below two judges or three complete rows, or
    where everybody tied everything.

    Notes
    -----
    W = 12 S / (m^2 (n^3 - n) - m T), S the squared deviations of the rank sums, T the sum of t^3 - t over
    all groups of t tied rows of all judges. Kendall and Gibbons, Rank Correlation Methods, 1990.

    Worked example: two of one mind and one reversed, S = 2 (n^3 - n)/24, one ninth of the most there is.

    >>> round(kendall_w([[1, 2, 3, 4], [1, 2, 3, 4], [4, 3, 2, 1]]), 6)
    0.111111
    """
    table = _ranks(ranks, 2)
    table = table[:, np.isfinite(table).all(axis=0)]
    m, n = table.shape
    if m < 2 or n < LEAST_ROWS:
        return float("nan")
    midranks = pd.DataFrame(table).rank(axis=1).to_numpy()
    sums = midranks.sum(axis=0)
    # sum (r - mean)^2 of a judge is ((n^3 - n) - T_j)/12, so the most that S can be needs no count of ties
    most = m * float(((midranks - (n + 1) / 2) ** 2).sum())
    return float(((sums - sums.mean()) ** 2).sum()) / most if most > 0 else float("nan")


def ordinal_alpha(values: npt.ArrayLike) -> float:
    """Krippendorff's alpha with the ordinal metric.

    Parameters
    ----------
    values : (m, n) one line per judge, one column per row; NaN where a judge said nothing. Columns with one
        value are left out, because nothing can be held against it.

    Returns
    -------
    1 for no disagreement, 0 for as much as values mixed up at random have, below 0 for more. NaN where all
    values are the same or no column has two.

    Notes
    -----
    alpha = 1 - (N - 1) sum_ck o_ck d_ck / sum_ck n_c n_k d_ck with the coincidences o_ck, to which a row of
    v values adds its v (v-1) ordered pairs, each with the weight 1/(v-1); n_c their sums, N the sum of these,
    and d_ck = (n_c/2 + n_(c+1) + ... + n_k/2)^2. Krippendorff, Content Analysis, 2018, chapter 12.

    Worked example: two judges in opposite order, -1 + 1/n.

    >>> round(ordinal_alpha([[1, 2, 3, 4], [4, 3, 2, 1]]), 6)
    -0.75
    """
    said = Coincidences.of([(None, _ranks(values, 2))])
    return float(said.alpha(np.ones((1, said.counts.shape[0])))[0])


def rbo(first: npt.ArrayLike, second: npt.ArrayLike, p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two rankings: like tau, but the top counts most.

    Parameters
    ----------
    first, second : (n,) ranks of the same rows; rows that one did not place are below that one's last
    p : in (0, 1), chance that a reader goes on to the next place; 1/(1-p) places on average

    Returns
    -------
    In [0, 1]. Two random orders of the same n rows have (1 - p^n)/(n (1-p)) on average, .52 for n = 8,
    because they hold the same rows in the end, and more with ties (`rbo_by_chance`). NaN where one placed
    nothing, or tied all that it placed.

    Notes
    -----
    RBO = (1-p)/p sum_{d=1}^{l} A_d p^d + A_l p^l for the longer length l and the shorter s: RBO_ext of
    Webber, Moffat and Zobel, ACM TOIS 2010, equation 32, with the agreement at depth d

    - X_d / sqrt(N_d N'_d) for d <= s, X_d = sum_i c_i c'_i and N_d = sum_i c_i^2, where c_i is the part of
      row i that is within the first d places, ties sharing their places evenly. So an order agrees wholly
      with itself, ties included (RBO^b of Corsi and Urbano, SIGIR 2024); without ties it is X_d / d.
    - (X_d + A_s (d - s)) / d for d > s: what the shorter did not place is assumed to agree as before.

    Worked example: the first two of three swapped. A = 0, 1, 1, so .2/.8 (.64 + .512) + .512.

    >>> round(rbo([1, 2, 3], [2, 1, 3]), 6)
    0.8
    """
    if not 0 < p < 1:
        raise InvalidPreferences(f"p is {p}; expected a number between 0 and 1")
    left, right = _two(first, second)
    if _says_nothing(left) or _says_nothing(right):
        return float("nan")
    return _extrapolated(_agreement_by_depth(_within(left), _within(right)), p)


def rbo_matrix(ranks: npt.ArrayLike, p: float = PERSISTENCE) -> Floats:
    """(m, m) RBO of every two of (m, n) rankings: what `rbo` says, each ranking taken apart once.

    >>> rbo_matrix([[1, 2, 3], [2, 1, 3], [1, 1, 1]]).round(3).tolist()
    [[1.0, 0.8, nan], [0.8, 1.0, nan], [nan, nan, nan]]
    """
    table = _ranks(ranks, 2)
    found = np.full((len(table), len(table)), np.nan)
    telling = [place for place, one in enumerate(table) if not _says_nothing(one)]
    parts = {place: _within(table[place]) for place in telling}
    for first, other in combinations_with_replacement(telling, 2):
        value = _extrapolated(_agreement_by_depth(parts[first], parts[other]), p)
        found[first, other] = found[other, first] = value
    return found


@lru_cache(maxsize=4096)
def rbo_by_chance(
    n: int, p: float = PERSISTENCE, *, tiers: tuple[tuple[int, ...], tuple[int, ...]] | None = None
) -> float:
    """Mean RBO of two random orders of the same n rows; `tiers` are the sizes of either's tiers, top first.

    Without them both are strict and of all rows: (1 - p^n) / (n (1 - p)). Ties leave less to be different
    about: two random orders of eight rows in two tiers have .68 on average, and not .52.

    Notes
    -----
    Each row is as likely as any other to have a part c of the one's first d places and, independently, c' of
    the other's: X_d is sum c sum c' / n on average. N_d and N'_d of `rbo` are those of the tiers, whatever
    the rows; the rest is linear in X_d, so the mean is exact.

    >>> round(rbo_by_chance(8), 2), rbo_by_chance(1)
    (0.52, 1.0)
    >>> [round(rbo_by_chance(8, tiers=(sizes, sizes)), 2) for sizes in [(1, 1, 1), (2, 2, 2, 2), (4, 4)]]
    [0.31, 0.56, 0.68]
    """
    c, other = (_within(_in_tiers(sizes, n)) for sizes in tiers or ((1,) * n, (1,) * n))
    return _extrapolated(_agreement_by_depth(c, other, by_chance=True), p)


def pairs_kept(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Share of the pairs that are strict in the first ranking and stand the same way in the second.

    A pair that is tied in the second counts half, so chance is a half. NaN without a pair of rows that both
    rankings placed and the first put in an order.

    >>> pairs_kept([1, 2, 3], [1, 3, 2]), pairs_kept([1, 2], [1, 1])
    (0.6666666666666666, 0.5)
    """
    left, right = _two(first, second)
    common = np.isfinite(left) & np.isfinite(right)
    upper = np.triu_indices(int(common.sum()), 1)
    before, after = (np.sign(np.subtract.outer(side[common], side[common]))[upper] for side in (left, right))
    strict = before != 0
    return float((1 + before[strict] * after[strict]).mean() / 2) if strict.any() else float("nan")


def _extrapolated(agreement: Floats, p: float) -> float:
    """(1-p)/p sum_d A_d p^d + A_l p^l of the (l,) agreements A."""
    weight = p ** np.arange(1, len(agreement) + 1)
    return float((1 - p) / p * (agreement @ weight) + agreement[-1] * weight[-1])


def _agreement_by_depth(c: Floats, other: Floats, *, by_chance: bool = False) -> Floats:
    """(l,) agreement of two rankings, taken apart, at each depth down to the length of the longer one.

    `by_chance` has the mean instead of either's rows in any order.
    """
    shorter, longer = sorted((int((c[-1] > 0).sum()), int((other[-1] > 0).sum())))
    depth = np.arange(1, longer + 1)
    c, other = c[:longer], other[:longer]
    overlap = c.sum(axis=1) * other.mean(axis=1) if by_chance else (c * other).sum(axis=1)
    agreement = overlap / np.sqrt((c**2).sum(axis=1) * (other**2).sum(axis=1))
    beyond = depth > shorter
    assumed = agreement[shorter - 1] * (depth - shorter)
    return np.asarray(np.where(beyond, (overlap + assumed) / depth, agreement), dtype=np.float64)


def _in_tiers(sizes: tuple[int, ...], n: int) -> Floats:
    """(n,) ranks of some order in tiers of these sizes; the rows that are left are not placed."""
    ranks = np.full(n, np.nan)
    ranks[: sum(sizes)] = np.repeat(np.arange(len(sizes)), sizes)
    return ranks


def _within(ranks: Floats) -> Floats:
    """(n, n) part of each row within the first d places, d = 1 to n; tied rows share their places evenly.

    Below the last place are all rows that were placed, wholly.
    """
    top = (ranks < ranks[:, None]).sum(axis=1) + 1.0
    top[~np.isfinite(ranks)] = np.inf
    size = np.maximum((ranks == ranks[:, None]).sum(axis=1), 1)
    depth = np.arange(1, len(ranks) + 1)
    return np.asarray(np.clip((depth[:, None] - top + 1) / size, 0.0, 1.0), dtype=np.float64)


def _says_nothing(ranks: Floats) -> bool:
    placed = ranks[np.isfinite(ranks)]
    return len(placed) == 0 or (len(placed) > 1 and float(np.ptp(placed)) == 0)


def _two(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Two rankings of the same rows."""
    left, right = _ranks(first, 1), _ranks(second, 1)
    if left.shape != right.shape:
        raise InvalidPreferences(
            f"{len(left)} and {len(right)} ranks; expected two rankings of the same rows"
        )
    return left, right


def _ranks(values: Any, dimensions: int) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidPreferences(f"ranks are no numbers ({error}); expected numbers, or NaN") from None
    wrong = np.argwhere(np.isinf(array))
    if array.ndim != dimensions or len(wrong):
        place = f", entry {wrong[0].tolist()} is infinite" if len(wrong) else ""
        raise InvalidPreferences(
            f"ranks of shape {array.shape}{place}; expected {dimensions}-dimensional, finite or NaN"
        )
    return array
