"""What a refinement learns from: rows, the incumbent's scores, the experts' pairs, and how they are left out.

Knows tables and folds; does *not* fit more than the incumbent's factor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.linear import LinearDesign, linear_design
from ranking.ltr.model import BASE
from ranking.ltr.objective import anchored, differences, pair_loss
from ranking.ltr.preferences import Floats, Integers, Objects, Preferences
from ranking.ltr.splits import query_folds

FOLDS = 5
"""Every fit keeps four fifths of the queries, and a retraining stays a matter of seconds."""

LEAST_QUERIES = 5
"""With fewer judged queries, lists are left out instead of queries."""

SLOPES = (0.01, 100.0)
"""Range of the factor that brings the incumbent to the scale of the experts' pairs."""

SLOPE_SPREAD = 1.0
"""Prior standard deviation of the log of that factor: e is nothing unusual, ten needs a handful of lists."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What every learner needs besides its own size.

    Attributes
    ----------
    features, queries : of all rows
    base : (n,) the incumbent's scores on a scale of its own standard deviation; zeros if there is none
    expert : the experts' pairs, every judge's the right way round
    extra : pairs of the incumbent's own opinion, which hold a fit to it where nobody looked
    flip_rate, anchoring : (p,) of the judge of each of the experts' pairs; 0 if not given
    fresh : (p,) whether the incumbent has learned from other queries than the pair's; all if not given
    """

    features: pd.DataFrame
    queries: Objects
    base: Floats
    expert: Preferences
    extra: Preferences = field(default_factory=lambda: Preferences.concat([]))
    flip_rate: Floats = field(default_factory=lambda: np.zeros(0))
    anchoring: Floats = field(default_factory=lambda: np.zeros(0))
    fresh: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    params: BoostingParams = field(default_factory=BoostingParams)
    seed: int = 0
    monotone: dict[str, int] = field(default_factory=dict)
    categorical: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("flip_rate", "anchoring"):
            if len(getattr(self, name)) != len(self.expert):
                object.__setattr__(self, name, np.zeros(len(self.expert)))
        if len(self.fresh) != len(self.expert):
            object.__setattr__(self, "fresh", np.ones(len(self.expert), dtype=bool))

    @cached_property
    def has_incumbent(self) -> bool:
        """Whether the incumbent tells any two rows apart."""
        return bool(np.ptp(self.base) > 0)

    @cached_property
    def design(self) -> LinearDesign:
        """The columns of the linear fit."""
        return linear_design(
            self.features, self.queries, monotone=self.monotone, categorical=self.categorical
        )

    @cached_property
    def matrix(self) -> Floats:
        """(n, terms) of `design`."""
        return self.design.matrix(self.features)

    @cached_property
    def by_query(self) -> bool:
        """Whether enough queries were judged to leave out whole ones; otherwise lists are left out."""
        return len(set(self.queries[self.expert.winner])) >= LEAST_QUERIES

    @cached_property
    def units(self) -> Objects:
        """(p,) what is left out together: the query, or the list where there are too few queries."""
        return self.queries[self.expert.winner] if self.by_query else self.expert.list_id.astype(object)

    @cached_property
    def folds(self) -> tuple[Integers, Integers]:
        """Fold of each expert pair and of each extra pair; -1 for extra pairs that no fold leaves out."""
        folds = query_folds(self.units, FOLDS, seed=self.seed)
        if not self.by_query:
            return folds, np.full(len(self.extra), -1, dtype=np.int64)
        fold_of = dict(zip(self.units, folds.tolist(), strict=True))
        keys = self.queries[self.extra.winner]
        return folds, np.array([fold_of.get(key, -1) for key in keys], dtype=np.int64)

    def compact(self) -> tuple[Problem, Integers]:
        """The same problem over the rows that occur in a pair, and where these rows stand among all.

        Idle rows teach nothing, but every linear fit would score them.
        """
        pairs = (self.expert, self.extra)
        rows = np.unique(np.concatenate([np.r_[one.winner, one.loser] for one in pairs]))
        expert, extra = (
            replace(one, winner=np.searchsorted(rows, one.winner), loser=np.searchsorted(rows, one.loser))
            for one in pairs
        )
        features = self.features.iloc[rows].reset_index(drop=True)
        changed = {"features": features, "queries": self.queries[rows], "base": self.base[rows]}
        return replace(self, expert=expert, extra=extra, **changed), rows

    def with_noise(self, expert: Preferences, flip_rate: Floats, anchoring: Floats) -> Problem:
        """The same problem with other beliefs about the judges."""
        changed = replace(self, expert=expert, flip_rate=flip_rate, anchoring=anchoring)
        for name in ("design", "matrix", "folds", "units"):
            if name in self.__dict__:
                changed.__dict__[name] = self.__dict__[name]
        return changed

    def among_judges(self) -> Problem:
        """The same pairs with the incumbent's score as a column like any other, and nothing of its opinion.

        Its weight in a linear fit is then free: an incumbent turned round has the opposite weight, and every
        fit is what it was. Whom a fit believes must not depend on what the model in service says.
        """
        features = self.features.assign(**{BASE: self.base}) if self.has_incumbent else self.features
        nothing = Preferences.concat([])
        return replace(self, features=features, base=np.zeros(len(self.base)), extra=nothing)

    def slope(self, kept: npt.NDArray[np.bool_]) -> float:
        """The factor of the incumbent that fits these expert pairs best; no order changes."""
        if not self.has_incumbent:
            return 0.0
        if (kept & self.fresh).any():
            kept = kept & self.fresh
        pairs = self.expert.take(kept)
        d, rate = differences(self.base, pairs), self.flip_rate[kept]
        offset = anchored(pairs, self.anchoring[kept])

        def loss(log_slope: float) -> float:
            fitted = pair_loss(
                np.exp(log_slope) * d + offset, pairs.target, pairs.weight, flip_rate=rate
            ).sum()
            return float(fitted + (log_slope / SLOPE_SPREAD) ** 2 / 2)

        found = minimize_scalar(loss, bounds=tuple(np.log(SLOPES)), method="bounded")
        return float(np.exp(found.x))

    def together(self, kept: npt.NDArray[np.bool_], fold: int | None) -> tuple[Preferences, Floats, Floats]:
        """Expert and extra pairs for a fit without a fold, with flip rate and anchoring of each."""
        others = np.ones(len(self.extra), dtype=bool) if fold is None else self.folds[1] != fold
        extra = self.extra.take(others)
        nothing = np.zeros(len(extra))
        return (
            Preferences.concat([self.expert.take(kept), extra]),
            np.r_[self.flip_rate[kept], nothing],
            np.r_[self.anchoring[kept], nothing],
        )
