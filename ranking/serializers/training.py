"""Training sets, trainings, versions, evaluations and promotions as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ranking.decisions import decision_in
from ranking.models import Evaluation, ModelVersion, Project, Promotion, TrainingJob, TrainingSet
from ranking.serializers.base import MOST_INTEGER, Body, ObjectField, RowField


class TrainingSetSerializer(serializers.ModelSerializer):
    """What a model was trained from: counts and sources, not the rows."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    summary = ObjectField(read_only=True)
    sources = serializers.ListField(child=ObjectField(), read_only=True)

    class Meta:
        model = TrainingSet
        fields = ["id", "project", "mode", "sha256", "summary", "sources", "created_at"]


class LogLineSerializer(serializers.Serializer):
    """One line of a training's log."""

    at = serializers.DateTimeField()
    line = serializers.CharField()


class JobSerializer(serializers.ModelSerializer):
    """A training and how far it is."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version_id = serializers.IntegerField(read_only=True, allow_null=True, help_text="once it is done")
    version = serializers.IntegerField(
        source="version.number", read_only=True, allow_null=True, help_text="its number"
    )
    params = ObjectField(read_only=True)

    class Meta:
        model = TrainingJob
        fields = [
            "id",
            "project",
            "training_set",
            "state",
            "stage",
            "fraction",
            "attempt",
            "cancel_requested",
            "error",
            "version_id",
            "version",
            "params",
            "seed",
            "requested_by",
            "created_at",
            "started_at",
            "finished_at",
        ]


class JobDetailSerializer(JobSerializer):
    """A training with its log."""

    log = LogLineSerializer(many=True, read_only=True)

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "log"]


class VersionSerializer(serializers.ModelSerializer):
    """A version of the model; `in_service` is annotated by the view."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    parent = serializers.IntegerField(
        source="parent.number",
        read_only=True,
        allow_null=True,
        help_text="number of the version it builds on",
    )
    in_service = serializers.BooleanField(read_only=True)
    params = ObjectField(read_only=True)
    report = ObjectField(read_only=True)

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "project",
            "number",
            "kind",
            "parent",
            "training_set",
            "params",
            "seed",
            "report",
            "sha256",
            "provenance_sha256",
            "in_service",
            "created_at",
        ]


class NotMeasuredSerializer(serializers.Serializer):
    """Why a check measured nothing."""

    why = serializers.ChoiceField(
        choices=["switched_off", "too_little_evidence", "not_applicable", "not_recorded"],
        help_text="not_recorded in older evaluations",
    )
    has = serializers.IntegerField(allow_null=True, help_text="with too_little_evidence, in `unit`")
    needs = serializers.IntegerField(allow_null=True, help_text="with too_little_evidence, in `unit`")
    unit = serializers.CharField(help_text="such as held-out queries per segment")
    switch = serializers.CharField(help_text="with switched_off: the setting, such as labels_guard")


class GateCheckSerializer(serializers.Serializer):
    """One thing that the gate looked at."""

    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["passed", "failed", "not_measured"])
    verdict = serializers.ChoiceField(
        choices=Evaluation.Verdict.choices,
        allow_null=True,
        help_text="null where nothing was measured and that holds nobody back",
    )
    words = serializers.CharField(help_text="what was found, or why nothing was measured")
    not_measured = NotMeasuredSerializer(allow_null=True)
    figures = ObjectField(help_text="empty if there was nothing to measure it by")


class GateSerializer(serializers.Serializer):
    """What the gate decided, and what it rests on."""

    verdict = serializers.ChoiceField(choices=Evaluation.Verdict.choices)
    reason = serializers.CharField()
    checks = GateCheckSerializer(many=True)
    slates_needed = serializers.IntegerField(
        allow_null=True,
        help_text="judged lists of held-out queries that would show a gain; null if none would",
    )
    dropped = serializers.IntegerField(help_text="judged lists that were not shown in random order")


class FallSerializer(serializers.Serializer):
    """The metric that did not decide, where it fell and no check limits that."""

    metric = serializers.CharField()
    champion = serializers.FloatField()
    challenger = serializers.FloatField()
    difference = serializers.FloatField(help_text="below 0; a share, so -0.01 is one point")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n_queries = serializers.IntegerField()
    why = serializers.ChoiceField(
        choices=["history", "too_little_evidence", "not_checked"],
        help_text="history: the project declares past grades to be one that experts may correct",
    )
    words = serializers.CharField()


class EvaluationSerializer(serializers.ModelSerializer):
    """Challenger against champion, by the ids and numbers of their versions."""

    project = serializers.CharField(source="challenger.project.slug", read_only=True)
    challenger_number = serializers.IntegerField(source="challenger.number", read_only=True)
    champion_number = serializers.IntegerField(source="champion.number", read_only=True)
    results = serializers.SerializerMethodField()
    gate = serializers.SerializerMethodField(help_text="null for an older evaluation")
    fall = serializers.SerializerMethodField(
        help_text="a fall that no check limits, to be read beside the verdict; else null"
    )

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "project",
            "challenger",
            "challenger_number",
            "champion",
            "champion_number",
            "training_set",
            "verdict",
            "reason",
            "fall",
            "gate",
            "results",
            "created_at",
        ]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_results(self, evaluation: Evaluation) -> Any:
        return {**evaluation.results, "gate": decision_in(evaluation.results)}

    @extend_schema_field(GateSerializer(allow_null=True))
    def get_gate(self, evaluation: Evaluation) -> Any:
        return decision_in(evaluation.results)

    @extend_schema_field(FallSerializer(allow_null=True))
    def get_fall(self, evaluation: Evaluation) -> Any:
        fall = evaluation.fall
        return fall and FallSerializer(fall).data


class PromotionSerializer(serializers.ModelSerializer):
    """One line of the log of what was put in service, when, why and by whom."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version_id = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True, help_text="its number")

    class Meta:
        model = Promotion
        fields = [
            "id",
            "project",
            "version_id",
            "version",
            "previous",
            "evaluation",
            "sha256",
            "reason",
            "by",
            "automatic",
            "rollback",
            "created_at",
        ]


class PromotionBody(Body):
    """What an admin promotes: bound to the version and the champion that were looked at."""

    version = RowField(queryset=ModelVersion.objects.all(), help_text="id of the version")
    expected_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="of the version that was looked at")
    expected_champion = serializers.IntegerField(
        min_value=0,
        max_value=MOST_INTEGER,
        required=False,
        allow_null=True,
        help_text="number of the version in service when it was looked at",
    )
    reason = serializers.CharField(max_length=2000)
    confirm = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="name of the version, such as version 3; needed where the gate does not say promote, or "
        "has not compared it with the version in service",
    )


class RollBackBody(Body):
    """Which project goes back to the version before the present one, and why.

    The present one is named: sent again after a time-out, a roll-back must not come to undo itself.
    """

    project = serializers.SlugRelatedField(slug_field="slug", queryset=Project.objects.all())
    expected_champion = serializers.IntegerField(
        min_value=0, max_value=MOST_INTEGER, help_text="number of the version in service, which is to go"
    )
    reason = serializers.CharField(max_length=2000)
