"""The expert's side: own slates, their drafts, what is submitted. Blind: no score, no rank, no version."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.errors import MissingKey, UnconditionalDraft
from feedback.filters import SlateFilter
from feedback.models import Slate, SlateMove
from feedback.serializers.judgements import SubmittedSerializer
from feedback.serializers.moves import (
    CurrentDraftSerializer,
    DraftBody,
    JudgementBody,
    MoveBody,
    SavedMoveSerializer,
)
from feedback.serializers.sessions import SlateDetailSerializer, SlateSerializer
from feedback.services import drafts, judging, moves
from feedback.services.presenting import slate_context
from feedback.submitting import is_id, read_json
from ranking.api.base import Endpoint

LONGEST_KEY = 80
ETAG = OpenApiParameter(
    "ETag", OpenApiTypes.STR, OpenApiParameter.HEADER, response=True, description="version of the draft"
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^"[0-9]{1,9}"$'},
    OpenApiParameter.HEADER,
    required=True,
    description="the ETag that was read: a draft that has changed since is not overwritten (412)",
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[!-~]{1,80}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="chosen by the client; the same key with the same body is the same act",
)
OPTIONAL_IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^"[0-9]{1,9}"$'},
    OpenApiParameter.HEADER,
    description="the draft's ETag that was read: a list that was changed since is not judged (412)",
)
OPTIONAL_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[!-~]{1,80}$"},
    OpenApiParameter.HEADER,
    description="without one, the same draft over the same version is the same act",
)


class OwnSlates(Endpoint):
    """Slates of the asking expert."""

    roles = ("expert",)
    queryset = Slate.objects.all()

    def get_queryset(self) -> QuerySet[Slate]:
        return Slate.objects.filter(expert=self.request.user).select_related("session__project")


class Slates(OwnSlates, ListAPIView):
    """One's own slates, in the order in which they are to be judged."""

    serializer_class = SlateSerializer
    filterset_class = SlateFilter


class SlateDetail(OwnSlates):
    """One slate with its cards, in the order in which they are shown."""

    serializer_class = SlateDetailSerializer

    @extend_schema(responses=SlateDetailSerializer, parameters=[ETAG])
    def get(self, request: Request, pk: int) -> Response:
        """Return a slate. The ETag is that of its draft, for `If-Match`."""
        slate = self.get_object()
        judging.note_seen(slate)
        context = {
            "shown": slate_context(slate),
            "total": slate.session.slates.filter(expert=slate.expert_id).count(),
        }
        body = SlateDetailSerializer(slate, context=context).data
        return Response(body, headers={"ETag": etag(slate.draft_version)})


class SlateDraft(OwnSlates):
    """The unfinished order of a slate, as a whole."""

    serializer_class = CurrentDraftSerializer

    @extend_schema(responses=CurrentDraftSerializer, parameters=[ETAG])
    def get(self, request: Request, pk: int) -> Response:
        """Return the draft as its moves make it, and the steps that undo and redo would take."""
        found = drafts.current(self.get_object())
        return Response(CurrentDraftSerializer(found).data, headers={"ETag": etag(found["draft_version"])})

    @extend_schema(
        request=DraftBody, responses=SavedMoveSerializer, parameters=[IF_MATCH, OPTIONAL_KEY, ETAG]
    )
    def put(self, request: Request, pk: int) -> Response:
        """Keep an unfinished order, over the version that was read: one move that replaces all of it."""
        slate = self.get_object()
        version = _version_read(request, slate)
        key = key_of(request) if "Idempotency-Key" in request.headers else ""
        body = DraftBody(data=request.data)
        body.is_valid(raise_exception=True)
        return _saved(moves.put(slate, as_kept(body.validated_data), version=version, key=key))


class SlateMoves(OwnSlates):
    """The moves on a slate."""

    serializer_class = SavedMoveSerializer

    @extend_schema(request=MoveBody, responses={201: SavedMoveSerializer}, parameters=[IF_MATCH, KEY, ETAG])
    def post(self, request: Request, pk: int) -> Response:
        """Append one move, over the version it was made on; the same key with the same move is one move."""
        slate = self.get_object()
        version, key = _version_read(request, slate), key_of(request)
        body = MoveBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        at = said.pop("at", None)
        state = as_kept(said.pop("state")) if "state" in said else None
        move = moves.save(slate, _act(said), key=key, version=version, at=at, state=state)
        return _saved(move, status.HTTP_201_CREATED)


class SlateJudgement(OwnSlates):
    """What an expert says about a slate."""

    serializer_class = SubmittedSerializer

    @extend_schema(
        request=JudgementBody, responses={201: SubmittedSerializer}, parameters=[KEY, OPTIONAL_IF_MATCH]
    )
    def post(self, request: Request, pk: int) -> Response:
        """Submit a slate, once; the same key with the same body answers what was answered before."""
        slate = self.get_object()
        key = key_of(request)
        version = _version_read(request, slate) if "If-Match" in request.headers else None
        body = JudgementBody(data=request.data)
        body.is_valid(raise_exception=True)
        judgement = judging.submit(slate, read_json(body.validated_data), key=key, version=version)
        following = judging.next_slate(slate.session, request.user)
        judgement.next_slate = following.pk if following else None
        return Response(self.get_serializer(judgement).data, status=status.HTTP_201_CREATED)


def etag(version: int) -> str:
    """Return the version of a draft as an entity tag."""
    return f'"{version}"'


def as_kept(draft: dict[str, Any]) -> dict[str, Any]:
    """Return a draft as the page keeps it, so that either can go on with it: card ids are texts there."""
    kept = dict(draft)
    if "tiers" in draft:
        kept["tiers"] = [[str(card) for card in tier] for tier in draft["tiers"]]
    if "rest" in draft:
        kept["rest"] = [str(card) for card in draft["rest"]]
    return kept


def _act(said: dict[str, Any]) -> dict[str, Any]:
    act = dict(said)
    if "card" in said:
        act["card"] = str(said["card"])
    if "cards" in said:
        act["cards"] = [str(card) for card in said["cards"]]
    if "draft" in said:
        act["draft"] = as_kept(said["draft"])
    return act


def _saved(move: SlateMove, code: int = status.HTTP_200_OK) -> Response:
    return Response(SavedMoveSerializer(move).data, status=code, headers={"ETag": etag(move.version)})


def _version_read(request: Request, slate: Slate) -> int:
    """Return the draft's version that the client has read. Raises UnconditionalDraft without one."""
    tags = parse_etags(request.headers.get("If-Match", ""))
    versions = {int(tag.strip('"')) for tag in tags if is_id(tag.strip('"'))}
    if not tags or "*" in tags:
        raise UnconditionalDraft("say in If-Match which version of the draft was read: its ETag")
    # Of several tags the one that fits counts; what fits none is stale, whatever it is.
    return slate.draft_version if slate.draft_version in versions else max(versions, default=-1)


def key_of(request: Request) -> str:
    """Return the Idempotency-Key of a request. Raises MissingKey without a usable one."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 0 < len(key) <= LONGEST_KEY:
        raise MissingKey(f"expected a header Idempotency-Key of 1 to {LONGEST_KEY} characters")
    return key
