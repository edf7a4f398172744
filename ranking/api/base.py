"""What every operation of the API stands on: roles, allowed methods, one order of the checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from ranking.access import Access, HasRole, Role


class Endpoint(GenericAPIView):
    """One address of the API, open to `roles`; to the others it does not exist."""

    permission_classes = (HasRole,)
    roles: Sequence[Role] = ("admin",)
    # OPTIONS would list the fields of forms, which the schema does better, and look up objects on its way.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    #: Query parameters that `get` reads itself, beside those of filters and, in a list, of pages.
    parameters: Sequence[str] = ()

    @property
    def access(self) -> Access:
        """Who is asking."""
        return self.request._request.access

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks, then how: a parameter that is not known would be ignored in silence."""
        super().initial(request, *args, **kwargs)
        _check_parameters(request, self.known_parameters())

    def known_parameters(self) -> list[str]:
        """Return the query parameters of this request's operation, in order of the alphabet."""
        if self.request.method not in ("GET", "HEAD"):
            return []
        filters = getattr(self, "filterset_class", None)
        pages = ("page", "page_size") if isinstance(self, ListModelMixin) else ()
        return sorted({*self.parameters, *pages, *(filters.base_filters if filters else ())})


def _check_parameters(request: Request, known: Sequence[str]) -> None:
    """Raise ValidationError naming each parameter that is unknown, empty or given twice."""
    expected = f"expected one of {', '.join(known)}" if known else "this operation takes none"
    wrong = {}
    for name, values in request.query_params.lists():
        if name not in known:
            wrong[name] = [f"Unknown parameter: {expected}."]
        elif len(values) > 1:
            wrong[name] = [f"Given {len(values)} times: expected one value."]
        elif not values[0] and name != "search":
            wrong[name] = ["Empty: expected a value, or no such parameter."]
    if wrong:
        raise ValidationError(wrong)


class JsonWhateverIsAccepted(DefaultContentNegotiation):
    """For an address that answers with a file: its errors are JSON still, whatever the client accepts."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type
