"""Filters and orders of the API's lists. An unknown value is refused, not ignored."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db import models
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError

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


class _TruthField(forms.NullBooleanField):
    """True or false, as a text; the framework's own reads everything else as "not asked for"."""

    widget = forms.TextInput
    texts: ClassVar = {"true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        """Return the value; None if there is none."""
        if value is None or value == "":
            return None
        if value.lower() not in self.texts:
            raise forms.ValidationError(f"{value[:40]!r} is unknown: expected true or false.")
        return self.texts[value.lower()]


class TruthFilter(filters.BooleanFilter):
    """True or false."""

    field_class = _TruthField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class OrderFilter(filters.OrderingFilter):
    """What to sort by, parted by commas; a minus before a name turns it round."""

    def filter(self, qs: models.QuerySet[Any], value: Any) -> models.QuerySet[Any]:
        """Sort; raise ValidationError for a comma with nothing beside it, which the framework trips over."""
        if value and not all(value):
            raise ValidationError({"ordering": ["Nothing beside a comma: expected a name on both sides."]})
        return super().filter(qs, value)


class KeyFilter(filters.CharFilter):
    """A key as it was imported: the whole of it, every space and letter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, strip=False, **kwargs)


class Filters(filters.FilterSet):
    """Filters of one list, which say what they expected."""

    FILTER_DEFAULTS: ClassVar = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": TruthFilter},
    }

    def get_form_class(self) -> type[forms.Form]:
        """Return the form that checks the parameters."""
        form: type[forms.Form] = super().get_form_class()
        for field in form.base_fields.values():
            if isinstance(field, forms.ChoiceField):
                known = ", ".join(str(value) for value, _ in field.choices if value)
                field.error_messages["invalid_choice"] = f"“%(value)s” is unknown: expected one of {known}."
        return form


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER})
class NumberIsFilter(_WholeNumberFilter):
    """The number of a version."""


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdFilter(_WholeNumberFilter):
    """The id of a row. One that the asker may not see filters like one that is missing."""

    least, most = 1, LARGEST_ID


class OfProject(Filters):
    """Rows of one project, by its slug."""

    project = filters.CharFilter(field_name="project__slug", label="slug of the project")


class QueryFilter(OfProject):
    """Needs by project, key, organisation and words of the title. A key names one need of a project."""

    key = KeyFilter(field_name="key", label="key of the need, as imported")
    organisation = filters.CharFilter(field_name="organisation__slug", label="slug of the organisation")
    search = filters.CharFilter(field_name="title", lookup_expr="icontains", label="words of the title")
    ordering = OrderFilter(fields=["id", "title", "key", "created_at"])

    class Meta:
        model = Query
        fields: list[str] = []


class MatchFilter(Filters):
    """Lines of a list by the item's key or words of its title; the order stays that of the ranks."""

    key = KeyFilter(field_name="item_version__item__key", label="key of the item, as imported")
    search = filters.CharFilter(
        field_name="item_version__item__title", lookup_expr="icontains", label="words of the title"
    )

    class Meta:
        model = Match
        fields: list[str] = []


class TrainingSetFilter(OfProject):
    """Training sets by project and mode."""

    ordering = OrderFilter(fields=["id", "created_at"])

    class Meta:
        model = TrainingSet
        fields = ["mode"]


class JobFilter(OfProject):
    """Trainings by project and state."""

    ordering = OrderFilter(fields=["id", "created_at", "finished_at"])

    class Meta:
        model = TrainingJob
        fields = ["state"]


class VersionFilter(OfProject):
    """Versions by project, kind and number."""

    number = NumberIsFilter(field_name="number")
    in_service = TruthFilter(field_name="in_service")
    ordering = OrderFilter(fields=["id", "number", "created_at"])

    class Meta:
        model = ModelVersion
        fields = ["kind"]


class EvaluationFilter(Filters):
    """Evaluations by project, version and verdict."""

    project = filters.CharFilter(field_name="challenger__project__slug", label="slug of the project")
    challenger = IdFilter(field_name="challenger")
    champion = IdFilter(field_name="champion")
    ordering = OrderFilter(fields=["id", "created_at"])

    class Meta:
        model = Evaluation
        fields = ["verdict"]


class PromotionFilter(OfProject):
    """Promotions by project, version and kind."""

    version_id = IdFilter(field_name="version")
    ordering = OrderFilter(fields=["id", "created_at"])

    class Meta:
        model = Promotion
        fields = ["automatic", "rollback"]
