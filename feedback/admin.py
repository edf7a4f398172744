"""The operators' back door to the upper app's rows: to look at; only memberships can be changed."""

from __future__ import annotations

from django.contrib import admin

from feedback import models
from ranking.admin import LookOnly


@admin.register(models.Member)
class MemberAdmin(admin.ModelAdmin):
    """Who may do what. An operator makes the first admin here."""

    list_display = ("user", "role", "organisation", "simulated")
    list_filter = ("role", "organisation", "simulated")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    list_select_related = ("user", "organisation")


@admin.register(models.FeedbackSession)
class FeedbackSessionAdmin(LookOnly):
    """Sessions."""

    list_display = ("title", "project", "state", "opened_by", "opened_at", "closed_at")
    list_filter = ("project", "state", "simulated")
    list_select_related = ("project",)


@admin.register(models.Participation)
class ParticipationAdmin(LookOnly):
    """Invitations."""

    list_display = ("session", "expert", "invited_at")
    list_select_related = ("session", "expert")


@admin.register(models.Slate)
class SlateAdmin(LookOnly):
    """Lists as shown to an expert."""

    list_display = ("session", "expert", "position", "query", "arm", "randomised", "shared", "state")
    list_filter = ("state", "arm", "randomised", "shared")
    list_select_related = ("session", "expert", "query")


@admin.register(models.SlateItem)
class SlateItemAdmin(LookOnly):
    """Cards of lists."""

    list_display = ("slate", "shown_position", "item_version", "model_rank")
    list_select_related = ("slate", "item_version")


@admin.register(models.GoldList)
class GoldListAdmin(LookOnly):
    """Lists of known order; append-only."""

    list_display = ("query", "project", "signed_by", "signed_at")
    list_filter = ("project",)
    list_select_related = ("query", "project")


@admin.register(models.GoldRetirement)
class GoldRetirementAdmin(LookOnly):
    """Ends of gold lists; append-only."""

    list_display = ("gold", "by", "at")
    list_select_related = ("gold",)


@admin.register(models.SlateMove)
class SlateMoveAdmin(LookOnly):
    """Every act on a page; append-only."""

    list_display = ("slate", "version", "kind", "client_at", "created_at")
    list_filter = ("kind",)
    list_select_related = ("slate",)


@admin.register(models.Judgement)
class JudgementAdmin(LookOnly):
    """What experts did; append-only."""

    list_display = ("slate", "expert", "kind", "seconds", "created_at")
    list_filter = ("kind",)
    list_select_related = ("slate", "expert")


@admin.register(models.GapNote)
class GapNoteAdmin(LookOnly):
    """What became of missing values."""

    list_display = ("judgement", "kind", "text", "by", "created_at")
    list_filter = ("kind",)


@admin.register(models.Preference)
class PreferenceAdmin(LookOnly):
    """Who is preferred to whom; derived."""

    list_display = ("judgement", "winner", "loser", "origin", "weight", "target")
    list_filter = ("origin",)
    list_select_related = ("judgement", "winner", "loser")


@admin.register(models.Outcome)
class OutcomeAdmin(LookOnly):
    """What readers did with a match."""

    list_display = ("query", "item_version", "kind", "user", "created_at")
    list_filter = ("kind",)
    list_select_related = ("query", "item_version", "user")


@admin.register(models.ComparisonSession)
class ComparisonSessionAdmin(LookOnly):
    """Blind comparisons of two versions."""

    list_display = ("title", "project", "challenger", "champion", "state", "opened_by", "opened_at")
    list_filter = ("project", "state")
    list_select_related = ("project", "challenger", "champion")


@admin.register(models.ListChoice)
class ListChoiceAdmin(LookOnly):
    """Two lists as asked of an expert."""

    list_display = ("session", "expert", "position", "query", "challenger_side", "held_out")
    list_filter = ("challenger_side", "held_out")
    list_select_related = ("session", "expert", "query")


@admin.register(models.ListAnswer)
class ListAnswerAdmin(LookOnly):
    """What experts said about two lists; append-only."""

    list_display = ("choice", "expert", "kind", "seconds", "created_at")
    list_filter = ("kind",)
    list_select_related = ("choice", "expert")
