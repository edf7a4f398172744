"""`refine`: from experts' preferences to a model that is not worse than the one in service.

In this order: who judged how well (`judges`), where they looked (`coverage`), what can be learned and how
much of it is borne out on queries left out (`members`, `stacking`; all of it in `lesson`), and one component
more for the model (`refined`). Here are the front door and the checks of what comes in. Usable in a notebook;
knows no Django.

Worked example: 60 lists on made-up candidates. Experts want focus; the incumbent knows size.

>>> rng = np.random.default_rng(0)
>>> features = pd.DataFrame(rng.normal(size=(480, 3)), columns=["size", "focus", "fee"])
>>> queries = np.repeat(np.arange(60), 8)
>>> utility = (features["focus"] + 0.3 * features["size"]).to_numpy().reshape(60, 8)
>>> orders = np.argsort(-utility, axis=1) + 8 * np.arange(60)[:, None]
>>> pairs = Preferences.from_orders(orders.tolist(), judge="ada")
>>> from ranking.ltr.model import Ranker
>>> from ranking.ltr.components import RuleComponent
>>> incumbent = Ranker(("size",), (RuleComponent.fit(features, [("size", "descending")]),))
>>> model = refine(features, pairs, queries=queries, incumbent=incumbent)
>>> bool(np.corrcoef(model.score(features), utility.ravel())[0, 1] > 0.95), model.report["kept_incumbent"]
(True, False)
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import (
    BoostingParams,
    categorical_places,
    feature_matrix,
    monotone_places,
    refuse_ordered_categories,
)
from ranking.ltr.checking import key_forms, key_texts, query_keys, whole_number
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.lesson import Lesson, learn, spread_of
from ranking.ltr.model import BASE, Ranker, Scorer
from ranking.ltr.preferences import Floats, Objects, Preferences
from ranking.ltr.problem import Problem
from ranking.ltr.progress import Meter, OnProgress
from ranking.ltr.provenance import Provenance, scaled
from ranking.ltr.refined import Refined, as_table, incumbent_scores
from ranking.ltr.refinement import RefinementComponent


def refine(
    features: pd.DataFrame | Floats,
    preferences: Preferences,
    *,
    queries: npt.ArrayLike,
    incumbent: Scorer | None = None,
    pool: pd.DataFrame | Floats | None = None,
    pool_queries: npt.ArrayLike | None = None,
    monotone: Mapping[str, int] | Sequence[int] | None = None,
    categorical: Sequence[str] | Sequence[int] | None = None,
    seed: int = 0,
    sources: npt.ArrayLike | None = None,
    incumbent_queries: Iterable[Hashable] | None = None,
    params: BoostingParams | None = None,
    on_progress: OnProgress | None = None,
) -> Refined:
    """Learn from experts' preferences without becoming worse than the incumbent.

    Parameters
    ----------
    features : (n, d) table or array; NaN is missing; categorical columns hold codes 0, 1, 2, ...
    preferences : pairs of rows of `features`, within a query
    queries : (n,) query of each row
    incumbent : the model in service: anything with `score(features, queries=None)`; None for a first model
    pool, pool_queries : (m, d) and (m,) candidates that nobody judged, for holding on to the incumbent where
        experts did not look; by default the rows of `features` that are in no pair
    monotone : column -> 1 or -1, or one number a column
    categorical : names or places of columns whose codes have no order
    seed : of folds, draws and trees
    sources : (p,) what each pair came from, such as its session: the model is fitted again without each, and
        `Refined.without` says what would be otherwise
    incumbent_queries : queries that the incumbent has learned from, if known: it looks better on them than it
        is, and is weighed on the others if there are enough; 3, 3.0 and "3" are one query here
    params : how trees are grown. Their leaves are chosen (`members.TREES`), and so are their rounds, up to
        `rounds` and at most `members.MOST_ROUNDS`
    on_progress : called with (stage, fraction, message); may raise `TrainingCancelled`

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        Naming the column, row or pair that is wrong and what was expected.

    Notes
    -----
    Columns that never vary are passed over. One query is one proof, however many lists it has: alone, it
    leaves the incumbent as it is. One judge alone gets a flip rate, but nobody to be compared with.
    With one query and one list nothing can be left out: the incumbent is kept, or a strongly held linear fit
    is all. Names of columns become text.
    """
    whole_number("seed", seed, 0)
    table = _numbers(as_table(features))
    keys = query_keys(queries, len(table), name="queries")
    _check_preferences(preferences, len(table), keys)
    below = _inside(incumbent)
    pooled, pooled_keys = _pool_of(pool, pool_queries, table)
    both = pd.concat([table, pooled], ignore_index=True) if len(pooled) else table
    base = _base_of(below, (table, keys), (pooled, pooled_keys))
    meter = Meter(on_progress)
    signs, categories = declared(monotone, categorical, both)
    expert = preferences.take(preferences.weight > 0)
    spread = spread_of(base, expert)
    problem = Problem(
        features=both,
        queries=np.r_[keys, pooled_keys],
        base=base / spread,
        expert=expert,
        fresh=_not_among(keys[expert.winner], incumbent_queries),
        params=_params(params),
        seed=seed,
        monotone=signs,
        categorical=categories,
    )
    name = _free_name(below)
    lesson = learn(problem, name=name, meter=meter, sources=_sources(sources, preferences))
    meter.enter("done", lesson.report["choice"])
    component = RefinementComponent(name, 1.0, lesson.parts, lesson.coverage)
    refined = _refined(lesson, below, spread, component, _names(both))
    return refined if sources is None else _traced(refined, lesson, below, spread)


def _params(params: BoostingParams | None) -> BoostingParams:
    """The given ones or the usual. Raises InvalidFeatures for anything else."""
    if params is not None and not isinstance(params, BoostingParams):
        raise InvalidFeatures(f"params are a {type(params).__name__}; expected BoostingParams")
    return params or BoostingParams()


def _not_among(keys: Objects, learned: Iterable[Hashable] | None) -> npt.NDArray[np.bool_]:
    """(p,) whether the query of each pair is not among those, however keys are written; as in `gate`."""
    codes, found = pd.factorize(keys)
    among = frozenset() if learned is None else key_texts("incumbent_queries", learned)
    return np.array([key_forms(key).isdisjoint(among) for key in found], dtype=bool)[codes]


def _sources(sources: npt.ArrayLike | None, preferences: Preferences) -> Objects | None:
    """Source of each pair that is learned from. Raises InvalidFeatures for two that are written alike."""
    if sources is None:
        return None
    keys = query_keys(sources, len(preferences), name="sources")
    named: dict[str, Any] = {}
    for source in pd.unique(keys):
        known = named.setdefault(str(source), source)
        if known != source:
            raise InvalidFeatures(f"sources has {known!r} and {source!r}; expected names that differ as text")
    return keys[preferences.weight > 0]


def _names(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(map(str, table.columns))


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table as float64, whatever kind of numbers it had. Raises InvalidFeatures by column."""
    matrix = feature_matrix(table)
    if BASE in table.columns:
        raise InvalidFeatures(f"column {BASE!r} has the name of what belongs to no column; expected another")
    return pd.DataFrame(matrix, columns=list(table.columns))


def _check_preferences(preferences: Preferences, n: int, keys: Objects) -> None:
    if not isinstance(preferences, Preferences):
        raise InvalidPreferences(f"preferences are a {type(preferences).__name__}; expected Preferences")
    preferences.check(n, keys)
    if not (preferences.weight > 0).any():
        raise InvalidPreferences("no pairs with a weight above 0; expected at least one")


def _inside(incumbent: Scorer | None) -> Scorer | None:
    """The incumbent, or the ranker inside a `Refined`, so that a second refinement is explained too."""
    if isinstance(incumbent, Refined) and incumbent.incumbent is None:
        return incumbent.ranker
    refuse_what_cannot_score(incumbent)
    return incumbent


def refuse_what_cannot_score(incumbent: Any) -> None:
    """Raise InvalidFeatures for an incumbent that gives no scores when it is asked as a `Scorer` is."""
    if incumbent is not None and not _scores(incumbent):
        raise InvalidFeatures(
            f"the incumbent is a {type(incumbent).__name__}; expected an object with score(features, "
            "queries=None) that gives a number for each row (for a model with `predict`, wrap it)"
        )


def _scores(incumbent: Any) -> bool:
    """Whether it can be asked for scores: scikit-learn's `score` is another thing, and a class is nobody."""
    if isinstance(incumbent, type) or not isinstance(incumbent, Scorer):
        return False
    try:
        signature(incumbent.score).bind(None, queries=None)
    except TypeError:
        return False
    return True


def _free_name(incumbent: Scorer | None) -> str:
    """ "refinement", or with a number where the incumbent has such a part already."""
    taken = {part.name for part in incumbent.components} if isinstance(incumbent, Ranker) else set()
    name, number = "refinement", 1
    while name in taken:
        number += 1
        name = f"refinement {number}"
    return name


def _pool_of(
    pool: pd.DataFrame | Floats | None, queries: npt.ArrayLike | None, table: pd.DataFrame
) -> tuple[pd.DataFrame, Objects]:
    if (pool is None) != (queries is None):
        raise InvalidFeatures("pool without pool_queries, or the other way round; expected both or neither")
    if pool is None or queries is None or np.shape(pool)[:1] == (0,):
        return table.iloc[:0], np.empty(0, dtype=object)
    columns = _names(table)
    others = as_table(pool, columns)
    if _names(others) != columns:
        raise InvalidFeatures(f"pool has columns {list(others)}; expected {list(columns)}")
    return _numbers(others), query_keys(queries, len(others), name="pool_queries")


def _base_of(incumbent: Scorer | None, *tables: tuple[pd.DataFrame, Objects]) -> Floats:
    """The incumbent's scores of the rows of each table, 0 without an incumbent."""
    parts = [
        np.zeros(len(table)) if incumbent is None else incumbent_scores(incumbent, table, keys)
        for table, keys in tables
        if len(table)
    ]
    return np.concatenate(parts)


def declared(
    monotone: Mapping[str, int] | Sequence[int] | None,
    categorical: Sequence[str] | Sequence[int] | None,
    table: pd.DataFrame,
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Direction of each column that has one, and the names of the categories."""
    signs = monotone_places(table, _monotone(monotone, table))
    names = _categorical(categorical, _names(table))
    places = categorical_places(table, table.to_numpy(), names)
    refuse_ordered_categories(table, places, signs)
    return {name: sign for name, sign in zip(_names(table), signs, strict=True) if sign}, names


def _monotone(monotone: Mapping[str, int] | Sequence[int] | None, table: pd.DataFrame) -> dict[str, int]:
    if monotone is None or isinstance(monotone, Mapping):
        return {str(name): sign for name, sign in (monotone or {}).items()}
    if not isinstance(monotone, Collection) or isinstance(monotone, str | bytes | Set):
        raise InvalidFeatures(
            f"monotone is {monotone!r}; expected directions by column, or one for each column"
        )
    if len(monotone) != table.shape[1]:
        raise InvalidFeatures(
            f"monotone has {len(monotone)} entries; expected one for each of {table.shape[1]} columns"
        )
    return dict(zip(_names(table), monotone, strict=True))


def _categorical(
    categorical: Sequence[str] | Sequence[int] | None, columns: tuple[str, ...]
) -> tuple[str, ...]:
    """Names, each once; a whole number is a place."""
    if isinstance(categorical, str | bytes) or not isinstance(categorical, Iterable | None):
        raise InvalidFeatures(
            f"categorical is {categorical!r}; expected a list of names or places of columns"
        )
    places = range(len(columns))
    named = [
        columns[one] if isinstance(one, int | np.integer) and one in places else str(one)
        for one in (categorical if categorical is not None else ())
    ]
    return tuple(dict.fromkeys(named))


def _traced(refined: Refined, lesson: Lesson, below: Scorer | None, spread: float) -> Refined:
    """The same with what it would be without each source."""
    provenance = Provenance(scaled(lesson.without, 1 / spread), lesson.coverage)
    return replace(refined, provenance=provenance, below=below)


def _refined(
    lesson: Lesson,
    incumbent: Scorer | None,
    spread: float,
    component: RefinementComponent,
    columns: tuple[str, ...],
) -> Refined:
    if incumbent is None:
        return Refined(Ranker(columns, (component,)), lesson.report, columns)
    factor = lesson.slope / spread if lesson.parts else 1.0
    if isinstance(incumbent, Ranker):
        ranker = incumbent.scaled(factor).extended(component) if lesson.parts else incumbent
        return Refined(ranker, lesson.report, columns)
    added = Ranker(component.columns, (component,)) if lesson.parts else None
    return Refined(added, lesson.report, columns, incumbent, factor)
