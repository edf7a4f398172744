"""Blind comparisons as JSON: what an admin opens and reads, and what an expert is shown and says."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.models.comparisons import MOST_ITEMS
from feedback.serializers.participation import ExpertsBody
from feedback.serializers.sessions import ChoiceSerializer, NeedSerializer
from ranking.models import ModelVersion
from ranking.serializers import MOST_INTEGER, Body, FactSerializer, NounSerializer, RowField


# --- the admin's side ---------------------------------------------------------------------------------------
class ComparisonSerializer(serializers.ModelSerializer):
    """A round in which experts choose between the lists of two versions; counts are annotated by the view."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    challenger = serializers.IntegerField(source="challenger.number", read_only=True)
    champion = serializers.IntegerField(
        source="champion.number", read_only=True, help_text="the version it is held against"
    )
    choices_total = serializers.IntegerField(read_only=True)
    choices_done = serializers.IntegerField(read_only=True)
    experts_total = serializers.IntegerField(read_only=True)

    class Meta:
        model = ComparisonSession
        fields = [
            "id",
            "project",
            "challenger",
            "champion",
            "title",
            "instructions",
            "state",
            "needs_per_expert",
            "items_per_list",
            "choices_total",
            "choices_done",
            "experts_total",
            "opened_by",
            "opened_at",
            "closed_at",
        ]


class PreferredShareSerializer(serializers.Serializer):
    """How often experts preferred the challenger; "equal" counts half, "neither" and non-answers nothing."""

    answers = serializers.IntegerField()
    needs = serializers.IntegerField(help_text="needs that the answers are about")
    challenger = serializers.IntegerField(help_text="answers that prefer it")
    champion = serializers.IntegerField()
    equal = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True, help_text="share of the challenger, 0 to 1")
    low = serializers.FloatField(allow_null=True, help_text="of the 95 % interval, from four needs on")
    high = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True, help_text="two-sided sign test over needs")


class ExpertResultSerializer(serializers.Serializer):
    """How far one expert has come, and how their answers fell."""

    username = serializers.CharField()
    name = serializers.CharField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    share = PreferredShareSerializer()


class ResultSerializer(serializers.Serializer):
    """What a comparison found. It does not change the gate's verdict."""

    words = serializers.CharField()
    every = PreferredShareSerializer()
    held_out = PreferredShareSerializer(help_text="needs that neither version can have learned from")
    others = PreferredShareSerializer()
    neither = serializers.IntegerField()
    outside_knowledge = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    left = serializers.IntegerField(help_text="how often the left list was preferred")
    sided = serializers.IntegerField(help_text="answers that preferred one of the two")
    experts = ExpertResultSerializer(many=True)


class ComparisonDetailSerializer(ComparisonSerializer):
    """A comparison with what it found, which the view adds to the row."""

    result = ResultSerializer(read_only=True)

    class Meta(ComparisonSerializer.Meta):
        fields = [*ComparisonSerializer.Meta.fields, "result"]


class ComparisonBody(ExpertsBody):
    """A comparison to be opened. Experts see title and instructions: they name no version."""

    challenger = RowField(
        queryset=ModelVersion.objects.select_related("project"), help_text="id of a version"
    )
    champion = RowField(
        queryset=ModelVersion.objects.all(), help_text="id of another version of the same project"
    )
    title = serializers.CharField(max_length=200)
    instructions = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    needs_per_expert = serializers.IntegerField(min_value=1, max_value=100, required=False)
    items_per_list = serializers.IntegerField(min_value=1, max_value=MOST_ITEMS, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER, required=False)


# --- the expert's side: blind, so nothing that says which list is whose -------------------------------------
class MyComparisonSerializer(serializers.ModelSerializer):
    """A comparison as one of its experts sees it; the counts are one's own."""

    project = serializers.CharField(source="project.name", read_only=True)
    choices_total = serializers.IntegerField(read_only=True)
    choices_done = serializers.IntegerField(read_only=True)

    class Meta:
        model = ComparisonSession
        fields = [
            "id",
            "project",
            "title",
            "instructions",
            "state",
            "items_per_list",
            "choices_total",
            "choices_done",
            "opened_at",
            "closed_at",
        ]


class ListChoiceSerializer(serializers.ModelSerializer):
    """Two lists to choose from, without their cards."""

    answered = serializers.SerializerMethodField()

    class Meta:
        model = ListChoice
        fields = ["id", "session", "position", "answered"]

    def get_answered(self, choice: ListChoice) -> bool:
        return hasattr(choice, "answer")


class ListCardSerializer(serializers.Serializer):
    """One item of a list as it was when the session opened, the first one on top."""

    place = serializers.IntegerField(help_text="in its list, from 1")
    title = serializers.CharField()
    brief = serializers.CharField(source="subtitle", allow_blank=True)
    facts = FactSerializer(many=True)
    more = FactSerializer(many=True)
    other_place = serializers.IntegerField(allow_null=True, help_text="where it stands in the other list")


class ListChoiceDetailSerializer(ListChoiceSerializer):
    """Two lists for one need. The view passes what is shown in the context."""

    title = serializers.CharField(source="session.title", read_only=True)
    instructions = serializers.CharField(source="session.instructions", read_only=True)
    total = serializers.SerializerMethodField(help_text="choices of the expert in this session")
    need = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()
    right = serializers.SerializerMethodField()
    item_noun = serializers.SerializerMethodField()
    reason_tags = serializers.SerializerMethodField()

    class Meta(ListChoiceSerializer.Meta):
        fields = [
            *ListChoiceSerializer.Meta.fields,
            "title",
            "instructions",
            "total",
            "need",
            "left",
            "right",
            "item_noun",
            "reason_tags",
        ]

    def get_total(self, choice: ListChoice) -> int:
        return self.context["total"]

    @extend_schema_field(NeedSerializer)
    def get_need(self, choice: ListChoice) -> Any:
        return NeedSerializer(self.context["shown"]["need"]).data

    @extend_schema_field(ListCardSerializer(many=True))
    def get_left(self, choice: ListChoice) -> Any:
        return ListCardSerializer(self.context["shown"]["left"], many=True).data

    @extend_schema_field(ListCardSerializer(many=True))
    def get_right(self, choice: ListChoice) -> Any:
        return ListCardSerializer(self.context["shown"]["right"], many=True).data

    @extend_schema_field(NounSerializer)
    def get_item_noun(self, choice: ListChoice) -> Any:
        nouns = self.context["shown"]["nouns"]
        return {"noun": nouns["item"], "plural": nouns["items"]}

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_reason_tags(self, choice: ListChoice) -> Any:
        return ChoiceSerializer(self.context["shown"]["reason_tags"], many=True).data


class ListAnswerBody(Body):
    """Which list is better, or why that can't be said."""

    kind = serializers.ChoiceField(ListAnswer.Kind.choices)
    reason_tags = serializers.ListField(
        child=serializers.CharField(max_length=63), max_length=50, required=False
    )
    comment = serializers.CharField(max_length=5000, required=False, allow_blank=True, trim_whitespace=False)
    seconds = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER, required=False)


class AnsweredSerializer(serializers.ModelSerializer):
    """The answer to an answer: nothing in it anchors the next one."""

    next_choice = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="the expert's next two lists of the session"
    )

    class Meta:
        model = ListAnswer
        fields = ["id", "choice", "kind", "created_at", "next_choice"]
