"""Monitoring: what was ranked, what drifted, who is exposed, which trainings failed."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ranking import zones
from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.ltr import CorruptModel
from ranking.models import ModelVersion, Project
from ranking.services import history, monitoring
from ranking.services.versions import current_champion
from ranking.views.finding import find_project, sentence

VERSIONS_SHOWN = 4  # columns of exposure that still fit side by side


@for_roles("admin")
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what was served and what failed; drift and exposure are loaded after the page."""
    project = find_project(slug)
    days = monitoring.rankings_per_day(project)
    context = {
        "project": project,
        "days": days,
        "zone": zones.installation(),
        **columns(days),
        "total": sum(day.rankings for day in days),
        "degraded_total": sum(day.degraded for day in days),
        "today": days[-1],
        "degraded": monitoring.degraded_rankings(project),
        "failed": monitoring.failed_jobs(project),
        "champion": current_champion(project),
    }
    return render(request, "ranking/monitoring.html", context)


@for_roles("admin")
@require_safe
def drift(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far today's candidates have moved from what the champion was trained on."""
    project = find_project(slug)
    champion = current_champion(project)
    report, problem = None, ""
    try:
        report = monitoring.drift_of(champion) if champion else None
    except BrokenFile as error:
        problem = sentence(error)
    context = {"project": project, "champion": champion, "report": report, "problem": problem}
    return render(request, "ranking/drift.html", context)


@for_roles("admin")
@require_safe
def exposure(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how much of the readers' attention each protected group gets, version by version."""
    project = find_project(slug)
    shown = _versions_shown(project)
    try:
        found, problem = monitoring.exposures(project, shown), ""
    except (BrokenFile, CorruptModel) as error:
        found, problem = [], sentence(error)
    context = {"project": project, "attributes": _by_attribute(found), "problem": problem}
    return render(request, "ranking/exposure.html", context)


def columns(days: list[monitoring.Day]) -> dict[str, Any]:
    """Return where the columns of the days stand: across in per cent, up in pixels from an axis at 100."""
    highest = max((day.rankings for day in days), default=0)
    step = 100 / len(days)
    drawn = []
    for place, day in enumerate(days):
        height, bad = (round(84 * part / max(highest, 1), 1) for part in (day.rankings, day.degraded))
        drawn.append(
            {
                "day": day,
                "x": round((place + 0.15) * step, 2),
                "width": round(0.7 * step, 2),
                "middle": round((place + 0.5) * step, 2),
                "y": 100 - height,
                "height": height,
                "bad_y": 100 - bad,
                "bad_height": bad,
                # Every fifth day has room for its name; today is one of them.
                "label": f"{day.day.day} {day.day:%b}" if (len(days) - 1 - place) % 5 == 0 else "",
            }
        )
    return {"columns": drawn, "highest": highest}


def _versions_shown(project: Project) -> list[ModelVersion]:
    """Return the versions that have been in service and the latest one, oldest first."""
    found = history.versions_of(project)
    kept = found.filter(Q(promotions__isnull=False) | Q(pk__in=found.values("pk")[:1])).distinct()
    return sorted(kept[:VERSIONS_SHOWN], key=lambda version: version.number)


def _by_attribute(found: list[list[monitoring.Exposure]]) -> list[dict[str, Any]]:
    """Turn exposures into tables by attribute: one line a group, one column a version."""
    tables = []
    for same in found:
        groups = {group.group: group for exposure in same for group in exposure.groups}
        versions = [exposure.version for exposure in same]
        by_version = [{group.group: group for group in exposure.groups} for exposure in same]
        tables.append(
            {
                "label": same[0].segment.label,
                "lists": same[-1].lists,
                "versions": versions,
                "groups": [
                    {
                        "latest": latest,
                        "cells": [
                            (version, found.get(name))
                            for version, found in zip(versions, by_version, strict=True)
                        ],
                    }
                    for name, latest in groups.items()
                ],
            }
        )
    return tables
