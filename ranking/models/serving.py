"""What was shown: one list as served, and its lines."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ranking.models.catalogue import ItemVersion, Query
from ranking.models.versions import ModelVersion


class Ranking(models.Model):
    """One list as served: query, version, moment; frozen."""

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="rankings")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rankings")
    query_hash = models.CharField(max_length=64)
    items_revision = models.PositiveBigIntegerField()
    items_total = models.PositiveIntegerField(help_text="active items of the project")
    eligible_total = models.PositiveIntegerField(
        help_text="items that break no hard rule: all of them were ranked"
    )
    removed_by_rule = models.JSONField(default=dict)
    degraded = models.BooleanField(
        default=False, help_text="The champion could not be loaded; an earlier one served."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["query", "-id"], name="latest_ranking_of_query")]

    def __str__(self) -> str:
        return f"ranking {self.pk} of query {self.query_id}"


class Match(models.Model):
    """One line of a ranking: item, rank from 1, score and the reasons in words; frozen."""

    ranking = models.ForeignKey(Ranking, on_delete=models.PROTECT, related_name="matches")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveIntegerField()
    score = models.FloatField()
    reasons = models.JSONField(default=list)

    class Meta:
        ordering = ("rank",)
        verbose_name_plural = "matches"
        constraints = [
            models.UniqueConstraint(fields=["ranking", "rank"], name="one_match_per_rank"),
            models.UniqueConstraint(fields=["ranking", "item_version"], name="an_item_once_per_ranking"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="ranks_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"rank {self.rank} of ranking {self.ranking_id}"
