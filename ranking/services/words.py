"""Why a match stands where it does, in words, with the values behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ranking.description import ProjectDescription
from ranking.formats import FINEST, MISSING, for_people
from ranking.ltr import Ranker
from ranking.ltr.features import FeatureSpace, FeatureSpec

REASONS = 5
REFERENCE_ROWS = 200  # candidates that stand for "the others": TreeSHAP over all of 16,000 takes seconds
LEAST_SHARE = 0.03  # of all that speaks for or against; less is noise to a reader

ONE_WAY = 0.9  # rank correlation of values and what they add from which a feature points one way
HIGHER_IS_BETTER = ("overlap", "text_similarity", "equal")
"""Kinds of features that say how well a candidate fits: more of them reads as an argument for it."""

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

    def value(
        self, column: str, value: float | None, item: Mapping[str, Any] | None = None, *, finer: int = 0
    ) -> str:
        """Return a feature's value as people read it, with `finer` more digits than usual.

        `item` is the content that the value comes from: a ratio with an amount of 0 has no value, and yet
        the amount was reported.
        """
        spec = self.specs.get(column)
        if value is None or np.isnan(value):
            return self._absent(spec, item)
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
            shown = for_people(float(value), self._format(spec), self._unit(spec), finer=finer)
        # Of a difference the sign is half of what it says.
        return f"+{shown}" if spec.kind == "difference" and not spec.absolute and value > 0 else shown

    def _absent(self, spec: FeatureSpec | None, item: Mapping[str, Any] | None) -> str:
        if spec is not None and spec.kind == "log_ratio" and item and item.get(spec.item_field) == 0:
            return for_people(0, self._format(spec), self._unit(spec))
        return NOT_KNOWN if spec is not None and spec.kind == "categorical" else MISSING

    def both(self, column: str, value: float, other: float) -> tuple[str, str]:
        """Return two values of a feature as people read them: if they differ, so do the texts."""
        for finer in range(FINEST + 1):
            shown = self.value(column, value, finer=finer), self.value(column, other, finer=finer)
            if value == other or shown[0] != shown[1]:
                break
        return shown

    def tells_apart(self, column: str) -> bool:
        """Say whether a feature can tell two candidates apart: a fact of the need alone cannot."""
        spec = self.specs.get(column)
        return spec is None or spec.side == "item" or spec.kind not in ("numeric", "categorical")

    def is_amount(self, column: str) -> bool:
        """Say whether there is more and less of a feature, so that candidates have a typical value of it."""
        spec = self.specs.get(column)
        return spec is None or spec.kind not in ("categorical", "equal")

    def direction(self, column: str) -> int:
        """Return 1 where the project says that more of a feature is better, -1 that less is, else 0."""
        spec = self.specs.get(column)
        if spec is None:
            return 0
        return spec.monotone or int(spec.kind in HIGHER_IS_BETTER)

    def _field(self, spec: FeatureSpec) -> Any:
        """Return the field whose unit the value has: not of an age, which counts years whatever it was."""
        if spec.kind == "numeric" and spec.transform != "age":
            noun, name = self.description.noun(spec.side), spec.field
        elif spec.kind in ("difference", "log_ratio"):
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


@dataclass(frozen=True)
class Usual:
    """What is usual among the candidates of one query, by column.

    `typical` is the median and `mean` the mean of those that report a value, NaN where none does.
    `direction` is 1 where more of a feature is better, -1 where less is, 0 where it depends.
    """

    typical: Mapping[str, float]
    mean: Mapping[str, float]
    direction: Mapping[str, float]

    @classmethod
    def of(cls, features: pd.DataFrame, contributions: pd.DataFrame, words: FeatureWords) -> Usual:
        """Return what is usual in (n, d) features and what they add to the scores.

        A direction that the project does not declare is the model's, where what a feature adds follows its
        value nearly without exception: a rank correlation beyond `ONE_WAY`.
        """
        varied = features.columns[(features.nunique() > 1) & (contributions[features.columns].nunique() > 1)]
        learned = features[varied].corrwith(contributions[varied], method="spearman")
        one_way = np.sign(learned[learned.abs() > ONE_WAY])
        directions = {name: words.direction(name) or one_way.get(name, 0.0) for name in features.columns}
        names = [str(name) for name in features.columns]
        typical, mean = features.median().tolist(), features.mean().tolist()
        return cls(dict(zip(names, typical, strict=True)), dict(zip(names, mean, strict=True)), directions)

    def contradicts(self, column: str, value: float, contribution: float) -> bool:
        """Say whether a value reads against what it adds: a poor one for the candidate, a good one against.

        A model can add to a score where a value is poor, since others have none or because of what else is
        true of the candidate. As a reason that would be read as an error. A missing value never speaks for a
        candidate.
        """
        if np.isnan(value):
            return contribution > 0
        direction = self.direction[column]
        if not direction or np.isnan(self.typical[column]):
            return False
        # Of candidates that are as usual, those above the mean are the better ones.
        lead = [direction * (value - usual[column]) for usual in (self.typical, self.mean)]
        return lead <= [0.0, 0.0] if contribution > 0 else lead >= [0.0, 0.0]


def reference_rows(count: int) -> np.ndarray:
    """Return the positions of the candidates that stand for all of them, evenly spread, (k,) int."""
    return np.unique(np.linspace(0, max(count - 1, 0), REFERENCE_ROWS).astype(np.int64))[:count]


def reasons_in_words(
    ranker: Ranker,
    features: pd.DataFrame,
    rows: Sequence[int] | np.ndarray,
    words: FeatureWords,
    items: Sequence[Mapping[str, Any]] | None = None,
) -> list[list[dict[str, Any]]]:
    """Say for each row what speaks for and against it, compared with the other candidates of its query.

    `items` are the contents of the rows. Returns, row for row, up to `REASONS` dicts {feature, label, value,
    text, contribution}: contributions are those of the score less the mean of the candidates', largest first
    by size. What reads against its own sign (`Usual.contradicts`) is no reason.
    """
    if not len(rows):
        return []
    others = features.iloc[reference_rows(len(features))]
    shown = features.iloc[list(rows)]
    parts = ranker.contributions(others)
    differences = ranker.contributions(shown) - parts.mean()
    columns = [name for name in ranker.columns if words.tells_apart(name)]
    usual = Usual.of(others[columns], parts, words)
    return [
        [
            reason(words, name, value[name], line[name], typical=usual.typical[name], item=item)
            for name in _largest(line)
            if not usual.contradicts(name, value[name], line[name])
        ][:REASONS]
        for line, value, item in zip(
            _records(differences[columns]),
            _records(shown[columns]),
            items if items is not None else [None] * len(rows),
            strict=True,
        )
    ]


def _times(ratio: float, *, apart: bool) -> str:
    if ratio < 0.01:
        return f"1/{1 / ratio:,.0f} of it"
    digits = f"{ratio:.2g}" if ratio < 100 else f"{ratio:,.0f}"
    return f"{digits} times{' apart' if apart else ''}"


def _records(table: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.to_numpy().tolist()]


def _largest(line: Mapping[str, float]) -> list[str]:
    least = max(LEAST_SHARE * sum(map(abs, line.values())), 1e-12)
    return [name for name in sorted(line, key=lambda name: -abs(line[name])) if abs(line[name]) > least]


def reason(
    words: FeatureWords,
    column: str,
    value: float,
    contribution: float,
    *,
    typical: float = np.nan,
    item: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one reason: the feature's label, its value for people, and how much it moves the score.

    A low figure may speak for a candidate where that of the others, `typical`, is lower: the text has both.
    """
    label, shown = words.label(column), words.value(column, value, item)
    usual = words.value(column, typical) if words.is_amount(column) and not np.isnan(typical) else shown
    return {
        "feature": column,
        "label": label,
        "value": shown,
        "text": f"{label}: {shown}" + (f", typical {usual}" if usual != shown else ""),
        "contribution": round(float(contribution), 6),
    }
