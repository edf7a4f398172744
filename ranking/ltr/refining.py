"""`refine`: from experts' preferences to a model that is not worse than the one in service.

In this order: who judged how well (`judges`), where they looked (`coverage`), what can be learned and how much of
it is borne out on queries left out (`members`, `stacking`), and one component more for the model. Usable in a
notebook; knows no Django.

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

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import BoostingParams, feature_matrix, monotone_places
from ranking.ltr.components import LinearComponent, TreeComponent
from ranking.ltr.coverage import Coverage, fit_coverage
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.judges import JudgeReport, believed, judge_reports
from ranking.ltr.members import Fitted, Problem, Trial, fit_all, linear_trials, tree_trials
from ranking.ltr.model import Ranker, Scorer
from ranking.ltr.objective import differences
from ranking.ltr.pairing import DISTILLATION_SHARE, distillation_pairs
from ranking.ltr.preferences import Floats, Objects, Preferences
from ranking.ltr.progress import Meter, OnProgress
from ranking.ltr.refinement import RefinementComponent
from ranking.ltr.stacking import Evidence, belief, best_of, stack, tried_entry

FIRST_RATE = 0.1
"""Flip rate of every judge before anything is known."""

JUDGE_TURNS = 2
"""Turns of "fit without the pair, then estimate its judge" with linear fits, before the trees: an inverted judge
has reached the limit after the first."""

LEAST_SLOPE = 0.05
"""Least weight of the incumbent, in units of its own: where the gate is closed it alone decides the order."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a refinement found.

    Attributes
    ----------
    slope : the incumbent's new weight, on the scale of `Problem.base`
    parts, coverage : of the component to be added; no parts if the incumbent is kept
    pairs : the pairs that the fits have seen, with judges the right way round
    report : plain values
    """

    slope: float
    parts: tuple[LinearComponent | TreeComponent, ...]
    coverage: Coverage | None
    pairs: Preferences
    report: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Refined:
    """A refined model.

    Attributes
    ----------
    ranker : the whole model if the incumbent is a `Ranker` or there is none; otherwise what was added to it, or
        None if nothing was
    report : what was tried, chosen and found out about the judges; plain values
    incumbent, factor : the model below and the factor of its scores, if it is not inside `ranker`
    """

    ranker: Ranker | None
    report: dict[str, Any]
    incumbent: Scorer | None = None
    factor: float = 1.0

    def score(self, features: pd.DataFrame | Floats, queries: npt.ArrayLike | None = None) -> Floats:
        """(n,) float64, higher is better.

        Parameters
        ----------
        features : (n, d) table or array with the columns of the training, in their order if an array
        queries : (n,) passed on to the incumbent, which may need it
        """
        table = as_table(features)
        total = np.zeros(len(table)) if self.ranker is None else self.ranker.score(table)
        if self.incumbent is None:
            return total
        return np.asarray(
            total + self.factor * incumbent_scores(self.incumbent, table, queries), dtype=np.float64
        )

    def contributions(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """(n, columns + 1) shares of the score by column and "base"; each row sums to its score.

        Raises InvalidFeatures if the incumbent is no `Ranker`: what it does inside is not known.
        """
        if self.ranker is None or self.incumbent is not None:
            raise InvalidFeatures("the incumbent explains nothing; expected a Ranker")
        return self.ranker.contributions(as_table(features))


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
    pool, pool_queries : (m, d) and (m,) candidates that nobody judged, for holding on to the incumbent where experts
        did not look; by default the rows of `features` that are in no pair
    monotone : column -> 1 or -1, or one number a column
    categorical : names or places of columns whose codes have no order
    seed : of folds, draws and trees
    params : how trees are grown; `rounds` is the most that may be chosen
    on_progress : called with (stage, fraction, message); may raise `TrainingCancelled`

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        Naming the column, row or pair that is wrong and what was expected.

    Notes
    -----
    Columns that never vary are passed over. One judge alone gets a flip rate, but nobody to be compared with. With one
    query and one list nothing can be left out: the incumbent is kept, or a strongly held linear fit is all.
    """
    table = as_table(features)
    keys = as_queries(queries, len(table), "queries")
    preferences.check(len(table), keys)
    if len(preferences) == 0 or not (preferences.weight > 0).any():
        raise InvalidPreferences("no pairs with a weight above 0; expected at least one")
    others, other_keys = _pool_of(pool, pool_queries, table)
    both = table if others is None else pd.concat([table, others], ignore_index=True)
    both_keys = keys if others is None else np.r_[keys, other_keys]
    feature_matrix(both)
    base = _base_of(incumbent, table, keys, others, other_keys)
    spread = spread_of(base, preferences)
    meter = Meter(on_progress)
    problem = Problem(
        features=both,
        queries=both_keys,
        base=base / spread,
        expert=preferences.take(preferences.weight > 0),
        params=params or BoostingParams(),
        seed=seed,
        monotone=_monotone(monotone, both),
        categorical=_categorical(categorical, both),
    )
    lesson = learn(problem, name="refinement", meter=meter)
    return _refined(lesson, incumbent, spread, tuple(map(str, both.columns)))


def learn(problem: Problem, *, name: str, meter: Meter) -> Lesson:
    """Everything between checked tables and a component.

    `problem.flip_rate`, `.anchoring` and `.extra` are found here.
    """
    meter.enter("judges", "estimating how careful each judge is")
    coverage = _coverage_of(problem)
    problem = _with_first_beliefs(_with_coverage_pairs(problem, coverage))
    covered = {"coverage": _coverage_report(problem, coverage)}
    if len(set(problem.units)) < 2:
        return _nothing_to_leave_out(problem, name, covered)
    whole, (problem, rows) = problem, problem.compact()
    original = problem.expert
    problem, reports = _judged(problem, original)
    meter.enter("capacity", "choosing how much to learn")
    trials = linear_trials(problem)
    linear = best_of(trials, _evidence(problem))["linear"]
    trials += tree_trials(problem, linear.size, on_fit=meter.rounds)
    mix = _combined(problem, trials)
    reports = _final_reports(problem, original, mix, reports)
    problem = problem.with_noise(*believed(reports, original))
    report = _report(problem, trials, mix) | covered
    report["judges"] = {judge: found.to_dict() for judge, found in reports.items()}
    meter.enter("fit", report["choice"])
    if report["kept_incumbent"]:
        return Lesson(1.0, (), None, whole.expert, report | {"slope": None, "seconds": meter.seconds})
    fitted = fit_all(problem, mix.chosen, name=name, on_fit=meter.rounds)
    slope, parts = mixed(fitted, mix.weights, mix.belief)
    pairs = Preferences.concat([problem.expert, problem.extra])
    pairs = replace(pairs, winner=rows[pairs.winner], loser=rows[pairs.loser])
    return Lesson(slope, parts, coverage, pairs, report | {"slope": slope, "seconds": meter.seconds})


@dataclass(frozen=True, eq=False)
class _Mix:
    """The trial of each family, its weight, and how far the combination is believed."""

    chosen: dict[str, Trial]
    weights: dict[str, float]
    belief: float
    t: float

    @property
    def margins(self) -> Floats:
        """(p,) of the combination, out of fold."""
        return np.sum([self.weights[family] * one.margins for family, one in self.chosen.items()], axis=0)


def _judged(problem: Problem, original: Preferences) -> tuple[Problem, dict[str, JudgeReport]]:
    """The problem with judges weighed by linear fits, which are quick, and what was found about them."""
    reports: dict[str, JudgeReport] = {}
    for _ in range(JUDGE_TURNS):
        trials, evidence = linear_trials(problem, rough=True), _evidence(problem)
        best = min(trials, key=lambda one: float(evidence.losses(one.margins).sum()))
        margins = _turned_back(problem, original, best.margins)
        reports = judge_reports(margins, original, _own(problem, original))
        problem = problem.with_noise(*believed(reports, original))
    return problem, reports


def mixed(
    fitted: Mapping[str, Fitted], weights: Mapping[str, float], believe: float
) -> tuple[float, tuple[LinearComponent | TreeComponent, ...]]:
    """The incumbent's weight and the parts of (1 - belief) s f0 + belief sum w f, equal parts added up."""
    slope = believe * sum(weights[family] * fitted[family].slope for family in weights)
    alone = fitted["incumbent"].slope
    slope += (1 - believe) * alone
    total: dict[str, tuple[LinearComponent | TreeComponent, float]] = {}
    for family, weight in weights.items():
        for part in fitted[family].parts:
            known = total.get(part.name, (part, 0.0))[1]
            total[part.name] = (part, known + believe * weight)
    parts = tuple(replace(part, weight=w) for part, w in total.values() if w > 0 and part.columns)
    return max(slope, LEAST_SLOPE * alone), parts


def as_table(features: pd.DataFrame | Floats) -> pd.DataFrame:
    """A table with names: those given, or f0, f1, ... for an array."""
    if isinstance(features, pd.DataFrame):
        table = features.reset_index(drop=True)
        return table.set_axis([str(name) for name in table.columns], axis=1)
    array = np.asarray(features)
    if array.ndim != 2:
        raise InvalidFeatures(f"features have {array.ndim} dimensions; expected rows and columns")
    return pd.DataFrame(array, columns=[f"f{place}" for place in range(array.shape[1])])


def as_queries(queries: npt.ArrayLike, n: int, what: str) -> Objects:
    """(n,) query of each row as objects. Raises InvalidFeatures."""
    keys = np.asarray(queries, dtype=object)
    if keys.shape != (n,):
        raise InvalidFeatures(f"{what} has shape {keys.shape}; expected one entry for each of {n} rows")
    missing = np.flatnonzero(pd.isna(keys))
    if len(missing):
        raise InvalidFeatures(f"{what}, row {missing[0]} is missing; expected a query")
    return keys


def incumbent_scores(incumbent: Scorer, table: pd.DataFrame, queries: npt.ArrayLike | None) -> Floats:
    """(n,) scores of the incumbent. Raises InvalidFeatures if they are not that many finite numbers."""
    scores = np.asarray(incumbent.score(table, queries=queries), dtype=np.float64)
    if scores.shape != (len(table),) or not np.isfinite(scores).all():
        raise InvalidFeatures(
            f"the incumbent's scores have shape {scores.shape}; expected {len(table)} finite numbers"
        )
    return scores


def _pool_of(
    pool: pd.DataFrame | Floats | None, queries: npt.ArrayLike | None, table: pd.DataFrame
) -> tuple[pd.DataFrame | None, Objects]:
    if (pool is None) != (queries is None):
        raise InvalidFeatures("pool without pool_queries, or the other way round; expected both or neither")
    if pool is None or queries is None or len(pool) == 0:
        return None, np.empty(0, dtype=object)
    others = as_table(pool)
    if list(others.columns) != list(table.columns):
        raise InvalidFeatures(f"pool has columns {list(others.columns)}; expected {list(table.columns)}")
    return others, as_queries(queries, len(others), "pool_queries")


def _base_of(
    incumbent: Scorer | None,
    table: pd.DataFrame,
    keys: Objects,
    others: pd.DataFrame | None,
    other_keys: Objects,
) -> Floats:
    if incumbent is None:
        return np.zeros(len(table) + (0 if others is None else len(others)))
    own = incumbent_scores(incumbent, table, keys)
    return own if others is None else np.r_[own, incumbent_scores(incumbent, others, other_keys)]


def spread_of(base: Floats, preferences: Preferences) -> float:
    """The incumbent's scale on what was judged: scores of a rule and of a model differ by orders of magnitude."""
    spread = float(base[np.r_[preferences.winner, preferences.loser]].std())
    return spread if spread > 0 else 1.0


def _monotone(monotone: Mapping[str, int] | Sequence[int] | None, table: pd.DataFrame) -> dict[str, int]:
    if monotone is None or isinstance(monotone, Mapping):
        signs = monotone_places(table, monotone)
    elif len(monotone) != table.shape[1]:
        raise InvalidFeatures(
            f"monotone has {len(monotone)} entries; expected one for each of {table.shape[1]} columns"
        )
    else:
        signs = monotone_places(table, dict(zip(map(str, table.columns), monotone, strict=True)))
    return {str(name): sign for name, sign in zip(table.columns, signs, strict=True) if sign}


def _categorical(categorical: Sequence[str] | Sequence[int] | None, table: pd.DataFrame) -> tuple[str, ...]:
    names = [str(name) for name in table.columns]
    found = []
    for one in categorical or ():
        if isinstance(one, int | np.integer) and not isinstance(one, bool) and 0 <= one < len(names):
            one = names[one]
        if one not in names:
            raise InvalidFeatures(f"categorical names {one!r}, which is no column; expected one of {names}")
        found.append(str(one))
    return tuple(found)


def _with_first_beliefs(problem: Problem) -> Problem:
    n = len(problem.expert)
    return replace(problem, flip_rate=np.full(n, FIRST_RATE), anchoring=np.zeros(n))


def _coverage_of(problem: Problem) -> Coverage | None:
    """Where experts looked, if there is an incumbent to keep elsewhere."""
    judged, pool = _judged_and_pool(problem)
    if not problem.has_incumbent or not len(pool):
        return None
    return fit_coverage(
        problem.features.iloc[judged],
        problem.queries[judged],
        problem.features.iloc[pool],
        problem.queries[pool],
        categorical=problem.categorical,
        seed=problem.seed,
    )


def _judged_and_pool(problem: Problem) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    judged = np.unique(np.r_[problem.expert.winner, problem.expert.loser])
    return judged, np.setdiff1d(np.arange(len(problem.features)), judged)


def _with_coverage_pairs(problem: Problem, coverage: Coverage | None) -> Problem:
    """Pairs of the incumbent's own opinion, each weighted by how novel its query is to the experts."""
    if coverage is None:
        return problem
    novelty = coverage.novelty(problem.features)
    _, pool = _judged_and_pool(problem)
    weight = DISTILLATION_SHARE * float(problem.expert.weight.sum())
    slope = problem.slope(np.ones(len(problem.expert), dtype=bool))
    pairs = distillation_pairs(
        slope * problem.base, problem.queries, pool[novelty[pool] > 0], seed=problem.seed, weight=weight
    )
    return replace(problem, extra=replace(pairs, weight=pairs.weight * novelty[pairs.winner]))


def _evidence(problem: Problem) -> Evidence:
    return Evidence(problem.expert, problem.units, problem.flip_rate, problem.anchoring)


def _turned_back(problem: Problem, original: Preferences, margins: Floats) -> Floats:
    """Margins as f_winner - f_loser of what the judge said, also where a judge was turned round."""
    return np.where(problem.expert.winner == original.winner, margins, -margins)


def _own(problem: Problem, original: Preferences) -> Floats | None:
    return differences(problem.base, original) if problem.has_incumbent else None


def _combined(problem: Problem, trials: list[Trial]) -> _Mix:
    evidence = _evidence(problem)
    chosen = best_of(trials, evidence)
    if not problem.has_incumbent:
        del chosen["incumbent"]
    mix = _Mix(chosen, stack(chosen, evidence), 1.0, float("inf"))
    if not problem.has_incumbent:
        return mix
    believe, t = belief(mix.margins, chosen["incumbent"].margins, evidence)
    return replace(mix, belief=believe, t=t)


def _final_reports(
    problem: Problem, original: Preferences, mix: _Mix, before: dict[str, JudgeReport]
) -> dict[str, JudgeReport]:
    """Judges by the combination.

    Who was turned round stays so, and nobody else is: the fits would not be those of the report.
    """
    margins = _turned_back(problem, original, mix.margins)
    found = judge_reports(margins, original, _own(problem, original))
    return {
        name: replace(one, verdict=before[name].verdict)
        if "inverted" in (one.verdict, before[name].verdict)
        else one
        for name, one in found.items()
    }


def _report(problem: Problem, trials: list[Trial], mix: _Mix) -> dict[str, Any]:
    evidence = _evidence(problem)
    alone = trials[0].margins
    tried = [tried_entry(trial, evidence, alone, mix.weights[family]) for family, trial in mix.chosen.items()]
    result = evidence.tried((1 - mix.belief) * alone + mix.belief * mix.margins, alone)
    return {
        "kept_incumbent": bool(problem.has_incumbent and mix.belief == 0),
        "choice": _choice(problem, mix.belief, result.accuracy, evidence.tried(alone, alone).accuracy),
        "belief": round(mix.belief, 6),
        "t": None if np.isinf(mix.t) else round(mix.t, 6),
        "candidates": tried,
        "combined": {key: round(value, 6) for key, value in asdict(result).items()},
        "tried": len(trials),
        "units": len(set(problem.units)),
    }


def _choice(problem: Problem, believe: float, accuracy: float, alone: float) -> str:
    if problem.has_incumbent and believe == 0:
        return "the incumbent is kept: nothing that was learned explains the experts better on lists left out"
    words = f"{accuracy:.1%} of the experts' pairs in order on lists left out"
    if not problem.has_incumbent:
        return f"{words}; there was no model before"
    return f"{words}, the incumbent {alone:.1%}; {believe:.0%} of what was learned is taken over"


def _coverage_report(problem: Problem, coverage: Coverage | None) -> dict[str, Any]:
    """How much of the pool the gate leaves to the incumbent."""
    _, pool = _judged_and_pool(problem)
    if coverage is None:
        return {"gated": False, "open": 1.0, "columns": []}
    gate = coverage.gate(problem.features.iloc[pool])
    return {"gated": True, "open": round(float(gate.mean()), 6), "columns": list(coverage.columns)}


def _nothing_to_leave_out(problem: Problem, name: str, covered: dict[str, Any]) -> Lesson:
    """One list of one query: keep the incumbent, or hold a linear fit strongly if there is none."""
    report: dict[str, Any] = {
        "kept_incumbent": problem.has_incumbent,
        "choice": "a single list: not enough to say that anything is better",
        "belief": 0.0 if problem.has_incumbent else 1.0,
        "t": None,
        "candidates": [],
        "judges": {},
        "units": 1,
        **covered,
    }
    if problem.has_incumbent:
        return Lesson(1.0, (), None, problem.expert, report)
    trial = Trial("linear", {"ridge": 16.0}, np.zeros(0))
    fitted = fit_all(problem, {"linear": trial}, name=name)
    _, parts = mixed(fitted, {"linear": 1.0}, 1.0)
    return Lesson(0.0, parts, None, problem.expert, report)


def _refined(lesson: Lesson, incumbent: Scorer | None, spread: float, columns: tuple[str, ...]) -> Refined:
    component = RefinementComponent("refinement", 1.0, lesson.parts, lesson.coverage)
    if incumbent is None:
        return Refined(Ranker(columns, (component,)), lesson.report)
    if not lesson.parts:
        own = incumbent if isinstance(incumbent, Ranker) else None
        return Refined(own, lesson.report, None if own is not None else incumbent)
    if isinstance(incumbent, Ranker):
        return Refined(incumbent.scaled(lesson.slope / spread).extended(component), lesson.report)
    return Refined(Ranker(component.columns, (component,)), lesson.report, incumbent, lesson.slope / spread)
