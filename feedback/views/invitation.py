"""The log-in link of an invitation: looked at by anybody, used up by a click."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from feedback.errors import InvitationUnusable
from feedback.services import inviting

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Say where the link leads; log in by POST alone, since mail programs open every link to look at it."""
    try:
        if request.method == "POST":
            used = inviting.redeem(secret)
            # Whoever was logged in here before is logged out by it, drafts of a browser's own included.
            login(request, used.expert, backend=BACKEND)
            if used.comparison_id is not None:
                return redirect("feedback:comparison_intro", used.comparison_id)
            return redirect("feedback:session_intro", used.session_id)
        found = inviting.look_up(secret)
    except InvitationUnusable as error:
        return render(request, "feedback/invitation_unusable.html", {"why": error}, status=410)
    return render(request, "feedback/invitation.html", {"invitation": found})
