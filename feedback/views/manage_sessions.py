"""Sessions: all of them, a new one, how far one has come, and each judged list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.errors import InvalidGold, InvalidSession, SessionClosed
from feedback.forms import DeadlineForm, SessionForm, add_refusal, people_who_judge
from feedback.models import FeedbackSession, Slate
from feedback.services import (
    against_gold,
    agreeing,
    answer_files,
    comparing,
    coverage,
    proposing,
    reviewing,
    running,
    sessions,
    signing,
)
from feedback.services.exchanging import FORMATS
from feedback.views.export import sessions_file
from ranking.access import for_roles
from ranking.errors import NoChampion
from ranking.models import Project
from ranking.views.finding import find_project, sentence, tell

PER_PAGE = 25


@for_roles("admin")
@require_safe
def session_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all sessions, latest first."""
    project = find_project(slug)
    context = {
        "project": project,
        "page": Paginator(coverage.sessions_of(project), PER_PAGE).get_page(request.GET.get("page")),
        "formats": FORMATS.values(),
        "comparisons": comparing.counted().filter(project=project),
        "answer_formats": answer_files.FORMATS.values(),
    }
    return render(request, "feedback/manage_sessions.html", context)


@for_roles("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def session_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a session."""
    project = find_project(slug)
    seed = project.sessions.count()
    form = SessionForm(request.POST or None, initial={"seed": seed})
    if "preview" in request.POST:
        return _session_page(request, project, form, proposal=_proposal(project, form))
    if request.method == "POST" and form.is_valid():
        try:
            opened = sessions.open_session(
                project,
                form.request(seed=seed),
                experts=list(form.cleaned_data["experts"]),
                by=request.access.name,
            )
        except InvalidSession as error:
            add_refusal(form, error)
        except NoChampion as error:
            tell(request, error)
        else:
            messages.success(request, f"“{opened.title}” is open: its experts find it on their page.")
            return redirect("feedback:session", slug, opened.pk)
    return _session_page(request, project, form, status=422 if form.errors else 200)


@for_roles("admin")
@require_safe
def session_cost(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer what the session on the form would ask of its experts."""
    project = find_project(slug)
    return render(request, "feedback/parts/session_cost.html", {"cost": _cost(project, request)})


@for_roles("admin")
@require_safe
def session_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer what the session on the form would ask if it were opened now."""
    project = find_project(slug)
    found = _proposal(project, SessionForm(request.GET))
    return render(request, "feedback/parts/session_preview.html", {"project": project, **found})


@for_roles("admin")
@require_safe
def session(request: HttpRequest, slug: str, session_id: int) -> HttpResponse:
    """Show how far a session has come, what it covers, and how far its experts agree."""
    project = find_project(slug)
    shown = _find_session(project, session_id)
    judgements = coverage.judgements_of(shown)
    needs = coverage.needs_covered(shown)
    agreement = agreeing.agreement_of(shown)
    context = {
        "project": project,
        "session": shown,
        "summary": coverage.summary_of(shown, judgements, needs),
        "progress": coverage.progress_of(shown),
        "others": people_who_judge().exclude(participations__session=shown),
        "needs": needs,
        "gold": against_gold.rows_of(shown),
        "agreement": agreement,
        "agreement_rows": _agreement_rows(agreement.pairs),
        "remarks": coverage.remarks_of(judgements, project),
        "page": _judged_page(request, judgements),
        "expert": request.GET.get("expert", ""),
        "formats": FORMATS.values(),
        "deadline": DeadlineForm(initial={"due_on": shown.due_on}),
        "overdue": running.is_overdue(shown),
    }
    return render(request, "feedback/manage_session.html", context)


@for_roles("admin")
@require_safe
def sessions_export(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer all sessions of a project as a file."""
    return sessions_file(find_project(slug), _format(request))


@for_roles("admin")
@require_safe
def session_export(request: HttpRequest, slug: str, session_id: int) -> HttpResponse:
    """Answer one session as a file."""
    project = find_project(slug)
    return sessions_file(project, _format(request), _find_session(project, session_id))


@for_roles("admin")
@require_POST
def session_close(request: HttpRequest, slug: str, session_id: int) -> HttpResponse:
    """Close a session: its preferences are derived and can be learned from."""
    project = find_project(slug)
    try:
        closed = sessions.close_session(_find_session(project, session_id))
    except SessionClosed as error:
        tell(request, error)
    else:
        messages.success(request, f"“{closed.title}” is closed. What it says can be learned from now.")
    return redirect("feedback:session", slug, session_id)


@for_roles("admin")
@require_safe
def slate_review(request: HttpRequest, slug: str, session_id: int, slate_id: int) -> HttpResponse:
    """Show one list as it was shown and what the expert made of it."""
    project = find_project(slug)
    shown = _find_session(project, session_id)
    slate = get_object_or_404(
        shown.slates.select_related("query", "gold", "expert__member", "judgement", "session__project"),
        pk=slate_id,
    )
    context = {
        "project": project,
        "session": shown,
        "slate": slate,
        "review": reviewing.review_of(slate),
        "can_be_gold": _can_be_gold(slate),
    }
    return render(request, "feedback/manage_slate.html", context)


def _find_session(project: Project, session_id: int) -> FeedbackSession:
    return get_object_or_404(project.sessions.select_related("project", "version"), pk=session_id)


def _can_be_gold(slate: Slate) -> bool:
    """Whether its order can be proposed as known, and is not already."""
    try:
        return slate.gold_id is None and bool(signing.order_of(slate))
    except InvalidGold:
        return False


def _format(request: HttpRequest) -> str:
    name = request.GET.get("as", "jsonl")
    if name not in FORMATS:
        raise Http404
    return name


def _session_page(
    request: HttpRequest,
    project: Project,
    form: SessionForm,
    *,
    proposal: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    if proposal is not None:
        form.errors.pop("title", None)  # looked at before it has a name
    context = {"project": project, "form": form, "cost": _cost(project, request), **(proposal or {})}
    return render(request, "feedback/manage_session_new.html", context, status=status)


def _proposal(project: Project, form: SessionForm) -> dict[str, Any]:
    """Return what would be asked, or why that can't be said yet."""
    if not form.is_valid() and not form.can_be_drawn:
        return {"not_yet": "Mend the numbers to see what would be asked."}
    experts = list(form.cleaned_data.get("experts", ()))
    if not experts:
        return {"not_yet": "Choose experts to see what would be asked."}
    asked = form.request(seed=project.sessions.count())
    try:
        return {"proposal": proposing.propose(project, asked, experts)}
    except (InvalidSession, NoChampion) as error:
        return {"not_yet": sentence(error)}


def _cost(project: Project, request: HttpRequest) -> coverage.Cost | None:
    """Return the cost of what is on the form so far; None while a number on it can't be meant."""
    form = SessionForm(request.POST or request.GET or None)
    names = ("slates_per_expert", "items_per_slate")
    if not form.is_bound:
        slates, items = (form.fields[name].initial for name in names)
        return coverage.cost_of(project, experts=0, slates=slates, items=items)
    form.is_valid()
    if not all(name in form.cleaned_data for name in names):
        return None
    slates, items = (form.cleaned_data[name] for name in names)
    experts = len(form.cleaned_data.get("experts", ()))
    return coverage.cost_of(project, experts=experts, slates=slates, items=items)


def _agreement_rows(pairs: Iterable[agreeing.ExpertPair]) -> list[dict[str, Any]]:
    return [
        {
            "label": f"{pair.first} and {pair.second}",
            "n": pair.lists,
            "low": pair.low,
            "point": pair.tau,
            "high": pair.high,
        }
        for pair in pairs
    ]


def _judged_page(request: HttpRequest, judgements: list[Any]) -> Any:
    expert = request.GET.get("expert")
    shown = [j for j in judgements if not expert or j.expert.username == expert]
    return Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
