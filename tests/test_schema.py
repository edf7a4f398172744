"""The API keeps to its own OpenAPI schema, whatever is sent to it, and never fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.exceptions import HTTP_OF_ERROR
from config.wsgi import application
from feedback.models import ComparisonSession, FeedbackSession, Judgement, ListChoice, Member, Slate
from ranking.models import Evaluation, Match, ModelVersion, Query, TrainingJob, TrainingSet
from ranking.services import serving
from tests import factories, trainings

ROOT = Path(__file__).resolve().parent.parent
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: How many requests each operation gets from each role: an admin reaches most of them.
EXAMPLES = {"anonymous": 4, "expert": 10, "reader": 10, "other reader": 6, "admin": 14}
#: How many operations must have succeeded at least once: requests that are all refused would prove little.
REACHED = {"anonymous": 1, "expert": 13, "reader": 9, "other reader": 8, "admin": 38}
#: Where an address has the id of which row.
ROWS = {
    "queries/": Query,
    "matches/": Match,
    "training-sets/": TrainingSet,
    "jobs/": TrainingJob,
    "versions/": ModelVersion,
    "evaluations/": Evaluation,
    "my/sessions/": FeedbackSession,
    "sessions/": FeedbackSession,
    "slates/": Slate,
    "my/comparisons/": ComparisonSession,
    "comparisons/": ComparisonSession,
    "choices/": ListChoice,
    "judgements/": Judgement,
    "members/": Member,
}


@pytest.fixture
def one_connection(db) -> Iterator[None]:
    """Keep the test's connection open between requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def tokens(one_connection, caplog) -> dict[str, str]:
    """A project in the middle of its life, and a token for each role."""
    for name in ("django.request", "django_structlog", "axes"):
        caplog.set_level(logging.ERROR, logger=name)  # refusals are meant: only failures are news
    project = factories.make_project(items=20, queries=6)
    people = {
        "expert": factories.make_expert("edda"),
        "reader": factories.make_reader("rosa", "Harbour"),
        "other reader": factories.make_reader("mona", "Meadow"),
        "admin": factories.make_admin("ada"),
    }
    factories.make_closed_session(project, [people["expert"]])
    factories.make_session(project, [people["expert"]], title="Second round", asks_ratings=True)
    for query in project.queries.select_related("project"):
        serving.serve(query)
    trainings.promote(trainings.make_version(project))
    challenger = trainings.make_version(project, sort="age")
    factories.make_comparison(challenger, project.versions.get(number=1), [people["expert"]])
    trainings.make_job(factories.make_project("second", items=6, queries=3))
    keys = {role: Token.objects.create(user=user).key for role, user in people.items()}
    return {"anonymous": "", **keys}


def test_the_schema_is_valid_and_complete(tmp_path):
    target = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    assert "/api/v1/slates/{id}/judgement/" in target.read_text()


def test_every_operation_of_the_api_is_in_the_schema(one_connection):
    documented = {path.replace("{", "<").replace("}", ">") for path in _schema().raw_schema["paths"]}
    served = {
        "/" + str(pattern.pattern).replace("int:", "").replace("slug:", "").replace("<pk>", "<id>")
        for pattern in get_resolver().url_patterns
        if not hasattr(pattern, "url_patterns")
    }
    api = next(
        resolver for resolver in get_resolver().url_patterns if getattr(resolver, "namespace", "") == "api"
    )
    for pattern in api.url_patterns:
        address = f"/api/v1/{pattern.pattern}"
        served.add(address.replace("int:", "").replace("slug:", "").replace("<pk>", "<id>"))
    assert {path for path in served if path.startswith("/api/v1/")} - {"/api/v1/schema/"} == documented


def test_every_operation_of_the_api_is_explained(one_connection):
    """Each address stands in docs/api.md, in code marks as a reader would search for it."""
    told = set(re.findall(r"/api/v1/[\w/{}-]*/", (ROOT / "docs" / "api.md").read_text()))
    examples = {path for path in told if re.search(r"/\d+/", path)}
    assert told - examples - {"/api/v1/schema/"} == set(_schema().raw_schema["paths"])


def test_every_code_of_an_error_is_explained():
    elsewhere = {"refused", "lost_lease", "job_cancelled", "import_refused"}  # of workers and commands
    codes = {code for _, code in HTTP_OF_ERROR.values()} - elsewhere
    text = (ROOT / "docs" / "api.md").read_text()
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_the_schema_is_for_who_may_use_the_api(client, db):
    assert client.get("/api/v1/schema/").status_code == 401
    stranger = factories.User.objects.create_user("nils")
    assert factories.api_client(stranger).get("/api/v1/schema/").status_code == 403
    client.force_login(factories.make_expert())
    assert client.get("/api/v1/schema/").status_code == 200


def test_the_schema_is_made_once_and_sent_once(db, monkeypatch):
    client, address = factories.api_client(factories.make_reader()), "/api/v1/schema/?format=json"
    first = client.get(address)
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)  # whoever makes it again fails
    again = client.get(address)
    assert (again.status_code, again.content, again["ETag"]) == (200, first.content, first["ETag"])
    unchanged = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.get(address, HTTP_IF_NONE_MATCH='"another"').status_code == 200
    assert first["Cache-Control"] == "private, no-cache"


def test_the_schema_comes_in_the_format_that_is_asked_for(db):
    client = factories.api_client(factories.make_reader())
    assert client.get("/api/v1/schema/").content.startswith(b"openapi:")
    accepted = client.get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert accepted.content.startswith(b"{")


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("role", EXAMPLES)
def test_no_request_makes_the_api_fail_or_leave_its_schema(tokens, role):
    headers = {"Authorization": f"Token {tokens[role]}"} if tokens[role] else {}
    reached = [operation.label for operation in _operations() if _attack(operation, headers, EXAMPLES[role])]
    assert len(reached) >= REACHED[role], reached


def _schema() -> Any:
    reader = factories.User.objects.filter(username="rosa").first() or factories.make_reader()
    return schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application, headers=_token(reader))


def _token(user: Any) -> dict[str, str]:
    return {"Authorization": f"Token {Token.objects.get_or_create(user=user)[0].key}"}


def _operations() -> Iterator[Any]:
    for found in _schema().get_all_operations():
        yield found.ok()


def _attack(operation: Any, headers: dict[str, str], examples: int) -> bool:
    """Send made-up requests to an operation, check each answer, and return whether one of them succeeded."""
    statuses = set()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.integers(0, 40))
    def attack(case: Any, real: int) -> None:
        if real % 4:  # else hardly any request would get as far as a service
            _make_real(case, real)
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)  # each request meets the same rows
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    attack()
    return any(200 <= status < 300 for status in statuses)


def _make_real(case: Any, number: int) -> None:
    """Put ids and names that exist where a random one would never hit; what else is sent stays as it is."""
    case.query.pop("page", None)
    address = case.path.removeprefix("/api/v1/")
    model = next((model for start, model in ROWS.items() if address.startswith(start)), None)
    if model is not None and "id" in case.path_parameters:
        case.path_parameters["id"] = _pick(model, number).pk
    known = {
        "project": "advisers",
        "experts": ["edda"],
        "organisation": "harbour",
        "match": _pick(Match, number).pk,
        "version": _pick(ModelVersion, number).pk,
        "challenger": _pick(ModelVersion, number).pk,
        "champion": _pick(ModelVersion, number + 1).pk,
        "expected_sha256": _pick(ModelVersion, number).sha256,
        "username": "rosa",
        "password": factories.PASSWORD,
        "slug": "advisers",
        "other": _pick(Match, number + 1).pk,
        "If-Match": '"0"',
    }
    if address.endswith("/judgement/"):
        slate = Slate.objects.filter(state="open").order_by("pk")[number % 3]
        case.path_parameters["id"] = slate.pk
        known |= {"kind": "reorder", "tiers": [[card] for card in factories.true_order(slate)], "rest": []}
        known |= {"ratings": {}, "items": [], "reason_tags": ["right_focus"]}
    for place in (case.path_parameters, case.headers, case.body):
        if isinstance(place, Mapping):
            for name in {*place} & {*known}:
                place[name] = known[name]


def _pick(model: Any, number: int) -> Any:
    rows = model.objects.order_by("pk")
    return rows[number % len(rows)]
