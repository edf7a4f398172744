"""Who takes part in a session, and how that changes, as JSON."""

from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework import serializers

from feedback.models import Member
from feedback.models.sessions import LINK_HOURS, MOST_LINK_HOURS
from ranking.serializers import Body

MOST_LISTS = 200
MOST_EXPERTS = 100


def expert_field() -> serializers.SlugRelatedField:
    """An expert by user name."""
    experts = User.objects.filter(member__role=Member.Role.EXPERT)
    return serializers.SlugRelatedField(slug_field="username", queryset=experts)


class ExpertsBody(Body):
    """Who is invited to what is opened."""

    experts = serializers.ListField(
        child=expert_field(), min_length=1, max_length=MOST_EXPERTS, help_text="user names"
    )

    def validate_experts(self, experts: list[User]) -> list[User]:
        """Return each expert once: invited twice, one would be asked twice."""
        return list(dict.fromkeys(experts))


class InvitationBody(Body):
    """Whom a log-in link is for, and how long it works."""

    expert = expert_field()
    hours = serializers.IntegerField(min_value=1, max_value=MOST_LINK_HOURS, default=LINK_HOURS)


class InvitationSerializer(serializers.Serializer):
    """A link that logs an expert in once."""

    expert = serializers.CharField()
    address = serializers.CharField(help_text="shown this once")
    expires_at = serializers.DateTimeField()


class MoreListsBody(Body):
    """How many more lists for whom."""

    expert = expert_field()
    slates = serializers.IntegerField(min_value=1, max_value=MOST_LISTS)


class MoreNeedsBody(Body):
    """About how many more needs whom is asked in a comparison."""

    expert = expert_field()
    needs = serializers.IntegerField(min_value=1, max_value=100)


class HandOverBody(Body):
    """Whose lists go to whom."""

    giver = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.all(),
        help_text="whoever has them, an expert or not any more",
    )
    taker = expert_field()


class HandedOverChoicesSerializer(serializers.Serializer):
    """How many choices went over."""

    choices = serializers.IntegerField()


class HandedOverSerializer(serializers.Serializer):
    """How many lists went over."""

    slates = serializers.IntegerField()
