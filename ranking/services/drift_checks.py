"""Look for features that have moved, when data or champion did; what was found is kept for pages."""

from __future__ import annotations

from hashlib import sha256

from ranking.models import DriftCheck, ModelVersion, Project
from ranking.services.monitoring import drift_of
from ranking.services.versions import current_champion


def check_drift(project: Project) -> DriftCheck | None:
    """Compare the champion's training data with today's, unless both are as at the last look; None without.

    Seconds of work for a large project, so that a worker does it and pages read what it found. Raises
    BrokenFile and CorruptModel, and InvalidFeatures for an item of today that the features do not take.
    """
    version = current_champion(project)
    if version is None or version.training_set_id is None:
        return None
    data_hash, known = _data_hash(version), drift_check_of(version)
    if known is not None and known.data_hash == data_hash:
        return known
    report = drift_of(version)
    features = report.features if report else []
    moved = [feature.label for feature in features if feature.drift.alarm]
    found = {"version": version, "data_hash": data_hash, "features": len(features), "moved": moved}
    return DriftCheck.objects.update_or_create(project=project, defaults=found)[0]


def drift_check_of(version: ModelVersion) -> DriftCheck | None:
    """Return what the last look found since this version was trained, or None."""
    return DriftCheck.objects.filter(version=version).first()


def _data_hash(version: ModelVersion) -> str:
    """Name what a look depends on: the version, the items and features given for them, and the needs."""
    revision = Project.objects.values_list("items_revision", flat=True).get(pk=version.project_id)
    needs = version.project.queries.filter(active=True).order_by("key").values_list("key", "content_hash")
    return sha256(f"{version.pk}:{revision}:{list(needs)}".encode()).hexdigest()
