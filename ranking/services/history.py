"""The past of a project's versions: how each compared, what it learned from, when it served. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max, QuerySet

from ranking.decisions import Fall, fall_in
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
    """One line of the table of versions; `evaluation` is that of the version as a challenger.

    `fall` is what no check of that evaluation limits: it stands beside the verdict.
    """

    version: ModelVersion
    evaluation: Evaluation | None
    figures: Mapping[str, float | None]
    periods: tuple[Period, ...]
    fall: Fall | None

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


def versions_of(project: Project) -> QuerySet[ModelVersion]:
    """Return the versions of a project, latest first; none with its report."""
    found = project.versions.select_related("parent", "training_set").defer(*_large("", "parent__"))
    return found.order_by("-number")


def version_rows(project: Project, most: int | None = None) -> list[VersionRow]:
    """Return a row for each version of a project, or for the latest `most`, latest first."""
    return rows_of(project, versions_of(project)[:most])


def version_row(version: ModelVersion) -> VersionRow:
    """Return the row of one version."""
    return rows_of(version.project, [version])[0]


def promotion_log(project: Project) -> QuerySet[Promotion]:
    """Return the promotions of a project, latest first, with what `periods_of` reads."""
    log = project.promotions.select_related("version", "next", "evaluation__champion").order_by("-id")
    return log.defer("evaluation__results", *_large("version__", "evaluation__champion__"))


def periods_of(log: Iterable[Promotion]) -> list[Period]:
    """Return the stretch in service that each promotion began, in their order."""
    return [Period(one, one.created_at, _moment(getattr(one, "next", None))) for one in log]


def _moment(promotion: Promotion | None) -> datetime | None:
    return promotion.created_at if promotion else None


def promotions_of(version: ModelVersion) -> list[Promotion]:
    """Return the promotions of a version, latest first."""
    return list(version.promotions.order_by("-id"))


def latest_promotion(project: Project) -> Promotion | None:
    """Return the latest promotion of a project with what stood before it."""
    return project.promotions.select_related("version", "previous__version").order_by("-id").first()


def rule_in_words(version: ModelVersion, description: ProjectDescription) -> list[str]:
    """Return the keys of a sorting rule in words; empty for a trained version."""
    labels = {spec.name: spec.label for spec in description.features}
    ends = {"descending": "largest first", "ascending": "smallest first"}
    return [f"{labels.get(name, name)}, {ends[way]}" for name, way in version.report.get("rule", [])]


def rows_of(project: Project, found: Iterable[ModelVersion]) -> list[VersionRow]:
    """Return a row for each of these versions of the project, in their order."""
    versions = list(found)
    own, others = _evaluations(versions, "challenger"), _evaluations(versions, "champion")
    periods: dict[int, list[Period]] = {version.pk: [] for version in versions}
    for period in periods_of(promotion_log(project).filter(version__in=versions).order_by("id")):
        periods[period.promotion.version_id].append(period)
    return [
        VersionRow(
            version=version,
            evaluation=own.get(version.pk),
            figures=_figures(own.get(version.pk), others.get(version.pk)),
            periods=tuple(periods[version.pk]),
            fall=_fall(own.get(version.pk), project),
        )
        for version in versions
    ]


def _evaluations(versions: Sequence[ModelVersion], side: str) -> dict[int, Evaluation]:
    """Return by version id its latest evaluation on that side, with `metrics`, `gate` in place of results."""
    latest = (
        Evaluation.objects.filter(**{f"{side}__in": versions})
        .order_by()
        .values(side)
        .annotate(latest=Max("pk"))
        .values("latest")
    )
    found = Evaluation.objects.filter(pk__in=latest).select_related("champion", "challenger")
    found = found.annotate(
        metrics=F("results__metrics"), gate=F("results__gate"), mode=F("training_set__mode")
    ).defer("results", *_large("champion__", "challenger__"))
    return {getattr(evaluation, f"{side}_id"): evaluation for evaluation in found}


def _fall(own: Evaluation | None, project: Project) -> Fall | None:
    if own is None:
        return None
    return fall_in({"metrics": own.metrics, "gate": own.gate}, own.mode, project.description)


def _figures(own: Evaluation | None, other: Evaluation | None) -> dict[str, float | None]:
    """Return what a version scored when it was evaluated, else when another one was evaluated against it."""
    side, evaluation = ("challenger", own) if own else ("champion", other)
    if evaluation is None:
        return dict.fromkeys(METRICS)
    return {name: ((evaluation.metrics or {}).get(name) or {}).get(side) for name in METRICS}


def _large(*prefixes: str) -> list[str]:
    """Return the columns of versions that only the page of one version shows, and that are large."""
    return [f"{prefix}{name}" for prefix in prefixes for name in ("report", "params")]
