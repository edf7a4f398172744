"""What end users do with the lines of their lists."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.filters import OutcomeFilter
from feedback.models import Outcome
from feedback.serializers.people import OutcomeBody, OutcomeSerializer
from feedback.services import outcomes
from ranking.access import Role
from ranking.api.base import Endpoint
from ranking.api.catalogue import readable_queries
from ranking.models import Match


class Outcomes(Endpoint, ListAPIView):
    """What was done with matches, latest first; the latest act on an item of a need counts."""

    queryset = Outcome.objects.all()
    serializer_class = OutcomeSerializer
    filterset_class = OutcomeFilter

    @property
    def roles(self) -> Sequence[Role]:  # type: ignore[override]
        """An admin reads along; only readers act."""
        return ("reader",) if self.request.method == "POST" else ("reader", "admin")

    def get_queryset(self) -> QuerySet[Outcome]:
        return Outcome.objects.filter(query__in=readable_queries(self)).select_related(
            "item_version__item", "user"
        )

    @extend_schema(request=OutcomeBody, responses={201: OutcomeSerializer})
    def post(self, request: Request) -> Response:
        """Note what was done with a match; the same act again answers with the note already there."""
        matches = Match.objects.filter(ranking__query__in=readable_queries(self))
        context = {"matches": matches.select_related("ranking__query", "item_version__item")}
        body = OutcomeBody(data=request.data, context=context)
        body.is_valid(raise_exception=True)
        match: Match = body.validated_data["match"]
        outcome = outcomes.record(
            match.ranking.query,
            match.item_version,
            kind=body.validated_data["kind"],
            reason=body.validated_data["reason"],
            user=request.user,
        )
        return Response(self.get_serializer(outcome).data, status=status.HTTP_201_CREATED)
