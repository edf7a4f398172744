"""Reasons add up to what they explain."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.coverage import Coverage, fit_coverage
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.explain import pair_reasons, reasons
from ranking.ltr.model import Ranker, RuleComponent, TreeComponent
from ranking.ltr.preferences import Preferences
from ranking.ltr.refinement import RefinementComponent

COLUMNS = ("fee", "size", "idle")


def ranker_and_table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"fee": rng.normal(size=160), "size": rng.normal(size=160), "idle": 1.0})
    table.loc[::7, "size"] = np.nan
    worth = (table["size"].fillna(-1) - table["fee"].abs()).to_numpy()
    orders = [rows[np.argsort(-worth[rows])].tolist() for rows in np.arange(160).reshape(-1, 8)]
    rule = RuleComponent.fit(table, [("size", "descending")])
    text = boost(
        table,
        Preferences.from_orders(orders, judge="ada"),
        params=BoostingParams(rounds=20, num_leaves=6, min_data_in_leaf=5),
        seed=0,
        base_score=rule.score(table),
    )
    return Ranker(COLUMNS, (rule, TreeComponent("version 1", 1.0, COLUMNS, text))), table


RANKER, TABLE = ranker_and_table()


def test_all_reasons_of_a_row_sum_to_its_lead_over_the_reference():
    found = reasons(RANKER, TABLE.iloc[:5], TABLE, top=99)
    score = RANKER.score(TABLE)
    for row, listed in enumerate(found):
        assert sum(reason.contribution for reason in listed) == pytest.approx(
            score[row] - score.mean(), abs=1e-9
        )


def test_reasons_come_strongest_first_with_the_value_they_speak_of():
    (listed,) = reasons(RANKER, TABLE.iloc[[3]], TABLE, top=2)
    assert len(listed) == 2
    assert abs(listed[0].contribution) >= abs(listed[1].contribution)
    assert {reason.column: reason.value for reason in listed} == TABLE.iloc[3][["fee", "size"]].to_dict()


def test_a_column_that_adds_nothing_is_no_reason():
    assert "idle" not in {reason.column for listed in reasons(RANKER, TABLE, top=99) for reason in listed}


def test_a_missing_value_is_told_as_missing():
    (listed,) = reasons(RANKER, TABLE.iloc[[0]], TABLE, top=99)
    values = {reason.column: reason.value for reason in listed}
    assert np.isnan(values["size"])


def test_the_reasons_of_a_pair_sum_to_its_margin_exactly():
    score = RANKER.score(TABLE)
    for row in range(0, 60, 2):
        found = pair_reasons(RANKER, TABLE.iloc[[row]], TABLE.iloc[[row + 1]])
        assert found.margin == pytest.approx(score[row] - score[row + 1], abs=1e-12)
        assert sum(reason.contribution for reason in found.reasons) == pytest.approx(found.margin, abs=1e-9)


def test_the_reasons_of_a_pair_turned_round_are_the_same_with_the_other_sign():
    forth = pair_reasons(RANKER, TABLE.iloc[[1]], TABLE.iloc[[2]])
    back = pair_reasons(RANKER, TABLE.iloc[[2]], TABLE.iloc[[1]])
    assert {r.column: r.contribution for r in forth.reasons} == pytest.approx(
        {r.column: -r.contribution for r in back.reasons}
    )
    assert forth.reasons[0].winner_value == back.reasons[0].loser_value


def test_an_item_has_no_lead_over_itself():
    assert pair_reasons(RANKER, TABLE.iloc[[1]], TABLE.iloc[[1]]) == (0.0, ())


def test_arrays_are_explained_like_tables():
    array = TABLE.to_numpy()
    assert repr(reasons(RANKER, array[:3], array)) == repr(reasons(RANKER, TABLE.iloc[:3], TABLE))
    found = pair_reasons(RANKER, array[[1]], array[[2]])
    assert found == pair_reasons(RANKER, TABLE.iloc[[1]], TABLE.iloc[[2]])


def test_a_table_of_numbered_columns_is_scored_and_explained_by_what_was_learned_from_one():
    numbered = TABLE.set_axis([2, 0, 1], axis=1)
    rule = RuleComponent.fit(TABLE.set_axis(["2", "0", "1"], axis=1), [("0", "descending")])
    ranker = Ranker(("0", "1", "2"), (rule,))
    assert np.array_equal(ranker.score(numbered), ranker.score(numbered.set_axis(["2", "0", "1"], axis=1)))
    assert {one.column for row in reasons(ranker, numbered) for one in row} == {"0"}
    assert [one.column for one in pair_reasons(ranker, numbered.iloc[[1]], numbered.iloc[[2]]).reasons] == [
        "0"
    ]


SHORT = TABLE[["fee", "idle"]]


@pytest.mark.parametrize(
    "explained",
    [
        lambda: reasons(RANKER, SHORT),
        lambda: reasons(RANKER, TABLE, SHORT),
        lambda: pair_reasons(RANKER, SHORT.iloc[[0]], TABLE.iloc[[1]]),
        lambda: pair_reasons(RANKER, TABLE.iloc[[0]], SHORT.iloc[[1]]),
    ],
    ids=["rows", "reference", "winner", "loser"],
)
def test_a_column_that_is_missing_is_named(explained):
    with pytest.raises(InvalidFeatures, match="column 'size' is missing"):
        explained()


def test_a_name_that_is_there_twice_as_text_is_refused():
    table = pd.DataFrame([[1.0, 2.0]], columns=[0, "0"])
    rule = RuleComponent.fit(pd.DataFrame({"0": [1.0, 2.0]}), [("0", "descending")])
    with pytest.raises(InvalidFeatures, match="column '0' occurs more than once"):
        Ranker(("0",), (rule,)).score(table)


def test_no_rows_are_no_reference():
    with pytest.raises(InvalidFeatures, match="the reference has no rows; expected at least one"):
        reasons(RANKER, TABLE, TABLE.iloc[:0])
    assert reasons(RANKER, TABLE.iloc[:0]) == []


def test_a_pair_is_one_winner_and_one_loser():
    with pytest.raises(InvalidFeatures, match="2 and 1 rows"):
        pair_reasons(RANKER, TABLE.iloc[:2], TABLE.iloc[[3]])


# --- behind a gate ------------------------------------------------------------------------------------------
NEEDS = np.repeat(np.arange(60), 8)


def gated_ranker_and_table() -> tuple[Ranker, pd.DataFrame]:
    """What trees learned holds for needs of a high `need`, and less and less below."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"fee": rng.normal(size=480), "size": rng.normal(size=480)})
    table["need"] = np.repeat(np.linspace(-1, 1, 60), 8)
    worth = (table["size"] - table["fee"].abs() + table["need"]).to_numpy()
    orders = [rows[np.argsort(-worth[rows])].tolist() for rows in np.arange(480).reshape(-1, 8)]
    pairs = Preferences.from_orders(orders, judge="ada")
    text = boost(table, pairs, params=BoostingParams(rounds=9, min_data_in_leaf=5), seed=0)
    judged = table["need"].to_numpy() > 0
    coverage = fit_coverage(table[judged], NEEDS[judged], table[~judged], NEEDS[~judged], seed=0)
    assert isinstance(coverage, Coverage)
    rule = RuleComponent.fit(table, [("size", "descending")])
    trees = TreeComponent("trees", 0.7, ("fee", "size", "need"), text)
    return Ranker(tuple(table), (rule, RefinementComponent("version 1", 1.0, (trees,), coverage))), table


GATED, MANY_NEEDS = gated_ranker_and_table()
GATES = GATED.components[-1].gate(MANY_NEEDS)
SHUT, OPEN = int(np.argmin(GATES)), int(np.argmax(GATES))


def test_the_reasons_of_a_pair_of_two_queries_sum_to_its_margin_however_far_their_gates_are_open():
    assert (GATES[SHUT], GATES[OPEN]) == (0.0, 1.0)
    for rows in ([SHUT, OPEN], [OPEN, SHUT], *np.random.default_rng(0).integers(0, 480, (40, 2)).tolist()):
        found = pair_reasons(GATED, MANY_NEEDS.iloc[[rows[0]]], MANY_NEEDS.iloc[[rows[1]]])
        assert sum(one.contribution for one in found.reasons) == pytest.approx(found.margin, abs=1e-9)


@pytest.mark.parametrize("reference", [None, MANY_NEEDS.iloc[:100], MANY_NEEDS.iloc[[OPEN]]])
def test_all_reasons_of_rows_of_many_queries_sum_to_their_lead(reference):
    typical = GATED.score(MANY_NEEDS if reference is None else reference).mean()
    leads = GATED.score(MANY_NEEDS) - typical
    sums = [sum(one.contribution for one in row) for row in reasons(GATED, MANY_NEEDS, reference, top=9)]
    assert sums == pytest.approx(leads.tolist(), abs=1e-9)


def test_what_the_gate_does_is_told_with_how_far_it_is_open():
    found = pair_reasons(GATED, MANY_NEEDS.iloc[[OPEN]], MANY_NEEDS.iloc[[SHUT]])
    (own,) = (one for one in found.reasons if one.column == "base")
    assert (own.winner_value, own.loser_value) == (1.0, 0.0)
    (row,) = reasons(GATED, MANY_NEEDS.iloc[[OPEN]], MANY_NEEDS, top=9)
    assert [one.value for one in row if one.column == "base"] == [1.0]


def test_within_a_query_columns_are_all_reasons():
    for need in range(60):
        own = MANY_NEEDS[need == NEEDS]
        told = [one.column for row in reasons(GATED, own, top=9) for one in row]
        told += [one.column for one in reasons(GATED, own.iloc[[3]], own, top=9)[0]]
        told += [one.column for one in pair_reasons(GATED, own.iloc[[0]], own.iloc[[1]]).reasons]
        assert "base" not in told
