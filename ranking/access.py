"""Who is asking, as far as this app needs to know: a role and an organisation, never a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ranking.models import Query

View = Callable[..., HttpResponseBase]
Role = Literal["anonymous", "expert", "reader", "admin"]


@dataclass(frozen=True)
class Access:
    """The role of a request, the organisation whose queries it may read, and the zone it shows times in.

    Until `must_change_password` is false nothing is open but changing it.
    """

    role: Role = "anonymous"
    organisation_id: int | None = None
    name: str = ""
    must_change_password: bool = False
    time_zone: str = ""


def queries_of(access: Access) -> QuerySet[Query]:
    """Return the queries that this access may read: an admin all, a reader those of the organisation."""
    if access.role == "admin":
        return Query.objects.all()
    if access.role == "reader" and access.organisation_id is not None:
        return Query.objects.filter(organisation_id=access.organisation_id)
    return Query.objects.none()


class PasswordChangeRequired(PermissionDenied):
    """The password is a temporary one."""

    default_code = "password_change_required"
    default_detail = "The password is temporary. Change it first: POST /api/v1/me/password/."


class HasRole(BasePermission):
    """Let only the roles of the view's `roles` in; to the others the address does not exist."""

    def has_permission(self, request: Request, view: Any) -> bool:
        access = request._request.access
        if access.role == "anonymous":
            return False
        if access.must_change_password and not getattr(view, "open_to_temporary_passwords", False):
            raise PasswordChangeRequired
        if access.role not in view.roles:
            raise Http404
        return True


def is_of_this_site(request: HttpRequest, address: str) -> bool:
    """Return whether an address that came from outside may be led to."""
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())


def _page_of(request: HttpRequest) -> str:
    """Return the page to come back to after a log-in: for a form the page that it stood on, as its own
    address often takes nothing but answers.
    """
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    sent_from = request.headers.get("Referer", "")
    if not is_of_this_site(request, sent_from):
        return "/"
    return urlsplit(sent_from)._replace(scheme="", netloc="", fragment="").geturl()


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Decorate a page: who is not logged in goes to log in; to other roles the address does not exist."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            access = request.access  # type: ignore[attr-defined]
            if access.role == "anonymous":
                return redirect_to_login(_page_of(request))
            if access.must_change_password:
                return redirect_to_login(_page_of(request), "password_change")
            if access.role not in roles:
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
