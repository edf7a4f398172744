"""Lists as they were served, and their lines, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ranking.cards import Card, card_of
from ranking.models import Match, Ranking
from ranking.rules import rule_in_words
from ranking.serializers.base import Descriptions
from ranking.serializers.catalogue import FactSerializer


class RemovedSerializer(serializers.Serializer):
    """A hard rule that applied to a query, and how many items break it."""

    name = serializers.CharField()
    words = serializers.CharField()
    removed = serializers.IntegerField(help_text="An item that breaks two rules is counted in both.")


class RankingSerializer(serializers.ModelSerializer, Descriptions):
    """One list as served."""

    version = serializers.IntegerField(source="version.number", read_only=True)
    rules = serializers.SerializerMethodField()

    class Meta:
        model = Ranking
        fields = [
            "id",
            "query",
            "version",
            "degraded",
            "items_total",
            "eligible_total",
            "rules",
            "created_at",
        ]

    @extend_schema_field(RemovedSerializer(many=True))
    def get_rules(self, ranking: Ranking) -> Any:
        description = self.description(ranking.query.project)
        words = {}
        for rule in description.rules:
            field = description.item.field(rule.field)
            words[rule.name] = rule_in_words(
                rule, ranking.query.content, format=field.format, unit=field.unit
            )
        return [
            {"name": name, "words": words.get(name, name), "removed": count}
            for name, count in ranking.removed_by_rule.items()
        ]


class ReasonSerializer(serializers.Serializer):
    """What one feature does to the score, compared with the other candidates."""

    feature = serializers.CharField()
    label = serializers.CharField()
    value = serializers.CharField()
    text = serializers.CharField()
    contribution = serializers.FloatField()


class MatchSerializer(serializers.ModelSerializer, Descriptions):
    """One line of a list: the item as its card shows it, and why it stands there."""

    key = serializers.CharField(source="item_version.item.key", read_only=True)
    title = serializers.SerializerMethodField()
    brief = serializers.SerializerMethodField()
    facts = serializers.SerializerMethodField()
    reasons = ReasonSerializer(many=True, read_only=True)

    class Meta:
        model = Match
        fields = ["id", "rank", "score", "key", "title", "brief", "facts", "reasons"]

    def get_title(self, match: Match) -> str:
        return self.card(match).whole

    def get_brief(self, match: Match) -> str:
        return self.card(match).text

    @extend_schema_field(FactSerializer(many=True))
    def get_facts(self, match: Match) -> Any:
        return FactSerializer(self.card(match).facts, many=True).data

    def card(self, match: Match) -> Card:
        return card_of(self.description(match.ranking.query.project).item, match.item_version.content)


class MatchDetailSerializer(MatchSerializer):
    """A line by itself: with the list that it belongs to and the facts that a card has no room for."""

    query = serializers.IntegerField(source="ranking.query_id", read_only=True)
    version = serializers.IntegerField(source="ranking.version.number", read_only=True)
    more = serializers.SerializerMethodField()

    class Meta(MatchSerializer.Meta):
        fields = [*MatchSerializer.Meta.fields, "more", "ranking", "query", "version"]

    @extend_schema_field(FactSerializer(many=True))
    def get_more(self, match: Match) -> Any:
        return FactSerializer(self.card(match).more, many=True).data


class RankingPageSerializer(serializers.Serializer):
    """A page of the lines of a list, with what there is to say about the list."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    ranking = RankingSerializer()
    results = MatchSerializer(many=True)


# --- explanations -------------------------------------------------------------------------------------------
class PartSerializer(serializers.Serializer):
    """What one feature adds; `shown` is `amount` rounded together with the sum, so that a table adds up."""

    feature = serializers.CharField(allow_blank=True)
    label = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    other_value = serializers.CharField(allow_blank=True)
    amount = serializers.FloatField()
    shown = serializers.FloatField()


class MatchReasonsSerializer(serializers.Serializer):
    """A score taken apart: `typical` and all parts add up to `score`, as do `typical` and all lessons."""

    score = serializers.FloatField()
    typical = serializers.FloatField(help_text="mean score of the candidates of this need")
    parts = PartSerializer(many=True)
    lessons = PartSerializer(many=True, help_text="the shares of the versions that the model is a sum of")
    unused = serializers.ListField(child=serializers.CharField(), help_text="labels of what plays no part")
    same = serializers.BooleanField(help_text="The score is still the one that was served.")


class MatchExplainedSerializer(serializers.Serializer):
    """A line with its score taken apart."""

    match = MatchDetailSerializer()
    explanation = MatchReasonsSerializer()


class PairReasonsSerializer(serializers.Serializer):
    """Why one line stands above another: the parts add up to the difference of their scores."""

    upper = MatchSerializer()
    lower = MatchSerializer()
    difference = serializers.FloatField()
    parts = PartSerializer(many=True)
    level = serializers.ListField(child=serializers.CharField(), help_text="labels of what is alike in both")


class MoveReasonsSerializer(serializers.Serializer):
    """What changed for one item between two versions' rankings of one need."""

    rank_then = serializers.IntegerField(allow_null=True)
    rank_by_old = serializers.IntegerField(
        allow_null=True, help_text="its rank if the earlier version ranked today's data"
    )
    rank_now = serializers.IntegerField()
    data_changed = serializers.BooleanField()
    lead_then = serializers.FloatField(
        help_text="distance from a typical candidate under the earlier version"
    )
    lead_now = serializers.FloatField()
    parts = PartSerializer(many=True)


class MovementSerializer(serializers.Serializer):
    """How a line moved since the last ranking by another version; both null where there is none."""

    since = serializers.IntegerField(allow_null=True, help_text="number of the earlier version")
    movement = MoveReasonsSerializer(allow_null=True)
