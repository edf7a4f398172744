"""What experts did and what follows from it, as an admin reads it; and the trainings that are asked for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.models import Judgement, Preference, SlateItem
from ranking.models import Project
from ranking.serializers import MOST_INTEGER, Body


class JudgementSerializer(serializers.ModelSerializer):
    """One act of one expert on one slate, in card ids."""

    session = serializers.IntegerField(source="slate.session_id", read_only=True)
    query = serializers.IntegerField(source="slate.query_id", read_only=True)
    randomised = serializers.BooleanField(source="slate.randomised", read_only=True)
    expert = serializers.CharField(source="expert.username", read_only=True)
    tiers = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), read_only=True
    )
    rest = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    ratings = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    reason_tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    items = serializers.ListField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = Judgement
        fields = [
            "id",
            "session",
            "slate",
            "query",
            "randomised",
            "expert",
            "kind",
            "tiers",
            "rest",
            "ratings",
            "decided_by",
            "reason_tags",
            "comment",
            "field",
            "items",
            "seconds",
            "created_at",
        ]


class ShownCardSerializer(serializers.ModelSerializer):
    """A card of a judged slate: which item, where it was shown, and where the version had it."""

    key = serializers.CharField(source="item_version.item.key", read_only=True)
    title = serializers.CharField(source="item_version.item.title", read_only=True)

    class Meta:
        model = SlateItem
        fields = ["id", "key", "title", "shown_position", "model_rank", "selection_probability"]


class JudgementDetailSerializer(JudgementSerializer):
    """A judgement with the cards that were judged, in shown order."""

    cards = serializers.SerializerMethodField()

    class Meta(JudgementSerializer.Meta):
        fields = [*JudgementSerializer.Meta.fields, "cards"]

    @extend_schema_field(ShownCardSerializer(many=True))
    def get_cards(self, judgement: Judgement) -> Any:
        return ShownCardSerializer(judgement.slate.items.all(), many=True).data


class SubmittedSerializer(serializers.ModelSerializer):
    """The answer to a submitted slate: nothing in it anchors the next one."""

    next_slate = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="the expert's next open slate of the session"
    )

    class Meta:
        model = Judgement
        fields = ["id", "slate", "kind", "created_at", "next_slate"]


class PreferenceSerializer(serializers.ModelSerializer):
    """Winner over loser, by the keys of their items."""

    session = serializers.IntegerField(source="judgement.slate.session_id", read_only=True)
    query = serializers.IntegerField(source="judgement.slate.query_id", read_only=True)
    expert = serializers.CharField(source="judgement.expert.username", read_only=True)
    winner = serializers.CharField(source="winner.item_version.item.key", read_only=True)
    loser = serializers.CharField(source="loser.item_version.item.key", read_only=True)

    class Meta:
        model = Preference
        fields = [
            "id",
            "judgement",
            "session",
            "query",
            "expert",
            "winner",
            "loser",
            "weight",
            "target",
            "origin",
            "shown_gap",
        ]


class JobBody(Body):
    """A training to be queued: from what experts said in closed sessions, or from graded labels alone."""

    project = serializers.SlugRelatedField(slug_field="slug", queryset=Project.objects.all())
    learn_from = serializers.ChoiceField([("preferences", "preferences"), ("labels", "labels")])
    seed = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER, required=False, default=0)
