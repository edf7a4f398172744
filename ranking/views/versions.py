"""Versions: the table of all, the report of one, what it was trained from, and the log of promotions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ranking.access import for_roles
from ranking.errors import BrokenFile, ConfirmationNeeded, NoProvenance, PromotionRefused, StalePromotion
from ranking.forms import PolicyForm, PromotionForm, ReasonForm
from ranking.ltr import CorruptModel
from ranking.models import ModelVersion, Project, TrainingSet
from ranking.services import gates, history, influence, lessons, policy, reports, verdicts, versions
from ranking.services.candidates import description_of
from ranking.services.policy import Policy
from ranking.services.versions import PromotionRequest
from ranking.tasks import start_refresh
from ranking.views.finding import find_project, find_version, sentence, tell

LESSONS_SHOWN = 10
PER_PAGE = 25


@for_roles("admin")
@require_safe
def version_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all versions in one table."""
    project = find_project(slug)
    return _version_list(request, project, PolicyForm(instance=project))


@for_roles("admin")
@require_safe
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show the report of one version."""
    project = find_project(slug)
    shown = find_version(project, number)
    row = history.version_row(shown)
    description = description_of(project)
    context = {
        "project": project,
        "version": shown,
        "row": row,
        "champion": versions.current_champion(project),
        "gate": gates.gate_of(row.evaluation) if row.evaluation else None,
        "tried": reports.tried(shown),
        "takeover": reports.takeover(shown),
        "judges": reports.judges_of(shown),
        "contradiction": reports.contradiction_of(shown),
        "tastes": reports.tastes_of(shown, description),
        "reach": reports.reach_of(shown, description),
        "trees_grown": reports.trees_grown(shown),
        "rule": history.rule_in_words(shown, description),
        "promotions": history.promotions_of(shown),
        "children": list(shown.children.order_by("number")),
        "roll_back": _roll_back(project) if row.in_service else None,
    }
    return render(request, "ranking/version.html", context)


@for_roles("admin")
@require_safe
def version_lessons(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show what a version learned; loaded after the page, since it looks at many candidates."""
    project = find_project(slug)
    shown = find_version(project, number)
    context: dict[str, Any] = {"project": project, "version": shown}
    try:
        found = lessons.lessons_of(shown)
        context |= {"lessons": found, "refines": lessons.is_refinement(shown), "bars": _lesson_bars(found)}
    except (BrokenFile, CorruptModel) as error:
        context["problem"] = sentence(error)
    template = "parts/lessons.html" if request.htmx else "version_lessons.html"
    return render(request, f"ranking/{template}", context)


@for_roles("admin")
@require_safe
def version_provenance(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show which sessions moved the lists; loaded after the page, since it ranks many candidates."""
    project = find_project(slug)
    shown = find_version(project, number)
    context: dict[str, Any] = {"project": project, "version": shown}
    try:
        context["found"] = influence.influences(shown)
    except NoProvenance as error:
        context["missing"] = sentence(error)
    except (BrokenFile, CorruptModel) as error:
        context["problem"] = sentence(error)
    template = "parts/provenance.html" if request.htmx else "version_provenance.html"
    return render(request, f"ranking/{template}", context)


@for_roles("admin")
@require_safe
def training_set(request: HttpRequest, slug: str, set_id: int) -> HttpResponse:
    """Show what a training set holds, and which sessions it came from."""
    project = find_project(slug)
    shown = get_object_or_404(project.training_sets.select_related("feature_set"), pk=set_id)
    context = {
        "project": project,
        "set": shown,
        "origins": _origins(shown),
        "versions": list(shown.versions.order_by("-number")),
        "jobs": list(shown.jobs.order_by("-id")),
    }
    return render(request, "ranking/training_set.html", context)


@for_roles("admin")
@require_safe
def promotions(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which version was put in service when, why and by whom."""
    project = find_project(slug)
    page = Paginator(history.promotion_log(project), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "page": page,
        "periods": history.periods_of(page.object_list),
        "roll_back": _roll_back(project),
    }
    return render(request, "ranking/promotions.html", context)


@for_roles("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def promote(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Ask for the reason, then put a version in service, bound to what was looked at."""
    project = find_project(slug)
    shown = find_version(project, number)
    champion = versions.current_champion(project)
    if request.method != "POST":
        if shown == champion:
            return redirect("ranking:version", slug, number)
        return _promotion_page(request, project, shown, champion, PromotionForm.of(shown, champion))
    form = PromotionForm.of(shown, champion, request.POST)
    if not form.is_valid():
        return _promotion_page(request, project, shown, champion, form)
    try:
        promotion = versions.promote(shown, _request_of(request, form))
    except (StalePromotion, PromotionRefused) as error:
        if isinstance(error, ConfirmationNeeded) and error.field in form.fields:
            form.add_error(error.field, sentence(error))
            return _promotion_page(request, project, shown, champion, form)
        tell(request, error)
        return redirect("ranking:version", slug, number)
    start_refresh(project)
    messages.success(
        request, f"Version {promotion.version.number} is in service. Lists are being ranked anew."
    )
    return redirect("ranking:version", slug, number)


@for_roles("admin")
@require_POST
def roll_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Put the version back in service that was there before the present one."""
    project = find_project(slug)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was rolled back: say why, in a few words. The log keeps it.")
        return redirect("ranking:promotions", slug)
    try:
        promotion = versions.roll_back(
            project,
            by=request.access.name,
            reason=form.cleaned_data["reason"],
            expected_champion=form.cleaned_data["champion"],
        )
    except (StalePromotion, PromotionRefused) as error:
        tell(request, error)
        return redirect("ranking:promotions", slug)
    start_refresh(project)
    messages.success(request, f"Rolled back: version {promotion.version.number} is in service again.")
    return redirect("ranking:promotions", slug)


@for_roles("admin")
@require_POST
def set_policy(request: HttpRequest, slug: str) -> HttpResponse:
    """Set what happens by itself."""
    project = find_project(slug)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _version_list(request, project, form)
    policy.set_policy(project, Policy(**{name: form.cleaned_data[name] for name in PolicyForm.Meta.fields}))
    messages.success(request, "Saved what happens by itself.")
    return redirect("ranking:versions", slug)


def _version_list(request: HttpRequest, project: Project, form: PolicyForm) -> HttpResponse:
    page = Paginator(history.versions_of(project), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "page": page,
        "rows": history.rows_of(project, page.object_list),
        "policy": form,
        "roll_back": _roll_back(project),
    }
    return render(request, "ranking/versions.html", context, status=422 if form.errors else 200)


def _request_of(request: HttpRequest, form: PromotionForm) -> PromotionRequest:
    return PromotionRequest(
        by=request.access.name,
        reason=form.cleaned_data["reason"],
        expected_sha256=form.cleaned_data["sha256"],
        expected_champion=form.cleaned_data["champion"],
        confirm=form.cleaned_data.get("confirm", ""),
    )


def _promotion_page(
    request: HttpRequest,
    project: Project,
    shown: ModelVersion,
    champion: ModelVersion | None,
    form: PromotionForm,
) -> HttpResponse:
    evaluation = verdicts.evaluation_of(shown, champion) if champion else None
    context = {
        "project": project,
        "version": shown,
        "champion": champion,
        "evaluation": evaluation,
        "said": verdicts.in_short(evaluation) if evaluation else "",
        "form": form,
    }
    return render(request, "ranking/promote.html", context, status=422 if form.errors else 200)


def _roll_back(project: Project) -> dict[str, Any] | None:
    """Return what a roll-back would do, with its form; None when no version was in service before."""
    latest = history.latest_promotion(project)
    if latest is None or latest.previous is None:
        return None
    now, before = latest.version, latest.previous.version
    seen = {"champion": now.number}
    return {
        "to": before,
        "from": now,
        "form": ReasonForm(initial=seen, auto_id="roll_%s"),
        "plain_form": ReasonForm(initial=seen, auto_id="plain_roll_%s"),
    }


def _lesson_bars(found: list[lessons.Lesson]) -> list[dict[str, Any]]:
    """Return what a version learned as rows of a bar chart, in per cent of all that it learned."""
    effects = {"more": "more helps", "less": "less helps", "": "it depends"}
    return [
        {
            "label": f"{lesson.label}: {effects[lesson.direction]}",
            "value": lesson.share,
            "text": f"{100 * lesson.share:.0f} %",
        }
        for lesson in found[:LESSONS_SHOWN]
    ]


def _origins(shown: TrainingSet) -> list[dict[str, Any]]:
    """Return the pairs of a training set by how they came about, as rows of a bar chart."""
    found = shown.summary.get("origins", {})
    return [
        {"label": name.replace("_", " "), "value": count, "text": f"{count:,}"}
        for name, count in sorted(found.items(), key=lambda pair: -pair[1])
    ]
