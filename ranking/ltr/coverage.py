"""Which queries look like those that experts judged: novelty for training, and the gate for serving.

A small classifier tells judged queries from those that nobody judged, both sides weighing the same, by a
ridge logistic regression on the query's columns, their squares and products::

    p(q) = sigmoid(t (b0 + b z(q)))      1/2 where judged ones are as frequent as the others, 0 far from all
    gate(q) = clip((p(q) - .40)/.10, 0, 1)
    novelty(q) = clip(1 - 2 p(q), 0, 1)

Squares and products, because a segment that nobody judged may be cut along one column, obliquely through
several, or as a band. The classifier is believed only if it tells the two apart better than chance on queries
left out of it; otherwise the experts saw a fair sample, and the gate is open everywhere. The temperature t,
at most 1, is the one that explains left-out queries best: forty queries are told apart far better by a fit
that has seen them than by another one, and a gate that took the first for the second would hold back gains
from queries that are no different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit

from ranking.ltr.checking import texts
from ranking.ltr.components import DEVIATION_LIMIT
from ranking.ltr.linear import means_and_scales, query_columns
from ranking.ltr.preferences import Floats, Objects

OPENS_AT, FULL_AT = 0.4, 0.5
"""Where the gate begins to open and where it is fully open. A judged region makes p at least 1/2 minus noise,
an unjudged one far less; in simulation with 100 judged queries 17 % of the gain is held back and 2 % of what
it costs elsewhere leaks (3 % through an oblique cut)."""

MOST_COLUMNS = 12
"""With more query columns than this, squares and products are left out: they would outnumber the queries."""

LEAST_JUDGED = 15
"""With fewer judged queries nothing can be said about where they stand."""

STRENGTH = 3.0
"""Inverse ridge of the classifier."""

FOLDS, REPEATS = 5, 3
"""Queries are left out in folds, several times over: how they fall into folds moves the area under the curve
by as much as an error."""

TEMPERING = 1.0
"""Loss on left-out queries that a temperature of 1 must win back: a fair sample tempers to nearly 0."""

SURE_FROM, SURE_UP_TO, SURE_EACH = 2.0, 5.0, 50
"""So many errors above chance the classifier has to be: one more for each fifty judged queries, within these
ends. A real cut stands out the more the more was judged (one to four errors at forty judged queries, five to
seven at a hundred, sixteen at three hundred, in simulation), and one that is missed forgets. A fair sample
does not, but left-out queries are no independent sample: of 600 the statistic had 1.3 to 1.5 times the spread
that its formula says, and was 3.65 errors above at most."""


@dataclass(frozen=True)
class Coverage:
    """A fitted gate over some columns.

    Attributes
    ----------
    columns, means, scales : what it reads and how each is standardised; missing counts as the mean
    powers : for each term the places of its one or two columns
    coefficients, intercept : of the logistic regression
    """

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    powers: tuple[tuple[int, ...], ...]
    coefficients: tuple[float, ...]
    intercept: float

    def share(self, features: pd.DataFrame) -> Floats:
        """(n,) p of each row, from 0 to 1."""
        values = features[list(self.columns)].to_numpy(dtype=np.float64, na_value=np.nan)
        terms = _terms(_standardised(values, np.array(self.means), np.array(self.scales)), self.powers)
        return np.asarray(expit(terms @ np.array(self.coefficients) + self.intercept), dtype=np.float64)

    def gate(self, features: pd.DataFrame) -> Floats:
        """(n,) from 0, unlike everything that was judged, to 1."""
        return np.clip((self.share(features) - OPENS_AT) / (FULL_AT - OPENS_AT), 0.0, 1.0)

    def novelty(self, features: pd.DataFrame) -> Floats:
        """(n,) weight of holding on to the incumbent: 0 where judged, 1 far from it."""
        return np.clip(1 - 2 * self.share(features), 0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Coverage:
        """The coverage of plain values."""
        return cls(
            columns=tuple(map(str, data["columns"])),
            means=tuple(map(float, data["means"])),
            scales=tuple(map(float, data["scales"])),
            powers=tuple(tuple(map(int, term)) for term in data["powers"]),
            coefficients=tuple(map(float, data["coefficients"])),
            intercept=float(data["intercept"]),
        )


def fit_coverage(
    judged: pd.DataFrame,
    judged_queries: Objects,
    pool: pd.DataFrame,
    pool_queries: Objects,
    *,
    categorical: tuple[str, ...] = (),
    seed: int,
) -> Coverage | None:
    """Learn where experts looked; None if they saw a fair sample, too little, or queries have no columns.

    Parameters
    ----------
    judged, pool : rows of judged lists and of candidates in general; a query counts once, and a judged one
        is no part of the pool
    """
    both = pd.concat([judged, pool], ignore_index=True)
    keys = np.r_[np.asarray(judged_queries, dtype=object), np.asarray(pool_queries, dtype=object)]
    names = [name for name in query_columns(both, keys) if name not in categorical]
    unseen = ~np.isin(texts(pool_queries), texts(judged_queries))
    seen = _one_row_a_query(judged, judged_queries, names)
    general = _one_row_a_query(pool[unseen], np.asarray(pool_queries, dtype=object)[unseen], names)
    if not names or len(seen) < LEAST_JUDGED or len(general) < LEAST_JUDGED:
        return None
    means, scales = means_and_scales(general)
    scales = np.where(scales > 0, scales, 1.0)
    places = range(len(names))
    powers: tuple[tuple[int, ...], ...] = tuple((place,) for place in places)
    if len(names) <= MOST_COLUMNS:
        powers += tuple(combinations_with_replacement(places, 2))
    terms = _terms(_standardised(np.vstack([seen, general]), means, scales), powers)
    is_seen = np.r_[np.ones(len(seen)), np.zeros(len(general))]
    from sklearn.linear_model import LogisticRegression  # seconds of every process; only a training needs it

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000)
    left_out = _left_out(model, terms, is_seen, seed)
    if not _better_than_chance(left_out, is_seen):
        return None
    model.fit(terms, is_seen)
    temperature = _temperature(left_out, is_seen)
    return Coverage(
        columns=tuple(names),
        means=tuple(map(float, means)),
        scales=tuple(map(float, scales)),
        powers=powers,
        coefficients=tuple(map(float, temperature * model.coef_[0])),
        intercept=float(temperature * model.intercept_[0]),
    )


def _one_row_a_query(features: pd.DataFrame, queries: Objects, names: list[str]) -> Floats:
    first = pd.Series(np.asarray(queries, dtype=object)).drop_duplicates().index
    return features[names].iloc[first].to_numpy(dtype=np.float64, na_value=np.nan)


def _left_out(model: Any, terms: Floats, is_seen: Floats, seed: int) -> Floats:
    """(REPEATS, n) log odds of each query by a fit that has not seen it."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    repeats = [
        StratifiedKFold(FOLDS, shuffle=True, random_state=(seed + number) % 2**32)
        for number in range(REPEATS)
    ]
    return np.array(
        [cross_val_predict(model, terms, is_seen, cv=folds, method="decision_function") for folds in repeats]
    )


def _better_than_chance(left_out: Floats, is_seen: Floats) -> bool:
    """Whether left-out queries are told apart: the area under the curve is some errors above a half.

    The error is that of the Mann-Whitney statistic when there is nothing to tell.
    """
    from sklearn.metrics import roc_auc_score

    ones = float(is_seen.sum())
    zeros = len(is_seen) - ones
    error = np.sqrt((ones + zeros + 1) / (12 * ones * zeros))
    sure = float(np.clip(1 + ones / SURE_EACH, SURE_FROM, SURE_UP_TO))
    return bool(np.mean([roc_auc_score(is_seen, odds) for odds in left_out]) > 0.5 + sure * error)


def _temperature(left_out: Floats, is_seen: Floats) -> float:
    """The factor of the log odds, from 0 to 1, that explains left-out queries best, sides alike."""
    sign = 2 * is_seen - 1
    fewer = min(is_seen.sum(), (1 - is_seen).sum())
    weight = np.where(sign > 0, fewer / is_seen.sum(), fewer / (1 - is_seen).sum())

    def loss(factor: float) -> float:
        losses = weight * np.logaddexp(0, -factor * sign * left_out)
        return float(losses.sum() / REPEATS + TEMPERING * factor)

    return float(minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded").x)


def _standardised(values: Floats, means: Floats, scales: Floats) -> Floats:
    return np.nan_to_num(np.clip((values - means) / scales, -DEVIATION_LIMIT, DEVIATION_LIMIT))


def _terms(z: Floats, powers: tuple[tuple[int, ...], ...]) -> Floats:
    return np.column_stack([np.prod(z[:, list(term)], axis=1) for term in powers])
