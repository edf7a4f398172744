"""One expert in one session: a log-in link, more lists, lists that somebody else takes over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from feedback.errors import FeedbackError
from feedback.forms import HandOverForm, MoreListsForm, add_refusal, name_of
from feedback.models import FeedbackSession, Member
from feedback.services import coverage, extending, inviting
from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.ltr import CorruptModel
from ranking.models import Project
from ranking.views.finding import find_project, tell

#: How the page speaks of what an expert has in a session.
WORDS = {"what": "session", "things": "lists", "done_word": "judged", "begun_word": "begun"}


@for_roles("admin")
@require_safe
def participation(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Show one expert in one session, and what can be changed while it is open."""
    return _page(request, *_found(slug, session_id, username))


@for_roles("admin")
@never_cache
@require_POST
@sensitive_variables("secret", "link")
def participation_link(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Make a log-in link; it is in this answer and nowhere else."""
    project, session, member = _found(slug, session_id, username)
    try:
        row, secret = inviting.create_link(session, member.user, by=request.access.name)
    except FeedbackError as error:
        tell(request, error)
        return redirect("feedback:participation", slug, session_id, username)
    link = request.build_absolute_uri(reverse("feedback:invitation", args=[secret]))
    context = {"project": project, "session": session, "member": member, "invitation": row, "link": link}
    context["back"] = reverse("feedback:session", args=[slug, session_id])
    return render(request, "feedback/manage_link.html", context)


@for_roles("admin")
@require_POST
def participation_extend(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Draw more lists for an expert, who is invited by that if not before."""
    project, session, member = _found(slug, session_id, username)
    form = MoreListsForm(request.POST)
    if form.is_valid():
        try:
            count = extending.add_lists(session, member.user, form.cleaned_data["slates"])
        except FeedbackError as error:
            add_refusal(form, error)
        except (BrokenFile, CorruptModel) as error:
            tell(request, error)
        else:
            messages.success(request, f"{member} has {count} more list{'s' if count != 1 else ''}.")
            return redirect("feedback:session", slug, session_id)
    return _page(request, project, session, member, more=form)


@for_roles("admin")
@require_POST
def participation_hand_over(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Give lists that were not begun to another expert."""
    project, session, member = _found(slug, session_id, username)
    form = HandOverForm(request.POST, giver=member.user)
    if form.is_valid():
        taker = form.cleaned_data["to"]
        try:
            count = extending.hand_over(session, member.user, taker)
        except FeedbackError as error:
            add_refusal(form, error)
        else:
            messages.success(
                request, f"{count} list{'s' if count != 1 else ''} went over to {name_of(taker)}."
            )
            return redirect("feedback:session", slug, session_id)
    return _page(request, project, session, member, hand=form)


def _found(slug: str, session_id: int, username: str) -> tuple[Project, FeedbackSession, Member]:
    project = find_project(slug)
    session = get_object_or_404(project.sessions.select_related("project", "version"), pk=session_id)
    experts = Member.objects.select_related("user").filter(role=Member.Role.EXPERT, simulated=False)
    return project, session, get_object_or_404(experts, user__username=username)


def _addresses(project: Project, session: FeedbackSession, member: Member) -> dict[str, str]:
    args = [project.slug, session.pk, member.user.username]
    parts = ("link", "extend", "hand_over")
    found = {part: reverse(f"feedback:participation_{part}", args=args) for part in parts}
    return {**found, "back": reverse("feedback:session", args=args[:2])}


def _page(
    request: HttpRequest, project: Project, session: FeedbackSession, member: Member, **forms: Any
) -> HttpResponse:
    rows = {row.username: row for row in coverage.progress_of(session)}
    row = rows.get(member.user.username)
    context = {
        **WORDS,
        "urls": _addresses(project, session, member),
        "project": project,
        "session": session,
        "member": member,
        "row": {"done": row.done, "total": row.slates} if row else None,
        "link": inviting.latest_in_words(session, member.user),
        "more": forms.get("more") or MoreListsForm(),
        "hand": forms.get("hand") or HandOverForm(giver=member.user),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "feedback/manage_participation.html", context, status=status)
