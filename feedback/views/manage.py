"""The admin's first pages: projects, where one stands, retraining, red flags."""

from __future__ import annotations

from collections.abc import Callable

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from feedback.services import attention, coverage, learning
from ranking.access import for_roles
from ranking.errors import BrokenFile, NothingToTrain, RankingError, TrainingInProgress
from ranking.models import Project, TrainingJob
from ranking.services import history
from ranking.services.candidates import description_of
from ranking.tasks import start_training
from ranking.views.finding import find_project, tell

PER_PAGE = 25
RECENT_VERSIONS = 4
#: What a training learns from, as the button says -> the service that queues it.
SOURCES: dict[str, Callable[..., TrainingJob]] = {
    "preferences": learning.retrain,
    "labels": learning.retrain_from_labels,
}


@for_roles("admin")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show all projects; the only one at once."""
    projects = list(Project.objects.order_by("name"))
    if len(projects) == 1:
        return redirect("feedback:dashboard", projects[0].slug)
    standings = [attention.standing_of(project) for project in projects]
    return render(request, "feedback/manage_home.html", {"standings": standings})


@for_roles("admin")
@require_safe
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where a project stands and what needs somebody next."""
    project = find_project(slug)
    context = {
        "project": project,
        "standing": attention.standing_of(project),
        "rows": history.version_rows(project, most=RECENT_VERSIONS),
        "description": description_of(project),
    }
    return render(request, "feedback/manage_dashboard.html", context)


@for_roles("admin")
@require_POST
def retrain(request: HttpRequest, slug: str) -> HttpResponse:
    """Freeze what there is to learn from and queue a training."""
    project = find_project(slug)
    queue = SOURCES.get(request.POST.get("source", ""))
    if queue is None:
        tell(request, RankingError("say what to learn from: closed sessions or graded labels"))
        return redirect("ranking:jobs", slug)
    try:
        job = queue(project, by=request.access.name)
    except (NothingToTrain, TrainingInProgress, BrokenFile) as error:
        tell(request, error)
        return redirect("ranking:jobs", slug)
    start_training(job)
    return redirect("ranking:job", slug, job.pk)


@for_roles("admin")
@require_safe
def flags(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the judgements that say something is wrong with a list or with the data."""
    project = find_project(slug)
    found = list(attention.red_flags(project))
    context = {
        "project": project,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "remarks": coverage.remarks_of(found, project),
    }
    return render(request, "feedback/manage_flags.html", context)
