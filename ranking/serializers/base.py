"""What every serializer of the API stands on: closed bodies, free objects, descriptions read once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ranking.description import ProjectDescription, from_dict
from ranking.models import Project

MOST_INTEGER = 2**31 - 1  # what a PositiveIntegerField holds in each database


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object whose keys depend on the project."""


class RowField(serializers.PrimaryKeyRelatedField):
    """A row by its id. A fraction or an infinite number is no id: the framework would round or fail."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the row; raise ValidationError for anything but the id of one."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("incorrect_type", data_type=type(data).__name__)
        return super().to_internal_value(data)


class Body(serializers.Serializer):
    """What a client sends. A field that is not known is refused: a misspelt one would be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked values; raise ValidationError naming each unknown field."""
        if isinstance(data, dict):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class BodyExtension(OpenApiSerializerExtension):
    """Says in the schema that a `Body` takes no other fields."""

    target_class = Body
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> Any:
        """Return the schema of the serializer, closed."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class Descriptions(serializers.Serializer):
    """Keeps the description of each project while a list is written: it is parsed once, not once a row."""

    def description(self, project: Project) -> ProjectDescription:
        known: dict[int, ProjectDescription] = self.context.setdefault("descriptions", {})
        if project.pk not in known:
            known[project.pk] = from_dict(project.description)
        return known[project.pk]
