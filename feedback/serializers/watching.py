"""What is known about experts, and what needs a person next, as JSON."""

from __future__ import annotations

from rest_framework import serializers


class KeptShareSerializer(serializers.Serializer):
    """How many pairs stayed as they were shown: half of them, by chance, on lists in random order."""

    lists = serializers.IntegerField()
    pairs = serializers.IntegerField()
    kept = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="mean by list")
    low = serializers.FloatField(allow_null=True, help_text="of a 95 % interval, from four lists on")
    high = serializers.FloatField(allow_null=True)
    is_high = serializers.BooleanField(help_text="clearly more than chance would keep")


class ConsistencySerializer(serializers.Serializer):
    """One expert held against themselves, on lists that came to them twice."""

    username = serializers.CharField(source="judge")
    repeats = serializers.IntegerField(help_text="lists judged again")
    same = serializers.IntegerField(help_text="of these, in exactly the same order")
    kept = serializers.FloatField(
        source="kept.value", help_text="share of pairs put the same way round again; .5 by chance"
    )
    low = serializers.FloatField(source="kept.low", allow_null=True, help_text="from four needs on")
    high = serializers.FloatField(source="kept.high", allow_null=True)
    tau_b = serializers.FloatField(source="tau_b.value", allow_null=True)


class AgainstGoldSerializer(serializers.Serializer):
    """One expert held against lists of known order, which nothing is learned from."""

    username = serializers.CharField(source="judge")
    lists = serializers.IntegerField(help_text="lists of known order that were put in an order")
    same = serializers.IntegerField(help_text="of these, in exactly the known order")
    kept = serializers.FloatField(
        source="kept.value", help_text="share of pairs put as they are known; .5 by chance"
    )
    low = serializers.FloatField(source="kept.low", allow_null=True, help_text="from four needs on")
    high = serializers.FloatField(source="kept.high", allow_null=True)
    tau_b = serializers.FloatField(source="tau_b.value", allow_null=True)
    verdict = serializers.CharField(help_text="reliable, random, inverted or unknown")


class ExpertSerializer(serializers.Serializer):
    """One expert in numbers, from the judgements in one project."""

    username = serializers.CharField()
    name = serializers.CharField(source="member.__str__")
    simulated = serializers.BooleanField(source="member.simulated")
    judgements = serializers.IntegerField(help_text="put in order, about equal or none suitable")
    unanswered = serializers.IntegerField(help_text="lists that could not be judged")
    sessions = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True, help_text="median a slate")
    last_at = serializers.DateTimeField(allow_null=True)
    randomised = KeptShareSerializer(help_text="on slates in random order")
    model_order = KeptShareSerializer(help_text="on slates in the version's order")
    consistency = ConsistencySerializer(allow_null=True, help_text="null if no list came twice")
    gold = AgainstGoldSerializer(allow_null=True, help_text="null if no list of known order was ordered")
    flip_rate = serializers.FloatField(
        allow_null=True,
        help_text="how often training thinks that the opposite was meant; null before a training, and where "
        "experts contradict each other",
    )
    verdict = serializers.CharField(
        allow_null=True,
        help_text="what training makes of the answers: reliable, careless (many slips), anchored (pulled by "
        "the shown order), random, inverted (turned round), contradicts (stands against others, and no "
        "majority can say who is right) or unknown (too few lists)",
    )


class ExpertsSerializer(serializers.Serializer):
    """The experts; who judged most comes first."""

    experts = ExpertSerializer(many=True)


class NoticeSerializer(serializers.Serializer):
    """One thing that needs a person, and what it is about."""

    kind = serializers.CharField()
    tone = serializers.CharField()
    text = serializers.CharField()
    version_id = serializers.IntegerField(source="version.pk", allow_null=True)
    session_id = serializers.IntegerField(source="session.pk", allow_null=True)
    comparison_id = serializers.IntegerField(source="comparison.pk", allow_null=True)
    job_id = serializers.IntegerField(source="job.pk", allow_null=True)


class StandingSerializer(serializers.Serializer):
    """A project at a glance."""

    champion = serializers.IntegerField(source="champion.version.number", allow_null=True, help_text="number")
    running_job = serializers.IntegerField(source="job.pk", allow_null=True)
    open_sessions = serializers.ListField(child=serializers.IntegerField(), help_text="ids")
    open_comparisons = serializers.ListField(child=serializers.IntegerField(), help_text="ids")
    notices = NoticeSerializer(many=True)
