"""Which lists a session shows: shares, overlap and probabilities."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from feedback.selection import SHARED_BY, WINDOW, PlanRequest, draw_items, plan


def _request(**changes):
    base = {
        "experts": [11, 12, 13, 14],
        "queries": list(range(100, 140)),
        "held_out": [query % 4 == 0 for query in range(100, 140)],
        "slates_per_expert": 20,
        "random_share": 0.5,
        "overlap_share": 0.2,
    }
    return PlanRequest(**{**base, **changes})


def test_every_expert_gets_the_slates_asked_for_in_order():
    slates = plan(_request(), np.random.default_rng(1))
    by_expert = defaultdict(list)
    for slate in slates:
        by_expert[slate.expert].append(slate.position)
    assert by_expert == {expert: list(range(1, 21)) for expert in (11, 12, 13, 14)}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 1.0])
def test_the_random_share_is_met_and_held_out_slates_are_always_random(share):
    for seed in range(10):
        slates = plan(_request(random_share=share), np.random.default_rng(seed))
        assert all(slate.randomised for slate in slates if slate.query % 4 == 0)
        for expert in (11, 12, 13, 14):
            own = [slate for slate in slates if slate.expert == expert]
            randomised = sum(slate.randomised for slate in own)
            held_out = sum(slate.query % 4 == 0 for slate in own)
            assert randomised == max(np.ceil(share * len(own)), held_out)


def test_a_shared_slate_goes_to_several_experts_with_one_draw_of_items():
    slates = plan(_request(), np.random.default_rng(3))
    draws = defaultdict(list)
    for slate in slates:
        draws[slate.draw].append(slate)
    for group in draws.values():
        assert len({slate.query for slate in group}) == 1
        assert len({slate.expert for slate in group}) == len(group)
        assert len(group) == 1 or all(slate.shared for slate in group)
    assert max(len(group) for group in draws.values()) == SHARED_BY
    assert sum(slate.shared for slate in slates) == pytest.approx(0.2 * len(slates), abs=len(draws) * 0.05)


def test_a_query_comes_twice_only_when_there_are_no_others_left():
    slates = plan(_request(slates_per_expert=40, overlap_share=0.0), np.random.default_rng(5))
    counts = Counter((slate.expert, slate.query) for slate in slates)
    assert set(counts.values()) == {1}


def test_one_expert_has_no_shared_slates():
    slates = plan(_request(experts=[7]), np.random.default_rng(5))
    assert len(slates) == 20
    assert not any(slate.shared for slate in slates)


@pytest.mark.parametrize(("eligible", "count"), [(1000, 8), (61, 8), (60, 20), (9, 8), (30, 29)])
def test_items_are_drawn_with_the_probabilities_that_are_logged(eligible, count):
    rng = np.random.default_rng(eligible)
    drawn, logged = np.zeros(eligible + 1), np.zeros(eligible + 1)
    rounds = 3000
    for _ in range(rounds):
        ranks, probabilities = draw_items(eligible, count, rng)
        assert len(np.unique(ranks)) == count
        drawn[ranks] += 1
        logged[ranks] = probabilities
    window = min(eligible, max(WINDOW, count))
    assert logged.sum() == pytest.approx(count, abs=1e-6 + (logged[1 : window + 1] == 0).sum())
    error = np.abs(drawn / rounds - logged)
    assert error.max() < 5 * np.sqrt(0.25 / rounds)
    assert drawn[window + 1 :].sum() == 0


def test_a_short_list_is_shown_whole():
    ranks, probabilities = draw_items(5, 8, np.random.default_rng(0))
    assert ranks.tolist() == [1, 2, 3, 4, 5]
    assert probabilities.tolist() == [1.0] * 5


def test_the_top_of_the_list_is_drawn_more_often_than_its_end():
    ranks, few = draw_items(60, 8, np.random.default_rng(0))
    assert (np.diff(few) <= 1e-12).all()
    assert few.max() <= 1.0
    assert len(ranks) == 8
