"""The learners: what they are scored by was said about queries that they never saw."""

from dataclasses import replace

import numpy as np
import pytest

from ranking.ltr.members import (
    MOST_ROUNDS,
    TREES,
    fit_all,
    grow,
    linear_trials,
    round_grid,
    staged_scores,
    tree_trials,
)
from ranking.ltr.preferences import Preferences
from ranking.ltr.problem import FOLDS
from ranking.ltr.stacking import Evidence, best_of


def every_trial(problem):
    return [*linear_trials(problem, rough=True), *tree_trials(problem, {"ridge": 16.0})]


def evidence_of(problem):
    return Evidence(problem.expert, problem.units, problem.flip_rate, problem.anchoring)


def test_the_grid_ends_with_all_rounds_and_names_none_twice():
    for rounds in (1, 2, 7, 150, 1000):
        grid = round_grid(rounds)
        assert (grid[0], grid[-1]) == (1, rounds)
        assert list(grid) == sorted(set(grid))


def test_a_margin_is_made_by_a_fit_that_saw_nothing_of_its_query(make_problem):
    """Turning one query's pairs round may not move that query's own margins by a hair."""
    problem = make_problem(queries=15)
    own = problem.queries[problem.expert.winner] == "q7"
    winner, loser = problem.expert.winner, problem.expert.loser
    turned = replace(problem.expert, winner=np.where(own, loser, winner), loser=np.where(own, winner, loser))
    before, after = every_trial(problem), every_trial(replace(problem, expert=turned))
    assert len(before) == 1 + 4 + len(round_grid(12)) * sum(len(family.leaves) for family in TREES.values())
    for one, other in zip(before, after, strict=True):
        assert (one.family, one.size) == (other.family, other.size)
        assert other.margins[own].tolist() == (-one.margins[own]).tolist()
        assert not np.array_equal(other.margins[~own], one.margins[~own])


def test_the_incumbents_pairs_of_a_left_out_query_are_left_out_too(make_problem):
    problem = make_problem()
    extra = Preferences.from_pairs(
        winner=problem.expert.winner, loser=problem.expert.loser, judge="incumbent"
    )
    folds, others = replace(problem, extra=extra).folds
    assert folds.tolist() == others.tolist()
    assert set(folds) == set(range(FOLDS))
    together, _, _ = replace(problem, extra=extra).together(folds != 2, 2)
    assert not set(problem.queries[together.winner]) & set(problem.queries[problem.expert.winner[folds == 2]])


def test_with_few_judged_queries_lists_are_left_out_whatever_the_queries_are_called(make_problem):
    """Queries 0, 1, 2 are not the lists 0, 1, 2, whose folds their extra pairs would get."""
    problem = make_problem(queries=3, lists=4)
    numbers = np.repeat(np.arange(3), 6).astype(object)
    extra = Preferences.from_pairs(winner=[0, 6], loser=[1, 7], judge="incumbent")
    few = replace(problem, queries=numbers, extra=extra)
    folds, others = few.folds
    assert not few.by_query
    assert len(set(few.units)) == 12
    assert all(len(set(folds[problem.expert.list_id == number])) == 1 for number in range(12))
    assert others.tolist() == [-1, -1]


def test_staged_scores_are_those_of_the_first_trees_only(make_problem):
    problem = make_problem()
    everything = np.ones(len(problem.expert), dtype=bool)
    trees, short = (grow(problem, problem.base, everything, None, (4, rounds)) for rounds in (12, 5))
    staged = staged_scores(trees, problem.features, (1, 5, 12))
    assert staged[2] == pytest.approx(trees.score(problem.features), abs=1e-12)
    assert staged[1] == pytest.approx(short.score(problem.features), abs=1e-12)


def test_the_compact_problem_says_the_same_of_the_same_rows(make_problem):
    problem = make_problem()
    judged = problem.expert.take(problem.expert.winner < 60)
    small, rows = replace(problem, expert=judged).compact()
    assert len(small.features) == len(rows) < len(problem.features)
    assert rows[small.expert.winner].tolist() == judged.winner.tolist()
    assert rows[small.expert.loser].tolist() == judged.loser.tolist()
    assert small.features["focus"].tolist() == problem.features["focus"].to_numpy()[rows].tolist()
    assert small.queries.tolist() == problem.queries[rows].tolist()
    assert small.base.tolist() == problem.base[rows].tolist()


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_the_incumbent_is_brought_to_the_scale_of_the_experts(make_problem, scale):
    problem = make_problem(queries=60, size=8)
    rng = np.random.default_rng(0)
    utility = rng.normal(size=480)
    orders = np.argsort(-(utility + rng.gumbel(size=480)).reshape(60, 8), axis=1)
    pairs = Preferences.from_orders((orders + 8 * np.arange(60)[:, None]).tolist(), judge="ada")
    everything = np.ones(len(pairs), dtype=bool)
    slope = replace(problem, base=utility / scale, expert=pairs).slope(everything)
    assert slope == pytest.approx(scale, rel=0.3)


def test_without_an_incumbent_there_is_nothing_to_scale(make_problem):
    problem = make_problem(queries=10)
    level = replace(problem, base=np.full(60, 0.1))
    assert level.slope(np.ones(len(level.expert), dtype=bool)) == 0
    assert not linear_trials(level, rough=True)[0].margins.any()


def test_the_learners_find_what_the_incumbent_does_not_know(make_problem):
    problem = make_problem(queries=60)
    chosen = best_of(every_trial(problem), evidence_of(problem))
    accuracy = {family: (trial.margins > 0).mean() for family, trial in chosen.items()}
    assert accuracy["incumbent"] < 0.6
    assert accuracy["linear"] > 0.75
    assert "products" in chosen["linear"].size
    assert min(accuracy[family] for family in TREES) > 0.65


def test_a_fit_on_all_pairs_is_its_family_with_the_incumbents_weight(make_problem):
    problem = make_problem(queries=20)
    chosen = best_of(every_trial(problem), evidence_of(problem))
    fitted = fit_all(problem, chosen, name="version 2")
    parts = {family: [part.name for part in one.parts] for family, one in fitted.items()}
    assert parts == {
        "incumbent": [],
        "linear": ["version 2: linear"],
        "extra trees": ["version 2: extra trees"],
        "linear + trees": ["version 2: linear", "version 2: linear + trees"],
        "linear + extra trees": ["version 2: linear", "version 2: linear + extra trees"],
        "fresh trees": ["version 2: fresh trees"],
        "fresh extra trees": ["version 2: fresh extra trees"],
    }
    assert fitted["extra trees"].slope == fitted["incumbent"].slope > 0
    assert fitted["linear + trees"].slope == fitted["linear + extra trees"].slope == fitted["linear"].slope
    assert fitted["fresh trees"].slope == fitted["fresh extra trees"].slope == 0


def test_extra_trees_have_other_thresholds_in_trials_and_in_the_fit(make_problem):
    """Told apart by what they say: with random thresholds it is something else."""
    problem = make_problem(queries=20)
    chosen = best_of(every_trial(problem), evidence_of(problem))
    same = replace(chosen["fresh trees"], family="fresh extra trees")
    fitted = fit_all(problem, chosen | {"fresh extra trees": same}, name="version 2")
    (plain,), (extra,) = (fitted[family].parts for family in ("fresh trees", "fresh extra trees"))
    assert not np.allclose(plain.score(problem.features), extra.score(problem.features))
    margins = {
        one.family: one.margins for one in every_trial(problem) if one.size == {"leaves": 8, "rounds": 12}
    }
    assert not np.allclose(margins["fresh trees"], margins["fresh extra trees"])


@pytest.mark.parametrize("extra", [False, True])
def test_trees_of_every_family_keep_a_declared_direction_against_the_experts(make_problem, extra):
    problem = make_problem(queries=20, monotone={"focus": -1})
    everything = np.ones(len(problem.expert), dtype=bool)
    grid = problem.features.iloc[[0] * 50].assign(focus=np.linspace(-3, 3, 50))
    for base in (problem.base, np.zeros(len(problem.base))):
        scores = grow(problem, base, everything, None, (8, 12), extra=extra).score(grid)
        assert np.all(np.diff(scores) <= 0)
    unbound = replace(problem, monotone={})
    free = grow(unbound, problem.base, everything, None, (8, 12), extra=extra).score(grid)
    assert free[-1] > free[0]


def test_no_more_rounds_are_tried_than_are_allowed(make_problem):
    problem = make_problem(queries=6)
    trials = tree_trials(problem, {"ridge": 16.0})
    assert max(trial.size["rounds"] for trial in trials) == problem.params.rounds < MOST_ROUNDS
