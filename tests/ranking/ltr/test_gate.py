"""The gate: what is promoted, held back and refused, and by which check; rates counted over many worlds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr import GateLimits, InvalidFeatures, PairedResults, gate, paired_results
from ranking.ltr.decision import VERDICTS, worst
from ranking.ltr.guardrails import (
    calibration_errors,
    exposure_equality,
    holm,
)
from ranking.ltr.metrics import exposure, pair_accuracy
from ranking.ltr.paired import HeldOut, best_shift
from ranking.ltr.preferences import Preferences
from ranking.ltr.tables import Pairs, Rows

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/ltr_gate.json").read_text())
QUERIES, SIZE = 40, 6


def lines(differences, champion=0.6, **cut):
    """Lines of figures of one comparison; the champion's move where a difference would lead beyond 0 or 1."""
    differences = np.clip(differences, -1, 1)
    champion = np.full(len(differences), champion)
    if cut.get("metric") != "placement":
        champion = np.clip(champion, np.maximum(-differences, 0), np.minimum(1 - differences, 1))
    table = pd.DataFrame({"query": [f"q{number}" for number in range(len(champion))], "champion": champion})
    metric = cut.pop("metric", "pair_accuracy")
    return PairedResults.of_queries(table.assign(challenger=champion + differences, **cut), metric).figures


def of(*parts, **more):
    return PairedResults(pd.concat(parts, ignore_index=True), **more)


def failed(decision):
    return [check.name for check in decision.checks if not check.passed]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["desc"])
def test_a_worked_case(case):
    parts = [
        lines(**{k: np.array(v) if k == "differences" else v for k, v in c.items()})
        for c in case["comparisons"]
    ]
    signed = pd.DataFrame(
        case.get("signed_off", []), columns=["query", "winner", "loser", "challenger", "champion"]
    )
    decision = gate(
        of(*parts, signed_off=signed),
        decisive=case.get("decisive", "pair_accuracy"),
        reseeded=case.get("reseeded"),
    )
    assert (decision.verdict, failed(decision)) == (case["verdict"], case["failed"])
    assert decision.slates_needed == case["slates_needed"]


# --- the gain -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.normal(0, 0.1, 15),
        lambda rng: 0.05 * rng.standard_t(2, 15),
        lambda rng: rng.choice([-1.0, 0.0, 1.0], 15, p=[0.1, 0.8, 0.1]),
    ],
    ids=["normal", "heavy tails", "discrete"],
)
def test_two_versions_that_differ_by_chance_are_promoted_in_one_of_twenty_at_most(draw):
    promoted = sum(
        gate(of(lines(draw(np.random.default_rng(seed)))), resamples=300, seed=seed).verdict == "promote"
        for seed in range(200)
    )
    assert promoted <= 17  # P(more than 17 of 200 at 5 %) = 1 %


def test_with_as_many_slates_as_it_asks_for_four_fifths_of_true_gains_are_promoted():
    rng = np.random.default_rng(0)
    first = gate(of(lines(0.1 * np.tile([1.0, -1.0], 10))))
    lists = 20 + first.slates_needed
    promoted = sum(
        gate(of(lines(rng.normal(0.02, 0.1026, lists))), resamples=500).verdict == "promote"
        for _ in range(200)
    )
    assert 0.7 <= promoted / 200 <= 0.9


def test_slates_are_counted_and_not_queries():
    once = gate(of(lines(np.tile([0.1, -0.1], 10))))
    thrice = gate(of(lines(np.tile([0.1, -0.1], 10), slates=3)))
    assert thrice.slates_needed == 3 * once.slates_needed


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.4, 0.4), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(differences, shuffle):
    table = lines(np.array(differences))
    order = list(range(len(table)))
    shuffle.shuffle(order)
    assert gate(of(table), resamples=200) == gate(of(table.iloc[order]), resamples=200)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=30))
def test_of_two_versions_at_most_one_may_replace_the_other(differences):
    there = gate(of(lines(np.array(differences))), resamples=200).verdict
    back = gate(of(lines(-np.array(differences))), resamples=200).verdict
    assert (there, back) != ("promote", "promote")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=30), st.floats(0.01, 0.2))
def test_a_further_guardrail_never_improves_a_verdict(differences, loss):
    main = lines(np.array(differences))
    harmed = lines(np.full(8, -loss), family="expert", group="ada")
    verdicts = [gate(of(*parts), resamples=200).verdict for parts in ([main], [main, harmed])]
    assert VERDICTS.index(verdicts[1]) >= VERDICTS.index(verdicts[0]) or verdicts[0] == "not_yet"


# --- the losses ---------------------------------------------------------------------------------------------
def test_noise_in_many_small_groups_refuses_in_one_of_twenty_at_most():
    refused = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        experts = [lines(rng.normal(0, 0.1, 10), family="expert", group=f"e{number}") for number in range(6)]
        refused += gate(of(lines(rng.normal(0.1, 0.1, 30)), *experts), resamples=300).verdict == "refuse"
    assert refused <= 11  # P(more than 11 of 100 at 5 %) = 0.4 %


def test_limits_are_parameters():
    results = of(lines(np.full(8, 0.05)), lines(np.full(8, -0.01), metric="ndcg@10"))
    assert gate(results).verdict == "refuse"
    assert gate(results, limits=GateLimits(base_ndcg=0.02)).verdict == "promote"


@pytest.mark.parametrize(
    "wrong",
    [
        {"expert": -0.1},
        {"level": 0.3},
        {"gain": 0.2},
        {"worth": 0.0},
        {"segment": float("nan")},
        {"power": 1.0},
        {"expert": "a"},
        {"segment": None},
        {"least_queries": True},
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidFeatures):
        GateLimits(**wrong)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_adjusts_upwards_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= a <= min(1.0, p * len(p_values)) + 1e-12 for p, a in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


def groups_of(seed, sizes):
    """Shares of groups of different sizes, over queries that are not the same for all."""
    rng = np.random.default_rng(seed)
    return {
        name: pd.DataFrame(
            {"challenger": rng.uniform(0.1, 0.9, size), "base": rng.uniform(0.2, 0.8, size)},
            index=[f"q{number}" for number in range(size)],
        )
        for name, size in zip("abc", sizes, strict=True)
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_values_by_query_have_the_figure_as_their_mean(seed):
    groups = groups_of(seed, (7, 9, 12))
    ratios = [group["challenger"].mean() / group["base"].mean() for group in groups.values()]
    assert exposure_equality(groups, "challenger").mean() == pytest.approx(min(ratios) / max(ratios))


def test_the_linearised_ratio_has_the_spread_of_the_ratio_itself():
    rng = np.random.default_rng(0)
    groups = groups_of(0, (60, 60, 60))
    values = exposure_equality(groups, "challenger")
    resampled = []
    for _ in range(500):
        drawn = rng.integers(0, 60, 60)
        ratios = [
            g["challenger"].to_numpy()[drawn].mean() / g["base"].to_numpy()[drawn].mean()
            for g in groups.values()
        ]
        resampled.append(min(ratios) / max(ratios))
    assert values.std() / np.sqrt(60) == pytest.approx(np.std(resampled), rel=0.35)


def test_a_confidence_that_is_met_has_no_calibration_error():
    margins = np.log(3) * np.array([1.0, 1.0, 1.0, -1.0])  # says .75, and is right in three of four
    errors = calibration_errors(margins, np.full(4, 0.5), pd.Series(["a", "a", "b", "b"]))
    assert errors.mean() == pytest.approx(0.0)


def test_exposure_is_shared_between_equal_scores():
    share = exposure(np.array([True, False, False, True]), [1.0, 1.0, 5.0, 2.0], ["a", "a", "b", "b"])
    assert share.values.round(4).to_dict() == {
        "a": 0.5,
        "b": round((1 / np.log2(3)) / (1 + 1 / np.log2(3)), 4),
    }


# --- groups ------------------------------------------------------------------------------------------------
def crossing_of(scores, members, preferences, queries):
    """Held-out pairs between members and others."""
    rows = Rows(
        features=pd.DataFrame({"x": scores}),
        queries=queries,
        labels=np.full(len(scores), np.nan),
        held_out=np.ones(len(scores), dtype=bool),
        segments={},
    )
    chosen = preferences.take(members[preferences.winner] != members[preferences.loser])
    return HeldOut(rows, scores, scores, chosen, np.zeros(len(scores), dtype=bool), seed=0)


@pytest.mark.parametrize("seed", range(20))
def test_no_shift_of_a_group_beats_the_best_one(seed):
    rng = np.random.default_rng(seed)
    n = 60
    scores, members = rng.integers(0, 6, n).astype(float), rng.random(n) < 0.4  # ties among them
    orders = [(rng.permutation(6) + 6 * query).tolist() for query in range(10)]
    queries = np.array([f"q{one // 6}" for one in range(n)], dtype=object)
    crossing = crossing_of(scores, members, Preferences.from_orders(orders, judge="ada"), queries)

    def accuracy(shift):
        return pair_accuracy(scores + shift * members, crossing.experts, queries).mean()

    found = best_shift(crossing, scores, members)
    assert accuracy(found) == pytest.approx(max(accuracy(shift) for shift in np.arange(-7, 7.1, 0.25)))
    assert found == 0 or accuracy(found) > accuracy(0)


def test_a_group_without_pairs_stays_where_it_is():
    nobody = np.zeros(6, dtype=bool)
    queries = np.repeat("q", 6).astype(object)
    crossing = crossing_of(np.zeros(6), nobody, Preferences.from_orders([[0, 1, 2]], judge="ada"), queries)
    assert best_shift(crossing, np.zeros(6), nobody) == 0.0


def test_whoever_is_right_about_a_group_is_not_refused_for_it():
    """A biased expert of three lets the weaker group win now and then; the truth is then wrong there."""
    rows, _ = tables()
    rng = np.random.default_rng(3)
    bank = owner() == 1
    truth = rng.normal(size=len(bank)) - 2 * bank
    judges = ["ada", "bob", "eve"] * QUERIES
    orders = []
    for query in range(QUERIES):
        at = np.arange(query * SIZE, (query + 1) * SIZE)
        seen = truth[at] + (3 * bank[at] if judges[query] == "eve" else 0) + rng.gumbel(0, 0.2, SIZE)
        orders.append(at[np.argsort(-seen)].tolist())
    preferences = Preferences.from_orders(orders, judge=judges[:QUERIES])
    always = np.ones(len(preferences), dtype=bool)
    pairs = Pairs(preferences, np.full(len(preferences), "reordered", dtype=object), always, always)
    won = preferences.take(bank[preferences.winner] & ~bank[preferences.loser])
    assert pair_accuracy(truth, won, rows.queries).mean() < 0.5  # what the winners' accuracy would say

    decision = gate(paired_results(rows, pairs, truth, truth + 2 * bank), resamples=500)
    (check,) = (check for check in decision.checks if check.name == "fairness")
    tested = {one["what"]: one for one in check.figures["tested"]}
    for what in ("pair accuracy", "placement"):
        found = tested[f"{what} between owner 'bank' and others"]
        assert (found["difference"] > 0, found["p"] > 0.2) == (True, True)


# --- from scores --------------------------------------------------------------------------------------------
def owner():
    """(n,) 0 or 1: by turns the first and the second of a query, so that neither group is better."""
    return (np.arange(QUERIES * SIZE) + np.repeat(np.arange(QUERIES), SIZE)) % 2


def tables():
    """Forty held-out queries of six candidates, each list judged in the order of the candidates."""
    n = QUERIES * SIZE
    number = np.repeat(np.arange(QUERIES), SIZE)
    orders = [list(range(q * SIZE, (q + 1) * SIZE)) for q in range(QUERIES)]
    preferences = Preferences.from_orders(orders, judge=["ada", "bob"] * (QUERIES // 2))
    rows = Rows(
        features=pd.DataFrame({"x": np.zeros(n)}),
        queries=np.array([f"q{one}" for one in number], dtype=object),
        labels=np.full(n, np.nan),
        held_out=np.ones(n, dtype=bool),
        segments={"half": np.array(["even", "odd"], dtype=object)[number % 2]},
        protected={"owner": np.array(["bank", "family"], dtype=object)[owner()]},
        items=np.array([f"i{one % SIZE}" for one in range(n)], dtype=object),
    )
    everywhere = np.ones(len(preferences), dtype=bool)
    return rows, Pairs(
        preferences, np.full(len(preferences), "reordered", dtype=object), everywhere, everywhere
    )


GOOD = np.tile(-np.arange(SIZE) / 2, QUERIES)


def bad(seed=0):
    return GOOD + np.random.default_rng(seed).normal(0, 1.5, len(GOOD))


def decide(challenger, champion=None, **more):
    rows, pairs = tables()
    results = paired_results(rows, pairs, challenger, 0.5 * bad() if champion is None else champion, **more)
    return gate(results, resamples=500)


def test_a_challenger_that_ranks_better_is_promoted_from_its_scores():
    decision = decide(3 * GOOD + 0.2 * (bad(1) - GOOD))
    assert decision.verdict == "promote", decision.reason
    assert [check.name for check in decision.checks] == [
        "sound",
        "superiority",
        "base",
        "segments",
        "experts",
        "fairness",
        "calibration",
        "signed_off",
        "noise_floor",
    ]


@pytest.mark.parametrize(
    ("challenger", "more", "check"),
    [
        (np.where(np.arange(len(GOOD)) == 7, np.nan, GOOD), {}, "sound"),
        (np.where(np.arange(len(GOOD)) == 7, np.inf, GOOD), {}, "sound"),
        (np.repeat(np.arange(QUERIES), SIZE).astype(float), {}, "sound"),
        (GOOD, {"trained_queries": ["q3"]}, "sound"),
        (-GOOD, {}, "superiority"),
        (100 * bad(1), {}, "calibration"),
        (GOOD + 2 * owner(), {}, "fairness"),
        (GOOD, {"signed_off": [("q3", "i4", "i1")]}, "signed_off"),
    ],
    ids=["NaN", "infinite", "constant", "leaked", "inverted", "miscalibrated", "unfair", "flipped"],
)
def test_a_challenger_that_breaks_a_guardrail_is_refused_by_it(challenger, more, check):
    decision = decide(challenger, **more)
    assert decision.verdict == "refuse"
    assert check in failed(decision)


def test_the_champion_at_another_scale_is_the_champion():
    decision = decide(3 * GOOD, GOOD)
    assert (decision.verdict, failed(decision), decision.slates_needed) == ("not_yet", ["sound"], None)


def test_signed_off_pairs_of_unknown_items_are_said_not_to_have_been_looked_at():
    decision = decide(GOOD, signed_off=[("q3", "i4", "nobody"), ("q3", "i1", "i4")])
    (check,) = (check for check in decision.checks if check.name == "signed_off")
    assert (check.passed, check.figures["pairs"], check.figures["missing"]) == (True, 1, 1)
    assert check.words == "all 1 stay in order; 1 could not be looked at"


def test_lists_that_were_not_shuffled_are_dropped_and_counted():
    rows, pairs = tables()
    shown = pairs.preferences.list_id < 30
    half = Pairs(pairs.preferences, pairs.origin, shown, pairs.held_out)
    decision = gate(paired_results(rows, half, GOOD, bad()), resamples=500)
    (gain,) = (check for check in decision.checks if check.name == "superiority")
    assert (decision.dropped, gain.figures["n_queries"]) == (10, 30)


@pytest.mark.parametrize(
    "decision",
    [
        lambda: decide(GOOD),
        lambda: decide(-GOOD),
        lambda: decide(GOOD, GOOD),
        lambda: decide(GOOD, signed_off=[("q3", "i4", "i1")]),
        lambda: gate(of(lines(np.array([])))),
        lambda: gate(of(lines(np.array([0.1])))),
    ],
)
def test_a_decision_can_be_written_as_json(decision):
    found = decision().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


# --- bad input ----------------------------------------------------------------------------------------------
def test_the_worst_verdict_counts():
    assert worst(["promote", "not_yet"]) == "not_yet"
    assert worst(["refuse", "not_yet"]) == "refuse"


TEN = np.tile([0.05, 0.06], 5)
BAD_INPUT = {
    "a difference that is no number": (lambda: of(lines(np.array([0.1, np.nan]))), {}, "not finite"),
    "a query twice": (lambda: of(lines(TEN), lines(TEN)), {}, "challenger has query 'q0' twice"),
    "an unknown deciding metric": (lambda: of(lines(TEN)), {"decisive": "map"}, "decisive metric is 'map'"),
    "one seed": (lambda: of(lines(TEN)), {"reseeded": [0.5]}, "two or more"),
    "a number for seeds": (
        lambda: of(lines(TEN)),
        {"reseeded": 0.7},
        r"reseeded has shape \(\); expected a number",
    ),
    "words for seeds": (lambda: of(lines(TEN)), {"reseeded": ["x", "y"]}, "reseeded holds .* such as 'x'"),
    "a mean that is none": (lambda: of(lines(TEN)), {"reseeded": [0.5, np.nan]}, "two or more finite means"),
    "no resamples": (lambda: of(lines(TEN)), {"resamples": 0}, "resamples is 0; expected a whole number"),
    "a negative seed": (lambda: of(lines(TEN)), {"seed": -1}, "seed is -1; expected a whole number"),
    "limits as a dict": (
        lambda: of(lines(TEN)),
        {"limits": {"gain": 0.01}},
        "limits are a dict; expected GateLimits",
    ),
    "a table of lines": (lambda: lines(TEN), {}, "results are a DataFrame; expected PairedResults"),
    "a column short": (lambda: of(lines(TEN).drop(columns="randomised")), {}, "no column 'randomised'"),
    "an unknown family": (lambda: of(lines(TEN, family="friends")), {}, "family 'friends'"),
    "an unknown metric": (
        lambda: of(lines(TEN, metric="ndcg")),
        {},
        "metric of figures, line 0 is 'ndcg'; expected",
    ),
    "a metric of another family": (
        lambda: of(lines(TEN, family="exposure")),
        {},
        "metric of figures, line 0 is 'pair_accuracy'; expected one of .'exposure@10',.",
    ),
    "text for figures": (
        lambda: of(lines(TEN).assign(champion="0.6")),
        {},
        "champion of figures, line 0 is '0.6'; expected a number",
    ),
    "percent": (
        lambda: of(lines(TEN).assign(champion=60.0)),
        {},
        "champion of figures, line 0 is 60.0; expected a share, from 0 to 1",
    ),
    "a list for a table": (
        lambda: PairedResults.of_queries([0.5]),
        {},
        "lines are a list; expected a DataFrame",
    ),
    "a list for figures": (lambda: PairedResults([0.5]), {}, "figures are a list; expected a DataFrame"),
    "a query without a key": (
        lambda: of(lines(TEN).assign(query=[None, *"abcdefghi"])),
        {},
        "query of figures, line 0 is .*; expected a query's key",
    ),
    "text for truth": (
        lambda: of(lines(TEN, randomised="False")),
        {},
        "randomised of figures, line 0 is 'False'; expected True or False",
    ),
    "a truth that is missing": (
        lambda: of(lines(TEN).assign(randomised=[True] * 9 + [np.nan])),
        {},
        "randomised of figures, line 9 is nan; expected True or False",
    ),
    "a margin's truth": (
        lambda: of(lines(TEN), margins=margins(randomised="False")),
        {},
        "randomised of margins, line 0 is 'False'; expected True or False",
    ),
    "a margin's weight": (
        lambda: of(lines(TEN), margins=margins(weight="1")),
        {},
        "weight of margins, line 0 is '1'",
    ),
    "one text for queries": (
        lambda: of(lines(TEN), trained_queries="q10"),
        {},
        "trained_queries is 'q10'; expected a collection of query keys",
    ),
    "a number for queries": (lambda: of(lines(TEN), trained_queries=7), {}, "trained_queries is a int"),
    "a query that is missing": (
        lambda: of(lines(TEN), trained_queries=["a", None]),
        {},
        "entry 1 is missing",
    ),
}


def margins(**change):
    line = {"query": "q0", "challenger": 0.5, "champion": 0.2, "weight": 1.0, "randomised": True}
    return pd.DataFrame([line | change])


@pytest.mark.parametrize(("results", "how", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(results, how, words):
    with pytest.raises(InvalidFeatures, match=words):
        gate(results(), **how)


def test_the_order_of_random_lists_may_be_said_in_any_truth_values():
    told = [
        lines(TEN, randomised=one) for one in (True, np.bool_(True), pd.Series([True] * 10, dtype="boolean"))
    ]
    assert [gate(of(one)).verdict for one in told] == ["promote"] * 3


# --- leaks --------------------------------------------------------------------------------------------------
LEAKS = {
    "whole numbers": (range(8), [0, 1]),
    "a set of whole numbers": (range(8), frozenset([0, 1])),
    "an array": (range(8), np.array([0, 1])),
    "a Series": (range(8), pd.Series([0, 1], index=[4, 5])),
    "their text": (range(8), ["0", "1"]),
    "read as floats": (range(8), [0.0, 1.0]),
    "the text of floats": (range(8), ["0.0", "1.0"]),
    "judged as floats": (np.arange(8.0), [0, 1]),
    "judged as text": (list("01234567"), [0, 1]),
    "judged as the text of floats": ([f"{one}.0" for one in range(8)], [0, 1]),
    "a generator": (range(8), (one for one in (0, 1))),
}


@pytest.mark.parametrize(("queries", "trained"), LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_is_found_however_the_keys_are_written(queries, trained):
    table = pd.DataFrame({"query": queries, "champion": 0.6, "challenger": 0.65 + 0.01 * np.arange(8)})
    decision = gate(PairedResults.of_queries(table, trained_queries=trained))
    assert (decision.verdict, failed(decision)) == ("refuse", ["sound"])
    assert "it has learned from 2 of the queries" in decision.reason


@pytest.mark.parametrize("trained", [[], ["q1"], [11], ["10"], [0.5]])
def test_other_queries_are_no_leak(trained):
    table = pd.DataFrame({"query": range(8), "champion": 0.6, "challenger": 0.65 + 0.01 * np.arange(8)})
    assert gate(PairedResults.of_queries(table, trained_queries=trained)).verdict == "promote"


def test_one_text_is_no_collection_of_queries():
    with pytest.raises(
        InvalidFeatures, match="trained_queries is 'q10'; expected a collection of query keys"
    ):
        decide(GOOD, trained_queries="q10")


# --- scores by position -------------------------------------------------------------------------------------
BACKWARDS = range(len(GOOD) - 1, -1, -1)


@pytest.mark.parametrize(
    "held", [list, tuple, pd.Series, lambda one: pd.Series(one, index=BACKWARDS)],
    ids=["list", "tuple", "Series", "Series of another index"],
)  # fmt: skip
def test_scores_belong_to_rows_by_position(held):
    challenger = 3 * GOOD + 0.2 * (bad(1) - GOOD)
    assert decide(held(challenger), held(0.5 * bad())) == decide(challenger)


SCORES_REFUSED = {
    "too few": (
        {"challenger": GOOD[:-1]},
        r"challenger has shape \(239,\); expected 240 numbers, one for each row",
    ),
    "two a row": (
        {"champion": np.stack([GOOD, GOOD], 1)},
        r"champion has shape \(240, 2\); expected 240 numbers",
    ),
    "none": ({"champion": None}, "champion is None; expected 240 numbers"),
    "text": ({"challenger": ["high"] * len(GOOD)}, "challenger holds what is no number, such as 'high'"),
}


@pytest.mark.parametrize(("change", "words"), SCORES_REFUSED.values(), ids=SCORES_REFUSED.keys())
def test_scores_that_are_not_one_number_a_row_are_refused(change, words):
    with pytest.raises(InvalidFeatures, match=words):
        paired_results(*tables(), **({"challenger": GOOD, "champion": bad()} | change))
