"""Why a match stands where it does, in words, with the values behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ranking.description import ProjectDescription
from ranking.formats import MISSING, for_people
from ranking.ltr import Ranker
from ranking.ltr.features import FeatureSpace, FeatureSpec

REASONS = 5
REFERENCE_ROWS = 200  # candidates that stand for "the others": TreeSHAP over all of 16,000 takes seconds
LEAST_SHARE = 0.03  # of all that speaks for or against; less is noise to a reader

NOT_KNOWN = f"{MISSING}, or new to this version"
"""Of a category: to a version, one that came up after its training is as good as missing."""


@dataclass(frozen=True)
class FeatureWords:
    """The features of one feature space, told to people.

    From the space that a version was trained on, not from the project's description of today: a version in
    service may know features that the description has dropped since.
    """

    specs: Mapping[str, FeatureSpec]
    categories: Mapping[str, Sequence[str]]
    description: ProjectDescription

    @classmethod
    def of(cls, space: FeatureSpace, description: ProjectDescription) -> FeatureWords:
        """Return the words of a feature space."""
        return cls({spec.name: spec for spec in space.specs}, space.categories, description)

    def label(self, column: str) -> str:
        """Return what a feature is called."""
        spec = self.specs.get(column)
        return (spec.label if spec else "") or column

    def value(self, column: str, value: float | None) -> str:
        """Return a feature's value as people read it."""
        spec = self.specs.get(column)
        if value is None or np.isnan(value):
            return NOT_KNOWN if spec is not None and spec.kind == "categorical" else MISSING
        if spec is None:
            return for_people(float(value), "number")
        if spec.kind == "categorical":
            return str(self.categories[column][int(value)])
        if spec.kind == "equal":
            return "yes" if value else "no"
        if spec.kind in ("overlap", "text_similarity"):
            return f"{value:.0%}".replace("%", " %")
        if spec.kind == "log_ratio":
            return _times(float(np.exp(value)), apart=spec.absolute)
        if spec.kind == "numeric" and spec.transform == "log1p":
            value = float(np.expm1(value))
        if spec.transform == "age":
            value = round(value, 1 if abs(value) < 10 else 0)
        if spec.kind == "difference" and self._format(spec) == "percent":
            # "10 % more" would be a tenth of it.
            shown = for_people(round(100 * float(value), 1), "number", "points")
        else:
            shown = for_people(float(value), self._format(spec), self._unit(spec))
        # Of a difference the sign is half of what it says.
        return f"+{shown}" if spec.kind == "difference" and not spec.absolute and value > 0 else shown

    def tells_apart(self, column: str) -> bool:
        """Say whether a feature can tell two candidates apart: a fact of the need alone cannot."""
        spec = self.specs.get(column)
        return spec is None or spec.side == "item" or spec.kind not in ("numeric", "categorical")

    def is_amount(self, column: str) -> bool:
        """Say whether there is more and less of a feature, so that candidates have a typical value of it."""
        spec = self.specs.get(column)
        return spec is None or spec.kind not in ("categorical", "equal")

    def _field(self, spec: FeatureSpec) -> Any:
        """Return the field whose unit the value has: not of an age, which counts years whatever it was."""
        if spec.kind == "numeric" and spec.transform != "age":
            noun, name = self.description.noun(spec.side), spec.field
        elif spec.kind == "difference":
            noun, name = self.description.item, spec.item_field
        else:
            return None
        return next((known for known in noun.fields if known.name == name), None)

    def _format(self, spec: FeatureSpec) -> str:
        field = self._field(spec)
        return field.format if field else "number"

    def _unit(self, spec: FeatureSpec) -> str:
        field = self._field(spec)
        return spec.unit or (field.unit if field else "")


def reference_rows(count: int) -> np.ndarray:
    """Return the positions of the candidates that stand for all of them, evenly spread, (k,) int."""
    return np.unique(np.linspace(0, max(count - 1, 0), REFERENCE_ROWS).astype(np.int64))[:count]


def reasons_in_words(
    ranker: Ranker, features: pd.DataFrame, rows: Sequence[int] | np.ndarray, words: FeatureWords
) -> list[list[dict[str, Any]]]:
    """Say for each row what speaks for and against it, compared with the other candidates of its query.

    Returns, row for row, up to `REASONS` dicts {feature, label, value, text, contribution}: contributions are
    those of the score less the mean of the candidates', largest first by size.
    """
    if not len(rows):
        return []
    others = features.iloc[reference_rows(len(features))]
    shown = features.iloc[list(rows)]
    differences = ranker.contributions(shown) - ranker.contributions(others).mean()
    columns = [name for name in ranker.columns if words.tells_apart(name)]
    values, typical = shown[columns].to_numpy(), others[columns].median().to_numpy()
    return [
        [reason(words, columns[i], value[i], line[i], typical=typical[i]) for i in _largest(line)]
        for line, value in zip(differences[columns].to_numpy(), values, strict=True)
    ]


def _times(ratio: float, *, apart: bool) -> str:
    if ratio < 0.01:
        return f"1/{1 / ratio:,.0f} of it"
    digits = f"{ratio:.2g}" if ratio < 100 else f"{ratio:,.0f}"
    return f"{digits} times{' apart' if apart else ''}"


def _largest(line: np.ndarray) -> list[int]:
    sizes = np.abs(line)
    least = max(LEAST_SHARE * sizes.sum(), 1e-12)
    return [int(i) for i in np.argsort(-sizes, kind="stable")[:REASONS] if sizes[i] > least]


def reason(
    words: FeatureWords, column: str, value: float, contribution: float, *, typical: float = np.nan
) -> dict[str, Any]:
    """Return one reason: the feature's label, its value for people, and how much it moves the score.

    A low figure may speak for a candidate where that of the others, `typical`, is lower: the text has both.
    """
    label, shown = words.label(column), words.value(column, value)
    usual = words.value(column, typical) if words.is_amount(column) and not np.isnan(typical) else shown
    return {
        "feature": column,
        "label": label,
        "value": shown,
        "text": f"{label}: {shown}" + (f", typical {usual}" if usual != shown else ""),
        "contribution": round(float(contribution), 6),
    }
