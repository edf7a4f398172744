"""The linear fit: which columns it may see, which signs it may take, and that it is the optimum."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ranking.ltr.linear import fit_linear, linear_design, means_and_scales, query_columns
from ranking.ltr.preferences import Preferences


def table(seed=0, queries=20, size=5):
    rng = np.random.default_rng(seed)
    n = queries * size
    features = pd.DataFrame({"fee": rng.normal(size=n), "age": rng.normal(size=n)})
    features["state"] = rng.integers(0, 4, n).astype(float)
    features["need"] = np.repeat(rng.normal(size=queries), size)
    return features, np.repeat(np.arange(queries), size).astype(object)


def pairs_of(utility, size=5):
    orders = np.argsort(-utility.reshape(-1, size), axis=1) + np.arange(0, len(utility), size)[:, None]
    return Preferences.from_orders(orders.tolist(), judge="ada")


def terms(design):
    return [tuple(design.columns[place] for place in term) for term in design.terms]


def test_columns_of_the_query_enter_in_products_only():
    assert terms(linear_design(*table())) == [
        ("fee",), ("age",), ("state",), ("need", "fee"), ("need", "age"), ("need", "state")
    ]  # fmt: skip


def test_categories_never_enter_the_linear_fit():
    design = linear_design(*table(), categorical=("state", "need"))
    assert design.columns == ("fee", "age")
    assert terms(design) == [("fee",), ("age",)]


def test_a_column_with_a_direction_enters_no_product():
    design = linear_design(*table(), monotone={"fee": -1})
    assert ("need", "fee") not in terms(design)
    assert ("need", "age") in terms(design)
    assert design.signs[terms(design).index(("fee",))] == -1


@pytest.mark.parametrize(
    "column", [5.0, np.nan, [0.1] * 99 + [0.1 + 1e-17], [0.0] * 99 + [1e-300], [1e300, -1e300] * 50]
)
def test_a_column_that_says_nothing_a_float_can_hold_is_passed_over(column):
    features, queries = table()
    assert "odd" not in linear_design(features.assign(odd=column), queries).columns


def test_means_and_scales_are_those_of_the_values_that_are_there():
    values = np.random.default_rng(0).normal(5, 3, (50, 4))
    values[::3, 1] = np.nan
    means, scales = means_and_scales(values)
    assert means == pytest.approx(np.nanmean(values, axis=0))
    assert scales == pytest.approx(np.nanstd(values, axis=0))


def test_a_column_missing_throughout_some_queries_is_still_the_querys():
    features = pd.DataFrame({"large": [np.nan, np.nan, 1.0, 1.0], "mixed": [np.nan, 1.0, 1.0, 1.0]})
    assert query_columns(features, np.array(["a", "a", "b", "b"], dtype=object)) == ["large"]


def test_too_many_products_are_not_offered():
    rng = np.random.default_rng(0)
    items = pd.DataFrame(rng.normal(size=(60, 25)), columns=[f"i{k}" for k in range(25)])
    needs = pd.DataFrame(
        np.repeat(rng.normal(size=(20, 20)), 3, axis=0), columns=[f"q{k}" for k in range(20)]
    )
    design = linear_design(pd.concat([items, needs], axis=1), np.repeat(np.arange(20), 3).astype(object))
    assert not design.products.any()
    assert len(design.terms) == 25


def test_without_an_incumbent_it_is_the_logistic_regression_of_differences():
    features, queries = table()
    pairs = pairs_of(
        (features["fee"] - features["age"]).to_numpy() + np.random.default_rng(1).normal(size=100)
    )
    design = linear_design(features, queries)
    matrix = design.matrix(features)
    ours = fit_linear(matrix, np.zeros(100), pairs, ridge=np.full(6, 2.0), signs=np.zeros(6, dtype=np.int64))[
        :-1
    ]
    delta = matrix[pairs.winner] - matrix[pairs.loser]
    oracle = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-10, max_iter=1000)
    # the regression wants both classes; a pair turned round says the same again, so each has half the weight
    oracle.fit(np.r_[delta, -delta], np.repeat([1, 0], len(delta)), np.tile(pairs.weight / 2, 2))
    assert ours == pytest.approx(oracle.coef_[0], abs=1e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_declared_direction_holds_against_the_experts(sign):
    features, queries = table()
    pairs = pairs_of(-sign * features["fee"].to_numpy())
    design = linear_design(features, queries, monotone={"fee": sign})
    fitted = fit_linear(
        design.matrix(features),
        np.zeros(100),
        pairs,
        ridge=np.ones(len(design.terms)),
        signs=design.signs,
    )
    assert sign * fitted[terms(design).index(("fee",))] == 0
    free = fit_linear(
        design.matrix(features),
        np.zeros(100),
        pairs,
        ridge=np.ones(len(design.terms)),
        signs=0 * design.signs,
    )
    assert sign * free[terms(design).index(("fee",))] < -0.5


def test_an_incumbent_that_is_wrong_throughout_is_forgotten_and_never_turned_round():
    features, queries = table()
    utility = features["fee"].to_numpy()
    design = linear_design(features[["age"]], queries)
    fitted = fit_linear(
        design.matrix(features), -3 * utility, pairs_of(utility), ridge=np.ones(1), signs=np.zeros(1, int)
    )
    assert fitted[-1] == 0


def test_a_strong_ridge_leaves_the_incumbent_alone_at_its_own_scale():
    features, queries = table()
    base = features["age"].to_numpy()
    pairs = pairs_of(base + np.random.default_rng(0).gumbel(size=100))
    design = linear_design(features[["fee"]], queries)
    fitted = fit_linear(design.matrix(features), base, pairs, ridge=np.full(1, 1e9), signs=np.zeros(1, int))
    assert fitted[0] == pytest.approx(0, abs=1e-6)
    assert 0.5 < fitted[-1] < 1.5


def test_the_component_scores_as_the_design_does_also_where_values_are_missing():
    features, queries = table()
    features = features.mask(np.random.default_rng(0).random(features.shape) < 0.2)
    design = linear_design(features, queries)
    coefficients = np.random.default_rng(1).normal(size=len(design.terms))
    component = design.component("fit", coefficients)
    assert component.score(features) == pytest.approx(design.matrix(features) @ coefficients, abs=1e-12)
    alone = design.without_products()
    assert [len(term) for term in alone.terms] == [1] * len(alone.terms)
    assert design.component("fit", 0 * coefficients).columns == ()
