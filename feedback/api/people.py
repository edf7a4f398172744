"""Tokens, who is asking, and who may log in."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.filters import MemberFilter
from feedback.models import Member
from feedback.serializers.people import (
    MeChangeBody,
    MemberBody,
    MemberChangeBody,
    MemberSerializer,
    MeSerializer,
    NewMemberSerializer,
    OwnPasswordBody,
    TokenBody,
    TokenSerializer,
)
from feedback.services import people
from feedback.services.people import PersonRequest
from ranking.access import Role
from ranking.api.base import Endpoint

EVERYBODY: Sequence[Role] = ("expert", "reader", "admin")


class TokenEndpoint(Endpoint):
    """The token that stands for a log-in."""

    roles = EVERYBODY
    open_to_temporary_passwords = True
    queryset = Token.objects.all()
    serializer_class = TokenSerializer

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return none for a log-in: who has lost a token must be able to ask for another one."""
        return [] if self._logs_in() else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny()] if self._logs_in() else super().get_permissions()

    def _logs_in(self) -> bool:
        return self.request is not None and self.request.method == "POST"

    @extend_schema(request=TokenBody, responses=TokenSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Exchange name and password for the token; five failures lock the name out from here for a while."""
        body = TokenBody(data=request.data)
        body.is_valid(raise_exception=True)
        # The request of Django's own: the lock of django-axes is left on it, and answered by its middleware.
        user = authenticate(request._request, **body.validated_data)
        if user is None:
            raise ValidationError("Name and password do not belong together.", code="invalid")
        # The lock forgets earlier mistakes, and remembers where this name has logged in from.
        user_logged_in.send(type(user), request=request._request, user=user)
        token, _ = Token.objects.get_or_create(user=user)
        return Response(TokenSerializer({"token": token.key}).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token: whoever has it is logged out."""
        Token.objects.filter(user=request.user).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class Me(Endpoint):
    """Who is asking."""

    roles = EVERYBODY
    queryset = Member.objects.all()
    serializer_class = MeSerializer

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return one's own name, role and organisation."""
        member = Member.objects.select_related("user", "organisation").get(user=request.user)
        return Response(self.get_serializer(member).data)

    @extend_schema(request=MeChangeBody, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Choose the zone in which one's pages show times; the API itself goes on in UTC."""
        body = MeChangeBody(data=request.data)
        body.is_valid(raise_exception=True)
        people.choose_time_zone(request.user, body.validated_data["time_zone"])
        return self.get(request)


class OwnPassword(Endpoint):
    """One's own password."""

    roles = EVERYBODY
    open_to_temporary_passwords = True
    queryset = Member.objects.all()
    serializer_class = TokenSerializer

    @extend_schema(request=OwnPasswordBody, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        """Change the password; other log-ins end, and the answer has a new token."""
        body = OwnPasswordBody(data=request.data, context={"user": request.user})
        body.is_valid(raise_exception=True)
        old, new = body.validated_data["password"], body.validated_data["new_password"]
        # Counted by the lock as any other guess at a password.
        user = authenticate(request._request, username=request.user.get_username(), password=old)
        if user is None:
            raise ValidationError({"password": ["This is not your password."]})
        people.keep_own_password(user, new)
        if isinstance(request.successful_authenticator, SessionAuthentication):
            update_session_auth_hash(request._request, user)
        return Response(TokenSerializer({"token": Token.objects.create(user=user).key}).data)


class Members(Endpoint, ListAPIView):
    """The people who may log in."""

    queryset = Member.objects.select_related("user", "organisation")
    serializer_class = MemberSerializer
    filterset_class = MemberFilter

    @extend_schema(request=MemberBody, responses={201: NewMemberSerializer})
    def post(self, request: Request) -> Response:
        """Give somebody a log-in; the temporary password is in the answer, and nowhere else."""
        body = MemberBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        made = people.create_person(PersonRequest(full_name=asked.pop("name"), **asked))
        return Response(NewMemberSerializer(made).data, status=status.HTTP_201_CREATED)


class MemberDetail(Endpoint, RetrieveAPIView):
    """One person."""

    queryset = Member.objects.select_related("user", "organisation")
    serializer_class = MemberSerializer

    @extend_schema(request=MemberChangeBody, responses=MemberSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a role or organisation, take a log-in away or give it back; what the person did stays."""
        member = self.get_object()
        body = MemberChangeBody(data=request.data)
        body.is_valid(raise_exception=True)
        people.change(member, body.validated_data, by=request.user)
        return Response(self.get_serializer(self.get_object()).data)


class MemberPassword(Endpoint):
    """The password of one person."""

    queryset = Member.objects.select_related("user", "organisation")
    serializer_class = NewMemberSerializer

    @extend_schema(request=None, responses=NewMemberSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Give somebody a new temporary password; their token and their log-ins in browsers end."""
        member = self.get_object()
        return Response(self.get_serializer((member, people.renew_password(member))).data)
