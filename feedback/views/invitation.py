"""The log-in link of an invitation: looked at by anybody, used up by a click, and asked for anew."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from feedback.errors import InvitationUnusable
from feedback.models import ComparisonSession
from feedback.services import inviting
from feedback.views.password import CAME_BY_LINK

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Say where the link leads; log in by POST alone, since mail programs open every link to look at it.

    Whoever is signed in as the person it was made for is led on, and uses nothing up.
    """
    here = inviting.place_of(secret, request.user)
    if here is not None:
        return _lead_on(here)
    if request.method == "POST" and "again" in request.POST:
        inviting.ask_again(secret)
        # The same answer to everybody: it tells nobody whether there is such a link.
        return render(request, "feedback/invitation_asked.html")
    try:
        if request.method == "POST":
            used = inviting.redeem(secret)
            # Whoever was logged in here before is logged out by it, drafts of a browser's own included.
            login(request, used.expert, backend=BACKEND)
            request.session[CAME_BY_LINK] = True
            return _lead_on(used.target)
        found = inviting.look_up(secret)
    except InvitationUnusable as error:
        context = {"why": error, "may_ask": inviting.may_ask_again(secret)}
        return render(request, "feedback/invitation_unusable.html", context, status=410)
    return render(request, "feedback/invitation.html", {"invitation": found})


def _lead_on(target: inviting.Target) -> HttpResponse:
    kind = "comparison" if isinstance(target, ComparisonSession) else "session"
    return redirect(f"feedback:{kind}_intro", target.pk)
