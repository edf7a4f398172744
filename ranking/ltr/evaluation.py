"""Challenger against champion on held-out queries: the figures, and what the gate says to them.

Two metrics: pair accuracy against the experts, on slates that were shown in random order only (an expert
who keeps the shown order agrees with whoever made it), and NDCG@10 against graded labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.comparison import Comparison, compare
from ranking.ltr.decision import NOT_APPLICABLE, NOT_YET, Check, GateDecision, NotMeasured
from ranking.ltr.figures import LABELS, PAIRS, PairedResults
from ranking.ltr.gate import gate
from ranking.ltr.guardrails import GateLimits
from ranking.ltr.paired import HeldOut, paired_results
from ranking.ltr.preferences import Floats
from ranking.ltr.tables import Mask, Pairs, Rows


def evaluate(
    rows: Rows,
    pairs: Pairs,
    challenger: Floats,
    champion: Floats | None,
    *,
    mode: str,
    seed: int,
    labels_guard: bool = True,
    signed_off: Iterable[tuple[str, str, str]] = (),
    trained_queries: Iterable[str] = (),
    reseeded: Sequence[float] | None = None,
    no_standard: Collection[str] = (),
    inverted: Collection[str] = (),
    sides: Sequence[Sequence[str]] = (),
) -> dict[str, Any]:
    """Compare two versions on the held-out queries.

    Parameters
    ----------
    challenger, champion : (n,) scores of all rows; no champion for a first version
    mode : "preferences" or "labels": which of the two metrics decides
    labels_guard : whether a version that learned preferences may not fall behind on the labels
    signed_off : (query, item above, item below) that must stay in this order
    trained_queries : queries that the challenger has learned from
    reseeded : means of the deciding metric of this training and of others that differ by the seed
    no_standard : judges whose answers are random or turned round: agreeing with them is no merit. Their pairs
        count nowhere but in their own line of `experts`
    inverted : those of them whose answers were turned round: going against what they said has to be seen
    sides : judges who stand together, where the experts contradict each other: neither may lose

    Returns
    -------
    dict
        `metrics`, `segments` (name -> value -> metric), `experts` (judge -> figures), `no_standard`
        and `inverted` (those of them who have held-out pairs), `per_query`,
        `gate` (`ranking.ltr.gate.GateDecision.to_dict`), its `verdict` and its `reason`; plain values, None
        where unknown.
    """
    everybody = HeldOut.of(rows, pairs, challenger, champion, seed=seed)
    experts = _experts(everybody)
    held_out = HeldOut.of(rows, pairs.without(no_standard), challenger, champion, seed=seed)
    decision = judge(
        None
        if champion is None
        else paired_results(
            rows,
            pairs,
            challenger,
            champion,
            signed_off=signed_off,
            trained_queries=trained_queries,
            with_labels=labels_guard or mode == "labels",
            no_standard=no_standard,
            inverted=inverted,
            sides=sides,
        ),
        decisive=PAIRS if mode == "preferences" else LABELS,
        reseeded=reseeded,
        seed=seed,
    )
    metrics = {name: _compared(held_out, name) for name in (PAIRS, LABELS)}
    return {
        "metrics": {name: found for name, found in metrics.items() if found is not None},
        "segments": _segments(held_out),
        "experts": experts,
        "no_standard": sorted(set(no_standard) & set(experts)),
        "inverted": sorted(set(inverted) & set(experts)),
        "per_query": _per_query(held_out, PAIRS if metrics[PAIRS] is not None else LABELS),
        "gate": decision.to_dict(),
        "verdict": decision.verdict,
        "reason": decision.reason,
    }


def judge(
    results: PairedResults | None,
    *,
    decisive: str,
    limits: GateLimits | None = None,
    reseeded: Sequence[float] | None = None,
    seed: int = 0,
) -> GateDecision:
    """What the gate says; a first version has nobody to replace, which decides nothing.

    >>> judge(None, decisive="pair_accuracy").reason
    'there is no champion to compare with'
    """
    if results is None:
        reason = NotMeasured(NOT_APPLICABLE, "there is no champion to compare with")
        check = Check("sound", NOT_YET, {}, reason.words, reason)
        return GateDecision(NOT_YET, (check,), None, 0)
    return gate(results, limits=limits, decisive=decisive, reseeded=reseeded, seed=seed)


def _compared(
    held_out: HeldOut, name: str, where: Mask | None = None, judges: Collection[str] | None = None
) -> dict[str, Any] | None:
    """One metric of both versions; None where it is defined for no query."""
    challenger = held_out.metric(name, held_out.challenger, where, judges)
    if len(challenger.values) == 0:
        return None
    if held_out.champion is None:
        alone = Comparison(challenger.mean(), np.nan, np.nan, np.nan, np.nan, np.nan, len(challenger.values))
        return {**alone.to_dict(), "left_out": challenger.left_out}
    champion = held_out.metric(name, held_out.champion, where, judges)
    found = compare(challenger.values, champion.values, seed=held_out.seed)
    return {**found.to_dict(), "left_out": challenger.left_out}


def _segments(held_out: HeldOut) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in held_out.rows.segments.items():
        found[name] = {}
        for value in sorted(set(values[held_out.rows.held_out])):
            inside = values == value
            metrics = {metric: _compared(held_out, metric, where=inside) for metric in (PAIRS, LABELS)}
            known = {metric: figures for metric, figures in metrics.items() if figures is not None}
            if known:
                found[name][value] = known
    return found


def _experts(held_out: HeldOut) -> dict[str, Any]:
    found = {}
    for name in held_out.experts.judges()[1]:
        figures = _compared(held_out, PAIRS, judges=[name])
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
