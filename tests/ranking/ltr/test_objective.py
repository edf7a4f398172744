"""The objective against finite differences, its own worked cases and its limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.objective import differences, exact_curvature, pair_gradient, pair_loss, row_gradient
from ranking.ltr.preferences import Preferences

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/ltr_objective.json").read_text())

MARGIN = st.floats(-8, 8)
TARGET = st.floats(0, 1)
WEIGHT = st.floats(0, 5)
FLIP = st.one_of(st.just(0.0), st.floats(0.01, 0.49))


def slope_of(function, at, step=1e-5):
    """Fourth-order central difference, so that 1e-6 tests the formula and not the step."""
    near = (function(at + step) - function(at - step)) * 8
    far = function(at + 2 * step) - function(at - 2 * step)
    return (near - far) / (12 * step)


@pytest.mark.parametrize("case", CASES, ids=[case["desc"] for case in CASES])
def test_the_worked_cases_hold(case):
    arguments = case["difference"], case["target"], case["weight"]
    slope, curvature = pair_gradient(*arguments, flip_rate=case["flip_rate"])
    assert pair_loss(*arguments, flip_rate=case["flip_rate"]) == pytest.approx(case["loss"])
    assert slope == pytest.approx(case["slope"])
    assert curvature == pytest.approx(case["curvature"])


@given(MARGIN, TARGET, WEIGHT, FLIP)
def test_the_slope_is_the_finite_difference_of_the_loss(d, t, w, eps):
    found, _ = pair_gradient(d, t, w, flip_rate=eps)
    assert found == pytest.approx(slope_of(lambda x: pair_loss(x, t, w, flip_rate=eps), d), abs=1e-6)


@given(MARGIN, TARGET, WEIGHT, FLIP)
def test_the_exact_curvature_is_the_finite_difference_of_the_slope(d, t, w, eps):
    found = exact_curvature(d, t, w, flip_rate=eps)
    assert found == pytest.approx(slope_of(lambda x: pair_gradient(x, t, w, flip_rate=eps)[0], d), abs=1e-6)


@given(MARGIN, TARGET, WEIGHT)
def test_the_surrogate_is_the_exact_curvature_of_a_perfect_judge(d, t, w):
    assert pair_gradient(d, t, w)[1] == pytest.approx(exact_curvature(d, t, w), abs=1e-12)


@given(MARGIN, TARGET, WEIGHT, FLIP)
def test_the_surrogate_never_turns_negative(d, t, w, eps):
    assert pair_gradient(d, t, w, flip_rate=eps)[1] >= 0


def sample(seed, n=12, p=60):
    rng = np.random.default_rng(seed)
    winner = rng.integers(0, n, p)
    pairs = Preferences.from_pairs(
        winner=winner,
        loser=(winner + rng.integers(1, n, p)) % n,
        judge="ada",
        weight=rng.uniform(0, 2, p),
        target=rng.choice([1.0, 0.5, 0.8], p),
        shown_gap=np.where(rng.random(p) < 0.3, np.nan, rng.uniform(-1, 1, p)),
    )
    return rng.normal(0, 2, n), pairs, rng.uniform(0, 0.45, p), rng.uniform(-1, 1, p)


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_each_row_is_the_finite_difference_of_the_summed_loss(seed):
    scores, pairs, eps, anchoring = sample(seed)

    def loss_with(row, value):
        moved = scores.copy()
        moved[row] = value
        d = differences(moved, pairs, anchoring=anchoring)
        return pair_loss(d, pairs.target, pairs.weight, flip_rate=eps).sum()

    gradient, _ = row_gradient(scores, pairs, flip_rate=eps, anchoring=anchoring)
    expected = [slope_of(lambda x, row=row: loss_with(row, x), scores[row]) for row in range(len(scores))]
    assert gradient == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_hessian_of_each_row_is_the_finite_difference_of_its_gradient_for_perfect_judges(seed):
    scores, pairs, _, anchoring = sample(seed)

    def gradient_with(row, value):
        moved = scores.copy()
        moved[row] = value
        return row_gradient(moved, pairs, anchoring=anchoring)[0][row]

    _, hessian = row_gradient(scores, pairs, anchoring=anchoring)
    expected = [slope_of(lambda x, row=row: gradient_with(row, x), scores[row]) for row in range(len(scores))]
    assert hessian == pytest.approx(expected, abs=1e-6)


def test_pairs_are_walked_through_in_blocks_that_change_nothing(monkeypatch):
    scores, pairs, eps, anchoring = sample(0)
    whole = row_gradient(scores, pairs, flip_rate=eps, anchoring=anchoring)
    monkeypatch.setattr("ranking.ltr.objective.BLOCK", 7)
    found = row_gradient(scores, pairs, flip_rate=eps, anchoring=anchoring)
    assert np.array_equal(found, whole)


@given(st.integers(0, 10**6))
def test_a_pair_moves_nothing_but_the_distance_of_its_rows(seed):
    scores, pairs, eps, _ = sample(seed)
    gradient, _ = row_gradient(scores, pairs, flip_rate=eps)
    assert gradient.sum() == pytest.approx(0, abs=1e-9)
    shifted, _ = row_gradient(scores + 5, pairs, flip_rate=eps)
    assert shifted == pytest.approx(gradient, abs=1e-9)


@given(MARGIN, TARGET, FLIP)
def test_who_is_called_the_winner_does_not_matter(d, t, eps):
    assert pair_loss(d, t, flip_rate=eps) == pytest.approx(pair_loss(-d, 1 - t, flip_rate=eps))
    forth, back = pair_gradient(d, t, flip_rate=eps)[0], pair_gradient(-d, 1 - t, flip_rate=eps)[0]
    assert forth == pytest.approx(-back)


def test_a_noisy_judge_pulls_less_the_further_the_pair_is_on_the_wrong_side():
    careful = -pair_gradient([-1.0, -4.0, -9.0])[0]
    careless = -pair_gradient([-1.0, -4.0, -9.0], flip_rate=0.2)[0]
    assert np.all(np.diff(careful) > 0)
    assert np.all(np.diff(careless) < 0)


@pytest.mark.parametrize("eps", [0.0, 1e-300, 0.3])
def test_margins_of_a_thousand_neither_overflow_nor_turn_into_nan(eps):
    d = np.array([-1000.0, 1000.0])
    slope, curvature = pair_gradient(d, flip_rate=eps)
    assert np.isfinite(
        [pair_loss(d, flip_rate=eps), slope, curvature, exact_curvature(d, flip_rate=eps)]
    ).all()
    if eps == 0:
        assert pair_loss(d).tolist() == [1000.0, 0.0]
        assert slope.tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("eps", [-0.1, 0.5, 1.0, np.nan])
def test_a_flip_rate_outside_its_range_is_refused(eps):
    with pytest.raises(InvalidPreferences, match=r"expected at least 0 and below 0\.5"):
        pair_loss(0.0, flip_rate=eps)
