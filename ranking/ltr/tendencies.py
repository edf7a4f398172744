"""What one judge favours or slights beyond what all judges want: shown to people, never subtracted.

A score test for each judge and column. With d the margin of models that did not see the pair's query, and x
the difference of a column between winner and loser in standard deviations, the judge's own taste for x would
enter as d + theta x. At theta = 0::

    u = sum_lists sum_pairs -(dL/dd) x~     I = sum_pairs h x~^2     theta = u / I
    V = sum_lists (u_list - theta I_list)^2 / (1 - I_list / I)

x~ is what is left of x after the margin and the shown order (weighted by h), so that a judge who is merely
noisier than others, or follows the screen, shows no taste. Pairs of a list are not independent: V is
clustered by list (Liang and Zeger, Biometrika 1986), and a list that holds much of the information, as the
two that show a rare flag, is fitted rather than left: its part is set right, and t has the degrees of freedom
that V then has (Bell and McCaffrey, Survey Methodology 2002), with equal lists one less than there are. What
all judges show of a taste is the model's misfit: the test is of the difference to the median judge, whom one
judge of strong tastes does not move.

p-values are Holm-adjusted over all judges and columns. The strongest taste of a judge is taken as known
before the next is tested: size, fees and clients go together, and one taste would else have three names.

Does *not* say that a taste is wrong: a judge may know what the others do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ranking.ltr.guardrails import holm
from ranking.ltr.judges import MOST_ANCHORED
from ranking.ltr.objective import exact_curvature, pair_gradient
from ranking.ltr.preferences import Floats, Integers, Preferences

LEAST_LISTS = 8
"""Fewer lists of a judge are not tested: a variance from seven or fewer sums is no variance."""

LEAST_TELLING = 4
"""Nor is a column of which fewer lists of theirs tell, counted as I^2 / sum_lists I_list^2: a flag that two
lists show is known from those two."""

MOST_NAMED = 3
"""Tastes named of one judge at most; further ones are reflections of the first more often than news."""

LEVEL = 0.05
"""Family-wise: in one training of twenty somebody is said to have a taste that nobody has."""

MEDIAN_ERROR = 1.2533
"""sqrt(pi/2): the error of a median, in errors of a mean of as many."""

LEAST_VARIATION = 1e-9
"""Of a column's differences, what the margin and the shown order must leave over, as a share."""


@dataclass(frozen=True)
class Tendency:
    """One judge's own taste in one column.

    Attributes
    ----------
    effect : logits for one standard deviation more of the column, beyond what the other judges show; of two
        equal candidates the one with more is put first with a chance of expit(effect)
    low, high : its 95 % interval, of this test alone
    p : two-sided, adjusted for all judges and columns
    """

    judge: str
    column: str
    effect: float
    low: float
    high: float
    p: float
    lists: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def tendencies(
    margins: Floats,
    preferences: Preferences,
    features: pd.DataFrame,
    *,
    flip_rate: Mapping[str, float] | None = None,
    skip: Sequence[str] = (),
) -> list[Tendency]:
    """Every taste that is shown, the surest of each judge first.

    Parameters
    ----------
    margins : (p,) f_winner - f_loser of models that did not see the pair's query
    features : (n, d) numbers; the difference to a missing value counts as none
    flip_rate : of each judge, 0 if not named
    skip : judges who are not tested, such as those who answer at random

    Worked example: everybody follows the first column, Bob the second as well.

    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.normal(size=(720, 2)), columns=["fit", "size"])
    >>> def order(rows, taste): return rows[np.argsort(-(2 * table["fit"] + taste * table["size"])[rows])]
    >>> lists = [order(np.arange(6 * k, 6 * k + 6), 2 if k % 3 == 0 else 0).tolist() for k in range(120)]
    >>> pairs = Preferences.from_orders(lists, judge=["bob", "ada", "eve"] * 40)
    >>> fit = table["fit"].to_numpy()
    >>> found = tendencies(2 * (fit[pairs.winner] - fit[pairs.loser]), pairs, table)
    >>> [(one.judge, one.column, one.effect > 0) for one in found]
    [('bob', 'size', True)]
    """
    codes, names = preferences.judges()
    columns = [str(name) for name in features]
    if len(names) < 2 or not columns:
        return []
    rates = np.array([min((flip_rate or {}).get(name, 0.0), 0.49) for name in names])
    test = _Test.of(margins, preferences, features, rate=rates[codes], codes=codes)
    tested = [code for code in _enough_lists(preferences) if names[code] not in skip]
    if len(tested) < 2:
        return []
    plain = {code: test.estimate(code) for code in tested}
    found = [
        Tendency(names[code], columns[column], *figures, plain[code].lists)
        for code, tastes in _search(test, plain).items()
        for column, figures in _beside_each_other(test, plain, code, tastes)
    ]
    return sorted(found, key=lambda one: (one.judge, one.p))


def _search(test: _Test, plain: Mapping[int, _Estimate]) -> dict[int, dict[int, float]]:
    """Step by step the surest taste of each judge: column -> adjusted p, by judge."""
    known: dict[int, dict[int, float]] = {code: {} for code in plain}
    for _ in range(MOST_NAMED):
        ps = np.array([_contrast(test, plain, code, list(known[code]))["p"] for code in plain])
        # all judges in every step: the family must not shrink to those who were named before
        adjusted = np.array(holm(ps.ravel().tolist())).reshape(ps.shape)
        surest = dict(zip(plain, ps.argmin(axis=1).tolist(), strict=True))
        fresh = {
            code: (column, float(adjusted[row, column]))
            for row, (code, column) in enumerate(surest.items())
            if adjusted[row, column] <= LEVEL and column not in known[code]
        }
        for code, (column, p) in fresh.items():
            known[code][column] = p
        if not fresh:
            break
    return known


def _beside_each_other(
    test: _Test, plain: Mapping[int, _Estimate], code: int, tastes: Mapping[int, float]
) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
    """(column, (effect, low, high, p)) of those that stay beside the others: one may reflect another."""
    for column, p in tastes.items():
        table = _contrast(test, plain, code, [other for other in tastes if other != column])
        line = {name: float(table[name].iloc[column]) for name in table}
        if line["p"] <= LEVEL:
            yield column, (line["effect"], line["low"], line["high"], p)


def _contrast(test: _Test, plain: Mapping[int, _Estimate], code: int, known: Sequence[int]) -> pd.DataFrame:
    others = [one for other, one in plain.items() if other != code]
    return contrasts(test.estimate(code, known) if known else plain[code], others)


def _enough_lists(preferences: Preferences) -> list[int]:
    """Judges with enough lists, those of most lists first, as many as get a pull of their own."""
    lists = preferences.lists_by_judge()
    order = np.argsort(-lists, kind="stable")[:MOST_ANCHORED]
    return [int(code) for code in order if lists[code] >= LEAST_LISTS]


@dataclass(frozen=True, eq=False)
class _Test:
    """Slopes, curvatures and differences of all pairs."""

    slope: Floats
    curvature: Floats
    given: Floats  # (p, 2): the margin and the shown order
    x: Floats  # (p, d) in standard deviations
    codes: Integers
    lists: Integers

    @classmethod
    def of(
        cls,
        margins: Floats,
        preferences: Preferences,
        features: pd.DataFrame,
        *,
        rate: Floats,
        codes: Integers,
    ) -> _Test:
        values = features.to_numpy(dtype=np.float64)
        judged = np.unique(np.r_[preferences.winner, preferences.loser])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # a column of nothing but missing values
            spread = np.nanstd(values[judged], axis=0)
            usable = np.where(np.isfinite(spread) & (spread > 0), spread, np.nan)
            x = (values[preferences.winner] - values[preferences.loser]) / usable
        gap = np.nan_to_num(preferences.shown_gap)
        slope, _ = pair_gradient(margins, preferences.target, preferences.weight, flip_rate=rate)
        # What is expected of it: the surrogate, right for a perfect judge, would shrink another one's taste.
        said = rate + (1 - 2 * rate) * expit(margins)
        curvature = exact_curvature(margins, said, preferences.weight, flip_rate=rate)
        _, lists = np.unique(preferences.list_id, return_inverse=True)
        given = np.column_stack([margins, gap])
        return cls(
            slope, curvature, given, np.nan_to_num(x, posinf=0.0, neginf=0.0), codes, lists.astype(np.int64)
        )

    def estimate(self, code: int, known: Sequence[int] = ()) -> _Estimate:
        """One step of Newton for each column, from the judge's pairs, beside tastes known already."""
        chosen = self.codes == code
        h, x = self.curvature[chosen], self.x[chosen]
        given = np.column_stack([self.given[chosen], x[:, list(known)]])
        left = x - given @ _weighted_fit(given, x, h)
        _, place = np.unique(self.lists[chosen], return_inverse=True)
        lists = int(place.max()) + 1
        pulls, steps = -self.slope[chosen][:, None] * left, h[:, None] * left**2
        sums, bends = (
            np.column_stack([np.bincount(place, column, lists) for column in values.T])
            for values in (pulls, steps)
        )
        information = bends.sum(axis=0)
        information[information <= LEAST_VARIATION * (h @ x**2)] = np.nan
        share = bends / information
        alike = (share**2).sum(axis=0)
        untold = alike > 1 / LEAST_TELLING
        information[untold] = share[:, untold] = np.nan
        theta = sums.sum(axis=0) / information
        # at the estimate, so that a strong taste does not inflate its own error; a list of much information
        # draws the estimate to itself, and what is left of it is too small by its share
        variance = ((sums - bends * theta) ** 2 / (1 - share)).sum(axis=0)
        drawn = share**2 / (1 - share)
        freedom = 1 / (alike + drawn.sum(axis=0) ** 2 - (drawn**2).sum(axis=0))
        return _Estimate(theta, np.sqrt(variance) / information, freedom, lists)


@dataclass(frozen=True, eq=False)
class _Estimate:
    """(d,) tastes of a judge, their errors by list and the degrees of freedom of these; NaN if not told."""

    theta: Floats
    error: Floats
    freedom: Floats
    lists: int


def contrasts(own: _Estimate, others: Sequence[_Estimate]) -> pd.DataFrame:
    """(d,) lines: a judge's taste less the median of all judges', its interval and two-sided p.

    The error of a median of m is 1.2533 times that of their mean, under normal errors. The degrees of freedom
    are those of both squared errors together (Satterthwaite), and the judge's own at most: that factor is a
    rule of thumb, and lends none.
    """
    from scipy.stats import t  # seconds of every process that starts, and few need it

    squares, freedoms = (np.array([getattr(one, name) for one in others]) for name in ("error", "freedom"))
    squares = squares**2
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # a column that nobody else's pairs tell anything of
        effect = own.theta - np.nanmedian([one.theta for one in (own, *others)], axis=0)
        told = np.isfinite(squares).sum(axis=0)
        part = (np.where(told > 2, MEDIAN_ERROR, 1.0) / told) ** 2
        variance = own.error**2 + part * np.nansum(squares, axis=0)
        spread = own.error**4 / own.freedom + part**2 * np.nansum(squares**2 / freedoms, axis=0)
        freedom, error = np.minimum(own.freedom, variance**2 / spread), np.sqrt(variance)
        p = 2 * t.sf(np.abs(effect) / error, freedom)
    half = t.ppf(0.975, freedom) * error
    return pd.DataFrame(
        {"effect": effect, "low": effect - half, "high": effect + half, "p": np.where(np.isnan(p), 1.0, p)}
    )


def _weighted_fit(given: Floats, x: Floats, weight: Floats) -> Floats:
    """(g, d) coefficients of x on what is given, least squares by weight."""
    root = np.sqrt(weight)[:, None]
    return np.asarray(np.linalg.lstsq(root * given, root * x, rcond=None)[0])
