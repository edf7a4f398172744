"""What each session did to a score: the model fitted again without it."""

import gzip
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import CorruptModel, InvalidFeatures, TrainingCancelled
from ranking.ltr.model import Ranker, checksum
from ranking.ltr.preferences import Preferences
from ranking.ltr.provenance import FORMAT, Provenance, Without, load_provenance, moved, without_each
from ranking.ltr.refining import refine
from ranking.ltr.training import train

SIZE, LISTS = 6, 60
SMALL = BoostingParams(rounds=10, min_data_in_leaf=5, num_threads=1)


def case(wants, seed=0):
    """Lists by turns of sessions that each want something else; and the rule in service."""
    rng = np.random.default_rng(seed)
    n = LISTS * SIZE
    features = pd.DataFrame(rng.normal(size=(n, 3)), columns=["size", "focus", "fee"])
    sessions = list(wants)
    orders = []
    for number in range(LISTS):
        at = np.arange(number * SIZE, (number + 1) * SIZE)
        seen = 3 * features[wants[sessions[number % len(sessions)]]].to_numpy()[at] + rng.gumbel(size=SIZE)
        orders.append(at[np.argsort(-seen)].tolist())
    pairs = Preferences.from_orders(orders, judge="ada")
    source = np.array(sessions, dtype=object)[pairs.list_id % len(sessions)]
    incumbent = Ranker(("size",), (RuleComponent.fit(features, [("size", "descending")]),))
    return features, pairs, source, incumbent, np.repeat(np.arange(LISTS), SIZE)


def refined(wants, seed=0, **changes):
    features, pairs, source, incumbent, queries = case(wants, seed)
    given = {"queries": queries, "incumbent": incumbent, "sources": source, "params": SMALL} | changes
    return features, refine(features, pairs, **given)


@pytest.fixture(scope="module")
def two():
    return refined({"spring": "focus", "autumn": "fee"})


def test_without_a_session_its_wish_is_gone_and_the_others_stays(two):
    features, model = two
    without = model.without(features)
    full = model.score(features)

    def follows(scores, column):
        return np.corrcoef(scores, features[column])[0, 1]

    assert list(without) == ["autumn", "spring"]
    assert follows(without["spring"], "focus") < follows(full, "focus") - 0.2
    assert follows(without["spring"], "fee") > follows(full, "fee")
    assert follows(without["autumn"], "fee") < follows(full, "fee") - 0.2
    assert [one.lists for one in model.provenance.sources] == [LISTS / 2, LISTS / 2]


def test_without_the_only_session_the_incumbent_is_left():
    features, model = refined({"spring": "focus"})
    without = model.without(features)["spring"].to_numpy()
    assert np.argsort(-without).tolist() == np.argsort(-features["size"].to_numpy()).tolist()
    assert model.report["belief"] == 1


def test_two_threads_find_what_one_finds(two):
    features, model = two
    wishes = {"spring": "focus", "autumn": "fee"}
    _, other = refined(wishes, params=replace(SMALL, num_threads=2))
    assert model.without(features).equals(other.without(features))


@pytest.mark.parametrize("threads", [1, 2])
def test_who_cancels_does_not_wait_for_the_fits_that_are_left(make_problem, threads):
    problem = make_problem()
    sources = problem.expert.list_id.astype(str).astype(object)
    fitted = []

    def fit(reduced):
        fitted.append(len(reduced.expert))
        time.sleep(0.02)
        return 1.0, ()

    def cancel(done, total):
        assert total == 30
        if done == 2:
            raise TrainingCancelled

    with pytest.raises(TrainingCancelled):
        without_each(problem, sources, fit, alone=1.0, threads=threads, on_source=cancel)
    assert 2 <= len(fitted) <= 2 + 2 * threads


def test_a_fit_that_fails_is_told(make_problem):
    problem = make_problem(queries=6)

    def fit(reduced):
        raise ValueError("made up for a test")

    with pytest.raises(ValueError, match="made up for a test"):
        without_each(problem, problem.expert.list_id.astype(object), fit, alone=1.0, threads=2)


def test_a_session_that_was_silent_moved_nothing(two):
    """Pairs of weight 0 teach nothing: their source is not even named."""
    features, pairs, source, incumbent, queries = case({"spring": "focus", "autumn": "fee"})
    weight = np.where(source == "autumn", 0.0, pairs.weight)
    silent = Preferences(
        pairs.winner, pairs.loser, weight, pairs.target, pairs.judge, pairs.shown_gap, pairs.list_id
    )
    model = refine(features, silent, queries=queries, incumbent=incumbent, sources=source, params=SMALL)
    assert list(model.without(features)) == ["spring"]


def test_the_model_itself_is_the_same_with_and_without_the_question(two):
    features, model = two
    _, plain = refined({"spring": "focus", "autumn": "fee"}, sources=None)
    assert plain.score(features).tolist() == model.score(features).tolist()
    with pytest.raises(InvalidFeatures, match="sources="):
        plain.without(features)


def test_a_kept_incumbent_was_moved_by_nobody():
    features, _, _, incumbent, queries = case({"spring": "size"})
    rng = np.random.default_rng(1)
    orders = [rng.permutation(np.arange(k * SIZE, (k + 1) * SIZE)).tolist() for k in range(6)]
    noise = Preferences.from_orders(orders, judge="ada")
    model = refine(
        features,
        noise,
        queries=queries,
        incumbent=incumbent,
        sources=np.full(len(noise), "spring", dtype=object),
        params=SMALL,
    )
    assert model.report["kept_incumbent"]
    assert model.without(features).shape == (len(features), 0)


def test_sources_have_one_entry_for_each_pair():
    with pytest.raises(InvalidFeatures, match="sources has shape"):
        refined({"spring": "focus"}, sources=np.array(["spring"], dtype=object))


def test_places_count_equal_scores_in_the_order_of_the_rows():
    full = np.array([2.0, 2.0, 5.0])
    without = pd.DataFrame({"same": full, "none": np.zeros(3)})
    found = moved(full, without)
    assert found["same"].tolist() == [0, 0, 0]
    assert found["none"].tolist() == [-1, -1, 2]  # without it the order would be 1, 2, 3


# --- the file -----------------------------------------------------------------------------------------------
def test_the_file_says_the_same_and_is_the_same_every_time(two):
    features, model = two
    data, digest = model.provenance.to_file()
    assert model.provenance.to_file() == (data, digest)
    loaded = load_provenance(data, digest)
    base = features["size"].to_numpy()
    assert loaded.scores(features, base).equals(model.provenance.scores(features, base))


def own(data, words):
    """A damaged file whose checksum is its own: what is left to find out is in the content."""
    return pytest.param(data, checksum(data), id=words)


def spoilt():
    data, digest = Provenance((Without("spring", 2, 1.0, ()),), None).to_file()
    content = json.loads(gzip.decompress(data))
    yield pytest.param(data[:30] + bytes([data[30] ^ 1]) + data[31:], digest, id="a flipped byte")
    yield pytest.param(data[: len(data) // 2], digest, id="cut off")
    yield own(data[: len(data) // 2], "cut off, with its own checksum")
    yield own(b"", "empty")
    yield own(gzip.compress(json.dumps(content | {"format": "x"}).encode()), "another format")
    yield own(gzip.compress(json.dumps(content | {"version": 99}).encode()), "a later version")
    yield own(gzip.compress(json.dumps({"format": FORMAT, "version": 1}).encode()), "no sources")
    yield own(gzip.compress(b"{"), "no JSON")
    yield own(gzip.compress(b"[]"), "a list")


@pytest.mark.parametrize(("data", "digest"), list(spoilt()))
def test_a_damaged_file_is_refused(data, digest):
    with pytest.raises(CorruptModel):
        load_provenance(data, digest)


# --- in a training ------------------------------------------------------------------------------------------
def test_a_training_says_what_it_would_be_without_each_session(world):
    pairs = world.task.pairs.copy()
    pairs["session"] = np.where(pairs["list_id"] % 3 == 0, "7", "12")
    task = world.with_(pairs=pairs, params=SMALL).task
    first, second = train(task), train(task)
    assert sorted(one.source for one in first.provenance.sources) == ["12", "7"]
    assert first.provenance.to_file() == second.provenance.to_file()
    features = task.rows.filter(regex="^f:").rename(columns=lambda name: name.removeprefix("f:"))
    without = first.provenance.scores(features, task.champion.score(features))
    full = first.ranker.score(features)
    assert not np.allclose(without["12"], full)
    # two thirds of the lists move more than one third
    assert np.abs(without["12"] - full).mean() > np.abs(without["7"] - full).mean()


def test_a_training_from_labels_has_no_sessions(world):
    assert train(world.with_(mode="labels", params=SMALL).task).provenance is None
