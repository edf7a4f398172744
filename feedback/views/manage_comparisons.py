"""Blind comparisons as an admin runs them: between two versions, a new one, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.errors import InvalidComparison, SessionClosed
from feedback.forms import ComparisonForm, add_refusal, people_who_judge
from feedback.models import ComparisonSession
from feedback.services import comparing, contesting
from feedback.services.answer_files import FORMATS
from feedback.services.interests import declared_by
from feedback.views.export import comparisons_file
from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.formats import counted
from ranking.ltr import CorruptModel
from ranking.models import Project
from ranking.views.finding import find_project, find_version, tell


@for_roles("admin")
@require_safe
def comparisons(request: HttpRequest, slug: str, number: int, other: int) -> HttpResponse:
    """Show what blind comparisons of two versions found; a part of the pages that compare and promote."""
    project = find_project(slug)
    challenger, champion = find_version(project, number), find_version(project, other)
    found = [contesting.result_of(session) for session in comparing.between(challenger, champion)]
    context = {"project": project, "challenger": challenger, "against": champion, "results": found}
    template = "parts/comparisons.html" if request.htmx else "manage_comparisons.html"
    return render(request, f"feedback/{template}", context)


@for_roles("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def comparison_new(request: HttpRequest, slug: str, number: int, other: int) -> HttpResponse:
    """Ask experts which of two versions has the better lists."""
    project = find_project(slug)
    challenger, champion = find_version(project, number), find_version(project, other)
    if challenger == champion:
        return redirect("ranking:version", slug, number)
    form = ComparisonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            opened = comparing.open_comparison(
                challenger,
                champion,
                form.request(seed=project.comparisons.count()),
                experts=list(form.cleaned_data["experts"]),
                by=request.access.name,
            )
        except InvalidComparison as error:
            add_refusal(form, error)
        except (BrokenFile, CorruptModel) as error:
            tell(request, error)
        else:
            messages.success(request, _opened(opened, form.cleaned_data))
            return redirect("feedback:comparison", slug, opened.pk)
    context = {"project": project, "challenger": challenger, "against": champion, "form": form}
    return render(request, "feedback/manage_comparison_new.html", context, status=422 if form.errors else 200)


@for_roles("admin")
@require_safe
def comparison(request: HttpRequest, slug: str, comparison_id: int) -> HttpResponse:
    """Show how far a comparison has come, and what it found."""
    project = find_project(slug)
    shown = _find(project, comparison_id)
    result = contesting.result_of(shown)
    context = {"project": project, "session": shown, "result": result, "rows": _rows(result)}
    taking_part = {row.username for row in result.experts}
    context["others"] = [user for user in people_who_judge() if user.username not in taking_part]
    context["formats"] = FORMATS.values()
    return render(request, "feedback/manage_comparison.html", context)


@for_roles("admin")
@require_POST
def comparison_close(request: HttpRequest, slug: str, comparison_id: int) -> HttpResponse:
    """Close a comparison: it takes no answer any more."""
    project = find_project(slug)
    try:
        closed = comparing.close_comparison(_find(project, comparison_id))
    except SessionClosed as error:
        tell(request, error)
    else:
        messages.success(
            request, f"“{closed.title}” is closed. What it found stays beside the gate’s verdict."
        )
    return redirect("feedback:comparison", slug, comparison_id)


@for_roles("admin")
@require_safe
def comparisons_export(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer what all comparisons of a project collected as a file."""
    return comparisons_file(find_project(slug), _format(request))


@for_roles("admin")
@require_safe
def comparison_export(request: HttpRequest, slug: str, comparison_id: int) -> HttpResponse:
    """Answer what one comparison collected as a file."""
    project = find_project(slug)
    return comparisons_file(project, _format(request), _find(project, comparison_id))


def _format(request: HttpRequest) -> str:
    name = request.GET.get("as", "csv")
    if name not in FORMATS:
        raise Http404
    return name


def _find(project: Project, comparison_id: int) -> ComparisonSession:
    comparisons = project.comparisons.select_related("project", "challenger", "champion")
    return get_object_or_404(comparisons, pk=comparison_id)


def _opened(session: ComparisonSession, asked: dict[str, Any]) -> str:
    """Say that it is open, and how much of what was asked for came together."""
    count, wanted = session.choices.count(), len(asked["experts"]) * session.needs_per_expert
    text = f"“{session.title}” is open: its experts find it on their page."
    if count < wanted:
        choices = counted(wanted, "choice")
        text += f" {count} of {choices} came together: for the other needs both lists are the same"
        declared = declared_by(asked["experts"], session.project)
        text += ", or an expert has declared an interest." if declared else "."
    return text


def _rows(result: contesting.Result) -> list[dict[str, Any]]:
    """Return the shares by the needs they rest on."""
    rows = [("All needs", result.every)]
    if result.held_out.answers and result.others.answers:
        rows += [("Held-out needs", result.held_out), ("Other needs", result.others)]
    return [{"label": label, "share": found} for label, found in rows]
