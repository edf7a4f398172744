"""Needs, lists and explanations over HTTP, as readers and admins read them."""

import csv
import io
import math

import pytest
from django.conf import settings
from django.core.cache import cache

from ranking.models import Promotion, Ranking
from ranking.services import files, serving
from tests import factories, trainings


@pytest.fixture
def project(db):
    cache.clear()
    return factories.make_project()


@pytest.fixture
def reader(project):
    return factories.api_client(factories.make_reader("rosa", "Harbour"))


@pytest.fixture
def admin(db):
    return factories.api_client(factories.make_admin())


def _ranking(client, query, **params):
    return client.get(f"/api/v1/queries/{query.pk}/ranking/", params)


def test_a_reader_sees_the_needs_of_the_own_organisation_alone(project, reader):
    found = reader.get("/api/v1/queries/").json()
    assert found["count"] == 4
    assert {row["organisation"] for row in found["results"]} == {"harbour"}


def test_an_admin_sees_all_needs_and_filters_them(project, admin):
    assert admin.get("/api/v1/queries/").json()["count"] == 12
    found = admin.get(
        "/api/v1/queries/", {"organisation": "meadow", "search": "mandate 0", "ordering": "-id"}
    )
    ids = [row["id"] for row in found.json()["results"]]
    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)


def test_an_unknown_order_is_refused(admin, project):
    answer = admin.get("/api/v1/queries/", {"ordering": "assets"})
    assert answer.status_code == 400
    assert "ordering" in answer.json()["error"]["fields"]


def test_a_need_is_told_in_words(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    found = reader.get(f"/api/v1/queries/{query.pk}/").json()
    size = next(fact for fact in found["facts"] if fact["name"] == "size")
    assert size["label"] == "Size"
    assert size["value"].startswith("$")
    assert found["brief"] == query.content["brief"]


def test_a_list_comes_in_pages_with_reasons_and_facts(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    first = _ranking(reader, query, page_size=10).json()
    second = _ranking(reader, query, page_size=10, page=2).json()
    assert [line["rank"] for line in first["results"]] == list(range(1, 11))
    assert [line["rank"] for line in second["results"]] == list(range(11, 21))
    assert first["count"] == first["ranking"]["eligible_total"]
    assert first["ranking"]["version"] == 0
    assert any(line["reasons"] for line in first["results"])
    assert {fact["name"] for fact in first["results"][0]["facts"]} == set(
        factories.DESCRIPTION["item"]["card"]
    )
    rule = first["ranking"]["rules"][0]
    assert rule["words"] == "manages at least $100 m"
    assert rule["removed"] == 40 - first["count"]


def test_a_search_in_a_list_keeps_its_order(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    found = _ranking(reader, query, search="adviser 1").json()["results"]
    assert found
    assert all("Adviser 1" in line["title"] for line in found)
    assert [line["rank"] for line in found] == sorted(line["rank"] for line in found)


def test_a_second_look_serves_the_stored_list(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    first = _ranking(reader, query).json()["ranking"]["id"]
    assert _ranking(reader, query).json()["ranking"]["id"] == first
    assert Ranking.objects.count() == 1


def test_the_parts_of_an_explanation_add_up_to_the_score(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    line = _ranking(reader, query).json()["results"][2]
    found = reader.get(f"/api/v1/matches/{line['id']}/").json()
    why = found["explanation"]
    assert found["match"]["rank"] == 3
    assert math.isclose(why["score"], line["score"], abs_tol=1e-9)
    assert math.isclose(
        why["typical"] + sum(part["amount"] for part in why["parts"]), why["score"], abs_tol=1e-9
    )


def test_why_one_line_stands_above_another_adds_up_to_their_difference(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    upper, *_, lower = _ranking(reader, query).json()["results"]
    why = reader.get(f"/api/v1/matches/{upper['id']}/above/{lower['id']}/").json()
    assert math.isclose(why["difference"], upper["score"] - lower["score"], abs_tol=1e-9)
    assert math.isclose(sum(part["amount"] for part in why["parts"]), why["difference"], abs_tol=1e-9)
    assert (why["upper"]["id"], why["lower"]["id"]) == (upper["id"], lower["id"])


def test_two_lines_of_different_lists_are_not_compared(project, reader):
    lines = [
        _ranking(reader, query).json()["results"][0] for query in factories.queries_of(project, "Harbour")
    ]
    answer = reader.get(f"/api/v1/matches/{lines[0]['id']}/above/{lines[1]['id']}/")
    assert answer.status_code == 404


def test_a_line_of_the_first_list_has_not_moved(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    line = _ranking(reader, query).json()["results"][0]
    found = reader.get(f"/api/v1/matches/{line['id']}/movement/").json()
    assert found == {"since": None, "movement": None}


def test_a_line_says_how_far_it_moved_since_the_version_before(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    before = {line["key"]: line["rank"] for line in _ranking(reader, query).json()["results"]}
    trainings.promote(trainings.make_version(project, sort="fee"))
    line = _ranking(reader, query).json()["results"][0]
    found = reader.get(f"/api/v1/matches/{line['id']}/movement/").json()
    assert found["since"] == 0
    assert found["movement"]["rank_then"] == before[line["key"]]
    assert found["movement"]["rank_now"] == 1
    parts = sum(part["amount"] for part in found["movement"]["parts"])
    assert math.isclose(parts, found["movement"]["lead_now"] - found["movement"]["lead_then"], abs_tol=1e-9)


def test_a_damaged_champion_is_answered_by_the_last_good_one_and_flagged(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    version = trainings.make_version(project)
    trainings.promote(version)
    _damage(version)
    found = _ranking(reader, query).json()["ranking"]
    assert (found["version"], found["degraded"]) == (0, True)


def test_without_any_version_that_loads_the_stored_list_is_served_and_flagged(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    stored = _ranking(reader, query).json()["ranking"]["id"]
    _damage(Promotion.objects.get().version)
    found = _ranking(reader, query).json()["ranking"]
    assert (found["id"], found["degraded"]) == (stored, True)


def test_without_a_version_and_without_a_stored_list_the_answer_says_so(project, reader):
    _damage(Promotion.objects.get().version)
    answer = _ranking(reader, factories.queries_of(project, "Harbour")[0])
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "no_champion"


def _damage(version):
    path = settings.VAR_DIR / "files" / version.file
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    serving.forget_rankers()
    assert not files._holds(version.file, version.sha256)


def test_an_inactive_need_is_not_there(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    query.active = False
    query.save()
    assert reader.get(f"/api/v1/queries/{query.pk}/").status_code == 404
    assert _ranking(reader, query).status_code == 404


def test_a_page_beyond_the_last_is_not_there(project, admin):
    assert admin.get("/api/v1/queries/", {"page": 99}).status_code == 404
    assert admin.get("/api/v1/queries/", {"page_size": 5}).json()["next"].endswith("page=2&page_size=5")


@pytest.mark.parametrize(
    ("address", "expected"),
    [("/api/v1/queries/", 4), ("/api/v1/projects/", 4), ("/api/v1/queries/{query}/ranking/", 8)],
)
def test_a_list_takes_the_same_number_of_reads_at_any_length(
    project, admin, django_assert_num_queries, address, expected
):
    address = address.format(query=factories.queries_of(project, "Harbour")[0].pk)
    admin.get(address)  # serves the list, so that a stored one is read below
    for size in (1, 200):
        with django_assert_num_queries(expected):
            assert admin.get(address, {"page_size": size}).status_code == 200


def test_a_list_is_exported_with_every_field_and_without_formulas(project, reader):
    query = factories.queries_of(project, "Harbour")[0]
    item = project.items.first()
    factories.revise_item(item, {**item.current.content, "name": "=1+1", "assets": 9e11})
    answer = reader.get(f"/api/v1/queries/{query.pk}/export/", headers={"Accept": "text/csv"})
    assert answer["Content-Type"].startswith("text/csv")
    assert "mandate" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Rank"] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
    assert rows[0]["Name"] == "'=1+1"


def test_the_errors_of_an_export_are_json_whatever_is_accepted(project, reader):
    answer = reader.get("/api/v1/queries/1000000/export/", headers={"Accept": "text/csv"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
