"""Flip rates: planted ones are found, few lists borrow from all, and what has no sign is not believed."""

import numpy as np
import pytest

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.judges import LEAST_RATE, MOST_RATE, flip_rates, rates_of_pairs
from ranking.ltr.preferences import Preferences


def judged(rates, lists=60, size=6, seed=0, sharpness=3.0):
    """Margins of a true model and pairs that each judge turns round at their rate, lists of `size`."""
    rng = np.random.default_rng(seed)
    parts, margins = [], []
    for name, rate in rates.items():
        for number in range(lists if isinstance(lists, int) else lists[name]):
            utility = rng.normal(0, sharpness, size)
            over, under = np.triu_indices(size, 1)
            margin = utility[over] - utility[under]
            said = (rng.random(len(margin)) < 1 / (1 + np.exp(-margin))) ^ (rng.random(len(margin)) < rate)
            winner, loser = np.where(said, over, under), np.where(said, under, over)
            margins.append(np.where(said, margin, -margin))
            parts.append(
                Preferences.from_pairs(
                    winner=winner, loser=loser, judge=name, weight=1 / (size - 1), list_id=number
                )
            )
    return np.concatenate(margins), Preferences.concat(parts)


def test_planted_flip_rates_are_found():
    planted = {"careful": 0.02, "tired": 0.2, "careless": 0.4}
    found = flip_rates(*judged(planted, lists=150))
    assert {name: found[name].flip_rate for name in planted} == pytest.approx(planted, abs=0.05)
    assert found["tired"].lists == 150
    assert found["tired"].pairs == 150 * 15


def test_rates_stay_within_their_limits_for_saints_and_for_liars():
    found = flip_rates(*judged({"saint": 0.0, "liar": 1.0}, lists=400, sharpness=30.0))
    assert found["saint"].flip_rate == LEAST_RATE
    assert found["liar"].flip_rate == MOST_RATE


def test_before_anything_is_known_one_in_ten_is_believed_to_be_flipped():
    margins, pairs = judged({"new": 0.3}, lists=5)
    found = flip_rates(np.zeros_like(margins), pairs)
    assert found["new"].flip_rate == pytest.approx(0.1)


def test_a_judge_of_few_lists_gets_the_rate_of_all_together():
    margins, pairs = judged({"much": 0.05, "little": 0.45}, lists={"much": 100, "little": 3})
    found = flip_rates(margins, pairs)
    assert found["much"].own
    assert not found["little"].own
    assert found["little"].flip_rate == pytest.approx(0.06, abs=0.04)


def test_ties_and_pairs_without_weight_say_nothing_about_flips():
    margins, pairs = judged({"ada": 0.1}, lists=50)
    silent = Preferences.from_pairs(
        winner=[0, 0], loser=[1, 1], judge="ada", target=[0.5, 1.0], weight=[50.0, 0.0], list_id=[0, 0]
    )
    alone = flip_rates(margins, pairs)["ada"].flip_rate
    both = flip_rates(np.r_[margins, -30.0, -30.0], Preferences.concat([pairs, silent]))["ada"].flip_rate
    assert both == alone


def test_each_pair_gets_the_rate_of_its_judge_and_the_incumbent_none():
    margins, pairs = judged({"ada": 0.1, "bob": 0.4}, lists=50)
    reports = flip_rates(margins, pairs)
    incumbent = Preferences.from_pairs(winner=[0], loser=[1], judge="incumbent")
    rates = rates_of_pairs(reports, Preferences.concat([pairs, incumbent]))
    assert set(rates[pairs.judge.tolist().index("bob") :][:5]) == {reports["bob"].flip_rate}
    assert rates[-1] == 0


@pytest.mark.parametrize("margins", [[1.0], [np.nan, 1.0]])
def test_margins_that_do_not_fit_the_pairs_are_refused(margins):
    pairs = Preferences.from_pairs(winner=[0, 0], loser=[1, 2], judge="ada")
    with pytest.raises(InvalidPreferences, match="expected 2 finite numbers"):
        flip_rates(margins, pairs)
