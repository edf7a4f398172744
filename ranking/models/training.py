"""What a model is trained from, and the work of training it."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from ranking.models.catalogue import FeatureSet, Project


class TrainingSet(models.Model):
    """Frozen features, preferences and labels, named by their hash; append-only."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="training_sets")
    feature_set = models.ForeignKey(FeatureSet, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)
    rows_file = models.CharField(max_length=300)
    rows_sha256 = models.CharField(max_length=64)
    pairs_file = models.CharField(max_length=300)
    pairs_sha256 = models.CharField(max_length=64)
    mode = models.CharField(max_length=20, choices=[("labels", "labels"), ("preferences", "preferences")])
    summary = models.JSONField(
        help_text="counts: rows, pairs, lists, queries, held-out queries, experts, origins"
    )
    sources = models.JSONField(default=list, help_text="the sessions behind it: id, title, slates, experts")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"training set {self.sha256[:8]}"


class TrainingJob(models.Model):
    """One training: queued, running, done, failed or cancelled; moves forward only, fenced by its token."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    FINISHED = (State.DONE, State.FAILED, State.CANCELLED)

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="jobs")
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT, related_name="jobs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    params = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="attempts that ended because the training process crashed"
    )
    fencing_token = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True, help_text="when a worker was last told of it")
    cancel_requested = models.BooleanField(default=False)
    stage = models.CharField(max_length=80, blank=True)
    fraction = models.FloatField(default=0.0)
    log = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True)
    version = models.OneToOneField(
        "ranking.ModelVersion", on_delete=models.PROTECT, related_name="job", null=True, blank=True
    )
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state="running"), name="one_training_per_project_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="done", version__isnull=False) | ~Q(state="done"),
                name="a_done_job_has_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"training job {self.pk} ({self.state})"

    @property
    def is_finished(self) -> bool:
        return self.state in self.FINISHED

    @property
    def percent(self) -> int:
        return round(100 * self.fraction)
