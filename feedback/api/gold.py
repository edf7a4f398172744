"""Lists of known order: signed off, read with what came of them, retired. For admins alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.filters import GoldListFilter
from feedback.models import GoldList, Judgement
from feedback.serializers.gold import (
    GoldListBody,
    GoldListDetailSerializer,
    GoldListSerializer,
    RetireBody,
)
from feedback.services import against_gold, gold_lists, signing
from feedback.services.signing import GoldRequest
from ranking.api.base import Endpoint
from ranking.models import Query

GOLD_LISTS = GoldList.objects.select_related("project", "query", "retirement").prefetch_related("known_to")


class GoldLists(Endpoint, ListAPIView):
    """The lists of known order, latest first."""

    queryset = GOLD_LISTS
    serializer_class = GoldListSerializer
    filterset_class = GoldListFilter

    @extend_schema(request=GoldListBody, responses={201: GoldListSerializer})
    def post(self, request: Request) -> Response:
        """Sign an order off as known; sessions that are opened from now on may plant it."""
        body = GoldListBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = _sign(body.validated_data, by=self.access.name)
        shown = GOLD_LISTS.get(pk=made.pk)
        return Response(GoldListSerializer(shown).data, status=status.HTTP_201_CREATED)


class GoldListDetail(Endpoint, RetrieveAPIView):
    """One list of known order, with what came of it."""

    queryset = GOLD_LISTS
    serializer_class = GoldListDetailSerializer

    def get_object(self) -> GoldList:
        """Return the list with what the serializer adds to its row."""
        gold = super().get_object()
        row = next(row for row in gold_lists.overview_of(gold.project) if row.gold.pk == gold.pk)
        gold.asked, gold.judged, gold.planted = row.asked, row.judged, row.planted
        gold.items = gold_lists.signed_off(gold)
        found = against_gold.by_expert(Judgement.objects.filter(slate__gold=gold))
        gold.experts = [found[name] for name in sorted(found)]
        return gold


class GoldListRetire(Endpoint):
    """The end of a list of known order."""

    queryset = GOLD_LISTS
    serializer_class = GoldListSerializer

    @extend_schema(request=RetireBody, responses=GoldListSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Retire it: no session that is opened from now on plants it."""
        body = RetireBody(data=request.data)
        body.is_valid(raise_exception=True)
        signing.retire(self.get_object(), by=self.access.name, reason=body.validated_data["reason"])
        return Response(self.get_serializer(self.get_object()).data)


def _sign(asked: dict[str, Any], *, by: str) -> GoldList:
    """Sign off what a body asks for. Raises InvalidGold."""
    slate: Any = asked.get("slate")
    query: Query = asked.get("query") or slate.query
    tiers = signing.versions_of(query, asked["tiers"]) if "tiers" in asked else signing.order_of(slate)
    request = GoldRequest(tiers=tiers, why=asked["why"], known_to=asked["known_to"], made_from=slate)
    return signing.sign_order(query, request, by=by)
