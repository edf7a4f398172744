"""Practice: a list as any other, explained instead of kept."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import FeedbackSession
from feedback.serializers.practice import ExplanationSerializer, PracticeBody, PracticeSerializer
from feedback.services import practising
from feedback.services.practising import PracticeList
from feedback.submitting import read_json
from ranking.api.base import Endpoint


class SessionPractice(Endpoint):
    """A list to practise on, in a session that an expert is invited to; counts for nothing."""

    roles = ("expert",)
    queryset = FeedbackSession.objects.all()
    serializer_class = PracticeSerializer

    def get_queryset(self) -> QuerySet[FeedbackSession]:
        return FeedbackSession.objects.filter(participations__expert=self.request.user).select_related(
            "project"
        )

    @extend_schema(responses=PracticeSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the list: the same for the same expert and session, none of its needs, drawn at random."""
        shown = practising.practice_context(self._list())
        return Response(PracticeSerializer(shown).data)

    @extend_schema(request=PracticeBody, responses=ExplanationSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Say what was understood of an order or an answer. Nothing is written."""
        found = self._list()
        body = PracticeBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        used = said.pop("used", None)
        explained = practising.explain_practice(found, read_json(said), used=used)
        return Response(ExplanationSerializer(explained).data)

    def _list(self) -> PracticeList:
        found = practising.practice_list(self.get_object(), self.request.user)
        if found is None:
            raise Http404
        return found
