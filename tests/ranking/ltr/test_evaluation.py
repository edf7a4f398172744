"""The verdict: what may say "promote", what counts as evidence, and where each figure comes from."""

import json

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.evaluation import evaluate
from ranking.ltr.tables import FeatureColumn, read_pairs, read_rows

QUERIES, SIZE = 20, 4


def tables():
    n = QUERIES * SIZE
    rows = pd.DataFrame(
        {
            "row": np.arange(n),
            "query": np.repeat([f"q{number:02}" for number in range(QUERIES)], SIZE),
            "item": "a",
            "label": np.tile([3.0, 2.0, 1.0, 0.0], QUERIES),
            "held_out": np.repeat(np.arange(QUERIES) < 16, SIZE),
            "segment:half": np.repeat(np.where(np.arange(QUERIES) % 2, "odd", "even"), SIZE),
            "segment:kind": np.tile(["local", "local", "far", "far"], QUERIES),
            "f:x": 0.0,
        }
    )
    first = np.arange(QUERIES) * SIZE
    pairs = pd.DataFrame(
        {
            "winner": np.r_[first, first + 1],
            "loser": np.r_[first + 1, first + 2],
            "weight": 1.0,
            "target": 1.0,
            "judge": np.repeat(["ada", "bob"], QUERIES),
            "shown_gap": np.nan,
            "list_id": np.arange(2 * QUERIES),
            "session": "s",
            "origin": "reordered",
            "randomised": True,
            "held_out": np.tile(np.arange(QUERIES) < 16, 2),
        }
    )
    return rows, pairs


GOOD = np.tile([4.0, 3.0, 2.0, 1.0], QUERIES)
BAD = -GOOD


def found(challenger=GOOD, champion=BAD, mode="preferences", change_rows=None, change_pairs=None, **how):
    rows, pairs = tables()
    rows = read_rows(rows.assign(**(change_rows or {})), (FeatureColumn("x"),))
    judged = read_pairs(pairs.assign(**(change_pairs or {})), rows)
    return evaluate(rows, judged, challenger, champion, mode=mode, seed=0, **how)


def test_a_better_challenger_is_called_better_by_both_metrics():
    result = found()
    assert result["verdict"] == "promote"
    assert result["metrics"]["pair_accuracy"]["difference"] == 1.0
    assert result["metrics"]["pair_accuracy"]["n_queries"] == 16
    assert result["metrics"]["ndcg@10"]["low"] > 0
    assert "16 held-out queries" in result["reason"]


def test_the_same_model_twice_is_not_clear_and_a_worse_one_is_worse():
    assert found(champion=GOOD)["verdict"] == "not_yet"
    assert found(challenger=BAD, champion=GOOD)["verdict"] == "refuse"


def turned_round():
    """What `tables` says, but for bob, who says the contrary of ada."""
    pairs = tables()[1]
    bob = (pairs["judge"] == "bob").to_numpy()
    return {
        "winner": np.where(bob, pairs["loser"], pairs["winner"]),
        "loser": np.where(bob, pairs["winner"], pairs["loser"]),
    }


def test_whoever_answers_the_contrary_of_what_they_mean_is_no_standard():
    vetoed = found(change_pairs=turned_round())
    assert vetoed["verdict"] == "refuse"
    heard = found(change_pairs=turned_round(), no_standard=["bob", "nobody"])
    assert (heard["verdict"], heard["no_standard"]) == ("promote", ["bob"])
    assert heard["metrics"]["pair_accuracy"]["difference"] == 1.0
    (experts,) = [check for check in heard["gate"]["checks"] if check["name"] == "experts"]
    assert "bob" not in str(experts)
    assert heard["experts"]["bob"] == vetoed["experts"]["bob"]


def test_going_against_what_an_inverted_expert_said_asks_for_a_look_and_does_not_refuse():
    result = found(change_pairs=turned_round(), no_standard=["bob"], inverted=["bob"])
    assert (result["verdict"], result["inverted"]) == ("not_yet", ["bob"])
    assert result["metrics"]["pair_accuracy"]["difference"] == 1.0  # he counts for nothing else
    (check,) = [check for check in result["gate"]["checks"] if check["state"] == "failed"]
    assert check["name"] == "experts"
    assert (
        "agreement with bob (answers as given, inverted in training) −100.0 points (16 queries)"
        in check["words"]
    )


def test_an_inverted_expert_who_loses_nothing_holds_nobody_back():
    result = found(no_standard=["bob"], inverted=["bob"])
    assert result["verdict"] == "promote"
    (check,) = [check for check in result["gate"]["checks"] if check["name"] == "experts"]
    assert sorted(one["what"].split(" (")[0] for one in check["figures"]["tested"]) == [
        "agreement with ada",
        "agreement with bob",
    ]


SIDES = [["ada"], ["bob"]]


def test_where_experts_contradict_each_other_no_side_may_lose():
    result = found(change_pairs=turned_round(), sides=SIDES)
    (check,) = [check for check in result["gate"]["checks"] if check["name"] == "sides"]
    assert check["verdict"] == "not_yet"
    assert check["words"].startswith(
        "the experts contradict each other; agreement with ada changes by +100.0"
    )
    assert "agreement with bob changes by −100.0" in check["words"]


def test_what_both_sides_gain_by_is_promoted_with_a_word_about_it():
    result = found(sides=SIDES)
    assert result["verdict"] == "promote"
    assert "the experts contradict each other; agreement with ada changes by +100.0" in result["reason"]


def test_a_side_that_nothing_is_known_of_has_not_agreed():
    of_ada = np.repeat([True, False], QUERIES)
    result = found(change_pairs={"randomised": of_ada}, sides=SIDES)
    assert result["verdict"] == "not_yet"
    assert "too few held-out queries tell what bob wants" in result["reason"]


def test_experts_who_agree_have_no_sides_to_check():
    assert "sides" not in [check["name"] for check in found()["gate"]["checks"]]


def test_where_nobody_is_a_standard_nothing_is_shown():
    assert found(no_standard=["ada", "bob"])["verdict"] == "not_yet"


def test_queries_that_were_trained_on_are_no_evidence():
    spoiled = np.where(np.arange(len(GOOD)) < 16 * SIZE, BAD, GOOD)
    assert found(challenger=spoiled, champion=BAD)["metrics"]["pair_accuracy"]["difference"] == 0


def test_slates_in_the_models_own_order_are_no_evidence():
    assert "pair_accuracy" not in found(change_pairs={"randomised": False})["metrics"]
    assert found(change_pairs={"randomised": False})["verdict"] == "not_yet"


def test_pairs_made_from_labels_are_no_experts():
    assert "pair_accuracy" not in found(change_pairs={"origin": "label"})["metrics"]


def test_gaining_with_the_experts_does_not_excuse_harm_to_the_labels():
    result = found(change_rows={"label": np.tile([0.0, 1.0, 2.0, 3.0], QUERIES)})
    assert result["metrics"]["pair_accuracy"]["low"] > 0
    assert result["verdict"] == "refuse"
    assert "NDCG@10 −38.6 points (16 queries)" in result["reason"]


def test_labels_that_are_a_history_to_correct_are_shown_and_do_not_veto():
    result = found(change_rows={"label": np.tile([0.0, 1.0, 2.0, 3.0], QUERIES)}, labels_guard=False)
    assert result["verdict"] == "promote"
    assert result["metrics"]["ndcg@10"]["high"] < 0


def test_a_training_on_labels_is_decided_by_the_labels():
    result = found(mode="labels", change_pairs={"randomised": False})
    assert result["verdict"] == "promote"
    assert {line["metric"] for line in result["per_query"]} == {"ndcg@10"}


def test_five_queries_decide_nothing():
    few = np.repeat(np.arange(QUERIES) < 5, SIZE)
    result = found(
        change_rows={"held_out": few}, change_pairs={"held_out": np.tile(np.arange(QUERIES) < 5, 2)}
    )
    assert result["verdict"] == "not_yet"
    assert "fewer than 6 queries" in result["reason"]


def test_without_a_champion_there_is_nothing_to_be_better_than():
    result = found(champion=None)
    assert result["verdict"] == "not_yet"
    assert result["metrics"]["pair_accuracy"]["challenger"] == 1.0
    assert result["metrics"]["pair_accuracy"]["champion"] is None
    assert {line["champion"] for line in result["per_query"]} == {None}


def test_segments_of_queries_split_the_queries_and_segments_of_items_split_the_lists():
    segments = found()["segments"]
    assert segments["half"]["odd"]["pair_accuracy"]["n_queries"] == 8
    assert segments["half"]["even"]["ndcg@10"]["difference"] > 0
    assert segments["kind"]["far"]["pair_accuracy"]["n_queries"] == 16


def test_each_expert_has_a_figure():
    experts = found(challenger=np.tile([2.0, 1.0, 3.0, 0.0], QUERIES))["experts"]
    assert experts["ada"]["challenger"] == 1.0
    assert experts["bob"]["challenger"] == 0.0
    assert experts["ada"]["n_pairs"] == 16


def test_each_held_out_query_has_a_line():
    lines = found()["per_query"]
    assert [line["query"] for line in lines] == [f"q{number:02}" for number in range(16)]
    assert lines[0]["challenger"] == lines[0]["pairs_challenger"] == 1.0
    assert lines[0]["ndcg_champion"] < lines[0]["ndcg_challenger"] == pytest.approx(1.0)


def test_a_query_without_experts_has_labels_only():
    result = found(change_pairs={"target": np.where(np.arange(2 * QUERIES) % QUERIES == 3, 0.5, 1.0)})
    (line,) = (line for line in result["per_query"] if line["query"] == "q03")
    assert line["challenger"] is None
    assert line["ndcg_challenger"] is not None
    assert result["metrics"]["pair_accuracy"]["left_out"] == 1


def test_everything_can_be_written_as_json():
    for result in (found(), found(champion=None), found(change_pairs={"randomised": False})):
        assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_the_gates_checks_are_kept_with_the_figures():
    items = {"item": np.tile(list("abcd"), QUERIES)}
    result = found(change_rows=items, signed_off=[("q03", "d", "a")], trained_queries=["q17"])
    assert [check["name"] for check in result["gate"]["checks"] if check["state"] == "failed"] == [
        "signed_off"
    ]
    assert (result["gate"]["verdict"], result["gate"]["reason"]) == (result["verdict"], result["reason"])


def test_a_challenger_that_has_seen_a_held_out_query_is_refused():
    assert "has learned from 1 of the queries" in found(trained_queries=["q03"])["reason"]


def test_slates_in_the_models_own_order_are_counted_and_do_not_count():
    half = np.arange(2 * QUERIES) % 2 == 0
    result = found(change_pairs={"randomised": half})
    assert result["gate"]["dropped"] == 16
    assert result["metrics"]["pair_accuracy"]["n_queries"] == 8
