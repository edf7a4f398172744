"""A password that its owner changes."""

from __future__ import annotations

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpResponse

from feedback.services import inviting, people


class OwnPassword(PasswordChangeView):
    """The form that asks for the old password; what was logged in with it elsewhere ends."""

    template_name = "tiebreak/password.html"
    success_url = "/"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Keep the new password; API token and log-in links end: whoever knew the old one may hold them."""
        with transaction.atomic():
            answer = super().form_valid(form)
            people.end_token(form.user)
            inviting.withdraw_links(form.user)
        return answer
