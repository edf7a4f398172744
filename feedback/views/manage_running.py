"""What an admin changes in an open session: until when its lists are asked for, and pauses."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from feedback.errors import FeedbackError
from feedback.forms import DeadlineForm
from feedback.models import FeedbackSession
from feedback.services import running
from ranking.access import for_roles
from ranking.views.finding import find_project, tell


@for_roles("admin")
@require_POST
def session_deadline(request: HttpRequest, slug: str, session_id: int) -> HttpResponse:
    """Ask for the lists until another day."""
    session = _found(slug, session_id)
    form = DeadlineForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is not a day: write it as year-month-day.")
        return redirect("feedback:session", slug, session_id)
    try:
        running.set_deadline(session, form.cleaned_data["due_on"])
    except FeedbackError as error:
        tell(request, error)
    else:
        messages.success(request, "Experts see the new day on their pages.")
    return redirect("feedback:session", slug, session_id)


@for_roles("admin")
@require_POST
def session_pause(request: HttpRequest, slug: str, session_id: int) -> HttpResponse:
    """Let the session rest, or go on with it."""
    session = _found(slug, session_id)
    resume = request.POST.get("go_on") == "1"
    try:
        (running.go_on if resume else running.pause)(session)
    except FeedbackError as error:
        tell(request, error)
    else:
        messages.success(
            request,
            "The session goes on."
            if resume
            else "The session is paused: no list is judged until it goes on.",
        )
    return redirect("feedback:session", slug, session_id)


def _found(slug: str, session_id: int) -> FeedbackSession:
    return get_object_or_404(find_project(slug).sessions, pk=session_id)
