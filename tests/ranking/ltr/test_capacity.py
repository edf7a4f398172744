"""How much is learned comes from queries that were left out, and nothing is a legitimate amount."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.capacity import (
    FOLDS,
    LEAVES,
    Candidate,
    Fit,
    candidates,
    choose,
    cross_fitted,
    fold_of_pairs,
    round_grid,
    scored,
    staged_scores,
)
from ranking.ltr.preferences import Preferences

NOTHING = Preferences.concat([])


def problem(seed=0, queries=30, size=6, noise=0.3, rounds=30):
    """A fit and the experts' lists, one for each query; the utility is the first column."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.normal(size=(queries * size, 3)), columns=["focus", "size", "age"])
    utility = 2 * features["focus"].to_numpy()
    seen = (utility + rng.normal(0, noise, len(utility))).reshape(queries, size)
    orders = np.argsort(-seen, axis=1) + np.arange(queries)[:, None] * size
    fit = Fit(
        features=features,
        queries=np.repeat([f"q{number}" for number in range(queries)], size).astype(object),
        base=np.zeros(len(features)),
        params=BoostingParams(rounds=rounds, min_data_in_leaf=5),
        seed=seed,
        monotone={},
        categorical=(),
    )
    return fit, Preferences.from_orders(orders.tolist(), judge="ada"), utility


def test_the_grid_ends_with_all_rounds_and_names_none_twice():
    for rounds in (1, 2, 7, 150, 1000):
        grid = round_grid(rounds)
        assert grid[0] == 1
        assert grid[-1] == rounds
        assert list(grid) == sorted(set(grid))


def test_staged_scores_are_those_of_the_first_trees_only():
    fit, pairs, _ = problem()
    trees = fit.trees("x", pairs, np.zeros(len(pairs)), leaves=4, rounds=30)
    staged = staged_scores(trees, fit.features, (1, 5, 30))
    assert staged[2] == pytest.approx(trees.score(fit.features), abs=1e-12)
    short = fit.trees("x", pairs, np.zeros(len(pairs)), leaves=4, rounds=5)
    assert staged[1] == pytest.approx(short.score(fit.features), abs=1e-12)


def test_a_margin_is_made_by_a_fit_that_saw_nothing_of_its_query():
    """Turning one query's pairs round may not move that query's own margins by a hair."""
    fit, pairs, _ = problem()
    before = cross_fitted(fit, pairs, NOTHING, np.zeros(len(pairs)), leaves=4)
    own = fit.queries[pairs.winner] == "q7"
    winner, loser = np.where(own, pairs.loser, pairs.winner), np.where(own, pairs.winner, pairs.loser)
    turned = Preferences.from_pairs(winner=winner, loser=loser, judge="ada", weight=pairs.weight)
    after = cross_fitted(fit, turned, NOTHING, np.zeros(len(pairs)), leaves=4)
    assert after[:, own].tolist() == (-before[:, own]).tolist()
    assert not np.allclose(after[:, ~own], before[:, ~own])


def test_the_incumbents_pairs_of_a_left_out_query_are_left_out_too():
    fit, pairs, _ = problem()
    extra = Preferences.from_pairs(winner=pairs.winner, loser=pairs.loser, judge="incumbent")
    folds, others = fold_of_pairs(fit, pairs, extra)
    assert folds.tolist() == others.tolist()
    assert set(folds) == set(range(FOLDS))
    unjudged = Fit(**(vars(fit) | {"queries": np.full(len(fit.queries), "elsewhere", dtype=object)}))
    assert set(fold_of_pairs(unjudged, pairs, NOTHING)[1]) == set()


def test_learning_is_chosen_where_there_is_something_to_learn():
    fit, pairs, _ = problem()
    table = candidates(fit, pairs, NOTHING, np.zeros(len(pairs)))
    assert len(table) == 1 + len(LEAVES) * len(round_grid(30))
    best, reason = choose(table)
    assert best.rounds > 0
    assert best.accuracy > table[0].accuracy + 0.2
    assert "rounds of" in reason


def test_the_incumbent_is_kept_where_experts_say_nothing_that_holds_elsewhere():
    kept = 0
    for seed in range(8):
        fit, _, utility = problem(seed=seed)
        rng = np.random.default_rng(seed)
        orders = [(rng.permutation(6) + 6 * number).tolist() for number in range(30)]
        noise = Preferences.from_orders(orders, judge="ada")
        knowing = replace(fit, base=0.001 * utility)
        best, _ = choose(candidates(knowing, noise, NOTHING, np.full(len(noise), 0.1)))
        kept += best.rounds == 0
    assert kept >= 6


def test_a_better_scale_alone_is_no_reason_to_learn():
    incumbent = Candidate(0, 0, 0.60, 0.01, 0.70, 0.02)
    sharper = Candidate(3, 5, 0.50, 0.01, 0.70, 0.02, gain=0.10, gain_error=0.01)
    assert choose([incumbent, sharper])[0] is incumbent
    better = Candidate(3, 9, 0.55, 0.01, 0.71, 0.02, gain=0.05, gain_error=0.01)
    assert choose([incumbent, better])[0] is better


def test_without_an_incumbent_the_least_loss_is_taken():
    nothing = Candidate(0, 0, 0.60, 0.01, 0.50, 0.02)
    lucky = Candidate(3, 5, 0.58, 0.01, 0.45, 0.02, gain=0.02, gain_error=0.03)
    best, reason = choose([nothing, lucky], keep=False)
    assert best is lucky
    assert "incumbent" not in reason


def test_a_gain_within_its_error_is_no_reason_to_learn():
    incumbent = Candidate(0, 0, 0.60, 0.01, 0.70, 0.02)
    lucky = Candidate(3, 5, 0.58, 0.01, 0.75, 0.02, gain=0.02, gain_error=0.03)
    assert choose([incumbent, lucky])[0] is incumbent


def test_a_query_counts_once_however_many_pairs_it_has():
    fit, pairs, _ = problem(queries=6)
    margins = np.where(fit.queries[pairs.winner] == "q0", 5.0, -5.0)
    once = scored(margins, pairs, fit.queries, np.zeros(len(pairs)))
    many = Preferences.concat([pairs, *[pairs.take(fit.queries[pairs.winner] == "q0")] * 9])
    again = np.where(fit.queries[many.winner] == "q0", 5.0, -5.0)
    repeated = scored(again, many, fit.queries, np.zeros(len(many)))
    assert once[0].tolist() == pytest.approx(repeated[0].tolist())
    assert once[1].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_a_query_of_ties_only_has_a_loss_and_no_accuracy():
    pairs = Preferences.from_orders([[[0, 1]]], judge="ada")
    losses, accuracies = scored(np.zeros(1), pairs, np.array(["q", "q"], dtype=object), np.zeros(1))
    assert losses.tolist() == pytest.approx([np.log(2)])
    assert np.isnan(accuracies).all()
