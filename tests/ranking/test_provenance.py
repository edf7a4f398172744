"""Every move of a match can be traced to the sessions that caused it: service, pages and API."""

from __future__ import annotations

import html
import re

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from ranking.errors import BrokenFile, NoProvenance
from ranking.ltr import CorruptModel
from ranking.ltr.provenance import Provenance
from ranking.models import Project
from ranking.services import files, influence, provenance, serving
from ranking.services.candidates import candidates, forget_catalogues
from ranking.services.orders import forget_orders
from tests import factories, trainings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Rows get the same ids anew in each test: nothing kept by id may outlive one."""
    cache.clear()
    serving.forget_rankers()
    forget_orders()
    forget_catalogues()


@pytest.fixture
def project():
    return factories.make_project()


@pytest.fixture
def sessions(project):
    experts = [factories.make_expert(name) for name in ("edda-secret", "emil-secret")]
    autumn = factories.make_closed_session(project, experts, title="Autumn round", slates_per_expert=6)
    spring = factories.make_closed_session(project, experts[:1], title="Spring round", simulated=True)
    return autumn, spring


@pytest.fixture
def query(project):
    """A need of Harbour, the reader's organisation."""
    return factories.queries_of(project, "Harbour")[0]


@pytest.fixture
def version(project, sessions, query):
    """Version 1, in service: Autumn wants cheap ones, Spring wants old ones a little."""
    serving.serve(query)
    autumn, spring = sessions
    made = trainings.make_taught_version(project, {autumn: ("fee", -2.0), spring: ("age", 0.4)})
    trainings.promote(made)
    return made


@pytest.fixture
def ranking(version, query):
    return serving.serve(query)


@pytest.fixture
def admin(project):
    return logged_in(factories.make_admin())


@pytest.fixture
def reader(project):
    return logged_in(factories.make_reader())


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


def lines(ranking):
    return list(
        ranking.matches.select_related("item_version__item", "ranking__version", "ranking__query__project")
    )


def places_by(ranker_score, pool):
    """Return the place of each item under some scores, ties by key as lists are served."""
    order = sorted(range(len(pool)), key=lambda row: (-ranker_score[row], str(pool.keys[row])))
    return {int(pool.item_ids[row]): place for place, row in enumerate(order, start=1)}


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def moved_page(client, match, **params):
    return client.get(reverse("feedback:why_moved", args=[match.ranking.query_id, match.rank]), params)


def sessions_page(client, number=1, **options):
    return client.get(reverse("ranking:version_provenance", args=["advisers", number]), **options)


def damage(version):
    """Write other bytes under the name of the version's provenance."""
    with default_storage.open(version.provenance_file, "wb") as handle:
        handle.write(b"not what was written")


def without_file(version):
    """Take the provenance away from a version, as if it had been trained before any was kept."""
    version.provenance_file = version.provenance_sha256 = ""
    return version


# --- of one match -------------------------------------------------------------------------------------------
def test_each_session_is_told_by_the_place_without_it_and_all_by_the_version_before(
    ranking, version, sessions
):
    pool = candidates(ranking.query, version.feature_set)
    base = serving.ranker_of(version.parent).score(pool.features)
    lesson = serving.ranker_of(version).components[-1]
    fee, age = (part.score(pool.features) for part in lesson.parts)
    before, only_age, only_fee = (places_by(scores, pool) for scores in (base, base + age, base + fee))
    for match in lines(ranking):
        found, item = provenance.trace(match), match.item_version.item_id
        told = {share.source.title: (share.rank_without, share.places) for share in found.shares}
        assert told == {
            "Autumn round": (only_age[item], only_age[item] - match.rank),
            "Spring round": (only_fee[item], only_fee[item] - match.rank),
        }
        assert (found.rank, found.rank_before, found.same) == (match.rank, before[item], True)
        assert found.together == before[item] - match.rank
        assert [abs(share.places) for share in found.shares] == sorted(
            (abs(share.places) for share in found.shares), reverse=True
        )
    assert any(
        provenance.trace(match).together != sum(s.places for s in provenance.trace(match).shares)
        for match in lines(ranking)
    ), "a case in which the places by session add up to the whole would not show that they need not"


def test_a_session_is_told_with_what_is_known_of_it(ranking, sessions):
    autumn, spring = sessions
    sources = {share.source.session: share.source for share in provenance.trace(lines(ranking)[0]).shares}
    assert {pk: (s.title, s.simulated, s.lists, s.experts) for pk, s in sources.items()} == {
        autumn.pk: ("Autumn round", False, 3, 2),
        spring.pk: ("Spring round", True, 3, 1),
    }


def test_a_session_that_the_training_set_does_not_name_is_still_counted(ranking, version):
    match = lines(ranking)[0]
    match.ranking.version.training_set.sources = []
    assert sorted(share.source.title for share in provenance.trace(match).shares) == [
        f"Session {pk}" for pk in sorted(factories.FeedbackSession.objects.values_list("pk", flat=True))
    ]


def test_a_list_is_ranked_once_and_not_for_each_of_its_lines(ranking, monkeypatch):
    first, *others = lines(ranking)
    asked = provenance.trace(first)
    monkeypatch.setattr(provenance, "candidates", None)  # ranking it again would fail
    assert provenance.trace(first) == asked
    assert [provenance.trace(match).rank for match in others] == [match.rank for match in others]


def test_data_that_changed_since_is_said(project, ranking):
    best, second = lines(ranking)[:2]
    best.item_version.item.active = False
    best.item_version.item.save()
    Project.objects.filter(pk=project.pk).update(items_revision=7)
    found = provenance.trace(second)
    assert (found.rank, found.same) == (1, False)
    with pytest.raises(NoProvenance, match="no candidate any more"):
        provenance.trace(best)


def test_without_a_version_before_there_is_no_place_for_all_sessions_together(ranking):
    match = lines(ranking)[0]
    match.ranking.version.parent = None
    found = provenance.trace(match)
    assert (found.rank_before, found.together) == (None, None)
    assert found.words.startswith("Two feedback sessions taught this version: ")


@pytest.mark.parametrize(
    ("together", "shares", "said"),
    [
        (0, [("A", 2), ("B", -2)], "Two feedback sessions left it where it was: A (+2), B (−2)."),
        (None, [("A", 2)], "One feedback session taught this version: A (+2)."),
        (3, [("A", 3), ("B", 0), ("C", 0)], "Three feedback sessions moved it up 3 places: A (+3), "
         "the other 2 by itself none."),
        (0, [], "No feedback session moved it."),
    ],
)  # fmt: skip
def test_a_sentence_says_what_moved_it(together, shares, said):
    assert provenance.in_words(together, shares) == said


def test_a_sentence_names_the_strongest_sessions_and_counts_the_others():
    shares = [(f"S{n}", 20 - n) for n in range(12)]
    said = provenance.in_words(40, shares)
    assert said.startswith("12 feedback sessions moved it up 40 places: S0 (+20), S1 (+19)")
    assert said.endswith("S4 (+16), 7 more.")


# --- of one version -----------------------------------------------------------------------------------------
def test_the_sessions_of_a_version_are_counted_over_the_first_lines_of_its_lists(project, version, sessions):
    found = influence.influences(version)
    assert (found.needs, found.needs_total, found.lines) == (12, 12, 120)
    assert [one.source.title for one in found.sessions] == ["Autumn round", "Spring round"]
    counted = {one.source.session: [0, 0, 0] for one in found.sessions}
    for query in project.queries.all():
        traces = [provenance.trace(match) for match in lines(serving.serve(query))[:10]]
        for session, counts in counted.items():
            shares = [s for trace in traces for s in trace.shares if s.source.session == session and s.places]
            counts[0] += len(shares)
            counts[1] += sum(share.rank_without > 10 for share in shares)
            counts[2] += bool(shares)
    assert {o.source.session: [o.moved, o.came_in, o.lists] for o in found.sessions} == counted
    assert found.sessions[0].moved > found.sessions[1].moved > 0
    for one in found.sessions:
        sizes = [move.distance for move in one.largest]
        assert sizes == sorted(sizes, reverse=True)
        assert len({move.item for move in one.largest}) == influence.LARGEST
        assert all(min(move.rank, move.rank_without) <= 10 for move in one.largest)


def test_no_more_needs_are_ranked_than_the_bound_allows(version, monkeypatch):
    monkeypatch.setattr(influence, "NEEDS", 5)
    assert influence.influences(version).needs == 5
    cache.clear()
    monkeypatch.setattr(influence, "MOST_SCORED", 100)  # two sessions, some 40 candidates a need
    found = influence.influences(version)
    assert (found.needs, found.needs_total, found.lines) == (2, 12, 20)


# --- where nothing can be said ------------------------------------------------------------------------------
def test_a_version_without_provenance_says_why(project, version):
    rule = project.versions.get(number=0)
    labels = trainings.make_version(project)
    kept = without_file(project.versions.get(number=1))
    for asked, said in [
        (rule, "the sorting rule"),
        (labels, "learned from graded labels"),
        (kept, "trained before it was kept"),
    ]:
        with pytest.raises(NoProvenance, match=said):
            influence.influences(asked)
    kept.report["kept_incumbent"] = True
    with pytest.raises(NoProvenance, match="no session moved anything"):
        influence.influences(kept)


def test_a_damaged_missing_or_foreign_file_is_an_error_that_can_be_named(ranking, version):
    match = lines(ranking)[0]
    damage(version)
    for ask, asked in ((provenance.trace, match), (influence.influences, version)):
        with pytest.raises(BrokenFile, match="damaged"):
            ask(asked)
    default_storage.delete(version.provenance_file)
    with pytest.raises(BrokenFile, match="can't be read"):
        provenance.trace(match)
    foreign = match.ranking.version
    foreign.provenance_file, foreign.provenance_sha256 = files.store("provenance", ".json.gz", b"{}")
    with pytest.raises(CorruptModel):
        provenance.trace(match)


def test_a_damaged_version_before_is_an_error_too(ranking, version):
    default_storage.delete(version.parent.file)
    serving.forget_rankers()
    with pytest.raises(BrokenFile):
        provenance.trace(lines(ranking)[0])


def test_a_file_without_any_session_moved_nothing(ranking):
    match = lines(ranking)[0]
    data, _ = Provenance((), None).to_file()
    version = match.ranking.version
    version.provenance_file, version.provenance_sha256 = files.store("provenance", ".json.gz", data)
    assert provenance.trace(match).shares == ()
    assert influence.influences(version).sessions == ()


# --- pages --------------------------------------------------------------------------------------------------
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


# --- API ----------------------------------------------------------------------------------------------------
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
