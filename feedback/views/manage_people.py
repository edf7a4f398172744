"""Experts of a project in numbers; people and their log-ins."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.errors import InvalidPerson
from feedback.forms import PersonForm, RoleForm, add_refusal
from feedback.models import Judgement, Member
from feedback.services import coverage, people, reliability
from ranking.access import for_roles
from ranking.services import reports
from ranking.services.candidates import description_of
from ranking.views.finding import find_project, tell

PER_PAGE = 25


@for_roles("admin")
@require_safe
def expert_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all experts with what they did in a project."""
    project = find_project(slug)
    page = Paginator(reliability.experts_of(project), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "page": page,
        "experts": reliability.expert_rows(project, list(page)),
        "version": reliability.latest_trained_by_experts(project),
    }
    return render(request, "feedback/manage_experts.html", context)


@for_roles("admin")
@require_safe
def expert(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """Show one expert: pace, habits, what they said, and every list they judged."""
    project = find_project(slug)
    # What a former expert said is read on: red flags and lists lead here.
    judged = Judgement.objects.filter(expert=OuterRef("user"))
    found = Member.objects.select_related("user").filter(Q(role=Member.Role.EXPERT) | Exists(judged))
    member = get_object_or_404(found, user__username=username)
    judgements = list(
        Judgement.objects.filter(slate__session__project=project, expert=member.user)
        .select_related("slate__query", "slate__session", "expert__member")
        .order_by("-id")
    )
    version = reliability.latest_trained_by_experts(project)
    tastes = reports.tastes_of(version, description_of(project))
    context = {
        "project": project,
        "row": reliability.expert_rows(project, [member])[0],
        "version": version,
        "tastes": [taste for taste in tastes if taste.username == username],
        "figures": reliability.figures_of(project, username),
        "remarks": coverage.remarks_of(judgements, project),
        "page": Paginator(judgements, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "feedback/manage_expert.html", context)


@for_roles("admin")
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """Show everybody who has a log-in."""
    members = people.everybody().order_by("role", "user__username")
    page = Paginator(members, PER_PAGE * 2).get_page(request.GET.get("page"))
    return render(request, "feedback/manage_people.html", {"page": page})


@for_roles("admin")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("password")
def person_new(request: HttpRequest) -> HttpResponse:
    """Give somebody a log-in; the temporary password is in this answer and nowhere else."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member, password = people.create_person(form.request())
        except InvalidPerson as error:
            add_refusal(form, error)
        else:
            return _password_page(request, member, password, created=True)
    return render(
        request, "feedback/manage_person_new.html", {"form": form}, status=422 if form.errors else 200
    )


@for_roles("admin")
@require_safe
def person(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show one person's log-in and what can be done about it."""
    return _person_page(request, _find_member(member_id))


@for_roles("admin")
@require_POST
def person_role(request: HttpRequest, member_id: int) -> HttpResponse:
    """Put somebody in another role or organisation."""
    member, form = _find_member(member_id), RoleForm(request.POST)
    if form.is_valid():
        try:
            people.change(member, form.cleaned_data, by=request.user)
        except InvalidPerson as error:
            add_refusal(form, error)
        else:
            where = f" of {member.organisation}" if member.organisation else ""
            messages.success(request, f"{member} is now {member.get_role_display().lower()}{where}.")
            return redirect("feedback:person", member_id)
    return _person_page(request, member, form)


@for_roles("admin")
@never_cache
@require_POST
@sensitive_variables("password")
def person_password(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give a person a new temporary password."""
    member = _find_member(member_id)
    password = people.renew_password(member)
    return _password_page(request, member, password, created=False)


@for_roles("admin")
@require_POST
def person_suspend(request: HttpRequest, member_id: int) -> HttpResponse:
    """Take a log-in away."""
    member = _find_member(member_id)
    try:
        people.suspend(member, by=request.user)
    except InvalidPerson as error:
        tell(request, error)
    else:
        messages.success(request, f"{member} can’t log in any more. What they did stays.")
    return redirect("feedback:person", member_id)


@for_roles("admin")
@require_POST
def person_readmit(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give a log-in back."""
    member = _find_member(member_id)
    people.readmit(member)
    messages.success(request, f"{member} can log in again.")
    return redirect("feedback:person", member_id)


def _find_member(member_id: int) -> Member:
    return get_object_or_404(people.everybody(), pk=member_id)


def _person_page(request: HttpRequest, member: Member, form: RoleForm | None = None) -> HttpResponse:
    form = form or RoleForm(initial={"role": member.role, "organisation": member.organisation_id})
    context = {"member": member, "form": form, "own": member.user_id == request.user.pk}
    return render(request, "feedback/manage_person.html", context, status=422 if form.errors else 200)


def _password_page(request: HttpRequest, member: Member, password: str, *, created: bool) -> HttpResponse:
    context = {"member": member, "password": password, "created": created}
    return render(request, "feedback/manage_password.html", context)
