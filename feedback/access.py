"""Who is asking: the user's membership, turned into what the lower app needs to know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from feedback.models import Member
from ranking import zones
from ranking.access import Access

API = "/api/"


def access_of(user: object) -> Access:
    """Return the access of a user; anonymous for nobody, for the inactive and for who has no membership."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Access()
    member = Member.objects.filter(user=user).select_related("user").first()
    if member is None:
        return Access()
    return Access(
        role=member.role,
        organisation_id=member.organisation_id,
        name=user.get_username(),
        must_change_password=member.has_temporary_password,
        time_zone=member.time_zone,
    )


class AccessMiddleware:
    """Set `request.access`, computed when it is first asked for, and with it the zone of times on pages.

    The API says times in UTC, whoever asks and however they logged in.
    Lazily, because token authentication happens inside the API view: it sets `request.user` only then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path_info.startswith(API)
        request.access = SimpleLazyObject(lambda: _access(request, is_api))
        with timezone.override(UTC if is_api else None):
            return self.get_response(request)


def _access(request: HttpRequest, is_api: bool) -> Access:
    """Return the access of a request; from here on its page shows times in the person's zone."""
    access = access_of(request.user)
    if not is_api:
        zones.activate(access.time_zone)
    return access
