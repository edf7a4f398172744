"""What a person sets for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from feedback.forms import AccountForm
from feedback.services import people
from ranking.access import for_roles


@for_roles("expert", "reader", "admin")
@require_http_methods(["GET", "HEAD", "POST"])
def own_account(request: HttpRequest) -> HttpResponse:
    """Choose the zone in which pages show times."""
    chosen = {"time_zone": request.access.time_zone}  # type: ignore[attr-defined]
    form = AccountForm(request.POST or None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        people.choose_time_zone(request.user, form.cleaned_data["time_zone"])  # type: ignore[arg-type]
        messages.success(request, "Your time zone is saved.")
        return redirect("account")
    return render(request, "tiebreak/own_account.html", {"form": form, "now": timezone.now()})
