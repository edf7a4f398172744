"""Training as a whole: it learns what left-out queries bear out, nothing that is held out, and repeatably."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences, TrainingCancelled
from ranking.ltr.model import Ranker, RuleComponent, checksum, load_ranker
from ranking.ltr.tables import FeatureColumn
from ranking.ltr.training import train

SMALL = BoostingParams(rounds=8, min_data_in_leaf=5)


@pytest.fixture(scope="module")
def refined(world):
    return train(world.task)


@pytest.fixture(scope="module")
def from_labels(world):
    return train(world.with_(mode="labels").task)


def test_the_experts_preferences_improve_the_order_of_held_out_queries(world, refined):
    assert world.accuracy(refined.ranker) > world.accuracy(world.task.champion) + 0.15
    assert refined.evaluation["verdict"] == "promote"
    assert refined.evaluation["metrics"]["pair_accuracy"]["low"] > 0


def test_the_new_version_is_the_champion_and_one_more_component(world, refined):
    names = [part.name for part in refined.ranker.components]
    assert names == ["sorting rule", "version 1"]
    assert refined.ranker.components[0].keys == world.task.champion.components[0].keys
    assert refined.ranker.components[0].weight == pytest.approx(refined.report["slope"])


def test_the_file_is_what_was_evaluated(world, refined):
    features = world.task.rows.filter(regex="^f:").rename(columns=lambda name: name.removeprefix("f:"))
    loaded = load_ranker(refined.model, refined.sha256)
    assert loaded.score(features).tolist() == refined.ranker.score(features).tolist()
    assert refined.sha256 == checksum(refined.model)


def test_labels_teach_the_bias_of_their_history(world, from_labels):
    assert from_labels.evaluation["verdict"] in ("promote", "not_yet")
    assert from_labels.evaluation["metrics"]["ndcg@10"]["difference"] > 0
    (chosen,) = [one for one in from_labels.report["candidates"] if one["weight"]]
    assert 1 <= chosen["size"]["rounds"] <= world.task.params.rounds
    assert chosen["loss"] == min(one["loss"] for one in from_labels.report["candidates"])
    assert [part.name for part in from_labels.ranker.components] == ["version 1"]
    assert from_labels.report["pairs"]["label"] > 0


def test_labels_of_one_grade_a_query_end_a_training_with_the_reason(world):
    task = world.with_(mode="labels").task
    same = task.rows.assign(label=task.rows["label"].where(task.rows["label"].isna(), 1.0))
    with pytest.raises(
        InvalidPreferences, match="no query to train on has candidates of two different grades"
    ):
        train(replace(task, rows=same))


def test_experts_improve_on_a_champion_that_learned_from_labels(world, from_labels):
    second = train(world.with_(champion=from_labels.ranker, component="version 2").task)
    assert world.accuracy(second.ranker) > world.accuracy(from_labels.ranker) + 0.1
    assert [part.name for part in second.ranker.components] == ["version 1", "version 2"]


@pytest.mark.parametrize("mode", ["labels", "preferences"])
def test_no_row_of_a_held_out_query_has_any_part_in_the_model(world, mode):
    """Whatever held-out rows say, features, labels and pairs alike: the model's bytes stay the same."""
    task = world.with_(mode=mode, params=SMALL).task
    rows, pairs = task.rows.copy(), task.pairs.copy()
    out = rows["held_out"].to_numpy()
    rng = np.random.default_rng(0)
    rows.loc[out, "f:focus"] = rng.normal(50, 9, out.sum())
    rows.loc[out, "label"] = rng.integers(0, 9, out.sum()).astype(float)
    judged = pairs["held_out"].to_numpy()
    pairs.loc[judged, ["winner", "loser"]] = pairs.loc[judged, ["loser", "winner"]].to_numpy()
    plain, spoiled = train(task), train(world.with_(mode=mode, params=SMALL, rows=rows, pairs=pairs).task)
    assert plain.model == spoiled.model
    assert plain.evaluation != spoiled.evaluation
    assert not task.rows["held_out"].to_numpy()[plain.trained_rows].any()
    assert plain.report["n_rows_trained"] == len(plain.trained_rows)


@pytest.mark.parametrize("mode", ["labels", "preferences"])
def test_the_same_task_gives_the_same_bytes_and_the_same_figures(world, mode):
    task = world.with_(mode=mode, params=SMALL).task
    first, second = train(task), train(task)
    assert first.model == second.model
    assert first.evaluation == second.evaluation
    without_time = [{k: v for k, v in result.report.items() if k != "seconds"} for result in (first, second)]
    assert without_time[0] == without_time[1]


def test_another_seed_is_another_draw(world):
    first = train(world.with_(params=SMALL).task)
    other = train(world.with_(params=SMALL, seed=99).task)
    assert first.report["candidates"] != other.report["candidates"]


def test_a_careless_judge_is_named_by_a_high_flip_rate(make_world):
    careless = make_world(seed=3, lists=120, careless=("eve",))
    judges = train(careless.task).report["judges"]
    assert judges["eve"]["flip_rate"] > 0.3
    assert max(judges["ada"]["flip_rate"], judges["bob"]["flip_rate"]) < 0.2


def test_nothing_to_learn_keeps_the_incumbent_as_it_is(make_world):
    nothing = make_world(seed=2, careless=("ada", "bob", "eve"), rounds=6)
    result = train(nothing.task)
    assert result.report["kept_incumbent"]
    assert result.report["belief"] == 0
    assert result.model == nothing.task.champion.to_bytes()
    assert result.evaluation["verdict"] == "not_yet"
    assert "the incumbent is kept" in result.report["choice"]


def test_a_single_list_keeps_the_incumbent_and_makes_a_first_version_all_the_same(world):
    first = world.task.pairs[~world.task.pairs["held_out"]]["list_id"].iloc[0]
    one = world.with_(pairs=world.task.pairs[world.task.pairs["list_id"] == first].reset_index(drop=True))
    result = train(one.task)
    assert result.report["kept_incumbent"]
    assert "a single list" in result.report["choice"]
    assert result.model == world.task.champion.to_bytes()
    alone = train(one.with_(champion=None).task)
    assert not alone.report["kept_incumbent"]
    assert [part.kind for part in alone.ranker.components] == ["refinement"]


def test_a_first_version_needs_no_champion(world):
    result = train(world.with_(champion=None, params=BoostingParams(rounds=30, min_data_in_leaf=5)).task)
    assert [part.name for part in result.ranker.components] == ["version 1"]
    assert result.evaluation["verdict"] == "not_yet"
    assert result.report["pairs"]["distillation"] == 0
    assert world.accuracy(result.ranker) > 0.7


def test_every_pair_that_was_learned_from_is_counted_by_its_origin(world, refined):
    """Every query was judged here, so nothing is novel and nothing is held to the champion."""
    kept, moved = (refined.report["pairs"][origin] for origin in ("kept", "reordered"))
    assert kept + moved == np.count_nonzero(~world.task.pairs["held_out"])
    assert refined.report["pairs"]["distillation"] == 0
    assert refined.report["coverage"] == {"gated": False, "open": 1.0, "columns": []}


def test_a_declared_direction_binds_the_whole_version(world):
    features = (
        FeatureColumn("size"),
        FeatureColumn("fee"),
        FeatureColumn("focus", monotone=-1),
        FeatureColumn("distance"),
    )
    result = train(world.with_(features=features, params=SMALL, champion=None).task)
    grid = np.column_stack([np.zeros(50), np.zeros(50), np.linspace(-3, 3, 50), np.zeros(50)])
    assert np.all(np.diff(result.ranker.score(grid)) <= 0)


def test_progress_rises_from_start_to_end(world):
    seen = []
    train(world.with_(params=SMALL, reseeds=1).task, on_progress=lambda *event: seen.append(event))
    fractions = [fraction for _, fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1] >= 0.95) == (0.0, True)
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == [
        "read", "judges", "capacity", "fit", "sources", "reseeds", "evaluate", "done"
    ]  # fmt: skip


@pytest.mark.parametrize("at", ["capacity", "sources", "reseeds"])
def test_a_training_can_be_cancelled_at_any_stage(world, at):
    def cancel(stage, fraction, message):
        if stage == at:
            raise TrainingCancelled("enough")

    with pytest.raises(TrainingCancelled):
        train(world.with_(params=SMALL, reseeds=1).task, on_progress=cancel)


@pytest.mark.parametrize("mode", ["labels", "preferences"])
def test_the_gain_is_held_against_what_other_seeds_make(world, mode):
    task = world.with_(params=SMALL, mode=mode, reseeds=2).task
    plain, measured = train(replace(task, reseeds=0)), train(task)
    assert plain.model == measured.model
    before, after = (
        {check["name"]: check for check in one.evaluation["gate"]["checks"]}["noise_floor"]
        for one in (plain, measured)
    )
    assert (before["state"], before["not_measured"]["switch"]) == ("not_measured", "reseeds")
    assert after["figures"]["seeds"] == 3
    assert after["figures"]["floor"] >= 0


def test_no_seed_is_tried_where_nothing_was_learned_or_nobody_is_to_be_better_than(world):
    first = train(world.with_(params=SMALL, mode="labels", champion=None, reseeds=2).task)
    assert "reseeds" not in first.report["seconds"]


def test_the_report_can_be_written_as_json(refined, from_labels):
    for result in (refined, from_labels):
        assert json.loads(json.dumps(result.report, allow_nan=False)) == result.report


def foreign_champion():
    return Ranker(("employees",), (RuleComponent("rule", 1.0, ()),))


REFUSED = {
    "an unknown mode": (lambda w: w.with_(mode="guess"), "mode is 'guess'"),
    "an unknown feature": (lambda w: w.with_(features=(FeatureColumn("fees"),)), "no column 'f:fees'"),
    "a champion of other features": (
        lambda w: w.with_(champion=foreign_champion()),
        "column 'employees' is missing",
    ),
    "no expert pair": (lambda w: w.with_(pairs=w.task.pairs.iloc[:0]), "0 training rows have expert pairs"),
    "held-out pairs only": (
        lambda w: w.with_(pairs=w.task.pairs[w.task.pairs["held_out"]].reset_index(drop=True)),
        "0 training rows have expert pairs",
    ),
    "no label": (
        lambda w: w.with_(mode="labels", rows=w.task.rows.assign(label=np.nan)),
        "0 training rows have graded labels",
    ),
    "too few rows": (lambda w: w.with_(min_rows=10_000), "expected at least 10000"),
    "weights of nothing": (
        lambda w: w.with_(pairs=w.task.pairs.assign(weight=0.0)),
        "0 training rows have expert pairs",
    ),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_task_that_cannot_be_trained_is_refused_with_its_reason(world, change, words):
    with pytest.raises((InvalidFeatures, InvalidPreferences), match=words):
        train(change(world).task)
