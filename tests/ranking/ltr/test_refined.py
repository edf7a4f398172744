"""What `refine` gives back, and what it asks of the model that it stands on."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.boosting import BoostingParams
from ranking.ltr.committee import staged_committee
from ranking.ltr.components import RuleComponent
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.explain import pair_reasons, reasons
from ranking.ltr.model import Ranker
from ranking.ltr.preferences import Preferences
from ranking.ltr.refining import refine

SIZE = 6
SMALL = BoostingParams(rounds=4, min_data_in_leaf=5, num_threads=1)
RNG = np.random.default_rng(5)
FEATURES = pd.DataFrame(RNG.normal(size=(40 * SIZE, 3)), columns=["focus", "size", "fee"])
QUERIES = np.repeat(np.arange(40), SIZE)
SEEN = (3 * FEATURES["focus"] + RNG.gumbel(size=len(FEATURES))).to_numpy().reshape(40, SIZE)
ORDERS = (np.argsort(-SEEN, axis=1) + SIZE * np.arange(40)[:, None]).tolist()
PAIRS = Preferences.from_orders(ORDERS, judge="ada")


class ByPlace:
    """An incumbent that reads the second column, whatever its name, and leaves its table in pieces."""

    def score(self, features, queries=None):
        score = np.asarray(features)[:, 1].copy()
        features["focus"] = 0.0
        return score


@pytest.fixture(scope="module")
def learned():
    return refine(FEATURES, PAIRS, queries=QUERIES, incumbent=ByPlace(), params=SMALL)


def test_an_incumbent_gets_the_columns_of_the_training_in_their_order(learned):
    turned = FEATURES[FEATURES.columns[::-1]].assign(more=1.0)
    assert learned.score(turned) == pytest.approx(learned.score(FEATURES))


def test_what_an_incumbent_does_to_its_table_stays_with_it(learned):
    before = FEATURES.copy()
    learned.score(FEATURES)
    pd.testing.assert_frame_equal(FEATURES, before)
    right = (np.diff(learned.score(FEATURES)[np.array(ORDERS)], axis=1) < 0).mean()
    assert right > 0.65  # of neighbours; half, had the column been lost


def test_a_column_that_is_missing_is_named_also_where_the_incumbent_is_kept():
    coins = np.random.default_rng(0).permuted(np.arange(40 * SIZE).reshape(40, SIZE), axis=1)
    kept = refine(
        FEATURES,
        Preferences.from_orders(coins.tolist(), judge="ada"),
        queries=QUERIES,
        incumbent=ByPlace(),
        params=SMALL,
    )
    assert kept.report["kept_incumbent"]
    with pytest.raises(InvalidFeatures, match="column 'fee' is missing"):
        kept.score(FEATURES.drop(columns="fee"))


def test_reasons_keep_the_index_of_their_rows():
    incumbent = Ranker(("size",), (RuleComponent.fit(FEATURES, [("size", "descending")]),))
    model = refine(
        FEATURES, PAIRS, queries=QUERIES, incumbent=incumbent, params=SMALL, sources=PAIRS.list_id % 2
    )
    named = FEATURES.set_axis([f"row {place}" for place in range(len(FEATURES))]).iloc[::-1]
    assert list(model.contributions(named).index) == list(named.index)
    assert model.contributions(named).sum(axis=1).to_numpy() == pytest.approx(model.score(named))
    assert list(model.without(named).index) == list(named.index)


def test_random_judges_do_not_displace_a_perfect_incumbent():
    """Shrinking its scores explains coins better; its order is worth as much as before."""
    incumbent = Ranker(("focus",), (RuleComponent.fit(FEATURES, [("focus", "descending")]),))
    for seed in range(6):
        coins = np.random.default_rng(seed).permuted(np.arange(40 * SIZE).reshape(40, SIZE), axis=1)
        judges = [f"judge {place % 4}" for place in range(40)]
        pairs = Preferences.from_orders(coins.tolist(), judge=judges)
        model = refine(FEATURES, pairs, queries=QUERIES, incumbent=incumbent, params=SMALL, seed=seed)
        assert model.report["belief"] < 0.2, seed


def test_one_list_judged_by_six_people_is_one_proof():
    incumbent = Ranker(("size",), (RuleComponent.fit(FEATURES, [("size", "descending")]),))
    pairs = Preferences.from_orders([ORDERS[0]] * 6, judge=list("abcdef"))
    model = refine(FEATURES, pairs, queries=QUERIES, incumbent=incumbent, params=SMALL)
    assert model.report["kept_incumbent"]


class NoQueries:
    def score(self, features):
        return np.zeros(len(features))


class LikeScikitLearn:
    def score(self, X, y, sample_weight=None):
        return 0.5


@pytest.mark.parametrize("incumbent", [NoQueries(), LikeScikitLearn(), ByPlace, 3.0])
def test_what_cannot_be_asked_for_scores_is_no_incumbent(incumbent):
    with pytest.raises(InvalidFeatures, match=r"expected an object with score\(features, queries=None\)"):
        refine(FEATURES, PAIRS, queries=QUERIES, incumbent=incumbent, params=SMALL)


@pytest.mark.parametrize(
    "columns",
    [FEATURES * 0, FEATURES * 0 + (np.arange(len(FEATURES)) == 0)[:, None]],
    ids=["zeros", "one row alone"],
)
@pytest.mark.parametrize("has_incumbent", [True, False])
def test_columns_that_tell_nothing_apart_are_passed_over(columns, has_incumbent):
    incumbent = ByPlace() if has_incumbent else None
    model = refine(columns, PAIRS, queries=QUERIES, incumbent=incumbent, params=SMALL)
    assert np.isfinite(model.score(columns)).all()


def test_an_incumbent_of_huge_scores_is_an_incumbent():
    class Huge:
        def score(self, features, queries=None):
            return 1e300 * features["size"].to_numpy()

    model = refine(FEATURES, PAIRS, queries=QUERIES, incumbent=Huge(), params=SMALL)
    assert "no model before" not in model.report["choice"]
    assert np.isfinite(model.score(FEATURES)).all()


def test_the_choice_says_what_there_was_to_learn_from():
    ties = Preferences.from_orders([[order] for order in ORDERS], judge="ada")
    assert refine(FEATURES, ties, queries=QUERIES, params=SMALL).report["choice"] == (
        "the experts tied everything; there was no model before"
    )

    class Level:
        def score(self, features, queries=None):
            return np.ones(len(features))

    level = refine(FEATURES, PAIRS, queries=QUERIES, incumbent=Level(), params=SMALL)
    assert level.report["choice"].endswith("the model before tells no candidates apart")


def test_the_words_of_a_model_fit_on_a_line(learned):
    assert repr(learned).startswith("Refined(3 columns; ")
    assert len(repr(learned)) < 200


EXPLAINED = {
    "reasons": lambda model, table: reasons(model, table[:3], table, top=9),
    "reasons of a pair": lambda model, table: pair_reasons(model, table[:1], table[1:2]),
    "stages": lambda model, table: staged_committee(model, table, size=3).tolist(),
}


@pytest.mark.parametrize("explained", EXPLAINED.values(), ids=EXPLAINED.keys())
def test_what_refine_gives_is_explained_as_the_ranker_in_it(explained, learned):
    rule = Ranker(("size",), (RuleComponent.fit(FEATURES, [("size", "descending")]),))
    model = refine(FEATURES, PAIRS, queries=QUERIES, incumbent=rule, params=SMALL)
    assert model.ranker.columns != model.columns  # an array has the columns in the order of the training
    assert explained(model, FEATURES) == explained(model.ranker, FEATURES)
    assert explained(model, FEATURES.to_numpy()) == explained(model, FEATURES)
    with pytest.raises(InvalidFeatures, match="the incumbent explains nothing; expected a Ranker"):
        explained(learned, FEATURES)
    with pytest.raises(InvalidFeatures, match="the model is a ByPlace; expected a Ranker, or what refine"):
        explained(ByPlace(), FEATURES)
