"""From a frozen training set to a new version: one pure function, the same bytes for the same input.

Two ways: `labels` grows fresh trees on graded labels; `preferences` corrects the champion where experts
say so, holds on to it where they said nothing, and keeps it unchanged where that is best.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.evaluation import evaluate
from ranking.ltr.figures import LABELS, PAIRS
from ranking.ltr.judges import INVERTED, JudgeReport
from ranking.ltr.lesson import Lesson, learn, spread_of
from ranking.ltr.members import Trial, grow, round_grid, staged_scores
from ranking.ltr.model import Ranker, checksum
from ranking.ltr.paired import HeldOut
from ranking.ltr.pairing import ONE_GRADE, pairs_from_labels
from ranking.ltr.preferences import Integers, Preferences
from ranking.ltr.problem import FOLDS, Problem
from ranking.ltr.progress import Meter, OnProgress
from ranking.ltr.provenance import Provenance, scaled
from ranking.ltr.refinement import RefinementComponent
from ranking.ltr.splits import query_folds
from ranking.ltr.stacking import Evidence, tried_entry
from ranking.ltr.tables import FeatureColumn, Pairs, Rows, read_pairs, read_rows, refuse_held_out

MODES = ("labels", "preferences")

RESEED_STEP = 1_000_003
"""Between the seeds of a training and of its repetitions: a prime, so that no other training has them."""

LEAST_QUERIES = 5
"""With fewer training queries nothing is held back to choose the amount of learning by."""


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
    champion_queries : queries that the champion and the versions below it have learned from
    reseeds : how many times to train again with another seed, so that the gate knows what a seed alone makes
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
    champion_queries: tuple[str, ...] = ()
    reseeds: int = 0


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
    provenance : the model without each session, to be scored on top of the champion; None if it learned
        nothing from sessions
    """

    ranker: Ranker
    model: bytes
    sha256: str
    evaluation: dict[str, Any]
    report: dict[str, Any]
    trained_rows: Integers
    provenance: Provenance | None = None


@dataclass(frozen=True, eq=False)
class _Learned:
    ranker: Ranker
    pairs: Preferences
    report: dict[str, Any]
    provenance: Provenance | None = None

    @property
    def no_standard(self) -> list[str]:
        """Judges by whom no version is measured."""
        judges: dict[str, dict[str, Any]] = self.report["judges"]
        return [name for name, found in judges.items() if JudgeReport(**found).no_standard]

    @property
    def inverted(self) -> list[str]:
        """Judges whose answers were turned round."""
        judges: dict[str, dict[str, Any]] = self.report["judges"]
        return [name for name, found in judges.items() if found["verdict"] == INVERTED]

    @property
    def sides(self) -> list[list[str]]:
        """Judges who stand together, where they contradict each other."""
        return list(self.report.get("panel", {}).get("sides", []))


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
    meter = Meter(on_progress)
    meter.enter("read", "checking the frozen tables")
    if task.mode not in MODES:
        raise InvalidFeatures(f"mode is {task.mode!r}; expected one of {MODES}")
    rows = read_rows(task.rows, task.features)
    pairs = read_pairs(task.pairs, rows)
    learned = _learn(task, rows, pairs, meter)
    reseeded = _reseeded(task, rows, pairs, learned, meter)
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
        reseeded=reseeded,
        no_standard=learned.no_standard,
        inverted=learned.inverted,
        sides=learned.sides,
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
    return TrainingResult(learned.ranker, model, checksum(model), found, report, trained, learned.provenance)


def _learn(task: TrainingTask, rows: Rows, pairs: Pairs, meter: Meter, *, traced: bool = True) -> _Learned:
    """Learn as the task says; `traced` if it is to be known what each session did."""
    if task.mode == "labels":
        return _from_labels(task, rows, pairs, meter)
    return _from_preferences(task, rows, pairs, meter, traced=traced)


def _reseeded(
    task: TrainingTask, rows: Rows, pairs: Pairs, learned: _Learned, meter: Meter
) -> list[float] | None:
    """The deciding metric on held-out queries of this training and of the same with other seeds.

    None where there is nobody to be better than, or nothing was learned: no seed is tried then.
    """
    if task.champion is None or task.reseeds < 1 or learned.ranker == task.champion:
        return None
    metric = LABELS if task.mode == "labels" else PAIRS
    counted = pairs.without(learned.no_standard)
    means = []
    meter.enter("reseeds", "training again with other seeds")
    for again in range(task.reseeds + 1):
        meter.rounds(again, task.reseeds + 1)(0, 1)
        other = replace(task, seed=task.seed + again * RESEED_STEP)
        if again:
            learned = _learn(other, rows, pairs, Meter(meter.only_cancel), traced=False)
        held_out = HeldOut.of(rows, counted, learned.ranker.score(rows.features), None, seed=0)
        means.append(held_out.metric(metric, held_out.challenger).mean())
    return means if np.isfinite(means).all() else None


def _from_labels(task: TrainingTask, rows: Rows, pairs: Pairs, meter: Meter) -> _Learned:
    """Fresh trees on graded labels; rounds chosen on a fifth of the training queries, then all of them."""
    graded = np.where(rows.held_out, np.nan, rows.labels)
    learned = pairs_from_labels(graded, rows.queries, seed=task.seed)
    if not len(learned) and not np.isnan(graded).all():
        raise InvalidPreferences(f"no query to train on {ONE_GRADE}")
    _enough(task, learned, rows, "graded labels")
    problem = Problem(
        features=rows.features,
        queries=rows.queries,
        base=np.zeros(len(rows)),
        expert=learned,
        params=task.params,
        seed=task.seed,
        monotone={column.name: column.monotone for column in task.features if column.monotone},
        categorical=tuple(column.name for column in task.features if column.categorical),
    )
    meter.enter("capacity", "choosing the number of rounds")
    chosen, table, reason = _rounds_for_labels(problem, meter)
    meter.enter("fit", f"growing {chosen} rounds on all training queries")
    size, everything = (task.params.num_leaves, chosen), np.ones(len(learned), dtype=bool)
    trees = grow(problem, problem.base, everything, None, size, on_iteration=meter.rounds(0, 1), trial=False)
    trees = replace(trees, name=task.component)
    report = {
        "kept_incumbent": False,
        "choice": reason,
        "candidates": table,
        "pairs": {"label": len(learned)},
        "judges": {},
        "slope": None,
    }
    return _Learned(Ranker(trees.columns, (trees,)), learned, report)


def _rounds_for_labels(problem: Problem, meter: Meter) -> tuple[int, list[dict[str, Any]], str]:
    """The number of rounds of least loss on queries that were put aside for that."""
    keys, params = problem.queries[problem.expert.winner], problem.params
    if len(set(keys)) < LEAST_QUERIES:
        return params.rounds, [], f"fewer than {LEAST_QUERIES} graded queries: as many rounds as allowed"
    aside = query_folds(keys, FOLDS, seed=problem.seed) == 0
    asked, grid = problem.expert.take(aside), round_grid(params.rounds)
    size, on = (params.num_leaves, grid[-1]), meter.rounds(0, 1)
    trees = grow(problem, problem.base, ~aside, None, size, on_iteration=on)
    scores = staged_scores(trees, problem.features, grid)
    margins = scores[:, asked.winner] - scores[:, asked.loser]
    nothing = np.zeros(len(asked))
    evidence = Evidence(asked, keys[aside], nothing, nothing)
    losses = [float(evidence.losses(staged).sum()) for staged in margins]
    best = int(np.argmin(losses))
    table = [
        tried_entry(
            Trial("trees", {"leaves": size[0], "rounds": rounds}, staged), evidence, nothing, place == best
        )
        for place, (rounds, staged) in enumerate(zip(grid, margins, strict=True))
    ]
    return grid[best], table, f"least loss on {len(set(keys[aside]))} training queries that were put aside"


def _from_preferences(
    task: TrainingTask, rows: Rows, pairs: Pairs, meter: Meter, *, traced: bool
) -> _Learned:
    """One refinement on the champion, as far as it is borne out on queries left out; maybe none."""
    learned = ~pairs.held_out & (pairs.preferences.weight > 0)
    expert = refuse_held_out(pairs.preferences.take(learned), rows)
    _enough(task, expert, rows, "expert pairs")
    kept = np.flatnonzero(~rows.held_out)  # what is held out is no pool either: it would be held on to
    spread, problem = _problem_of(task, rows, expert, kept)
    sessions = task.pairs["session"].to_numpy().astype(str).astype(object)[learned]
    lesson = learn(problem, name=task.component, meter=meter, sources=sessions if traced else None)
    refuse_held_out(_placed(lesson.pairs, kept), rows)
    report = lesson.report | {
        "pairs": _counted(pairs.origin[learned], len(lesson.pairs) - len(expert)),
        "slope": lesson.slope / spread if lesson.parts and task.champion is not None else None,
    }
    provenance = Provenance(scaled(lesson.without, 1 / spread), lesson.coverage) if lesson.without else None
    return _Learned(_extended(task, lesson, spread), _placed(lesson.pairs, kept), report, provenance)


def _problem_of(task: TrainingTask, rows: Rows, expert: Preferences, kept: Integers) -> tuple[float, Problem]:
    """The incumbent's scale, and the problem over the rows that training may see."""
    place = np.full(len(rows), -1)
    place[kept] = np.arange(len(kept))
    pairs = replace(expert, winner=place[expert.winner], loser=place[expert.loser])
    features = rows.features.iloc[kept].reset_index(drop=True)
    base = np.zeros(len(kept)) if task.champion is None else task.champion.score(features)
    spread = spread_of(base, pairs)
    return spread, Problem(
        features=features,
        queries=rows.queries[kept],
        base=base / spread,
        expert=pairs,
        fresh=~np.isin(rows.queries[expert.winner].astype(str), np.array(task.champion_queries, dtype=str)),
        params=task.params,
        seed=task.seed,
        monotone={column.name: column.monotone for column in task.features if column.monotone},
        categorical=tuple(column.name for column in task.features if column.categorical),
    )


def _placed(pairs: Preferences, kept: Integers) -> Preferences:
    """Pairs of the training rows as pairs of all rows."""
    return replace(pairs, winner=kept[pairs.winner], loser=kept[pairs.loser])


def _extended(task: TrainingTask, lesson: Lesson, spread: float) -> Ranker:
    component = RefinementComponent(task.component, 1.0, lesson.parts, lesson.coverage)
    if task.champion is None:
        return Ranker(tuple(column.name for column in task.features), (component,))
    if not lesson.parts:
        return task.champion
    return task.champion.scaled(lesson.slope / spread).extended(component)


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
