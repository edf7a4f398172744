"""Comparisons to put to the gate: lines of figures, or scores of forty made-up queries of six candidates."""

import numpy as np
import pandas as pd

from ranking.ltr import PairedResults, gate, paired_results
from ranking.ltr.preferences import Preferences
from ranking.ltr.tables import Pairs, Rows

QUERIES, SIZE = 40, 6


def lines(differences, champion=0.6, **cut):
    """Lines of figures of one comparison; the champion's move where a difference would lead beyond 0 or 1."""
    differences = np.clip(differences, -1, 1)
    champion = np.full(len(differences), champion)
    if cut.get("metric") != "placement":
        champion = np.clip(champion, np.maximum(-differences, 0), np.minimum(1 - differences, 1))
    table = pd.DataFrame({"query": [f"q{number}" for number in range(len(champion))], "champion": champion})
    metric = cut.pop("metric", "pair_accuracy")
    return PairedResults.of_queries(table.assign(challenger=champion + differences, **cut), metric).figures


def of(*parts, **more):
    return PairedResults(pd.concat(parts, ignore_index=True), **more)


def failed(decision):
    return [check.name for check in decision.checks if check.verdict in ("not_yet", "refuse")]


def owner():
    """(n,) 0 or 1: by turns the first and the second of a query, so that neither group is better."""
    return (np.arange(QUERIES * SIZE) + np.repeat(np.arange(QUERIES), SIZE)) % 2


def tables():
    """Forty held-out queries of six candidates, each list judged in the order of the candidates."""
    n = QUERIES * SIZE
    number = np.repeat(np.arange(QUERIES), SIZE)
    orders = [list(range(q * SIZE, (q + 1) * SIZE)) for q in range(QUERIES)]
    preferences = Preferences.from_orders(orders, judge=["ada", "bob"] * (QUERIES // 2))
    rows = Rows(
        features=pd.DataFrame({"x": np.zeros(n)}),
        queries=np.array([f"q{one}" for one in number], dtype=object),
        labels=np.full(n, np.nan),
        held_out=np.ones(n, dtype=bool),
        segments={"half": np.array(["even", "odd"], dtype=object)[number % 2]},
        protected={"owner": np.array(["bank", "family"], dtype=object)[owner()]},
        items=np.array([f"i{one % SIZE}" for one in range(n)], dtype=object),
    )
    everywhere = np.ones(len(preferences), dtype=bool)
    return rows, Pairs(
        preferences, np.full(len(preferences), "reordered", dtype=object), everywhere, everywhere
    )


GOOD = np.tile(-np.arange(SIZE) / 2, QUERIES)


def bad(seed=0):
    return GOOD + np.random.default_rng(seed).normal(0, 1.5, len(GOOD))


def decide(challenger, champion=None, **more):
    rows, pairs = tables()
    results = paired_results(rows, pairs, challenger, 0.5 * bad() if champion is None else champion, **more)
    return gate(results, resamples=500)
