"""What a version changes, what it learned, and how it does in service, as JSON."""

from __future__ import annotations

from rest_framework import serializers

from ranking.serializers.serving import ReasonSerializer


# --- two versions side by side ------------------------------------------------------------------------------
class ListChangeSerializer(serializers.Serializer):
    """How far the top of one list would change."""

    query = serializers.IntegerField(source="query.pk")
    title = serializers.CharField(source="query.title")
    size = serializers.IntegerField(help_text="lines that were looked at: the top of the list")
    kept = serializers.IntegerField(help_text="items that are in the top of both")
    new = serializers.IntegerField()
    places = serializers.FloatField(help_text="mean change of rank")


class ChangesSerializer(serializers.Serializer):
    """The lists of two versions, the one that changes most first."""

    queries_total = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="lists with somebody new in their top")
    new_on_average = serializers.FloatField()
    lists = ListChangeSerializer(many=True)


class MoveSerializer(serializers.Serializer):
    """One item under two versions; a rank is null where the item is not in that version's list."""

    key = serializers.CharField(source="item_version.item.key")
    title = serializers.CharField(source="item_version.item.title")
    old = serializers.IntegerField(allow_null=True)
    new = serializers.IntegerField(allow_null=True)
    reasons = ReasonSerializer(many=True)


class MovesSerializer(serializers.Serializer):
    """The top of one list under two versions, in the new order."""

    query = serializers.IntegerField()
    moves = MoveSerializer(many=True)


class LessonSerializer(serializers.Serializer):
    """How much a version's scores moved through one feature, beyond its parent's."""

    label = serializers.CharField()
    strength = serializers.FloatField(help_text="mean absolute change of a score")
    share = serializers.FloatField()
    direction = serializers.CharField(allow_blank=True, help_text="more, less, or nothing if it depends")


class LessonsSerializer(serializers.Serializer):
    """What a version learned, the strongest first."""

    lessons = LessonSerializer(many=True)


# --- in service ---------------------------------------------------------------------------------------------
class DaySerializer(serializers.Serializer):
    """One day: lists that were ranked anew, and how many of them without the champion."""

    day = serializers.DateField()
    rankings = serializers.IntegerField()
    degraded = serializers.IntegerField()


class MonitoringSerializer(serializers.Serializer):
    """What was served lately, and what is wrong."""

    days = DaySerializer(many=True)
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="of the champion; empty if well"
    )
    failed_jobs = serializers.ListField(child=serializers.IntegerField(), help_text="ids, latest first")


class FeatureDriftSerializer(serializers.Serializer):
    """How far one feature has moved since the training set was frozen."""

    feature = serializers.CharField(source="column")
    label = serializers.CharField()
    psi = serializers.FloatField(source="drift.psi", help_text="population stability index over units")
    p_value = serializers.FloatField(
        source="drift.p_value", help_text="chance that any feature of an unchanged project looks this changed"
    )
    unit = serializers.ChoiceField(
        ["query", "item", "pair"], source="drift.unit", help_text="what has one value of the feature"
    )
    units_then = serializers.IntegerField(source="drift.then", help_text="for a pair: queries")
    units_now = serializers.IntegerField(source="drift.now")
    alarm = serializers.BooleanField(source="drift.alarm")


class DriftSerializer(serializers.Serializer):
    """Today's candidates against those that the champion was trained on; null for a sorting rule."""

    version = serializers.IntegerField(allow_null=True, help_text="number of the champion")
    training_set = serializers.IntegerField(allow_null=True)
    rows_then = serializers.IntegerField(allow_null=True)
    rows_now = serializers.IntegerField(allow_null=True)
    queries_then = serializers.IntegerField(source="needs_then", allow_null=True)
    queries_now = serializers.IntegerField(source="needs_now", allow_null=True)
    features = FeatureDriftSerializer(many=True)


class GroupExposureSerializer(serializers.Serializer):
    """One group's share of what readers see against its share of the candidates."""

    group = serializers.CharField()
    eligible = serializers.IntegerField()
    eligible_share = serializers.FloatField()
    top = serializers.IntegerField()
    exposure_share = serializers.FloatField()
    ratio = serializers.FloatField(allow_null=True)
    is_far = serializers.BooleanField(help_text="below four fifths, or above five fourths")


class ExposureSerializer(serializers.Serializer):
    """One protected attribute under the champion."""

    segment = serializers.CharField(source="segment.name")
    label = serializers.CharField(source="segment.label")
    lists = serializers.IntegerField()
    groups = GroupExposureSerializer(many=True)


class ExposuresSerializer(serializers.Serializer):
    """Every protected attribute of a project under its champion."""

    version = serializers.IntegerField(help_text="number of the champion")
    attributes = ExposureSerializer(many=True)
