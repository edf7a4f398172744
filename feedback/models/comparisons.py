"""Blind comparisons of two versions: the session, the two lists that are asked about, and the answer."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from feedback.models.sessions import FeedbackSession
from ranking.models import ModelVersion, Project, Query

MOST_ITEMS = 10  # of each list: twice as many cards are on the screen


class ComparisonSession(models.Model):
    """A round in which experts choose between the lists of two versions, blind; open, then closed.

    Not a `FeedbackSession`: nothing is learned from it, so no training may find it among those.
    """

    State = FeedbackSession.State

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="comparisons")
    challenger = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    champion = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="+", help_text="the version it is held against"
    )
    title = models.CharField(max_length=200, help_text="experts see it")
    instructions = models.TextField(blank=True, max_length=5000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    needs_per_expert = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    items_per_list = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(MOST_ITEMS)]
    )
    seed = models.PositiveIntegerField(default=0)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(challenger=F("champion")), name="two_different_versions"),
        ]

    def __str__(self) -> str:
        return self.title


class ListChoice(models.Model):
    """Two lists for one need, asked of one expert; frozen.

    The lists are kept by the side on which they are shown, so that nothing which shows them has to know the
    version behind either.
    """

    class Side(models.TextChoices):
        LEFT = "left"
        RIGHT = "right"

    session = models.ForeignKey(ComparisonSession, on_delete=models.PROTECT, related_name="choices")
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="list_choices"
    )
    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="list_choices")
    query_content = models.JSONField(help_text="the need as it was shown")
    held_out = models.BooleanField(help_text="neither version can have learned from this need")
    position = models.PositiveSmallIntegerField(help_text="in the expert's session, from 1")
    challenger_side = models.CharField(max_length=5, choices=Side.choices, help_text="drawn at random")
    left = models.JSONField(help_text="ids of item versions, best first")
    right = models.JSONField(help_text="ids of item versions, best first")

    class Meta:
        ordering = ("session", "expert", "position")
        constraints = [
            models.UniqueConstraint(fields=["session", "expert", "position"], name="one_choice_per_position"),
            models.UniqueConstraint(fields=["session", "expert", "query"], name="a_need_once_per_expert"),
        ]

    def __str__(self) -> str:
        return f"choice {self.position} of expert {self.expert_id}"


class ListAnswer(models.Model):
    """What one expert said about two lists: a choice, or a typed non-answer; append-only."""

    class Kind(models.TextChoices):
        LEFT = "left", "left is better"
        RIGHT = "right", "right is better"
        EQUAL = "equal", "about equal"
        NEITHER = "neither", "neither is good"
        OUTSIDE_KNOWLEDGE = "outside_knowledge", "outside what I know"
        CONFLICT_OF_INTEREST = "conflict_of_interest", "conflict of interest"

    choice = models.OneToOneField(ListChoice, on_delete=models.PROTECT, related_name="answer")
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="list_answers"
    )
    kind = models.CharField(max_length=24, choices=Kind.choices)
    reason_tags = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    seconds = models.PositiveIntegerField(default=0)
    idempotency_key = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["expert", "idempotency_key"], name="one_list_answer_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to choice {self.choice_id}"
