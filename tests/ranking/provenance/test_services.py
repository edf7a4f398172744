"""The services trace every move of a match, and every version, to the sessions that caused it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage

from ranking.errors import BrokenFile, NoProvenance
from ranking.ltr import CorruptModel
from ranking.ltr.provenance import Provenance
from ranking.models import Project
from ranking.services import files, influence, provenance, serving
from ranking.services.candidates import candidates
from tests import factories, trainings
from tests.ranking.provenance.served import damage, lines

pytestmark = pytest.mark.django_db


def places_by(ranker_score, pool):
    """Return the place of each item under some scores, ties by key as lists are served."""
    order = sorted(range(len(pool)), key=lambda row: (-ranker_score[row], str(pool.keys[row])))
    return {int(pool.item_ids[row]): place for place, row in enumerate(order, start=1)}


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
    assert {share.source.title for share in provenance.trace(match).shares} == {
        f"Session {pk}" for pk in factories.FeedbackSession.objects.values_list("pk", flat=True)
    }


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
