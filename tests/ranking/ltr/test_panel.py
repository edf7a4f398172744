"""Experts who contradict each other: without a majority nobody is called wrong, whatever the incumbent."""

import numpy as np
import pytest

from ranking.ltr import Preferences, refine
from ranking.ltr.boosting import BoostingParams
from ranking.ltr.judges import JudgeReport
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.panel import Panel, settled
from ranking.ltr.training import train
from tests.ranking.ltr.panels import CHEAP, DEAR, RANDOM, YOUNG, panel, rule

FEW = BoostingParams(rounds=3, min_data_in_leaf=5)


def refined(made, direction=None):
    features, queries, pairs = made
    incumbent = None if direction is None else rule(features, direction)
    return refine(features, pairs, queries=queries, incumbent=incumbent, params=FEW)


def verdicts(model):
    return [judge["verdict"] for judge in model.report["judges"].values()]


OPPOSED = {
    "one against one": panel(CHEAP, DEAR),
    "two against two": panel(CHEAP, CHEAP, DEAR, DEAR),
    "three against two": panel(CHEAP, CHEAP, CHEAP, DEAR, DEAR),
    "two against one": panel(CHEAP, DEAR, CHEAP),
    "right angles": panel(CHEAP, CHEAP, YOUNG, YOUNG),
    "lists of their own": panel(CHEAP, DEAR, shared=False),
    "tastes that no line sees": panel(CHEAP, DEAR, bent=True),
    "six lists": panel(CHEAP, DEAR, lists=6),
}


@pytest.mark.parametrize("made", OPPOSED.values(), ids=OPPOSED)
def test_experts_who_contradict_each_other_are_said_to_whichever_way_the_incumbent_points(made):
    models = {way: refined(made, way) for way in ("ascending", "descending")}
    for model in models.values():
        assert set(verdicts(model)) == {"contradicts"}
        assert model.report["choice"].startswith("the experts contradict each other (j0")
        assert model.report["panel"]["contradicting"]
    up, down = models["ascending"], models["descending"]
    assert up.report["panel"] == down.report["panel"]
    assert up.report["kept_incumbent"] == down.report["kept_incumbent"]
    if not up.report["kept_incumbent"]:
        scores = [one.score(made[0]) for one in (up, down)]
        assert np.corrcoef(*scores)[0, 1] > 0.95


@pytest.mark.parametrize("way", ["ascending", "descending"])
def test_shares_of_pairs_are_shares_of_what_was_said(way):
    model = refined(OPPOSED["one against one"], way)
    assert model.report["kept_incumbent"]
    assert model.report["combined"]["accuracy"] == pytest.approx(0.5, abs=0.03)
    assert all(one["accuracy"] == pytest.approx(0.5, abs=0.04) for one in model.report["candidates"])


def test_the_pairs_of_an_inverted_judge_count_as_they_were_said():
    made = panel(CHEAP, CHEAP, CHEAP, CHEAP, DEAR)
    model = refined(made)
    assert verdicts(model) == ["reliable"] * 4 + ["inverted"]
    as_said = pair_accuracy(model.score(made[0]), made[2]).mean()
    assert model.report["combined"]["accuracy"] == pytest.approx(as_said, abs=0.04)
    assert (
        as_said < 0.8
    )  # four of five have about nine in ten of their pairs in order, and one has one in ten


def test_how_far_the_sides_agree_is_counted_on_the_pairs_that_both_put_in_an_order():
    _, _, pairs = made = OPPOSED["two against two"]
    found = refined(made).report["panel"]
    assert found["sides"] == [["j0", "j1"], ["j2", "j3"]]
    said = {
        (judge, *sorted(pair)): pair[0] < pair[1]
        for judge, *pair in zip(pairs.judge, pairs.winner.tolist(), pairs.loser.tolist(), strict=True)
    }
    both = [
        up == said[other, low, high]
        for (judge, low, high), up in said.items()
        for other in ("j2", "j3")
        if judge in ("j0", "j1")
    ]
    assert found["concord"]["share"] == pytest.approx(np.mean(both))
    assert found["concord"]["pairs"] == len(both)
    assert found["concord"]["low"] < found["concord"]["share"] < found["concord"]["high"] < 0.3


def test_without_shared_pairs_it_is_what_one_side_says_of_the_others_pairs():
    concord = refined(OPPOSED["lists of their own"]).report["panel"]["concord"]
    assert (concord["pairs"], concord["low"]) == (0, None)
    assert concord["share"] < 0.25


AGREED = {
    "two of one taste": ((CHEAP, CHEAP), {}),
    "four who are noisy": ((CHEAP,) * 4, {"noise": 2.0}),
    "two with few lists": ((DEAR, DEAR), {"lists": 6}),
    "one alone": ((CHEAP,), {}),
    "four of a bent taste": ((CHEAP,) * 4, {"bent": True}),
}


@pytest.mark.parametrize("how", AGREED.values(), ids=AGREED)
@pytest.mark.parametrize("way", ["ascending", "descending"])
def test_experts_of_one_taste_raise_no_alarm_even_against_the_incumbent(how, way):
    tastes, more = how
    model = refined(panel(*tastes, **more), way)
    assert set(verdicts(model)) == {"reliable"}
    assert not model.report["panel"]["contradicting"]
    assert "contradict" not in model.report["choice"]


@pytest.mark.parametrize("way", ["ascending", "descending", "constant"])
def test_one_of_two_who_answers_at_random_is_not_called_so(way):
    model = refined(panel(CHEAP, RANDOM), way)
    assert verdicts(model) == ["reliable", "contradicts"]
    assert "nobody agrees with j1" in model.report["choice"]
    assert model.report["panel"]["concord"]["share"] == pytest.approx(0.5, abs=0.06)
    assert not model.report["kept_incumbent"]


def test_one_of_three_who_answers_at_random_is():
    assert verdicts(refined(panel(CHEAP, CHEAP, RANDOM), "descending")) == ["reliable", "reliable", "random"]


@pytest.mark.parametrize("way", ["ascending", "descending"])
def test_one_of_four_who_says_the_opposite_is_inverted(way):
    model = refined(panel(CHEAP, DEAR, CHEAP, CHEAP), way)
    assert verdicts(model) == ["reliable", "inverted", "reliable", "reliable"]
    assert not model.report["panel"]["contradicting"]


def report(verdict, own=True):
    return JudgeReport(0.4, 9, 90, own, 0.3, 0.5, verdict=verdict)


@pytest.mark.parametrize(
    ("said", "found", "contradicting"),
    [
        (["reliable", "careless", "anchored", "inverted"], None, False),
        (["reliable", "reliable", "inverted"], ["contradicts"] * 3, True),
        (["reliable"] * 5 + ["inverted"] * 2, ["contradicts"] * 7, True),
        (["reliable"] * 6 + ["inverted"] * 2, None, False),
        (["reliable", "reliable", "random"], None, False),
        (
            ["reliable", "reliable", "random", "random"],
            ["reliable", "reliable", "contradicts", "contradicts"],
            True,
        ),
        (["reliable"] * 3 + ["inverted", "random", "random"], None, False),
        (["random"], ["unknown"], False),
        (["inverted"], ["unknown"], False),
        (["inverted", "inverted"], ["unknown"] * 2, False),
    ],
)
def test_a_verdict_needs_a_majority(said, found, contradicting):
    reports = {f"j{place}": report(verdict) for place, verdict in enumerate(said)}
    settled_reports, after = settled(reports, Panel())
    assert [one.verdict for one in settled_reports.values()] == (found or said)
    assert after.contradicting == contradicting


def test_neither_side_is_silenced():
    reports = {"ada": report("reliable"), "bob": report("random"), "new": report("unknown", own=False)}
    found, _ = settled(reports, Panel(sides=(("ada",), ("bob",))))
    assert {one.flip_rate for one in found.values()} == {0.1}
    assert [one.verdict for one in found.values()] == ["contradicts", "contradicts", "unknown"]


def test_judges_who_say_exactly_the_opposite_contradict_each_other():
    orders = np.random.default_rng(0).permuted(np.arange(80).reshape(10, 8), axis=1)
    pairs = Preferences.from_orders(
        [*orders.tolist(), *orders[:, ::-1].tolist()], judge=["ada"] * 10 + ["bob"] * 10
    )
    features, queries = panel(CHEAP, lists=10)[:2]
    model = refine(features, pairs, queries=queries, params=FEW)
    assert model.report["panel"]["concord"]["share"] == 0
    assert verdicts(model) == ["contradicts", "contradicts"]


# --- whole trainings ----------------------------------------------------------------------------------------
def turned(pairs, judge):
    """The pairs with all of one judge's the other way round."""
    own = (pairs["judge"] == judge).to_numpy()
    return pairs.assign(
        winner=np.where(own, pairs["loser"], pairs["winner"]),
        loser=np.where(own, pairs["winner"], pairs["loser"]),
        shown_gap=np.where(own, -pairs["shown_gap"], pairs["shown_gap"]),
    )


def test_a_training_on_experts_who_contradict_each_other_is_not_promoted(make_world):
    world = make_world(lists=90, rounds=3)
    pairs = turned(world.task.pairs, "bob")
    result = train(world.with_(pairs=pairs[pairs["judge"] != "eve"]).task)
    assert result.report["panel"]["sides"] == [["ada"], ["bob"]]
    assert result.report["choice"].startswith("the experts contradict each other (ada against bob)")
    assert result.evaluation["no_standard"] == []
    assert result.evaluation["verdict"] != "promote"


def test_the_gate_of_a_training_hears_an_expert_whose_answers_it_inverted(make_world):
    world = make_world(lists=150, rounds=3)
    number = world.task.pairs["list_id"]
    judge = (number + number // 40) % 5  # otherwise a judge has eight queries
    pairs = turned(world.task.pairs.assign(judge=judge.map("abcde".__getitem__)), "c")
    result = train(world.with_(pairs=pairs).task)
    assert result.report["judges"]["c"]["verdict"] == "inverted"
    assert result.evaluation["inverted"] == result.evaluation["no_standard"] == ["c"]
    (check,) = [one for one in result.evaluation["gate"]["checks"] if one["name"] == "experts"]
    (line,) = [one for one in check["figures"]["tested"] if one["what"].startswith("agreement with c ")]
    assert line["difference"] < -0.1
    assert check["verdict"] == "not_yet"
