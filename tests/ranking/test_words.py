"""Reasons in words: a value never reads against what it adds to a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ranking.description import from_dict
from ranking.ltr import Preferences, Ranker, RuleComponent, TreeComponent
from ranking.ltr.boosting import BoostingParams, boost
from ranking.ltr.features import FeatureSpec
from ranking.services.words import FeatureWords, Usual, reasons_in_words
from tests.tiny import DESCRIPTION

NAN = float("nan")
SPECS = (
    FeatureSpec("skills", "overlap", label="Skills", item_field="states", query_field="states"),
    FeatureSpec("fee", "numeric", label="Fee", field="fee", monotone=-1),
    FeatureSpec("assets", "numeric", label="Assets", field="assets", unit="USD"),
    FeatureSpec(
        "ratio", "log_ratio", label="Assets against the size", item_field="assets", query_field="size"
    ),
)
WORDS = FeatureWords({spec.name: spec for spec in SPECS}, {}, from_dict(DESCRIPTION))


def usual(**columns: tuple[float, float, float]) -> Usual:
    """Return what is usual from (typical, mean, direction) by column."""
    return Usual(*({name: figures[i] for name, figures in columns.items()} for i in range(3)))


@pytest.mark.parametrize(
    ("value", "contribution", "figures", "odd"),
    [
        (0.0, 0.188, (0.0, 0.1, 1.0), True),  # none of the skills, as most, is no argument for anybody
        (0.5, 0.1, (1.0, 0.4, 1.0), True),  # worse than typical although better than the mean
        (0.5, 0.1, (0.0, 0.1, 1.0), False),
        (1.0, 0.1, (1.0, 0.7, 1.0), False),  # as good as typical, where many are worse
        (1.0, -0.1, (1.0, 0.7, 1.0), True),
        (0.0, -0.1, (0.0, 0.1, 1.0), False),
        (9.0, 0.1, (5.0, 5.0, -1.0), True),
        (3.0, 0.1, (5.0, 5.0, -1.0), False),
        (9.0, 0.1, (5.0, 5.0, 0.0), False),  # nobody knows which way is better
        (NAN, 0.1, (5.0, 5.0, 0.0), True),  # what is not known speaks for nobody
        (NAN, -0.1, (5.0, 5.0, 1.0), False),
        (3.0, 0.1, (NAN, NAN, 1.0), False),  # the only one that reports it
    ],
)
def test_a_value_contradicts_what_it_adds(value, contribution, figures, odd):
    assert usual(x=figures).contradicts("x", value, contribution) is odd


def test_what_most_do_not_report_makes_no_argument_of_having_none_of_it():
    """Trees learn that a missing value is bad: 0 % adds to a score, and is not told as a reason."""
    rng = np.random.default_rng(5)
    skills = np.where(rng.random(120) < 0.7, NAN, rng.integers(0, 3, 120) / 2)
    table = pd.DataFrame({"skills": skills, "fee": rng.random(120)})
    wanted = table["skills"].fillna(-1.0) - 0.2 * table["fee"]
    pairs = Preferences.from_orders([list(np.argsort(-wanted.to_numpy()))], judge="ada")
    text = boost(table, pairs, params=BoostingParams(rounds=30, min_data_in_leaf=2, num_leaves=4), seed=1)
    ranker = Ranker(("skills", "fee"), (TreeComponent("version 1", 1.0, ("skills", "fee"), text),))
    none = np.flatnonzero(skills == 0)
    added = ranker.contributions(table)["skills"]
    assert (added[none] - added.mean() > 0).all()
    for row, reasons in zip(range(120), reasons_in_words(ranker, table, range(120), WORDS), strict=True):
        for reason in reasons:
            if reason["feature"] == "skills" and reason["contribution"] > 0:
                assert skills[row] > 0, reason["text"]


def test_where_nothing_is_declared_the_direction_is_the_models():
    table = pd.DataFrame({"assets": np.arange(1.0, 31.0), "fee": np.zeros(30), "skills": np.zeros(30)})
    ranker = Ranker(tuple(table), (RuleComponent.fit(table, [("assets", "descending")]),))
    found = Usual.of(table, ranker.contributions(table), WORDS)
    assert found.direction == {"assets": 1.0, "fee": -1, "skills": 1}


def test_a_ratio_with_an_amount_of_zero_says_zero_and_one_without_an_amount_says_so():
    assert WORDS.value("ratio", NAN, {"assets": 0}) == "$0"
    assert WORDS.value("ratio", NAN, {"assets": None}) == "not reported"


def test_two_amounts_that_differ_do_not_read_the_same():
    assert WORDS.both("assets", 1_250.0, 1_249.0) == ("$1.25 k", "$1.249 k")
    assert WORDS.both("assets", 1_250.0, 1_250.0) == ("$1.2 k", "$1.2 k")
