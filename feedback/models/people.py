"""People: what they may do, and what end users did with a match."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from ranking.models import ItemVersion, Organisation, Query


class Member(models.Model):
    """The one role of a user, and the organisation of a reader; configured by an admin."""

    class Role(models.TextChoices):
        EXPERT = "expert"
        READER = "reader"
        ADMIN = "admin"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="member")
    role = models.CharField(max_length=10, choices=Role.choices)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="members", null=True, blank=True
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="of the times on pages; empty: the installation's",
    )
    simulated = models.BooleanField(default=False, help_text="played by the program; always shown as such")
    has_temporary_password = models.BooleanField(
        default=False, help_text="an admin has seen the password: the person has to change it first of all"
    )

    class Meta:
        ordering = ("user__username",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(role="reader") | Q(organisation__isnull=False),
                name="a_reader_has_an_organisation",
            ),
        ]

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()


class Outcome(models.Model):
    """What an end user did with a match: shortlisted, contacted, declined; the latest one counts."""

    class Kind(models.TextChoices):
        SHORTLISTED = "shortlisted"
        CONTACTED = "contacted"
        DECLINED = "declined"
        REMOVED = "removed"

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="outcomes")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.TextField(blank=True, max_length=2000)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="outcomes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} by {self.user_id}"
