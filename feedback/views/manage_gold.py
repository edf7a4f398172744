"""Gold lists: those in use and retired, one with its history, a new one, and the end of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.errors import FeedbackError, GoldRetired, InvalidGold, InvalidJudgement
from feedback.forms import GoldForm, RetireForm, add_refusal
from feedback.models import GoldList, Slate
from feedback.services import gold_lists, signing
from feedback.services.signing import GoldRequest
from feedback.submitting import is_id, read_form
from ranking.access import for_roles
from ranking.errors import BrokenFile, NoChampion
from ranking.ltr import CorruptModel
from ranking.models import Project, Query
from ranking.views.finding import find_project, tell


@for_roles("admin")
@require_safe
def gold(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the lists of known order, those in use first."""
    project = find_project(slug)
    context = {"project": project, "rows": gold_lists.overview_of(project)}
    return render(request, "feedback/manage_gold.html", context)


@for_roles("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def gold_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign an order off: of a need that is chosen first, or of a judged list whose order is the proposal."""
    project = find_project(slug)
    slate, query = _about(request, project)
    if query is None:
        needs = project.queries.filter(active=True).order_by("title")
        return render(request, "feedback/manage_gold_need.html", {"project": project, "needs": needs})
    form = GoldForm(request.POST or None, initial=_initial(slate))
    if request.method == "POST" and form.is_valid():
        try:
            made = signing.sign_order(query, _request(request, form, slate), by=request.access.name)
        except (InvalidGold, InvalidJudgement) as error:
            add_refusal(form, error)
        else:
            messages.success(request, "The order is signed off. New sessions plant it without a mark.")
            return redirect("feedback:gold_list", slug, made.pk)
    try:
        choices = gold_lists.choices_of(slate) if slate else gold_lists.choices_for(query)
    except (FeedbackError, NoChampion, BrokenFile, CorruptModel) as error:
        tell(request, error)
        return redirect("feedback:gold", slug)
    context = {
        "project": project,
        "query": query,
        "need": gold_lists.need_of(query, query.content),
        "slate": slate,
        "form": form,
        "rows": _rows(request, choices),
    }
    return render(request, "feedback/manage_gold_new.html", context, status=422 if form.errors else 200)


@for_roles("admin")
@require_safe
def gold_list(request: HttpRequest, slug: str, gold_id: int) -> HttpResponse:
    """Show one list of known order: who signed it off and why, who was asked, and how far they agree."""
    project = find_project(slug)
    return _page(request, project, _find(project, gold_id), RetireForm())


@for_roles("admin")
@require_POST
def gold_retire(request: HttpRequest, slug: str, gold_id: int) -> HttpResponse:
    """End the use of a list of known order; what came of it stays."""
    project = find_project(slug)
    shown, form = _find(project, gold_id), RetireForm(request.POST)
    if not form.is_valid():
        return _page(request, project, shown, form)
    try:
        signing.retire(shown, by=request.access.name, reason=form.cleaned_data["reason"])
    except (GoldRetired, InvalidGold) as error:
        tell(request, error)
    else:
        messages.success(request, "The list is retired: no new session plants it. What it has shown stays.")
    return redirect("feedback:gold_list", slug, gold_id)


def _find(project: Project, gold_id: int) -> GoldList:
    lists = project.gold_lists.select_related(
        "query__project", "retirement", "made_from__session", "made_from__expert"
    )
    return get_object_or_404(lists, pk=gold_id)


def _page(request: HttpRequest, project: Project, shown: GoldList, form: RetireForm) -> HttpResponse:
    context = {
        "project": project,
        "gold": shown,
        "row": next(row for row in gold_lists.overview_of(project) if row.gold == shown),
        "need": gold_lists.need_of(shown.query, shown.query_content),
        "choices": gold_lists.signed_off(shown),
        "asked": gold_lists.asked_of(shown),
        "known_to": gold_lists.who_knows(shown),
        "form": form,
    }
    return render(request, "feedback/manage_gold_list.html", context, status=422 if form.errors else 200)


def _about(request: HttpRequest, project: Project) -> tuple[Slate | None, Query | None]:
    """Return the judged list and the need that the address names; neither before one is chosen."""
    slate_id, query_id = (_id(request, name) for name in ("slate", "need"))
    if slate_id is not None:
        slates = Slate.objects.select_related("session__project", "query__project", "judgement", "expert")
        slate = get_object_or_404(slates, pk=slate_id, session__project=project)
        return slate, slate.query
    if query_id is None:
        return None, None
    return None, get_object_or_404(project.queries.select_related("project"), pk=query_id, active=True)


def _id(request: HttpRequest, name: str) -> int | None:
    """Return an id of the address. Raises Http404 for what no id can be."""
    text = request.GET.get(name, "")
    if text and not is_id(text):
        raise Http404
    return int(text) if text else None


def _initial(slate: Slate | None) -> dict[str, Any]:
    return {"known_to": gold_lists.who_judged_alike(slate)} if slate is not None else {}


def _request(request: HttpRequest, form: GoldForm, slate: Slate | None) -> GoldRequest:
    """Return what is signed off. Raises InvalidJudgement for ranks that can't be read."""
    return GoldRequest(
        tiers=read_form(request.POST).tiers,
        why=form.cleaned_data["why"],
        known_to=list(form.cleaned_data["known_to"]),
        made_from=slate,
    )


def _rows(request: HttpRequest, choices: list[gold_lists.Choice]) -> list[dict[str, Any]]:
    """Return the items with the rank that stands in each box: as it was sent, else as it is proposed."""
    proposed = {choice.version: "" if choice.rank is None else str(choice.rank) for choice in choices}
    return [
        {"choice": choice, "rank": request.POST.get(f"rank-{choice.version}", proposed[choice.version])}
        for choice in choices
    ]
