"""Agreement of judges: known values where everything is known, and words where too little is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr.agreement import (
    NO_COMMON_LIST,
    NO_COMMON_RATING,
    NO_COMMON_ROWS,
    NO_COMPLETE_ROWS,
    NO_DIFFERENCE,
    NO_REPEAT,
    measure_agreement,
    repeat_consistency,
)
from ranking.ltr.concordance import rbo_by_chance
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.lines import judged_lines
from ranking.ltr.preferences import Preferences

ROWS = 6


def lines(list_id, judge, ranks, **more):
    """One judge's list, rows named by their place in `ranks`."""
    return pd.DataFrame(
        {"list_id": list_id, "judge": judge, "row": np.arange(len(ranks)), "rank": np.array(ranks, float)}
        | more
    )


def judged(lists, order_of, judges=("ada", "bob", "eve"), **more):
    """Lists of six rows; `order_of(judge, rng)` gives the ranks of a judge."""
    rng = np.random.default_rng(7)
    return pd.concat(
        [lines(number, judge, order_of(judge, rng), **more) for number in range(lists) for judge in judges],
        ignore_index=True,
    )


def in_order(_, __):
    return range(ROWS)


def at_random(_, rng):
    return rng.permutation(ROWS)


def eve_reversed(judge, _):
    return range(ROWS, 0, -1) if judge == "eve" else range(ROWS)


def values(found):
    measures = ("tau_b", "kendall_w", "rbo", "alpha_ranks", "separation")
    return {name: getattr(found, name).value for name in measures}


def test_judges_of_one_mind_agree_perfectly_by_every_figure():
    found = measure_agreement(judged(5, in_order))
    assert values(found) == dict.fromkeys(values(found), 1.0)
    assert (found.judges, found.lists, found.tau_b.n) == (3, 5, 5)
    assert (found.tau_b.low, found.tau_b.high) == (1.0, 1.0)


def test_independent_judges_agree_as_chance_has_it():
    found = measure_agreement(judged(150, at_random))
    assert found.tau_b.chance == 0.0
    assert found.kendall_w.chance == pytest.approx(1 / 3)
    assert found.rbo.chance == pytest.approx(rbo_by_chance(ROWS))
    for measure in (found.tau_b, found.kendall_w, found.rbo, found.alpha_ranks):
        assert measure.low < measure.chance < measure.high
        assert measure.value == pytest.approx(measure.chance, abs=0.05)
    assert found.separation.value < 0.2


@pytest.mark.parametrize("tiers", [2, 3])
def test_judges_who_fill_tiers_at_random_overlap_as_chance_has_it(tiers):
    found = measure_agreement(judged(150, lambda _, rng: rng.permutation(ROWS) * tiers // ROWS)).rbo
    assert found.low < found.chance < found.high
    assert found.chance > rbo_by_chance(ROWS) + 0.02


def test_one_reversed_judge_of_three_leaves_what_can_be_computed_by_hand():
    found = measure_agreement(judged(4, eve_reversed))
    assert found.tau_b.value == pytest.approx((1 - 1 - 1) / 3)
    assert found.kendall_w.value == pytest.approx(1 / 9)
    taus = {(pair.first, pair.second): pair.tau_b.value for pair in found.pairs}
    assert taus == {("ada", "bob"): 1.0, ("ada", "eve"): -1.0, ("bob", "eve"): -1.0}
    # two of three pairs of judges differ by n + 1 - 2r, whose mean square is (n^2 - 1)/3
    n, said = ROWS, 4 * 3 * ROWS
    observed, expected = 2 / 3 * (n**2 - 1) / 3, (n**2 - 1) / 6 * said / (said - 1)
    assert found.alpha_ranks.value == pytest.approx(1 - observed / expected)


def test_alpha_of_two_reversed_judges_is_near_minus_one():
    found = measure_agreement(judged(4, eve_reversed, judges=("ada", "eve")))
    assert found.alpha_ranks.value == pytest.approx(-1 + 1 / (4 * ROWS))
    assert (found.kendall_w.value, found.separation.value) == (0.0, 0.0)


def test_ratings_are_held_against_each_other_apart_from_places():
    table = judged(5, at_random, rating=[1, 2, 3, 4, 5, 5])
    found = measure_agreement(table)
    assert found.alpha_ratings.value == 1.0
    assert found.alpha_ranks.value < 0.5


def test_without_overlap_there_are_words_and_no_numbers():
    table = pd.concat([lines(number, judge, range(4)) for number, judge in enumerate("abcde")])
    found = measure_agreement(table)
    reasons = {
        "tau_b": NO_COMMON_ROWS,
        "kendall_w": NO_COMPLETE_ROWS,
        "rbo": NO_COMMON_ROWS,
        "alpha_ranks": NO_COMMON_LIST,
        "alpha_ratings": NO_COMMON_RATING,
        "separation": NO_COMMON_LIST,
        "kept": NO_REPEAT,
    }
    for name, reason in reasons.items():
        measure = getattr(found, name)
        assert (measure.value, measure.low, measure.n, measure.reason) == (None, None, 0, reason)
    assert (found.lists, found.pairs, found.consistency) == (0, (), ())


def test_nothing_judged_is_no_agreement_and_no_failure():
    found = measure_agreement(pd.DataFrame({"list_id": [], "judge": [], "row": [], "rank": []}))
    assert (found.judges, found.lists, found.tau_b.reason) == (0, 0, NO_COMMON_ROWS)


def test_few_lists_have_figures_and_no_interval():
    found = measure_agreement(judged(3, in_order))
    assert (found.tau_b.value, found.tau_b.low, found.tau_b.n) == (1.0, None, 3)


def test_who_tied_everything_says_nothing_about_the_order():
    found = measure_agreement(pd.concat([lines(1, "ada", range(4)), lines(1, "bob", [1] * 4)]))
    assert (found.tau_b.value, found.rbo.value, found.pairs) == (None, None, ())
    both = measure_agreement(pd.concat([lines(1, "ada", [1] * 4), lines(1, "bob", [1] * 4)]))
    assert (both.alpha_ranks.reason, both.separation.reason) == (NO_DIFFERENCE, NO_DIFFERENCE)


def test_rows_below_the_line_are_not_held_against_anybody():
    found = measure_agreement(
        pd.concat([lines(1, "ada", [1, 2, 3, np.nan, np.nan]), lines(1, "bob", [1, 2, 3, 5, 4])])
    )
    assert (found.tau_b.value, found.kendall_w.value) == (1.0, 1.0)


def test_lists_of_one_query_are_drawn_again_together():
    table = judged(8, at_random)
    by_query = table.assign(query=table["list_id"] // 2)
    alone, together = measure_agreement(table), measure_agreement(by_query)
    for name, value in values(alone).items():
        assert getattr(alone, name).n == 8
        assert getattr(together, name).n == 4
        if name != "separation":  # rows of one query are the same rows there, on one scale
            assert getattr(together, name).value == pytest.approx(value)


def test_a_repeat_is_held_against_its_judge_and_not_against_the_others():
    first = judged(4, in_order, judges=("ada", "bob"), occasion=1)
    again = lines(0, "ada", range(ROWS, 0, -1), occasion=2)
    same = lines(1, "ada", range(ROWS), occasion=9)
    found = measure_agreement(pd.concat([first, again, same]))
    assert found.tau_b.value == 1.0
    (ada,) = found.consistency
    assert (ada.judge, ada.repeats, ada.same) == ("ada", 2, 1)
    assert (ada.kept.value, ada.tau_b.value, ada.kept.chance) == (0.5, 0.0, 0.5)
    assert found.kept.value == 0.5


def test_a_third_time_is_held_against_the_second():
    table = pd.concat(
        [lines(1, "ada", order, occasion=n) for n, order in enumerate([[1, 2, 3]] * 2 + [[3, 2, 1]])]
    )
    (ada,) = repeat_consistency(table)
    assert (ada.repeats, ada.same, ada.kept.value) == (2, 1, 0.5)


def test_random_repeats_keep_half_of_the_pairs():
    rng = np.random.default_rng(3)
    twice = [(number, occasion) for number in range(200) for occasion in (0, 1)]
    table = pd.concat(lines(n, "eve", rng.permutation(ROWS), occasion=occasion) for n, occasion in twice)
    (eve,) = repeat_consistency(table)
    assert eve.repeats == 200
    assert eve.kept.low < eve.kept.chance < eve.kept.high
    assert eve.kept.value == pytest.approx(0.5, abs=0.04)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_the_lines_changes_nothing(seed):
    table = judged(5, at_random)
    shuffled = table.sample(frac=1.0, random_state=seed)
    assert measure_agreement(shuffled) == measure_agreement(table)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop(columns="rank"), "no column 'rank'; expected list_id, judge, row, rank"),
        (lambda table: table.assign(rank="first"), "rank of line 0 is not a finite number"),
        (lambda table: table.assign(rank=np.inf), "rank of line 0 is not a finite number"),
        (lambda table: table.assign(judge=[None, *table["judge"][1:]]), "judge of line 0 is missing"),
        (lambda table: table.assign(row=0), "row of line 1 stands twice in a list"),
        (lambda table: table.assign(query=range(len(table))), "query of line 0 differs within a list"),
        (lambda table: table.assign(rating="good"), "rating of line 0 is not a finite number"),
    ],
)
def test_lines_without_a_meaning_are_refused(change, words):
    with pytest.raises(InvalidPreferences, match=words):
        measure_agreement(change(judged(2, in_order)))


# --- from preferences ---------------------------------------------------------------------------------------
def test_preferences_agree_as_the_orders_that_they_came_from():
    table = judged(12, at_random)
    orders = [part.sort_values("rank")["row"].tolist() for _, part in table.groupby(["list_id", "judge"])]
    shown = [list_id for list_id, _ in table.groupby(["list_id", "judge"]).groups]
    pairs = Preferences.from_orders(orders, judge=["ada", "bob", "eve"] * 12, list_id=shown)
    assert measure_agreement(pairs) == measure_agreement(table)


def test_repeats_need_a_table_with_occasions():
    again = Preferences.from_orders([[0, 1, 2], [0, 2, 1]], judge="ada", list_id=[0, 0])
    with pytest.raises(InvalidPreferences, match="preferences know no occasions; expected a table of lines"):
        repeat_consistency(again)
    with pytest.raises(InvalidPreferences, match="second order of a list needs a table of lines with `occas"):
        measure_agreement(again)


def test_ties_come_back_as_equal_ranks_and_ratings_as_their_order():
    tied = Preferences.from_orders([[[4, 2], 0, [1, 3]]], judge="ada")
    rated = Preferences.from_ratings(rows=range(5), ratings=[2, 1, 3, 1, 3], judge="ada", list_id=0)
    for pairs in (tied, rated):
        assert judged_lines(pairs)["rank"].tolist() == [3, 4, 1, 4, 1]


def test_lists_of_one_query_are_drawn_again_together_where_preferences_are_told_the_queries():
    pairs = Preferences.from_orders(
        [[0, 1, 2], [0, 2, 1]] * 4, judge=["ada", "bob"] * 4, list_id=[0, 0, 1, 1, 2, 2, 3, 3]
    )
    lines_of = judged_lines(pairs, queries=["mandate"] * 3)
    assert (measure_agreement(pairs).tau_b.n, measure_agreement(lines_of).tau_b.n) == (4, 1)


def test_nothing_judged_is_a_table_without_lines():
    nothing = Preferences.from_pairs(winner=[], loser=[], judge=[])
    assert judged_lines(nothing).shape == (0, 4)
    assert measure_agreement(nothing).tau_b.reason == NO_COMMON_ROWS


NO_ORDER = {
    "a circle": {"winner": [0, 1, 2], "loser": [1, 2, 0]},
    "missing pairs": {"winner": [0, 2], "loser": [1, 3]},
    "a tie that is none": {"winner": [0, 0, 1], "loser": [1, 2, 2], "target": [1.0, 0.5, 0.5]},
    "both ways round": {"winner": [0, 1], "loser": [1, 0]},
}


@pytest.mark.parametrize("pairs", NO_ORDER.values(), ids=NO_ORDER.keys())
def test_pairs_of_no_one_order_are_refused_by_list_and_judge(pairs):
    with pytest.raises(InvalidPreferences, match="list 5, judge 'ada': its pairs make no one order"):
        judged_lines(Preferences.from_pairs(**pairs, judge="ada", list_id=5))


def test_a_probability_is_no_order():
    pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="ada", target=0.7)
    with pytest.raises(InvalidPreferences, match=r"pair 0: target is 0.7; expected 1 or, for a tie, 0.5"):
        measure_agreement(pairs)


def test_what_is_neither_table_nor_preferences_is_refused():
    with pytest.raises(InvalidPreferences, match="what was judged is a list; expected a table of lines"):
        measure_agreement([[0, 1]])
