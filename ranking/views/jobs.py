"""Trainings: all of them, and one that can be watched and cancelled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from ranking.access import for_roles
from ranking.errors import JobFinished
from ranking.models import Project, TrainingJob
from ranking.services import jobs as services
from ranking.services.jobs import MOST_CRASHES
from ranking.views.finding import find_project, tell

PER_PAGE = 25


@for_roles("admin")
@require_safe
def job_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all trainings, latest first."""
    project = find_project(slug)
    found = project.jobs.select_related("training_set", "version").order_by("-id")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "ranking/jobs.html", {"project": project, "page": page})


@for_roles("admin")
@require_safe
def job(request: HttpRequest, slug: str, job_id: int) -> HttpResponse:
    """Show one training; the page asks for its progress every second until it ends."""
    project = find_project(slug)
    return render(request, "ranking/job.html", _context(project, job_id))


@for_roles("admin")
@require_safe
def job_progress(request: HttpRequest, slug: str, job_id: int) -> HttpResponse:
    """Answer the moving part of a training's page; at its end with status 286, which ends the polling."""
    context = _context(find_project(slug), job_id)
    shown = context["job"]
    if not shown.is_finished:
        return render(request, "ranking/parts/job_progress.html", context)
    if shown.version is not None:
        messages.success(
            request, f"Training has ended: version {shown.version.number} is ready to be compared."
        )
    answer = render(request, "ranking/parts/job_ended.html", context)
    return HttpResponseStopPolling(answer.content)


@for_roles("admin")
@require_POST
def job_cancel(request: HttpRequest, slug: str, job_id: int) -> HttpResponse:
    """Ask for a training to be stopped."""
    project = find_project(slug)
    try:
        cancelled = services.cancel(get_object_or_404(project.jobs, pk=job_id))
    except JobFinished as error:
        tell(request, error)
    else:
        ended = cancelled.state == TrainingJob.State.CANCELLED
        messages.info(request, "Cancelled." if ended else "It will stop in a second or two.")
    return redirect("ranking:job", slug, job_id)


def _context(project: Project, job_id: int) -> dict[str, Any]:
    found = project.jobs.select_related("training_set", "version__parent")
    shown = get_object_or_404(found, pk=job_id)
    return {
        "project": project,
        "job": shown,
        "log": list(reversed(shown.log)),
        "most_crashes": MOST_CRASHES,
    }
