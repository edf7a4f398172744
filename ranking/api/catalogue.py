"""Projects and needs."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.access import queries_of
from ranking.api.base import Endpoint
from ranking.filters import QueryFilter
from ranking.models import Organisation, Project, Promotion, Query
from ranking.serializers import (
    OrganisationSerializer,
    PolicyBody,
    ProjectDetailSerializer,
    ProjectSerializer,
    QuerySerializer,
)
from ranking.services.policy import Policy, set_policy


def projects_with_figures() -> QuerySet[Project]:
    """Return the projects with what the serializers ask for: counts, and the number of the champion."""
    latest = Promotion.objects.filter(project=OuterRef("pk")).order_by("-id")
    return Project.objects.annotate(
        queries_count=Count("queries", filter=Q(queries__active=True), distinct=True),
        items_count=Subquery(_active_items(), output_field=Count("pk").output_field),
        champion_number=Subquery(latest.values("version__number")[:1]),
    ).order_by("name")


def _active_items() -> QuerySet[Project]:
    # In a query of its own: joined with the queries, 12 x 16,000 rows would be counted.
    return (
        Project.objects.filter(pk=OuterRef("pk"))
        .annotate(count=Count("items", filter=Q(items__active=True)))
        .values("count")
    )


class Projects(Endpoint, ListAPIView):
    """The matching problems."""

    queryset = projects_with_figures()
    serializer_class = ProjectSerializer


class ProjectDetail(Endpoint, RetrieveAPIView):
    """One matching problem, with what its description declares."""

    queryset = projects_with_figures()
    serializer_class = ProjectDetailSerializer
    lookup_field = "slug"

    @extend_schema(request=PolicyBody, responses=ProjectDetailSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Set what happens by itself: when it is trained anew, and whether a better version is promoted."""
        project = self.get_object()
        kept = {name: getattr(project, name) for name in Policy.__dataclass_fields__}
        body = PolicyBody(data=request.data)
        body.is_valid(raise_exception=True)
        set_policy(project, Policy(**{**kept, **body.validated_data}))
        return Response(self.get_serializer(self.get_object()).data)


class Organisations(Endpoint, ListAPIView):
    """The businesses that own needs."""

    queryset = Organisation.objects.all()
    serializer_class = OrganisationSerializer


class Queries(Endpoint, ListAPIView):
    """The needs: a reader's are those of the organisation, an admin's are all."""

    roles = ("reader", "admin")
    queryset = Query.objects.all()
    serializer_class = QuerySerializer
    filterset_class = QueryFilter

    def get_queryset(self) -> QuerySet[Query]:
        return readable_queries(self)


class QueryDetail(Endpoint, RetrieveAPIView):
    """One need."""

    roles = ("reader", "admin")
    queryset = Query.objects.all()
    serializer_class = QuerySerializer

    def get_queryset(self) -> QuerySet[Query]:
        return readable_queries(self)


def readable_queries(endpoint: Endpoint) -> QuerySet[Query]:
    """Return the active needs that may be read here."""
    return queries_of(endpoint.access).filter(active=True).select_related("project", "organisation")
