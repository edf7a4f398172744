"""Values that experts missed, and what became of them."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import Judgement
from feedback.serializers.gaps import GapNoteBody, GapSerializer, GapsSerializer
from feedback.services import gaps
from ranking.api.base import Endpoint
from ranking.api.comparing import OneProject

STATE = OpenApiParameter("state", enum=gaps.STATES, description="those that stand so; all without it")


class Gaps(OneProject):
    """Which values experts missed."""

    serializer_class = GapsSerializer
    parameters = ("state",)

    @extend_schema(parameters=[STATE], responses=GapsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Return the missing values with the fields' names, and what became of each."""
        state = request.query_params.get("state", "")
        if state and state not in gaps.STATES:
            raise ValidationError({"state": f"expected one of {', '.join(gaps.STATES)}"})
        return Response(self.get_serializer({"gaps": gaps.gaps_of(self.get_object(), state)}).data)


class GapNotes(Endpoint):
    """What became of a missing value."""

    queryset = Judgement.objects.all()
    serializer_class = GapSerializer

    def get_queryset(self) -> QuerySet[Judgement]:
        return gaps.judgements()

    @extend_schema(request=GapNoteBody, responses={201: GapSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Mark it as answered, close it, or open it again; `pk` is the judgement that named the field."""
        body = GapNoteBody(data=request.data)
        body.is_valid(raise_exception=True)
        gap = gaps.note(self.get_object(), by=self.access.name, **body.validated_data)
        return Response(self.get_serializer(gap).data, status=status.HTTP_201_CREATED)
