"""What a training taught a version: which features it counts more than its parent does. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ranking.models import ModelVersion
from ranking.services import serving
from ranking.services.candidates import candidates, description_of, space_of
from ranking.services.changes import builds_on, gain
from ranking.services.orders import queries_looked_at
from ranking.services.words import FeatureWords

QUERIES = 12
ROWS_PER_QUERY = 60
LEAST_CORRELATION = 0.3  # below it, what the version learned about a feature is not "more" or "less" of it
LEAST_STRENGTH = 1e-9


@dataclass(frozen=True)
class Lesson:
    """How much a version's scores moved through one feature, beyond its parent's.

    `strength` is the mean absolute change of a candidate's score, `share` its part of all changes;
    `direction` is "more", "less" or "" when it depends on other features or has no order.
    """

    label: str
    strength: float
    share: float
    direction: str


def lessons_of(version: ModelVersion) -> list[Lesson]:
    """Return what the version learned, the strongest first: beyond its parent where it builds on it.

    Measured on candidates of a dozen needs as they are today; empty for a sorting rule, and for a version
    that kept its parent as it was. Raises BrokenFile or CorruptModel.
    """
    features, needs = _sample(version)
    if version.training_set_id is None or features.empty:
        return []
    gains = _within(_learned(version, features), needs)
    space = space_of(version.feature_set)
    words = FeatureWords.of(space, description_of(version.project))
    strengths = gains.abs().mean()
    total = float(strengths.sum())
    return [
        Lesson(
            label=words.label(column),
            strength=float(strengths[column]),
            share=float(strengths[column]) / total,
            direction="" if column in space.categorical else _direction(features[column], gains[column]),
        )
        for column in strengths.sort_values(ascending=False, kind="stable").index
        if strengths[column] > LEAST_STRENGTH
    ]


def is_refinement(version: ModelVersion) -> bool:
    """Say whether a version is its parent and something more. Raises BrokenFile or CorruptModel."""
    parent = version.parent
    if parent is None or parent.feature_set_id != version.feature_set_id:
        return False
    return builds_on(serving.ranker_of(version), serving.ranker_of(parent))


def _learned(version: ModelVersion, features: pd.DataFrame) -> pd.DataFrame:
    if version.parent is not None and is_refinement(version):
        return gain(version.parent, version, features)
    ranker = serving.ranker_of(version)
    return ranker.contributions(features)[list(ranker.columns)]


def _sample(version: ModelVersion) -> tuple[pd.DataFrame, np.ndarray]:
    """Return (features, need of each row) of some candidates of each need."""
    parts, needs = [], []
    for query in queries_looked_at(version.project)[:QUERIES]:
        features = candidates(query, version.feature_set).features
        rng = np.random.default_rng(query.pk)
        parts.append(features.iloc[rng.permutation(len(features))[:ROWS_PER_QUERY]])
        needs += [query.pk] * len(parts[-1])
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()), np.array(needs)


def _within(gains: pd.DataFrame, needs: np.ndarray) -> pd.DataFrame:
    """Return the gains less the mean of their need: what lifts all of its candidates alike moves nobody.

    >>> gains = pd.DataFrame({"amount": [3.0, 3.0, 1.0], "fee": [1.0, 3.0, 9.0]})
    >>> _within(gains, np.array([7, 7, 8])).to_numpy().tolist()
    [[0.0, -1.0], [0.0, 1.0], [0.0, 0.0]]
    """
    return gains - gains.groupby(needs).transform("mean")


def _direction(values: pd.Series, gains: pd.Series) -> str:
    known = values.notna()
    if known.sum() < 3 or values[known].nunique() < 2 or gains[known].nunique() < 2:
        return ""
    from scipy.stats import spearmanr  # seconds of every process that starts, and few need it

    correlation = float(spearmanr(values[known], gains[known]).statistic)
    if abs(correlation) < LEAST_CORRELATION:
        return ""
    return "more" if correlation > 0 else "less"
