"""What is matched: projects, queries, items and their history, graded labels."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Organisation(models.Model):
    """A business that owns queries; configured once, kept while it has queries."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """One matching problem; configured from a description, changed only by loading it again."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    description = models.JSONField(help_text="ProjectDescription.to_dict()")
    items_revision = models.PositiveBigIntegerField(
        default=1,
        help_text="Grows with every import that changes an item; keys every cached candidate matrix.",
    )
    automatic_promotion = models.BooleanField(default=False)
    retrain_after_preferences = models.PositiveIntegerField(null=True, blank=True)
    retrain_every_hours = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class FeatureSet(models.Model):
    """A fitted feature space (category codes, text vocabularies); immutable, named by its file's hash."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="feature_sets")
    definition_sha256 = models.CharField(max_length=64)
    file = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["project", "sha256"], name="one_feature_set_per_content"),
        ]

    def __str__(self) -> str:
        return f"{self.project.slug} features {self.sha256[:8]}"


class Query(models.Model):
    """The need that a list answers; replaced in place on import: slates and training sets freeze a copy."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="queries")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="queries", null=True, blank=True
    )
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "queries"
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_query_per_key")]

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """What is ranked; its content lives in versions, of which one is current."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="items")
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    current = models.ForeignKey(
        "ranking.ItemVersion", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_item_per_key")]

    def __str__(self) -> str:
        return self.title


class ItemVersion(models.Model):
    """One content of an item, named by its hash; append-only, so that a frozen training set never changes."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="versions")
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["item", "content_hash"], name="one_version_per_content"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}@{self.content_hash[:8]}"


class GivenFeatures(models.Model):
    """Features of a (query, item) pair that came with the data, as in LETOR files; replaced on import."""

    query = models.ForeignKey(Query, on_delete=models.CASCADE, related_name="given")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="given")
    values = models.JSONField()

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "given features"
        constraints = [models.UniqueConstraint(fields=["query", "item"], name="given_once_per_pair")]

    def __str__(self) -> str:
        return f"given features of {self.query_id} and {self.item_id}"


class Label(models.Model):
    """A grade that existed before any session: how well an item fits a query; replaced on import."""

    query = models.ForeignKey(Query, on_delete=models.CASCADE, related_name="labels")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="labels")
    grade = models.FloatField()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["query", "item"], name="one_label_per_pair"),
            models.CheckConstraint(condition=Q(grade__gte=0), name="grades_start_at_zero"),
        ]

    def __str__(self) -> str:
        return f"grade {self.grade:g} for {self.query_id} and {self.item_id}"
