"""What an evaluation says, for people: figures, groups, needs, and how sure it is. Reads only."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ranking.charts import signed
from ranking.description import ProjectDescription, from_dict
from ranking.errors import BrokenFile
from ranking.ltr.comparison import LEAST_QUERIES
from ranking.models import Evaluation, ModelVersion, Query, TrainingSet
from ranking.services.gates import BROKEN, GateView, broken_guardrail, gate_of
from ranking.services.reports import contradiction_of
from ranking.services.training_sets import load_frames

PAIRS, LABELS = "pair_accuracy", "ndcg@10"
METRIC_WORDS = {PAIRS: "pair accuracy", LABELS: "NDCG@10"}
HEADLINES: dict[tuple[str, str], str] = {
    (PAIRS, Evaluation.Verdict.PROMOTE.value): "Experts agree with it more often",
    (PAIRS, Evaluation.Verdict.NOT_YET.value): "Not clear whether experts agree with it more often",
    (PAIRS, Evaluation.Verdict.REFUSE.value): "Experts agree with it less often",
    (LABELS, Evaluation.Verdict.PROMOTE.value): "Its lists fit the graded labels better",
    (LABELS, Evaluation.Verdict.NOT_YET.value): "Not clear whether its lists fit the graded labels better",
    (LABELS, Evaluation.Verdict.REFUSE.value): "Its lists fit the graded labels less well",
}
STANDARD = (
    "Past grades are a standard in this project: labels_guard = false in project.toml makes them a history, "
    "which experts may correct"
)
SHORT = {PAIRS: "pairs", LABELS: "ndcg"}


@dataclass(frozen=True)
class Figure:
    """One metric of both versions; None where it is not known."""

    metric: str
    challenger: float | None
    champion: float | None
    difference: float | None
    low: float | None
    high: float | None
    queries: int
    left_out: int

    @property
    def sentence_words(self) -> str:
        """Its name at the beginning of a sentence."""
        words = METRIC_WORDS[self.metric]
        return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class QueryLine:
    """One held-out need under both versions; `query` is None when it has been removed since."""

    key: str
    query: Query | None
    pairs: tuple[float | None, float | None]
    ndcg: tuple[float | None, float | None]
    difference: float | None


@dataclass(frozen=True)
class SideBySide:
    """An evaluation for people: `lead` is the metric that decided, as in `headline`, `second` the other.

    `groups` are rows of an interval chart of `metric`, the one by which versions of this training are judged.

    `history` says that the graded labels are past grades which experts may correct: reported, but no limit.
    `standard` says that they are a limit, and the one that decided; `gained` that experts clearly agree more.
    `no_standard` names experts whose answers are random: they count for no verdict. `inverted` names those
    whose answers were inverted in training: they count in the check of experts only, as they were given.
    `contradiction` says that the experts behind the challenger contradict each other; empty if they do not.
    `worse` names the groups whose whole interval is below zero, `unharmed` says that some had enough needs
    and none is worse; `silent` counts those with too few needs for an interval; `gate` is what the gate
    checked; `guarded` says that a guardrail decided and not the gain.
    """

    evaluation: Evaluation
    metric: str
    headline: str
    lead: Figure | None
    second: Figure | None
    groups: list[dict[str, Any]]
    worse: list[str]
    unharmed: bool
    silent: int
    per_query: list[QueryLine]
    held_out_lists: int | None
    gate: GateView | None
    guarded: bool
    history: bool
    standard: bool
    gained: bool
    no_standard: list[str]
    inverted: list[str]
    contradiction: str


def evaluation_of(challenger: ModelVersion, champion: ModelVersion) -> Evaluation | None:
    """Return the latest evaluation of one version against another, or None."""
    found = challenger.evaluations.filter(champion=champion)
    return found.select_related("training_set", "challenger", "champion").first()


def in_short(evaluation: Evaluation) -> str:
    """Say what an evaluation found in one line.

    Such as "Experts agree with it more often: +3.1 points (95 % interval +1.2 to +5.0)".
    """
    lead, second = _leading(evaluation)
    name = f". {lead.sentence_words}" if lead and _guardrail(evaluation) else ""
    said = [_headline(evaluation, lead) + _with_interval(lead, name)]
    contradiction = contradiction_of(evaluation.challenger)
    if contradiction:
        said.append(contradiction)
    if _by_past_grades(evaluation, from_dict(evaluation.challenger.project.description)):
        if _gained(second):
            said.append(HEADLINES[PAIRS, Evaluation.Verdict.PROMOTE.value] + _with_interval(second))
        said.append(STANDARD)
    if evaluation.fall is not None:
        said.append(evaluation.fall.words.removesuffix("."))
    return ". ".join(said)


def side_by_side(evaluation: Evaluation, description: ProjectDescription) -> SideBySide:
    """Return an evaluation for people."""
    results = evaluation.results
    decisive = _decisive(evaluation)
    main = _figures(evaluation).get(decisive)
    lead, second = _leading(evaluation)
    groups = list(_groups(results, description, decisive))
    told = [group for group in groups if group["high"] is not None and group["sure"] and group["counts"]]
    worse = [group["label"] for group in told if group["high"] < 0]
    no_standard, inverted = results.get("no_standard", []), results.get("inverted", [])
    return SideBySide(
        evaluation=evaluation,
        metric=METRIC_WORDS[decisive],
        headline=_headline(evaluation, lead),
        lead=lead,
        second=second,
        groups=_with_all(main, groups),
        worse=worse,
        unharmed=bool(told) and not worse,
        silent=sum(group["low"] is None for group in groups),
        per_query=_per_query(evaluation, decisive),
        held_out_lists=_held_out_lists(evaluation.training_set, no_standard),
        gate=gate_of(evaluation),
        guarded=bool(_guardrail(evaluation)),
        history=decisive == PAIRS and not description.labels_guard,
        standard=_by_past_grades(evaluation, description),
        gained=_gained(second),
        no_standard=[name for name in no_standard if name not in inverted],
        inverted=inverted,
        contradiction=contradiction_of(evaluation.challenger),
    )


def _by_past_grades(evaluation: Evaluation, description: ProjectDescription) -> bool:
    """Say whether it is the graded labels that keep a version of the experts back, and a switch would not."""
    decided = _decisive(evaluation) == PAIRS and broken_guardrail(evaluation) == "base"
    return decided and description.labels_guard


def _gained(figure: Figure | None) -> bool:
    return figure is not None and figure.metric == PAIRS and figure.low is not None and figure.low > 0


def _with_interval(figure: Figure | None, name: str = "") -> str:
    """Return ": +3.1 points (95 % interval +1.2 to +5.0)", or as much of it as is known."""
    if figure is None or figure.difference is None:
        return ""
    said = f"{name}: {_points(figure.difference)} points"
    if figure.low is None or figure.high is None:
        return said
    return f"{said} (95 % interval {_points(figure.low)} to {_points(figure.high)})"


def _decisive(evaluation: Evaluation) -> str:
    return PAIRS if evaluation.training_set.mode == "preferences" else LABELS


def _figures(evaluation: Evaluation) -> dict[str, Figure]:
    return {name: _figure(name, found) for name, found in evaluation.results["metrics"].items() if found}


def _leading(evaluation: Evaluation) -> tuple[Figure | None, Figure | None]:
    """Return (the metric that decided, the other one)."""
    figures, decisive = _figures(evaluation), _decisive(evaluation)
    main, other = figures.get(decisive), figures.get(LABELS if decisive == PAIRS else PAIRS)
    return (other, main) if broken_guardrail(evaluation) == "base" else (main, other)


def _points(share: float) -> str:
    return signed(100 * share)


def _guardrail(evaluation: Evaluation) -> str:
    """Name the guardrail that decided where neither the gain nor the other metric did; else empty."""
    broken = broken_guardrail(evaluation)
    return "" if broken == "base" else broken


def _headline(evaluation: Evaluation, lead: Figure | None) -> str:
    """Say what the verdict rests on in a few words, without the figure."""
    guardrail = _guardrail(evaluation)
    if guardrail in BROKEN:
        refused, held_back = BROKEN[guardrail]
        return refused if evaluation.verdict == Evaluation.Verdict.REFUSE else held_back
    if guardrail or lead is None or lead.difference is None:
        return evaluation.reason[:1].upper() + evaluation.reason[1:]
    return HEADLINES[lead.metric, evaluation.verdict]


def _figure(metric: str, found: Mapping[str, Any]) -> Figure:
    names = ("challenger", "champion", "difference", "low", "high")
    return Figure(
        metric=metric,
        **{name: found.get(name) for name in names},
        queries=found.get("n_queries") or 0,
        left_out=found.get("left_out") or 0,
    )


def _groups(
    results: Mapping[str, Any], description: ProjectDescription, metric: str
) -> Iterator[dict[str, Any]]:
    labels = {segment.name: segment.label for segment in description.segments}
    for name, values in results["segments"].items():
        for value, metrics in values.items():
            if metrics.get(metric):
                yield _row(value, metrics[metric], group=labels.get(name, name))
    for judge, found in results["experts"].items():
        if metric == PAIRS:
            counts = judge not in results.get("no_standard", []) or judge in results.get("inverted", [])
            yield _row(judge, found, group="Experts") | {"counts": counts}


def _row(label: str, found: Mapping[str, Any], *, group: str = "") -> dict[str, Any]:
    queries = found.get("n_queries") or 0
    return {
        "label": label,
        "group": group,
        "n": queries,
        "low": found.get("low"),
        "point": found.get("difference"),
        "high": found.get("high"),
        "sure": queries >= LEAST_QUERIES,
        "counts": True,
    }


def _with_all(main: Figure | None, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if main is None:
        return groups
    everything = {
        "n_queries": main.queries,
        "low": main.low,
        "difference": main.difference,
        "high": main.high,
    }
    return [_row("All held-out needs", everything), *groups]


def _per_query(evaluation: Evaluation, decisive: str) -> list[QueryLine]:
    """Return the needs, those that differ most first."""
    lines = evaluation.results["per_query"]
    known = {
        query.key: query
        for query in Query.objects.filter(
            project=evaluation.challenger.project_id, key__in=[line["query"] for line in lines]
        )
    }
    found = [_query_line(line, known.get(line["query"]), decisive) for line in lines]
    return sorted(found, key=lambda line: (line.difference is None, -abs(line.difference or 0.0), line.key))


def _query_line(line: Mapping[str, Any], query: Query | None, decisive: str) -> QueryLine:
    pairs, labels = (
        (line.get(f"{SHORT[metric]}_challenger"), line.get(f"{SHORT[metric]}_champion"))
        for metric in (PAIRS, LABELS)
    )
    new, old = pairs if decisive == PAIRS else labels
    difference = new - old if new is not None and old is not None else None
    return QueryLine(line["query"], query, pairs, labels, difference)


def _held_out_lists(training_set: TrainingSet, no_standard: Sequence[str]) -> int | None:
    """Return how many lists of held-out needs, in random order, count; None when the file is lost."""
    try:
        _, pairs_file = load_frames(training_set)
    except BrokenFile:
        return None
    pairs = pd.read_parquet(io.BytesIO(pairs_file), columns=["list_id", "judge", "held_out", "randomised"])
    counted = pairs["held_out"] & pairs["randomised"] & ~pairs["judge"].isin(no_standard)
    return int(pairs.loc[counted, "list_id"].nunique())
