"""Who may try a password: django-axes locks a name for an address, and this adds what many addresses need."""

from __future__ import annotations

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_failure_limit
from axes.models import AccessAttempt, AccessLog
from django.http import HttpRequest

#: Wrong passwords for one name from so many addresses within the lock's time are no person's own mistakes.
MOST_ADDRESSES = 10


class LoginLock(AxesDatabaseHandler):
    """The lock by name and address, and by name alone towards addresses that the name never logged in from.

    Guesses from thousands of addresses would have some tries from each. The owner goes on logging in from
    where they did before, so nobody can lock a person out (docs/decisions/0006-guesses-from-everywhere.md).
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return how many wrong passwords count against the name from here: the limit and more is a lock."""
        failures = int(super().get_failures(request, credentials))
        if _is_guessed_from_everywhere(request, get_client_username(request, credentials)):
            return max(failures, get_failure_limit(request, credentials))
        return failures


def _is_guessed_from_everywhere(request: HttpRequest, username: str | None) -> bool:
    wrong = AccessAttempt.objects.filter(
        username=username, attempt_time__gte=get_cool_off_threshold(request)
    ).order_by()
    if wrong.values("ip_address").distinct().count() < MOST_ADDRESSES:
        return False
    return not AccessLog.objects.filter(username=username, ip_address=request.axes_ip_address).exists()
