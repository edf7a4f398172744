"""Boosted trees on a table of pairs: LightGBM with the objective of `ranking.ltr.objective`.

LightGBM has no pair objective in any release, so ours is passed as a callable. The trees are a
*residual*: they are fitted on top of `base_score` and do not contain it; whoever predicts adds it
back (`ranking.ltr.model.Ranker` does, by keeping the incumbent's own components).

Does *not* choose rounds or leaves (`ranking.ltr.training` does), and does not predict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.library import lightgbm
from ranking.ltr.objective import row_gradient
from ranking.ltr.preferences import Floats, Integers, Preferences

OnIteration = Callable[[int, int], None]
"""Called with (rounds done, rounds in all) after each round; may raise `TrainingCancelled`."""

CATEGORICAL_GROUP = 5
"""Least rows of a category that may form a split group. LightGBM's own default of 100 silences every
categorical feature on the few hundred rows that expert sessions bring."""

CATEGORICAL_RIDGE = 1.0
"""Extra ridge of category splits, in units of curvature. A row of one list has 1/4 of it in all, so that
LightGBM's default of 10 means forty rows a category: neighbouring categories were never told apart."""

STAND_IN = 40
"""Rows that stand in where no column tells the given ones apart: enough for LightGBM to see two values."""


@dataclass(frozen=True)
class BoostingParams:
    """How trees are grown; validated on construction, so that LightGBM never sees a bad value.

    Attributes
    ----------
    rounds : number of trees, at least 1
    learning_rate : shrinkage of each tree, in (0, 1]
    num_leaves : most leaves of a tree, at least 2
    min_data_in_leaf : least rows in a leaf, at least 1
    l2 : ridge on leaf values, not negative
    feature_fraction : share of features offered to each tree, in (0, 1]
    max_bin : histogram bins of a feature, at least 2
    extra_trees : whether a split looks at one random threshold of each feature instead of at all of them
        (Geurts, Ernst and Wehenkel, Machine Learning 2006)
    num_threads : part of the model's identity: the text is byte-identical only for the same number
    """

    rounds: int = 200
    learning_rate: float = 0.1
    num_leaves: int = 15
    min_data_in_leaf: int = 10
    l2: float = 1.0
    feature_fraction: float = 1.0
    max_bin: int = 255
    extra_trees: bool = False
    num_threads: int = 2

    def __post_init__(self) -> None:
        least = {"rounds": 1, "num_leaves": 2, "min_data_in_leaf": 1, "max_bin": 2, "num_threads": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < low:
                raise InvalidFeatures(
                    f"parameter {name} is {value!r}; expected a whole number, at least {low}"
                )
        for name in ("learning_rate", "feature_fraction"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidFeatures(
                    f"parameter {name} is {getattr(self, name)!r}; expected above 0, at most 1"
                )
        if not isinstance(self.extra_trees, bool):
            raise InvalidFeatures(f"parameter extra_trees is {self.extra_trees!r}; expected true or false")
        if not 0 <= self.l2 < np.inf:
            raise InvalidFeatures(f"parameter l2 is {self.l2!r}; expected a number that is not negative")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a stored version and for `BoostingParams(**...)`."""
        return asdict(self)


def boost(
    features: pd.DataFrame,
    preferences: Preferences,
    *,
    params: BoostingParams,
    seed: int,
    base_score: npt.ArrayLike | None = None,
    monotone: Mapping[str, int] | None = None,
    categorical: Sequence[str] = (),
    flip_rate: npt.ArrayLike = 0.0,
    anchoring: npt.ArrayLike = 0.0,
    on_iteration: OnIteration | None = None,
) -> str:
    """Grow `params.rounds` trees on top of `base_score`; return them as LightGBM model text.

    Parameters
    ----------
    features : (n, d) numeric; NaN is missing; categorical columns hold codes 0, 1, 2, ...
    preferences : pairs of rows of `features`
    base_score : (n,) score that the trees correct; zero if None; not part of the text
    monotone : column -> 1 (more is never worse), -1 (less is never worse) or 0
    categorical : columns whose codes have no order
    flip_rate, anchoring : one number, or one for each pair

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        Before LightGBM sees anything: it trains silently on much that is wrong.

    Notes
    -----
    Where no column tells rows apart the text has one tree that says 0 of everything; LightGBM would end with
    an error of its own. Only rows that occur in a pair enter the Dataset: idle rows have no gradient but
    would count for `min_data_in_leaf` and for the bins. Text is byte-identical for equal input, seed and
    threads.
    """
    matrix = feature_matrix(features)
    if len(preferences) == 0:
        raise InvalidPreferences("no pairs; expected at least one")
    preferences, (rates, pulls) = _in_order_of_rows(preferences.check(len(matrix)), flip_rate, anchoring)
    rows, pairs = _rows_in_pairs(preferences, len(matrix))
    base = _base_score(base_score, len(matrix))
    signs = monotone_places(features, monotone)
    categories = categorical_places(features, matrix, categorical)
    refuse_ordered_categories(features, categories, signs)
    dataset = (
        lightgbm()
        .Dataset(
            matrix[rows],
            init_score=base[rows],
            categorical_feature=categories,
            params=_dataset_settings(params, seed),
            free_raw_data=True,
        )
        .construct()
    )
    if not any(dataset.feature_num_bin(place) for place in range(matrix.shape[1])):
        return _no_trees(matrix.shape[1], params, seed)

    def objective(scores: npt.NDArray[Any], _: Any) -> tuple[Floats, Floats]:
        return row_gradient(scores, pairs, flip_rate=rates, anchoring=pulls)

    settings = _settings(params, seed, signs)
    callbacks = [] if on_iteration is None else [_progress(on_iteration)]
    booster = lightgbm().train(
        settings | {"objective": objective}, dataset, params.rounds, callbacks=callbacks
    )
    return str(booster.model_to_string(num_iteration=-1))


def _no_trees(columns: int, params: BoostingParams, seed: int) -> str:
    """Model text over so many columns that says 0 of everything: one tree without a split."""
    rows = np.zeros((STAND_IN, columns))
    rows[::2] = 1.0
    nothing = np.zeros(STAND_IN)
    dataset = lightgbm().Dataset(rows, nothing, params=_dataset_settings(params, seed))
    settings = _settings(params, seed, [0] * columns) | {"objective": lambda _, __: (nothing, nothing + 1)}
    return str(lightgbm().train(settings, dataset, 1).model_to_string(num_iteration=-1))


def feature_matrix(features: pd.DataFrame) -> Floats:
    """(n, d) float64 of a table with unique, numeric, finite-or-missing columns.

    >>> feature_matrix(pd.DataFrame({"fee": [1, 2], "size": [np.nan, 3.0]})).tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    names = [str(name) for name in features.columns]
    if not names or len(features) == 0:
        raise InvalidFeatures(f"features have shape {features.shape}; expected rows and columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidFeatures(f"column {twice[0]!r} occurs more than once; expected unique names")
    for name, kind in zip(names, features.dtypes, strict=True):
        if pd.api.types.is_complex_dtype(kind) or not (
            pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)
        ):
            raise InvalidFeatures(f"column {name!r} has type {kind}; expected numbers")
    matrix = features.to_numpy(dtype=np.float64, na_value=np.nan)
    endless = np.argwhere(np.isinf(matrix))
    if len(endless):
        row, column = endless[0]
        raise InvalidFeatures(
            f"column {names[column]!r}, row {row} is infinite; expected a number, or NaN if missing"
        )
    return matrix


def monotone_places(features: pd.DataFrame, monotone: Mapping[str, int] | None) -> list[int]:
    """Constraint of each column in order, 0 where none is declared."""
    declared = dict(monotone or {})
    for name, sign in declared.items():
        if name not in features.columns:
            raise InvalidFeatures(
                f"monotone names {name!r}, which is no column; expected one of {list(features)}"
            )
        if not np.isscalar(sign) or sign not in (-1, 0, 1):
            raise InvalidFeatures(f"monotone[{name!r}] is {sign!r}; expected -1, 0 or 1")
    return [int(declared.get(str(name), 0)) for name in features.columns]


def _in_order_of_rows(
    preferences: Preferences, *by_pair: npt.ArrayLike
) -> tuple[Preferences, tuple[Floats, ...]]:
    """Pairs by their winner, and what is said of each in the same order.

    A round reads two scores for each pair. In any order of pairs these lie anywhere in memory, which takes a
    quarter of a round of ten million pairs; in order of rows they lie side by side.
    """
    order = np.argsort(preferences.winner, kind="stable")
    numbers = (np.broadcast_to(np.asarray(one, dtype=np.float64), len(order)) for one in by_pair)
    return preferences.take(order), tuple(one[order] for one in numbers)


def _rows_in_pairs(preferences: Preferences, n: int) -> tuple[Integers, Preferences]:
    """The rows of `n` that occur in a pair, ascending, and the pairs renumbered to them."""
    judged = np.zeros(n, dtype=bool)
    judged[preferences.winner] = judged[preferences.loser] = True
    place = np.cumsum(judged) - 1
    rows = np.flatnonzero(judged)
    return rows, replace(preferences, winner=place[preferences.winner], loser=place[preferences.loser])


def _base_score(base_score: npt.ArrayLike | None, n: int) -> Floats:
    base = np.zeros(n) if base_score is None else np.asarray(base_score, dtype=np.float64)
    if base.shape != (n,) or not np.isfinite(base).all():
        raise InvalidFeatures(f"base_score of shape {base.shape}; expected {n} finite numbers")
    return base


def categorical_places(features: pd.DataFrame, matrix: Floats, categorical: Sequence[str]) -> list[int]:
    """Places of the categorical columns. Raises InvalidFeatures for an unknown name or what is no code."""
    names = [str(name) for name in features.columns]
    places = []
    for name in categorical:
        if name not in names:
            raise InvalidFeatures(f"categorical names {name!r}, which is no column; expected one of {names}")
        place = names.index(name)
        codes = matrix[:, place][~np.isnan(matrix[:, place])]
        if np.any((codes < 0) | (codes != np.floor(codes)) | (codes >= 2**31)):
            raise InvalidFeatures(f"column {name!r} is categorical; expected codes 0, 1, 2, ... or NaN")
        places.append(place)
    return places


def refuse_ordered_categories(features: pd.DataFrame, categorical: list[int], monotone: list[int]) -> None:
    """A category has no direction; LightGBM would end the process with a fatal error."""
    for place in categorical:
        if monotone[place]:
            raise InvalidFeatures(
                f"column {features.columns[place]!r} is categorical and monotone; expected one of both"
            )


def _dataset_settings(params: BoostingParams, seed: int) -> dict[str, Any]:
    """Settings that LightGBM reads when it bins; the same in Dataset and train, or it warns."""
    return {
        "max_bin": params.max_bin,
        "data_random_seed": _small_seed(seed),
        "feature_pre_filter": False,
        "num_threads": params.num_threads,
        "verbosity": -1,
    }


def _settings(params: BoostingParams, seed: int, monotone: list[int]) -> dict[str, Any]:
    settings = _dataset_settings(params, seed) | {
        "learning_rate": params.learning_rate,
        "num_leaves": params.num_leaves,
        "min_data_in_leaf": params.min_data_in_leaf,
        "lambda_l2": params.l2,
        "feature_fraction": params.feature_fraction,
        "extra_trees": params.extra_trees,
        "min_data_per_group": CATEGORICAL_GROUP,
        "cat_l2": CATEGORICAL_RIDGE,
        "deterministic": True,
        "force_row_wise": True,
        "seed": _small_seed(seed),
    }
    return settings | ({"monotone_constraints": monotone} if any(monotone) else {})


def _small_seed(seed: int) -> int:
    """LightGBM keeps seeds in 32 bits."""
    return int(seed) % (2**31 - 1)


def _progress(on_iteration: OnIteration) -> Callable[[Any], None]:
    def report(environment: Any) -> None:
        on_iteration(environment.iteration + 1, environment.end_iteration)

    return report
