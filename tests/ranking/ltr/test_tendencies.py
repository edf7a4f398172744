"""Tastes of single judges: found where there are, and not taken for noise, the screen's pull or a misfit."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.preferences import Preferences
from ranking.ltr.tendencies import tendencies

JUDGES, SIZE = ("ada", "bob", "cleo", "dan", "eve"), 8


def panel(seed, lists, taste=lambda judge, table: 0.0, noise=lambda judge: 0.4, pull=lambda judge: 0.0):
    """Lists by turns; the margins of a model that knows what all of them want."""
    rng = np.random.default_rng(seed)
    n = lists * SIZE
    table = pd.DataFrame(rng.normal(size=(n, 4)), columns=["fit", "size", "fees", "age"])
    table["fees"] = 0.7 * table["size"] + 0.7 * table["fees"]
    utility = 1.5 * table["fit"].to_numpy()
    orders, shown, judges = [], [], []
    for number in range(lists):
        at, judge = np.arange(number * SIZE, (number + 1) * SIZE), JUDGES[number % len(JUDGES)]
        seen = utility[at] + taste(judge, table.iloc[at]) + rng.gumbel(0, noise(judge), SIZE)
        place = rng.permutation(SIZE)
        seen = np.asarray(seen) - pull(judge) * place / (SIZE - 1)
        orders.append(at[np.argsort(-seen)].tolist())
        shown.append(at[np.argsort(place)].tolist())
        judges.append(judge)
    pairs = Preferences.from_orders(orders, judge=judges, shown=shown)
    return pairs, utility[pairs.winner] - utility[pairs.loser], table


def named(seed, lists=75, **panelists):
    pairs, margins, table = panel(seed, lists, **panelists)
    return {(one.judge, one.column, one.effect > 0) for one in tendencies(margins, pairs, table)}


def of_bob(column, amount):
    return lambda judge, table: amount * table[column].to_numpy() if judge == "bob" else 0.0


@pytest.mark.parametrize(("amount", "more"), [(1.0, True), (-1.0, False)])
def test_a_taste_of_one_judge_is_named_and_its_reflections_are_not(amount, more):
    found = named(1, taste=of_bob("size", amount))  # fees follow size
    assert found == {("bob", "size", more)}


def test_two_tastes_of_one_judge_are_both_named():
    def taste(judge, table):
        return (table["age"] - table["size"]).to_numpy() if judge == "bob" else 0.0

    assert named(2, 150, taste=taste) == {("bob", "age", True), ("bob", "size", False)}


def test_what_all_judges_want_beyond_the_model_is_nobodys_own_taste():
    assert named(3, taste=lambda judge, table: table["age"].to_numpy()) == set()


def test_noise_and_the_shown_order_are_no_tastes():
    found = [
        named(
            seed,
            noise=lambda judge: 2.0 if judge == "bob" else 0.4,
            pull=lambda judge: 4.0 if judge == "eve" else 0.0,
        )
        for seed in range(10)
    ]
    assert sum(map(bool, found)) <= 1


def test_of_forty_panels_without_a_taste_hardly_one_is_given_one():
    assert sum(bool(named(seed)) for seed in range(40)) <= 5  # 5 % each: six or more in 1.4 % of such tests


def test_a_flag_that_few_lists_show_is_nobodys_taste():
    """Its lists are fitted to the letter: what is left of them is no error, and they are not a dozen."""
    found = []
    for seed in range(12):
        pairs, margins, table = panel(seed, 60, noise=lambda judge: 1.0)
        flags = np.random.default_rng(seed).random((len(table), 6)) < 0.02
        found.append(bool(tendencies(margins, pairs, pd.DataFrame(flags * 1.0))))
    assert sum(found) <= 1


def test_a_taste_for_a_flag_that_many_lists_show_is_named():
    flagged = np.random.default_rng(0).random(150 * SIZE) < 0.1
    pairs, margins, table = panel(
        4, 150, taste=lambda judge, rows: 3.0 * flagged[rows.index] if judge == "bob" else 0.0
    )
    found = tendencies(margins, pairs, table.assign(flag=flagged * 1.0))
    assert [(one.judge, one.column, one.effect > 0) for one in found] == [("bob", "flag", True)]


def test_a_judge_who_is_passed_over_or_has_few_lists_is_not_tested():
    pairs, margins, table = panel(1, 75, taste=of_bob("size", 1.0))
    assert tendencies(margins, pairs, table, skip=["bob"]) == []
    few, few_margins, few_table = panel(1, 35, taste=of_bob("size", 5.0))  # seven lists each
    assert tendencies(few_margins, few, few_table) == []


def test_one_judge_alone_has_nobody_to_be_compared_with():
    pairs, margins, table = panel(1, 75, taste=of_bob("size", 1.0))
    alone = pairs.judge == "bob"
    assert tendencies(margins[alone], pairs.take(alone), table) == []


def test_constant_and_missing_values_are_no_ground_for_a_taste():
    pairs, margins, table = panel(1, 75, taste=of_bob("size", 1.0))
    table = table.assign(same=3.0, gone=np.nan)
    table.loc[::3, "age"] = np.nan
    found = tendencies(margins, pairs, table)
    assert [(one.judge, one.column) for one in found] == [("bob", "size")]
    assert found[0].low < found[0].effect < found[0].high
    assert found[0].low < 1.0 < found[0].high


def test_a_copy_of_a_named_column_is_not_named_again():
    pairs, margins, table = panel(1, 75, taste=of_bob("size", 1.0))
    found = tendencies(margins, pairs, table.assign(copy=table["size"], twice=2 * table["size"]))
    assert len(found) == 1


@pytest.mark.parametrize("slips", [0.0, 0.2])
def test_a_taste_is_told_in_its_size_also_of_a_judge_who_slips(slips):
    """Each list is one pair; the margins and the rates are the true ones."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        fit, size = rng.normal(size=(2, 2, 2000))
        judge = np.tile(JUDGES, 400)
        margins = fit[0] - fit[1]
        wanted = margins + np.where(judge == "bob", 0.5, 0.0) * (size[0] - size[1])
        first = (rng.random(2000) < 1 / (1 + np.exp(-wanted))) ^ (rng.random(2000) < slips)
        rows = np.arange(4000).reshape(2, 2000)
        pairs = Preferences.from_pairs(
            winner=np.where(first, *rows), loser=np.where(first, *rows[::-1]), judge=judge
        )
        table = pd.DataFrame({"size": size.ravel(), "other": rng.normal(size=4000)})
        rates = dict.fromkeys(JUDGES, slips)
        found += tendencies(np.where(first, margins, -margins), pairs, table, flip_rate=rates)
    assert {(one.judge, one.column) for one in found} == {("bob", "size")}
    assert np.mean([one.effect for one in found]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([one.low < 0.5 < one.high for one in found]) > 0.7
