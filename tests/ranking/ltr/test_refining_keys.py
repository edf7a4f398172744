"""Queries and sources of `refine`, whatever their keys are: text, numbers, pairs of both."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures
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
