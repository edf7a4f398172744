"""What experts do to a slate, as JSON: an order, a move on the way to it, and the judgement."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feedback.models import Judgement, SlateMove
from ranking.serializers import MOST_INTEGER, Body

LARGEST_ID = 2**63 - 1
MOST_CARDS = 30
LONGEST_COMMENT = 5000
Kind = SlateMove.Kind
#: What a move of each kind has to say.
NEEDS = {
    Kind.MOVE: ("card", "to"),
    Kind.LINE: ("to",),
    Kind.UNTIE: ("card",),
    Kind.RATE: ("card", "value"),
    Kind.TAG: ("tag", "on"),
    Kind.COMMENT: ("text",),
    Kind.REPLACE: ("draft",),
}


def _card(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST_ID, **options)


class DraftBody(Body):
    """An unfinished order, in card ids."""

    tiers = serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=MOST_CARDS
        ),
        max_length=MOST_CARDS,
        required=False,
        help_text="best tier first; cards of one tier are tied",
    )
    rest = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        max_length=MOST_CARDS,
        required=False,
        help_text="cards below the line: not looked at",
    )
    ratings = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=5),
        required=False,
        help_text="card id -> 1 to 5",
    )
    reason_tags = serializers.ListField(
        child=serializers.CharField(max_length=63), max_length=50, required=False
    )
    comment = serializers.CharField(max_length=5000, required=False, allow_blank=True, trim_whitespace=False)


class MoveBody(Body):
    """One move, said in what its kind needs: see the table in docs/api.md."""

    do = serializers.ChoiceField(Kind.choices)
    card = _card(required=False)
    cards = serializers.ListField(child=_card(), required=False, min_length=2, max_length=MOST_CARDS)
    to = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_CARDS,
        help_text="place from 0, counted without what is moved; the line is one of the entries",
    )
    value = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)
    tag = serializers.CharField(required=False, max_length=63)
    on = serializers.BooleanField(required=False)
    text = serializers.CharField(
        required=False, max_length=LONGEST_COMMENT, allow_blank=True, trim_whitespace=False
    )
    draft = DraftBody(required=False)
    state = DraftBody(
        required=False, help_text="the draft after the move; if sent, it must be what the move makes"
    )
    at = serializers.DateTimeField(required=False, help_text="when it was done, by the client's clock")

    def validate(self, move: dict[str, Any]) -> dict[str, Any]:
        """Return the move if it says what its kind needs, and nothing else."""
        kind = move["do"]
        wanted = ("cards" if "cards" in move else "card",) if kind == Kind.TIE else NEEDS.get(kind, ())
        given = set(move) - {"do", "state", "at"}
        wrong = {name: ["This move needs it."] for name in wanted if name not in given}
        wrong |= {name: ["This move does not have it."] for name in sorted(given - set(wanted))}
        if wrong:
            raise serializers.ValidationError(wrong)
        return move


class SavedMoveSerializer(serializers.ModelSerializer):
    """The receipt of a move; the version of the draft that it made is also its ETag."""

    draft_version = serializers.IntegerField(source="version", read_only=True)
    do = serializers.ChoiceField(Kind.choices, source="kind", read_only=True)

    class Meta:
        model = SlateMove
        fields = ["draft_version", "do", "created_at"]


class StepSerializer(serializers.Serializer):
    """A move that can be undone or done again."""

    do = serializers.ChoiceField(Kind.choices)
    card = serializers.IntegerField(required=False)
    cards = serializers.ListField(child=serializers.IntegerField(), required=False)
    to = serializers.IntegerField(required=False)
    value = serializers.IntegerField(required=False, allow_null=True)
    tag = serializers.CharField(required=False)
    on = serializers.BooleanField(required=False)
    draft = DraftBody(required=False)

    def to_representation(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return what the step says and no more: a rating that was taken back is null."""
        return {name: value for name, value in super().to_representation(step).items() if name in step}


class CurrentDraftSerializer(serializers.Serializer):
    """A draft as its moves make it, with the steps that undo and redo would take."""

    draft = DraftBody(allow_null=True)
    draft_version = serializers.IntegerField()
    base = DraftBody(help_text="the order before the first of `past`")
    past = StepSerializer(many=True, help_text="the last hundred steps, oldest first")
    future = StepSerializer(many=True, help_text="what redo would do, next one first")
    keys = serializers.ListField(
        child=serializers.CharField(),
        help_text="the idempotency keys of the last hundred moves, oldest first",
    )


class JudgementBody(DraftBody):
    """One act on one slate: an order, or a typed non-answer."""

    kind = serializers.ChoiceField(Judgement.Kind.choices)
    decided_by = serializers.ChoiceField(
        Judgement.DecidedBy.choices,
        required=False,
        allow_blank=True,
        help_text="which counts where ratings and order say different things; without it such a list is "
        "refused (409, `ratings_contradict_order`)",
    )
    field = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="the field whose value is missing"
    )
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        max_length=MOST_CARDS,
        required=False,
        help_text="cards that a conflict or a gap is about",
    )
    seconds = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER, required=False)
