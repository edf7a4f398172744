"""The gate's worked cases, and the gain it promotes for: rates counted over many worlds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.ltr import gate
from ranking.ltr.decision import VERDICTS
from tests.ranking.ltr.gate.comparisons import failed, lines, of

CASES = json.loads((Path(__file__).parents[4] / "fixtures/cases/ltr_gate.json").read_text())


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
