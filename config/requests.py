"""What every request must satisfy before a view sees it, where it leads when none answers, and how long lists
are cut into pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.urls import is_valid_path
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from ranking.content import is_storable
from ranking.health import alive

#: Deeper JSON exhausts the stack of the parser or of the database.
MOST_LEVELS = 32
#: Of a body of the API, in bytes: some fifty times the largest that a page sends.
MOST_BYTES = 2**20
#: Keys are 64 bits long: a database refuses a longer number only after the API has accepted it.
_LARGEST_INTEGER = 2**63 - 1


def answer_health_first(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer `/healthz` before anything that may wait, such as for a session's user in the database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return alive(request) if request.path_info == "/healthz" else get_response(request)

    return middleware


def refuse_unstorable_text(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 400 to an address with a NUL or not in UTF-8: PostgreSQL refuses it, which would be a 500."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
        if "\x00" in request.path_info or not _is_utf8(query):
            error = {
                "code": "bad_address",
                "message": "The address holds characters that are not text.",
                "fields": {},
            }
            return JsonResponse({"error": error}, status=400)
        return get_response(request)

    return middleware


def keep_private(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let no browser or proxy store an answer whose view does not say how.

    On a shared machine "back" would show a page after the log-out. Static files are answered before this.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def lead_to_the_page_above(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Lead whoever opens an address that only takes a form to the nearest page above it.

    A form that was refused is shown at its own address. Entering that once more, or a log-in that leads back
    to it, would end on an empty page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # The API answers 405 in its own words, and with another class.
        if request.method == "GET" and isinstance(response, HttpResponseNotAllowed):
            return HttpResponseRedirect(_page_above(request.path_info))
        return response

    return middleware


def _page_above(path: str) -> str:
    while path != "/":
        path = path[: path.rstrip("/").rindex("/") + 1]
        if is_valid_path(path):
            break
    return path


class BodyTooLarge(APIException):
    """A body of more than `MOST_BYTES`."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = f"The body is larger than {MOST_BYTES // 2**10} KiB."


class StorableJSONParser(BaseParser):
    """JSON that each database can store: UTF-8, no NUL, no lone surrogate, no NaN, not nested for ever.

    Nor of any length: Django's own limit does not see what is read as a stream, and strangers may send too.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body; raise `BodyTooLarge`, or `ParseError` that says what is wrong."""
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        if nesting(text) > MOST_LEVELS:
            raise ParseError(f"The JSON is nested more than {MOST_LEVELS} levels deep.")
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        check_storable(value)
        return value


class Pages(PageNumberPagination):
    """Numbered pages; the client may ask for up to 200 rows. What is no number is refused, not ignored."""

    page_size_query_param = "page_size"
    max_page_size = 200
    last_page_strings = ()

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has; raise ValidationError for what is no such number."""
        return self._number(request, "page_size", most=self.max_page_size) or self.page_size

    def get_page_number(self, request: Request, paginator: Any) -> int:
        """Return the number of the page; raise ValidationError for what is no such number."""
        return self._number(request, "page") or 1

    def _number(self, request: Request, name: str, most: int | None = None) -> int | None:
        text = request.query_params.get(name)
        if text is None:
            return None
        number = int(text) if re.fullmatch("[0-9]{1,18}", text) else 0
        if not 1 <= number <= (most or number):
            span = f"from 1 to {most}" if most else "from 1 on"
            raise ValidationError({name: [f"{text[:40]!r}: expected a whole number {span}."]})
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters with their bounds."""
        found = super().get_schema_operation_parameters(view)
        for parameter in found:
            most = {"maximum": self.max_page_size} if parameter["name"] == "page_size" else {}
            parameter["schema"] |= {"minimum": 1, **most}
        return found


def nesting(text: str) -> int:
    r"""Return how deep arrays and objects are nested, without parsing.

    >>> nesting('{"a": [1, "[[[\\"["]}')
    2
    """
    deepest = depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def check_storable(value: Any) -> None:
    """Raise `ParseError` if any text or number inside the value is one that a database of ours refuses."""
    if isinstance(value, str) and not is_storable(value):
        raise ParseError("The JSON holds a NUL or an unpaired surrogate.")
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise ParseError("The JSON holds a whole number of more than 64 bits.")
    if isinstance(value, dict):
        for key, inner in value.items():
            check_storable(key)
            check_storable(inner)
    elif isinstance(value, list):
        for inner in value:
            check_storable(inner)


def _is_utf8(raw: bytes) -> bool:
    try:
        return b"\x00" not in raw and raw.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
