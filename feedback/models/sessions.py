"""Rounds of structured feedback: the session, who takes part, and the short lists that are shown."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from ranking.models import ItemVersion, ModelVersion, Project, Query

LINK_HOURS = 72  # a log-in link lasts over a weekend
MOST_LINK_HOURS = 14 * 24
MOST_GOLD = 3  # lists of known order for an expert in a session: more would be an examination
LEAST_RANDOM_SHARE = 0.3  # below it, an expert who keeps the shown order can't be told from one who agrees


class FeedbackSession(models.Model):
    """A round of structured feedback with invited experts; open, then closed."""

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sessions")
    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="+", help_text="champion when it opened"
    )
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, max_length=5000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    slates_per_expert = models.PositiveSmallIntegerField(
        default=12, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    items_per_slate = models.PositiveSmallIntegerField(
        default=8, validators=[MinValueValidator(2), MaxValueValidator(30)]
    )
    random_share = models.FloatField(
        default=0.5, validators=[MinValueValidator(LEAST_RANDOM_SHARE), MaxValueValidator(1.0)]
    )
    overlap_share = models.FloatField(
        default=0.2, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    gold_per_expert = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(MOST_GOLD)],
        help_text="lists of known order planted for each expert",
    )
    asks_ratings = models.BooleanField(default=False)
    simulated = models.BooleanField(
        default=False, help_text="judged by simulated experts; always shown as such"
    )
    seed = models.PositiveIntegerField(default=0)
    due_on = models.DateField(
        null=True, blank=True, help_text="until when experts are asked for their lists; nothing closes by it"
    )
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text="while it is set, an open session takes no judgement"
    )
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    origin = models.JSONField(
        null=True, blank=True, help_text="of a session held elsewhere: where, and with which version"
    )

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(random_share__gte=LEAST_RANDOM_SHARE), name="enough_slates_in_random_order"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Participation(models.Model):
    """One expert's invitation to one session; lives as long as the session."""

    session = models.ForeignKey(FeedbackSession, on_delete=models.CASCADE, related_name="participations")
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations"
    )
    invited_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=["session", "expert"], name="invited_once")]

    def __str__(self) -> str:
        return f"expert {self.expert_id} in session {self.session_id}"


class Invitation(models.Model):
    """A link that logs one expert in, once, until it expires; only the hash of its secret is kept.

    It leads to a session or to a comparison of two versions.
    """

    session = models.ForeignKey(
        FeedbackSession, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    comparison = models.ForeignKey(
        "ComparisonSession", on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="when something ended it unused")
    asked_again_at = models.DateTimeField(
        null=True, blank=True, help_text="when the expert asked for a new one; a new one ends it"
    )

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(session__isnull=False, comparison__isnull=True)
                | Q(session__isnull=True, comparison__isnull=False),
                name="a_link_leads_to_one_place",
            ),
        ]

    def __str__(self) -> str:
        return f"log-in link of expert {self.expert_id} for {self.target}"

    @property
    def target(self) -> Any:
        """The session or the comparison that it leads to."""
        return self.session or self.comparison


class Slate(models.Model):
    """One short list shown to one expert; what is shown is frozen, the draft moves until it is submitted."""

    class State(models.TextChoices):
        OPEN = "open"
        SUBMITTED = "submitted"

    class Arm(models.TextChoices):
        COMMITTEE = "committee", "members of a committee disagree"
        RANDOM = "random", "drawn at random"
        RED_FLAG = "red_flag", "the committee as a whole is unsure"
        REPEAT = "repeat", "shown before, in another order"
        GOLD = "gold", "its order is known"

    session = models.ForeignKey(FeedbackSession, on_delete=models.PROTECT, related_name="slates")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="slates")
    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="slates")
    query_content = models.JSONField(help_text="the need as it was shown")
    position = models.PositiveSmallIntegerField(help_text="of the slate in the expert's session, from 1")
    randomised = models.BooleanField(help_text="shown in random order, not in the order of the version")
    shared = models.BooleanField(default=False, help_text="several experts see the same need and items")
    arm = models.CharField(
        max_length=10, choices=Arm.choices, blank=True, default="", help_text="why this list is asked for"
    )
    repeats = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="repeated_by",
        help_text="the slate of the same expert that shows the same list in another order",
    )
    gold = models.ForeignKey(
        "feedback.GoldList",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="slates",
        help_text="the list of known order that is planted here",
    )
    selection_probability = models.FloatField(
        help_text="of this query at its draw, given the arm and the lists drawn before"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    draft = models.JSONField(null=True, blank=True, help_text="what the moves add up to")
    draft_version = models.PositiveIntegerField(default=0, help_text="that of the last move")
    first_seen_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("session", "expert", "position")
        constraints = [
            models.UniqueConstraint(fields=["session", "expert", "position"], name="one_slate_per_position"),
            models.CheckConstraint(
                condition=Q(arm="gold", gold__isnull=False) | (~Q(arm="gold") & Q(gold__isnull=True)),
                name="a_gold_slate_names_its_list",
            ),
        ]

    def __str__(self) -> str:
        return f"slate {self.position} of expert {self.expert_id}"


class SlateItem(models.Model):
    """One card of a slate: the item's content and features as they were, and where it was shown; frozen."""

    slate = models.ForeignKey(Slate, on_delete=models.CASCADE, related_name="items")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    shown_position = models.PositiveSmallIntegerField(help_text="from 1")
    model_rank = models.PositiveIntegerField(
        help_text="rank among all eligible items when the session opened"
    )
    selection_probability = models.FloatField(help_text="of this item being drawn for the slate")
    features = models.JSONField()

    class Meta:
        ordering = ("shown_position",)
        constraints = [
            models.UniqueConstraint(fields=["slate", "shown_position"], name="one_card_per_position"),
            models.UniqueConstraint(fields=["slate", "item_version"], name="an_item_once_per_slate"),
        ]

    def __str__(self) -> str:
        return f"card {self.shown_position} of slate {self.slate_id}"
