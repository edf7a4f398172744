"""How the learners are combined, and how much of the result is believed.

Weights: non-negative, on margins out of fold, pulled towards a fixed mix ("the average of all is hard to
beat"), which a few lists cannot leave and hundreds can::

    minimise  sum_p L(M w) + 1/2 pull |w - w0|^2,   w >= 0

Belief: the combination replaces the incumbent as far as queries left out bear it out. With the gain in loss
of each query over the incumbent under its best factor, t = mean / error over the queries, and

    belief = clip((t - 1.2)/1.5, 0, 1) clip(1 + a, 0, 1)
    f = (1 - belief) s f0 + belief sum_m w_m f_m

a is the gain in pairs the right way round, in its own standard errors. Only the incumbent's order is used,
and one whose scores are skewed (amounts, prices, odds) has a poor loss under every factor, however right its
order is: what puts fewer pairs right on the queries left out is believed less, and not at all from one error
on.

The best factor, because a combination may shrink the incumbent: where judges answer at random, a perfect
incumbent's loss falls by that alone, and its order would be given up for nothing. Queries, because a list
that six people put in order is no six proofs.

so that at five lists the incumbent mostly stays as it is ("keep the incumbent" is a result, not a failure),
and at sixty little of what was learned is lost. An all-or-nothing rule of one standard error was too timid.

The shape follows stacked regressions (Breiman, Machine Learning 1996); the constants were chosen in simulated
worlds and on training queries of the LETOR sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize, minimize_scalar

from ranking.ltr.members import Trial
from ranking.ltr.objective import anchored, pair_gradient, pair_loss
from ranking.ltr.preferences import Floats, Objects, Preferences

MIX = {
    "incumbent": 0.2,
    "linear": 0.3,
    "extra trees": 0.1,
    "linear + trees": 0.12,
    "linear + extra trees": 0.13,
    "fresh trees": 0.05,
    "fresh extra trees": 0.1,
}
"""Where the weights are pulled to; what was best on average has most."""

PULL = 10.0
"""Strength of that pull: as much as a few lists."""

SURE_FROM, SURE_AT = 1.2, 2.7
"""Belief begins where the gain is this many of its standard errors, and is whole at the second number."""

MOST_FACTOR = 1.5
"""Largest factor under which the incumbent is compared: noise calls for smaller ones, and 0 is among them."""

DOUBT, DOUBTED = 0.5, 4.0
"""Standard deviation of the gain that is expected before seeing any, and how many queries that opinion
counts: the spread of five gains alone is too often small by luck."""


ROUNDING = 1e-12
"""Shares of pairs that are summed in another order differ by as little, and say nothing."""


@dataclass(frozen=True)
class Tried:
    """One learner in the report.

    Attributes
    ----------
    loss, loss_error : mean over left-out units of the pairs' mean loss, and its standard error
    accuracy, accuracy_error : the same for the share of strict pairs in the order in which they were said
    gain, gain_error : the incumbent's loss minus this one's, unit by unit
    """

    loss: float
    loss_error: float
    accuracy: float
    accuracy_error: float
    gain: float
    gain_error: float


@dataclass(frozen=True)
class Evidence:
    """What pairs say about margins: flip rate and anchoring of each, and the query, which counts once.

    `turned` is (p,) whether a pair stands the other way round than it was said; none if not given.
    """

    pairs: Preferences
    units: Objects
    flip_rate: Floats
    anchoring: Floats
    turned: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if len(self.turned) != len(self.pairs):
            object.__setattr__(self, "turned", np.zeros(len(self.pairs), dtype=bool))

    def of(self, chosen: npt.NDArray[np.bool_]) -> Evidence:
        """The evidence of some pairs, (p,) true for each."""
        return Evidence(
            self.pairs.take(chosen),
            self.units[chosen],
            self.flip_rate[chosen],
            self.anchoring[chosen],
            self.turned[chosen],
        )

    def losses(self, margins: Floats) -> Floats:
        """(p,) loss of each pair."""
        d = margins + anchored(self.pairs, self.anchoring)
        return pair_loss(d, self.pairs.target, self.pairs.weight, flip_rate=self.flip_rate)

    def by_unit(self, values: Floats) -> Floats:
        """Sums over each unit, in order of its first pair."""
        codes, units = pd.factorize(self.units)
        return np.bincount(codes, values, len(units)).astype(np.float64)

    def accuracy(self, margins: Floats) -> Floats:
        """Share of strict pairs in the order of the margins, for each unit that has any."""
        direction = np.sign(self.pairs.target - 0.5)
        strict = self.by_unit(self.pairs.weight * np.abs(direction))
        right = self.by_unit(self.pairs.weight * np.abs(direction) * (1 + np.sign(margins) * direction) / 2)
        return np.asarray(right[strict > 0] / strict[strict > 0], dtype=np.float64)

    def tried(self, margins: Floats, incumbent: Floats) -> Tried:
        """Figures of one learner beside the incumbent's."""
        weight = self.by_unit(self.pairs.weight)
        known = weight > 0
        loss = self.by_unit(self.losses(margins))[known] / weight[known]
        alone = self.by_unit(self.losses(incumbent))[known] / weight[known]
        # a share of the experts' pairs is one of what they said, not of what was made of it
        accuracy = _mean_and_error(self.accuracy(np.where(self.turned, -margins, margins)))
        return Tried(*_mean_and_error(loss), *accuracy, *_mean_and_error(alone - loss))


def best_of(trials: list[Trial], evidence: Evidence) -> dict[str, Trial]:
    """The trial of least loss in each family."""
    best: dict[str, tuple[float, Trial]] = {}
    for trial in trials:
        loss = float(evidence.losses(trial.margins).sum())
        if trial.family not in best or loss < best[trial.family][0]:
            best[trial.family] = (loss, trial)
    return {family: trial for family, (_, trial) in best.items()}


def tried_entry(trial: Trial, evidence: Evidence, incumbent: Floats, weight: float) -> dict[str, Any]:
    """What a report says of one learner; plain values."""
    figures = asdict(evidence.tried(trial.margins, incumbent))
    return {
        "family": trial.family,
        "size": trial.size,
        "words": describe(trial),
        "weight": round(float(weight), 6),
        **{key: round(value, 6) for key, value in figures.items()},
    }


def describe(trial: Trial) -> str:
    """The size in words.

    >>> describe(Trial("extra trees", {"leaves": 8, "rounds": 26}, np.zeros(0)))
    '26 trees of at most 8 leaves'
    >>> describe(Trial("linear", {"ridge": 16.0, "products": 4.0}, np.zeros(0)))
    'ridge 16, 64 for products of need and candidate'
    """
    size: dict[str, Any] = trial.size
    if "rounds" in size:
        return f"{size['rounds']:g} trees of at most {size['leaves']:g} leaves"
    if "ridge" not in size:
        return "as it is"
    words = f"ridge {size['ridge']:g}"
    return words + (
        f", {size['ridge'] * size['products']:g} for products of need and candidate"
        if "products" in size
        else ""
    )


def stack(chosen: Mapping[str, Trial], evidence: Evidence) -> dict[str, float]:
    """The weight of each learner, not negative."""
    families = list(chosen)
    table = np.column_stack([chosen[family].margins for family in families])
    centre = np.array([MIX[family] for family in families])
    offset = anchored(evidence.pairs, evidence.anchoring)
    target, weight = evidence.pairs.target, evidence.pairs.weight

    def loss(w: Floats) -> tuple[float, Floats]:
        d = table @ w + offset
        slope, _ = pair_gradient(d, target, weight, flip_rate=evidence.flip_rate)
        value = pair_loss(d, target, weight, flip_rate=evidence.flip_rate).sum()
        return float(value + PULL * ((w - centre) ** 2).sum() / 2), table.T @ slope + PULL * (w - centre)

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(families))
    return dict(zip(families, map(float, found.x), strict=True))


def belief(margins: Floats, incumbent: Floats, evidence: Evidence) -> tuple[float, float]:
    """(belief from 0 to 1, t) of a combination against the incumbent, unit by unit; 0 with a single unit.

    The spread of the gains is held to an opinion of before, or the luck of five queries would pass for
    certainty.

    >>> pairs = Preferences.from_pairs(winner=[0] * 40, loser=[1] * 40, judge="ada")
    >>> evidence = Evidence(pairs, np.arange(40).astype(object), np.zeros(40), np.zeros(40))
    >>> belief(np.full(40, 2.0), np.zeros(40), evidence)[0], belief(np.zeros(40), np.zeros(40), evidence)[0]
    (1.0, 0.0)

    What only shrinks the incumbent has learned nothing:

    >>> half_wrong = np.tile([3.0, -3.0], 20)
    >>> belief(half_wrong / 10, half_wrong, evidence)[0]
    0.0
    """
    gains = evidence.by_unit(evidence.losses(_best_factor(incumbent, evidence) * incumbent))
    gains = (gains - evidence.by_unit(evidence.losses(margins)))[evidence.by_unit(evidence.pairs.weight) > 0]
    n = len(gains)
    if n < 2:
        return 0.0, 0.0
    spread = gains.var(ddof=1) * (n - 1)
    error = np.sqrt((spread + DOUBTED * DOUBT**2) / (n - 1 + DOUBTED) / n)
    t = float(gains.mean() / error)
    sure = np.clip((t - SURE_FROM) / (SURE_AT - SURE_FROM), 0.0, 1.0)
    return float(sure * _no_worse(margins, incumbent, evidence)), t


def _no_worse(margins: Floats, incumbent: Floats, evidence: Evidence) -> float:
    """1 where the margins put as many pairs right as the incumbent's, 0 from one standard error fewer on.

    By the judges whom the screen does not lead: whoever leaves a list as it was shown would speak for the
    incumbent that had put it so.
    """
    free = evidence.anchoring == 0
    said = evidence.of(free)
    gained, error = _mean_and_error(said.accuracy(margins[free]) - said.accuracy(incumbent[free]))
    if gained >= -ROUNDING:
        return 1.0
    return max(1.0 + gained / error, 0.0) if error > 0 else 0.0


def _best_factor(incumbent: Floats, evidence: Evidence) -> float:
    """The factor of the incumbent's margins that explains the pairs best, from 0 to `MOST_FACTOR`."""
    found = minimize_scalar(
        lambda factor: float(evidence.losses(factor * incumbent).sum()),
        bounds=(0.0, MOST_FACTOR),
        method="bounded",
    )
    return float(found.x)


def _mean_and_error(values: Floats) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 0.0
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return float(values.mean()), error
