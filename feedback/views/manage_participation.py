"""One expert in one session or comparison: a log-in link, more lists, lists that somebody else takes over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback.errors import FeedbackError, InvitationUnusable
from feedback.forms import HandOverForm, MoreListsForm, MoreNeedsForm, add_refusal, name_of
from feedback.models import Member
from feedback.services import contesting, coverage, extending, inviting, widening
from ranking.access import for_roles
from ranking.errors import BrokenFile
from ranking.formats import counted
from ranking.ltr import CorruptModel
from ranking.models import Project
from ranking.views.finding import find_project, tell

LINK_COOKIE = "tiebreak_link"
LINK_SHOWN_SECONDS = 3600


@dataclass(frozen=True)
class Round:
    """What tells sessions and comparisons apart here: words, addresses, and the services behind them."""

    words: dict[str, str]
    page: str
    expert: str
    acts: str
    rows_of: Callable[[Project], QuerySet[Any]]
    standing: Callable[[Any, str], Any]
    form: type[forms.Form]
    add: Callable[[Any, User, int], int]
    hand_over: Callable[[Any, User, User], int]


@dataclass(frozen=True)
class Found:
    """One expert in one round of a project."""

    round: Round
    project: Project
    session: Any
    member: Member

    @property
    def back(self) -> str:
        """The page of the round."""
        return reverse(self.round.page, args=[self.project.slug, self.session.pk])

    def address(self, act: str) -> str:
        """Where something is done for this expert."""
        args = [self.project.slug, self.session.pk, self.member.user.username]
        return reverse(f"{self.round.acts}_{act}", args=args)

    def counted(self, count: int) -> str:
        """So many lists, in this round's words."""
        return counted(count, self.round.words["thing"])


def _in_session(session: Any, username: str) -> dict[str, int] | None:
    rows = {row.username: row for row in coverage.progress_of(session)}
    row = rows.get(username)
    return {"done": row.done, "total": row.slates} if row else None


def _in_comparison(session: Any, username: str) -> Any:
    return {row.username: row for row in contesting.result_of(session).experts}.get(username)


SESSION = Round(
    words={
        "what": "session",
        "thing": "list",
        "things": "lists",
        "done_word": "judged",
        "begun_word": "begun",
    },
    page="feedback:session",
    expert="feedback:participation",
    acts="feedback:participation",
    rows_of=lambda project: project.sessions.select_related("project", "version"),
    standing=_in_session,
    form=MoreListsForm,
    add=extending.add_lists,
    hand_over=extending.hand_over,
)
COMPARISON = Round(
    words={
        "what": "comparison",
        "thing": "choice",
        "things": "choices",
        "done_word": "answered",
        "begun_word": "answered",
    },
    page="feedback:comparison",
    expert="feedback:comparison_expert",
    acts="feedback:comparison",
    rows_of=lambda project: project.comparisons.select_related("project", "challenger", "champion"),
    standing=_in_comparison,
    form=MoreNeedsForm,
    add=widening.add_choices,
    hand_over=widening.hand_over,
)


@for_roles("admin")
@require_safe
def participation(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Show one expert in one session, and what can be changed while it is open."""
    return _page(request, _found(SESSION, slug, session_id, username))


@for_roles("admin")
@require_safe
def comparison_expert(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Show one expert in one comparison, and what can be changed while it is open."""
    return _page(request, _found(COMPARISON, slug, comparison_id, username))


@for_roles("admin")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def participation_link(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Make a log-in link to a session, and show it in the browser that it was made in."""
    return _link(request, _found(SESSION, slug, session_id, username))


@for_roles("admin")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def comparison_link(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Make a log-in link to a comparison, and show it in the browser that it was made in."""
    return _link(request, _found(COMPARISON, slug, comparison_id, username))


@for_roles("admin")
@require_POST
def participation_extend(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Draw more lists for an expert, who is invited by that if not before."""
    return _extend(request, _found(SESSION, slug, session_id, username))


@for_roles("admin")
@require_POST
def comparison_extend(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Draw more choices for an expert, who takes part by that if not before."""
    return _extend(request, _found(COMPARISON, slug, comparison_id, username))


@for_roles("admin")
@require_POST
def participation_hand_over(request: HttpRequest, slug: str, session_id: int, username: str) -> HttpResponse:
    """Give lists that were not begun to another expert."""
    return _hand_over(request, _found(SESSION, slug, session_id, username))


@for_roles("admin")
@require_POST
def comparison_hand_over(request: HttpRequest, slug: str, comparison_id: int, username: str) -> HttpResponse:
    """Give choices that were not answered to another expert."""
    return _hand_over(request, _found(COMPARISON, slug, comparison_id, username))


def _found(kind: Round, slug: str, pk: int, username: str) -> Found:
    project = find_project(slug)
    session = get_object_or_404(kind.rows_of(project), pk=pk)
    people = Member.objects.select_related("user").filter(simulated=False)
    member = get_object_or_404(people, user__username=username)
    # Who is no expert any more may still have lists here, which somebody has to take over.
    if member.role != Member.Role.EXPERT and kind.standing(session, username) is None:
        raise Http404
    return Found(kind, project, session, member)


@sensitive_variables("secret", "link")
def _link(request: HttpRequest, found: Found) -> HttpResponse:
    """Make a link and lead to its page: to load that again makes no other one.

    The secret stays in a cookie of this browser for an hour, and on no server.
    """
    expert = redirect(found.round.expert, found.project.slug, found.session.pk, found.member.user.username)
    if request.method == "POST":
        try:
            _, secret = inviting.create_link(found.session, found.member.user, by=request.access.name)
        except FeedbackError as error:
            tell(request, error)
            return expert
        answer = redirect(found.address("link"))
        answer.set_cookie(
            LINK_COOKIE,
            secret,
            max_age=LINK_SHOWN_SECONDS,
            path=found.address("link"),
            secure=request.is_secure(),
            httponly=True,
            samesite="Strict",
        )
        return answer
    secret = request.COOKIES.get(LINK_COOKIE, "")
    try:
        row = inviting.look_up(secret)
    except InvitationUnusable:
        messages.info(request, "The link is not shown any more: it was used, or made elsewhere or long ago.")
        return expert
    link = request.build_absolute_uri(reverse("feedback:invitation", args=[secret]))
    context = {"project": found.project, "session": found.session, "member": found.member, "invitation": row}
    return render(request, "feedback/manage_link.html", {**context, "link": link, "back": found.back})


def _extend(request: HttpRequest, found: Found) -> HttpResponse:
    form = found.round.form(request.POST)
    if form.is_valid():
        (wanted,) = form.cleaned_data.values()
        try:
            count = found.round.add(found.session, found.member.user, wanted)
        except FeedbackError as error:
            add_refusal(form, error)
        except (BrokenFile, CorruptModel) as error:
            tell(request, error)
        else:
            more = found.counted(count).replace(" ", " more ", 1)
            messages.success(request, f"{found.member} has {more}.")
            return redirect(found.back)
    return _page(request, found, more=form)


def _hand_over(request: HttpRequest, found: Found) -> HttpResponse:
    form = HandOverForm(request.POST, giver=found.member.user)
    if form.is_valid():
        taker = form.cleaned_data["to"]
        try:
            count = found.round.hand_over(found.session, found.member.user, taker)
        except FeedbackError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{found.counted(count)} went over to {name_of(taker)}.")
            return redirect(found.back)
    return _page(request, found, hand=form)


def _page(request: HttpRequest, found: Found, **given: Any) -> HttpResponse:
    acts = {act: found.address(act) for act in ("link", "extend", "hand_over")}
    context = {
        **found.round.words,
        "urls": {**acts, "back": found.back},
        "project": found.project,
        "session": found.session,
        "member": found.member,
        "judges": found.member.role == Member.Role.EXPERT,
        "row": found.round.standing(found.session, found.member.user.username),
        "link": inviting.latest_in_words(found.session, found.member.user),
        "more": given.get("more") or found.round.form(),
        "hand": given.get("hand") or HandOverForm(giver=found.member.user),
    }
    status = 422 if any(form.errors for form in given.values()) else 200
    return render(request, "feedback/manage_participation.html", context, status=status)
