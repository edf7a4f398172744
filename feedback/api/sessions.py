"""Sessions, as an admin runs them and as an expert is invited to them."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.filters import SessionFilter
from feedback.models import FeedbackSession, Slate
from feedback.serializers.sessions import (
    MySessionSerializer,
    SessionBody,
    SessionDetailSerializer,
    SessionSerializer,
)
from feedback.services import agreeing, coverage, sessions
from feedback.services.sessions import SessionRequest
from ranking.api.base import Endpoint


def counted(whose: Q | None = None) -> QuerySet[FeedbackSession]:
    """Return the sessions with the counts of their slates: of all, or of those that `whose` lets through."""
    done = Q(slates__state=Slate.State.SUBMITTED)
    return (
        FeedbackSession.objects.select_related("project", "version")
        .annotate(
            slates_total=Count("slates", filter=whose, distinct=True),
            slates_done=Count("slates", filter=done & whose if whose else done, distinct=True),
            experts_total=Count("participations", distinct=True),
        )
        .order_by("-id")
    )


class Sessions(Endpoint, ListAPIView):
    """The rounds of feedback, latest first."""

    queryset = counted()
    serializer_class = SessionSerializer
    filterset_class = SessionFilter

    @extend_schema(request=SessionBody, responses={201: SessionSerializer})
    def post(self, request: Request) -> Response:
        """Open a session: what each expert will be shown is drawn and frozen at once."""
        body = SessionBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        project, experts = asked.pop("project"), asked.pop("experts")
        session = sessions.open_session(
            project, SessionRequest(**asked), experts=experts, by=self.access.name
        )
        return Response(
            self.get_serializer(counted().get(pk=session.pk)).data, status=status.HTTP_201_CREATED
        )


class SessionDetail(Endpoint, RetrieveAPIView):
    """One session, with how far it has come, what it covers, and how far its experts agree."""

    queryset = counted()
    serializer_class = SessionDetailSerializer

    def get_object(self) -> FeedbackSession:
        """Return the session with what the serializer adds to its row."""
        session = super().get_object()
        session.progress = coverage.progress_of(session)
        session.coverage = coverage.needs_covered(session)
        found = agreeing.agreement_of(session)
        session.agreement, session.measures = found.pairs, found.measures
        session.consistency = [one for _, one in found.consistency]
        return session


class SessionClose(Endpoint):
    """The end of a session."""

    queryset = counted()
    serializer_class = SessionSerializer

    @extend_schema(request=None, responses=SessionSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Close a session and derive its preferences; it takes no judgement any more."""
        sessions.close_session(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


class MySessions(Endpoint, ListAPIView):
    """The sessions that an expert is invited to."""

    roles = ("expert",)
    queryset = FeedbackSession.objects.all()
    serializer_class = MySessionSerializer
    filterset_class = SessionFilter

    def get_queryset(self) -> QuerySet[FeedbackSession]:
        return my_sessions(self.request)


class MySessionDetail(Endpoint, RetrieveAPIView):
    """One session that an expert is invited to."""

    roles = ("expert",)
    queryset = FeedbackSession.objects.all()
    serializer_class = MySessionSerializer

    def get_queryset(self) -> QuerySet[FeedbackSession]:
        return my_sessions(self.request)


def my_sessions(request: Request) -> QuerySet[FeedbackSession]:
    """Return the sessions of the asking expert, with the counts of the own slates."""
    return counted(Q(slates__expert=request.user)).filter(participations__expert=request.user)
