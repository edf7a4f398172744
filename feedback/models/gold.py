"""Lists whose order is known: planted in sessions without a mark, to hold experts against."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from feedback.models.sessions import Slate
from ranking.models import Project, Query


class GoldList(models.Model):
    """A need and items whose order an admin signed off as known; append-only, in use until it is retired."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="gold_lists")
    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="gold_lists")
    query_content = models.JSONField(help_text="the need as it was when the order was signed off")
    tiers = models.JSONField(help_text="ids of item versions, best tier first")
    why = models.TextField(max_length=2000, help_text="how the order is known")
    signed_by = models.CharField(max_length=150)
    signed_at = models.DateTimeField(default=timezone.now, editable=False)
    made_from = models.ForeignKey(
        Slate,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="gold_lists",
        help_text="the judged list that the order was taken from",
    )
    known_to = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", blank=True, help_text="experts who are never asked it"
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"gold list {self.pk}"

    @property
    def retired(self) -> GoldRetirement | None:
        """Why it is no longer planted; None while it is in use."""
        return getattr(self, "retirement", None)

    @property
    def versions(self) -> list[int]:
        """Ids of the item versions, best first."""
        return [version for tier in self.tiers for version in tier]


class GoldRetirement(models.Model):
    """The end of a gold list: it is planted no more, and what it has shown stays; append-only."""

    gold = models.OneToOneField(GoldList, on_delete=models.PROTECT, related_name="retirement")
    by = models.CharField(max_length=150)
    reason = models.TextField(max_length=2000)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"end of gold list {self.gold_id}"
