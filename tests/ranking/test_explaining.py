"""Scores taken apart and lists compared: every table of parts adds up to what it explains."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.cache import cache

from ranking.description import from_dict
from ranking.errors import BrokenFile
from ranking.ltr import Preferences, TreeComponent
from ranking.ltr.boosting import BoostingParams, boost
from ranking.models import Item, Match, Project, Query, Ranking
from ranking.services import explaining, jobs, serving
from ranking.services.beyond import elsewhere, rule_counts, words_without_value
from ranking.services.candidates import candidates
from ranking.services.doubts import important_fields, missing_facts
from ranking.services.explaining import rounded_to_sum, why, why_above, why_moved
from ranking.services.movement import Move, moves, ranking_before, standings
from tests import factories, trainings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Typical candidates are kept by the ids of their rows, which are given anew after each test."""
    cache.clear()


@pytest.fixture
def project() -> Project:
    return factories.make_project(items=30, queries=4)


@pytest.fixture
def query(project: Project) -> Query:
    return project.queries.select_related("project").first()


@pytest.fixture
def lists(project: Project, query: Query) -> tuple[Ranking, Ranking]:
    """The list of version 0, which sorts by assets, and that of version 1, which sorts by the fee."""
    before = serving.serve(query)
    trainings.promote(trainings.make_version(project))
    return before, serving.serve(query)


@pytest.fixture
def learned(project: Project, query: Query) -> tuple[Ranking, Ranking]:
    """The list of version 0, and that of version 1, which adds trees over all columns to it."""
    before = serving.serve(query)
    promote_trees(project)
    return before, serving.serve(query)


def line(ranking: Ranking, rank: int) -> Match:
    return ranking.matches.select_related("item_version__item", "ranking__query__project").get(rank=rank)


def promote_trees(project: Project) -> None:
    """Put a version in service that adds trees over all columns to the sorting rule."""
    found = serving.champion(project)
    features = candidates(project.queries.first(), found.version.feature_set).features
    wanted = features["fee"] - features["states"] - (features["style"] == 1)
    preferences = Preferences.from_orders([list(np.argsort(wanted.to_numpy()))], judge="edda")
    params = BoostingParams(rounds=20, min_data_in_leaf=2, num_leaves=4)
    text = boost(features, preferences, params=params, seed=1, base_score=found.ranker.score(features))
    trees = TreeComponent("version 1", 1.0, tuple(features.columns), text)
    job = jobs.claim(trainings.make_job(project).pk, owner="test")
    assert job is not None
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    data = found.ranker.extended(trees).to_bytes()
    trainings.promote(jobs.finish(job, found.version, data, result))


class TestWhyThisMatch:
    def test_the_parts_of_a_score_add_up_to_it(self, learned: tuple[Ranking, Ranking]) -> None:
        for rank in (1, 5, 12):
            match = line(learned[1], rank)
            found = why(match)
            assert found.typical + sum(part.amount for part in found.parts) == pytest.approx(
                found.score, abs=1e-9
            )
            assert found.score == pytest.approx(match.score, abs=1e-9)
            assert found.same
            assert len(found.parts) > 3

    def test_the_parts_as_they_are_shown_add_up_to_the_score_as_it_is_shown(
        self, learned: tuple[Ranking, Ranking]
    ) -> None:
        found = why(line(learned[1], 3))
        shown = round(found.typical, 3) + sum(part.shown for part in found.parts)
        assert round(shown, 3) == round(found.score, 3)

    def test_the_shares_of_the_versions_add_up_to_the_score_too(
        self, learned: tuple[Ranking, Ranking]
    ) -> None:
        found = why(line(learned[1], 2))
        assert [lesson.label for lesson in found.lessons] == ["sorting rule", "version 1"]
        total = found.typical + sum(lesson.amount for lesson in found.lessons)
        assert total == pytest.approx(found.score, abs=1e-9)

    def test_only_what_the_version_looks_at_is_a_part_and_the_rest_is_named(
        self, lists: tuple[Ranking, Ranking]
    ) -> None:
        found = why(line(lists[1], 1))
        assert [part.label for part in found.parts] == ["Fee"]
        assert "Assets managed" in found.unused

    def test_a_need_that_has_been_changed_is_said_to_be_explained_as_of_today(
        self, project: Project, query: Query
    ) -> None:
        trainings.promote(trainings.make_version(project, sort="states"))
        ranking = serving.serve(query)
        Query.objects.filter(pk=query.pk).update(
            content={**query.content, "states": ["ZZ"]}, content_hash="f" * 64
        )
        assert not why(line(ranking, ranking.matches.count())).same

    def test_a_damaged_model_is_an_error_that_the_page_can_name(self, lists: tuple[Ranking, Ranking]) -> None:
        serving.forget_rankers()
        match = line(lists[1], 1)
        match.ranking.version.sha256 = "0" * 64
        with pytest.raises(BrokenFile):
            why(match)


class TestWhyAboveThatOne:
    def test_the_differences_add_up_to_that_of_the_scores(self, learned: tuple[Ranking, Ranking]) -> None:
        upper, lower = line(learned[1], 2), line(learned[1], 9)
        found = why_above(upper, lower)
        assert sum(part.amount for part in found.parts) == pytest.approx(upper.score - lower.score, abs=1e-9)
        assert round(sum(part.shown for part in found.parts), 3) == round(found.difference, 3)

    def test_each_part_shows_the_values_of_both(self, lists: tuple[Ranking, Ranking]) -> None:
        upper, lower = line(lists[1], 1), line(lists[1], 7)
        (fee,) = why_above(upper, lower).parts
        assert (fee.label, fee.amount > 0) == ("Fee", True)
        assert fee.value != fee.other_value
        assert fee.value.endswith("%")


class TestWhyItMoved:
    def test_the_changes_add_up_to_the_change_of_its_lead(self, learned: tuple[Ranking, Ranking]) -> None:
        for rank in (1, 4, 20):
            found = why_moved(line(learned[1], rank), learned[0])
            change = found.lead_now - found.lead_then
            assert sum(part.amount for part in found.parts) == pytest.approx(change, abs=1e-9)

    def test_the_rank_before_is_that_of_the_list_that_was_shown(self, lists: tuple[Ranking, Ranking]) -> None:
        before, now = lists
        match = line(now, 1)
        found = why_moved(match, before)
        shown = before.matches.get(item_version=match.item_version_id).rank
        assert (found.rank_then, found.rank_by_old, found.rank_now) == (shown, shown, 1)
        assert not found.data_changed

    def test_data_that_changed_in_between_are_told_apart_from_what_the_version_did(
        self, project: Project, query: Query
    ) -> None:
        before = serving.serve(query)
        largest = Item.objects.get(pk=line(before, 1).item_version.item_id)
        largest.active = False
        largest.save()
        Project.objects.filter(pk=project.pk).update(items_revision=2)
        trainings.promote(trainings.make_version(project))
        match = serving.serve(query).matches.get(item_version=line(before, 5).item_version_id)
        found = why_moved(line(match.ranking, match.rank), before)
        assert found.data_changed
        assert (found.rank_then, found.rank_by_old) == (5, 4)

    def test_it_names_whom_it_passed_and_who_passed_it(self, lists: tuple[Ranking, Ranking]) -> None:
        before, now = lists
        then = dict(before.matches.values_list("item_version", "rank"))
        match = line(now, 4)
        own = then[match.item_version_id]
        found = explaining.passed(match, before)
        assert all(then[other.item_version_id] < own and other.rank > 4 for other in found.overtook)
        assert all(then[other.item_version_id] > own and other.rank < 4 for other in found.overtaken_by)
        assert len(found.overtook) - len(found.overtaken_by) == own - 4


class TestMovement:
    def test_a_list_is_compared_with_the_last_one_of_another_version(
        self, project: Project, query: Query
    ) -> None:
        first = serving.serve(query)
        Query.objects.filter(pk=query.pk).update(content_hash="e" * 64)
        query.refresh_from_db()
        second = serving.serve(query)
        assert second.version_id == first.version_id
        assert ranking_before(second) is None
        trainings.promote(trainings.make_version(project))
        assert ranking_before(serving.serve(query)) == second

    def test_moves_go_by_item_even_where_its_content_has_changed(
        self, lists: tuple[Ranking, Ranking]
    ) -> None:
        before, now = lists
        found = moves(before, now.matches.select_related("item_version"))
        then = dict(before.matches.values_list("item_version__item", "rank"))
        assert {item: move.before for item, move in found.items()} == then
        assert {move.since for move in found.values()} == {0}

    @pytest.mark.parametrize(
        ("rank", "before", "direction", "distance"),
        [(2, 8, "up", 6), (8, 2, "down", 6), (3, 3, "", 0), (3, None, "new", 0)],
    )
    def test_a_move_says_which_way(
        self, rank: int, before: int | None, direction: str, distance: int
    ) -> None:
        move = Move(rank=rank, before=before, since=1, kept=200)
        assert (move.direction, move.distance) == (direction, distance)

    def test_standings_tell_what_moved_without_opening_a_list(
        self, project: Project, lists: tuple[Ranking, Ranking], django_assert_num_queries: object
    ) -> None:
        queries = list(project.queries.all())
        with django_assert_num_queries(3):  # type: ignore[operator]
            found = standings(queries)
        before, now = lists
        ranked = found[now.query_id]
        top = [set(r.matches.filter(rank__lte=10).values_list("item_version", flat=True)) for r in lists]
        assert (ranked.ranking, ranked.before) == (now, before)
        assert ranked.entered == len(top[1] - top[0])
        assert ranked.leaders[0] == line(now, 1).item_version.item.title
        assert found[queries[-1].pk].ranking is None


class TestDoubtsAndRules:
    def test_a_line_is_unsure_when_a_fact_that_decides_is_missing(
        self, lists: tuple[Ranking, Ranking]
    ) -> None:
        now = lists[1]
        description = from_dict(now.query.project.description)
        matches = list(now.matches.select_related("item_version"))
        fields = important_fields(description, matches)
        assert fields == ("fee",)
        matches[3].item_version.content["fee"] = None
        matches[4].item_version.content["founded"] = None
        assert missing_facts(description, matches[3], fields) == ("Fee",)
        assert missing_facts(description, matches[4], fields) == ()

    def test_rules_are_told_in_the_words_of_the_need_with_what_they_removed(
        self, lists: tuple[Ranking, Ranking]
    ) -> None:
        now = lists[1]
        (rule,) = rule_counts(now)
        assert rule.words == "manages at least $100 m"
        assert rule.removed == now.items_total - now.eligible_total > 0

    def test_a_rule_that_the_need_does_not_ask_for_has_no_count(self, project: Project, query: Query) -> None:
        Query.objects.filter(pk=query.pk).update(content={**query.content, "least_assets": None})
        query.refresh_from_db()
        (rule,) = rule_counts(serving.serve(query))
        assert (rule.words, rule.removed) == ("manages at least …", None)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("manages at least {value}", "manages at least …"),
            ("{value} is licensed", "… is licensed"),
            ("holds these licences: {value}", "holds these licences"),
            ("has no conflict (excluded: {value})", "has no conflict"),
            ("pays no fee", "pays no fee"),
        ],
    )
    def test_a_rule_without_a_value_leaves_out_what_only_the_value_needs(self, words: str, said: str) -> None:
        assert words_without_value(words) == said

    def test_an_item_outside_the_kept_lines_is_found_with_its_rank_or_its_rule(
        self, lists: tuple[Ranking, Ranking], monkeypatch: pytest.MonkeyPatch, query: Query
    ) -> None:
        monkeypatch.setattr(serving, "MATCHES_KEPT", 10)
        Query.objects.filter(pk=query.pk).update(content_hash="d" * 64)
        query.refresh_from_db()
        short = serving.serve(query)
        eleventh = line(lists[1], 11).item_version.item
        (found,) = elsewhere(short, eleventh.title)
        assert (found.title, found.rank, found.rules) == (eleventh.title, 11, ())
        small = Item.objects.filter(current__content__assets__lt=1e8).first()
        assert small is not None
        (found,) = elsewhere(short, small.title)
        assert (found.rank, found.rules) == (None, ("manages at least $100 m",))


@pytest.mark.parametrize(
    ("values", "total"),
    [([0.0004, 0.0004, 0.0004], 0.0012), ([1.0005, -0.0005], 1.0), ([0.3333] * 3, 0.9999), ([], 0.0)],
)
def test_rounded_parts_add_up_to_the_rounded_total(values: list[float], total: float) -> None:
    rounded = rounded_to_sum(values, total)
    assert round(sum(rounded), 3) == round(total, 3)
    assert all(abs(a - b) <= 0.001 + 1e-9 for a, b in zip(rounded, values, strict=True))
