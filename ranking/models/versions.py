"""Versions of the model, how they compare, and which one is in service."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ranking.decisions import Fall, fall_in
from ranking.models.catalogue import FeatureSet, Project


class ModelVersion(models.Model):
    """A model with its checksum, parameters, seed, parent and training set; append-only."""

    class Kind(models.TextChoices):
        RULE = "rule"
        TRAINED = "trained"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="children", null=True, blank=True
    )
    training_set = models.ForeignKey(
        "ranking.TrainingSet", on_delete=models.PROTECT, related_name="versions", null=True, blank=True
    )
    feature_set = models.ForeignKey(FeatureSet, on_delete=models.PROTECT, related_name="+")
    params = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="what training saw and chose")
    file = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    provenance_file = models.CharField(
        max_length=300, blank=True, default="", help_text="the model without each session it was trained from"
    )
    provenance_sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_version_per_number"),
            models.CheckConstraint(
                condition=Q(kind="rule") | Q(training_set__isnull=False), name="a_trained_version_has_a_set"
            ),
            models.CheckConstraint(
                condition=Q(provenance_file="", provenance_sha256="")
                | (~Q(provenance_file="") & ~Q(provenance_sha256="")),
                name="provenance_has_its_checksum",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class Evaluation(models.Model):
    """Challenger against champion on held-out queries: differences, intervals, verdict; append-only."""

    class Verdict(models.TextChoices):
        PROMOTE = "promote"
        NOT_YET = "not_yet"
        REFUSE = "refuse"

    challenger = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluations")
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    training_set = models.ForeignKey("ranking.TrainingSet", on_delete=models.PROTECT, related_name="+")
    results = models.JSONField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.challenger} against {self.champion}: {self.verdict}"

    @property
    def fall(self) -> Fall | None:
        """The fall that no check limits: whoever shows the verdict shows it too."""
        return fall_in(self.results, self.training_set.mode, self.challenger.project.description)

    @property
    def reason_with_fall(self) -> str:
        """What the verdict rests on, and the fall beside it."""
        return f"{self.reason}. {self.fall.words}" if self.fall else self.reason


class DriftCheck(models.Model):
    """Which features had moved since a version was trained, at the last look; one a project, replaced."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="drift_check")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    data_hash = models.CharField(max_length=64, help_text="of the data that was looked at, and the version")
    features = models.PositiveIntegerField(help_text="how many features were compared")
    moved = models.JSONField(default=list, help_text="labels of those that moved, the furthest first")
    checked_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{len(self.moved)} of {self.features} features moved since {self.version}"


class Promotion(models.Model):
    """Which version became champion when, why and by whom; append-only, the champion is the latest one."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="promotions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    # A chain without forks: two promotions can never both follow the same one, so there is one champion.
    previous = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="next", null=True, blank=True
    )
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, related_name="promotions", null=True, blank=True
    )
    sha256 = models.CharField(max_length=64, help_text="of the version that was looked at when promoting")
    reason = models.TextField()
    by = models.CharField(max_length=150)
    automatic = models.BooleanField(default=False)
    rollback = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(previous__isnull=True), name="one_first_promotion_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} promoted by {self.by}"
