"""Lists of known order, as JSON: for admins alone."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feedback.models import GoldList, GoldRetirement, Slate
from feedback.serializers.moves import MOST_CARDS
from feedback.serializers.participation import MOST_EXPERTS, expert_field
from feedback.serializers.watching import AgainstGoldSerializer
from ranking.models import Query
from ranking.serializers import Body
from ranking.serializers.base import RowField

LONGEST_TEXT = 2000


class RetirementSerializer(serializers.ModelSerializer):
    """The end of a gold list."""

    class Meta:
        model = GoldRetirement
        fields = ["by", "reason", "at"]


class GoldListSerializer(serializers.ModelSerializer):
    """A need and items whose order is signed off as known."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    title = serializers.CharField(source="query.title", read_only=True)
    tiers = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        read_only=True,
        help_text="ids of item versions, best tier first",
    )
    known_to = serializers.SlugRelatedField(slug_field="username", many=True, read_only=True)
    made_from = serializers.PrimaryKeyRelatedField(
        read_only=True, help_text="the slate that the order was taken from"
    )
    retirement = RetirementSerializer(
        source="retired", read_only=True, allow_null=True, help_text="null while it is in use"
    )

    class Meta:
        model = GoldList
        fields = [
            "id",
            "project",
            "query",
            "title",
            "tiers",
            "why",
            "known_to",
            "made_from",
            "signed_by",
            "signed_at",
            "retirement",
        ]


class GoldItemSerializer(serializers.Serializer):
    """One item of a gold list, as it was when the order was signed off."""

    version = serializers.IntegerField()
    title = serializers.CharField(source="card.title")
    place = serializers.IntegerField(source="rank", help_text="from 1, ties share the better one")


class GoldListDetailSerializer(GoldListSerializer):
    """A gold list with its items and what came of it, which the view adds to the row."""

    items = GoldItemSerializer(many=True, read_only=True)
    asked = serializers.IntegerField(read_only=True, help_text="how often it was planted")
    judged = serializers.IntegerField(read_only=True)
    planted = serializers.BooleanField(
        read_only=True, help_text="whether new sessions plant it: in use, and nothing of it has changed"
    )
    experts = AgainstGoldSerializer(
        many=True, read_only=True, help_text="how far each expert put this very list as it is known"
    )

    class Meta(GoldListSerializer.Meta):
        fields = [*GoldListSerializer.Meta.fields, "items", "asked", "judged", "planted", "experts"]


class GoldListBody(Body):
    """An order to be signed off: of a need and items by keys, or of a judged list of a closed session."""

    query = RowField(queryset=Query.objects.select_related("project"), required=False)
    slate = RowField(
        queryset=Slate.objects.select_related("session", "query__project", "judgement"), required=False
    )
    tiers = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(max_length=200), max_length=MOST_CARDS),
        max_length=MOST_CARDS,
        required=False,
        help_text="keys of items, best first, ties in one tier; without it, the order of the judged list",
    )
    why = serializers.CharField(max_length=LONGEST_TEXT, help_text="how the order is known")
    known_to = serializers.ListField(
        child=expert_field(),
        max_length=MOST_EXPERTS,
        default=list,
        help_text="experts who are never asked it",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an order of nothing."""
        if "slate" not in attrs and not {"query", "tiers"} <= set(attrs):
            raise serializers.ValidationError({"query": ["Send a need with an order, or a judged list."]})
        return attrs


class RetireBody(Body):
    """Why a gold list is retired."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)
