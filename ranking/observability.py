"""Numbers for Prometheus that stand in the database: the same whichever process is asked."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, DurationField, ExpressionWrapper, Max, Min
from django.db.models.functions import Now
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ranking.models import DriftCheck, ModelVersion, Project, Promotion, TrainingJob


class StateCollector(Collector):
    """Reads training jobs and champions when it is scraped."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges that `docs/operations.md` builds its alerts on."""
        yield from (_jobs_by_state(), _queue_age(), _heartbeat_age(), _versions(), *_champions())


def _jobs_by_state() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("tiebreak_training_jobs", "Training jobs by state", labels=["state"])
    counted = dict(TrainingJob.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in TrainingJob.State.values:
        gauge.add_metric([state], counted.get(state, 0))
    return gauge


def _queue_age() -> GaugeMetricFamily:
    age = _seconds_since_first("created_at", state="queued")
    return GaugeMetricFamily("tiebreak_training_queue_age_seconds", "Age of the oldest queued job", value=age)


def _heartbeat_age() -> GaugeMetricFamily:
    age = _seconds_since_first("heartbeat_at", state="running")
    return GaugeMetricFamily(
        "tiebreak_training_heartbeat_age_seconds", "Age of the oldest heartbeat of a running job", value=age
    )


def _seconds_since_first(column: str, *, state: str) -> float:
    """Return the age of the earliest time in a column, by the database's clock; 0 without any."""
    jobs = TrainingJob.objects.filter(state=state)
    age = jobs.aggregate(age=ExpressionWrapper(Now() - Min(column), DurationField()))["age"]
    return age.total_seconds() if age is not None else 0.0


def _versions() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("tiebreak_latest_version", "Number of the newest version", labels=["project"])
    newest = ModelVersion.objects.order_by().values_list("project__slug").annotate(Max("number"))
    for slug, number in newest:
        gauge.add_metric([slug], number)
    return gauge


def _champions() -> Iterator[GaugeMetricFamily]:
    numbers = GaugeMetricFamily("tiebreak_champion_version", "Number of the champion", labels=["project"])
    drifted = GaugeMetricFamily(
        "tiebreak_drifted_features", "Features that moved since the champion was trained", labels=["project"]
    )
    latest = Project.objects.annotate(latest=Max("promotions__id")).values_list("latest", flat=True)
    promotions = Promotion.objects.filter(pk__in=list(latest)).select_related("project", "version")
    checks = dict(DriftCheck.objects.values_list("version", "moved"))
    for promotion in promotions:
        numbers.add_metric([promotion.project.slug], promotion.version.number)
        if promotion.version_id in checks:
            drifted.add_metric([promotion.project.slug], len(checks[promotion.version_id]))
    yield from (numbers, drifted)
