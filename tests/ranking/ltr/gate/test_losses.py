"""The losses that the gate refuses: groups, segments, experts, calibration, and their limits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr import GateLimits, InvalidFeatures, gate, paired_results
from ranking.ltr.guardrails import calibration_errors, exposure_equality, holm
from ranking.ltr.metrics import exposure, pair_accuracy
from ranking.ltr.paired import HeldOut, best_shift
from ranking.ltr.preferences import Preferences
from ranking.ltr.tables import Pairs, Rows
from tests.ranking.ltr.gate.comparisons import QUERIES, SIZE, lines, of, owner, tables


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


# --- groups -------------------------------------------------------------------------------------------------
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
