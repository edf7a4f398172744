"""One expert in one comparison: a log-in link, more choices, choices that somebody else takes over."""

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
from feedback.forms import HandOverForm, MoreNeedsForm, add_refusal, name_of
from feedback.models import ComparisonSession, Member
from feedback.services import contesting, inviting, widening
from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.ltr import CorruptModel
from ranking.models import Project
from ranking.views.finding import find_project, tell

Found = tuple[Project, ComparisonSession, Member]
#: How the page speaks of what an expert has in a comparison.
WORDS = {"what": "comparison", "things": "choices", "done_word": "answered", "begun_word": "answered"}


@for_roles("admin")
@require_safe
def comparison_expert(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Show one expert in one comparison, and what can be changed while it is open."""
    return _page(request, _found(slug, comparison_id, username))


@for_roles("admin")
@never_cache
@require_POST
@sensitive_variables("secret", "link")
def comparison_link(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Make a log-in link; it is in this answer and nowhere else."""
    project, session, member = _found(slug, comparison_id, username)
    try:
        row, secret = inviting.create_link(session, member.user, by=request.access.name)
    except FeedbackError as error:
        tell(request, error)
        return redirect("feedback:comparison_expert", slug, comparison_id, username)
    link = request.build_absolute_uri(reverse("feedback:invitation", args=[secret]))
    context = {"project": project, "session": session, "member": member, "invitation": row, "link": link}
    context["back"] = reverse("feedback:comparison", args=[slug, comparison_id])
    return render(request, "feedback/manage_link.html", context)


@for_roles("admin")
@require_POST
def comparison_extend(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Draw more choices for an expert, who takes part by that if not before."""
    _, session, member = found = _found(slug, comparison_id, username)
    form = MoreNeedsForm(request.POST)
    if form.is_valid():
        try:
            count = widening.add_choices(session, member.user, form.cleaned_data["needs"])
        except FeedbackError as error:
            add_refusal(form, error)
        except (BrokenFile, CorruptModel) as error:
            tell(request, error)
        else:
            messages.success(request, f"{member} has {count} more choice{'s' if count != 1 else ''}.")
            return redirect("feedback:comparison", slug, comparison_id)
    return _page(request, found, more=form)


@for_roles("admin")
@require_POST
def comparison_hand_over(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Give choices that were not answered to another expert."""
    _, session, member = found = _found(slug, comparison_id, username)
    form = HandOverForm(request.POST, giver=member.user)
    if form.is_valid():
        taker = form.cleaned_data["to"]
        try:
            count = widening.hand_over(session, member.user, taker)
        except FeedbackError as error:
            add_refusal(form, error)
        else:
            moved = f"{count} choice{'s' if count != 1 else ''} went over to {name_of(taker)}."
            messages.success(request, moved)
            return redirect("feedback:comparison", slug, comparison_id)
    return _page(request, found, hand=form)


def _found(slug: str, comparison_id: int, username: str) -> Found:
    project = find_project(slug)
    comparisons = project.comparisons.select_related("project", "challenger", "champion")
    session = get_object_or_404(comparisons, pk=comparison_id)
    experts = Member.objects.select_related("user").filter(role=Member.Role.EXPERT, simulated=False)
    return project, session, get_object_or_404(experts, user__username=username)


def _addresses(project: Project, session: ComparisonSession, member: Member) -> dict[str, str]:
    args = [project.slug, session.pk, member.user.username]
    parts = ("link", "extend", "hand_over")
    found = {part: reverse(f"feedback:comparison_{part}", args=args) for part in parts}
    return {**found, "back": reverse("feedback:comparison", args=args[:2])}


def _page(request: HttpRequest, found: Found, **forms: Any) -> HttpResponse:
    project, session, member = found
    rows = {row.username: row for row in contesting.result_of(session).experts}
    context = {
        **WORDS,
        "urls": _addresses(project, session, member),
        "project": project,
        "session": session,
        "member": member,
        "row": rows.get(member.user.username),
        "link": inviting.latest_in_words(session, member.user),
        "more": forms.get("more") or MoreNeedsForm(),
        "hand": forms.get("hand") or HandOverForm(giver=member.user),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "feedback/manage_participation.html", context, status=status)
