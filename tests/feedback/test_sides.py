"""Who is asked about what on which side, and what the answers say: plain values."""

from collections import Counter

import numpy as np
import pytest

from feedback.sides import CHALLENGER, CHAMPION, EQUAL, AskRequest, balanced_sides, plan, share


def _request(**changes):
    asked = {"experts": [1, 2], "each": 4, "held_out": [10, 11, 12], "others": [20, 21, 22, 23], **changes}
    return AskRequest(**asked)


def _plan(seed=0, **changes):
    return plan(_request(**changes), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(50))
def test_each_expert_has_the_challenger_on_either_side_equally_often(seed):
    for expert in (1, 2):
        left = [ask.challenger_left for ask in _plan(seed) if ask.expert == expert]
        assert sum(left) == len(left) / 2


def test_over_many_seeds_every_position_and_every_need_is_balanced():
    left, of_need, seen = Counter(), Counter(), Counter()
    seeds = 2000
    for seed in range(seeds):
        for ask in _plan(seed, experts=[1], each=5):
            left[ask.position] += ask.challenger_left
            of_need[ask.need] += ask.challenger_left
            seen[ask.need] += 1
    for position in range(1, 6):
        assert abs(left[position] / seeds - 0.5) < 0.05, position  # four and a half standard errors
    for need, count in seen.items():
        assert abs(of_need[need] / count - 0.5) < 4.5 * 0.5 / count**0.5, need


def test_an_odd_choice_out_falls_to_either_side():
    found = {int(balanced_sides(3, np.random.default_rng(seed)).sum()) for seed in range(30)}
    assert found == {1, 2}


def test_held_out_needs_come_before_all_others():
    for expert in (1, 2):
        needs = {ask.need for ask in _plan() if ask.expert == expert}
        assert {10, 11, 12} <= needs
        assert len(needs) == 4


def test_they_do_not_come_first_on_the_screen():
    first = {next(ask.need for ask in _plan(seed) if ask.position == 1) >= 20 for seed in range(30)}
    assert first == {True, False}


def test_experts_are_spread_over_needs_before_two_get_the_same():
    asks = _plan(held_out=[], others=range(20, 28))
    assert sorted(ask.need for ask in asks) == list(range(20, 28))


def test_nobody_is_asked_about_a_need_twice_or_about_one_that_is_barred():
    asks = _plan(each=50, barred={1: [10, 20]})
    assert sorted(ask.need for ask in asks if ask.expert == 1) == [11, 12, 21, 22, 23]
    assert sorted(ask.need for ask in asks if ask.expert == 2) == [10, 11, 12, 20, 21, 22, 23]
    assert [ask.position for ask in asks if ask.expert == 1] == [1, 2, 3, 4, 5]


def test_an_even_answer_counts_half_and_few_needs_have_no_interval():
    found = share([(1, CHALLENGER), (2, EQUAL), (3, CHAMPION)])
    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert share([]).value is None
    assert share([(need, EQUAL) for need in range(5)]).p_value is None


def test_a_second_expert_on_the_same_needs_tells_less_than_another_need():
    answers = [CHALLENGER] * 8 + [CHAMPION] * 4
    apart = share(list(enumerate(answers * 2)))
    together = share([(i % 12, value) for i, value in enumerate(answers * 2)])
    once = share(list(enumerate(answers)))
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low
    assert together.high - together.low >= once.high - once.low, "experts who agree add nothing"
    assert together.p_value == once.p_value


def test_unanimous_experts_count_once_for_each_need():
    assert (
        share([(i % 5, CHALLENGER) for i in range(15)]).low == share([(i, CHALLENGER) for i in range(5)]).low
    )


@pytest.mark.parametrize("experts", [1, 3])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(experts):
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(400):
        taste = rng.beta(1.4, 0.6, 12)  # needs differ: experts agree on each more than by chance
        answers = [(need, float(rng.random() < taste[need])) for need in range(12) for _ in range(experts)]
        found = share(answers)
        inside += found.low <= 0.7 <= found.high
    assert inside / 400 > 0.92
