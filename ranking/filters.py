"""Filters and orders of the API's lists. An unknown order is refused, not ignored."""

from __future__ import annotations

from django import forms
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from ranking.models import Evaluation, Match, ModelVersion, Promotion, Query, TrainingJob, TrainingSet

LARGEST_ID = 2**63 - 1
LARGEST_INTEGER = 2**31 - 1


class _WholeNumberFilter(filters.NumberFilter):
    """A whole number within bounds: django-filter's own takes fractions and numbers no column holds."""

    field_class = forms.IntegerField
    least, most = 0, LARGEST_INTEGER

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, min_value=self.least, max_value=self.most, **kwargs)

    def get_max_validator(self) -> None:
        """Return no validator: the field has its own bounds."""
        return None


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER})
class NumberIsFilter(_WholeNumberFilter):
    """The number of a version."""


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdFilter(_WholeNumberFilter):
    """The id of a row. One that the asker may not see filters like one that is missing."""

    least, most = 1, LARGEST_ID


class OfProject(filters.FilterSet):
    """Rows of one project, by its slug."""

    project = filters.CharFilter(field_name="project__slug", label="slug of the project")


class QueryFilter(OfProject):
    """Needs by project, organisation and words of the title."""

    organisation = filters.CharFilter(field_name="organisation__slug", label="slug of the organisation")
    search = filters.CharFilter(field_name="title", lookup_expr="icontains", label="words of the title")
    ordering = filters.OrderingFilter(fields=["id", "title", "key", "created_at"])

    class Meta:
        model = Query
        fields: list[str] = []


class MatchFilter(filters.FilterSet):
    """Lines of a list by words of the title; the order stays that of the ranks."""

    search = filters.CharFilter(
        field_name="item_version__item__title", lookup_expr="icontains", label="words of the title"
    )

    class Meta:
        model = Match
        fields: list[str] = []


class TrainingSetFilter(OfProject):
    """Training sets by project and mode."""

    ordering = filters.OrderingFilter(fields=["id", "created_at"])

    class Meta:
        model = TrainingSet
        fields = ["mode"]


class JobFilter(OfProject):
    """Trainings by project and state."""

    ordering = filters.OrderingFilter(fields=["id", "created_at", "finished_at"])

    class Meta:
        model = TrainingJob
        fields = ["state"]


class VersionFilter(OfProject):
    """Versions by project, kind and number."""

    number = NumberIsFilter(field_name="number")
    in_service = filters.BooleanFilter(field_name="in_service")
    ordering = filters.OrderingFilter(fields=["id", "number", "created_at"])

    class Meta:
        model = ModelVersion
        fields = ["kind"]


class EvaluationFilter(filters.FilterSet):
    """Evaluations by project, version and verdict."""

    project = filters.CharFilter(field_name="challenger__project__slug", label="slug of the project")
    challenger = IdFilter(field_name="challenger")
    champion = IdFilter(field_name="champion")
    ordering = filters.OrderingFilter(fields=["id", "created_at"])

    class Meta:
        model = Evaluation
        fields = ["verdict"]


class PromotionFilter(OfProject):
    """Promotions by project, version and kind."""

    version_id = IdFilter(field_name="version")
    ordering = filters.OrderingFilter(fields=["id", "created_at"])

    class Meta:
        model = Promotion
        fields = ["automatic", "rollback"]
