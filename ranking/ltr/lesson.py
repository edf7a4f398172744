"""What a refinement learns: the judges, where they looked, the learners' mix, and how far it is believed.

Between checked tables (`ranking.ltr.refining` for a notebook, `ranking.ltr.training` for a frozen training
set) and one component more of a model. Knows pairs, folds and scores; does *not* read or write models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ranking.ltr.components import LinearComponent, TreeComponent
from ranking.ltr.coverage import Coverage, fit_coverage
from ranking.ltr.judges import INVERTED, JudgeReport, believed, judge_reports, plain
from ranking.ltr.linear import ROUNDING
from ranking.ltr.members import Fitted, OnFit, Trial, fit_all, linear_trials, threads_of_a_trial, tree_trials
from ranking.ltr.objective import anchored, differences
from ranking.ltr.pairing import DISTILLATION_SHARE, distillation_pairs
from ranking.ltr.panel import Panel, panel_of, panel_words, settled
from ranking.ltr.preferences import Floats, Objects, Preferences
from ranking.ltr.problem import Problem
from ranking.ltr.progress import Meter
from ranking.ltr.provenance import Without, without_each
from ranking.ltr.stacking import SURE_FROM, Evidence, belief, best_of, stack, tried_entry
from ranking.ltr.tendencies import Tendency, tendencies

FIRST_RATE = 0.1
"""Flip rate of every judge before anything is known."""

JUDGE_TURNS = 2
"""Turns of "fit without the pair, then estimate its judge" with linear fits, before the trees: an inverted
judge has reached the limit after the first."""

LEAST_FRESH = 10
"""Judged queries that the incumbent has not learned from, from which on it is weighed by them alone."""

LEAST_SLOPE = 0.05
"""Least weight of the incumbent, in units of its own: where the gate is closed it alone decides the order."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a refinement found.

    Attributes
    ----------
    slope : the incumbent's new weight, on the scale of `Problem.base`; 1 if there is none or it is level
    parts, coverage : of the component to be added; no parts if the incumbent is kept
    pairs : the pairs that the fits have seen, with judges the right way round
    report : plain values
    without : the same without each source of pairs, if sources were given; `factor` on the scale of `slope`
    """

    slope: float
    parts: tuple[LinearComponent | TreeComponent, ...]
    coverage: Coverage | None
    pairs: Preferences
    report: dict[str, Any]
    without: tuple[Without, ...] = ()


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
        parts = [self.weights[family] * one.margins for family, one in self.chosen.items()]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def learn(problem: Problem, *, name: str, meter: Meter, sources: Objects | None = None) -> Lesson:
    """Everything between checked tables and a component.

    `problem.flip_rate`, `.anchoring` and `.extra` are found here. `sources` is (p,) what each of the experts'
    pairs came from, such as its session; without it nothing is fitted again without one.
    """
    # Products of small matrices on several threads cost more than they save while others want the cores, and
    # their last digit depends on how many there are: a version could not be made again byte for byte.
    with threadpool_limits(limits=1, user_api="blas"):
        return _learn(problem, name, meter, sources)


def _learn(problem: Problem, name: str, meter: Meter, sources: Objects | None) -> Lesson:
    meter.enter("judges", "estimating how careful each judge is")
    coverage = _coverage_of(problem)
    problem = _with_first_beliefs(_with_coverage_pairs(problem, coverage))
    covered = {"coverage": _coverage_report(problem, coverage)}
    if len(set(problem.units)) < 2:
        return _nothing_to_leave_out(problem, name, covered | {"seconds": meter.seconds})
    whole, (problem, rows) = problem, problem.compact()
    original = problem.expert
    problem, reports, panel = _judged(problem, original)
    meter.enter("capacity", "choosing how much to learn")
    trials = linear_trials(problem)
    linear = best_of(trials, _evidence(problem))["linear"]
    trials += tree_trials(problem, linear.size, on_fit=meter.rounds)
    mix = _combined(problem, trials)
    reports, panel = _final_reports(problem, original, mix, reports, panel)
    problem = problem.with_noise(*believed(reports, original))
    report = _report(problem, original, trials, mix, panel) | covered
    report["judges"] = plain(reports)
    report["tendencies"] = [one.to_dict() for one in _tendencies(problem, original, mix, reports)]
    meter.enter("fit", report["choice"])
    if report["kept_incumbent"]:
        return Lesson(1.0, (), None, whole.expert, report | {"slope": None, "seconds": meter.seconds})
    slope, parts = _fitted(problem, mix, name, meter.rounds)
    without = () if sources is None else _without(problem, mix, sources, name, meter)
    pairs = Preferences.concat([problem.expert, problem.extra])
    pairs = replace(pairs, winner=rows[pairs.winner], loser=rows[pairs.loser])
    return Lesson(slope, parts, coverage, pairs, report | {"slope": slope, "seconds": meter.seconds}, without)


def _fitted(
    problem: Problem, mix: _Mix, name: str, on_fit: OnFit | None = None, *, trial: bool = False
) -> tuple[float, tuple[LinearComponent | TreeComponent, ...]]:
    """The mix on all pairs of a problem: the incumbent's weight and what is added."""
    needed = {family: trial for family, trial in mix.chosen.items() if mix.weights[family] > 0}
    sizes = needed | {"linear": mix.chosen["linear"]}
    fitted = fit_all(problem, sizes, name=name, on_fit=on_fit, trial=trial)
    slope, parts = mixed(fitted, {family: mix.weights[family] for family in needed}, mix.belief)
    return slope if problem.has_incumbent else 1.0, parts


def _without(problem: Problem, mix: _Mix, sources: Objects, name: str, meter: Meter) -> tuple[Without, ...]:
    meter.enter("sources", "fitting again without each session")
    everything = np.ones(len(problem.expert), dtype=bool)
    alone = problem.slope(everything) if problem.has_incumbent else 1.0
    return without_each(
        problem,
        sources,
        lambda reduced: _fitted(reduced, mix, name, trial=True),
        alone=alone,
        threads=problem.params.num_threads // threads_of_a_trial(problem),
        on_source=lambda done, total: meter.rounds(done, total)(0, 1),
    )


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


def spread_of(base: Floats, preferences: Preferences) -> float:
    """The incumbent's scale on what was judged: a rule's scores and a model's differ by orders of magnitude.

    1 where the incumbent says the same of everything, which rounding must not make a scale of 1e-17.
    """
    judged = base[np.r_[preferences.winner, preferences.loser]]
    largest = float(np.abs(judged).max())
    if largest == 0:
        return 1.0
    share = float((judged / largest).std())  # of huge scores the squares would be infinite
    return share * largest if share > ROUNDING else 1.0


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


def _with_first_beliefs(problem: Problem) -> Problem:
    n = len(problem.expert)
    return replace(problem, flip_rate=np.full(n, FIRST_RATE), anchoring=np.zeros(n))


def _judged(problem: Problem, original: Preferences) -> tuple[Problem, dict[str, JudgeReport], Panel]:
    """The problem with judges weighed by linear fits, which are quick, and what was found about them.

    They are held against each other, not against the incumbent.
    """
    alone = problem.among_judges()
    found = panel = panel_of(alone, original)
    reports: dict[str, JudgeReport] = {}
    for _ in range(JUDGE_TURNS):
        trials, evidence = linear_trials(alone, rough=True), _evidence(alone)
        best = min(trials, key=lambda one: float(evidence.losses(one.margins).sum()))
        margins = _turned_back(alone, original, best.margins)
        reports, panel = settled(judge_reports(margins, original, _own(problem, original)), found)
        alone = alone.with_noise(*believed(reports, original))
    return problem.with_noise(*believed(reports, original)), reports, panel


def _final_reports(
    problem: Problem, original: Preferences, mix: _Mix, before: dict[str, JudgeReport], panel: Panel
) -> tuple[dict[str, JudgeReport], Panel]:
    """Judges by the combination.

    Who was turned round stays so, and nobody else is: the fits would not be those of the report.
    """
    margins = _turned_back(problem, original, mix.margins)
    found = judge_reports(margins, original, _own(problem, original))
    kept = {
        name: replace(one, verdict=before[name].verdict)
        if INVERTED in (one.verdict, before[name].verdict)
        else one
        for name, one in found.items()
    }
    return settled(kept, replace(panel, alone=()))


def _tendencies(
    problem: Problem, original: Preferences, mix: _Mix, reports: Mapping[str, JudgeReport]
) -> list[Tendency]:
    """What judges favour beyond the panel; nothing of those whose answers are random or upside down."""
    codes, names = original.judges()
    pulls = np.array([reports[name].anchoring for name in names])
    return tendencies(
        _turned_back(problem, original, mix.margins) + anchored(original, pulls[codes]),
        original,
        problem.features.drop(columns=list(problem.categorical)),
        flip_rate={name: found.flip_rate for name, found in reports.items()},
        skip=[name for name, found in reports.items() if found.no_standard],
    )


def _turned_back(problem: Problem, original: Preferences, margins: Floats) -> Floats:
    """Margins as f_winner - f_loser of what the judge said, also where a judge was turned round."""
    return np.where(problem.expert.winner == original.winner, margins, -margins)


def _own(problem: Problem, original: Preferences) -> Floats | None:
    return differences(problem.base, original) if problem.has_incumbent else None


def _evidence(problem: Problem) -> Evidence:
    """What speaks for a learner or another: the incumbent's order of what it learned from is no evidence."""
    pairs = problem.expert
    queries = problem.queries[pairs.winner]
    if len(set(queries[problem.fresh])) >= LEAST_FRESH:
        pairs = replace(pairs, weight=np.where(problem.fresh, pairs.weight, 0.0))
    return Evidence(pairs, queries, problem.flip_rate, problem.anchoring)


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


def _report(
    problem: Problem, original: Preferences, trials: list[Trial], mix: _Mix, panel: Panel
) -> dict[str, Any]:
    evidence = replace(_evidence(problem), turned=problem.expert.winner != original.winner)
    alone = trials[0].margins
    tried = [tried_entry(trial, evidence, alone, mix.weights[family]) for family, trial in mix.chosen.items()]
    result = evidence.tried((1 - mix.belief) * alone + mix.belief * mix.margins, alone)
    gained = result.gain > 0 or any(one["gain"] > 0 for one in tried)
    kept = bool(problem.has_incumbent and mix.belief == 0)
    choice = (
        _kept(gained, fewer=mix.t > SURE_FROM)
        if kept
        else _choice(problem, mix.belief, result.accuracy, evidence.tried(alone, alone).accuracy)
    )
    return {
        "kept_incumbent": kept,
        "choice": "; ".join(filter(None, (panel_words(panel), choice))),
        "panel": panel.to_dict(),
        "belief": round(mix.belief, 6),
        "t": None if np.isinf(mix.t) else round(mix.t, 6),
        "candidates": tried,
        "combined": {key: round(value, 6) for key, value in asdict(result).items()},
        "tried": len(trials),
        "units": len(set(problem.units)),
    }


def _kept(gained: bool, *, fewer: bool) -> str:
    """Why the incumbent stays; a line of the report may well show a gain, of which belief was not sure, or
    which puts fewer pairs right."""
    if fewer:
        return (
            "the incumbent is kept: what was learned explains the experts better on lists left out, but puts "
            "fewer of their pairs in order"
        )
    better = "surely enough better" if gained else "better"
    return f"the incumbent is kept: nothing that was learned explains the experts {better} on lists left out"


def _choice(problem: Problem, believe: float, accuracy: float, alone: float) -> str:
    tied = bool((problem.expert.target == 0.5).all())
    words = (
        "the experts tied everything"
        if tied
        else f"{accuracy:.1%} of the experts' pairs in order on lists left out"
    )
    if not problem.has_incumbent:
        level = "the model before tells no candidates apart"
        return f"{words}; {level if problem.base.any() else 'there was no model before'}"
    against = "" if tied else f", the incumbent {alone:.1%}"
    return f"{words}{against}; {believe:.0%} of what was learned is taken over"


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
        "panel": Panel().to_dict(),
        "tendencies": [],
        "tried": 0,
        "units": 1,
        "slope": None,
        **covered,
    }
    if problem.has_incumbent:
        return Lesson(1.0, (), None, problem.expert, report)
    trial = Trial("linear", {"ridge": 16.0}, np.zeros(0))
    fitted = fit_all(problem, {"linear": trial}, name=name)
    _, parts = mixed(fitted, {"linear": 1.0}, 1.0)
    return Lesson(1.0, parts, None, problem.expert, report)
