"""Judges: planted flip rates and anchoring are found, and nobody honest is called anything."""

from dataclasses import replace

import numpy as np
import pytest

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.judges import LEAST_RATE, MOST_RATE, JudgeReport, believed, judge_reports, plain
from ranking.ltr.preferences import Preferences


def judged(rates, *, lists=60, size=6, seed=0, sharpness=3.0, pull=0.0, agree=0.0, randomised=True):
    """(margins of a model, pairs, the incumbent's differences); judges turn pairs round at their rate.

    Lists are shown in random order, or in the incumbent's, and pull each judge by `pull`; a judge who agrees
    with the incumbent does so by `agree` beyond what the model knows.
    """
    rng = np.random.default_rng(seed)
    parts, margins, incumbent = [], [], []
    for name, rate in rates.items():
        for number in range(lists if isinstance(lists, int) else lists[name]):
            utility, base = rng.normal(0, sharpness, size), rng.normal(size=size)
            position = rng.permutation(size) if randomised else np.argsort(np.argsort(-base))
            over, under = np.triu_indices(size, 1)
            margin, gap = utility[over] - utility[under], (position[under] - position[over]) / (size - 1)
            likely = 1 / (1 + np.exp(-margin - pull * gap - agree * (base[over] - base[under])))
            said = (rng.random(len(margin)) < likely) ^ (rng.random(len(margin)) < rate)
            sign = np.where(said, 1, -1)
            margins.append(sign * margin)
            incumbent.append(sign * (base[over] - base[under]))
            parts.append(
                Preferences.from_pairs(
                    winner=np.where(said, over, under),
                    loser=np.where(said, under, over),
                    judge=name,
                    weight=1 / (size - 1),
                    shown_gap=sign * gap,
                    list_id=number,
                )
            )
    return np.concatenate(margins), Preferences.concat(parts), np.concatenate(incumbent)


def test_a_report_that_judges_share_is_taken_apart_once():
    taken = []

    class Counted(JudgeReport):
        def to_dict(self):
            taken.append(self)
            return super().to_dict()

    shared, own = Counted(0.1, 1, 5, False), Counted(0.2, 9, 50, True)
    found = plain({"ada": shared, "bob": own, "cid": shared})
    assert taken == [shared, own]
    assert found == {"ada": shared.to_dict(), "bob": own.to_dict(), "cid": shared.to_dict()}
    found["ada"]["verdict"] = "careless"
    assert found["cid"]["verdict"] == "unknown"


def test_planted_flip_rates_are_found_within_their_intervals():
    planted = {"careful": 0.02, "tired": 0.2, "careless": 0.4}
    found = judge_reports(*judged(planted, lists=150))
    assert {name: found[name].flip_rate for name in planted} == pytest.approx(planted, abs=0.05)
    assert all(found[name].flip_low < rate < found[name].flip_high for name, rate in planted.items())
    assert found["tired"].lists == 150
    assert found["tired"].pairs == 150 * 15


def test_a_judge_is_as_sure_alone_as_beside_others_who_saw_the_same_lists():
    """A list is one judge's: what others said of its rows makes nobody's list longer."""
    margins, pairs, _ = judged(dict.fromkeys("abcdef", 0.3), lists=8, size=4, seed=3)
    per_judge = pairs.list_id % 8
    shared = replace(pairs, list_id=per_judge)
    assert judge_reports(margins, shared) == judge_reports(margins, pairs)


def test_rates_stay_within_their_limits_for_saints_and_for_liars():
    found = judge_reports(*judged({"saint": 0.0, "liar": 1.0}, lists=400, sharpness=30.0))
    assert found["saint"].flip_rate == LEAST_RATE
    assert found["liar"].flip_rate == 1 - LEAST_RATE


def test_before_anything_is_known_one_in_ten_is_believed_to_be_flipped():
    margins, pairs, _ = judged({"new": 0.3}, lists=5)
    found = judge_reports(np.zeros_like(margins), pairs)
    assert found["new"].flip_rate == pytest.approx(0.1)
    assert found["new"].verdict == "reliable"


@pytest.mark.parametrize("seed", range(10))
def test_the_random_and_the_inverted_judge_are_named_at_ten_lists_and_nobody_else(seed):
    planted = {"ada": 0.05, "bob": 0.1, "cid": 0.15, "eve": 0.5, "ivo": 0.95}
    found = judge_reports(*judged(planted, lists=10, size=8, seed=seed))
    assert {name: report.verdict for name, report in found.items()} == {
        "ada": "reliable", "bob": "reliable", "cid": "reliable", "eve": "random", "ivo": "inverted"
    }  # fmt: skip


def test_a_judge_of_few_lists_gets_the_rate_of_all_together_and_no_verdict():
    found = judge_reports(*judged({"much": 0.05, "little": 0.95}, lists={"much": 100, "little": 3}))
    assert found["much"].own
    assert not found["little"].own
    assert found["little"].flip_rate == pytest.approx(0.06, abs=0.04)
    assert found["little"].verdict == "unknown"
    assert (found["little"].flip_low, found["little"].flip_high) == (0.0, 1.0)


def test_ties_and_pairs_without_weight_say_nothing_about_flips():
    margins, pairs, _ = judged({"ada": 0.1}, lists=50)
    silent = Preferences.from_pairs(
        winner=[0, 0], loser=[1, 1], judge="ada", target=[0.5, 1.0], weight=[50.0, 0.0], list_id=[0, 0]
    )
    alone = judge_reports(margins, pairs)["ada"].flip_rate
    both = judge_reports(np.r_[margins, -30.0, -30.0], Preferences.concat([pairs, silent]))["ada"].flip_rate
    assert both == alone


def test_each_pair_gets_the_rate_of_its_judge_and_the_incumbent_none():
    margins, pairs, _ = judged({"ada": 0.1, "bob": 0.4}, lists=50)
    reports = judge_reports(margins, pairs)
    incumbent = Preferences.from_pairs(winner=[0], loser=[1], judge="incumbent")
    whole = Preferences.concat([pairs, incumbent])
    same, rates, _ = believed(reports, whole)
    assert set(rates[pairs.judge.tolist().index("bob") :][:5]) == {reports["bob"].flip_rate}
    assert rates[-1] == 0
    assert (same.winner.tolist(), same.loser.tolist()) == (whole.winner.tolist(), whole.loser.tolist())


def test_an_inverted_judge_is_turned_round_and_then_as_good_as_anybody():
    margins, pairs, base = judged({"ada": 0.05, "ivo": 0.95}, lists=30)
    turned, rates, pull = believed(judge_reports(margins, pairs, base), pairs)
    own = pairs.judge == "ivo"
    assert turned.winner[own].tolist() == pairs.loser[own].tolist()
    assert turned.loser[own].tolist() == pairs.winner[own].tolist()
    assert turned.shown_gap[own].tolist() == (-pairs.shown_gap[own]).tolist()
    assert turned.winner[~own].tolist() == pairs.winner[~own].tolist()
    assert rates[own].max() < 0.2
    assert pull[own].tolist() == [0.0] * own.sum()


def test_a_judge_far_from_the_model_is_silenced_and_not_turned_without_a_verdict():
    report = JudgeReport(0.8, 20, 200, True, verdict="random")
    pairs = Preferences.from_pairs(winner=[0], loser=[1], judge="eve")
    same, rates, _ = believed({"eve": report}, pairs)
    assert (same.winner.tolist(), rates.tolist()) == ([0], [MOST_RATE])


def test_anchoring_is_found_where_the_order_was_randomised():
    found = judge_reports(*judged({"ada": 0.02}, lists=200, sharpness=1.0, pull=2.0))["ada"]
    assert found.anchoring == pytest.approx(2.0, abs=0.6)
    assert found.anchoring_low < 2.0 < found.anchoring_high


def test_who_follows_the_shown_order_is_called_anchored_and_who_does_not_is_not():
    lists = {"lists": 100, "sharpness": 1.0}
    assert judge_reports(*judged({"ada": 0.02}, pull=4.0, **lists))["ada"].verdict == "anchored"
    assert judge_reports(*judged({"ada": 0.02}, **lists))["ada"].verdict == "reliable"


@pytest.mark.parametrize("randomised", [True, False])
def test_who_agrees_with_the_incumbent_is_not_called_anchored(randomised):
    """In the incumbent's own order agreement looks like anchoring, but for the incumbent's difference."""
    for seed in range(3):
        told = judged({"ada": 0.02}, lists=100, sharpness=1.0, agree=1.0, randomised=randomised, seed=seed)
        assert judge_reports(*told)["ada"].anchoring < 1.0
    if not randomised:
        assert judge_reports(*told[:2])["ada"].anchoring > 1.5


def test_a_judge_who_follows_no_order_gets_no_anchoring():
    for seed in range(5):
        found = judge_reports(*judged({"ada": 0.05}, lists=100, sharpness=1.0, seed=seed))["ada"]
        assert found.anchoring < 0.5
        assert found.anchoring_low < found.anchoring_high < 1.5


def test_without_shown_orders_there_is_no_anchoring():
    margins, pairs, _ = judged({"ada": 0.1}, lists=10)
    blind = Preferences.from_pairs(
        winner=pairs.winner, loser=pairs.loser, judge="ada", weight=pairs.weight, list_id=pairs.list_id
    )
    found = judge_reports(margins, blind)["ada"]
    assert (found.anchoring, found.anchoring_low, found.anchoring_high) == (0.0, 0.0, 0.0)


def test_a_million_judges_get_a_report_each():
    n = 10**6
    pairs = Preferences.from_pairs(
        winner=np.zeros(n, int),
        loser=np.ones(n, int),
        judge=np.arange(n).astype(str),
        shown_gap=np.where(np.arange(n) < 1000, 0.5, np.nan),
    )
    reports = judge_reports(np.random.default_rng(0).normal(1, 1, n), pairs, np.zeros(n))
    assert len(reports) == n
    assert reports["7"] == reports["999999"]
    assert not reports["7"].own
    _, rates, _ = believed(reports, pairs)
    assert set(rates) == {reports["7"].flip_rate}


def test_no_pairs_have_no_judges():
    nothing = Preferences.concat([])
    assert judge_reports([], nothing) == {}
    assert [len(column) for column in believed({}, nothing)] == [0, 0, 0]


@pytest.mark.parametrize("margins", [[1.0], [np.nan, 1.0]])
def test_margins_that_do_not_fit_the_pairs_are_refused(margins):
    pairs = Preferences.from_pairs(winner=[0, 0], loser=[1, 2], judge="ada")
    with pytest.raises(InvalidPreferences, match="expected 2 finite numbers"):
        judge_reports(margins, pairs)


# --- ten lists each, and a model that knows little yet ------------------------------------------------------
def panel_of(kinds, seed, *, lists=10, size=10, loud=0.4, error=0.7):
    """(margins, pairs): judges order lists by a utility; the model knows it roughly, and speaks softly."""
    rng = np.random.default_rng(seed)
    orders, judges, model = [], [], []
    for number in range(lists * len(kinds)):
        kind = kinds[number % len(kinds)]
        utility = rng.normal(size=size)
        noise = {"noisy": 1.0, "random": 100.0}.get(kind, 0.5)
        seen = utility + rng.gumbel(0, noise, size)
        if kind == "taste":
            seen = utility + rng.normal(0, 1.6, size)
        if kind == "careless":
            seen = np.where(rng.random(size) < 0.5, rng.normal(size=size), seen)
        order = np.argsort(seen if kind == "inverted" else -seen)
        orders.append((order + number * size).tolist())
        judges.append(f"{kind} {number % len(kinds)}")
        model.append(loud * (utility + rng.normal(0, error, size)))
    pairs = Preferences.from_orders(orders, judge=judges)
    score = np.concatenate(model)
    return score[pairs.winner] - score[pairs.loser], pairs


@pytest.mark.parametrize(
    "kinds",
    [
        ("careful", "careful", "careful", "noisy", "random", "inverted"),
        ("careful", "careful", "careful", "random", "random", "inverted"),
    ],
)
def test_ten_lists_tell_a_random_and_an_inverted_judge_from_honest_ones(kinds):
    said = [
        (name.split()[0], found.verdict)
        for seed in range(20)
        for name, found in judge_reports(*panel_of(kinds, seed)).items()
    ]
    wrong = [one for one in said if one[0] in ("random", "inverted") and one[0] != one[1]]
    accused = [one for one in said if one[0] in ("careful", "noisy") and one[1] in ("random", "inverted")]
    accused += [one for one in said if one == ("careful", "careless")]
    assert len(wrong) <= 0.05 * sum(one[0] in ("random", "inverted") for one in said)
    assert len(accused) <= 0.05 * sum(one[0] in ("careful", "noisy") for one in said)


def test_who_answers_half_at_random_is_careless_and_who_has_a_taste_is_not_random():
    """In a panel of careful judges anybody else is far from the usual rate."""
    kinds = ("careful", "careful", "careful", "careful", "careless", "taste")
    said = [
        (name.split()[0], found.verdict)
        for seed in range(20)
        for name, found in judge_reports(*panel_of(kinds, seed, lists=20, loud=3.0, error=0.3)).items()
    ]
    assert sum(one == ("careless", "careless") for one in said) >= 15
    assert sum(one == ("taste", "random") for one in said) <= 4  # held against the panel's rate alone: 11
    assert not any(one[0] == "careful" and one[1] != "reliable" for one in said)


@pytest.mark.parametrize("rate", [0.05, 0.25])
def test_the_interval_of_a_rate_holds_the_true_one_where_pairs_tell_little(rate):
    """Of two candidates nearly alike either order may be meant: a flip is not seen there."""
    names = {f"judge {number}": rate for number in range(100)}
    margins, pairs, _ = judged(names, lists=300, size=2, sharpness=0.5)
    found = judge_reports(margins, pairs).values()
    assert (
        sum(one.flip_low <= rate <= one.flip_high for one in found) >= 88
    )  # of a true 95 % fewer in 1 of 200
    if rate < 0.1:
        assert sum(one.verdict == "careless" for one in found) <= 5


def test_a_rate_at_its_limit_lies_in_its_interval():
    pairs = Preferences.from_pairs(winner=[0] * 1000, loser=[1] * 1000, judge="ada")
    for sign in (1, -1):
        report = judge_reports(np.full(1000, 9.0 * sign), pairs)["ada"]
        assert report.flip_low <= report.flip_rate <= report.flip_high
