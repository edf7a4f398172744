"""Drift by feature: worked by hand, counted in independent units, its false alarms and its power measured."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import hypergeom, rankdata, ttest_ind

from ranking.ltr.drift import FALSE_ALARMS, Sample, drifts, psi
from ranking.ltr.errors import InvalidFeatures

NEEDS, ITEMS = np.arange(200), np.arange(1000)


def of_queries(values, first=0, rows=1, **others):
    """A sample with one value for each query, repeated on its rows; others are given row by row."""
    n = len(values)
    items = np.tile(np.arange(rows), n)
    features = pd.DataFrame({"x": np.repeat(np.asarray(values, dtype=float), rows), **others})
    return Sample(features, np.repeat(np.arange(first, first + n), rows), items)


def of_items(values, queries=12, per_query=None, seed=0):
    """A sample with one value for each item, which stands under many queries."""
    values = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(len(values))[:per_query] for _ in range(queries)]
    items = np.concatenate(drawn)
    features = pd.DataFrame({"x": values[items]})
    return Sample(features, np.repeat(np.arange(queries), [len(each) for each in drawn]), items)


def moved(then, now, **more):
    return drifts(then, now, **more)["x"]


def test_the_index_is_the_sum_over_bins_worked_by_hand():
    found = psi([1] * 40 + [2] * 40 + [3] * 20, [1] * 20 + [2] * 40 + [3] * 40)
    assert found == pytest.approx((0.2 - 0.4) * np.log(0.2 / 0.4) + (0.4 - 0.2) * np.log(0.4 / 0.2))


def test_the_index_does_not_care_which_sample_is_which():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=300), rng.normal(0.3, size=400)
    assert psi(one, two) == pytest.approx(psi(two, one))


def test_the_chance_of_a_flag_of_other_queries_is_that_of_the_t_test():
    before, after = [0] * 60 + [1] * 40, [0] * 45 + [1] * 40
    found = moved(of_queries(before), of_queries(after, first=1000))
    assert found.p_value == pytest.approx(ttest_ind(before, after).pvalue)
    assert (found.unit, found.then, found.now) == ("query", 100, 85)


def test_the_chance_of_higher_or_lower_is_that_of_the_t_test_of_normal_scores():
    rng = np.random.default_rng(1)
    values = rng.lognormal(0, 2, size=120)
    values[80:] *= 1.7
    scores = ndtri((rankdata(values) - 0.5) / 120)
    found = moved(of_queries(values[:80]), of_queries(values[80:], first=1000))
    expected = ttest_ind(scores[:80], scores[80:]).pvalue
    assert found.p_value == pytest.approx(expected * 9 / 8)  # eight parts of nine are spent on it


def test_rows_that_repeat_a_query_are_no_evidence():
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=44), rng.normal(size=30)
    once = moved(of_queries(before), of_queries(after, first=1000))
    often = moved(of_queries(before, rows=40), of_queries(after, first=1000, rows=25))
    assert (often.psi, often.p_value) == pytest.approx((once.psi, once.p_value))
    assert not often.alarm


def test_the_same_queries_with_the_same_values_have_not_moved_at_all():
    values = np.random.default_rng(3).normal(size=44)
    found = moved(of_queries(values, rows=40), of_queries(values, rows=25))
    assert (found.psi, found.p_value) == (0.0, 1.0)


def test_a_query_that_is_replaced_or_rewritten_is_no_drift():
    values = np.zeros(40)
    values[3] = 1.0
    assert moved(of_queries(values), of_queries(values[:39])).p_value > 0.2
    assert moved(of_queries(values), of_queries(np.zeros(40))).p_value > 0.2


def test_a_small_change_of_every_query_is_noticed_where_the_queries_are_the_same():
    values = np.random.default_rng(4).normal(size=60)
    assert moved(of_queries(values), of_queries(values + 0.5)).alarm


@pytest.mark.parametrize("direction", ["then", "now"])
def test_an_item_is_counted_once_however_often_it_is_a_candidate(direction):
    rng = np.random.default_rng(5)
    one, two = of_items(rng.normal(size=60), queries=30), of_items(rng.normal(0.2, size=60), queries=30)
    other = Sample(two.features, two.queries, np.asarray(two.items) + 1000)
    found = moved(one, other) if direction == "then" else moved(other, one)
    assert (found.unit, found.then, found.now) == ("item", 60, 60)
    assert not found.alarm


def test_a_catalogue_that_moved_is_noticed_with_a_dozen_queries():
    values = np.random.default_rng(6).normal(size=300)
    found = moved(of_items(values, per_query=40), of_items(values + 0.5, per_query=40))
    assert found.unit == "item"
    assert found.alarm


def test_items_of_one_query_are_not_taken_for_independent():
    """Each query brings its own items, which resemble one another: 20 queries are 20 draws, not 500."""

    def world(rng, first):
        centre = np.repeat(rng.normal(size=20), 25)
        features = pd.DataFrame({"x": centre + 0.3 * rng.normal(size=500)})
        return Sample(features, np.repeat(np.arange(20) + first, 25), np.arange(500) + first * 500)

    rng = np.random.default_rng(7)
    alarms = [moved(world(rng, 0), world(rng, 100)).alarm for _ in range(60)]
    assert np.mean(alarms) <= 0.05


def test_a_feature_of_pairs_is_counted_by_query():
    rng = np.random.default_rng(8)

    def world(first, shift):
        wanted = np.repeat(rng.normal(size=100), 20)
        features = pd.DataFrame({"x": rng.normal(size=2000) + wanted + shift})
        return Sample(features, np.repeat(np.arange(100) + first, 20), np.tile(np.arange(20), 100))

    assert not moved(world(0, 0.0), world(1000, 0.0)).alarm
    found = moved(world(0, 0.0), world(1000, 1.0))
    assert (found.unit, found.then, found.alarm) == ("pair", 100, True)


@pytest.mark.parametrize(("before", "after"), [(0.01, 0.05), (0.05, 0.01), (0.02, 0.0)])
def test_a_rare_flag_is_seen_although_its_index_is_small(before, after):
    found = [(share * 1000 > ITEMS).astype(float) for share in (before, after)]
    then, now = (of_items(values) for values in found)
    later = Sample(now.features, now.queries, np.asarray(now.items) + 1000)
    drift = moved(then, later)
    assert drift.psi < 0.1
    assert drift.alarm


def test_the_chance_of_a_rare_flag_is_exact_where_few_queries_are_compared_with_many():
    before, after = [1] * 3 + [0] * 297, [1] * 3 + [0] * 27
    found = moved(of_queries(before), of_queries(after, first=1000))
    assert found.p_value == pytest.approx(hypergeom.sf(2, 330, 6, 30), rel=0.2)
    assert ttest_ind(before, after).pvalue < 0.001 < found.p_value


def test_values_that_go_missing_are_noticed_on_either_side():
    values = np.arange(200.0)
    gone = np.where(NEEDS % 5 == 0, np.nan, values)
    assert moved(of_queries(values), of_queries(gone, first=1000)).alarm
    assert moved(of_queries(gone), of_queries(values, first=1000)).alarm
    assert not moved(of_queries(gone), of_queries(gone, first=1000)).alarm
    assert moved(of_queries(values), of_queries(np.full(200, np.nan), first=1000)).alarm


def test_many_categories_that_change_a_little_each_are_noticed():
    before, after = NEEDS % 50, (NEEDS % 25) * 2
    then, now = of_queries(before), of_queries(after, first=1000)
    assert moved(then, now, categorical=["x"]).alarm
    assert not moved(then, of_queries(before[::-1], first=1000), categorical=["x"]).alarm


def test_a_category_without_order_is_not_ranked():
    before, after = [0] * 50 + [1] * 100 + [2] * 50, [0] * 100 + [1] * 5 + [2] * 95
    assert moved(of_queries(before), of_queries(after, first=1000), categorical=["x"]).alarm


def test_wider_values_with_the_same_middle_are_noticed():
    rng = np.random.default_rng(9)
    assert moved(of_queries(rng.normal(size=200)), of_queries(3 * rng.normal(size=200), first=1000)).alarm


def test_a_constant_has_not_moved_and_costs_the_others_nothing():
    rng = np.random.default_rng(10)
    values = [rng.normal(size=50) for _ in range(2)]
    alone = moved(of_queries(values[0]), of_queries(values[1], first=1000))
    then, now = (
        of_queries(each, first, y=np.full(50, 7.0)) for each, first in zip(values, (0, 1000), strict=True)
    )
    found = drifts(then, now)
    assert found["x"].p_value == pytest.approx(alone.p_value)
    assert (found["y"].psi, found["y"].p_value, found["y"].alarm) == (0.0, 1.0, False)


def test_a_certain_change_that_is_too_small_to_act_on_is_no_alarm():
    values = np.random.default_rng(11).normal(size=200)
    found = moved(of_queries(values), of_queries(values + 0.02))
    assert found.p_value < 0.001
    assert not found.alarm


NEARLY_ONE_VALUE = {
    "a rare flag becomes usual": ([0] * 920 + [1] * 80, [1] * 1000),
    "a usual flag is gone": ([1] * 950 + [0] * 50, [0] * 1000),
    "a rare count grows": ([0] * 950 + [*range(50)], range(1000)),
    "to the far side": ([1] * 950 + [0] * 50, [2] * 1000),
    "the value is the last quantile": ([0] * 500 + [1] * 450 + [2] * 50, [0] * 500 + [2] * 500),
    "beside what is missing": ([np.nan] * 400 + [0] * 570 + [1] * 30, [np.nan] * 400 + [1] * 600),
}


@pytest.mark.parametrize(("before", "after"), NEARLY_ONE_VALUE.values(), ids=NEARLY_ONE_VALUE.keys())
def test_a_value_that_nearly_all_rows_share_hides_no_other(before, after):
    assert psi(before, after) > 0.1
    assert moved(of_queries(before), of_queries(after, first=1000)).alarm
    assert moved(of_queries(after), of_queries(before, first=1000)).alarm


def test_one_of_many_features_that_moves_is_found_and_named():
    rng = np.random.default_rng(12)
    noise = {f"noise {k}": rng.normal(size=200) for k in range(10)}
    then = of_queries(rng.normal(size=200), **noise)
    now = of_queries(rng.normal(0.7, size=200), 1000, **{name: rng.normal(size=200) for name in noise})
    assert [name for name, drift in drifts(then, now).items() if drift.alarm] == ["x"]


def test_the_chance_is_over_all_features_together():
    rng = np.random.default_rng(13)
    worlds = [
        drifts(*(of_queries(rng.normal(size=40), first, y=rng.normal(size=40)) for first in (0, 1000)))
        for _ in range(200)
    ]
    alarmed = np.mean([any(drift.p_value <= FALSE_ALARMS for drift in world.values()) for world in worlds])
    assert alarmed <= 0.08


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bins": 0}, "bins is 0; expected a whole number, at least 1"),
        ({"actual": ["x"]}, "actual holds what is no number, such as 'x'"),
        ({"actual": [[1.0]]}, r"actual has shape \(1, 1\); expected a number"),
        ({"expected": []}, "expected at least one value"),
        ({"actual": [np.inf]}, "expected at least one value, finite or NaN"),
    ],
)
def test_what_is_no_column_of_numbers_is_refused(wrong, words):
    with pytest.raises(InvalidFeatures, match=words):
        psi(**({"expected": [1.0], "actual": [1.0]} | wrong))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (of_queries([]), "now has no rows"),
        (Sample(pd.DataFrame({"y": [1.0]}), [1], [1]), "the columns of now are other ones"),
        (Sample(pd.DataFrame({"x": [1.0]}), [1, 2], [1]), r"queries has shape \(2,\)"),
        (Sample(pd.DataFrame({"x": [1.0]}), [1], [None]), "items, row 0 is missing"),
        (of_queries([np.inf]), "x, row 1 is infinite"),
        (Sample(pd.DataFrame({"x": ["a"]}), [1], [1]), "x holds what is no number"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused(now, words):
    with pytest.raises(InvalidFeatures, match=words):
        drifts(of_queries([1.0]), now)
