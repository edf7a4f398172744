"""Projects, organisations and queries as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ranking.cards import Card, card_of
from ranking.models import Organisation, Project, Query
from ranking.serializers.base import MOST_INTEGER, Body, Descriptions


class FactSerializer(serializers.Serializer):
    """One field of a record, written for people."""

    name = serializers.CharField()
    label = serializers.CharField()
    value = serializers.CharField()
    exact = serializers.CharField(help_text="All digits of a value that is rounded; empty for any other.")
    missing = serializers.BooleanField(help_text="Nothing was reported; `value` says so in words.")


class OrganisationSerializer(serializers.ModelSerializer):
    """A business that owns queries."""

    class Meta:
        model = Organisation
        fields = ["slug", "name"]


class ProjectSerializer(serializers.ModelSerializer):
    """A matching problem; the figures are counted by the view."""

    queries = serializers.IntegerField(source="queries_count", read_only=True)
    items = serializers.IntegerField(source="items_count", read_only=True)
    champion = serializers.IntegerField(
        source="champion_number",
        read_only=True,
        allow_null=True,
        help_text="number of the version in service",
    )

    class Meta:
        model = Project
        fields = [
            "slug",
            "name",
            "queries",
            "items",
            "champion",
            "automatic_promotion",
            "retrain_after_preferences",
            "retrain_every_hours",
            "created_at",
        ]


class FeatureSerializer(serializers.Serializer):
    """One declared feature."""

    name = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.CharField()
    unit = serializers.CharField()
    monotone = serializers.IntegerField()


class RuleSerializer(serializers.Serializer):
    """One hard rule."""

    name = serializers.CharField()
    words = serializers.CharField()


class ReasonTagSerializer(serializers.Serializer):
    """A reason that an expert may give with one click."""

    name = serializers.CharField()
    label = serializers.CharField()


class NounSerializer(serializers.Serializer):
    """What queries or items are called."""

    noun = serializers.CharField()
    plural = serializers.CharField()


class ProjectDetailSerializer(ProjectSerializer, Descriptions):
    """A project with what its description declares."""

    query_noun = serializers.SerializerMethodField()
    item_noun = serializers.SerializerMethodField()
    features = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()
    reason_tags = serializers.SerializerMethodField()

    class Meta(ProjectSerializer.Meta):
        fields = [
            *ProjectSerializer.Meta.fields,
            "query_noun",
            "item_noun",
            "features",
            "rules",
            "reason_tags",
        ]

    @extend_schema_field(NounSerializer)
    def get_query_noun(self, project: Project) -> Any:
        return NounSerializer(self.description(project).query).data

    @extend_schema_field(NounSerializer)
    def get_item_noun(self, project: Project) -> Any:
        return NounSerializer(self.description(project).item).data

    @extend_schema_field(FeatureSerializer(many=True))
    def get_features(self, project: Project) -> Any:
        return FeatureSerializer(self.description(project).features, many=True).data

    @extend_schema_field(RuleSerializer(many=True))
    def get_rules(self, project: Project) -> Any:
        return RuleSerializer(self.description(project).rules, many=True).data

    @extend_schema_field(ReasonTagSerializer(many=True))
    def get_reason_tags(self, project: Project) -> Any:
        return ReasonTagSerializer(self.description(project).reason_tags, many=True).data


class PolicyBody(Body):
    """What happens by itself; what is left out stays as it is, null switches a condition off."""

    automatic_promotion = serializers.BooleanField(required=False)
    retrain_after_preferences = serializers.IntegerField(
        min_value=1, max_value=MOST_INTEGER, required=False, allow_null=True
    )
    retrain_every_hours = serializers.IntegerField(
        min_value=1, max_value=MOST_INTEGER, required=False, allow_null=True
    )


class QuerySerializer(serializers.ModelSerializer, Descriptions):
    """The need that a list answers, as its card shows it."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    organisation = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    title = serializers.SerializerMethodField()
    brief = serializers.SerializerMethodField()
    facts = serializers.SerializerMethodField()

    class Meta:
        model = Query
        fields = ["id", "key", "title", "project", "organisation", "brief", "facts", "created_at"]

    def get_title(self, query: Query) -> str:
        return self._card(query).whole

    def get_brief(self, query: Query) -> str:
        return self._card(query).text

    @extend_schema_field(FactSerializer(many=True))
    def get_facts(self, query: Query) -> Any:
        return FactSerializer(self._card(query).facts, many=True).data

    def _card(self, query: Query) -> Card:
        return card_of(self.description(query.project).query, query.content)
