"""Sessions, how far they have come, and slates as experts see them, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.models import FeedbackSession, GoldList, Slate
from feedback.models.sessions import LEAST_RANDOM_SHARE, MOST_GOLD
from feedback.serializers.gaps import GapSerializer
from feedback.serializers.moves import MOST_CARDS, DraftBody
from feedback.serializers.participation import ExpertsBody
from feedback.serializers.watching import AgainstGoldSerializer, ConsistencySerializer
from ranking.models import Project
from ranking.serializers import MOST_INTEGER, Body, FactSerializer, NounSerializer


# --- the admin's side ---------------------------------------------------------------------------------------
class SessionSerializer(serializers.ModelSerializer):
    """A round of structured feedback; the counts are annotated by the view."""

    project = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version = serializers.IntegerField(
        source="version.number", read_only=True, help_text="number of the version that its lists come from"
    )
    slates_total = serializers.IntegerField(read_only=True)
    slates_done = serializers.IntegerField(read_only=True, help_text="handed in, with an answer or without")
    slates_answered = serializers.IntegerField(
        read_only=True, help_text="of these, put in order, about equal or none suitable"
    )
    experts_total = serializers.IntegerField(read_only=True)

    class Meta:
        model = FeedbackSession
        fields = [
            "id",
            "project",
            "version",
            "title",
            "instructions",
            "state",
            "slates_per_expert",
            "items_per_slate",
            "random_share",
            "overlap_share",
            "gold_per_expert",
            "asks_ratings",
            "simulated",
            "slates_total",
            "slates_done",
            "slates_answered",
            "experts_total",
            "due_on",
            "paused_at",
            "opened_by",
            "opened_at",
            "closed_at",
        ]


class ProgressSerializer(serializers.Serializer):
    """How far one expert has come."""

    username = serializers.CharField()
    name = serializers.CharField()
    simulated = serializers.BooleanField()
    slates = serializers.IntegerField()
    done = serializers.IntegerField(help_text="handed in, with an answer or without")
    answered = serializers.IntegerField(help_text="of these, put in order, about equal or none suitable")
    seconds = serializers.FloatField(allow_null=True, help_text="median a slate")
    not_ordered = serializers.IntegerField(help_text="about equal, none suitable, or not judged")
    last_at = serializers.DateTimeField(allow_null=True)


class CoverageSerializer(serializers.Serializer):
    """What a session has asked and learned about one need."""

    query = serializers.IntegerField(source="query.pk")
    title = serializers.CharField(source="query.title")
    held_out = serializers.BooleanField(help_text="kept from training; used to compare versions")
    slates = serializers.IntegerField()
    done = serializers.IntegerField(help_text="slates with an answer")
    unanswered = serializers.IntegerField(help_text="slates that could not be judged")
    experts = serializers.IntegerField(help_text="those who answered")
    cards = serializers.IntegerField(help_text="different items that answers say something about")


class AgreementSerializer(serializers.Serializer):
    """Kendall's tau-b of two experts on shared slates: mean with a 95 % interval from four needs on."""

    first = serializers.CharField()
    second = serializers.CharField()
    lists = serializers.IntegerField()
    tau = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class MeasureSerializer(serializers.Serializer):
    """One figure of agreement with its 95 % interval, over all experts of a session."""

    name = serializers.CharField(
        help_text="tau_b, kendall_w, rbo, alpha_ranks, alpha_ratings, separation or kept"
    )
    label = serializers.CharField()
    value = serializers.FloatField(
        source="estimate.value", allow_null=True, help_text="null where too little was judged"
    )
    low = serializers.FloatField(source="estimate.low", allow_null=True, help_text="from four needs on")
    high = serializers.FloatField(source="estimate.high", allow_null=True)
    n = serializers.IntegerField(source="estimate.n", help_text="needs that it rests on")
    chance = serializers.FloatField(
        source="estimate.chance", allow_null=True, help_text="what experts who order at random would get"
    )
    meaning = serializers.CharField(help_text="what it says, or why there is none")


class RemarkSerializer(serializers.Serializer):
    """One comment, with who made it on which list."""

    slate = serializers.IntegerField()
    expert = serializers.CharField(help_text="name")
    need = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()


class GoldRowSerializer(serializers.Serializer):
    """One expert of a session and the lists of known order that were planted for them."""

    username = serializers.CharField()
    name = serializers.CharField()
    planted = serializers.IntegerField()
    judged = serializers.IntegerField()
    here = AgainstGoldSerializer(allow_null=True, help_text="of this session alone")
    overall = AgainstGoldSerializer(allow_null=True, help_text="of all sessions of the project")


class SessionDetailSerializer(SessionSerializer):
    """A session with its progress, coverage and agreement, which the view adds to the row."""

    progress = ProgressSerializer(many=True, read_only=True)
    coverage = CoverageSerializer(many=True, read_only=True)
    agreement = AgreementSerializer(many=True, read_only=True)
    measures = MeasureSerializer(many=True, read_only=True)
    consistency = ConsistencySerializer(many=True, read_only=True)
    comments = RemarkSerializer(many=True, read_only=True)
    gaps = GapSerializer(many=True, read_only=True, help_text="values that were missed")
    gold = GoldRowSerializer(many=True, read_only=True)

    class Meta(SessionSerializer.Meta):
        fields = [
            *SessionSerializer.Meta.fields,
            "progress",
            "coverage",
            "agreement",
            "measures",
            "consistency",
            "comments",
            "gaps",
            "gold",
        ]


class SessionBody(ExpertsBody):
    """A session to be opened."""

    title = serializers.CharField(max_length=200)
    instructions = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    asks_ratings = serializers.BooleanField(required=False)
    due_on = serializers.DateField(
        required=False, allow_null=True, help_text="last day; nothing closes by it"
    )
    project = serializers.SlugRelatedField(slug_field="slug", queryset=Project.objects.all())
    slates_per_expert = serializers.IntegerField(min_value=1, max_value=200, required=False)
    items_per_slate = serializers.IntegerField(min_value=2, max_value=MOST_CARDS, required=False)
    random_share = serializers.FloatField(min_value=LEAST_RANDOM_SHARE, max_value=1.0, required=False)
    overlap_share = serializers.FloatField(min_value=0.0, max_value=1.0, required=False)
    gold_per_expert = serializers.IntegerField(
        min_value=0,
        max_value=MOST_GOLD,
        required=False,
        help_text="lists of known order for each expert, at most one in six; without it one, if there is one",
    )
    seed = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER, required=False)


class SessionPlanBody(SessionBody):
    """The body that would open a session, its title left out or not: words and days change no list."""

    title = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SessionChangeBody(Body):
    """What can be changed in an open session."""

    due_on = serializers.DateField(required=False, allow_null=True, help_text="null: without a last day")
    paused = serializers.BooleanField(required=False, help_text="while paused, no list is judged")


class KindCountSerializer(serializers.Serializer):
    """How many lists there are of a kind."""

    kind = serializers.CharField()
    label = serializers.CharField()
    lists = serializers.IntegerField()


class ProposedListSerializer(serializers.Serializer):
    """One list that would be asked, and why."""

    query = serializers.IntegerField()
    need = serializers.CharField()
    held_out = serializers.BooleanField()
    items = serializers.ListField(
        child=serializers.CharField(), help_text="names, in the order of the version"
    )
    kind = serializers.CharField()
    why = serializers.CharField()
    experts = serializers.ListField(child=serializers.CharField(), help_text="names")


class GoldFitSerializer(serializers.Serializer):
    """A gold list that is shorter than the session's lists, and is never planted among them."""

    id = serializers.IntegerField(source="pk")
    need = serializers.CharField(source="query.title")
    items = serializers.SerializerMethodField()

    def get_items(self, gold: GoldList) -> int:
        """Return how many items it has."""
        return len(gold.versions)


class ProposalSerializer(serializers.Serializer):
    """What a session would ask if it were opened now with this seed."""

    version = serializers.IntegerField(help_text="number of the version in service")
    seed = serializers.IntegerField()
    lists = serializers.IntegerField()
    held_out_lists = serializers.IntegerField()
    needs = serializers.IntegerField()
    needs_in_all = serializers.IntegerField()
    shared = serializers.IntegerField(help_text="lists that several experts get, each counted once")
    kinds = KindCountSerializer(many=True)
    gold_fitting = serializers.SerializerMethodField(help_text="gold lists as long as these lists, or longer")
    gold_too_short = GoldFitSerializer(source="gold.too_short", many=True, help_text="never planted in these")
    shown = ProposedListSerializer(many=True, help_text="a few lists of each kind")

    def get_gold_fitting(self, proposal: Any) -> int:
        """Return how many gold lists may be planted."""
        return len(proposal.gold.fitting)


# --- the expert's side: blind, so no score, no version, no rank, and not whether the order is random --------
class MySessionSerializer(serializers.ModelSerializer):
    """A session as one of its experts sees it; the counts are one's own."""

    project = serializers.CharField(source="project.name", read_only=True)
    slates_total = serializers.IntegerField(read_only=True)
    slates_done = serializers.IntegerField(read_only=True)

    class Meta:
        model = FeedbackSession
        fields = [
            "id",
            "project",
            "title",
            "instructions",
            "state",
            "items_per_slate",
            "asks_ratings",
            "simulated",
            "slates_total",
            "slates_done",
            "due_on",
            "paused_at",
            "opened_at",
            "closed_at",
        ]


class SlateSerializer(serializers.ModelSerializer):
    """A short list to be judged, without its cards."""

    session_state = serializers.ChoiceField(
        FeedbackSession.State.choices, source="session.state", read_only=True
    )

    class Meta:
        model = Slate
        fields = ["id", "session", "session_state", "position", "state", "submitted_at"]


class NeedSerializer(serializers.Serializer):
    """The need as it was when the session opened."""

    title = serializers.CharField()
    brief = serializers.CharField(allow_blank=True)
    facts = FactSerializer(many=True)
    more = FactSerializer(many=True)


class CardSerializer(serializers.Serializer):
    """One item as it was when the session opened, in the order in which it is shown."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    brief = serializers.CharField(source="subtitle", allow_blank=True)
    facts = FactSerializer(many=True)
    more = FactSerializer(many=True)


class ChoiceSerializer(serializers.Serializer):
    """Something to choose from."""

    name = serializers.CharField()
    label = serializers.CharField()


class SlateDetailSerializer(SlateSerializer):
    """A slate with what is to be judged. The view passes what is shown in the context."""

    title = serializers.CharField(source="session.title", read_only=True)
    instructions = serializers.CharField(source="session.instructions", read_only=True)
    asks_ratings = serializers.BooleanField(source="session.asks_ratings", read_only=True)
    total = serializers.SerializerMethodField(help_text="slates of the expert in this session")
    need = serializers.SerializerMethodField()
    cards = serializers.SerializerMethodField()
    item_noun = serializers.SerializerMethodField()
    reason_tags = serializers.SerializerMethodField()
    fields_of_items = serializers.SerializerMethodField(help_text="what can be said to be missing")
    draft = serializers.SerializerMethodField()

    class Meta(SlateSerializer.Meta):
        fields = [
            *SlateSerializer.Meta.fields,
            "title",
            "instructions",
            "asks_ratings",
            "total",
            "need",
            "cards",
            "item_noun",
            "reason_tags",
            "fields_of_items",
            "draft",
            "draft_version",
        ]

    def get_total(self, slate: Slate) -> int:
        return self.context["total"]

    @extend_schema_field(NeedSerializer)
    def get_need(self, slate: Slate) -> Any:
        return NeedSerializer(self.context["shown"]["need"]).data

    @extend_schema_field(CardSerializer(many=True))
    def get_cards(self, slate: Slate) -> Any:
        return CardSerializer(self.context["shown"]["cards"], many=True).data

    @extend_schema_field(NounSerializer)
    def get_item_noun(self, slate: Slate) -> Any:
        nouns = self.context["shown"]["nouns"]
        return {"noun": nouns["item"], "plural": nouns["items"]}

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_reason_tags(self, slate: Slate) -> Any:
        return ChoiceSerializer(self.context["shown"]["reason_tags"], many=True).data

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_fields_of_items(self, slate: Slate) -> Any:
        return ChoiceSerializer(self.context["shown"]["fields"], many=True).data

    @extend_schema_field(DraftBody(allow_null=True))
    def get_draft(self, slate: Slate) -> Any:
        """Return the draft if it has the API's shape: a page may have kept another one."""
        body = DraftBody(data=slate.draft)
        return body.validated_data if body.is_valid() else None
