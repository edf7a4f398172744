"""The expert's pages of a blind comparison: what it is about, two lists at a time, and thanks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from feedback.errors import AlreadyJudged, FeedbackError, KeyReused, SessionClosed
from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.services import choosing, comparing, pace
from feedback.services.presenting import choice_context
from feedback.submitting import read_answer_form
from ranking.access import for_roles
from ranking.views.finding import sentence, tell

Kind = ListAnswer.Kind
#: kind, key, words on a wide screen, words where the lists stand below each other
CHOICES = (
    (Kind.LEFT, "1", "Left is better", "Upper is better"),
    (Kind.RIGHT, "2", "Right is better", "Lower is better"),
    (Kind.EQUAL, "3", "About equal", "About equal"),
    (Kind.NEITHER, "4", "Neither is good", "Neither is good"),
)
NON_ANSWERS = (
    (Kind.OUTSIDE_KNOWLEDGE, "Outside what I know", "Another expert will be asked."),
    (
        Kind.CONFLICT_OF_INTEREST,
        "Conflict of interest",
        "You have an interest in one of them. Nothing is counted.",
    ),
)


@require_GET
@for_roles("expert")
def comparison_intro(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Say what the comparison asks, and lead to the next two lists."""
    session = _own_comparison(request, comparison_id)
    following = choosing.next_choice(session, request.user)
    if following is None:
        return redirect("feedback:comparison_done", comparison_id)
    context = {"session": session, **_progress(session, request.user), "next": following}
    return render(request, "feedback/comparison_intro.html", context)


@require_GET
@for_roles("expert")
def choice(request: HttpRequest, choice_id: int) -> HttpResponse:
    """Show one need and two lists for it; an answered one leads on to the next."""
    shown = _own_choice(request, choice_id)
    if shown is None:
        return gone(request, "choice")
    if hasattr(shown, "answer") or shown.session.state != ComparisonSession.State.OPEN:
        return redirect(_next_address(shown))
    return render(request, "feedback/choice.html", _choice_page(request, shown))


@require_POST
@for_roles("expert")
def choice_answer(request: HttpRequest, choice_id: int) -> HttpResponse:
    """Take the answer, from the plain form that a script only makes quicker."""
    shown = _own_choice(request, choice_id)
    if shown is None:
        return gone(request, "choice")
    try:
        choosing.answer(shown, read_answer_form(request.POST), key=f"form-{shown.pk}")
    except KeyReused:
        # Sent again from a page that was still open: the first answer stands.
        tell(request, AlreadyJudged("your first answer to these two lists stands"))
    except (AlreadyJudged, SessionClosed) as error:
        if _own_choice(request, choice_id) is None:
            return gone(request, "choice")  # just now, and with the last one the comparison goes as well
        tell(request, error)
    except FeedbackError as error:
        context = {**_choice_page(request, shown), "error": sentence(error)}
        return render(request, "feedback/choice.html", context, status=422)
    return redirect(_next_address(shown))


@require_GET
@for_roles("expert")
def comparison_done(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Thank, and say what the answers are used for."""
    session = _own_comparison(request, comparison_id)
    given = ListAnswer.objects.filter(choice__session=session, expert=request.user)
    kinds = dict(given.values_list("kind").annotate(n=Count("id")).order_by("kind"))
    preferred = kinds.pop(Kind.LEFT, 0) + kinds.pop(Kind.RIGHT, 0)
    context = {
        "session": session,
        **_progress(session, request.user),
        "preferred": preferred,
        "kinds": [(label, kinds[kind]) for kind, label in Kind.choices if kind in kinds],
    }
    return render(request, "feedback/comparison_done.html", context)


def rows_of(user: Any, comparisons: Collection[int]) -> list[dict[str, Any]]:
    """Return some of the expert's comparisons as the list of own sessions shows them."""
    paces = choosing.paces_of(comparisons, user)
    return [
        {
            "session": session,
            "total": session.choices_total,
            "done": session.choices_done,
            "left": session.choices_total - session.choices_done,
            "minutes": pace.minutes_at(
                paces[session.pk],
                choosing.usual_seconds(session),
                session.choices_total - session.choices_done,
            ),
            "address": reverse("feedback:comparison_intro", args=[session.pk]),
            "summary": reverse("feedback:comparison_done", args=[session.pk]),
        }
        for session in comparing.counted(user).filter(pk__in=comparisons)
    ]


def gone(request: HttpRequest, what: str) -> HttpResponse:
    """Lead an expert on from what was theirs when its page was opened.

    What never was is answered alike, so that nobody learns from it which lists there are.
    """
    tell(request, FeedbackError(f"this {what} has gone over to another expert, or was taken back"))
    return redirect("feedback:my_sessions")


def _own_comparison(request: HttpRequest, comparison_id: int) -> ComparisonSession:
    return get_object_or_404(comparing.counted(request.user), pk=comparison_id)


def _own_choice(request: HttpRequest, choice_id: int) -> ListChoice | None:
    choices = ListChoice.objects.select_related("session__project", "answer")
    return choices.filter(pk=choice_id, expert=request.user).first()


def _progress(session: ComparisonSession, user: Any, position: int = 0) -> dict[str, Any]:
    """Return how far an expert has come. `place` is that of a choice among those that there are: choices that
    were taken back leave gaps in the positions.
    """
    counts = session.choices.filter(expert=user).aggregate(
        total=Count("pk"),
        done=Count("answer"),
        place=Count("pk", filter=Q(position__lte=position)),
    )
    left = counts["total"] - counts["done"]
    return {**counts, "minutes_left": choosing.minutes_left(session, user, left)}


def _choice_page(request: HttpRequest, shown: ListChoice) -> dict[str, Any]:
    progress = _progress(shown.session, request.user, shown.position)
    return {
        **choice_context(shown),
        **progress,
        "choice": {"id": shown.pk, "position": progress["place"], "title": shown.session.title},
        "answers": CHOICES,
        "non_answers": NON_ANSWERS,
        "said": {
            "kind": request.POST.get("kind", ""),
            "comment": request.POST.get("comment", ""),
            "reason_tags": request.POST.getlist("reason_tags"),
        },
    }


def _next_address(shown: ListChoice) -> str:
    following = choosing.next_choice(shown.session, shown.expert)
    if following is None or shown.session.state != ComparisonSession.State.OPEN:
        return reverse("feedback:comparison_done", args=[shown.session_id])
    return reverse("feedback:choice", args=[following.pk])
