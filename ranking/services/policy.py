"""What happens by itself: when a project is trained anew, and whether a better version goes into service."""

from __future__ import annotations

from dataclasses import dataclass

from ranking.models import Project


@dataclass(frozen=True)
class Policy:
    """Both conditions of training may be None: then nothing is trained for that reason."""

    automatic_promotion: bool
    retrain_after_preferences: int | None
    retrain_every_hours: int | None


def set_policy(project: Project, policy: Policy) -> None:
    """Set what happens by itself, for the trainings that end and the checks that are made from now on."""
    project.automatic_promotion = policy.automatic_promotion
    project.retrain_after_preferences = policy.retrain_after_preferences
    project.retrain_every_hours = policy.retrain_every_hours
    project.save(update_fields=["automatic_promotion", "retrain_after_preferences", "retrain_every_hours"])
