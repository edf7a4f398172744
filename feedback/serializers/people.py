"""People, their tokens, and what end users do with matches, as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from feedback.models import Member, Outcome
from ranking import zones
from ranking.models import Match, Organisation
from ranking.serializers import Body, OrganisationSerializer, RowField


class TokenBody(Body):
    """A log-in."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})


class OwnPasswordBody(Body):
    """The password as it is and as it is to be; the context's `user` is whose."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})
    new_password = serializers.CharField(
        max_length=1000, trim_whitespace=False, style={"input_type": "password"}
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Refuse the old password as the new one, and what is too easily guessed."""
        if asked["new_password"] == asked["password"]:
            raise serializers.ValidationError({"new_password": "This is the old password: choose another."})
        try:
            validate_password(asked["new_password"], self.context["user"])
        except ValidationError as error:
            raise serializers.ValidationError({"new_password": error.messages}) from error
        return asked


class TokenSerializer(serializers.Serializer):
    """What to send with every request: `Authorization: Token <token>`."""

    token = serializers.CharField()


class MemberSummarySerializer(serializers.ModelSerializer):
    """Somebody's name, role and organisation."""

    username = serializers.CharField(source="user.username", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    organisation = OrganisationSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Member
        fields = ["username", "name", "role", "organisation", "simulated"]


class MeSerializer(MemberSummarySerializer):
    """Who is asking, and the zone in which their pages show times."""

    installation_time_zone = serializers.SerializerMethodField(help_text="in which days end")

    class Meta(MemberSummarySerializer.Meta):
        fields = [*MemberSummarySerializer.Meta.fields, "time_zone", "installation_time_zone"]

    def get_installation_time_zone(self, member: Member) -> str:
        """Return the zone of those who have chosen none."""
        return zones.installation()


class MeChangeBody(Body):
    """One's own settings."""

    time_zone = serializers.CharField(
        max_length=64, allow_blank=True, help_text="such as Europe/Berlin; empty: the installation's"
    )

    def validate_time_zone(self, name: str) -> str:
        """Refuse what is no zone."""
        if name and name not in zones.zone_names():
            raise serializers.ValidationError(
                f"“{name}” is no time zone; expected a name such as Europe/Berlin, or nothing."
            )
        return name


class MemberSerializer(MemberSummarySerializer):
    """A person with one role."""

    email = serializers.CharField(source="user.email", read_only=True, allow_blank=True)
    active = serializers.BooleanField(source="user.is_active", read_only=True)

    class Meta(MemberSummarySerializer.Meta):
        fields = ["id", *MemberSummarySerializer.Meta.fields, "email", "active"]


class NewMemberSerializer(MemberSerializer):
    """A person who has just been given a log-in: the password is shown here once and kept nowhere."""

    password = serializers.CharField(read_only=True)

    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "password"]

    def to_representation(self, made: Any) -> Any:
        """Write a pair (member, password)."""
        member, password = made
        member.password = password
        return super().to_representation(member)


class MemberBody(Body):
    """Somebody who is to get a log-in."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(Member.Role.choices)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")
    email = serializers.CharField(max_length=254, required=False, allow_blank=True, default="")
    organisation = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Organisation.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text="of a reader, and only of a reader",
    )


class MemberChangeBody(Body):
    """Whether somebody may log in, as what, and for which organisation; what is left out stays."""

    active = serializers.BooleanField(required=False)
    role = serializers.ChoiceField(Member.Role.choices, required=False)
    organisation = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Organisation.objects.all(),
        required=False,
        allow_null=True,
        help_text="of a reader; who is none any more loses it",
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Refuse a body that says nothing: it was meant to say something."""
        if not asked:
            raise serializers.ValidationError("Name what is to change: active, role or organisation.")
        return asked


class OutcomeSerializer(serializers.ModelSerializer):
    """What an end user did with an item of a need's list; the latest act counts."""

    item_key = serializers.CharField(source="item_version.item.key", read_only=True)
    item_title = serializers.CharField(source="item_version.item.title", read_only=True)
    by = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Outcome
        fields = ["id", "query", "item_key", "item_title", "kind", "reason", "by", "created_at"]


class OutcomeBody(Body):
    """An act on one line of a list; the context's `matches` are those that the asker may read."""

    match = RowField(queryset=Match.objects.all())
    kind = serializers.ChoiceField(Outcome.Kind.choices)
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def get_fields(self) -> Any:
        """Return the fields, a foreign match being as unknown as a missing one."""
        fields = super().get_fields()
        if "matches" in self.context:
            fields["match"].queryset = self.context["matches"]
        return fields
