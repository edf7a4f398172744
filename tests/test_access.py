"""Who may do what, at every address of the site: `tests/access_table.py` is the promise, this holds it.

Every address of the URLconf x every method x seven identities. An address without a row fails.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from feedback.models import Member, SlateItem
from ranking.models import Project
from ranking.services import serving
from tests import factories, trainings
from tests.access_table import API, OPEN, PAGES, Row

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Who asks -> the role, and whether the objects in the addresses are theirs.
IDENTITIES = {
    "anonymous": ("anonymous", True),
    "expert": ("expert", True),
    "other expert": ("expert", False),
    "reader": ("reader", True),
    "other organisation's reader": ("reader", False),
    "admin": ("admin", True),
    "somebody without a role": ("nobody", True),
}
MISSING = {"slug": "no-such-project", "username": "no-such-person"}
#: A page's token against forged requests is another one each time.
ONE_TIME = re.compile(rb"[A-Za-z0-9]{64}")
LOG_IN = "to the log-in page"
LED_ON = "to one's own sessions"
IN = "in"


@dataclass(frozen=True)
class World:
    """The objects in the addresses, by the names of the table, and a client for each identity."""

    objects: dict[str, Any]
    pages: dict[str, Client]
    api: dict[str, Client]

    def value(self, name: Any) -> Any:
        """Return a value of the table: `@name` stands for an object."""
        return self.objects[name[1:]] if isinstance(name, str) and name.startswith("@") else name

    def address(self, name: str, row: Row, **changes: Any) -> str:
        """Return the address of a row, of its own objects but for `changes`."""
        kwargs = {parameter: self.objects[kept] for parameter, kept in row.ids.items()}
        if name in IN_A_PROJECT:
            kwargs["slug"] = self.objects["slug"]
        return reverse(name, kwargs={**kwargs, **changes})

    def ask(self, name: str, row: Row, method: str, *, identity: str, address: str = "") -> Any:
        """Return the answer to a request with the body and headers of its row; nothing of it is kept."""
        client = (self.api if name in API else self.pages)[identity]
        body = {key: self.value(value) for key, value in row.body.items()}
        options: dict[str, Any] = {"headers": dict(row.headers)}
        if name in API:
            options |= {"data": body if method not in ("GET", "HEAD") else {}, "format": "json"}
        elif method == "PUT":
            options |= {"data": body, "content_type": "application/json"}
        elif method == "POST":
            options |= {"data": body}
        with transaction.atomic():
            response = getattr(client, method.lower())(address or self.address(name, row), **options)
            transaction.set_rollback(True)  # each request meets the same rows
        return response


def _routes(patterns: Any, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or path}", path, pattern
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _routes(pattern.url_patterns, inner, path)


ROUTES = {name: path for name, path, _ in _routes(get_resolver().url_patterns)}
IN_A_PROJECT = {name for name, path in ROUTES.items() if path.startswith("manage/<slug:slug>/")}
BACK_DOOR = sorted(name for name in ROUTES if name.startswith("admin:"))


@pytest.fixture
def world(db, caplog) -> World:
    for name in ("django.request", "django_structlog", "axes"):
        caplog.set_level(
            logging.ERROR, logger=name
        )  # thousands of refusals are meant: only failures are news
    cache.clear()
    people = {
        "anonymous": None,
        "expert": factories.make_expert("edda"),
        "other expert": factories.make_expert("emil"),
        "reader": factories.make_reader("rosa", "Harbour"),
        "other organisation's reader": factories.make_reader("mona", "Meadow"),
        "admin": factories.make_admin("ada"),
        "somebody without a role": factories.User.objects.create_user("nils"),
    }
    return World(objects_of(people), _clients(people, _page_client), _clients(people, _api_client))


def _clients(people: dict[str, Any], make: Any) -> dict[str, Client]:
    return {identity: make(user) for identity, user in people.items()}


def _page_client(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _api_client(user: Any) -> Client:
    client = factories.api_client(user)
    client.raise_request_exception = False
    return client


def objects_of(people: dict[str, Any]) -> dict[str, Any]:
    """A project in the middle of its life, beside another one: what there is to be seen, and to be hidden."""
    project = factories.make_project(items=24, queries=6)
    second = factories.make_project("second", items=6, queries=3)
    return {
        "zero": 0,
        "one": 1,
        "two": 2,
        "slug": project.slug,
        "second_slug": second.slug,
        "second_query": second.queries.first().pk,
        "second_version": second.versions.get().pk,
        "queued_job": trainings.make_job(second).pk,
        "member": Member.objects.get(user=people["reader"]).pk,
        "expert_name": "edda",
        "reader": "rosa",
        "password": factories.PASSWORD,
        **_sessions_of(project, people),
        **_versions_of(project, people),
        "gold": factories.make_gold(project, size=4).pk,
    }


def _sessions_of(project: Project, people: dict[str, Any]) -> dict[str, Any]:
    closed = factories.make_closed_session(project, [people["expert"]], slates_per_expert=6)
    session = factories.make_session(project, [people["expert"]])
    foreign_session = factories.make_session(project, [people["other expert"]])
    gap = factories.judge(foreign_session.slates.last(), kind="missing_information", field="fee")
    return {
        "session": session.pk,
        "foreign_session": foreign_session.pk,
        "closed_session": closed.pk,
        "slate": session.slates.first().pk,
        "foreign_slate": foreign_session.slates.first().pk,
        "judged_slate": closed.slates.first().pk,
        "gap": gap.pk,
        "judgement": closed.slates.first().judgement.pk,
    }


def _versions_of(project: Project, people: dict[str, Any]) -> dict[str, Any]:
    """Two versions over the rule, what readers are served by two of them, and comparisons."""
    query, foreign_query = (factories.queries_of(project, name)[0] for name in ("Harbour", "Meadow"))
    serving.serve(query)
    trainings.promote(trainings.make_version(project))
    challenger, first = trainings.make_version(project, sort="age"), project.versions.get(number=0)
    matches, foreign_matches = (
        serving.serve(each).matches.order_by("rank") for each in (query, foreign_query)
    )
    comparison = factories.make_comparison(challenger, first, [people["expert"]])
    foreign_comparison = factories.make_comparison(challenger, first, [people["other expert"]])
    return {
        "query": query.pk,
        "foreign_query": foreign_query.pk,
        "match": matches[0].pk,
        "second_match": matches[1].pk,
        "foreign_match": foreign_matches[0].pk,
        "comparison": comparison.pk,
        "foreign_comparison": foreign_comparison.pk,
        "choice": comparison.choices.first().pk,
        "foreign_choice": foreign_comparison.choices.first().pk,
        "version": challenger.pk,
        "first_version": first.pk,
        "sha256": challenger.sha256,
        "evaluation": challenger.evaluations.get().pk,
        "training_set": challenger.training_set_id,
        "job": challenger.job.pk,
    }


# --- the table is complete ----------------------------------------------------------------------------------
def test_every_address_has_a_row_and_every_row_an_address():
    listed = {*API, *PAGES, *OPEN, *BACK_DOOR}
    assert {*ROUTES} - listed == set(), "addresses without a row in tests/access_table.py"
    assert listed - {*ROUTES} == set(), "rows without an address"


# --- the table holds ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("part", ["api", "feedback", "ranking"])
def test_each_identity_gets_as_far_as_the_table_says(world, part):
    table = {name: row for name, row in (API | PAGES).items() if name.startswith(f"{part}:")}
    mismatches = []
    for name, row in table.items():
        address = world.address(name, row)
        for method in METHODS:
            for identity in IDENTITIES:
                expected = _expected(name, row, method, identity)
                found = _answer(world, name, row, method, identity=identity, address=address)
                if found not in expected:
                    mismatches.append(f"{method} {name} by {identity}: expected {expected}, found {found}")
    assert not mismatches, "\n".join(mismatches)


def _expected(name: str, row: Row, method: str, identity: str) -> set[Any]:
    """Return what may be answered: one thing, but a page may refuse a method before it asks for the role."""
    role, owns = IDENTITIES[identity]
    in_api = name in API
    roles_in = row.known.get(method, "").split()
    if role in roles_in and not owns and method in row.not_owner:
        return {row.not_owner[method]}
    if role in roles_in and (owns or not row.owner):
        passed = {row.status.get(method, 200)} if in_api else {IN}
    elif role == "nobody" and row.no_role:
        passed = {row.no_role}
    elif role in roles_in or not in_api or method in row.known:
        foreign = LED_ON if row.leads_on else 404
        passed = {foreign} if role in roles_in else {_turned_away(role, in_api)}
    else:
        return {_wrong_method(role, row)}
    refused_first = not in_api and (method == "HEAD" or method not in row.known)
    return passed | {405} if refused_first else passed


def _wrong_method(role: str, row: Row) -> int:
    """Who may use an address of the API in any way learns that the method is not there."""
    somewhere = {allowed for roles in row.known.values() for allowed in roles.split()} - {
        "anonymous",
        "nobody",
    }
    return 405 if role in somewhere else _turned_away(role, True)


def _turned_away(role: str, in_api: bool) -> Any:
    if role == "anonymous":
        return 401 if in_api else LOG_IN
    if role == "nobody":
        return 403 if in_api else LOG_IN
    return 404


def _answer(world: World, name: str, row: Row, method: str, *, identity: str, address: str) -> Any:
    response = world.ask(name, row, method, identity=identity, address=address)
    takes_a_form_alone = method == "GET" and name in PAGES and "GET" not in row.known
    if takes_a_form_alone and address.startswith(response.get("Location", "elsewhere")):
        return 405  # the method is refused, and whoever opened the address is led to the page above it
    return _outcome(name, response)


def _outcome(name: str, response: Any) -> Any:
    if name in API:
        return response.status_code
    if response.status_code == 302 and response["Location"].startswith("/login/"):
        return LOG_IN
    if PAGES[name].leads_on and response.get("Location") == reverse("feedback:my_sessions"):
        return LED_ON
    # Once somebody is in, a page may show, lead on, or refuse what was sent.
    return (
        IN if response.status_code in (200, 201, 286, 302, 303, 400, 409, 412, 422) else response.status_code
    )


def test_the_back_door_is_closed_to_every_member(world):
    opened = []
    for name in BACK_DOOR:
        if name == "admin:login":
            continue
        address = "/" + ROUTES[name]
        for parameter in ("<path:object_id>", "<path:content_type_id>", "<int:content_type_id>"):
            address = address.replace(parameter, "1")
        for identity, client in world.pages.items():
            for method in ("get", "post"):
                response = getattr(client, method)(address.replace("^(?P<app_label>", "").replace("\\/", "/"))
                if response.status_code not in (302, 404):
                    opened.append(f"{method} {name} by {identity}: {response.status_code}")
    assert not opened, "\n".join(opened)


# --- foreign is missing -------------------------------------------------------------------------------------
WITH_FOREIGN = {name: row for name, row in (API | PAGES).items() if row.foreign}


def test_a_foreign_object_is_answered_exactly_like_a_missing_one(world):
    mismatches = []
    for name, row in WITH_FOREIGN.items():
        for method in row.methods:
            for identity in _insiders(row, method):
                for parameter in row.foreign:
                    texts = _foreign_and_missing(
                        world, name, row, method, identity=identity, parameter=parameter
                    )
                    if texts[0] != texts[1] or texts[0][0] != (200 if row.leads_on else 404):
                        told = [(status, len(text)) for status, text in texts]
                        mismatches.append(f"{method} {name} by {identity}, {parameter}: {told}")
    assert not mismatches, "\n".join(mismatches)


def _insiders(row: Row, method: str) -> list[str]:
    """Return who may use the address: an admin sees all of a project, but not one project as another."""
    roles = row.methods[method].split()
    own = [identity for identity, (role, owns) in IDENTITIES.items() if owns and role in roles]
    return [identity for identity in own if not (row.owner and identity == "admin")]


def _foreign_and_missing(
    world: World, name: str, row: Row, method: str, *, identity: str, parameter: str
) -> list[tuple[int, bytes]]:
    client = (world.api if name in API else world.pages)[identity]
    body = {key: world.value(value) for key, value in row.body.items()}
    options: dict[str, Any] = {"headers": dict(row.headers)}
    if method != "GET":
        options["data"] = body
    if name in API:
        options["format"] = "json"
    elif method == "PUT":
        options["content_type"] = "application/json"
    answers = []
    for value in (world.objects[row.foreign[parameter]], MISSING.get(parameter, 10**9)):
        address = world.address(name, row, **{parameter: value})
        # Where it leads on, what is said there is the answer.
        response = getattr(client, method.lower())(address, follow=row.leads_on, **options)
        answers.append((response.status_code, ONE_TIME.sub(b"", response.content)))
    return answers


def test_a_missing_address_is_answered_like_a_missing_object(world):
    client = world.api["reader"]
    missing = client.get("/api/v1/queries/1000000000/")
    assert client.get("/api/v1/no-such-thing/").json() == missing.json()
    assert client.get("/api/v1/versions/").content == missing.content


# --- ids in bodies and filters ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("identity", "address", "parameter", "foreign"),
    [
        ("expert", "api:slates", "session", "foreign_session"),
        ("expert", "api:choices", "session", "foreign_comparison"),
        ("reader", "api:outcomes", "query", "foreign_query"),
        ("reader", "api:queries", "organisation", "meadow"),
    ],
)
def test_a_foreign_id_in_a_filter_finds_what_a_missing_one_finds(
    world, identity, address, parameter, foreign
):
    client = world.api[identity]
    answers = [
        client.get(reverse(address), {parameter: value})
        for value in (world.objects.get(foreign, foreign), "nowhere" if foreign == "meadow" else 10**9)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["results"] == answers[1].json()["results"] == []


def test_a_foreign_id_in_a_body_is_refused_like_a_missing_one(world):
    client = world.api["reader"]
    found = []
    for match in (world.objects["foreign_match"], 10**9):
        answer = client.post(reverse("api:outcomes"), {"match": match, "kind": "shortlisted"}, format="json")
        found.append((answer.status_code, answer.content.replace(str(match).encode(), b"?")))
    assert found[0] == found[1]
    assert found[0][0] == 400


def test_the_cards_of_a_foreign_slate_are_not_taken(world):
    client = world.api["expert"]
    body = {"kind": "conflict_of_interest", "items": [1]}
    answers = []
    for card in (_a_card(world.objects["foreign_slate"]), 10**9):
        answer = client.post(
            reverse("api:slate_judgement", args=[world.objects["slate"]]),
            {**body, "items": [card]},
            format="json",
            headers={"Idempotency-Key": f"k{card}"},
        )
        answers.append((answer.status_code, answer.content))
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def _a_card(slate: int) -> int:
    return SlateItem.objects.filter(slate=slate).values_list("pk", flat=True)[0]
