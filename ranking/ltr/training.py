"""From a frozen training set to a new version: one pure function, the same bytes for the same input.

Two ways: `labels` grows fresh trees on graded labels; `preferences` corrects the champion where experts
say so, holds on to it where they said nothing, and keeps it unchanged where that is best.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from ranking.ltr.boosting import BoostingParams, OnIteration
from ranking.ltr.capacity import (
    FOLDS,
    LEAVES,
    Candidate,
    Fit,
    candidate,
    candidates,
    choose,
    cross_fitted,
    round_grid,
    scored,
    staged_scores,
)
from ranking.ltr.components import RuleComponent, TreeComponent
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.evaluation import evaluate
from ranking.ltr.judges import JudgeReport, flip_rates, rates_of_pairs
from ranking.ltr.model import Ranker, checksum
from ranking.ltr.objective import differences, pair_loss
from ranking.ltr.pairing import DISTILLATION_SHARE, distillation_pairs, pairs_from_labels
from ranking.ltr.preferences import Floats, Integers, Preferences
from ranking.ltr.splits import query_folds
from ranking.ltr.tables import FeatureColumn, Pairs, Rows, read_pairs, read_rows, refuse_held_out

OnProgress = Callable[[str, float, str], None]
"""Called with (stage, fraction of the whole from 0 to 1, message); may raise `TrainingCancelled`."""

MODES = ("labels", "preferences")

OUTER_ROUNDS = 3
"""Turns of "fit without the pair, then estimate its judge": the rates move by less than .03 afterwards, and
an inverted judge has reached the limit."""

LEAST_QUERIES = 5
"""With fewer training queries nothing is held back to choose the amount of learning by."""

FIRST_ROUNDS = 20
"""Rounds where nothing can be chosen and there is no incumbent to keep: a fit that is not yet a memory."""

SLOPES = (0.01, 100.0)
"""Range of the factor that brings the champion to the scale of the experts' pairs."""

SLOPE_SPREAD = 1.0
"""Prior standard deviation of the log of a trained champion's slope: a factor e is nothing unusual, a factor
of ten needs a handful of lists."""


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """Everything that a version depends on.

    Attributes
    ----------
    rows, pairs : the frozen tables (`ranking.ltr.tables`)
    features : the features to learn from, in the order of the new version's columns
    mode : "labels" or "preferences"
    component : name of what is learned, such as "version 2"
    params : how trees are grown; `rounds` is the most that may be chosen
    seed : of every random choice
    champion : the version to correct and to compare with; None for a first version
    min_rows : fewer training rows are refused
    labels_guard : whether a version may not fall behind on the graded labels; false where they are a history
        that the experts are asked to correct
    signed_off : (query, item above, item below) that a new version has to keep in this order
    """

    rows: pd.DataFrame
    pairs: pd.DataFrame
    features: tuple[FeatureColumn, ...]
    mode: str
    component: str
    params: BoostingParams = field(default_factory=BoostingParams)
    seed: int = 0
    champion: Ranker | None = None
    min_rows: int = 2
    labels_guard: bool = True
    signed_off: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained version.

    Attributes
    ----------
    ranker : ready to score
    model : its file
    sha256 : checksum of `model`
    evaluation : as of `ranking.ltr.evaluation.evaluate`
    report : what was tried, chosen and found out about the judges; plain values
    trained_rows : positions of the rows that the fit has seen
    """

    ranker: Ranker
    model: bytes
    sha256: str
    evaluation: dict[str, Any]
    report: dict[str, Any]
    trained_rows: Integers


@dataclass(frozen=True, eq=False)
class _Learned:
    ranker: Ranker
    pairs: Preferences
    report: dict[str, Any]


class _Meter:
    """Turns rounds of fits into fractions of the whole training, and keeps the time of each stage."""

    SPANS = {"read": (0.0, 0.02), "judges": (0.02, 0.35), "capacity": (0.35, 0.85), "fit": (0.85, 0.95)}

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._say = on_progress or (lambda stage, fraction, message: None)
        self._stage, self._began = "", time.perf_counter()
        self.seconds: dict[str, float] = {}

    def enter(self, stage: str, message: str) -> None:
        """Begin a stage."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._began, 3)
        self._stage, self._began = stage, now
        self._say(stage, self.SPANS.get(stage, (0.95, 1.0))[0], message)

    def rounds(self, fit: int, fits: int) -> OnIteration:
        """A listener for fit number `fit` of `fits` in this stage."""
        stage, (low, high) = self._stage, self.SPANS[self._stage]

        def report(done: int, total: int) -> None:
            share = (fit + done / total) / fits
            self._say(stage, low + (high - low) * share, f"fit {fit + 1} of {fits}, round {done} of {total}")

        return report


def train(task: TrainingTask, *, on_progress: OnProgress | None = None) -> TrainingResult:
    """Train a new version and compare it with the champion.

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        For tables that contradict themselves, naming column and row; nothing was trained then.
    TrainingCancelled
        If `on_progress` raises it.

    Notes
    -----
    No row of a held-out query is given to any fit, choice or estimate: all of them read the pairs that
    passed `refuse_held_out`.
    """
    meter = _Meter(on_progress)
    meter.enter("read", "checking the frozen tables")
    if task.mode not in MODES:
        raise InvalidFeatures(f"mode is {task.mode!r}; expected one of {MODES}")
    rows = read_rows(task.rows, task.features)
    pairs = read_pairs(task.pairs, rows)
    learned = (_from_labels if task.mode == "labels" else _from_preferences)(task, rows, pairs, meter)
    meter.enter("evaluate", "comparing with the champion on held-out queries")
    champion = None if task.champion is None else task.champion.score(rows.features)
    trained = np.unique(np.r_[learned.pairs.winner, learned.pairs.loser])
    found = evaluate(
        rows,
        pairs,
        learned.ranker.score(rows.features),
        champion,
        mode=task.mode,
        seed=task.seed,
        labels_guard=task.labels_guard,
        signed_off=task.signed_off,
        trained_queries=rows.queries[trained],
    )
    meter.enter("done", found["reason"])
    model = learned.ranker.to_bytes()
    report = {
        "mode": task.mode,
        "component": task.component,
        "params": task.params.to_dict(),
        "seed": task.seed,
        "n_rows_trained": len(trained),
        "n_queries_trained": len(set(rows.queries[trained])),
        **learned.report,
        "seconds": meter.seconds,
    }
    return TrainingResult(learned.ranker, model, checksum(model), found, report, trained)


def _from_labels(task: TrainingTask, rows: Rows, pairs: Pairs, meter: _Meter) -> _Learned:
    """Fresh trees on graded labels; rounds chosen on a fifth of the training queries, then all of them."""
    graded = np.where(rows.held_out, np.nan, rows.labels)
    learned = pairs_from_labels(graded, rows.queries, seed=task.seed)
    _enough(task, learned, rows, "graded labels")
    fit = _fit_of(task, rows, base=None)
    meter.enter("capacity", "choosing the number of rounds")
    chosen, table, reason = _rounds_for_labels(fit, learned, meter)
    meter.enter("fit", f"growing {chosen} rounds on all training queries")
    trees = _final(fit, task, learned, np.zeros(len(learned)), (task.params.num_leaves, chosen), meter)
    report = {
        "rounds": chosen,
        "leaves": task.params.num_leaves,
        "kept_incumbent": False,
        "choice": reason,
        "candidates": [one.to_dict() for one in table],
        "pairs": {"label": len(learned)},
        "judges": {},
        "slope": None,
    }
    return _Learned(Ranker(trees.columns, (trees,)), learned, report)


def _rounds_for_labels(fit: Fit, pairs: Preferences, meter: _Meter) -> tuple[int, list[Candidate], str]:
    """The number of rounds of least loss on queries that were put aside for that."""
    keys = fit.queries[pairs.winner]
    if len(set(keys)) < LEAST_QUERIES:
        return fit.params.rounds, [], f"fewer than {LEAST_QUERIES} graded queries: as many rounds as allowed"
    aside = query_folds(keys, FOLDS, seed=fit.seed) == 0
    shown, asked = pairs.take(~aside), pairs.take(aside)
    grid, leaves = round_grid(fit.params.rounds), fit.params.num_leaves
    on = meter.rounds(0, 1)
    trees = fit.trees(
        "aside", shown, np.zeros(len(shown)), leaves=leaves, rounds=grid[-1], on_iteration=on, trial=True
    )
    scores = staged_scores(trees, fit.features, grid)
    margins = scores[:, asked.winner] - scores[:, asked.loser]
    no_flips = np.zeros(len(asked))
    table = [
        candidate(leaves, rounds, scored(staged, asked, fit.queries, no_flips))
        for rounds, staged in zip(grid, margins, strict=True)
    ]
    best = min(table, key=lambda one: one.loss)
    return best.rounds, table, f"least loss on {len(set(keys[aside]))} training queries that were put aside"


def _from_preferences(task: TrainingTask, rows: Rows, pairs: Pairs, meter: _Meter) -> _Learned:
    """Trees on the champion, as many as the experts' pairs bear out on queries left out; maybe none."""
    expert = refuse_held_out(pairs.preferences.take(~pairs.held_out), rows)
    expert = expert.take(expert.weight > 0)
    _enough(task, expert, rows, "expert pairs")
    champion, slope = _rescaled(task.champion, rows, expert)
    base = None if champion is None else champion.score(rows.features)
    fit = _fit_of(task, rows, base)
    extra = _distilled(fit, rows, pairs, expert)
    origins = pairs.origin[~pairs.held_out & (pairs.preferences.weight > 0)]
    report: dict[str, Any] = {"slope": slope, "pairs": _counted(origins, len(extra))}
    if len(set(rows.queries[expert.winner])) < LEAST_QUERIES:
        return _without_choice(task, fit, expert, report, meter)
    judges = _judges(fit, expert, extra, meter)
    rates = rates_of_pairs(judges, expert)
    meter.enter("capacity", "choosing how much to learn")
    table = candidates(fit, expert, extra, rates, on_fit=meter.rounds)
    best, reason = choose(table, keep=champion is not None)
    report |= {
        "rounds": best.rounds,
        "leaves": best.leaves,
        "kept_incumbent": best.rounds == 0,
        "choice": reason,
        "candidates": [one.to_dict() for one in table],
        "judges": {name: judge.to_dict() for name, judge in judges.items()},
    }
    meter.enter("fit", reason)
    if best.rounds == 0 and task.champion is not None:
        return _Learned(task.champion, expert, report)
    both = refuse_held_out(Preferences.concat([expert, extra]), rows)
    all_rates = np.concatenate([rates, np.zeros(len(extra))])
    trees = _final(fit, task, both, all_rates, (best.leaves, best.rounds), meter)
    return _Learned(_extended(champion, trees), both, report)


def _without_choice(
    task: TrainingTask, fit: Fit, expert: Preferences, report: dict[str, Any], meter: _Meter
) -> _Learned:
    """Too few queries to choose by: keep the champion, or a small fit if there is none."""
    meter.enter("fit", "too few judged queries to choose by")
    rounds = 0 if task.champion is not None else min(FIRST_ROUNDS, task.params.rounds)
    report |= {
        "rounds": rounds,
        "leaves": LEAVES[0] if rounds else 0,
        "kept_incumbent": task.champion is not None,
        "choice": f"fewer than {LEAST_QUERIES} judged queries: not enough to say that anything is better",
        "candidates": [],
        "judges": {},
    }
    if task.champion is not None:
        return _Learned(task.champion, expert, report)
    trees = _final(fit, task, expert, np.zeros(len(expert)), (LEAVES[0], rounds), meter)
    return _Learned(_extended(None, trees), expert, report)


def _judges(fit: Fit, expert: Preferences, extra: Preferences, meter: _Meter) -> dict[str, JudgeReport]:
    """Flip rates from margins of fits that did not see the query, refitted with the rates so far."""
    rates = np.zeros(len(expert))
    reports: dict[str, JudgeReport] = {}
    meter.enter("judges", "estimating how careful each judge is")
    for turn in range(OUTER_ROUNDS):

        def on_fit(step: int, steps: int, turn: int = turn) -> OnIteration:
            return meter.rounds(turn * steps + step, OUTER_ROUNDS * steps)

        margins = cross_fitted(fit, expert, extra, rates, leaves=LEAVES[1], on_fit=on_fit)
        losses = [scored(staged, expert, fit.queries, rates)[0].mean() for staged in margins]
        reports = flip_rates(margins[int(np.argmin(losses))], expert)
        rates = rates_of_pairs(reports, expert)
    return reports


def _rescaled(champion: Ranker | None, rows: Rows, expert: Preferences) -> tuple[Ranker | None, float | None]:
    """The champion on the scale of the experts' pairs, by the one positive slope that fits them best.

    A sorting rule knows an order and no probabilities; a model of graded labels is as sure of itself as the
    labels were clean. Only on the pairs' own scale can trees correct it or be held to it. A trained champion
    already had a scale, so its slope has a log-normal prior around 1; no order changes either way.
    """
    if champion is None:
        return None, None
    difference = differences(champion.score(rows.features), expert)
    trained = not all(isinstance(part, RuleComponent) for part in champion.components)

    def loss(log_slope: float) -> float:
        fitted = pair_loss(np.exp(log_slope) * difference, expert.target, expert.weight).sum()
        return float(fitted + trained * (log_slope / SLOPE_SPREAD) ** 2 / 2)

    found = minimize_scalar(loss, bounds=tuple(np.log(SLOPES)), method="bounded")
    slope = float(np.exp(found.x))
    return champion.scaled(slope), slope


def _distilled(fit: Fit, rows: Rows, pairs: Pairs, expert: Preferences) -> Preferences:
    """The champion's own opinion on rows that nobody judged, so that it is not forgotten there."""
    if fit.base is None:
        return Preferences.concat([])
    judged = np.zeros(len(rows), dtype=bool)
    judged[np.r_[pairs.preferences.winner, pairs.preferences.loser]] = True
    pool = np.flatnonzero(~judged & ~rows.held_out)
    weight = DISTILLATION_SHARE * float(expert.weight.sum())
    return refuse_held_out(
        distillation_pairs(fit.base, rows.queries, pool, seed=fit.seed, weight=weight), rows
    )


def _fit_of(task: TrainingTask, rows: Rows, base: Floats | None) -> Fit:
    return Fit(
        features=rows.features,
        queries=rows.queries,
        base=base,
        params=task.params,
        seed=task.seed,
        monotone={column.name: column.monotone for column in task.features if column.monotone},
        categorical=tuple(column.name for column in task.features if column.categorical),
    )


def _final(
    fit: Fit, task: TrainingTask, pairs: Preferences, rates: Floats, size: tuple[int, int], meter: _Meter
) -> TreeComponent:
    leaves, rounds = size
    return fit.trees(
        task.component, pairs, rates, leaves=leaves, rounds=rounds, on_iteration=meter.rounds(0, 1)
    )


def _extended(champion: Ranker | None, trees: TreeComponent) -> Ranker:
    return Ranker(trees.columns, (trees,)) if champion is None else champion.extended(trees)


def _counted(origins: Any, distilled: int) -> dict[str, int]:
    names, counts = np.unique(np.asarray(origins, dtype=str), return_counts=True)
    return dict(zip(map(str, names), map(int, counts), strict=True)) | {"distillation": distilled}


def _enough(task: TrainingTask, pairs: Preferences, rows: Rows, what: str) -> None:
    found = len(np.unique(np.r_[pairs.winner, pairs.loser]))
    if found < max(task.min_rows, 2):
        raise InvalidPreferences(
            f"{found} training rows have {what} to learn from; expected at least {max(task.min_rows, 2)}"
        )
    refuse_held_out(pairs, rows)
