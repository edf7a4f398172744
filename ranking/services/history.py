"""The past of a project's versions: how each compared, what it learned from, when it served. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ranking.description import ProjectDescription
from ranking.models import Evaluation, ModelVersion, Project, Promotion

METRICS = ("pair_accuracy", "ndcg@10")


@dataclass(frozen=True)
class Period:
    """One stretch in service: from a promotion to the next one; `until` is None while it lasts."""

    promotion: Promotion
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class VersionRow:
    """One line of the table of versions; `evaluation` is that of the version as a challenger."""

    version: ModelVersion
    evaluation: Evaluation | None
    figures: Mapping[str, float | None]
    periods: tuple[Period, ...]

    @property
    def in_service(self) -> bool:
        return any(period.until is None for period in self.periods)

    @property
    def pair_accuracy(self) -> float | None:
        return self.figures["pair_accuracy"]

    @property
    def ndcg(self) -> float | None:
        return self.figures["ndcg@10"]

    @property
    def latest_period(self) -> Period | None:
        return self.periods[-1] if self.periods else None


def version_rows(project: Project) -> list[VersionRow]:
    """Return the versions of a project, latest first."""
    versions = list(project.versions.select_related("parent", "training_set").order_by("-number"))
    evaluations = list(
        Evaluation.objects.filter(challenger__project=project)
        .select_related("champion", "challenger")
        .order_by("-id")
    )
    periods = periods_in_service(project)
    return [
        VersionRow(
            version=version,
            evaluation=next((e for e in evaluations if e.challenger_id == version.pk), None),
            figures=_figures(version, evaluations),
            periods=tuple(period for period in periods if period.promotion.version_id == version.pk),
        )
        for version in versions
    ]


def periods_in_service(project: Project) -> list[Period]:
    """Return every stretch of a version in service, oldest first."""
    log = list(project.promotions.select_related("version").order_by("id"))
    ends: list[datetime | None] = [promotion.created_at for promotion in log[1:]]
    return [
        Period(promotion, promotion.created_at, until)
        for promotion, until in zip(log, [*ends, None], strict=False)
    ]


def promotion_log(project: Project) -> list[Promotion]:
    """Return the promotions of a project with what stood before each, latest first."""
    return list(
        project.promotions.select_related("version", "previous__version", "evaluation__champion").order_by(
            "-id"
        )
    )


def rule_in_words(version: ModelVersion, description: ProjectDescription) -> list[str]:
    """Return the keys of a sorting rule in words; empty for a trained version."""
    labels = {spec.name: spec.label for spec in description.features}
    ends = {"descending": "largest first", "ascending": "smallest first"}
    return [f"{labels.get(name, name)}, {ends[way]}" for name, way in version.report.get("rule", [])]


def _figures(version: ModelVersion, evaluations: Sequence[Evaluation]) -> dict[str, float | None]:
    """Return what a version scored when it was evaluated, else when another one was evaluated against it."""
    for side in ("challenger", "champion"):
        for evaluation in evaluations:
            if getattr(evaluation, f"{side}_id") == version.pk:
                return {name: metric_of(evaluation, name, side) for name in METRICS}
    return dict.fromkeys(METRICS)


def metric_of(evaluation: Evaluation, metric: str, key: str) -> Any:
    """Return one figure of an evaluation's metric, None when it was not measured."""
    return (evaluation.results.get("metrics", {}).get(metric) or {}).get(key)
