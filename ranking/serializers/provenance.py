"""Which sessions moved the lists, as JSON. Titles of sessions, and no names of people."""

from __future__ import annotations

from rest_framework import serializers


class SourceSerializer(serializers.Serializer):
    """One session that a version was trained from."""

    session = serializers.IntegerField(allow_null=True, help_text="its id")
    title = serializers.CharField()
    simulated = serializers.BooleanField(help_text="judged by simulated experts")
    lists = serializers.IntegerField(help_text="judged lists that it was learned from")
    experts = serializers.IntegerField()


class ShareSerializer(serializers.Serializer):
    """What one session did to one match."""

    source = SourceSerializer()
    places = serializers.IntegerField(help_text="places that it moved up by it; negative for down")
    rank_without = serializers.IntegerField()


class TraceSerializer(serializers.Serializer):
    """Which sessions moved one match, the strongest first; places by session need not add up."""

    rank = serializers.IntegerField(help_text="with the data of today")
    rank_before = serializers.IntegerField(
        allow_null=True, help_text="under the version before, which knows none of this training"
    )
    together = serializers.IntegerField(allow_null=True, help_text="places that all sessions moved it up")
    same = serializers.BooleanField(help_text="The rank is the one that was served.")
    words = serializers.CharField()
    sessions = ShareSerializer(source="shares", many=True)


class MatchProvenanceSerializer(serializers.Serializer):
    """Which sessions moved one match; `trace` is null where `missing` says why."""

    version = serializers.IntegerField(help_text="number of the version that ranked it")
    before = serializers.IntegerField(allow_null=True, help_text="number of the version it was built on")
    missing = serializers.CharField(allow_blank=True)
    trace = TraceSerializer(allow_null=True)


class LargeMoveSerializer(serializers.Serializer):
    """One item that a session moved far, in or out of the first lines of a need."""

    query = serializers.IntegerField(source="query.pk")
    query_title = serializers.CharField(source="query.title")
    key = serializers.CharField(source="item.key")
    title = serializers.CharField(source="item.title")
    places = serializers.IntegerField()
    rank = serializers.IntegerField()
    rank_without = serializers.IntegerField()


class InfluenceSerializer(serializers.Serializer):
    """What one session did to the first lines of the lists that were looked at."""

    source = SourceSerializer()
    moved = serializers.IntegerField(help_text="of `lines`, how many stand elsewhere because of it")
    came_in = serializers.IntegerField(help_text="of `lines`, how many it brought in")
    lists = serializers.IntegerField(help_text="of `needs`, how many lists it moved")
    largest = LargeMoveSerializer(many=True)


class InfluencesSerializer(serializers.Serializer):
    """Every session of a version, the one that moved most first."""

    needs = serializers.IntegerField(help_text="lists that were looked at")
    needs_total = serializers.IntegerField()
    lines = serializers.IntegerField(help_text="matches in the first ten of those lists")
    sessions = InfluenceSerializer(many=True)


class VersionProvenanceSerializer(serializers.Serializer):
    """Which sessions moved the lists of one version; `found` is null where `missing` says why."""

    version = serializers.IntegerField(help_text="its number")
    before = serializers.IntegerField(allow_null=True, help_text="number of the version it was built on")
    missing = serializers.CharField(allow_blank=True)
    found = InfluencesSerializer(allow_null=True)
