"""The mix of learners leaves its prior only with evidence, and belief needs more than luck."""

import numpy as np
import pytest

from ranking.ltr.members import Trial
from ranking.ltr.preferences import Preferences
from ranking.ltr.stacking import MIX, SURE_AT, SURE_FROM, Evidence, belief, best_of, stack, tried_entry


def evidence_of(lists, size=6, seed=0, sharpness=2.0):
    """Lists of one query each, and the true margins of what was said."""
    rng = np.random.default_rng(seed)
    utility = sharpness * rng.normal(size=(lists, size))
    orders = (
        np.argsort(-(utility + rng.gumbel(size=utility.shape)), axis=1) + size * np.arange(lists)[:, None]
    )
    pairs = Preferences.from_orders(orders.tolist(), judge="ada")
    flat = utility.ravel()
    nothing = np.zeros(len(pairs))
    units = pairs.list_id.astype(object)
    return Evidence(pairs, units, nothing, nothing), flat[pairs.winner] - flat[pairs.loser]


def trials_of(margins):
    return {family: Trial(family, {"ridge": 1.0}, one) for family, one in margins.items()}


def test_a_few_lists_stay_near_the_prior_mix_and_hundreds_leave_it():
    found = {}
    for lists in (4, 400):
        evidence, true = evidence_of(lists)
        noise = np.random.default_rng(9).normal(size=(len(MIX) - 1, len(true)))
        found[lists] = stack(trials_of(dict(zip(MIX, [noise[0], true, *noise[1:]], strict=True))), evidence)
    assert MIX["linear"] < found[4]["linear"] < found[400]["linear"] - 0.2
    assert found[400]["linear"] > 0.7
    assert max(weight for family, weight in found[400].items() if family != "linear") < 0.1


def test_no_weight_is_negative_even_for_a_learner_that_is_always_wrong():
    evidence, true = evidence_of(100)
    weights = stack(trials_of({"linear": true, "extra trees": -true}), evidence)
    assert weights["extra trees"] == 0
    assert weights["linear"] > 0.5


def test_equal_learners_share_by_the_prior():
    evidence, true = evidence_of(50)
    weights = stack(trials_of({"linear": true, "linear + trees": true}), evidence)
    assert weights["linear + trees"] - weights["linear"] == pytest.approx(
        MIX["linear + trees"] - MIX["linear"], abs=1e-3
    )


def test_nothing_gained_is_nothing_believed_and_a_clear_gain_wholly():
    evidence, true = evidence_of(60)
    nothing = np.zeros(len(true))
    assert belief(nothing, nothing, evidence) == (0.0, 0.0)
    assert belief(-true, nothing, evidence)[0] == 0.0
    believed, t = belief(true, nothing, evidence)
    assert believed == 1.0
    assert t > SURE_AT


def test_belief_rises_in_a_straight_line_between_its_two_ends():
    evidence, true = evidence_of(12, sharpness=0.6)
    for share in (0.05, 0.1, 0.2, 0.4, 0.8):
        believed, t = belief(share * true, np.zeros(len(true)), evidence)
        assert believed == pytest.approx(min(max((t - SURE_FROM) / (SURE_AT - SURE_FROM), 0), 1))


def test_three_lists_that_agree_by_luck_are_not_certainty():
    """Their gains are equal, so their own spread says that there is no doubt at all."""
    pairs = Preferences.from_pairs(winner=[0, 0, 0], loser=[1, 1, 1], judge="ada")
    nothing = np.zeros(3)
    evidence = Evidence(pairs, np.arange(3).astype(object), nothing, nothing)
    believed, t = belief(np.full(3, 0.5), nothing, evidence)
    assert believed < 0.5
    assert t < SURE_AT


def test_who_only_shrinks_the_incumbent_has_learned_nothing():
    """Where judges toss coins, any loss falls when margins do; the order would be given up for nothing."""
    evidence, true = evidence_of(200, sharpness=0.0)
    incumbent = 4 * true
    assert belief(incumbent / 10, incumbent, evidence)[0] == 0.0
    assert belief(np.zeros(len(true)), incumbent, evidence)[0] == 0.0


def test_a_single_query_proves_nothing():
    pairs = Preferences.from_pairs(winner=[0] * 60, loser=[1] * 60, judge="ada")
    nothing = np.zeros(60)
    evidence = Evidence(pairs, np.zeros(60, dtype=object), nothing, nothing)
    assert belief(np.full(60, 3.0), nothing, evidence) == (0.0, 0.0)


def test_the_unit_is_the_query_and_not_the_pair():
    """The same pairs are other evidence as forty queries of one pair than as two queries of twenty."""
    pairs = Preferences.from_pairs(winner=[0] * 40, loser=[1] * 40, judge="ada", weight=0.1)
    nothing = np.zeros(40)
    few, many = (Evidence(pairs, (np.arange(40) % n).astype(object), nothing, nothing) for n in (2, 40))
    margins = np.full(40, 3.0)
    assert len(few.by_unit(nothing)) == 2
    assert few.by_unit(pairs.weight).tolist() == pytest.approx([2.0, 2.0])
    assert belief(margins, nothing, few)[1] != belief(margins, nothing, many)[1]
    assert few.tried(margins, nothing).loss == pytest.approx(many.tried(margins, nothing).loss)


def test_the_trial_of_least_loss_stands_for_its_family():
    evidence, true = evidence_of(30)
    trials = [Trial("linear", {"ridge": r}, s * true) for r, s in ((80.0, 0.01), (16.0, 1.0), (3.0, -1.0))]
    assert best_of(trials, evidence)["linear"].size == {"ridge": 16.0}


def test_a_query_of_ties_only_has_a_loss_and_no_accuracy():
    pairs = Preferences.from_orders([[[0, 1]], [2, 3]], judge="ada")
    evidence = Evidence(pairs, pairs.list_id.astype(object), np.zeros(2), np.zeros(2))
    figures = evidence.tried(np.array([0.0, 5.0]), np.zeros(2))
    assert figures.loss == pytest.approx((np.log(2) + np.log1p(np.exp(-5))) / 2)
    assert (figures.accuracy, figures.accuracy_error) == (1.0, 0.0)


def test_anchoring_is_subtracted_before_anybody_is_blamed():
    """A pair that the shown order explains costs a model little, whatever it says itself."""
    pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="ada", shown_gap=[1.0])
    units = np.zeros(1, dtype=object)
    plain, pulled = (Evidence(pairs, units, np.zeros(1), np.array([g])) for g in (0.0, 4.0))
    margin = np.array([-1.0])
    assert plain.losses(margin) == pytest.approx([np.log1p(np.exp(1))])
    assert pulled.losses(margin) == pytest.approx([np.log1p(np.exp(-3))])


def test_the_report_says_plain_values():
    evidence, true = evidence_of(10)
    entry = tried_entry(Trial("linear", {"ridge": 16.0}, true), evidence, np.zeros(len(true)), 0.25)
    assert entry["words"] == "ridge 16"
    assert entry["weight"] == 0.25
    assert entry["gain"] > 0 < entry["gain_error"]
    assert all(
        isinstance(value, float) for key, value in entry.items() if key not in ("family", "size", "words")
    )


def test_a_better_loss_with_fewer_pairs_right_is_not_believed():
    """The incumbent has the true order on a skewed scale, which explains the pairs badly at every factor."""
    evidence, true = evidence_of(60)
    skewed = np.sinh(4 * true)
    blurred = true + 0.5 * np.random.default_rng(1).normal(size=len(true))
    believed, t = belief(blurred, skewed, evidence)
    assert (believed, t > SURE_AT) == (0.0, True)
    assert belief(true, skewed, evidence)[0] == 1.0, "as many pairs right: the loss alone decides"


def test_judges_who_leave_the_incumbents_order_as_it_is_shown_do_not_speak_for_it():
    """All lists are shown in the incumbent's order, and the pull of the screen is as strong as the needs."""
    rng = np.random.default_rng(0)
    true, incumbent = rng.normal(size=(2, 200))
    gap = np.sign(incumbent)
    said = np.where(rng.random(200) < 1 / (1 + np.exp(-(2 * true + 3 * gap))), 1.0, -1.0)
    pairs = Preferences.from_pairs(
        winner=np.where(said > 0, 0, 1), loser=np.where(said > 0, 1, 0), judge="ada", shown_gap=said * gap
    )
    evidence = Evidence(pairs, np.arange(200).astype(object), np.zeros(200), np.full(200, 3.0))
    learned, alone = 2 * true * said, incumbent * said
    assert evidence.accuracy(learned).mean() < evidence.accuracy(alone).mean() - 0.1
    believed, t = belief(learned, alone, evidence)
    assert (believed, t > SURE_AT) == (1.0, True)


def test_the_same_weight_right_by_other_pairs_is_no_fewer_right():
    """One puts .1 + .2 of each query right, the other .3: the sums differ in the last digit alone."""
    pairs = Preferences.from_pairs(
        winner=[0, 0, 0] * 12, loser=[1, 2, 3] * 12, judge="ada", weight=[0.1, 0.2, 0.3] * 12
    )
    nothing = np.zeros(36)
    evidence = Evidence(pairs, np.repeat(np.arange(12), 3).astype(object), nothing, nothing)
    incumbent, learned = np.array([2.0, 2.0, -100.0] * 12), np.array([-0.1, -0.1, 4.0] * 12)
    assert (evidence.accuracy(learned) < evidence.accuracy(incumbent)).all()
    assert belief(learned, incumbent, evidence)[0] > 0.5
