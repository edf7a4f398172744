"""Versions, how they compare, and which one is in service."""

from __future__ import annotations

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.fields import BooleanField
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.base import Endpoint
from ranking.filters import EvaluationFilter, PromotionFilter, VersionFilter
from ranking.models import Evaluation, ModelVersion, Promotion
from ranking.serializers import (
    EvaluationSerializer,
    PromotionBody,
    PromotionSerializer,
    RollBackBody,
    VersionSerializer,
)
from ranking.services import versions
from ranking.services.versions import PromotionRequest
from ranking.tasks import start_refresh


def versions_with_state() -> QuerySet[ModelVersion]:
    """Return the versions with `in_service`, true for the one that was promoted last."""
    latest = Promotion.objects.filter(project=OuterRef("project")).order_by("-id").values("version")
    return (
        ModelVersion.objects.select_related("project", "parent")
        .annotate(champion=Subquery(latest[:1]))
        .annotate(
            in_service=Case(
                When(champion=F("pk"), then=Value(True)), default=Value(False), output_field=BooleanField()
            )
        )
        .order_by("project__name", "-number")
    )


class Versions(Endpoint, ListAPIView):
    """The versions of the model, latest first."""

    queryset = versions_with_state()
    serializer_class = VersionSerializer
    filterset_class = VersionFilter


class VersionDetail(Endpoint, RetrieveAPIView):
    """One version."""

    queryset = versions_with_state()
    serializer_class = VersionSerializer


class Evaluations(Endpoint, ListAPIView):
    """How challengers did against the champions of their time, on held-out needs."""

    queryset = Evaluation.objects.select_related("challenger__project", "champion", "training_set")
    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter


class EvaluationDetail(Endpoint, RetrieveAPIView):
    """One evaluation."""

    queryset = Evaluation.objects.select_related("challenger__project", "champion", "training_set")
    serializer_class = EvaluationSerializer


class Promotions(Endpoint, ListAPIView):
    """The log of what was put in service."""

    queryset = Promotion.objects.select_related("project", "version")
    serializer_class = PromotionSerializer
    filterset_class = PromotionFilter

    @extend_schema(request=PromotionBody, responses={201: PromotionSerializer})
    def post(self, request: Request) -> Response:
        """Put a version in service: it, and the champion if named, must be the ones that were looked at.

        Where the gate does not say promote, the version's name is needed in `confirm`.
        """
        body = PromotionBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        version: ModelVersion = asked["version"]
        promotion = versions.promote(
            version,
            PromotionRequest(
                by=self.access.name,
                reason=asked["reason"],
                expected_sha256=asked["expected_sha256"],
                expected_champion=asked.get("expected_champion"),
                confirm=asked.get("confirm", ""),
            ),
        )
        start_refresh(version.project)
        return Response(PromotionSerializer(promotion).data, status=status.HTTP_201_CREATED)


class RollBack(Endpoint):
    """The way back to the version before the present one."""

    queryset = Promotion.objects.all()
    serializer_class = PromotionSerializer

    @extend_schema(request=RollBackBody, responses={201: PromotionSerializer})
    def post(self, request: Request) -> Response:
        """Promote the version before the present one, which must be the one that was looked at."""
        body = RollBackBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        project = asked.pop("project")
        promotion = versions.roll_back(project, by=self.access.name, **asked)
        start_refresh(project)
        return Response(PromotionSerializer(promotion).data, status=status.HTTP_201_CREATED)
