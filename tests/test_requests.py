"""What no request may carry is refused before a view or a database sees it, as 400 and not as 500.

And no address ends on an empty page."""

import io
import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from config.requests import MOST_BYTES, MOST_LEVELS, BodyTooLarge, StorableJSONParser, nesting
from tests import factories
from tests.pages import logged_in

REFUSED = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b'{"a": NaN}', "NaN is not a JSON number"),
    (b'{"a": -Infinity}', "Infinity is not a JSON number"),
    (b"\xff\xfe", "not UTF-8"),
    (b'{"a": "x\\u0000y"}', "NUL"),
    (b'{"x\\u0000y": 1}', "NUL"),
    (b'[["\\ud800"]]', "unpaired surrogate"),
    (b'{"a": 9223372036854775808}', "64 bits"),
    (b"[" * 100_000, "nested more than"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested more than"),
    (b"1" * 5000, "not JSON"),
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab[{"\\'), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(("body", "why"), REFUSED, ids=[f"{why}: {body[:20]!r}" for body, why in REFUSED])
def test_a_body_that_no_database_can_store_is_refused(body, why):
    with pytest.raises(ParseError, match=why):
        StorableJSONParser().parse(io.BytesIO(body))


def test_a_body_is_read_up_to_its_largest_size_and_not_beyond(client, db):
    largest = b'"' + b"x" * (MOST_BYTES - 2) + b'"'
    assert len(StorableJSONParser().parse(io.BytesIO(largest))) == MOST_BYTES - 2
    endless = io.BytesIO(largest + b" " * MOST_BYTES)
    with pytest.raises(BodyTooLarge):
        StorableJSONParser().parse(endless)
    assert endless.tell() == MOST_BYTES + 1
    answer = client.post("/api/v1/token/", largest + b" ", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@given(JSON_VALUES)
def test_every_other_body_is_read_as_it_was_written(value):
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert StorableJSONParser().parse(io.BytesIO(body)) == value


@given(JSON_VALUES)
def test_nesting_is_counted_as_the_parser_would_meet_it(value):
    assert nesting(json.dumps(value)) == _depth(value)


def test_the_deepest_nesting_allowed_is_read():
    body = "[" * MOST_LEVELS + "]" * MOST_LEVELS
    assert StorableJSONParser().parse(io.BytesIO(body.encode())) is not None


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


@pytest.mark.parametrize(
    "address",
    ["/healthz%00", "/healthz?a=%00", "/healthz?a=%ff", "/api/v1/schema/?format=%00json"],
)
def test_an_address_that_is_not_text_is_a_bad_request(client, address):
    path, _, query = address.partition("?")
    answer = client.get("/", PATH_INFO=_as_wsgi(path), QUERY_STRING=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_address"


def _as_wsgi(path):
    return unquote_to_bytes(path).decode("latin-1")


def test_ordinary_text_in_an_address_passes(client):
    assert client.get("/healthz", {"a": "é😀"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/manage/advisers/sessions/3/close/", "/manage/advisers/sessions/3/"),
        ("/manage/advisers/retrain/", "/manage/advisers/"),
        ("/needs/3/outcome/1/", "/needs/3/"),  # what stands between is no page
        ("/logout/", "/"),
    ],
)
def test_an_address_that_only_takes_a_form_leads_to_the_page_above_it(db, address, page):
    client = logged_in(factories.make_reader("rosa") if "needs" in address else factories.make_admin())
    assert client.get(address).url == page
    assert client.head(address).status_code == 405


def test_the_api_and_pages_that_take_no_form_refuse_as_before(db):
    client = logged_in(factories.make_admin())
    assert client.get("/api/v1/token/").status_code == 405
    assert client.post("/manage/").status_code == 405


PRIVATE = [
    "/",
    "/needs/",
    "/password/",
    "/login/",
    "/manage/",
    "/api/v1/me/",
    "/api/v1/nowhere/",
    "/nowhere/",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_answer_is_stored_on_its_way_or_by_the_browser(client, db, address):
    assert "no-store" in client.get(address)["Cache-Control"]
    client.force_login(factories.make_reader())
    assert "no-store" in client.get(address)["Cache-Control"]


def test_static_files_are_stored(client, db):
    answer = client.get("/static/tiebreak/slate.js")
    assert answer.status_code == 200
    assert "no-store" not in answer["Cache-Control"]
    answer.close()
