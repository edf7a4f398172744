"""How often each judge says the opposite of what they mean.

The flip rate eps_e of the objective, by expectation-maximisation on margins that the judged pairs
themselves had no part in (cross-fitted by query): a model that has seen a pair agrees with it, and every
judge would look perfect.

Does *not* recognise an inverted judge (the rate stops at .49) nor one who keeps the shown order (only
slates in random order unmask them); both keep little or no say.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Floats, Integers, Preferences

PRIOR_FLIPS, PRIOR_KEPT = 1.0, 9.0
"""Beta(1, 9): one flip in ten before anything is known, worth ten pairs' weight, about three lists of 8."""

LEAST_RATE, MOST_RATE = 0.01, 0.49
"""Nobody is perfect, or one slip of the finger would pull without limit; at a half a judge says nothing."""

OWN_RATE_LISTS = 4
"""Judges with fewer lists get the rate of all judges together: an own estimate would be mostly noise."""

EM_STEPS = 50
"""Steps of the inner loop; the rate moves by less than .001 after twenty."""


@dataclass(frozen=True)
class JudgeReport:
    """What a training found out about one judge.

    Attributes
    ----------
    flip_rate : share of strict pairs said the wrong way round, in [.01, .49]
    lists, pairs : how much the rate rests on
    own : False if the judge has too few lists and the rate is that of all judges together
    """

    flip_rate: float
    lists: int
    pairs: int
    own: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def flip_rates(margins: npt.ArrayLike, preferences: Preferences) -> dict[str, JudgeReport]:
    """Flip rate of each judge from margins f_i - f_j of models that did not see the pair's query.

    Parameters
    ----------
    margins : (p,) one for each pair
    preferences : only strict pairs (target 1) say something about flips; ties are passed over

    Notes
    -----
    For each pair r = eps (1-P) / (eps (1-P) + (1-eps) P) is the chance that it was flipped, and
    eps = (sum w r + 1)/(sum w + 10) the posterior mean under Beta(1, 9), repeated. Pairs of a list are not
    independent, so they count by their weight: a list of n counts n/2. Source: Crowd-BT (Chen et al., WSDM
    2013), with a Beta prior; the bounded likelihood itself is in `ranking.ltr.objective`.

    Worked example: forty pairs of a sure model, one in four against the judge.

    >>> pairs = Preferences.from_pairs(winner=[0] * 40, loser=[1] * 40, judge="bob")
    >>> report = flip_rates([9.0, 9.0, 9.0, -9.0] * 10, pairs)["bob"]
    >>> round(report.flip_rate, 3), report.lists, report.own
    (0.22, 40, True)
    """
    margin = np.asarray(margins, dtype=np.float64)
    if margin.shape != (len(preferences),) or not np.isfinite(margin).all():
        raise InvalidPreferences(
            f"margins of shape {margin.shape}; expected {len(preferences)} finite numbers"
        )
    weight = np.where(preferences.target == 1, preferences.weight, 0.0)
    codes, names = preferences.judges()
    everybody = _estimate(margin, weight, np.zeros(len(margin), np.int64), 1)[0]
    rates = _estimate(margin, weight, codes, len(names))
    lists, pairs = _lists_of(preferences, codes, len(names)), np.bincount(codes, minlength=len(names))
    return {
        name: JudgeReport(
            flip_rate=float(rates[code] if lists[code] >= OWN_RATE_LISTS else everybody),
            lists=int(lists[code]),
            pairs=int(pairs[code]),
            own=bool(lists[code] >= OWN_RATE_LISTS),
        )
        for code, name in enumerate(names)
    }


def rates_of_pairs(reports: dict[str, JudgeReport], preferences: Preferences) -> Floats:
    """(p,) flip rate of each pair's judge; 0 for judges without a report, such as the incumbent."""
    codes, names = preferences.judges()
    known = np.array(
        [reports[name].flip_rate if name in reports else 0.0 for name in names], dtype=np.float64
    )
    return known[codes] if len(known) else np.zeros(0)


def _estimate(margin: Floats, weight: Floats, codes: Integers, judges: int) -> Floats:
    """(judges,) rates after `EM_STEPS` steps from the prior mean."""
    ordered, reversed_ = expit(margin), expit(-margin)
    total = np.bincount(codes, weight, judges)
    rate = np.full(judges, PRIOR_FLIPS / (PRIOR_FLIPS + PRIOR_KEPT))
    for _ in range(EM_STEPS):
        eps = rate[codes]
        flipped = eps * reversed_ / (eps * reversed_ + (1 - eps) * ordered)
        flips = np.bincount(codes, weight * flipped, judges)
        rate = (flips + PRIOR_FLIPS) / (total + PRIOR_FLIPS + PRIOR_KEPT)
    return np.asarray(np.clip(rate, LEAST_RATE, MOST_RATE), dtype=np.float64)


def _lists_of(preferences: Preferences, codes: Integers, judges: int) -> Integers:
    """(judges,) number of lists of each judge."""
    both = np.unique(np.column_stack([codes, preferences.list_id]), axis=0)
    return np.bincount(both[:, 0].astype(np.int64), minlength=judges).astype(np.int64)
