"""What is known about experts, and what needs a person next."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.serializers.watching import ExpertsSerializer, StandingSerializer
from feedback.services import attention, reliability
from ranking.api.comparing import OneProject


class Experts(OneProject):
    """How experts work."""

    serializer_class = ExpertsSerializer

    @extend_schema(responses=ExpertsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Return each expert's pace, how often the shown order was kept, and what training made of it."""
        return Response(self.get_serializer({"experts": reliability.expert_rows(self.get_object())}).data)


class Standing(OneProject):
    """Where a project stands."""

    serializer_class = StandingSerializer

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Return the champion, the running training, open sessions, and what needs a person next."""
        found = attention.standing_of(self.get_object())
        told = {
            **vars(found),
            "open_sessions": [session.pk for session in found.sessions],
            "open_comparisons": [comparison.pk for comparison in found.comparisons],
        }
        return Response(self.get_serializer(told).data)
