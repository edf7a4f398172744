"""Panels of judges with tastes of their own, who put made-up lists in an order."""

import numpy as np
import pandas as pd

from ranking.ltr.model import Ranker, RuleComponent
from ranking.ltr.preferences import Preferences

COLUMNS = ("price", "fit", "age")
CHEAP, DEAR, YOUNG = (1, -2, 0), (-1, 2, 0), (0, 1, 2)
RANDOM = None


def panel(*tastes, lists=24, size=8, noise=0.7, shared=True, bent=False, seed=0):
    """(table, query of each row, pairs): judge "j0" has the first taste and so on; None answers at random.

    Judges have the same lists, or each their own. `bent`: tastes are about sizes without their sign.
    """
    rng = np.random.default_rng(seed)
    blocks = 1 if shared else len(tastes)
    table = rng.normal(size=(blocks, lists, size, len(COLUMNS)))
    orders, judges = [], []
    for number, taste in enumerate(tastes):
        block = 0 if shared else number
        seen = np.abs(table[block]) if bent else table[block]
        utility = 0 if taste is RANDOM else seen @ np.array(taste)
        order = np.argsort(-(utility + noise * rng.gumbel(size=(lists, size))), axis=1)
        orders += (order + size * (np.arange(lists)[:, None] + block * lists)).tolist()
        judges += [f"j{number}"] * lists
    features = pd.DataFrame(table.reshape(-1, len(COLUMNS)), columns=list(COLUMNS))
    return features, np.arange(len(features)) // size, Preferences.from_orders(orders, judge=judges)


def rule(features, direction):
    """The incumbent: by price, up or down; "constant" says the same of all."""
    column = features["price"] if direction != "constant" else features["price"] * 0
    table = features.assign(price=column)
    way = "descending" if direction == "constant" else direction
    return Ranker(("price",), (RuleComponent.fit(table, [("price", way)]),))
