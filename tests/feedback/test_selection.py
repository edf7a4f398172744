"""Which lists a session shows: shares, overlap, repeats and probabilities."""

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from feedback.selection import (
    GOLD,
    GOLD_EVERY,
    REPEAT_GAP,
    SHARED_BY,
    CandidateRows,
    KnownList,
    PlanRequest,
    orders_shown,
    plan,
)

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


# --- what is drawn by chance is drawn evenly: chi-squared over more than a thousand slates each -------------
SMALL = _rows(QUERIES[:20], shown=10)
LEAST_CHANCE = 0.001  # of figures as uneven as those found, if all were drawn evenly; seeds are fixed


@cache
def _sessions(count, slates, repeat_share):
    """Return sessions of one expert each, planned with seeds from 0."""
    asked = {"experts": [7], "slates_per_expert": slates, "repeat_share": repeat_share}
    return [_plan(SMALL, seed=seed, **asked) for seed in range(count)]


def _chance(observed, expected, *, freedom, scale=1.0):
    """Return the chance of counts at least as uneven; `scale` is for draws without replacement."""
    observed, expected = np.asarray(observed, float), np.broadcast_to(expected, np.shape(observed))
    return chi2.sf(scale * ((observed - expected) ** 2 / expected).sum(), freedom)


def _chance_of_orders(orders):
    """Return the chance of a table "which rank at which place" as uneven as that of these orders."""
    size = len(orders[0])
    table = np.zeros((size, size))
    for order in orders:
        table[np.arange(size), order] += 1
    # Each order fills each row and each column once: (size - 1)^2 cells are free (Anderson 1959).
    return _chance(table, len(orders) / size, freedom=(size - 1) ** 2, scale=(size - 1) / size)


def _random_orders(sessions):
    for seed, slates in enumerate(sessions):
        orders = orders_shown(slates, np.random.default_rng([seed, 1]))
        yield from ((slate, order) for slate, order in zip(slates, orders, strict=True) if slate.randomised)


def test_the_random_share_of_a_thousand_slates_is_as_configured_and_falls_on_every_place():
    sessions = _sessions(60, 20, 0.0)
    places = Counter(slate.position for slates in sessions for slate in slates if slate.randomised)
    assert sum(len(slates) for slates in sessions) == 1200
    assert places.total() == 600
    counts = [places[place] for place in range(1, 21)]
    # Ten of twenty in each session: drawn without replacement.
    assert _chance(counts, 30, freedom=19, scale=19 / 20 / 0.5) > LEAST_CHANCE


def test_every_rank_stands_at_every_place_equally_often_in_random_orders():
    orders = [order for _, order in _random_orders(_sessions(130, 16, 0.0))]
    assert len(orders) >= 1000
    assert _chance_of_orders(orders) > LEAST_CHANCE


def test_a_slate_that_is_not_in_random_order_is_in_the_order_of_the_version():
    for slates in _sessions(60, 20, 0.0):
        for slate, order in zip(slates, orders_shown(slates, np.random.default_rng(0)), strict=True):
            assert slate.randomised or order.tolist() == list(range(8))


def test_repeats_are_as_many_as_configured_of_any_list_and_come_at_any_place_far_enough():
    sessions = _sessions(400, 12, 0.1)
    repeats = [slate for slates in sessions for slate in slates if slate.repeats]
    assert len(repeats) == len(sessions) == sum(len(slates) for slates in sessions) / 12
    firsts = Counter(slate.repeats for slate in repeats)
    sources = 12 - REPEAT_GAP  # whose repeat can come far enough
    assert _chance([firsts[place] for place in range(1, sources + 1)], 400 / sources, freedom=sources - 1) > (
        LEAST_CHANCE
    )
    apart = Counter((slate.repeats, slate.position) for slate in repeats)
    possible = [(first, at) for first in range(1, sources + 1) for at in range(first + REPEAT_GAP, 13)]
    expected = [firsts[first] / (sources + 1 - first) for first, _ in possible]
    assert set(apart) <= set(possible)
    assert _chance([apart[one] for one in possible], expected, freedom=len(possible) - sources) > LEAST_CHANCE


def test_a_repeat_is_in_another_order_and_the_second_showing_does_not_give_the_first_away():
    sessions = _sessions(400, 12, 0.1)
    seen = []
    for seed, slates in enumerate(sessions):
        orders = orders_shown(slates, np.random.default_rng([seed, 2]))
        again = next(slate for slate in slates if slate.repeats)
        assert not np.array_equal(orders[again.position - 1], orders[again.repeats - 1])
        seen.append(orders[again.position - 1])
    assert _chance_of_orders(seen) > LEAST_CHANCE


def test_a_list_in_ten_that_is_not_shuffled_would_be_seen():
    orders = [order for _, order in _random_orders(_sessions(130, 16, 0.0))]
    biased = [np.arange(8) if place % 10 == 0 else order for place, order in enumerate(orders)]
    assert _chance_of_orders(biased) < LEAST_CHANCE / 1000


# --- lists of known order -----------------------------------------------------------------------------------
def _known(gold, query, *, size=8, not_asked=()):
    return KnownList(
        gold=gold,
        query=query,
        ranks=tuple(range(1, size + 1)),
        items=tuple(range(1000, 1000 + size)),
        not_asked=frozenset(not_asked),
    )


def _golds(slates, expert=None):
    return [slate for slate in slates if slate.gold is not None and expert in (None, slate.expert)]


def test_lists_of_known_order_take_the_place_of_others_in_random_order_and_any_place():
    places = set()
    for seed in range(5):
        slates = _plan(seed=seed, gold_per_expert=2, known=[_known(n, 100 + n) for n in range(4)])
        for expert in (11, 12, 13, 14):
            mine = [slate for slate in slates if slate.expert == expert]
            assert [slate.position for slate in mine] == list(range(1, 21))
            planted = _golds(mine)
            assert len({slate.gold for slate in planted}) == 2
            assert all(slate.randomised and not slate.shared and slate.drawn.arm == GOLD for slate in planted)
            assert {len(slate.drawn.ranks) for slate in mine} == {8}
            assert not {s.drawn.query for s in planted} & {s.drawn.query for s in mine if s.gold is None}
            places |= {slate.position for slate in planted}
    assert min(places) < 4
    assert max(places) > 17


def test_the_chance_of_each_is_that_of_its_draw_and_repeats_stay_apart():
    slates = _plan(gold_per_expert=3, known=[_known(n, 100 + n) for n in range(5)])
    assert sorted(slate.drawn.probability for slate in _golds(slates, 11)) == [1 / 5, 1 / 4, 1 / 3]
    for again in (slate for slate in slates if slate.repeats):
        assert again.position - again.repeats >= REPEAT_GAP
        assert again.gold is None
    drawn = Counter(
        slate.gold
        for seed in range(60)
        for slate in _golds(
            _plan(
                seed=seed,
                experts=[1],
                slates_per_expert=6,
                gold_per_expert=1,
                known=[_known(0, 100), _known(1, 101)],
            )
        )
    )
    assert 18 < drawn[0] < 42


def test_who_must_not_be_asked_gets_another_list_instead():
    known = [_known(0, 100, not_asked=[11]), _known(1, 101), _known(2, 102, size=7)]
    slates = _plan(gold_per_expert=3, known=known, conflicts={(11, 101): frozenset({1003})})
    assert not _golds(slates, 11)
    assert len([slate for slate in slates if slate.expert == 11]) == 20
    assert {slate.gold for slate in _golds(slates, 12)} == {
        0,
        1,
    }  # seven items would be known by their number


def test_of_one_need_no_expert_gets_two_and_a_short_session_gets_none():
    known = [_known(0, 100), _known(1, 100), _known(2, 101)]
    assert all(len(_golds(_plan(gold_per_expert=3, known=known), expert)) == 2 for expert in (11, 12))
    assert not _golds(_plan(slates_per_expert=GOLD_EVERY - 1, gold_per_expert=3, known=known))
    assert len(_golds(_plan(slates_per_expert=GOLD_EVERY, gold_per_expert=3, known=known), 11)) == 1


def test_a_longer_list_is_cut_at_random_and_the_chance_of_a_card_is_logged():
    slates = _plan(gold_per_expert=1, known=[_known(0, 100, size=16)])
    cuts = {slate.drawn.ranks for slate in _golds(slates)}
    assert len(cuts) > 1
    assert {slate.drawn.item_probabilities for slate in _golds(slates)} == {(0.5,) * 8}


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_the_random_share_of_the_others_is_met_without_those_of_known_order(share):
    slates = _plan(gold_per_expert=3, known=[_known(n, 100 + n) for n in range(3)], random_share=share)
    for expert in (11, 12, 13, 14):
        others = [slate for slate in slates if slate.expert == expert and slate.gold is None]
        assert sum(slate.randomised for slate in others) >= share * len(others)


def test_without_lists_of_known_order_the_plan_is_what_it_was():
    assert _plan(gold_per_expert=3) == _plan()
