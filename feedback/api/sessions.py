"""Sessions, as an admin runs them and as an expert is invited to them."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.filters import SessionFilter
from feedback.models import FeedbackSession, Slate
from feedback.serializers.participation import (
    HandedOverSerializer,
    HandOverBody,
    InvitationBody,
    InvitationSerializer,
    MoreListsBody,
)
from feedback.serializers.sessions import (
    MySessionSerializer,
    ProposalSerializer,
    SessionBody,
    SessionChangeBody,
    SessionDetailSerializer,
    SessionPlanBody,
    SessionSerializer,
)
from feedback.services import (
    against_gold,
    agreeing,
    coverage,
    extending,
    gaps,
    inviting,
    proposing,
    running,
    sessions,
)
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
            slates_answered=Count(
                "slates", filter=coverage.ANSWERED & whose if whose else coverage.ANSWERED, distinct=True
            ),
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


class SessionPreview(Endpoint):
    """What a session would ask."""

    queryset = FeedbackSession.objects.all()
    serializer_class = ProposalSerializer

    @extend_schema(request=SessionPlanBody, responses=ProposalSerializer)
    def post(self, request: Request) -> Response:
        """Draw the lists of a session and write nothing; opened with the same seed, it asks exactly these."""
        body = SessionPlanBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        project, experts = asked.pop("project"), asked.pop("experts")
        found = proposing.propose(project, SessionRequest(**{"title": "", **asked}), experts)
        return Response(self.get_serializer(found).data)


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
        session.comments = coverage.remarks_of(coverage.judgements_of(session), session.project).comments
        session.gaps = gaps.in_session(session)
        session.gold = against_gold.rows_of(session)
        return session

    @extend_schema(request=SessionChangeBody, responses=SessionDetailSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Put the last day off, pause the session or let it go on."""
        session = super().get_object()
        body = SessionChangeBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        if "due_on" in asked:
            running.set_deadline(session, asked["due_on"])
        if "paused" in asked:
            (running.pause if asked["paused"] else running.go_on)(session)
        return Response(self.get_serializer(self.get_object()).data)


class SessionClose(Endpoint):
    """The end of a session."""

    queryset = counted()
    serializer_class = SessionSerializer

    @extend_schema(request=None, responses=SessionSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Close a session and derive its preferences; it takes no judgement any more."""
        sessions.close_session(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


class SessionInvitations(Endpoint):
    """Log-in links for the experts of a session."""

    queryset = FeedbackSession.objects.select_related("project")
    serializer_class = InvitationSerializer

    @extend_schema(request=InvitationBody, responses={201: InvitationSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Make a link that logs an expert in once; it is in this answer and nowhere else."""
        body = InvitationBody(data=request.data)
        body.is_valid(raise_exception=True)
        row, secret = inviting.create_link(self.get_object(), by=self.access.name, **body.validated_data)
        address = request.build_absolute_uri(reverse("feedback:invitation", args=[secret]))
        found = {"expert": row.expert.get_username(), "address": address, "expires_at": row.expires_at}
        return Response(self.get_serializer(found).data, status=status.HTTP_201_CREATED)


class SessionMoreLists(Endpoint):
    """More lists for an expert of an open session."""

    queryset = counted()
    serializer_class = SessionSerializer

    @extend_schema(request=MoreListsBody, responses=SessionSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Draw so many more lists; an expert who is not invited yet is by that."""
        body = MoreListsBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        extending.add_lists(self.get_object(), asked["expert"], asked["slates"])
        return Response(self.get_serializer(self.get_object()).data)


class SessionHandOver(Endpoint):
    """Lists that one expert has not begun, for another one."""

    queryset = counted()
    serializer_class = HandedOverSerializer

    @extend_schema(request=HandOverBody, responses=HandedOverSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Give over what was not begun; what was begun or judged stays."""
        body = HandOverBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        count = extending.hand_over(self.get_object(), asked["giver"], asked["taker"])
        return Response(HandedOverSerializer({"slates": count}).data)


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
