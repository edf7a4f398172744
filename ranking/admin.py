"""The operators' back door to the lower app's rows: to look at; only what is configured can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ranking import models


class LookOnly(admin.ModelAdmin):
    """Rows that services alone may write."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(models.Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    """Organisations may be named anew; those with needs are kept."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")


@admin.register(models.Project)
class ProjectAdmin(admin.ModelAdmin):
    """What happens by itself may be changed; the rest comes with the description that is loaded."""

    list_display = ("name", "slug", "automatic_promotion", "created_at")
    readonly_fields = ("slug", "name", "description", "items_revision", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A project is loaded, never typed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its versions and judgements need it."""
        return False


@admin.register(models.Query)
class QueryAdmin(LookOnly):
    """Needs, as imported."""

    list_display = ("title", "key", "project", "organisation", "active")
    list_filter = ("project", "active")
    search_fields = ("title", "key")
    list_select_related = ("project", "organisation")


@admin.register(models.Item)
class ItemAdmin(LookOnly):
    """Items, as imported."""

    list_display = ("title", "key", "project", "active")
    list_filter = ("project", "active")
    search_fields = ("title", "key")
    list_select_related = ("project",)


@admin.register(models.ItemVersion)
class ItemVersionAdmin(LookOnly):
    """Contents of items; append-only."""

    list_display = ("item", "content_hash", "created_at")
    search_fields = ("item__title", "item__key", "content_hash")
    list_select_related = ("item",)


@admin.register(models.Label)
class LabelAdmin(LookOnly):
    """Graded labels, as imported."""

    list_display = ("query", "item", "grade")
    search_fields = ("query__title", "item__title")
    list_select_related = ("query", "item")


@admin.register(models.GivenFeatures)
class GivenFeaturesAdmin(LookOnly):
    """Features that came with the data."""

    list_display = ("query", "item")
    list_select_related = ("query", "item")


@admin.register(models.FeatureSet)
class FeatureSetAdmin(LookOnly):
    """Fitted feature spaces."""

    list_display = ("project", "sha256", "created_at")
    list_select_related = ("project",)


@admin.register(models.Ranking)
class RankingAdmin(LookOnly):
    """Lists as served."""

    list_display = ("query", "version", "eligible_total", "degraded", "created_at")
    list_filter = ("degraded",)
    list_select_related = ("query", "version")


@admin.register(models.Match)
class MatchAdmin(LookOnly):
    """Lines of lists."""

    list_display = ("ranking", "rank", "item_version", "score")
    list_select_related = ("ranking", "item_version")


@admin.register(models.TrainingSet)
class TrainingSetAdmin(LookOnly):
    """What versions were trained from; append-only."""

    list_display = ("sha256", "project", "mode", "created_at")
    list_filter = ("project", "mode")
    list_select_related = ("project",)


@admin.register(models.DriftCheck)
class DriftCheckAdmin(LookOnly):
    """What the last look for drift found."""

    list_display = ("project", "version", "features", "moved", "checked_at")
    list_select_related = ("project", "version")


@admin.register(models.TrainingJob)
class TrainingJobAdmin(LookOnly):
    """Trainings."""

    list_display = ("id", "project", "state", "attempt", "requested_by", "created_at", "finished_at")
    list_filter = ("project", "state")
    list_select_related = ("project",)


@admin.register(models.ModelVersion)
class ModelVersionAdmin(LookOnly):
    """Versions; append-only."""

    list_display = ("number", "project", "kind", "parent", "created_at")
    list_filter = ("project", "kind")
    list_select_related = ("project", "parent")


@admin.register(models.Evaluation)
class EvaluationAdmin(LookOnly):
    """Evaluations; append-only."""

    list_display = ("challenger", "champion", "verdict", "fell", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("challenger__project", "champion", "training_set")

    @admin.display(description="no check limits")
    def fell(self, evaluation: models.Evaluation) -> str:
        """Say what fell beside the verdict."""
        return evaluation.fall.in_short if evaluation.fall else ""


@admin.register(models.Promotion)
class PromotionAdmin(LookOnly):
    """The log of promotions; append-only."""

    list_display = ("version", "project", "by", "automatic", "rollback", "created_at")
    list_filter = ("project", "automatic", "rollback")
    list_select_related = ("version", "project")
