"""What experts said and what follows from it, as an admin reads it."""

from __future__ import annotations

from rest_framework.generics import ListAPIView, RetrieveAPIView

from feedback.filters import JudgementFilter, PreferenceFilter
from feedback.models import Judgement, Preference
from feedback.serializers.judgements import (
    JudgementDetailSerializer,
    JudgementSerializer,
    PreferenceSerializer,
)
from ranking.api.base import Endpoint


class Judgements(Endpoint, ListAPIView):
    """The acts of experts, in the order in which they came."""

    queryset = Judgement.objects.select_related("slate", "expert")
    serializer_class = JudgementSerializer
    filterset_class = JudgementFilter


class JudgementDetail(Endpoint, RetrieveAPIView):
    """One act, with the cards that it is about."""

    queryset = Judgement.objects.select_related("slate", "expert").prefetch_related(
        "slate__items__item_version__item"
    )
    serializer_class = JudgementDetailSerializer


class Preferences(Endpoint, ListAPIView):
    """Who was preferred to whom, in closed sessions."""

    queryset = Preference.objects.select_related(
        "judgement__slate", "judgement__expert", "winner__item_version__item", "loser__item_version__item"
    )
    serializer_class = PreferenceSerializer
    filterset_class = PreferenceFilter
