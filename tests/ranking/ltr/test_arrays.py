"""Arrays of unusual kinds: masked ones miss values, complex and sparse ones are refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.committee import committee
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.metrics import ndcg
from ranking.ltr.model import Ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.refining import refine

SIZE, NEEDS = 4, 12
RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(NEEDS * SIZE, 2))
HIDDEN = RNG.random(VALUES.shape) < 0.3
MISSING = np.where(HIDDEN, np.nan, VALUES)
MASKED = np.ma.masked_array(np.where(HIDDEN, -9999.0, VALUES), HIDDEN)
ORDERS = np.argsort(-VALUES[:, 0].reshape(NEEDS, SIZE), axis=1) + SIZE * np.arange(NEEDS)[:, None]
PAIRS = Preferences.from_orders(ORDERS.tolist(), judge="ada")
QUERIES = np.repeat(np.arange(NEEDS), SIZE)
SMALL = BoostingParams(rounds=2, min_data_in_leaf=5, num_threads=1)
RANKER = Ranker(("f0",), (RuleComponent.fit(pd.DataFrame({"f0": VALUES[:, 0]}), [("f0", "descending")]),))


def test_what_is_masked_is_missing():
    models = [refine(values, PAIRS, queries=QUERIES, params=SMALL) for values in (MASKED, MISSING)]
    assert np.array_equal(models[0].score(MASKED), models[1].score(MISSING))
    assert np.array_equal(RANKER.score(MASKED[:, [0]]), RANKER.score(MISSING[:, [0]]))
    assert np.array_equal(*(committee(x, PAIRS, queries=QUERIES, trees=False) for x in (MASKED, MISSING)))


def test_a_masked_label_is_none_and_a_masked_weight_is_refused():
    labels = np.ma.masked_equal([1, 0, -1], -1)
    assert ndcg(labels, [2.0, 1.0, 3.0], ["q"] * 3).values.tolist() == [1.0]
    with pytest.raises(InvalidPreferences, match="pair 1: weight is nan"):
        Preferences.from_pairs(winner=[0, 1], loser=[1, 2], judge="a", weight=np.ma.masked_equal([1, 9], 9))
    with pytest.raises(InvalidPreferences, match="pair 1: winner is nan; expected a whole number"):
        Preferences.from_pairs(winner=np.ma.masked_equal([0, 9], 9), loser=[1, 2], judge="a")


@pytest.mark.parametrize("sparse", [csr_array(VALUES), csr_matrix(VALUES)])
def test_a_sparse_matrix_is_refused_with_what_to_do(sparse):
    words = r"features are a sparse matrix; expected a table or an array: pass \.toarray\(\)"
    with pytest.raises(InvalidFeatures, match=words):
        refine(sparse, PAIRS, queries=QUERIES)
    with pytest.raises(InvalidFeatures, match=words):
        refine(VALUES, PAIRS, queries=QUERIES, pool=sparse, pool_queries=QUERIES + NEEDS)
    with pytest.raises(InvalidFeatures, match=words):
        RANKER.score(sparse)


def test_complex_columns_are_refused_by_name():
    table = pd.DataFrame(VALUES, columns=["fee", "size"]).assign(size=1j)
    with pytest.raises(InvalidFeatures, match="column 'size' has type complex128; expected numbers"):
        refine(table, PAIRS, queries=QUERIES)
    with pytest.raises(InvalidFeatures, match="column 'f0' has type complex128"):
        RANKER.score(VALUES[:, [0]] * 1j)
    with pytest.raises(InvalidPreferences, match="weight is complex"):
        Preferences.from_pairs(winner=[0], loser=[1], judge="ada", weight=[1j])
    with pytest.raises(InvalidFeatures, match="scores holds what is no number"):
        ndcg([1, 0], [1j, 0], ["q", "q"])
