"""The API tells which sessions moved a match or taught a version, and to whom."""

from __future__ import annotations

import pytest

from ranking.services import influence, provenance
from tests import factories
from tests.ranking.provenance.served import damage, lines

pytestmark = pytest.mark.django_db


def test_the_api_tells_the_sessions_of_a_match_to_whose_need_it_is(project, ranking, version):
    match = lines(ranking)[0]
    address = f"/api/v1/matches/{match.pk}/provenance/"
    found = factories.api_client(factories.make_reader("rosa", "Harbour")).get(address)
    trace = provenance.trace(match)
    body = found.json()
    assert (body["version"], body["before"], body["missing"]) == (1, 0, "")
    assert body["trace"]["words"] == trace.words
    assert (body["trace"]["rank"], body["trace"]["together"]) == (1, trace.together)
    told = [(one["source"]["title"], one["places"], one["rank_without"]) for one in body["trace"]["sessions"]]
    assert told == [(share.source.title, share.places, share.rank_without) for share in trace.shares]
    assert "secret" not in found.content.decode()
    assert factories.api_client(factories.make_admin()).get(address).json() == body
    foreign = factories.api_client(factories.make_reader("mona", "Meadow"))
    assert foreign.get(address).status_code == 404


def test_the_api_tells_the_sessions_of_a_version_to_admins(version):
    address = f"/api/v1/versions/{version.pk}/provenance/"
    admin = factories.api_client(factories.make_admin())
    body = admin.get(address).json()
    found = influence.influences(version)
    assert (body["version"], body["before"], body["missing"]) == (1, 0, "")
    told = [(one["source"]["session"], one["moved"], one["came_in"]) for one in body["found"]["sessions"]]
    assert told == [(one.source.session, one.moved, one.came_in) for one in found.sessions]
    largest, move = body["found"]["sessions"][0]["largest"][0], found.sessions[0].largest[0]
    assert (largest["query"], largest["key"], largest["places"]) == (
        move.query.pk,
        move.item.key,
        move.places,
    )
    assert factories.api_client(factories.make_reader()).get(address).status_code == 404
    assert (
        admin.get(f"/api/v1/versions/{version.pk}/").json()["provenance_sha256"] == version.provenance_sha256
    )


def test_the_api_says_why_there_is_nothing_to_tell(project, version, ranking):
    admin = factories.api_client(factories.make_admin())
    rule = project.versions.get(number=0)
    assert admin.get(f"/api/v1/versions/{rule.pk}/provenance/").json() == {
        "version": 0,
        "before": None,
        "missing": "version 0 is the sorting rule: no session taught it",
        "found": None,
    }
    damage(version)
    for address in (f"versions/{version.pk}", f"matches/{lines(ranking)[0].pk}"):
        answer = admin.get(f"/api/v1/{address}/provenance/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "broken_file")
