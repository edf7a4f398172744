"""The OpenAPI schema: what it says of errors, and how it is served."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from ranking.access import HasRole

_METHODS = ("get", "post", "put", "patch", "delete")
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "Stays the same; for programs."},
                "message": {"type": "string", "description": "A sentence for a person."},
                "fields": {
                    "type": "object",
                    "description": "What is wrong with which field.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
        "current": {
            "type": "object",
            "description": "With 412 alone: the draft as it is now.",
            "additionalProperties": True,
        },
    },
}


def document_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the one shape of an error to every operation, as its default response (a drf-spectacular hook)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for method in _METHODS:
            if method in path:
                path[method]["responses"].setdefault(
                    "default", {"description": "Refused.", "content": content}
                )
    return result


class Schema(SpectacularAPIView):
    """The schema for whoever may use the API, made once a process: making it takes seconds."""

    permission_classes = (HasRole,)
    roles = ("expert", "reader", "admin")

    @extend_schema(exclude=True)
    def get(self, request: Request, *_: Any, **__: Any) -> HttpResponseBase:
        """Answer with the schema, or 304 to who has it already."""
        renderer = request.accepted_renderer
        with _one_at_a_time:
            body = _rendered(renderer.format)
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        answer = HttpResponse(body, content_type=renderer.media_type)
        answer["ETag"] = etag
        answer["Cache-Control"] = "private, no-cache"
        answer["Vary"] = "Accept"
        answer["Content-Disposition"] = f'inline; filename="Tiebreak.{renderer.format}"'
        return get_conditional_response(request._request, etag=etag, response=answer) or answer


_one_at_a_time = Lock()


@lru_cache
def _rendered(form: str) -> bytes:
    renderer = next(known for known in Schema.renderer_classes if known.format == form)
    return bytes(renderer().render(SchemaGenerator().get_schema(public=True)))
