"""Blind comparisons of two versions: experts choose, admins open, close and read what was found."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api.judging import KEY, key_of
from feedback.api.sessions import SessionInvitations
from feedback.filters import ComparisonFilter, ListChoiceFilter
from feedback.models import ComparisonSession, ListChoice
from feedback.serializers.comparisons import (
    AnsweredSerializer,
    ComparisonBody,
    ComparisonDetailSerializer,
    ComparisonSerializer,
    ListAnswerBody,
    ListChoiceDetailSerializer,
    ListChoiceSerializer,
    MyComparisonSerializer,
)
from feedback.serializers.participation import (
    HandedOverChoicesSerializer,
    HandOverBody,
    MoreNeedsBody,
)
from feedback.services import choosing, comparing, contesting, widening
from feedback.services.comparing import ComparisonRequest
from feedback.services.presenting import choice_context
from feedback.submitting import read_answer
from ranking.api.base import Endpoint


# --- admins -------------------------------------------------------------------------------------------------
class Comparisons(Endpoint, ListAPIView):
    """The blind comparisons, latest first."""

    queryset = comparing.counted()
    serializer_class = ComparisonSerializer
    filterset_class = ComparisonFilter

    @extend_schema(request=ComparisonBody, responses={201: ComparisonSerializer})
    def post(self, request: Request) -> Response:
        """Open a comparison: needs, lists and sides are drawn and frozen at once."""
        body = ComparisonBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        versions = asked.pop("challenger"), asked.pop("champion")
        experts = asked.pop("experts")
        opened = comparing.open_comparison(
            *versions, ComparisonRequest(**asked), experts=experts, by=self.access.name
        )
        shown = comparing.counted().get(pk=opened.pk)
        return Response(self.get_serializer(shown).data, status=status.HTTP_201_CREATED)


class ComparisonDetail(Endpoint, RetrieveAPIView):
    """One comparison, with what it found."""

    queryset = comparing.counted()
    serializer_class = ComparisonDetailSerializer

    def get_object(self) -> ComparisonSession:
        """Return the comparison with its result."""
        session = super().get_object()
        session.result = contesting.result_of(session)
        return session


class ComparisonClose(Endpoint):
    """The end of a comparison."""

    queryset = comparing.counted()
    serializer_class = ComparisonSerializer

    @extend_schema(request=None, responses=ComparisonSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Close a comparison; it takes no answer any more."""
        comparing.close_comparison(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


class ComparisonInvitations(SessionInvitations):
    """Log-in links for the experts of a comparison."""

    queryset = ComparisonSession.objects.select_related("project")


class ComparisonMoreChoices(Endpoint):
    """More choices for an expert of an open comparison."""

    queryset = comparing.counted()
    serializer_class = ComparisonSerializer

    @extend_schema(request=MoreNeedsBody, responses=ComparisonSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ask about so many more needs; an expert who does not take part yet does by that."""
        body = MoreNeedsBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        widening.add_choices(self.get_object(), asked["expert"], asked["needs"])
        return Response(self.get_serializer(self.get_object()).data)


class ComparisonHandOver(Endpoint):
    """Choices that one expert has not answered, for another one."""

    queryset = comparing.counted()
    serializer_class = HandedOverChoicesSerializer

    @extend_schema(request=HandOverBody, responses=HandedOverChoicesSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Give over what was not answered."""
        body = HandOverBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        count = widening.hand_over(self.get_object(), asked["giver"], asked["taker"])
        return Response(self.get_serializer({"choices": count}).data)


# --- experts ------------------------------------------------------------------------------------------------
class MyComparisons(Endpoint, ListAPIView):
    """The comparisons in which an expert is asked."""

    roles = ("expert",)
    queryset = ComparisonSession.objects.all()
    serializer_class = MyComparisonSerializer
    filterset_class = ComparisonFilter

    def get_queryset(self) -> QuerySet[ComparisonSession]:
        return comparing.counted(self.request.user)


class MyComparisonDetail(Endpoint, RetrieveAPIView):
    """One comparison in which an expert is asked."""

    roles = ("expert",)
    queryset = ComparisonSession.objects.all()
    serializer_class = MyComparisonSerializer

    def get_queryset(self) -> QuerySet[ComparisonSession]:
        return comparing.counted(self.request.user)


class OwnChoices(Endpoint):
    """Choices of the asking expert."""

    roles = ("expert",)
    queryset = ListChoice.objects.all()

    def get_queryset(self) -> QuerySet[ListChoice]:
        return ListChoice.objects.filter(expert=self.request.user).select_related(
            "session__project", "answer"
        )


class ListChoices(OwnChoices, ListAPIView):
    """One's own choices, in the order in which they are asked."""

    serializer_class = ListChoiceSerializer
    filterset_class = ListChoiceFilter


class ListChoiceDetail(OwnChoices):
    """Two lists for one need, without saying whose they are."""

    serializer_class = ListChoiceDetailSerializer

    @extend_schema(responses=ListChoiceDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the need and both lists as they are shown."""
        choice = self.get_object()
        context = {
            "shown": choice_context(choice),
            "total": choice.session.choices.filter(expert=choice.expert_id).count(),
        }
        return Response(ListChoiceDetailSerializer(choice, context=context).data)


class ListChoiceAnswer(OwnChoices):
    """What an expert says about two lists."""

    serializer_class = AnsweredSerializer

    @extend_schema(request=ListAnswerBody, responses={201: AnsweredSerializer}, parameters=[KEY])
    def post(self, request: Request, pk: int) -> Response:
        """Answer, once; the same key with the same body answers what was answered before."""
        choice = self.get_object()
        key = key_of(request)
        body = ListAnswerBody(data=request.data)
        body.is_valid(raise_exception=True)
        kept = choosing.answer(choice, read_answer(body.validated_data), key=key)
        following = choosing.next_choice(choice.session, request.user)
        kept.next_choice = following.pk if following else None
        return Response(self.get_serializer(kept).data, status=status.HTTP_201_CREATED)
