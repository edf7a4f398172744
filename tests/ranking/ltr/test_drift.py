"""The stability index: worked by hand, its alarm rate counted, its edges."""

import numpy as np
import pytest

from ranking.ltr.drift import psi
from ranking.ltr.errors import InvalidFeatures


def test_the_index_is_the_sum_over_bins_worked_by_hand():
    expected = [1] * 40 + [2] * 40 + [3] * 20
    actual = [1] * 20 + [2] * 40 + [3] * 40
    found = psi(expected, actual)
    assert found.psi == pytest.approx((0.2 - 0.4) * np.log(0.2 / 0.4) + (0.4 - 0.2) * np.log(0.4 / 0.2))
    assert found.bins == 3


def test_the_index_does_not_care_which_sample_is_which():
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 5, 300), rng.choice(5, 400, p=[0.4, 0.2, 0.2, 0.1, 0.1])
    assert psi(one, two).psi == pytest.approx(psi(two, one).psi)


@pytest.mark.parametrize("n", [30, 200, 1000])
def test_the_limit_keeps_false_alarms_to_one_in_a_hundred_at_any_size(n):
    rng = np.random.default_rng(n)
    alarms = [psi(rng.lognormal(0, 2, n), rng.lognormal(0, 2, n)).alarm for _ in range(300)]
    assert np.mean(alarms) <= 0.01


def test_the_usual_fixed_limit_alone_would_cry_wolf():
    rng = np.random.default_rng(0)
    found = [psi(rng.normal(size=200), rng.normal(size=200)).psi > 0.1 for _ in range(300)]
    assert 0.25 < np.mean(found) < 0.45


def test_a_shift_by_half_a_deviation_is_noticed():
    rng = np.random.default_rng(0)
    assert psi(rng.normal(size=1000), rng.normal(0.5, 1, size=1000)).alarm


def test_values_that_go_missing_are_noticed():
    values = np.arange(500.0)
    gone = np.where(np.arange(500) < 150, np.nan, values)
    assert psi(values, gone).alarm
    assert not psi(gone, gone).alarm


def test_a_constant_that_starts_to_vary_is_noticed_on_either_side():
    assert psi([5.0] * 300, [5.0] * 240 + [6.0] * 60).alarm
    assert psi([5.0] * 300, [5.0] * 240 + [4.0] * 60).alarm
    assert psi([5.0] * 300, [5.0] * 300).psi == 0


NEARLY_ONE_VALUE = {
    "a rare flag becomes usual": ([0] * 920 + [1] * 80, [1] * 1000),
    "a usual flag is gone": ([1] * 950 + [0] * 50, [0] * 1000),
    "a rare count grows": ([0] * 950 + [*range(50)], range(1000)),
    "to the far side": ([1] * 950 + [0] * 50, [2] * 1000),
    "one row lies below": ([-1] + [0] * 919 + [1] * 80, [1] * 1000),
    "the value is the last quantile": ([0] * 500 + [1] * 450 + [2] * 50, [0] * 500 + [2] * 500),
    "beside what is missing": ([np.nan] * 400 + [0] * 570 + [1] * 30, [np.nan] * 400 + [1] * 600),
}


@pytest.mark.parametrize(("before", "now"), NEARLY_ONE_VALUE.values(), ids=NEARLY_ONE_VALUE.keys())
def test_a_value_that_nearly_all_rows_share_hides_no_other(before, now):
    assert psi(before, now).alarm
    assert psi(now, before).alarm


@pytest.mark.parametrize("share", [0.02, 0.08, 0.3])
@pytest.mark.parametrize("n", [30, 200, 1000])
def test_a_rare_value_gives_no_false_alarms(n, share):
    rng = np.random.default_rng(n)
    drawn = np.where(rng.random((300, 2, n)) < share, rng.lognormal(size=(300, 2, n)), 0.0)
    assert np.mean([psi(before, now).alarm for before, now in drawn]) <= 0.01


def test_two_bins_tell_a_flag_of_a_minority():
    assert psi([0] * 600 + [1] * 400, [0] * 100 + [1] * 900, bins=2).alarm


def test_rows_all_missing_on_one_side_give_a_finite_index():
    assert np.isfinite(psi([np.nan] * 50, [1.0] * 50).psi)


@pytest.mark.parametrize(
    ("expected", "actual", "bins"),
    [([], [1.0], 10), ([1.0], [], 10), ([1.0], [np.inf], 10)],
)
def test_what_cannot_be_compared_is_refused(expected, actual, bins):
    with pytest.raises(InvalidFeatures, match="expected at least"):
        psi(expected, actual, bins)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bins": 0}, "bins is 0; expected a whole number, at least 1"),
        ({"actual": ["x"]}, "actual holds what is no number, such as 'x'"),
        ({"expected": [1.0, "2"]}, "expected holds what is no number"),
        ({"actual": [[1.0]]}, r"actual has shape \(1, 1\); expected a number"),
    ],
)
def test_what_is_no_column_of_numbers_is_refused(wrong, words):
    with pytest.raises(InvalidFeatures, match=words):
        psi(**({"expected": [1.0], "actual": [1.0]} | wrong))
