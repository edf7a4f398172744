"""The end user's pages of reasons: one match, two beside each other, what moved it, the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from ranking.models import Match, Project, Query, Ranking
from ranking.services import serving
from tests import trainings
from tests.feedback.reader.pages import page, teach, text, title_of

pytestmark = pytest.mark.django_db


class TestWhy:
    def test_the_page_of_a_match_shows_a_table_that_adds_up(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        answer = page(reader, "why", query.pk, 3)
        shown = text(answer)
        reasons = answer.context["reasons"]
        assert f"Why {title_of(moved[1], 3)} is number 3" in shown
        total = round(reasons.typical, 3) + sum(part.shown for part in reasons.parts)
        assert f"{total:.3f}".replace("-", "−") in shown

    def test_two_matches_are_compared_from_the_upper_one_whichever_comes_first(
        self, reader: Client, query: Query
    ) -> None:
        listed = serving.serve(query)
        shown = text(page(reader, "why_above", query.pk, 2, 6))
        assert f"Why {title_of(listed, 2)} is above {title_of(listed, 6)}" in shown
        turned = page(reader, "why_above", query.pk, 6, 2)
        assert turned["Location"].startswith(reverse("feedback:why_above", args=[query.pk, 2, 6]))
        assert page(reader, "why_above", query.pk, 2, 2).status_code == 404
        assert page(reader, "why_above", query.pk, 2, 999).status_code == 404

    def test_the_form_without_script_leads_to_the_comparison(self, reader: Client, query: Query) -> None:
        serving.serve(query)
        answer = page(reader, "why", query.pk, 2, above="5")
        assert answer["Location"].startswith(reverse("feedback:why_above", args=[query.pk, 2, 5]))

    def test_an_address_keeps_its_list_after_a_new_version(
        self, reader: Client, query: Query, project: Project
    ) -> None:
        old = serving.serve(query)
        trainings.promote(trainings.make_version(project))
        now = serving.serve(query)
        assert title_of(old, 1) != title_of(now, 1)
        shown = text(page(reader, "why", query.pk, 1, list=old.pk))
        assert title_of(old, 1) in shown
        assert "This list has been replaced by a newer one." in shown
        assert title_of(now, 1) in text(page(reader, "why", query.pk, 1))

    @pytest.mark.parametrize("asked", ["x", "-1", "99999999999999999999999", "1" * 5000])
    def test_a_list_that_does_not_exist_is_not_found(self, reader: Client, query: Query, asked: str) -> None:
        serving.serve(query)
        assert page(reader, "why", query.pk, 1, list=asked).status_code == 404
        assert page(reader, "why", query.pk, 1, above=asked).status_code == 200, "compared with nothing"

    def test_nothing_moved_before_there_was_a_second_version(self, reader: Client, query: Query) -> None:
        serving.serve(query)
        assert page(reader, "why_moved", query.pk, 1).status_code == 404

    def test_a_move_names_the_sessions_and_counts_behind_it_but_no_expert(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        serving.serve(query)
        session, _ = teach(project)
        serving.serve(query)
        answer = page(reader, "why_moved", query.pk, 1)
        shown = text(answer)
        judged = session.slates.count()
        assert "Autumn round" in shown
        assert f"{judged} by 2 experts" in shown
        assert "secret" not in shown
        about = session.slates.filter(query=query).count()
        match = answer.context["match"]
        on_slates = session.slates.filter(items__item_version=match.item_version).count()
        assert (answer.context["teaching"].on_need, answer.context["teaching"].with_item) == (
            about,
            on_slates,
        )

    def test_verdicts_on_the_item_are_counted_for_this_need_and_for_others(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        serving.serve(query)
        session, _ = teach(project)
        serving.serve(query)
        slate = session.slates.filter(query=query).first()
        assert slate is not None
        best = slate.items.get(pk=slate.judgement.tiers[0][0])
        match = Match.objects.filter(ranking__query=query, item_version=best.item_version).latest("pk")
        teaching = page(reader, "why_moved", query.pk, match.rank).context["teaching"]
        assert teaching.here.above >= slate.items.count() - 1

    def test_going_back_to_an_earlier_version_says_what_no_longer_counts(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        from ranking.services import versions

        serving.serve(query)
        teach(project)
        serving.serve(query)
        versions.roll_back(project, by="ada", reason="a secret reason")
        serving.serve(query)
        shown = text(page(reader, "why_moved", query.pk, 1))
        assert "went back to version 0" in shown
        assert "Autumn round" in shown
        assert "secret" not in shown

    def test_a_damaged_file_is_said_and_the_page_stands(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        Path(settings.VAR_DIR, "files", moved[1].version.file).write_bytes(b"")
        serving.forget_rankers()
        cases: list[tuple[str, tuple[int, ...]]] = [("why", (1,)), ("why_above", (1, 2)), ("why_moved", (1,))]
        for name, args in cases:
            assert "can't be explained at the moment" in text(page(reader, name, query.pk, *args))

    def test_the_pages_of_reasons_cost_a_fixed_number_of_reads(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking], django_assert_num_queries: Any
    ) -> None:
        cases: list[tuple[str, tuple[int, ...], int]] = [
            ("why", (1,), 10),
            ("why_above", (1, 2), 10),
            ("why_moved", (1,), 20),
        ]
        for name, args, reads in cases:
            page(reader, name, query.pk, *args)
            with django_assert_num_queries(reads):
                page(reader, name, query.pk, *args)

    def test_each_rule_is_shown_with_what_it_removed(self, reader: Client, query: Query) -> None:
        listed = serving.serve(query)
        shown = text(page(reader, "rules", query.pk))
        assert "manages at least $100 m" in shown
        assert f'data-label="Broken by">{listed.items_total - listed.eligible_total}<' in shown
