"""A password that its owner changes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from feedback.forms import OwnPasswordForm
from feedback.services import people

#: Of a session that a log-in link has begun: its owner may never have been told the temporary password.
CAME_BY_LINK = "came_by_link"


class OwnPassword(RedirectURLMixin, PasswordChangeView):
    """The form that asks for the old password; what was logged in with it elsewhere ends."""

    form_class = OwnPasswordForm
    template_name = "tiebreak/password.html"
    next_page = "/"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Ask no old password of who has a temporary one and came by a link, which is proof enough."""
        by_link = _is_temporary(self.request) and CAME_BY_LINK in self.request.session
        return super().get_form_kwargs() | {"asks_old": not by_link}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the password has to be changed."""
        return super().get_context_data(temporary=_is_temporary(self.request), **kwargs)

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        """Keep the new password, stay logged in here, and go on to the page that was asked for."""
        people.keep_own_password(form.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


def _is_temporary(request: HttpRequest) -> bool:
    return bool(request.access.must_change_password)  # type: ignore[attr-defined]
