"""The reader's pages: own needs, ranked matches, why they stand there, and what was done with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url

from feedback.errors import InvalidOutcome
from feedback.models import Outcome
from feedback.services import outcomes, reading, teaching
from feedback.services.filtering import STATES, Filters, filters
from feedback.services.reading import Sheet
from feedback.submitting import is_id
from feedback.views.export import csv_of_lines
from ranking.access import for_roles, is_of_this_site, queries_of
from ranking.cards import card_of, cards_of
from ranking.charts import bar_chart
from ranking.errors import BrokenFile, NoProvenance
from ranking.ltr import CorruptModel
from ranking.models import Match, Query, Ranking
from ranking.services import explaining, provenance
from ranking.services.beyond import elsewhere, rule_counts
from ranking.services.candidates import description_of
from ranking.services.explaining import Part
from ranking.services.movement import Move, ranking_before
from ranking.views.finding import sentence

MATCHES_A_PAGE = 25
NEEDS_A_PAGE = 30
LARGEST_PARTS = 10  # parts of a score that are shown at once; the others are one click away
NEIGHBOURS = 5  # lines after a match that its page offers for comparison at once
DONE_WORDS = {
    "shortlisted": "is on the shortlist",
    "contacted": "is noted as contacted",
    "declined": "is noted as declined",
    "removed": "is no longer noted",
}


@require_GET
@for_roles("reader", "admin")
def needs(request: HttpRequest) -> HttpResponse:
    """List the needs of the reader's organisation: when ranked, how many match, what moved."""
    text = " ".join(request.GET.get("q", "").split())[:200]
    found = _needs(request)
    total = found.count()
    for word in text.split():
        found = found.filter(Q(title__icontains=word) | Q(organisation__name__icontains=word))
    page = Paginator(found, NEEDS_A_PAGE).get_page(request.GET.get("page"))
    rows = reading.need_rows(list(page.object_list))
    context = {"page": page, "rows": rows, "text": text, "total": total}
    return render(request, "feedback/needs.html", context)


@require_GET
@for_roles("reader", "admin")
def matches(request: HttpRequest, query_id: int) -> HttpResponse:
    """Show the ranked list of a need, filtered as asked for; htmx gets only the lines."""
    query = _own_need(request, query_id)
    sheet = reading.sheet(query)
    lines_alone = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    asked = filters(sheet.description, () if lines_alone else sheet.lines, dict(request.GET.lists()))
    template = "feedback/matches_results.html" if lines_alone else "feedback/matches.html"
    response = render(request, template, _matches_page(request, sheet, asked))
    # Without it the browser's back button shows the bare lines that it has kept under the same address.
    patch_vary_headers(response, ["HX-Request"])
    return push_url(response, _address(request)) if lines_alone else response


@require_GET
@for_roles("reader", "admin")
def export_matches(request: HttpRequest, query_id: int) -> HttpResponse:
    """Answer the list as CSV, filtered as on the page."""
    sheet = reading.sheet(_own_need(request, query_id))
    asked = filters(sheet.description, (), dict(request.GET.lists()))
    return csv_of_lines(sheet, asked.apply(sheet.lines, sheet.description))


@require_GET
@for_roles("reader", "admin")
def rules(request: HttpRequest, query_id: int) -> HttpResponse:
    """Show the hard rules in the words of the need, and how many each took out."""
    query = _own_need(request, query_id)
    ranking = _latest(query)
    context = {
        "query": query,
        "ranking": ranking,
        "rules": rule_counts(ranking) if ranking else [],
        "removed": ranking.items_total - ranking.eligible_total if ranking else 0,
        "nouns": description_of(query.project),
    }
    return render(request, "feedback/rules.html", context)


@require_GET
@for_roles("reader", "admin")
def why(request: HttpRequest, query_id: int, rank: int) -> HttpResponse:
    """Take the score of one match apart; `?above=7` leads on to the comparison with another one."""
    match = _own_match(request, query_id, rank)
    if is_id(request.GET.get("above", "")):
        return _to(match, "feedback:why_above", rank, int(request.GET["above"]))
    others = match.ranking.matches.select_related("item_version__item").exclude(rank=rank)
    context = {
        **_match_page(match),
        **_explained("reasons", partial(explaining.why, match)),
        "others": list(others),
        "next_ones": [other for other in others if rank < other.rank <= rank + NEIGHBOURS],
    }
    if context["reasons"]:
        context |= _bars(context["reasons"].parts)
        context["lessons"] = _bars(context["reasons"].lessons)
    return render(request, "feedback/why.html", context)


@require_GET
@for_roles("reader", "admin")
def why_above(request: HttpRequest, query_id: int, rank: int, other: int) -> HttpResponse:
    """Say why one match stands above another one."""
    if other == rank:
        raise Http404
    upper = _own_match(request, query_id, rank)
    if other < rank:
        return _to(upper, "feedback:why_above", other, rank)
    lower = get_object_or_404(_lines_of(upper.ranking), rank=other)
    item = description_of(upper.ranking.query.project).item
    card, lower_card = cards_of(item, [match.item_version.content for match in (upper, lower)])
    context = {
        **_match_page(upper),
        "card": card,
        "lower": lower,
        "lower_card": lower_card,
        **_explained("reasons", partial(explaining.why_above, upper, lower)),
    }
    if context["reasons"]:
        context |= _bars(context["reasons"].parts)
    return render(request, "feedback/why_above.html", context)


@require_GET
@for_roles("reader", "admin")
def why_moved(request: HttpRequest, query_id: int, rank: int) -> HttpResponse:
    """Say why a match moved: the version, what taught it, and what changed in its score."""
    match = _own_match(request, query_id, rank)
    before = ranking_before(match.ranking)
    if before is None:
        raise Http404  # nothing stood before: there is no move to explain
    moved = _explained("reasons", partial(explaining.why_moved, match, before))
    context = {
        **_match_page(match),
        **moved,
        "before": before,
        "teaching": teaching.taught_between(match, before),
        "passed": explaining.passed(match, before),
    }
    if not context["teaching"].undone:
        context |= _traced(request, match)
    if context["reasons"]:
        reasons = context["reasons"]
        context["change"] = round(reasons.lead_now - reasons.lead_then, 9)
        context["move"] = Move(match.rank, reasons.rank_then, before.version.number, before.matches.count())
        context |= _bars(reasons.parts)
    return render(request, "feedback/why_moved.html", context)


@require_POST
@for_roles("reader")
def outcome(request: HttpRequest, query_id: int, rank: int) -> HttpResponse:
    """Note what was done with a match. The form names the list, so that a click means what was seen."""
    match = _own_match(request, query_id, rank, asked=request.POST.get("list", ""))
    query = match.ranking.query
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    try:
        outcomes.record(query, match.item_version, kind=kind, reason=reason, user=request.user)
    except InvalidOutcome as error:
        return _refused(request, query, error)
    said = f"{match.item_version.item.title} {DONE_WORDS[kind]}."
    if request.htmx:  # type: ignore[attr-defined]
        context = {"line": reading.line_of(query, match), "query": query, "said": said, "can_act": True}
        context["back"] = request.POST.get("back", "")
        return render(request, "feedback/matches_act.html", context)
    messages.success(request, said)
    return redirect(_back(request, query))


@require_GET
@for_roles("reader", "admin")
def shortlist(request: HttpRequest) -> HttpResponse:
    """Show what was shortlisted, contacted or declined, over all needs."""
    kept = reading.shortlist(list(_needs(request)))
    counts = {kind: sum(each.outcome.kind == kind for each in kept) for kind in Outcome.Kind.values}
    asked = request.GET.get("state", "")
    state = asked if asked in Outcome.Kind.values and asked != Outcome.Kind.REMOVED else "shortlisted"
    groups: dict[Query, list[reading.Kept]] = {}
    for each in kept:
        if each.outcome.kind == state:
            groups.setdefault(each.query, []).append(each)
    context = {
        "state": state,
        "tabs": [(kind, kind.label, counts[kind]) for kind in Outcome.Kind if kind != Outcome.Kind.REMOVED],
        "groups": list(groups.items()),
        "can_act": _is_reader(request),
        "back": request.get_full_path(),
    }
    return render(request, "feedback/shortlist.html", context)


# --- what is one's own --------------------------------------------------------------------------------------
def _needs(request: HttpRequest) -> QuerySet[Query]:
    own = queries_of(request.access).filter(active=True)  # type: ignore[attr-defined]
    return own.select_related("project", "organisation").order_by("organisation__name", "title", "pk")


def _own_need(request: HttpRequest, query_id: int) -> Query:
    return get_object_or_404(_needs(request), pk=query_id)


def _is_reader(request: HttpRequest) -> bool:
    return bool(request.access.role == "reader")  # type: ignore[attr-defined]


def _latest(query: Query) -> Ranking | None:
    ranking = query.rankings.select_related("version__feature_set", "version__training_set").first()
    if ranking is not None:
        ranking.query = query
    return ranking


def _lines_of(ranking: Ranking) -> QuerySet[Match]:
    return ranking.matches.select_related("item_version__item")


def _own_match(request: HttpRequest, query_id: int, rank: int, *, asked: str | None = None) -> Match:
    """Return a line of the list that was looked at (`?list=`), or of the latest one."""
    query = _own_need(request, query_id)
    asked = request.GET.get("list", "") if asked is None else asked
    ranking = _latest(query)
    if asked and (ranking is None or asked != str(ranking.pk)):
        if not is_id(asked):
            raise Http404
        rankings = query.rankings.select_related("version__feature_set", "version__training_set")
        ranking = get_object_or_404(rankings, pk=int(asked))
        ranking.query = query
    if ranking is None:
        raise Http404
    return get_object_or_404(_lines_of(ranking), rank=rank)


# --- what the pages show ------------------------------------------------------------------------------------
def _matches_page(request: HttpRequest, sheet: Sheet, asked: Filters) -> dict[str, Any]:
    shown = asked.apply(sheet.lines, sheet.description)
    page: Page[Any] = Paginator(shown, MATCHES_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = reading.written(page.object_list, sheet.description)
    beyond = None
    if asked.text and sheet.ranking and (not shown or "beyond" in request.GET):
        beyond = _explained("found", partial(elsewhere, sheet.ranking, asked.text))
    return {
        "sheet": sheet,
        "query": sheet.query,
        "ranking": sheet.ranking,
        "nouns": sheet.description,
        "filters": asked,
        "states": STATES,
        "chips": _chips(request, asked),
        "page": page,
        "beyond": beyond,
        "can_act": _is_reader(request),
        "back": _address(request),
        "address": _address(request),
        "export": f"{reverse('feedback:export_matches', args=[sheet.query.pk])}?{request.GET.urlencode()}",
    }


def _chips(request: HttpRequest, asked: Filters) -> list[tuple[str, str]]:
    """Return what is asked for as (words, address without it)."""
    chips = [(f"“{asked.text}”", _address(request, "q", "beyond"))] if asked.text else []
    if asked.state:
        chips.append((dict(STATES)[asked.state], _address(request, "state")))
    for field in asked.active:
        chips.append((field.words, _address(request, field.name, f"{field.name}_from", f"{field.name}_to")))
    return chips


def _address(request: HttpRequest, *without: str) -> str:
    """Return the address of this page without some parameters, the empty ones and the page number."""
    kept = request.GET.copy()
    for name in (*without, *(("page",) if without else ())):
        kept.pop(name, None)
    for name in list(kept):
        kept.setlist(name, [value for value in kept.getlist(name) if value])
    return f"{request.path}?{kept.urlencode()}" if kept.urlencode() else request.path


def _match_page(match: Match) -> dict[str, Any]:
    query = match.ranking.query
    description = description_of(query.project)
    return {
        "match": match,
        "query": query,
        "ranking": match.ranking,
        "before": ranking_before(match.ranking),
        "replaced": query.rankings.filter(pk__gt=match.ranking_id).exists(),
        "card": card_of(description.item, match.item_version.content),
        "nouns": description,
        "page_of_list": 1 + (match.rank - 1) // MATCHES_A_PAGE,
    }


def _explained(name: str, explain: Callable[[], Any]) -> dict[str, Any]:
    """Return what was explained; with a damaged file the page says so and stands all the same."""
    try:
        return {name: explain(), "problem": ""}
    except (BrokenFile, CorruptModel) as error:
        return {name: None, "problem": str(error)}


def _traced(request: HttpRequest, match: Match) -> dict[str, Any]:
    """Return which sessions moved a match; for an admin with their experts, whom readers are not told."""
    try:
        trace = provenance.trace(match)
    except NoProvenance as error:
        return {"untraced": sentence(error)}
    except (BrokenFile, CorruptModel) as error:
        said = "This can't be said at the moment: a stored file can't be read"
        return {"untraced": f"{said}." if _is_reader(request) else f"{said} ({error})."}
    if _is_reader(request):
        return {"trace": trace}
    experts = teaching.experts_of(share.source.session for share in trace.shares if share.source.session)
    shares = [(share, experts.get(share.source.session or 0, [])) for share in trace.shares]
    return {"trace": trace, "shares": shares}


def _bars(parts: tuple[Part, ...]) -> dict[str, Any]:
    """Return the parts with their bars, all on one scale: the largest, and the small ones with their sum."""
    chart = bar_chart({"label": part.label, "value": part.amount} for part in parts)
    drawn = [
        {"part": part, "bar": bar, "zero": chart.zero} for part, bar in zip(parts, chart.rows, strict=True)
    ]
    few = len(parts) <= LARGEST_PARTS + 1  # one single small part needs no click
    shown = drawn if few else drawn[:LARGEST_PARTS]
    small = drawn[len(shown) :]
    return {"bars": shown, "small": small, "small_sum": sum(each["part"].shown for each in small)}


def _to(match: Match, name: str, *ranks: int) -> HttpResponse:
    address = reverse(name, args=[match.ranking.query_id, *ranks])
    return redirect(f"{address}?list={match.ranking_id}")


def _back(request: HttpRequest, query: Query) -> str:
    back = request.POST.get("back", "")
    if is_of_this_site(request, back):
        return back
    return reverse("feedback:matches", args=[query.pk])


def _refused(request: HttpRequest, query: Query, error: InvalidOutcome) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(str(error), status=400, content_type="text/plain")
    messages.error(request, f"Nothing was noted: {error}.")
    return redirect(_back(request, query))
