"""The expert's pages: own sessions, one slate a screen, and what it was good for."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Model, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from feedback.errors import (
    AlreadyJudged,
    FeedbackError,
    KeyReused,
    RatingsContradictOrder,
    SessionClosed,
    SessionPaused,
)
from feedback.models import ComparisonSession, FeedbackSession, Judgement, Slate
from feedback.services import agreeing, drafts, gaps, judging, pace, practising
from feedback.services.presenting import NON_ANSWERS, slate_context
from feedback.submitting import read_form
from feedback.views import choosing
from ranking.access import for_roles
from ranking.views.finding import tell

PER_PAGE = 25
PAUSED = (  # said without a script: with one, each move was kept as it was made
    "This session is paused, and nothing was submitted. What you said stands on this page alone: leave it "
    "open, and submit it when the session goes on."
)
#: What the page of a slate is told of its draft where there is none.
NOTHING_KEPT: dict[str, Any] = {"draft": None, "draft_version": 0, "past": [], "future": [], "keys": []}


@require_GET
@for_roles("expert")
def my_sessions(request: HttpRequest) -> HttpResponse:
    """List what the expert is invited to, sessions and comparisons: open ones first, then the latest."""
    page = Paginator(_invited_to(request.user), PER_PAGE).get_page(request.GET.get("page"))
    ids = {kind: [pk for of, pk in page if of is kind] for kind in (FeedbackSession, ComparisonSession)}
    made = [
        *_session_rows(request.user, ids[FeedbackSession]),
        *choosing.rows_of(request.user, ids[ComparisonSession]),
    ]
    by_id = {(type(row["session"]), row["session"].pk): row for row in made}
    rows = [by_id[key] for key in page]
    return render(
        request,
        "feedback/expert_home.html",
        {
            "page": page,
            "open_sessions": [row for row in rows if row["session"].state == FeedbackSession.State.OPEN],
            "closed_sessions": [row for row in rows if row["session"].state != FeedbackSession.State.OPEN],
        },
    )


def _invited_to(user: Any) -> list[tuple[type[Model], int]]:
    """Return kind and id of everything that an expert takes part in, in the order of the page."""
    sessions = FeedbackSession.objects.filter(participations__expert=user)
    comparisons = ComparisonSession.objects.filter(choices__expert=user).distinct()
    found = [
        (kind, pk, state, opened_at)
        for kind, own in ((FeedbackSession, sessions), (ComparisonSession, comparisons))
        for pk, state, opened_at in own.order_by("-id").values_list("pk", "state", "opened_at")
    ]
    found.sort(key=lambda row: row[3], reverse=True)
    found.sort(key=lambda row: row[2] != FeedbackSession.State.OPEN)
    return [(kind, pk) for kind, pk, _, _ in found]


def _session_rows(user: Any, ids: list[int]) -> list[dict[str, Any]]:
    mine = Q(slates__expert=user)
    sessions = FeedbackSession.objects.filter(pk__in=ids).annotate(
        total=Count("slates", filter=mine),
        done=Count("slates", filter=mine & Q(slates__state=Slate.State.SUBMITTED)),
    )
    paces = pace.paces_of(ids, user)
    return [
        {
            "session": session,
            "total": session.total,
            "done": session.done,
            "left": session.total - session.done,
            "minutes": pace.minutes_at(
                paces[session.pk], pace.usual_seconds(session), session.total - session.done
            ),
            "address": reverse("feedback:session_intro", args=[session.pk]),
            "summary": reverse("feedback:session_done", args=[session.pk]),
        }
        for session in sessions
    ]


@require_GET
@for_roles("expert")
def session_intro(request: HttpRequest, session_id: int) -> HttpResponse:
    """Say what the session is about, and lead to the next slate."""
    session = _own_session(request, session_id)
    slates = session.slates.filter(expert=request.user)
    total = slates.count()
    done = slates.filter(state=Slate.State.SUBMITTED).count()
    following = judging.next_slate(session, request.user)
    if following is None and total:
        return redirect("feedback:session_done", session_id=session.pk)
    return render(
        request,
        "feedback/session_intro.html",
        {
            "session": {
                "title": session.title,
                "instructions": session.instructions,
                "slates_total": total,
                "slates_done": done,
                "minutes": pace.minutes_left(session, request.user, total - done),
                "open": session.state == FeedbackSession.State.OPEN,
                "paused": session.paused_at is not None,
                "due_on": session.due_on,
                "simulated": session.simulated,
                "asks_ratings": session.asks_ratings,
                "items_per_slate": session.items_per_slate,
            },
            "url_start": reverse("feedback:slate", args=[following.pk]) if following else "",
            "url_practice": reverse("feedback:practice", args=[session.pk]),
            "is_new": practising.is_new(request.user),
        },
    )


@require_GET
@for_roles("expert")
def slate(request: HttpRequest, slate_id: int) -> HttpResponse:
    """Show one slate to put in order; a submitted one leads on to the next."""
    shown = _own_slate(request, slate_id)
    if shown is None:
        return choosing.gone(request, "list")
    if shown.state != Slate.State.OPEN or shown.session.state != FeedbackSession.State.OPEN:
        return redirect(_next_address(shown))
    if shown.session.paused_at is not None:
        return redirect("feedback:session_intro", session_id=shown.session_id)
    judging.note_seen(shown)
    return render(request, "feedback/slate.html", _slate_page(request, shown))


@require_POST
@for_roles("expert")
def judgement(request: HttpRequest, slate_id: int) -> HttpResponse:
    """Submit a slate by a plain form, where no script runs; scripts use the API."""
    shown = _own_slate(request, slate_id)
    if shown is None:
        return choosing.gone(request, "list")
    try:
        judging.submit(shown, read_form(request.POST), key=f"form-{shown.pk}")
    except (AlreadyJudged, SessionClosed) as error:
        tell(request, error)  # there is nothing left to put in order, and maybe no list
    except KeyReused:
        # Sent again from a page that was still open, with another order.
        tell(request, AlreadyJudged("your first answer to this list stands"))
    except SessionPaused:
        return _asked_again(request, _slate_page(request, shown), PAUSED)
    except FeedbackError as error:
        return _asked_again(request, _slate_page(request, shown), error)
    return redirect(_next_address(shown))


@require_GET
@for_roles("expert")
def session_done(request: HttpRequest, session_id: int) -> HttpResponse:
    """Thank, and say what the session will be used for."""
    session = _own_session(request, session_id)
    given = Judgement.objects.filter(slate__session=session, expert=request.user)
    kinds = dict(given.values_list("kind").annotate(n=Count("id")).order_by("kind"))
    total = session.slates.filter(expert=request.user).count()
    # Whoever knows that lists come again, with some still to come, would look out for them.
    over = session.state != FeedbackSession.State.OPEN or given.count() == total
    return render(
        request,
        "feedback/session_done.html",
        {
            "session": session,
            "judged": given.count(),
            "total": total,
            "ordered": kinds.get(Judgement.Kind.REORDER, 0),
            "kinds": [(label, kinds[kind]) for kind, label in Judgement.Kind.choices if kind in kinds],
            "pairs": pace.pairs_said(session, request.user),
            "minutes": pace.minutes_spent(session, request.user),
            "consistency": agreeing.own_consistency(session, request.user) if over else None,
            "answered": [gap for gap in gaps.told_to(request.user, session) if gap.answer],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles("expert")
def practice(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show a list to practise on; what was done to it is explained at once, and kept nowhere."""
    session = _own_session(request, session_id)
    found = practising.practice_list(session, request.user)
    if found is None:
        return redirect("feedback:session_intro", session_id=session.pk)
    page = _practice_page(session, found)
    if request.method != "POST":
        return render(request, "feedback/slate.html", page)
    try:
        # Without a script nobody knows what was used, and the hints are about what the script can do.
        used = request.POST.getlist("used") if "scripted" in request.POST else None
        touch = request.POST.get("scripted") == "touch"
        explained = practising.explain_practice(found, read_form(request.POST), used=used, touch=touch)
    except FeedbackError as error:
        return _asked_again(request, page, error)
    following = judging.next_slate(session, request.user)
    start = reverse("feedback:slate", args=[following.pk]) if following else ""
    context = {"session": session, "explained": explained, "need": page["need"], "url_start": start}
    return render(request, "feedback/practice_explained.html", context)


def _practice_page(session: FeedbackSession, found: practising.PracticeList) -> dict[str, Any]:
    intro = reverse("feedback:session_intro", args=[session.pk])
    return {
        **practising.practice_context(found),
        "practice": True,
        "slate": {"session_title": session.title, "kept": NOTHING_KEPT},
        "non_answers": NON_ANSWERS,
        "urls": {"form": reverse("feedback:practice", args=[session.pk]), "pause": intro},
    }


def _asked_again(request: HttpRequest, page: dict[str, Any], error: FeedbackError | str) -> HttpResponse:
    """Show a list again with what was said in its plain form, which is kept nowhere else."""
    form = request.POST
    for card in page["cards"]:
        card["said"] = {name: form.get(f"{name}-{card['id']}", "") for name in ("rank", "rating")}
    said = {name: form.get(name, "") for name in ("comment", "field")}
    said |= {name: form.getlist(name) for name in ("items", "reason_tags")}
    said["kind"] = form.get("kind", Judgement.Kind.REORDER)
    asked: dict[str, Any] = {"error": str(error)}
    if isinstance(error, RatingsContradictOrder):
        cards = {card["id"]: card for card in page["cards"]}
        above, below = (cards[str(card)] for card in error.pairs[0])
        asked = {"contradiction": {"above": above, "below": below, "turned": error.turned}}
    return render(request, "feedback/slate.html", {**page, "said": said, **asked})


def _own_session(request: HttpRequest, session_id: int) -> FeedbackSession:
    return get_object_or_404(FeedbackSession, pk=session_id, participations__expert=request.user)


def _own_slate(request: HttpRequest, slate_id: int) -> Slate | None:
    slates = Slate.objects.select_related("session__project", "query")
    return slates.filter(pk=slate_id, expert=request.user).first()


def _slate_page(request: HttpRequest, shown: Slate) -> dict[str, Any]:
    own = shown.session.slates.filter(expert=request.user).aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(state=Slate.State.SUBMITTED)),
        place=Count("pk", filter=Q(position__lte=shown.position)),
    )
    left = own["total"] - own["done"]
    return {
        **slate_context(shown),
        "slate": {
            "id": shown.pk,
            # Its place among those that there are: lists that were handed over or taken back leave gaps.
            "position": own["place"],
            "total": own["total"],
            "done": own["done"],
            "minutes_left": pace.minutes_left(shown.session, request.user, left),
            "session_title": shown.session.title,
            "kept": drafts.current(shown),
        },
        "non_answers": NON_ANSWERS,
        "urls": {
            "moves": reverse("api:slate_moves", args=[shown.pk]),
            "submit": reverse("api:slate_judgement", args=[shown.pk]),
            "form": reverse("feedback:judgement", args=[shown.pk]),
            "pause": reverse("feedback:my_sessions"),
            "login": f"{reverse('login')}?next={reverse('feedback:slate', args=[shown.pk])}",
        },
    }


def _next_address(shown: Slate) -> str:
    following = judging.next_slate(shown.session, shown.expert)
    if following is None or shown.session.state != FeedbackSession.State.OPEN:
        return reverse("feedback:session_done", args=[shown.session_id])
    return reverse("feedback:slate", args=[following.pk])
