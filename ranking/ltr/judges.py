"""What each judge's pairs are worth: flip rates and anchoring, from models that did not see the query.

A judge's pair is taken to be flipped with the rate eps, and to be pulled towards the shown order by g::

    P(i above j) = eps + (1 - 2 eps) sigmoid(f_i - f_j + g (pos_j - pos_i)/(n-1))

eps: EM under a Beta(1, 9) prior (Crowd-BT, Chen et al., WSDM 2013), on margins out of fold: in-sample the
rates go to zero, since a model that has seen a pair agrees with it. A rate far above 1/2 is a judge who ranks
upside down: turned round, the judgements are as good as anybody's.

g: the shown order's own weight beside the margin and the incumbent's. Lists in the incumbent's order cannot
tell anchoring from agreement; the incumbent's difference takes that part, so what is left comes from lists in
another order.

Pairs of a list are not independent: everything is counted by weight, and errors by list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize, minimize_scalar
from scipy.special import betaincinv, expit, logsumexp

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.objective import pair_gradient, pair_loss
from ranking.ltr.preferences import Floats, Integers, Preferences

PRIOR_FLIPS, PRIOR_KEPT = 1.0, 9.0
"""The Beta prior of a flip rate: one pair in ten."""

PRIOR_MEAN = PRIOR_FLIPS / (PRIOR_FLIPS + PRIOR_KEPT)
"""The flip rate before anything is known."""

LEAST_RATE, MOST_RATE = 0.01, 0.49
"""Below, a single slip would pull without limit; at a half a judge says nothing."""

OWN_RATE_LISTS = 4
"""Judges with fewer lists get the rate of all judges together: an own estimate would be mostly noise."""

EM_STEPS = 50
"""Steps of the inner loop. Where margins tell orders apart the rate moves by less than .001 after twenty;
where they hardly do, this many leave it between the prior and what is most likely."""

VERDICTS = ("reliable", "random", "inverted")
_, RANDOM, INVERTED = VERDICTS
CONTRADICTS, UNKNOWN = "contradicts", "unknown"
PRIOR_VERDICTS = (0.92, 0.05, 0.03)
SURE = 0.9
"""A judge is called random or inverted if that is this probable, after a prior under which few are."""

TYPICAL, MOST_HONEST = 0.25, 0.3
"""The panel's rate in that comparison is its lower quartile, which half a panel of bad ones leaves alone, and
never above the second number."""

OWN_MOST = 0.15
"""A reliable judge's rate in that comparison is their own, from the panel's up to this one. Held against a
careful panel's rate alone, somebody with a taste of their own looks more like a coin than like a judge."""

CARELESS_FROM = 0.1
"""A judge is called careless if the whole interval of the flip rate lies above this."""

SCALES = (1.0, 16.0)
"""Range of the factor that makes margins out of fold as sure as the panel bears out, for the verdicts. Never
smaller: margins that are too sure are what flip rates are for."""

SCALE_SPREAD = 1.0
"""Prior standard deviation of its logarithm: on a handful of lists the margins stay about what they are."""

ANCHORING_SPREAD = 2.0
"""Prior standard deviation of the panel's anchoring; of a judge's around the panel's, half of it."""

SURE_ANCHORED = 2.0
"""Anchoring is taken out where it is this many of its standard errors above 0: below, it would cost more than
it brings."""

STRONG_PULL = 2.0
"""A judge is called anchored from this pull on: of two equals the one shown first wins 7 times in 8."""

MOST_ANCHORED = 200
"""So many judges, those of most lists, get an anchoring of their own; the others have the panel's."""


@dataclass(frozen=True)
class JudgeReport:
    """What a training found out about one judge.

    Attributes
    ----------
    flip_rate, flip_low, flip_high : share of strict pairs said the wrong way round, and its 95 % interval
    anchoring : pull of the shown order from the last place to the first that is taken out, in units of the
        score (a difference of 1 is a chance of 73 %); 0 where it is not sure
    anchoring_low, anchoring_high : the 95 % interval of what was seen of it
    lists, pairs : how much this rests on
    own : False if the judge has too few lists and the rate is that of all judges together
    verdict : "reliable", "careless", "anchored", "random" or "inverted"; "contradicts" where answers stand
        against others' and no majority can say who is right; "unknown" with too few lists
    """

    flip_rate: float
    lists: int
    pairs: int
    own: bool
    flip_low: float = 0.0
    flip_high: float = 1.0
    anchoring: float = 0.0
    anchoring_low: float = 0.0
    anchoring_high: float = 0.0
    verdict: str = UNKNOWN

    @property
    def no_standard(self) -> bool:
        """Whether a version can't be measured by what this judge says: it is noise, or the contrary."""
        return self.verdict in (RANDOM, INVERTED)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def judge_reports(
    margins: npt.ArrayLike, preferences: Preferences, incumbent: npt.ArrayLike | None = None
) -> dict[str, JudgeReport]:
    """Flip rate, anchoring and verdict of each judge.

    Parameters
    ----------
    margins : (p,) f_i - f_j of models that did not see the pair's query
    preferences : only strict pairs (target 1) say something about flips; ties and probabilities are passed
        over
    incumbent : (p,) the incumbent's differences, if there is one

    Worked example: forty pairs of a sure model, one in four against the judge.

    >>> pairs = Preferences.from_pairs(winner=[0] * 40, loser=[1] * 40, judge="bob")
    >>> report = judge_reports([9.0, 9.0, 9.0, -9.0] * 10, pairs)["bob"]
    >>> round(report.flip_rate, 3), report.lists, report.own, report.verdict
    (0.22, 40, True, 'careless')
    """
    margin = _checked(margins, preferences)
    weight = np.where(preferences.target == 1, preferences.weight, 0.0)
    codes, names = preferences.judges()
    if not names:
        return {}
    lists = preferences.lists_by_judge()
    seen, errors = _anchoring(margin, weight, preferences, codes, incumbent)
    pulls = np.where(seen > SURE_ANCHORED * errors, seen, 0.0)
    shown = np.nan_to_num(preferences.shown_gap)
    d = margin + pulls[codes] * shown
    everybody = float(np.clip(_estimate(d, weight, np.zeros(len(d), np.int64), 1)[0], LEAST_RATE, MOST_RATE))
    found = _estimate(d, weight, codes, len(names))
    rates = np.clip(found, LEAST_RATE, 1 - LEAST_RATE)
    own = lists >= OWN_RATE_LISTS
    low, high = np.zeros(len(names)), np.ones(len(names))
    low[own], high[own] = _interval(found[own], _telling(d, weight, codes, found)[own])
    low, high = np.minimum(low, rates), np.maximum(high, rates)  # a rate at its limit lies in its interval
    typical = float(np.quantile(rates[own], TYPICAL)) if own.any() else PRIOR_MEAN
    evidence = weight * _evidence(preferences)
    scale = _scale(d, evidence, codes, len(names))
    probable = _verdicts(scale * d, evidence, codes, min(typical, MOST_HONEST), len(names))
    pairs = np.bincount(codes, minlength=len(names))

    def report(code: int) -> JudgeReport:
        return JudgeReport(
            flip_rate=float(rates[code] if own[code] else everybody),
            lists=int(lists[code]),
            pairs=int(pairs[code]),
            own=bool(own[code]),
            flip_low=float(low[code]),
            flip_high=float(high[code]),
            anchoring=float(pulls[code]),
            anchoring_low=float(seen[code] - 1.96 * errors[code]),
            anchoring_high=float(seen[code] + 1.96 * errors[code]),
            verdict=_named(probable[code], pulls[code], low[code]) if own[code] else UNKNOWN,
        )

    # a million judges of one list each differ in nothing but the number of their pairs: they share reports
    alike = pd.DataFrame({"lists": lists, "pairs": pairs, "own": np.where(own, np.arange(len(names)), -1)})
    kind = alike.groupby(list(alike), sort=False).ngroup().to_numpy()
    reports = [report(int(code)) for code in np.unique(kind, return_index=True)[1]]
    return {name: reports[place] for name, place in zip(names, kind.tolist(), strict=True)}


def plain(reports: Mapping[str, JudgeReport]) -> dict[str, dict[str, Any]]:
    """Plain values by judge, taken apart once for each report: a hundred thousand judges share a few.

    >>> plain({"ada": JudgeReport(0.1, 2, 9, False)})["ada"]["verdict"]
    'unknown'
    """
    values = {id(one): one for one in reports.values()}
    taken = {key: one.to_dict() for key, one in values.items()}
    return {judge: dict(taken[id(one)]) for judge, one in reports.items()}


def believed(
    reports: Mapping[str, JudgeReport], preferences: Preferences
) -> tuple[Preferences, Floats, Floats]:
    """The pairs with inverted judges turned round, and the flip rate and anchoring of each pair.

    Judges without a report, such as the incumbent, make no flips and follow no order.

    >>> pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="eve")
    >>> turned, rate, pull = believed({"eve": JudgeReport(0.9, 9, 90, True, verdict="inverted")}, pairs)
    >>> turned.winner.tolist(), turned.loser.tolist(), rate.round(2).tolist()
    ([1], [0], [0.1])
    """
    codes, names = preferences.judges()
    if not len(names):
        return preferences, np.zeros(0), np.zeros(0)
    nothing = JudgeReport(0.0, 0, 0, False)
    known = [reports.get(name, nothing) for name in names]
    rates = np.array([one.flip_rate for one in known])
    pulls = np.array([one.anchoring for one in known])
    turned = np.array([one.verdict == INVERTED for one in known], dtype=bool)
    rates = np.minimum(np.where(turned, 1 - rates, rates), MOST_RATE)
    rates = np.where(rates > 0, np.maximum(rates, LEAST_RATE), 0.0)
    swap = turned[codes]
    changed = replace(
        preferences,
        winner=np.where(swap, preferences.loser, preferences.winner),
        loser=np.where(swap, preferences.winner, preferences.loser),
        shown_gap=np.where(swap, -preferences.shown_gap, preferences.shown_gap),
    )
    return changed, rates[codes], np.where(turned, 0.0, pulls)[codes]


def _checked(margins: npt.ArrayLike, preferences: Preferences) -> Floats:
    margin = np.asarray(margins, dtype=np.float64)
    if margin.shape != (len(preferences),) or not np.isfinite(margin).all():
        raise InvalidPreferences(
            f"margins of shape {margin.shape}; expected {len(preferences)} finite numbers"
        )
    return margin


def _evidence(preferences: Preferences) -> Floats:
    """(p,) what a pair's weight has to be multiplied by, so that a list counts as many coin flips as it is.

    In a random order of n the share of agreeing pairs has variance (2n + 5) / (18 n (n - 1)) (Kendall), that
    of 9 n (n - 1) / (2 (2n + 5)) coin flips; pairs weigh n/2 a list. A list is one judge's: what others said
    of the same rows makes it no longer.
    """
    each = pd.DataFrame({"judge": preferences.judges()[0], "list": preferences.list_id})
    pairs = each.groupby(["judge", "list"])["list"].transform("size").to_numpy()
    n = (1 + np.sqrt(1 + 8 * pairs)) / 2
    return np.asarray(9 * (n - 1) / (2 * n + 5), dtype=np.float64)


def _scale(margin: Floats, weight: Floats, codes: Integers, judges: int) -> float:
    """What the margins have to be multiplied by, so that the panel as a whole is as sure as they say.

    Margins out of fold are those of fits that were held back and are too small, the more so on few lists:
    with them a judge at random is hardly told from a careful one. The scale is the one under which the
    judges' pairs are most likely, when each judge may be reliable, random or inverted.
    """
    usual = np.full(judges, MOST_HONEST / 3)

    def loss(log_scale: float) -> float:
        likely = _likely(np.exp(log_scale) * margin, weight, codes, usual, 1 - usual)
        spread = (log_scale / SCALE_SPREAD) ** 2 / 2
        return float(spread - logsumexp(likely, axis=1).sum())

    low, high = np.log(SCALES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _estimate(margin: Floats, weight: Floats, codes: Integers, judges: int) -> Floats:
    """(judges,) rates after `EM_STEPS` steps from the prior mean."""
    ordered, reversed_ = expit(margin), expit(-margin)
    total = np.bincount(codes, weight, judges)
    rate: Floats = np.full(judges, PRIOR_MEAN)
    for _ in range(EM_STEPS):
        eps = rate[codes]
        flipped = eps * reversed_ / (eps * reversed_ + (1 - eps) * ordered)
        flips = np.bincount(codes, weight * flipped, judges)
        rate = (flips + PRIOR_FLIPS) / (total + PRIOR_FLIPS + PRIOR_KEPT)
    return rate


def _telling(margin: Floats, weight: Floats, codes: Integers, rates: Floats) -> Floats:
    """(judges,) the weight of as many pairs of which it is seen whether they are flipped.

    It is not: of two candidates nearly alike either order may be meant. A pair whose margin gives its order a
    chance of p, and of q with flips, tells (1 - 2 p)^2 / (q (1 - q)) of the rate eps, and one whose flip is
    seen 1 / (eps (1 - eps)). The rest is the missing information of Louis (JRSS B 1982).
    """
    ordered, eps = expit(margin), rates[codes]
    said = eps + (1 - 2 * eps) * ordered
    share = (1 - 2 * ordered) ** 2 * eps * (1 - eps) / (said * (1 - said))
    return np.bincount(codes, weight * share, len(rates)).astype(np.float64)


def _interval(rates: Floats, pairs: Floats) -> Floats:
    """(2, judges) ends of the 95 % interval: Beta around the rate, from so many pairs and the prior's."""
    known = pairs + PRIOR_FLIPS + PRIOR_KEPT
    shapes = rates * known, (1 - rates) * known
    return np.array([betaincinv(*shapes, end) for end in (0.025, 0.975)], dtype=np.float64)


def _verdicts(margin: Floats, weight: Floats, codes: Integers, typical: float, judges: int) -> Floats:
    """(judges, 3) probability of each of `VERDICTS`, from how likely the pairs are under each."""
    own = _estimate(margin, weight, codes, judges)
    most = max(typical, OWN_MOST)
    reliable, inverted = np.clip(own, typical, most), np.clip(own, 1 - most, 1 - typical)
    likely = _likely(margin, weight, codes, reliable, inverted)
    return np.exp(likely - logsumexp(likely, axis=1, keepdims=True))


def _likely(margin: Floats, weight: Floats, codes: Integers, reliable: Floats, inverted: Floats) -> Floats:
    """(judges, 3) log of the prior and of how likely the pairs are, under each of `VERDICTS`.

    `reliable` and `inverted` are the (judges,) rates of a judge who is that.
    """
    ordered, judges = expit(margin), len(reliable)
    found = [
        np.bincount(codes, weight * np.log(eps + (1 - 2 * eps) * ordered), judges)
        for eps in (reliable[codes], 0.5, inverted[codes])
    ]
    return np.asarray(np.column_stack(found) + np.log(PRIOR_VERDICTS), dtype=np.float64)


def _named(probable: Floats, pull: float, flips: float) -> str:
    """The verdict; `flips` is the lower end of the flip rate's interval."""
    best = int(np.argmax(probable))
    if best and probable[best] >= SURE:
        return VERDICTS[best]
    if pull >= STRONG_PULL:
        return "anchored"
    return "careless" if flips > CARELESS_FROM else VERDICTS[0]


def _anchoring(
    margin: Floats,
    weight: Floats,
    preferences: Preferences,
    codes: Integers,
    incumbent: npt.ArrayLike | None,
) -> tuple[Floats, Floats]:
    """(judges,) pull of the shown order and its standard error."""
    judges = int(codes.max()) + 1
    known = ~np.isnan(preferences.shown_gap) & (weight > 0)
    if not known.any():
        return np.zeros(judges), np.zeros(judges)
    base = np.zeros(len(margin)) if incumbent is None else np.asarray(incumbent, dtype=np.float64)
    panel = _pull(margin, base, preferences, weight, known, centre=0.0, spread=ANCHORING_SPREAD)
    found = np.zeros((judges, 2))
    found[:] = panel
    lists = preferences.lists_by_judge()
    for code in np.argsort(-lists, kind="stable")[:MOST_ANCHORED]:
        own = known & (codes == code)
        if lists[code] >= OWN_RATE_LISTS and own.any():
            found[code] = _pull(
                margin, base, preferences, weight, own, centre=panel[0], spread=ANCHORING_SPREAD / 2
            )
    pull, error = found.T
    return pull, error


def _pull(
    margin: Floats,
    base: Floats,
    preferences: Preferences,
    weight: Floats,
    chosen: npt.NDArray[np.bool_],
    *,
    centre: float,
    spread: float,
) -> tuple[float, float]:
    """(g, error by list) of some pairs: logistic in margin, the incumbent's difference and the shown gap."""
    gap, own, w = preferences.shown_gap[chosen], base[chosen], weight[chosen]
    table = np.column_stack([own / (own.std() or 1.0), gap])
    prior = np.array([0.0, centre])
    strength = np.array([1.0, 1 / spread**2])

    def loss(b: Floats) -> tuple[float, Floats]:
        d = margin[chosen] + table @ b
        slope, _ = pair_gradient(d, 1.0, w)
        away = b - prior
        return float(
            pair_loss(d, 1.0, w).sum() + (strength * away**2).sum() / 2
        ), table.T @ slope + strength * away

    b = minimize(loss, prior, jac=True, method="L-BFGS-B").x
    slope, curvature = pair_gradient(margin[chosen] + table @ b, 1.0, w)
    bread = np.linalg.inv(table.T @ (curvature[:, None] * table) + np.diag(strength))
    _, place = np.unique(preferences.list_id[chosen], return_inverse=True)
    scores = np.column_stack([np.bincount(place, slope * column) for column in table.T])
    spread_matrix = bread @ (scores.T @ scores + np.diag(strength)) @ bread
    return float(b[1]), float(np.sqrt(spread_matrix[1, 1]))
