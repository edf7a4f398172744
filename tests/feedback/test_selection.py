"""Which lists a session shows: shares, overlap, repeats and probabilities."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest

from feedback.selection import REPEAT_GAP, SHARED_BY, CandidateRows, PlanRequest, plan

QUERIES = list(range(100, 140))
SHOWN = 30
HELD_OUT_SHARE = 0.25


def _rows(queries=QUERIES, *, every=4, shown=SHOWN):
    rng = np.random.default_rng(0)
    n = len(queries) * shown
    keys = np.repeat(queries, shown)
    return CandidateRows(
        scores=rng.normal(size=(5, n)),
        queries=keys,
        items=np.tile(np.arange(1000, 1000 + shown), len(queries)),
        ranks=np.tile(np.arange(1, shown + 1), len(queries)),
        held_out=keys % every == 0,
        features=pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc")),
    )


def _plan(rows=None, *, seed=1, **changes):
    base = {
        "experts": [11, 12, 13, 14],
        "slates_per_expert": 20,
        "items_per_slate": 8,
        "random_share": 0.5,
        "overlap_share": 0.2,
    }
    return plan(PlanRequest(**{**base, **changes}), rows or _rows(), np.random.default_rng(seed))


def test_every_expert_gets_the_slates_asked_for_in_order():
    by_expert = defaultdict(list)
    for slate in _plan():
        by_expert[slate.expert].append(slate.position)
    assert by_expert == {expert: list(range(1, 21)) for expert in (11, 12, 13, 14)}


@pytest.mark.parametrize("share", [0.3, 0.5, 1.0])
def test_the_random_share_is_met_and_held_out_slates_and_repeats_are_always_random(share):
    for seed in range(3):
        slates = _plan(seed=seed, random_share=share)
        forced = [slate for slate in slates if slate.drawn.query % 4 == 0 or slate.repeats]
        assert all(slate.randomised for slate in forced)
        for expert in (11, 12, 13, 14):
            randomised = sum(slate.randomised for slate in slates if slate.expert == expert)
            own = sum(slate.expert == expert for slate in forced)
            assert randomised == max(np.ceil(share * 20), own)


def test_a_shared_slate_goes_to_several_experts_with_one_draw_of_items():
    slates = _plan(repeat_share=0.0)
    draws = defaultdict(list)
    for slate in slates:
        draws[id(slate.drawn)].append(slate)
    for group in draws.values():
        assert len({slate.expert for slate in group}) == len(group)
        assert len(group) == 1 or all(slate.shared for slate in group)
    assert max(len(group) for group in draws.values()) == SHARED_BY
    assert sum(slate.shared for slate in slates) == pytest.approx(0.2 * len(slates), abs=len(draws) * 0.05)


@pytest.mark.parametrize("overlap", [0.0, 0.2])
def test_a_query_comes_twice_only_when_there_are_no_others_left(overlap):
    slates = _plan(slates_per_expert=40, overlap_share=overlap, repeat_share=0.0)
    counts = Counter((slate.expert, slate.drawn.query) for slate in slates)
    assert set(counts.values()) == {1}


def test_one_expert_has_no_shared_slates():
    slates = _plan(experts=[7])
    assert len(slates) == 20
    assert not any(slate.shared for slate in slates)


def test_a_tenth_are_repeats_of_the_experts_own_lists_and_far_from_the_first_showing():
    slates = _plan(slates_per_expert=30)
    at = {(slate.expert, slate.position): slate for slate in slates}
    repeats = [slate for slate in slates if slate.repeats is not None]
    assert Counter(slate.expert for slate in repeats) == {11: 3, 12: 3, 13: 3, 14: 3}
    for slate in repeats:
        first = at[slate.expert, slate.repeats]
        assert first.repeats is None
        assert first.drawn.ranks == slate.drawn.ranks
        assert first.drawn.query == slate.drawn.query
        assert slate.position - first.position >= REPEAT_GAP
        assert slate.drawn.arm == "repeat"


@pytest.mark.parametrize(("slates", "repeats"), [(1, 0), (4, 0), (6, 1), (12, 1), (15, 2)])
def test_a_session_too_short_to_keep_showings_apart_has_no_repeats(slates, repeats):
    planned = _plan(experts=[7], slates_per_expert=slates)
    assert len(planned) == slates
    assert sum(slate.repeats is not None for slate in planned) == repeats


def test_lists_of_held_out_queries_are_drawn_at_random_and_no_others_are():
    arms = Counter()
    for slate in _plan(repeat_share=0.0):
        assert (slate.drawn.arm == "random") == (slate.drawn.query % 4 == 0)
        arms[slate.drawn.arm] += 1
    assert arms["random"] / arms.total() == pytest.approx(HELD_OUT_SHARE, abs=0.05)
    assert arms["committee"] > 10 * arms["red_flag"] > 0


def test_cards_of_held_out_lists_are_drawn_uniformly_with_the_probability_that_is_logged():
    drawn = np.zeros(SHOWN + 1)
    lists = 0
    for seed in range(40):
        slates = _plan(seed=seed, experts=[7], slates_per_expert=40, repeat_share=0.0)
        for slate in slates:
            if slate.drawn.arm == "random":
                assert set(slate.drawn.item_probabilities) == {8 / SHOWN}
                drawn[list(slate.drawn.ranks)] += 1
                lists += 1
    assert np.abs(drawn[1:] / lists - 8 / SHOWN).max() < 5 * np.sqrt(0.25 / lists)


def test_probabilities_are_probabilities():
    for slate in _plan():
        assert 0 < slate.drawn.probability <= 1
        assert len(slate.drawn.item_probabilities) == len(slate.drawn.ranks) == 8
        assert list(slate.drawn.ranks) == sorted(set(slate.drawn.ranks))


def test_a_short_list_is_shown_whole():
    slates = _plan(_rows(shown=5))
    assert {slate.drawn.ranks for slate in slates} == {(1, 2, 3, 4, 5)}
    assert {slate.drawn.item_probabilities for slate in slates} == {(1.0,) * 5}


def test_nobody_is_asked_about_an_item_of_interest_and_shared_lists_spare_all():
    conflicts = {(11, query): frozenset({1000, 1003}) for query in QUERIES}
    for slate in _plan(conflicts=conflicts):
        if slate.expert == 11 or slate.shared:
            assert not {1, 4} & set(slate.drawn.ranks)


def test_an_expert_with_an_interest_in_everything_gets_nothing():
    conflicts = {(11, query): frozenset(range(1000, 1000 + SHOWN)) for query in QUERIES}
    slates = _plan(conflicts=conflicts, overlap_share=0.0)
    assert {slate.expert for slate in slates} == {12, 13, 14}


def test_all_queries_held_out_or_none_can_be_asked_about():
    assert {slate.drawn.arm for slate in _plan(_rows(every=1), repeat_share=0.0)} == {"random"}
    without = Counter(slate.drawn.arm for slate in _plan(_rows(every=1000), repeat_share=0.0))
    assert without["committee"] > without["random"] > 0


def test_a_session_is_planned_alike_for_the_same_seed():
    assert _plan(seed=5) == _plan(seed=5)
    assert _plan(seed=5) != _plan(seed=6)
