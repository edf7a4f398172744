"""Query parameters of the API: what is unknown is refused by name, and keys find what ids would."""

from __future__ import annotations

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIRequestFactory

from ranking.api.base import Endpoint
from ranking.services import serving
from tests import factories, trainings

QUERIES = "/api/v1/queries/"


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def reader(project):
    return factories.api_client(factories.make_reader("rosa", "Harbour"))


@pytest.fixture
def admin(project):
    return factories.api_client(factories.make_admin())


def refused(answer):
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "invalid"
    return answer.json()["error"]["fields"]


def views():
    (api,) = (part for part in get_resolver().url_patterns if getattr(part, "namespace", "") == "api")
    for pattern in api.url_patterns:
        view = pattern.callback.cls
        if issubclass(view, Endpoint):
            yield f"/api/v1/{pattern.pattern}".replace("int:", "").replace("slug:", ""), view


def test_every_operation_knows_the_parameters_that_its_schema_names(db):
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    seen = 0
    for path, view in views():
        address = path.replace("<", "{").replace(">", "}").replace("{pk}", "{id}")
        for method, operation in paths[address].items():
            made = view()
            made.request = getattr(APIRequestFactory(), method)("/")
            named = sorted(one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
            assert made.known_parameters() == named, f"{method} {address}"
            seen += len(named)
    assert seen > 80


@pytest.mark.parametrize(
    ("address", "known"),
    [
        (QUERIES, "key, ordering, organisation, page, page_size, project, search"),
        ("/api/v1/versions/", "in_service, kind, number, ordering, page, page_size, project"),
        ("/api/v1/projects/", "page, page_size"),
        ("/api/v1/projects/advisers/gaps/", "state"),
        ("/api/v1/projects/advisers/export/", "as"),
    ],
)
def test_an_unknown_filter_is_refused_by_name_with_those_that_are_known(admin, address, known):
    for name in ("stat", "projct", "Key"):
        answer = admin.get(address, {name: "advisers"})
        assert refused(answer) == {name: [f"Unknown parameter: expected one of {known}."]}
    assert admin.head(address, {"stat": "x"}).status_code == 400


def test_what_takes_no_parameter_says_so(admin, project):
    for address in ("/api/v1/me/", f"{QUERIES}{project.queries.first().pk}/", "/api/v1/projects/advisers/"):
        assert refused(admin.get(address, {"id": 1})) == {
            "id": ["Unknown parameter: this operation takes none."]
        }
    answer = admin.post("/api/v1/jobs/?dry_run=true", {"project": "advisers", "learn_from": "labels"}, "json")
    assert list(refused(answer)) == ["dry_run"]
    assert not project.jobs.exists()


def test_what_is_not_ones_own_does_not_exist_whatever_is_asked_of_it(reader):
    assert reader.get("/api/v1/versions/", {"stat": "x"}).status_code == 404
    assert factories.APIClient().get(QUERIES, {"stat": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("address", "asked", "words"),
    [
        ("/api/v1/versions/", {"in_service": "maybe"}, "'maybe' is unknown: expected true or false."),
        ("/api/v1/versions/", {"kind": "tree"}, "“tree” is unknown: expected one of rule, trained."),
        ("/api/v1/versions/", {"number": "two"}, "Enter a whole number."),
        (
            "/api/v1/promotions/",
            {"automatic": "2"},
            "'2' is unknown: expected true or false.",
        ),
        (
            "/api/v1/evaluations/",
            {"verdict": "good"},
            "“good” is unknown: expected one of promote, not_yet, refuse.",
        ),
        (
            "/api/v1/training-sets/",
            {"ordering": "size"},
            "“size” is unknown: expected one of id, -id, created_at, -created_at.",
        ),
        ("/api/v1/jobs/", {"state": ""}, "Empty: expected a value, or no such parameter."),
        (QUERIES, {"project": ["advisers", "second"]}, "Given 2 times: expected one value."),
        (QUERIES, {"ordering": ","}, "Nothing beside a comma: expected a name on both sides."),
        ("/api/v1/members/", {"ordering": "id,"}, "Nothing beside a comma: expected a name on both sides."),
        (QUERIES, {"page_size": "many"}, "'many': expected a whole number from 1 to 200."),
        (QUERIES, {"page_size": "201"}, "'201': expected a whole number from 1 to 200."),
        (QUERIES, {"page_size": "0"}, "'0': expected a whole number from 1 to 200."),
        (QUERIES, {"page": "last"}, "'last': expected a whole number from 1 on."),
        (QUERIES, {"page": "1.5"}, "'1.5': expected a whole number from 1 on."),
        ("/api/v1/members/", {"role": "boss"}, "“boss” is unknown: expected one of expert, reader, admin."),
        ("/api/v1/gold-lists/", {"retired": "no"}, "'no' is unknown: expected true or false."),
    ],
)
def test_a_value_that_cannot_be_says_what_was_expected(admin, address, asked, words):
    (name,) = asked
    assert refused(admin.get(address, asked)) == {name: [words]}


def test_an_empty_search_finds_everything(admin):
    assert admin.get(QUERIES, {"search": ""}).json()["count"] == 12


@pytest.mark.parametrize(("text", "numbers"), [("true", [0]), ("FALSE", [1]), ("1", [0])])
def test_true_and_false_are_read_as_texts(admin, project, text, numbers):
    trainings.make_version(project)
    found = admin.get("/api/v1/versions/", {"in_service": text}).json()["results"]
    assert [row["number"] for row in found] == numbers


# --- by key -------------------------------------------------------------------------------------------------
def test_a_need_is_found_by_its_key(admin, project):
    query = project.queries.order_by("key")[3]
    found = admin.get(QUERIES, {"key": query.key, "project": "advisers"}).json()["results"]
    assert [(row["id"], row["key"]) for row in found] == [(query.pk, query.key)]


@pytest.mark.parametrize("change", [str.lower, lambda key: key[:-1], lambda key: key + " "])
def test_a_key_is_the_whole_key(admin, project, change):
    key = project.queries.first().key
    assert change(key) != key
    assert admin.get(QUERIES, {"key": change(key)}).json()["results"] == []


def test_the_key_of_a_foreign_need_finds_nothing_as_a_missing_one_does(reader, project):
    own, foreign = (factories.queries_of(project, name)[0] for name in ("Harbour", "Meadow"))
    assert reader.get(QUERIES, {"key": own.key}).json()["count"] == 1
    missing = reader.get(QUERIES, {"key": "nobody"})
    assert reader.get(QUERIES, {"key": foreign.key}).content == missing.content
    foreign.active = own.active = False
    own.save()
    assert reader.get(QUERIES, {"key": own.key}).content == missing.content


def test_a_key_in_two_projects_is_told_apart_by_the_project(admin, project):
    second = factories.make_project("second", items=6, queries=3)
    key = second.queries.first().key
    assert admin.get(QUERIES, {"key": key}).json()["count"] == 2
    (row,) = admin.get(QUERIES, {"key": key, "project": "second"}).json()["results"]
    assert row["project"] == "second"


def test_an_item_of_a_list_is_found_by_its_key_and_keeps_its_rank(reader, project):
    query = factories.queries_of(project, "Harbour")[0]
    whole = reader.get(f"{QUERIES}{query.pk}/ranking/").json()
    line = whole["results"][7]
    found = reader.get(f"{QUERIES}{query.pk}/ranking/", {"key": line["key"]}).json()
    assert (found["count"], found["results"]) == (1, [line])
    assert found["ranking"] == whole["ranking"]
    assert reader.get(f"{QUERIES}{query.pk}/ranking/", {"key": "nobody"}).json()["results"] == []


def test_a_program_that_knows_keys_alone_declines_a_match(reader, project):
    query = factories.queries_of(project, "Harbour")[0]
    item = serving.serve(query).matches.order_by("rank")[2].item_version.item
    (need,) = reader.get(QUERIES, {"key": query.key, "project": "advisers"}).json()["results"]
    (line,) = reader.get(f"{QUERIES}{need['id']}/ranking/", {"key": item.key}).json()["results"]
    reader.post("/api/v1/outcomes/", {"match": line["id"], "kind": "declined"}, "json")
    (outcome,) = reader.get("/api/v1/outcomes/", {"query_key": query.key}).json()["results"]
    assert outcome["kind"] == "declined"
    assert reader.get("/api/v1/outcomes/", {"query_key": "nobody"}).json()["count"] == 0


def test_what_was_judged_is_found_by_the_key_of_the_need(admin, project):
    session = factories.make_closed_session(project, [factories.make_expert()])
    query = session.slates.first().query
    for address in ("/api/v1/judgements/", "/api/v1/preferences/"):
        by_id = admin.get(address, {"query": query.pk}).json()
        by_key = admin.get(address, {"query_key": query.key, "project": "advisers"}).json()
        assert by_key == by_id
        assert by_key["count"] > 0
        assert admin.get(address, {"query_key": "nobody"}).json()["count"] == 0
