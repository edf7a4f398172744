"""Queries and sources of `refine`, whatever their keys are: text, numbers, pairs of both."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.committee import committee
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.lines import judged_lines
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.model import Ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.refining import refine

SIZE, NEEDS = 4, 24
RNG = np.random.default_rng(7)
FEATURES = pd.DataFrame(RNG.normal(size=(NEEDS * SIZE, 2)), columns=["focus", "size"])
SEEN = (3 * FEATURES["focus"] + FEATURES["size"] + RNG.gumbel(size=NEEDS * SIZE)).to_numpy()
ORDERS = np.argsort(-SEEN.reshape(NEEDS, SIZE), axis=1) + SIZE * np.arange(NEEDS)[:, None]
PAIRS = Preferences.from_orders(ORDERS.tolist(), judge="ada")
NUMBERS = np.repeat(np.arange(NEEDS), SIZE)
GIVEN = {
    "features": FEATURES,
    "preferences": PAIRS,
    "queries": NUMBERS,
    "incumbent": Ranker(("size",), (RuleComponent.fit(FEATURES, [("size", "descending")]),)),
    "params": BoostingParams(rounds=2, min_data_in_leaf=5, num_threads=1),
}
LEARNED = range(12)


@pytest.fixture(scope="module")
def told():
    """What is weighed on the queries that the incumbent has not learned from."""
    return refine(**GIVEN, incumbent_queries=LEARNED).report["combined"]


@pytest.mark.parametrize(
    "written", [[float(key) for key in LEARNED], np.array([f"{key}.0" for key in LEARNED])]
)
def test_queries_of_the_incumbent_are_found_however_they_are_written(told, written):
    assert refine(**GIVEN, incumbent_queries=written).report["combined"] == told
    assert refine(**GIVEN).report["combined"] != told


@pytest.mark.parametrize(
    ("learned", "words"),
    [
        ("m1", "incumbent_queries is 'm1'; expected a collection of query keys"),
        (5, "incumbent_queries is a int; expected a collection of query keys"),
        ([3, None], "incumbent_queries, entry 1 is missing; expected a query key"),
        ([np.nan], "incumbent_queries, entry 0 is missing"),
        ([[1]], "incumbent_queries, entry 0 is a list; expected a query key"),
    ],
)
def test_what_is_no_collection_of_queries_is_refused(learned, words):
    with pytest.raises(InvalidFeatures, match=words):
        refine(**GIVEN, incumbent_queries=learned)


PAIRED = [("spring", int(key)) for key in NUMBERS]
SESSIONS = [("session", int(number) % 2) for number in PAIRS.list_id]


def as_series(keys):
    return pd.Series(keys, index=range(5, 5 + len(keys)))


@pytest.mark.parametrize("held", [list, tuple, as_series, pd.MultiIndex.from_tuples])
def test_a_query_may_be_a_pair_of_keys(held):
    model = refine(**GIVEN | {"queries": held(PAIRED)})
    assert model.report["units"] == NEEDS
    opinions = committee(FEATURES, PAIRS, queries=held(PAIRED), trees=False, size=2)
    assert np.array_equal(opinions, committee(FEATURES, PAIRS, queries=NUMBERS, trees=False, size=2))
    assert pair_accuracy(SEEN, PAIRS, held(PAIRED)).mean() == 1.0
    assert judged_lines(PAIRS, queries=held(PAIRED))["query"].iloc[0] == ("spring", 0)


def test_where_experts_looked_is_known_of_pairs_of_keys_too():
    pool, keys = FEATURES.assign(size=9.0), [("autumn", int(key)) for key in NUMBERS]
    model = refine(**GIVEN | {"queries": PAIRED}, pool=pool, pool_queries=keys)
    assert model.report["coverage"] == {"gated": False, "open": 1.0, "columns": []}


def test_a_source_may_be_a_pair_of_keys():
    model = refine(**GIVEN, sources=SESSIONS)
    assert list(model.without(FEATURES)) == ["('session', 0)", "('session', 1)"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"queries": as_series([[key] for key in NUMBERS])}, "queries, row 0 is a list; expected a key"),
        ({"queries": [*PAIRED[:-1], ("spring", [1])]}, "queries, row 95 is a tuple; expected a key"),
        ({"queries": [*PAIRED[:-1], None]}, "queries, row 95 is missing; expected a key"),
        ({"sources": [["spring"]] * len(PAIRS)}, "sources, row 0 is a list; expected a key"),
        (
            {"sources": [1, "1"] * (len(PAIRS) // 2)},
            "sources has 1 and '1'; expected names that differ as text",
        ),
    ],
)
def test_what_is_no_key_is_refused(change, words):
    with pytest.raises(InvalidFeatures, match=words):
        refine(**GIVEN | change)
