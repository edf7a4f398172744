"""What was done to a list -> who was preferred to whom: worked cases and properties."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.contradictions import by_ratings, contradicted
from feedback.preferences import ShownList, derive, negative_labels

CASES = json.loads((Path(__file__).parents[2] / "fixtures/cases/preferences.json").read_text())


def _shown_list(case):
    return ShownList(
        shown=case["shown"],
        kind=case["kind"],
        randomised=case["randomised"],
        tiers=case.get("tiers", []),
        ratings={int(card): rating for card, rating in case.get("ratings", {}).items()},
        decided_by=case.get("decided_by", ""),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["desc"])
def test_a_worked_case(case):
    pairs = derive(_shown_list(case))
    found = sorted([p.winner, p.loser, p.weight, p.target, p.origin, p.shown_gap] for p in pairs)
    assert found == sorted(case["pairs"])
    assert negative_labels(_shown_list(case)) == case.get("negative", [])


@st.composite
def _orders(draw):
    cards = draw(st.lists(st.integers(1, 10**6), min_size=2, max_size=8, unique=True))
    order = draw(st.permutations(cards))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1))))
    tiers = [list(order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    return ShownList(shown=cards, kind="reorder", randomised=draw(st.booleans()), tiers=tiers)


@given(_orders())
def test_a_whole_order_says_something_about_every_pair_once(judged):
    pairs = derive(judged)
    n = len(judged.shown)
    assert len({frozenset((p.winner, p.loser)) for p in pairs}) == len(pairs) == n * (n - 1) // 2


@given(_orders())
def test_the_winner_of_a_strict_pair_stands_in_a_better_tier(judged):
    tier = {card: i for i, cards in enumerate(judged.tiers) for card in cards}
    for pair in derive(judged):
        if pair.target == 1.0:
            assert tier[pair.winner] < tier[pair.loser]
        else:
            assert tier[pair.winner] == tier[pair.loser]


@given(_orders())
def test_a_list_never_counts_more_than_half_its_length(judged):
    assert sum(pair.weight for pair in derive(judged)) <= len(judged.shown) / 2 + 1e-9


@given(_orders())
def test_a_pair_is_kept_exactly_when_the_winner_was_shown_above(judged):
    for pair in derive(judged):
        if pair.origin in ("kept", "reordered"):
            assert (pair.origin == "kept") == (pair.shown_gap > 0)


@given(_orders(), st.data(), st.sampled_from(["", "order", "ratings"]))
def test_no_pair_says_the_opposite_of_a_rating_unless_the_expert_confirmed_the_order(judged, data, said):
    rated = data.draw(st.lists(st.sampled_from(judged.shown), unique=True))
    ratings = {card: data.draw(st.integers(1, 5)) for card in rated}
    tiers = by_ratings(judged.shown, judged.tiers, [], ratings)[0] if said == "ratings" else judged.tiers
    pairs = derive(replace(judged, tiers=tiers, ratings=ratings, decided_by=said))
    against = [p for p in pairs if ratings.get(p.winner, 9) < ratings.get(p.loser, 0) and p.target == 1]
    by_order = {(above, below) for above, below in contradicted(judged.tiers, ratings)}
    assert {(p.winner, p.loser) for p in against} == (by_order if said == "order" else set())


@pytest.mark.parametrize("kind", ["reorder", "about_equal", "none_suitable"])
def test_a_list_whose_order_was_known_says_nothing_whatever_was_done_to_it(kind):
    tiers = [[2], [1, 3]] if kind == "reorder" else []
    judged = ShownList(shown=[1, 2, 3], kind=kind, randomised=True, tiers=tiers, ratings={1: 5, 3: 1})
    assert derive(judged)
    assert derive(replace(judged, known=True)) == []
    assert negative_labels(replace(judged, known=True)) == []
