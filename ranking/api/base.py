"""What every operation of the API stands on: roles, allowed methods, one order of the checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation

from ranking.access import Access, HasRole, Role


class Endpoint(GenericAPIView):
    """One address of the API, open to `roles`; to the others it does not exist."""

    permission_classes = (HasRole,)
    roles: Sequence[Role] = ("admin",)
    # OPTIONS would list the fields of forms, which the schema does better, and look up objects on its way.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def access(self) -> Access:
        """Who is asking."""
        return self.request._request.access


class JsonWhateverIsAccepted(DefaultContentNegotiation):
    """For an address that answers with a file: its errors are JSON still, whatever the client accepts."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type
