"""What experts did (append-only), and what it says about who is preferred to whom (derived)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from feedback.models.sessions import Slate, SlateItem


class Judgement(models.Model):
    """One act of one expert on one slate: an order, or a typed non-answer; append-only."""

    class Kind(models.TextChoices):
        REORDER = "reorder", "put in order"
        ABOUT_EQUAL = "about_equal", "about equal"
        MISSING_INFORMATION = "missing_information", "missing information"
        OUTSIDE_KNOWLEDGE = "outside_knowledge", "outside what I know"
        CONFLICT_OF_INTEREST = "conflict_of_interest", "conflict of interest"
        NONE_SUITABLE = "none_suitable", "none is suitable"

    class DecidedBy(models.TextChoices):
        ORDER = "order", "the order, as confirmed"
        RATINGS = "ratings", "the ratings: the list was sorted by them"
        TURNED = "turned", "the order: 1 was meant as the best, and the ratings were turned round"

    #: Kinds that say something about the cards. The others leave a list as unjudged as it was.
    ANSWERS = (Kind.REORDER, Kind.ABOUT_EQUAL, Kind.NONE_SUITABLE)

    slate = models.OneToOneField(Slate, on_delete=models.PROTECT, related_name="judgement")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="judgements")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    tiers = models.JSONField(default=list, help_text="card ids, best tier first")
    rest = models.JSONField(default=list, help_text="card ids below the line: not looked at")
    ratings = models.JSONField(default=dict, help_text="card id -> 1..5")
    decided_by = models.CharField(
        max_length=7,
        choices=DecidedBy.choices,
        blank=True,
        default="",
        help_text="what counted where ratings and order said different things",
    )
    reason_tags = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    field = models.CharField(max_length=200, blank=True, help_text="the field whose value was missing")
    items = models.JSONField(default=list, help_text="card ids a conflict or a gap is about")
    seconds = models.PositiveIntegerField(default=0)
    idempotency_key = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["expert", "idempotency_key"], name="one_judgement_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of slate {self.slate_id}"

    @property
    def is_answer(self) -> bool:
        """Whether it says something about the cards, and not why they could not be judged."""
        return self.kind in self.ANSWERS

    @property
    def not_looked_at(self) -> set[int]:
        """Ids of the cards below the line that have no rating: nothing was said about them."""
        return set(self.rest) - {int(card) for card in self.ratings}


class GapNote(models.Model):
    """What became of a value that an expert missed; append-only, the latest counts, without any it is open.

    The gap itself is the judgement that names the field: one that is read in from elsewhere is open like any.
    """

    class Kind(models.TextChoices):
        ANSWERED = "answered"
        CLOSED = "closed"
        REOPENED = "reopened"

    judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, related_name="gap_notes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True, max_length=2000, help_text="the expert reads it")
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(condition=~Q(kind="answered", text=""), name="an_answer_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: gap of judgement {self.judgement_id}"


class SlateMove(models.Model):
    """One act on the page of a slate, as it happened; append-only. The draft is what they add up to."""

    class Kind(models.TextChoices):
        MOVE = "move", "moved a card"
        LINE = "line", "moved the line"
        TIE = "tie", "tied cards"
        UNTIE = "untie", "untied a card"
        RATE = "rate", "rated a card"
        TAG = "tag", "gave or took back a reason"
        COMMENT = "comment", "wrote a sentence"
        REPLACE = "replace", "put a whole order"
        UNDO = "undo", "took a step back"
        REDO = "redo", "took it forward again"

    slate = models.ForeignKey(Slate, on_delete=models.PROTECT, related_name="moves")
    version = models.PositiveIntegerField(help_text="of the draft that it made")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    detail = models.JSONField(default=dict, help_text="which card, where to: see feedback/moving.py")
    state = models.JSONField(help_text="the draft that it made")
    idempotency_key = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    client_at = models.DateTimeField(null=True, blank=True, help_text="by the clock of the browser")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slate", "version")
        constraints = [
            models.UniqueConstraint(fields=["slate", "version"], name="one_move_per_version"),
            models.UniqueConstraint(fields=["slate", "idempotency_key"], name="one_move_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, version {self.version} of slate {self.slate_id}"

    @property
    def act(self) -> dict[str, Any]:
        """What was done, as `feedback.moving` reads it."""
        return {"do": self.kind, **self.detail}


class Preference(models.Model):
    """Winner over loser for a query, with weight and origin; derived from a judgement, never changed by hand.

    Deriving a session again replaces its rows, and nothing else may: triggers refuse it.
    """

    class Origin(models.TextChoices):
        REORDERED = "reordered"
        KEPT = "kept"
        RATED = "rated"
        TIED = "tied"
        NONE_SUITABLE = "none_suitable"

    judgement = models.ForeignKey(Judgement, on_delete=models.CASCADE, related_name="preferences")
    winner = models.ForeignKey(SlateItem, on_delete=models.CASCADE, related_name="+")
    loser = models.ForeignKey(SlateItem, on_delete=models.CASCADE, related_name="+")
    weight = models.FloatField()
    target = models.FloatField(help_text="1 strict, 0.5 tie")
    origin = models.CharField(max_length=15, choices=Origin.choices)
    shown_gap = models.FloatField(
        help_text="shown position of the loser minus that of the winner, over n - 1"
    )
    replaced = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="about to be deleted, by the transaction that derives it anew",
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["judgement", "winner", "loser"], name="one_preference_per_pair"),
            models.CheckConstraint(condition=~Q(winner=F("loser")), name="nobody_beats_himself"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="weights_are_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.winner_id} over {self.loser_id} ({self.origin})"
