"""Pairs that are to count more, or less, or not at all."""

import numpy as np
import pandas as pd
import pytest

from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.preferences import Preferences

GOOD = {"winner": [0, 1], "loser": [1, 2], "judge": ["ada", "bob"]}


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ([1.0, -1.0], "pair 1: factor is -1.0; expected a number that is not negative"),
        (-1, "pair 0: factor is -1.0"),
        (np.nan, "pair 0: factor is nan"),
        ([np.inf, 1.0], "pair 0: weight is inf; expected a number from 0 to 1000000"),
        (2e6, "pair 0: weight is 2000000.0"),
        ([1.0], "1 factors for 2 pairs; expected one, or one each"),
        ([[1.0], [1.0]], "factor has 2 dimensions"),
        ("2", "factor is not numeric but text"),
    ],
)
def test_a_factor_that_makes_no_weights_is_refused(factor, words):
    with pytest.raises(InvalidPreferences, match=words):
        Preferences.from_pairs(**GOOD).weighted(factor)


def test_one_factor_is_for_all_pairs():
    assert Preferences.from_pairs(**GOOD).weighted(0).weight.tolist() == [0.0, 0.0]
    assert Preferences.from_pairs(**GOOD).weighted(pd.Series([2, 3], index=[7, 5])).weight.tolist() == [2, 3]
