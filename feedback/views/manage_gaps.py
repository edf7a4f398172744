"""Values that experts missed: which, for whom, and what became of them."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from feedback.errors import InvalidGapNote
from feedback.services import gaps
from ranking.access import for_roles
from ranking.views.finding import find_project, tell

PER_PAGE = 25


@for_roles("admin")
@require_safe
def gap_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the missing values: open ones, or those of another state."""
    project = find_project(slug)
    every = gaps.gaps_of(project)
    state = request.GET.get("state", gaps.OPEN)
    shown = [gap for gap in every if gap.state == state] if state in gaps.STATES else every
    context = {
        "project": project,
        "state": state if state in gaps.STATES else "",
        "counts": gaps.counts_of(every).items(),
        "fields": gaps.open_fields(every),
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "feedback/manage_gaps.html", context)


@for_roles("admin")
@require_POST
def gap_note(request: HttpRequest, slug: str, judgement_id: int) -> HttpResponse:
    """Note what became of a missing value."""
    project = find_project(slug)
    judgement = get_object_or_404(gaps.judgements(), pk=judgement_id, slate__session__project=project)
    asked = request.POST
    try:
        gap = gaps.note(judgement, asked.get("kind", ""), text=asked.get("text", ""), by=request.access.name)
    except InvalidGapNote as error:
        tell(request, error)
    else:
        messages.success(request, f"“{gap.label}” is {gap.state}.")
    return redirect(reverse("feedback:gaps", args=[slug]))
