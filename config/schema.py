"""What the OpenAPI schema says of every operation: the shape of its errors."""

from __future__ import annotations

from typing import Any

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
