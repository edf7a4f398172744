"""Filters and orders of the API's lists. An unknown value is refused, not ignored."""

from __future__ import annotations

from django_filters import rest_framework as filters

from feedback.models import (
    ComparisonSession,
    FeedbackSession,
    GoldList,
    Judgement,
    ListChoice,
    Member,
    Outcome,
    Preference,
    Slate,
)
from ranking.filters import Filters, IdFilter, KeyFilter, OfProject, OrderFilter, TruthFilter


class MemberFilter(Filters):
    """People by role and organisation."""

    organisation = filters.CharFilter(field_name="organisation__slug", label="slug of the organisation")
    username = filters.CharFilter(field_name="user__username")
    active = TruthFilter(field_name="user__is_active")
    ordering = OrderFilter(fields=[("id", "id"), ("user__username", "username")])

    class Meta:
        model = Member
        fields = ["role", "simulated"]


class OutcomeFilter(Filters):
    """Acts of end users by need and kind."""

    query = IdFilter(field_name="query")
    query_key = KeyFilter(field_name="query__key", label="key of the need")
    ordering = OrderFilter(fields=["id", "created_at"])

    class Meta:
        model = Outcome
        fields = ["kind"]


class SessionFilter(OfProject):
    """Sessions by project and state."""

    ordering = OrderFilter(fields=["id", "opened_at", "closed_at"])

    class Meta:
        model = FeedbackSession
        fields = ["state", "simulated"]


class ComparisonFilter(OfProject):
    """Blind comparisons by project and state."""

    ordering = OrderFilter(fields=["id", "opened_at", "closed_at"])

    class Meta:
        model = ComparisonSession
        fields = ["state"]


class GoldListFilter(OfProject):
    """Lists of known order by project, need and whether they are in use."""

    query = IdFilter(field_name="query")
    query_key = KeyFilter(field_name="query__key", label="key of the need")
    retired = TruthFilter(field_name="retirement", lookup_expr="isnull", exclude=True)
    ordering = OrderFilter(fields=["id", "signed_at"])

    class Meta:
        model = GoldList
        fields: list[str] = []


class ListChoiceFilter(Filters):
    """One's own choices by comparison and whether they are answered, in the order in which they are asked."""

    session = IdFilter(field_name="session")
    answered = TruthFilter(field_name="answer", lookup_expr="isnull", exclude=True)
    ordering = OrderFilter(fields=["id", "position"])

    class Meta:
        model = ListChoice
        fields: list[str] = []


class SlateFilter(Filters):
    """One's own slates by session and state, in the order in which they are to be judged."""

    session = IdFilter(field_name="session")
    ordering = OrderFilter(fields=["id", "position"])

    class Meta:
        model = Slate
        fields = ["state"]


class JudgementFilter(Filters):
    """Judgements by project, session, need, expert and kind."""

    project = filters.CharFilter(field_name="slate__session__project__slug", label="slug of the project")
    session = IdFilter(field_name="slate__session")
    query = IdFilter(field_name="slate__query")
    query_key = KeyFilter(field_name="slate__query__key", label="key of the need")
    expert = filters.CharFilter(field_name="expert__username", label="user name")
    ordering = OrderFilter(fields=["id", "created_at"])

    class Meta:
        model = Judgement
        fields = ["kind"]


class PreferenceFilter(Filters):
    """Preferences by project, session, need, expert, judgement and origin."""

    project = filters.CharFilter(
        field_name="judgement__slate__session__project__slug", label="slug of the project"
    )
    session = IdFilter(field_name="judgement__slate__session")
    query = IdFilter(field_name="judgement__slate__query")
    query_key = KeyFilter(field_name="judgement__slate__query__key", label="key of the need")
    expert = filters.CharFilter(field_name="judgement__expert__username", label="user name")
    judgement = IdFilter(field_name="judgement")
    ordering = OrderFilter(fields=["id", "weight"])

    class Meta:
        model = Preference
        fields = ["origin"]
