"""What a version changes, what it learned, and how it does in service."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.base import Endpoint
from ranking.models import ModelVersion, Project
from ranking.serializers.comparing import (
    ChangesSerializer,
    DriftSerializer,
    ExposuresSerializer,
    LessonsSerializer,
    MonitoringSerializer,
    MovesSerializer,
)
from ranking.services import changes, lessons, monitoring, serving


class OneVersion(Endpoint):
    """What can be asked about a version."""

    queryset = ModelVersion.objects.select_related("project", "feature_set", "training_set", "parent")

    def against(self, other: int) -> tuple[ModelVersion, ModelVersion]:
        """Return the version and another one of its project."""
        version = self.get_object()
        return version, get_object_or_404(self.get_queryset(), pk=other, project=version.project_id)


class VersionAgainst(OneVersion):
    """Two versions of one project."""

    serializer_class = ChangesSerializer

    @extend_schema(responses=ChangesSerializer)
    def get(self, request: Request, pk: int, other: int) -> Response:
        """Say which lists the version changes against another one, and how far."""
        version, old = self.against(other)
        return Response(self.get_serializer(changes.changes(old, version)).data)


class VersionAgainstInList(OneVersion):
    """One list under two versions."""

    serializer_class = MovesSerializer

    @extend_schema(responses=MovesSerializer)
    def get(self, request: Request, pk: int, other: int, query: int) -> Response:
        """Say which items of one list move, and what moves them."""
        version, old = self.against(other)
        found = get_object_or_404(version.project.queries.select_related("project"), pk=query, active=True)
        moves = changes.moves(found, old, version)
        return Response(self.get_serializer({"query": found.pk, "moves": moves}).data)


class VersionLessons(OneVersion):
    """What one version learned."""

    serializer_class = LessonsSerializer

    @extend_schema(responses=LessonsSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Say through which features the scores moved, beyond those of the parent."""
        return Response(self.get_serializer({"lessons": lessons.lessons_of(self.get_object())}).data)


class OneProject(Endpoint):
    """What can be asked about a project in service."""

    queryset = Project.objects.all()
    lookup_field = "slug"


class Monitoring(OneProject):
    """What was served."""

    serializer_class = MonitoringSerializer

    @extend_schema(responses=MonitoringSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Return what was ranked on each of the last days, the champion's problems, failed trainings."""
        project = self.get_object()
        champion = serving.champion(project)
        body = {
            "days": monitoring.rankings_per_day(project),
            "problems": [champion.problem] if champion.problem else [],
            "failed_jobs": [job.pk for job in monitoring.failed_jobs(project)],
        }
        return Response(self.get_serializer(body).data)


class Drift(OneProject):
    """What has moved."""

    serializer_class = DriftSerializer

    @extend_schema(responses=DriftSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Compare today's candidates with those that the champion was trained on."""
        version = serving.champion(self.get_object()).version
        found = monitoring.drift_of(version)
        counts = ("training_set", "rows_then", "rows_now", "needs_then", "needs_now")
        nothing: dict[str, Any] = {**dict.fromkeys(counts), "features": []}
        told = nothing if found is None else {**vars(found), "training_set": found.training_set.pk}
        return Response(self.get_serializer({**told, "version": version.number}).data)


class Exposure(OneProject):
    """Who is seen."""

    serializer_class = ExposuresSerializer

    @extend_schema(responses=ExposuresSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Compare each protected group's share of what is seen with its share of the candidates."""
        project = self.get_object()
        version = serving.champion(project).version
        found = [exposure for (exposure,) in monitoring.exposures(project, [version])]
        body = {"version": version.number, "attributes": found}
        return Response(self.get_serializer(body).data)
