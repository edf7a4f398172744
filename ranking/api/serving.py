"""Lists as they are served, and why they are as they are."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.base import Endpoint
from ranking.api.catalogue import readable_queries
from ranking.errors import BrokenFile, NoChampion
from ranking.filters import MatchFilter
from ranking.models import Match, Query, Ranking
from ranking.serializers import (
    MatchExplainedSerializer,
    MatchSerializer,
    MovementSerializer,
    PairReasonsSerializer,
    RankingPageSerializer,
    RankingSerializer,
)
from ranking.services import explaining, serving
from ranking.services.movement import ranking_before

PAGE_PARAMETERS = [
    OpenApiParameter("page", OpenApiTypes.INT, description="from 1"),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="lines a page, at most 200"),
    OpenApiParameter("search", OpenApiTypes.STR, description="words of the title"),
    OpenApiParameter("key", OpenApiTypes.STR, description="key of the item"),
]


class QueryRanking(Endpoint):
    """The list of one need."""

    roles = ("reader", "admin")
    queryset = Match.objects.all()
    serializer_class = RankingPageSerializer
    filterset_class = MatchFilter
    parameters = ("page", "page_size")

    @extend_schema(parameters=PAGE_PARAMETERS, responses=RankingPageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Serve the list of a need: the stored one while nothing has changed, else a new one is frozen."""
        ranking = _served(get_object_or_404(readable_queries(self), pk=pk))
        matches = ranking.matches.select_related("item_version__item", "ranking__query__project")
        lines = self.paginate_queryset(self.filter_queryset(matches))
        context = self.get_serializer_context()
        page = self.get_paginated_response(MatchSerializer(lines, many=True, context=context).data)
        page.data["ranking"] = RankingSerializer(ranking, context=context).data
        return page


class OneMatch(Endpoint):
    """What can be asked about one line of a list."""

    roles = ("reader", "admin")
    queryset = Match.objects.all()

    def get_queryset(self) -> QuerySet[Match]:
        return Match.objects.filter(ranking__query__in=readable_queries(self)).select_related(
            "item_version__item", "ranking__version__feature_set", "ranking__query__project"
        )


class MatchDetail(OneMatch):
    """One line of a list."""

    serializer_class = MatchExplainedSerializer

    @extend_schema(responses=MatchExplainedSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return a line with its score taken apart, feature by feature."""
        match = self.get_object()
        return Response(self.get_serializer({"match": match, "explanation": explaining.why(match)}).data)


class MatchAbove(OneMatch):
    """Two lines of one list."""

    serializer_class = PairReasonsSerializer

    @extend_schema(responses=PairReasonsSerializer)
    def get(self, request: Request, pk: int, other: int) -> Response:
        """Say why a line stands above another one of the same list (below it, the difference is negative)."""
        upper = self.get_object()
        lower = get_object_or_404(self.get_queryset(), pk=other, ranking=upper.ranking_id)
        why = explaining.why_above(upper, lower)
        return Response(self.get_serializer({"upper": upper, "lower": lower, **vars(why)}).data)


class MatchMovement(OneMatch):
    """The way of one line since the version before."""

    serializer_class = MovementSerializer

    @extend_schema(responses=MovementSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Say how far a line moved since the last list by another version, and what moved it."""
        match = self.get_object()
        before = ranking_before(match.ranking)
        moved = explaining.why_moved(match, before) if before else None
        since = before.version.number if before else None
        return Response(self.get_serializer({"since": since, "movement": moved}).data)


def _served(query: Query) -> Ranking:
    """Return the list of a query; the last stored one, flagged, when no version can be loaded at all."""
    try:
        return serving.serve(query)
    except (NoChampion, BrokenFile):
        stored = query.rankings.select_related("version", "query__project").first()
        if stored is None:
            raise
        stored.degraded = True
        return stored
