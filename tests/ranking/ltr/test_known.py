"""Judges held against known orders: shares, ties, what was not placed, and what is said of whom."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.known import hold_against_known, known_verdict

KNOWN = np.arange(8.0)


def _judged(orders, *, known=KNOWN):
    """Lines of one judge who put list after list in an order."""
    return pd.DataFrame(
        [
            (number, "ada", row, rank, known[row])
            for number, ranks in enumerate(orders)
            for row, rank in enumerate(ranks)
        ],
        columns=["list_id", "judge", "row", "rank", "known"],
    )


def _verdict(orders):
    return hold_against_known(_judged(orders))[0].verdict


@pytest.mark.parametrize(
    ("ranks", "known", "kept", "same"),
    [
        ([0, 1, 2], [0, 1, 2], 1.0, 1),
        ([2, 1, 0], [0, 1, 2], 0.0, 0),
        ([0, 0, 0], [0, 1, 2], 0.5, 0),  # level: a half for each pair
        ([0, 1, 2], [0, 0, 1], 1.0, 0),  # the pair that is tied in the known order says nothing
        ([1, 0, np.nan], [0, 1, 2], 0.0, 0),  # what was not looked at says nothing
    ],
)
def test_pairs_are_counted_over_the_strict_ones_of_the_known_order(ranks, known, kept, same):
    found = hold_against_known(_judged([ranks], known=known))[0]
    assert (found.lists, found.kept.value, found.same) == (1, kept, same)
    assert (found.kept.chance, found.kept.low, found.verdict) == (0.5, None, "unknown")


def test_a_list_that_says_nothing_leaves_its_judge_out():
    assert hold_against_known(_judged([[0, np.nan, np.nan]])) == ()


def test_careful_judges_are_reliable_and_inverted_ones_are_named_after_four_lists():
    rng = np.random.default_rng(0)
    for _ in range(20):
        careful = [KNOWN + rng.normal(0, 1.5, 8) for _ in range(4)]
        assert _verdict(careful) == "reliable"
        assert _verdict([-ranks for ranks in careful]) == "inverted"


def test_judges_at_random_are_mostly_named_after_a_dozen_lists_and_seldom_called_reliable():
    rng = np.random.default_rng(1)
    found = [_verdict([rng.permutation(8) for _ in range(12)]) for _ in range(60)]
    assert found.count("random") >= 50
    assert found.count("reliable") <= 3


def test_each_judge_stands_for_themselves_and_columns_are_named():
    two = pd.concat([_judged([KNOWN]), _judged([-KNOWN]).assign(judge="eve")])
    assert [(one.judge, one.kept.value) for one in hold_against_known(two)] == [("ada", 1.0), ("eve", 0.0)]
    assert hold_against_known(two)[0].to_dict()["judge"] == "ada"
    with pytest.raises(InvalidPreferences, match="judge"):
        hold_against_known(two.drop(columns="judge"))


def test_an_interval_around_chance_that_holds_a_careful_judge_too_says_nothing():
    found = hold_against_known(_judged([KNOWN, -KNOWN, KNOWN, -KNOWN]))[0]
    assert found.kept.value == 0.5
    assert known_verdict(found.kept) == "unknown"
