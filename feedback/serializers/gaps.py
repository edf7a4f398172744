"""Values that experts missed, as JSON."""

from __future__ import annotations

from rest_framework import serializers

from feedback.models import GapNote
from ranking.serializers import Body

STATES = [(state, state) for state in ("open", GapNote.Kind.ANSWERED.value, GapNote.Kind.CLOSED.value)]


class GapNoteSerializer(serializers.ModelSerializer):
    """What became of a missing value at one moment."""

    class Meta:
        model = GapNote
        fields = ["kind", "text", "by", "created_at"]


class GapSerializer(serializers.Serializer):
    """A value that an expert missed, and what became of it."""

    id = serializers.IntegerField(source="judgement.pk", help_text="of the judgement that named it")
    session = serializers.IntegerField(source="judgement.slate.session_id")
    slate = serializers.IntegerField(source="judgement.slate_id")
    query = serializers.IntegerField(source="judgement.slate.query_id")
    need = serializers.CharField(source="judgement.slate.query.title")
    expert = serializers.CharField(source="judgement.expert.username")
    field = serializers.CharField(source="judgement.field")
    label = serializers.CharField()
    items = serializers.ListField(child=serializers.CharField(), help_text="names, if any were named")
    comment = serializers.CharField(source="judgement.comment")
    state = serializers.ChoiceField(STATES)
    notes = GapNoteSerializer(many=True)


class GapsSerializer(serializers.Serializer):
    """The missing values of a project, latest first."""

    gaps = GapSerializer(many=True)


class GapNoteBody(Body):
    """What became of a missing value; an answer needs words, which the expert reads."""

    kind = serializers.ChoiceField(GapNote.Kind.choices)
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
