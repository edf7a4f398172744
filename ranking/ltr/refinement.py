"""What one refinement adds to the model in service: several fits as one part, open only where experts looked.

    part(x) = gate(x) * sum_m w_m r_m(x)

The gate is 1 for queries like those that experts judged and 0 for queries unlike all of them, where the
model in service answers unchanged. Each fit is explained as it is (TreeSHAP, linear terms), and a
contribution times the gate is the contribution to the whole: the sums stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ranking.ltr.components import LinearComponent, TreeComponent
from ranking.ltr.coverage import Coverage
from ranking.ltr.preferences import Floats

PARTS: dict[str, type[LinearComponent] | type[TreeComponent]] = {
    part.kind: part for part in (LinearComponent, TreeComponent)
}


@dataclass(frozen=True)
class RefinementComponent:
    """Fits that were combined into one training's lesson, behind one gate.

    Attributes
    ----------
    parts : each with its own `weight` in the combination
    coverage : where the gate is open; None if it is open everywhere

    >>> table = pd.DataFrame({"fee": [1.0, 3.0]})
    >>> from ranking.ltr.components import LinearTerm
    >>> linear = LinearComponent("fit", 0.5, ("fee",), (2.0,), (1.0,), (LinearTerm(("fee",), -1.0),))
    >>> RefinementComponent("version 2", 1.0, (linear,), None).score(table).tolist()
    [0.5, -0.5]
    """

    kind: ClassVar[str] = "refinement"
    name: str
    weight: float
    parts: tuple[LinearComponent | TreeComponent, ...]
    coverage: Coverage | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a part or the gate reads, in order of first use."""
        read = [column for part in self.parts for column in part.columns]
        return tuple(dict.fromkeys([*read, *(self.coverage.columns if self.coverage else ())]))

    def gate(self, features: pd.DataFrame) -> Floats:
        """(n,) from 0, keep to the model before, to 1, follow the experts."""
        return np.ones(len(features)) if self.coverage is None else self.coverage.gate(features)

    def score(self, features: pd.DataFrame) -> Floats:
        """(n,) unweighted score, higher is better."""
        total = sum(
            (part.weight * part.score(features) for part in self.parts), start=np.zeros(len(features))
        )
        return np.asarray(self.gate(features) * total)

    def contributions(self, features: pd.DataFrame) -> Floats:
        """(n, len(columns) + 1) shares of the score; the last column, the base, is that of the trees."""
        columns = self.columns
        shares = np.zeros((len(features), len(columns) + 1))
        for part in self.parts:
            places = [*(columns.index(column) for column in part.columns), len(columns)]
            shares[:, places] += part.weight * part.contributions(features)
        return self.gate(features)[:, None] * shares

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file."""
        return {
            "kind": self.kind,
            "name": self.name,
            "weight": self.weight,
            "parts": [part.to_dict() for part in self.parts],
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RefinementComponent:
        """The component of plain values."""
        coverage = data["coverage"]
        return cls(
            name=str(data["name"]),
            weight=float(data["weight"]),
            parts=tuple(PARTS[part["kind"]].from_dict(part) for part in data["parts"]),
            coverage=None if coverage is None else Coverage.from_dict(coverage),
        )
