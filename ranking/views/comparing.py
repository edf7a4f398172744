"""Two versions side by side: what experts would notice, which lists change, and what moved in each."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.forms import PromotionForm
from ranking.ltr import CorruptModel
from ranking.models import ModelVersion, Query
from ranking.services import changes as services
from ranking.services import verdicts, versions
from ranking.services.candidates import description_of
from ranking.services.changes import MovedItem
from ranking.views.finding import find_project, find_version, sentence

SLOPE_DEPTH = 6  # lines of the sketch on the comparison's page; the list's own page shows ten


@for_roles("admin")
@require_safe
def compare(request: HttpRequest, slug: str, number: int, other: int) -> HttpResponse:
    """Show how a version compares with another one, usually the one in service."""
    project = find_project(slug)
    challenger, against = find_version(project, number), find_version(project, other)
    if challenger.pk == against.pk:
        return redirect("ranking:version", slug, number)
    evaluation = verdicts.evaluation_of(challenger, against)
    champion = versions.current_champion(project)
    context = {
        "project": project,
        "challenger": challenger,
        "against": against,
        "champion": champion,
        "found": verdicts.side_by_side(evaluation, description_of(project)) if evaluation else None,
        "reverse": None if evaluation else verdicts.evaluation_of(against, challenger),
        "others": list(project.versions.exclude(pk=challenger.pk).order_by("-number")),
        "form": PromotionForm.of(challenger, champion) if champion == against else None,
    }
    return render(request, "ranking/compare.html", context)


@for_roles("admin")
@require_safe
def changes(request: HttpRequest, slug: str, number: int, other: int) -> HttpResponse:
    """Show which lists change most; loaded after the page, since it ranks every need under both versions."""
    project = find_project(slug)
    challenger, against = find_version(project, number), find_version(project, other)
    context: dict[str, Any] = {"project": project, "challenger": challenger, "against": against}
    try:
        found = services.changes(against, challenger)
        most = found.lists[0].query if found.lists and found.changed else None
        context |= {"changes": found, "most": most}
        if most is not None:
            context |= _moves(most, against, challenger, depth=SLOPE_DEPTH)
    except (BrokenFile, CorruptModel) as error:
        context["problem"] = sentence(error)
    template = "parts/changes.html" if request.htmx else "changes.html"
    return render(request, f"ranking/{template}", context)


@for_roles("admin")
@require_safe
def changed_list(request: HttpRequest, slug: str, number: int, other: int, query_id: int) -> HttpResponse:
    """Show one list under both versions, and what moved the lines."""
    project = find_project(slug)
    challenger, against = find_version(project, number), find_version(project, other)
    query = get_object_or_404(project.queries.select_related("project", "organisation"), pk=query_id)
    context: dict[str, Any] = {
        "project": project,
        "challenger": challenger,
        "against": against,
        "query": query,
    }
    try:
        context |= _moves(query, against, challenger, depth=services.TOP)
    except (BrokenFile, CorruptModel) as error:
        context["problem"] = sentence(error)
    return render(request, "ranking/compare_list.html", context)


def _moves(query: Query, old: ModelVersion, new: ModelVersion, *, depth: int) -> dict[str, Any]:
    found = services.moves(query, old, new, depth=depth)
    risers = [item for item in found if _climbed(item) > 0]
    return {
        "old_label": f"Version {old.number}",
        "new_label": f"Version {new.number}",
        "moves": found,
        "slope": [{"label": item.label, "old": item.old, "new": item.new} for item in found],
        "riser": max(risers, key=_climbed, default=None),
    }


def _climbed(item: MovedItem) -> int:
    return item.old - item.new if item.old is not None and item.new is not None else 0
