"""Challenger against champion on held-out queries: the figures and the verdict in words.

Two metrics: pair accuracy against the experts, on slates that were shown in random order only (an expert
who keeps the shown order agrees with whoever made it), and NDCG@10 against graded labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.comparison import LEAST_QUERIES, Comparison, compare
from ranking.ltr.metrics import QueryMetric, ndcg, pair_accuracy
from ranking.ltr.preferences import Floats, Preferences
from ranking.ltr.tables import Mask, Pairs, Rows

PAIRS, LABELS = "pair_accuracy", "ndcg@10"
WORDS = {PAIRS: "the share of pairs in the experts' order", LABELS: "NDCG@10 against the labels"}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What both versions are judged on.

    Attributes
    ----------
    challenger, champion : (n,) scores of all rows; None for a first version
    experts : pairs of held-out queries from slates in random order
    labelled : (n,) held-out rows that have a label
    """

    rows: Rows
    challenger: Floats
    champion: Floats | None
    experts: Preferences
    labelled: Mask
    seed: int

    def metric(
        self, name: str, scores: Floats, where: Mask | None = None, judge: str | None = None
    ) -> QueryMetric:
        """One metric by query, within a segment or for one judge only."""
        inside = np.ones(len(self.rows), dtype=bool) if where is None else where
        if name == LABELS:
            chosen = self.labelled & inside
            return ndcg(self.rows.labels[chosen], scores[chosen], self.rows.queries[chosen], k=10)
        pairs = self.experts.take(inside[self.experts.winner] | inside[self.experts.loser])
        pairs = pairs if judge is None else pairs.take(pairs.judge == judge)
        return pair_accuracy(scores, pairs, self.rows.queries)

    def compared(
        self, name: str, where: Mask | None = None, judge: str | None = None
    ) -> dict[str, Any] | None:
        """One metric of both versions; None where it is defined for no query."""
        challenger = self.metric(name, self.challenger, where, judge)
        if len(challenger.values) == 0:
            return None
        if self.champion is None:
            alone = Comparison(
                challenger.mean(), np.nan, np.nan, np.nan, np.nan, np.nan, len(challenger.values)
            )
            return {**alone.to_dict(), "left_out": challenger.left_out}
        champion = self.metric(name, self.champion, where, judge)
        found = compare(challenger.values, champion.values, seed=self.seed)
        return {**found.to_dict(), "left_out": challenger.left_out}


def evaluate(
    rows: Rows,
    pairs: Pairs,
    challenger: Floats,
    champion: Floats | None,
    *,
    mode: str,
    seed: int,
    labels_guard: bool = True,
) -> dict[str, Any]:
    """Compare two versions on the held-out queries.

    Parameters
    ----------
    challenger, champion : (n,) scores of all rows; no champion for a first version
    mode : "preferences" or "labels": which of the two metrics decides
    labels_guard : whether falling behind on the labels makes a version that learned preferences worse

    Returns
    -------
    dict
        `metrics`, `segments` (name -> value -> metric), `experts` (judge -> figures), `per_query`,
        `verdict` ("promote", "not_yet", "refuse") and its `reason`; plain values, None where unknown.
    """
    experts = pairs.held_out & pairs.randomised & (pairs.origin != "label")
    held_out = HeldOut(
        rows=rows,
        challenger=challenger,
        champion=champion,
        experts=pairs.preferences.take(experts),
        labelled=rows.held_out & ~np.isnan(rows.labels),
        seed=seed,
    )
    metrics = {name: held_out.compared(name) for name in (PAIRS, LABELS)}
    considered = metrics if labels_guard or mode == "labels" else {**metrics, LABELS: None}
    verdict, reason = judge(considered, decisive=PAIRS if mode == "preferences" else LABELS)
    return {
        "metrics": {name: found for name, found in metrics.items() if found is not None},
        "segments": _segments(held_out),
        "experts": _experts(held_out),
        "per_query": _per_query(held_out, PAIRS if metrics[PAIRS] is not None else LABELS),
        "verdict": verdict,
        "reason": reason,
    }


def judge(metrics: dict[str, dict[str, Any] | None], *, decisive: str) -> tuple[str, str]:
    """The verdict and its reason in words.

    "promote" needs the decisive metric's whole interval above zero and the other one's not wholly below;
    where the two contradict each other, nothing is clear: people have to say which of the two they believe.

    >>> sure = {"difference": 0.05, "low": 0.02, "high": 0.08, "n_queries": 40}
    >>> judge({"pair_accuracy": sure, "ndcg@10": None}, decisive="pair_accuracy")[0]
    'promote'
    >>> harm = {"difference": -0.05, "low": -0.08, "high": -0.02, "n_queries": 40}
    >>> judge({"pair_accuracy": sure, "ndcg@10": harm}, decisive="pair_accuracy")[0]
    'not_yet'
    """
    (other,) = (name for name in metrics if name != decisive)
    main, guard = metrics[decisive], metrics[other]
    if main is None:
        return "not_yet", f"no held-out query tells {WORDS[decisive]}"
    if main["difference"] is None:
        return "not_yet", "there is no champion to compare with"
    said = _in_words(decisive, main)
    if main["n_queries"] < LEAST_QUERIES:
        return "not_yet", f"{said}; fewer than {LEAST_QUERIES} queries decide nothing"
    if _wholly_below(main):
        return "refuse", said
    better = bool(main["low"] > 0)
    if _wholly_below(guard):
        return ("not_yet" if better else "refuse"), f"{said}, but {_in_words(other, guard)}"
    if better:
        return "promote", said
    return "not_yet", f"{said}; the interval includes zero"


def _wholly_below(found: dict[str, Any] | None) -> bool:
    return (
        found is not None
        and found["high"] is not None
        and found["n_queries"] >= LEAST_QUERIES
        and bool(found["high"] < 0)
    )


def _in_words(name: str, found: dict[str, Any] | None) -> str:
    if found is None:
        return f"{WORDS[name]} is not known"
    interval = "" if found["low"] is None else f" (95 % interval {found['low']:+.3f} to {found['high']:+.3f})"
    change, n = f"{found['difference']:+.3f}{interval}", found["n_queries"]
    return f"{WORDS[name]} changes by {change} on {n} held-out {'query' if n == 1 else 'queries'}"


def _segments(held_out: HeldOut) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in held_out.rows.segments.items():
        found[name] = {}
        for value in sorted(set(values[held_out.rows.held_out])):
            inside = values == value
            metrics = {metric: held_out.compared(metric, where=inside) for metric in (PAIRS, LABELS)}
            known = {metric: figures for metric, figures in metrics.items() if figures is not None}
            if known:
                found[name][value] = known
    return found


def _experts(held_out: HeldOut) -> dict[str, Any]:
    found = {}
    for name in held_out.experts.judges()[1]:
        figures = held_out.compared(PAIRS, judge=name)
        if figures is not None:
            found[name] = {**figures, "n_pairs": int(np.sum(held_out.experts.judge == name))}
    return found


def _per_query(held_out: HeldOut, main: str) -> list[dict[str, Any]]:
    """One line a query: both metrics of both versions; `challenger` and `champion` are the main one's."""
    short = {PAIRS: "pairs", LABELS: "ndcg"}
    versions = {"challenger": held_out.challenger, "champion": held_out.champion}
    columns = {
        f"{short[metric]}_{version}": held_out.metric(metric, scores).values
        for metric in (PAIRS, LABELS)
        for version, scores in versions.items()
        if scores is not None
    }
    table = pd.DataFrame(columns)
    lines = []
    for query, line in zip(table.index, table.to_dict("records"), strict=True):
        plain = {str(name): None if np.isnan(value) else float(value) for name, value in line.items()}
        decisive = {version: plain.get(f"{short[main]}_{version}") for version in versions}
        lines.append({"query": str(query), "metric": main, **decisive, **plain})
    return lines
