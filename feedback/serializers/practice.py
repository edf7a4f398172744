"""A list to practise on and what was understood of it, as JSON. Nothing of either is kept."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feedback.explaining import HINTS
from feedback.serializers.moves import JudgementBody
from feedback.serializers.sessions import CardSerializer, ChoiceSerializer, NeedSerializer
from ranking.serializers import NounSerializer


class PracticeSerializer(serializers.Serializer):
    """A need and cards as those of a slate, drawn at random; the ids of the cards hold in this list alone."""

    need = NeedSerializer()
    cards = CardSerializer(many=True)
    asks_ratings = serializers.BooleanField()
    item_noun = NounSerializer()
    reason_tags = ChoiceSerializer(many=True)
    fields_of_items = ChoiceSerializer(many=True, help_text="what can be said to be missing")

    def to_representation(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Write what the page shows."""
        nouns = {"noun": shown["nouns"]["item"], "plural": shown["nouns"]["items"]}
        return super().to_representation({**shown, "item_noun": nouns, "fields_of_items": shown["fields"]})


class PracticeBody(JudgementBody):
    """What would be submitted, and what was used on the way to it."""

    used = serializers.ListField(
        child=serializers.ChoiceField([(name, name) for name in HINTS]),
        max_length=len(HINTS),
        required=False,
        help_text="if sent, the answer has hints at what was not used",
    )


class ExplanationSerializer(serializers.Serializer):
    """What was understood. There is no right answer."""

    said = serializers.ListField(child=serializers.CharField(), help_text="sentences")
    comparisons = serializers.IntegerField(help_text="pairs that it says something about, ties among them")
    ties = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="cards that were not looked at")
    order = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), help_text="titles, tier by tier"
    )
    hints = serializers.ListField(child=serializers.CharField())
