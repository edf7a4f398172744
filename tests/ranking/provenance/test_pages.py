"""The pages on which admins and end users read which sessions moved a match or taught a version."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from ranking.services import provenance, serving
from tests import trainings
from tests.ranking.provenance.served import damage, lines

pytestmark = pytest.mark.django_db


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def moved_page(client, match, **params):
    return client.get(reverse("feedback:why_moved", args=[match.ranking.query_id, match.rank]), params)


def sessions_page(client, number=1, **options):
    return client.get(reverse("ranking:version_provenance", args=["advisers", number]), **options)


def test_the_page_of_a_version_loads_its_sessions_after_itself(admin, version, sessions):
    page = admin.get(reverse("ranking:version", args=["advisers", 1])).content.decode()
    assert reverse("ranking:version_provenance", args=["advisers", 1]) in page
    assert (
        "provenance-title" not in admin.get(reverse("ranking:version", args=["advisers", 0])).content.decode()
    )
    whole, part = sessions_page(admin), sessions_page(admin, headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    for answer in (whole, part):
        said, (most, _) = words(answer), answer.context["found"].sessions
        assert "The first ten of 12 needs, 120 matches" in said
        row = f"{most.moved} {most.came_in} {most.lists}"
        assert f"Autumn round 3 lists, 2 experts {row}" in said
        assert "Spring round simulated 3 lists, 1 expert" in said
        assert "do not add up to the whole" in said
        for session in sessions:
            assert reverse("feedback:session", args=["advisers", session.pk]) in answer.content.decode()
        move = most.largest[0]
        assert f"{move.distance} {move.query.title} {move.rank_without} {move.rank}" in said
        assert reverse("feedback:matches", args=[move.query.pk]) in answer.content.decode()


def test_the_panel_says_plainly_when_nothing_can_be_said(admin, project, version):
    assert "Version 0 is the sorting rule: no session taught it." in words(sessions_page(admin, 0))
    damage(version)
    assert "is damaged" in words(sessions_page(admin))


def test_a_reader_reads_which_sessions_moved_a_match_and_no_name(reader, ranking):
    match = next(match for match in lines(ranking) if provenance.trace(match).together)
    answer = moved_page(reader, match)
    said = words(answer)
    assert provenance.trace(match).words in said
    assert "what changes when that session alone is left out" in said
    assert "do not add up to the whole" in said
    assert "Counted" not in said
    assert "secret" not in said
    assert "/manage/" not in answer.content.decode()


def test_an_admin_sees_the_sessions_with_their_places_experts_and_links(admin, ranking, sessions):
    match = lines(ranking)[0]
    answer = moved_page(admin, match)
    said, found = words(answer), provenance.trace(match)
    assert found.words in said
    for share in found.shares:
        assert reverse("feedback:session", args=["advisers", share.source.session]) in answer.content.decode()
    assert "3 lists by edda-secret , emil-secret" in said
    assert "3 lists by edda-secret" in said
    assert reverse("feedback:expert", args=["advisers", "edda-secret"]) in answer.content.decode()


def test_the_page_of_a_move_stands_when_its_sessions_cannot_be_named(reader, admin, version, ranking):
    match = lines(ranking)[0]
    damage(version)
    said = words(moved_page(reader, match))
    assert "This can't be said at the moment: a stored file can't be read." in said
    assert "What counts differently now" in said
    assert version.provenance_sha256[:12] not in said
    assert version.provenance_sha256[:12] in words(moved_page(admin, match))


def test_a_move_by_graded_labels_was_made_by_no_session(project, reader, query):
    serving.serve(query)
    trainings.promote(trainings.make_version(project))
    match = lines(serving.serve(query))[0]
    assert "Version 1 learned from graded labels, not from sessions." in words(moved_page(reader, match))


def test_a_list_that_went_back_was_moved_by_no_session(project, reader, version, ranking):
    trainings.promote(project.versions.get(number=0), reason="Back.")
    match = lines(serving.serve(ranking.query))[0]
    said = words(moved_page(reader, match))
    assert "The list went back to version 0" in said
    assert "Which sessions moved it" not in said


def test_a_list_of_an_earlier_version_than_the_one_before_says_what_it_is_counted_from(
    project, reader, query, version, sessions
):
    """The need was not looked at under version 1: its last list is that of version 0."""
    second = trainings.make_taught_version(project, {sessions[0]: ("fee", -3.0)})
    trainings.promote(second)
    said = words(moved_page(reader, lines(serving.serve(query))[0]))
    assert "Counted from version 1, which version 2 was built on." in said
