"""Simulated experts: a declared hidden utility, and four ways of reporting it. Pure, and the same for a seed.

They stand in for people in the demo, in tests and in benchmarks, and are marked as simulated wherever they
appear. The utility is a sum of terms over columns of the feature space, so it can be written down for any
project; a learner never sees it, only the orders and ratings that come from it.

    utility = (sum of weight_k * shape_k(column_k) - centre) / spread

Shapes: ``linear`` (x - centre)/width held within 3, ``peak`` exp(-((x - centre)/width)^2 / 2), ``equal``
1 where x is `value`. Does *not* model learning, fatigue or reasons.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Shape = Literal["linear", "peak", "equal"]
Kind = Literal["careful", "careless", "anchored", "biased"]
KINDS: tuple[Kind, ...] = get_args(Kind)

RATING_LIMITS = (-1.2, -0.4, 0.4, 1.2)  # utilities at which a rating goes from 1 to 2, ... 4 to 5
HOPELESS = -1.6  # a slate whose best item lies below is answered with "none is suitable"


class InvalidUtility(ValueError):
    """A utility that can't be read, or that names a column which the features do not have."""


@dataclass(frozen=True)
class UtilityTerm:
    """One thing that experts care about; `missing` is what an unreported value is worth."""

    column: str
    weight: float
    shape: Shape = "linear"
    centre: float = 0.0
    width: float = 1.0
    value: float = 1.0
    missing: float = 0.0

    def __post_init__(self) -> None:
        if self.shape not in get_args(Shape):
            raise InvalidUtility(
                f"column {self.column!r}: expected shape linear, peak or equal, found {self.shape!r}"
            )
        if not self.width > 0:
            raise InvalidUtility(f"column {self.column!r}: expected a width above 0, found {self.width!r}")

    def worth(self, values: Floats) -> Floats:
        """Return (n,) what the values are worth, before the weight."""
        distance = (values - self.centre) / self.width
        if self.shape == "linear":
            found = np.clip(distance, -3.0, 3.0)
        elif self.shape == "peak":
            found = np.exp(-0.5 * distance**2)
        else:
            found = (values == self.value).astype(np.float64)
        return np.where(np.isnan(values), self.missing, found)


@dataclass(frozen=True)
class Utility:
    """What every expert of a project would want if they made no mistakes."""

    terms: tuple[UtilityTerm, ...]
    centre: float = 0.0
    spread: float = 1.0
    bias_column: str = ""

    def __post_init__(self) -> None:
        if not self.terms:
            raise InvalidUtility("expected at least one [[terms]]")
        if not self.spread > 0:
            raise InvalidUtility(f"expected a spread above 0, found {self.spread!r}")


def read_utility(path: str | Path) -> Utility:
    """Read a utility from TOML: `centre`, `spread`, `bias_column` and one [[terms]] for each thing wanted.

    Raises InvalidUtility for a file that is no TOML, an unknown key or a value of the wrong type.
    """
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidUtility(f"{path}: {error}") from None
    terms = table.pop("terms", [])
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        raise InvalidUtility(f"{path}: expected tables headed [[terms]]")
    return _made(Utility, table | {"terms": tuple(_made(UtilityTerm, term) for term in terms)})


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    known = {field.name: field.type for field in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise InvalidUtility(f"unknown key {name!r}: expected one of {', '.join(known)}")
        if known[name] == "float" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidUtility(f"{name}: expected a number, found {value!r}")
        if known[name] == "str" and not isinstance(value, str):
            raise InvalidUtility(f"{name}: expected a text, found {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidUtility(str(error)) from None


def hidden_utility(features: pd.DataFrame, utility: Utility) -> Floats:
    """Return (n,) utilities, higher is better, about 0 on average with spread 1 over candidates.

    Raises InvalidUtility when a column of the utility is not among the features.
    """
    total = np.zeros(len(features))
    for term in utility.terms:
        if term.column not in features.columns:
            raise InvalidUtility(f"the features have no column {term.column!r}")
        total += term.weight * term.worth(features[term.column].to_numpy(dtype=np.float64))
    return (total - utility.centre) / utility.spread


@dataclass(frozen=True)
class _Manner:
    """How a kind of expert departs from the utility."""

    noise: float  # scale of the Gumbel noise on each item
    random: float = 0.0  # share of slates answered at random
    anchoring: float = 0.0  # share of the answer that is the order as shown
    bias: float = 0.0  # spreads of utility for one spread of the favoured column
    tie_width: float = 0.06  # items closer than this are called equal


MANNERS: Mapping[Kind, _Manner] = {
    "careful": _Manner(noise=0.15),
    "careless": _Manner(noise=0.4, random=0.5, tie_width=0.0),
    "anchored": _Manner(noise=0.2, anchoring=0.7),
    "biased": _Manner(noise=0.15, bias=0.9),
}


@dataclass(frozen=True)
class SimulatedExpert:
    """An expert of some kind; the same seed and slate always give the same answer."""

    kind: Kind
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"expected a kind out of {', '.join(KINDS)}, found {self.kind!r}")

    def order(
        self,
        utilities: Sequence[float] | Floats,
        shown_positions: Sequence[int],
        favoured: Sequence[float] | Floats | None = None,
        *,
        slate: int = 0,
    ) -> list[list[int]]:
        """Put the items of one slate in order.

        Parameters
        ----------
        utilities : (n,) hidden utilities
        shown_positions : (n,) place of each item on the screen, from 0
        favoured : (n,) values of the column that a biased expert favours; None for no such column
        slate : number of the slate, so that an expert errs differently on each

        Returns
        -------
        tiers : indexes 0..n-1, best tier first; items of one tier are tied
        """
        perceived = self._perceived(np.asarray(utilities, dtype=np.float64), shown_positions, favoured, slate)
        tiers: list[list[int]] = []
        best_of_tier = np.inf
        for item in np.argsort(-perceived, kind="stable"):
            # Measured from the tier's best: a chain of near-ties must not tie a whole slate.
            if tiers and best_of_tier - perceived[item] < MANNERS[self.kind].tie_width:
                tiers[-1].append(int(item))
            else:
                tiers.append([int(item)])
                best_of_tier = perceived[item]
        return tiers

    def ratings(self, utilities: Sequence[float] | Floats, *, slate: int = 0) -> list[int]:
        """Rate each item from 1 to 5; every expert is a little severe or lenient, always in the same way."""
        values = np.asarray(utilities, dtype=np.float64)
        severity = np.random.default_rng([self.seed, 7]).normal(0.0, 0.3)
        rng = self._rng(slate, 1)
        if rng.random() < MANNERS[self.kind].random:
            return [int(rating) for rating in rng.integers(1, 6, len(values))]
        seen = values - severity + rng.normal(0.0, MANNERS[self.kind].noise, len(values))
        return [int(rating) for rating in 1 + np.searchsorted(RATING_LIMITS, seen)]

    def finds_none_suitable(self, utilities: Sequence[float] | Floats) -> bool:
        """Say whether even the best item of a slate is not worth an order."""
        return bool(np.max(np.asarray(utilities, dtype=np.float64)) < HOPELESS)

    def _perceived(
        self, utilities: Floats, shown: Sequence[int], favoured: Sequence[float] | Floats | None, slate: int
    ) -> Floats:
        manner, rng = MANNERS[self.kind], self._rng(slate, 0)
        if rng.random() < manner.random:
            return rng.standard_normal(len(utilities))
        perceived = utilities + rng.gumbel(0.0, manner.noise, len(utilities))
        if manner.bias and favoured is not None:
            perceived = perceived + manner.bias * _standard(np.asarray(favoured, dtype=np.float64))
        if manner.anchoring:
            anchor = -_standard(np.asarray(shown, dtype=np.float64))
            perceived = (1 - manner.anchoring) * _standard(perceived) + manner.anchoring * anchor
        return perceived

    def _rng(self, slate: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, slate, purpose, KINDS.index(self.kind)])


def _standard(values: Floats) -> Floats:
    """Return values with mean 0 and standard deviation 1; a missing one counts as the lowest."""
    if np.isnan(values).all():
        return np.zeros(len(values))
    known = np.where(np.isnan(values), np.nanmin(values), values)
    spread = known.std()
    return (known - known.mean()) / spread if spread > 0 else np.zeros(len(known))
