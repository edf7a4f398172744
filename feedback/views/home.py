"""The first page: each role has its own."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

PAGE_OF_ROLE = {
    "expert": "feedback:my_sessions",
    "reader": "feedback:needs",
    "admin": "feedback:manage_home",
}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead everybody to the page they work on."""
    role = request.access.role  # type: ignore[attr-defined]
    if role in PAGE_OF_ROLE:
        return redirect(PAGE_OF_ROLE[role])
    if request.user.is_authenticated:
        # A log-in without a role would be sent back and forth between here and the log-in page.
        return render(request, "feedback/no_role.html", status=403)
    return redirect_to_login(request.get_full_path())
