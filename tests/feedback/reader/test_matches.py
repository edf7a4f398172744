"""A ranked list as the end user sees it: lists at once, filters that keep the order, export."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from feedback.exchange.cells import unguard
from feedback.services import outcomes
from feedback.services.filtering import parse_amount
from ranking.models import Item, Project, Query, Ranking
from ranking.services import serving
from tests import factories, trainings
from tests.feedback.reader.pages import HTMX, page, ranks, teach, text
from tests.pages import logged_in

pytestmark = pytest.mark.django_db


class TestMatches:
    def test_a_stored_list_is_shown_at_once_with_facts_reasons_and_counts(
        self, reader: Client, query: Query
    ) -> None:
        stored = serving.serve(query)
        shown = text(page(reader, "matches", query.pk))
        assert Ranking.objects.count() == 1
        best = stored.matches.get(rank=1)
        assert f"<b>{stored.eligible_total}</b> of 40 advisers meet your rules" in shown
        assert "ranked by version 0, today" in strip_tags(shown)
        assert best.reasons[0]["text"] in shown
        assert re.search(r"Assets <b[^>]*>\$", shown)
        assert "since 19" in shown or "since 20" in shown

    def test_a_need_that_was_never_ranked_is_ranked_when_it_is_opened(
        self, reader: Client, query: Query
    ) -> None:
        assert ranks(page(reader, "matches", query.pk))[:3] == [1, 2, 3]
        assert Ranking.objects.filter(query=query).count() == 1

    def test_it_has_pages_of_25(self, reader: Client, query: Query) -> None:
        assert ranks(page(reader, "matches", query.pk)) == list(range(1, 26))
        assert ranks(page(reader, "matches", query.pk, page=2))[0] == 26
        assert ranks(page(reader, "matches", query.pk, page="rubbish"))[0] == 1

    def test_a_page_costs_a_fixed_number_of_reads(
        self, reader: Client, moved: tuple[Ranking, Ranking], query: Query, django_assert_num_queries: Any
    ) -> None:
        page(reader, "matches", query.pk)
        with django_assert_num_queries(12):
            page(reader, "matches", query.pk)
        with django_assert_num_queries(12):
            page(reader, "matches", query.pk, q="Adviser 0", page=1)

    def test_moved_lines_say_how_far_and_since_when(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        before, now = moved
        then = dict(before.matches.values_list("item_version", "rank"))
        first = now.matches.get(rank=1)
        shown = text(page(reader, "matches", query.pk))
        assert f"▲ {then[first.item_version_id] - 1}</span> since version 0" in shown
        assert reverse("feedback:why_moved", args=[query.pk, 1]) in shown

    def test_a_line_whose_deciding_fact_is_missing_is_marked_as_unsure(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        trainings.promote(trainings.make_version(project))
        version = serving.serve(query).matches.get(rank=2).item_version
        content = {**version.content, "fee": None}
        type(version).objects.filter(pk=version.pk)  # contents are append-only: a new one replaces it
        new = type(version).objects.create(item=version.item, content=content, content_hash="c" * 64)
        Item.objects.filter(pk=version.item_id).update(current=new)
        Project.objects.filter(pk=project.pk).update(items_revision=2)
        assert "unsure: fee not reported" in text(page(reader, "matches", query.pk, q=version.item.title))

    def test_a_damaged_champion_is_replaced_by_the_last_good_one_and_the_page_says_so(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        Path(settings.VAR_DIR, "files", moved[1].version.file).write_bytes(b"")
        serving.forget_rankers()
        shown = text(page(reader, "matches", query.pk))
        assert "This list is not from the newest version." in shown
        assert "ranked by version 0" in shown

    def test_with_no_model_left_the_last_list_is_shown_and_marked(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        for ranking in moved:
            Path(settings.VAR_DIR, "files", ranking.version.file).write_bytes(b"{}")
        serving.forget_rankers()
        answer = page(reader, "matches", query.pk)
        assert "No version can be loaded at the moment." in text(answer)
        assert ranks(answer)[0] == 1

    def test_without_any_version_the_page_says_what_is_missing(self) -> None:
        project = factories.make_project("bare", version=False)
        query = factories.queries_of(project, "Harbour")[0]
        shown = text(page(logged_in(factories.make_reader()), "matches", query.pk))
        assert "No version of the model is in service." in shown

    def test_a_list_taught_by_simulated_experts_says_so(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        assert "Simulated data" not in text(page(reader, "matches", query.pk))
        teach(project, simulated=True)
        assert "Simulated data.</b> Version 1 learned from experts that the program plays" in text(
            page(reader, "matches", query.pk)
        )


class TestFilters:
    def test_they_take_lines_out_and_keep_the_order(self, reader: Client, query: Query) -> None:
        everything = page(reader, "matches", query.pk)
        some = page(reader, "matches", query.pk, f_style="growth", f_assets_from="200 m")
        kept = [
            line.rank
            for line in everything.context["sheet"].lines
            if line.match.item_version.content["style"] == "growth"
            and line.match.item_version.content["assets"] >= 2e8
        ]
        assert ranks(some) == kept
        assert 0 < len(kept) < len(everything.context["sheet"].lines)
        assert "Style: growth" in text(some)
        assert "Assets: from $200 m" in text(some)

    def test_several_values_of_one_field_widen_and_two_fields_narrow(
        self, reader: Client, query: Query
    ) -> None:
        one = ranks(page(reader, "matches", query.pk, f_states="CA"))
        two = ranks(page(reader, "matches", query.pk, f_states=["CA", "OR"]))
        both = ranks(page(reader, "matches", query.pk, f_states="CA", f_style="growth"))
        assert set(both) < set(one) < set(two)

    def test_a_share_is_asked_for_in_per_cent(self, reader: Client, query: Query) -> None:
        answer = page(reader, "matches", query.pk, f_fee_to="0.8")
        fees = [line.match.item_version.content["fee"] for line in answer.context["page"]]
        assert fees
        assert max(fees) <= 0.008

    def test_search_looks_at_names_and_texts(self, reader: Client, query: Query) -> None:
        answer = page(reader, "matches", query.pk, q="CLIMATE funds")
        found = [line.match.item_version.content["focus"] for line in answer.context["page"]]
        assert found
        assert all("climate funds" in focus for focus in found)

    def test_an_amount_that_cannot_be_read_is_named_and_takes_nothing_out(
        self, reader: Client, query: Query
    ) -> None:
        answer = page(reader, "matches", query.pk, f_assets_from="plenty")
        assert "“plenty” is not a number" in text(answer)
        assert ranks(answer) == list(range(1, 26))

    def test_a_value_that_nobody_has_is_still_in_use_and_can_be_removed(
        self, reader: Client, query: Query
    ) -> None:
        answer = page(reader, "matches", query.pk, f_style="fishing")
        assert ranks(answer) == []
        assert "Style: fishing" in text(answer)

    def test_state_filters_know_outcomes_and_moves(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        user = factories.make_reader("raul")
        outcomes.record(query, moved[1].matches.get(rank=4).item_version, kind="declined", user=user)
        assert ranks(page(reader, "matches", query.pk, state="declined")) == [4]
        assert 4 not in ranks(page(reader, "matches", query.pk, state="open"))
        shifted = ranks(page(reader, "matches", query.pk, state="moved"))
        assert all(
            line.move.distance for line in page(reader, "matches", query.pk, state="moved").context["page"]
        )
        assert shifted

    def test_htmx_gets_the_lines_alone_and_an_address_without_empty_parameters(
        self, reader: Client, query: Query
    ) -> None:
        address = reverse("feedback:matches", args=[query.pk])
        answer = reader.get(address, {"q": "", "f_style": "growth", "f_fee_to": ""}, headers=HTMX)
        assert answer.content.lstrip().startswith(b'<section id="results"')
        assert answer["HX-Push-Url"] == f"{address}?f_style=growth"
        assert "HX-Request" in answer["Vary"]

    def test_the_back_button_gets_the_whole_page(self, reader: Client, query: Query) -> None:
        restore = {**HTMX, "HX-History-Restore-Request": "true"}
        answer = reader.get(reverse("feedback:matches", args=[query.pk]), headers=restore)
        assert b"<html" in answer.content

    def test_whom_the_rules_removed_is_found_by_name_with_the_rule(
        self, reader: Client, query: Query
    ) -> None:
        small = Item.objects.filter(current__content__assets__lt=1e8).first()
        assert small is not None
        shown = text(page(reader, "matches", query.pk, q=small.title))
        assert "breaks the rule “manages at least $100 m”" in shown

    @pytest.mark.parametrize("typed", ["abc", "1.2.3", "50 months", "--5"])
    def test_what_is_no_amount_is_refused(self, typed: str) -> None:
        with pytest.raises(ValueError, match="is not a number"):
            parse_amount(typed)


def rows_of(response: Any) -> list[list[str]]:
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


class TestExport:
    def test_it_holds_the_filtered_lines_in_their_order(self, reader: Client, query: Query) -> None:
        head, *lines = rows_of(page(reader, "export_matches", query.pk, f_style="growth"))
        shown = [str(rank) for rank in ranks(page(reader, "matches", query.pk, f_style="growth"))]
        assert head[:3] == ["Rank", "Rank before", "CRD number"]
        assert [line[0] for line in lines] == shown
        assert {line[head.index("Style")] for line in lines} == {"growth"}
        assert all(len(line) == len(head) for line in lines)

    def test_no_cell_starts_a_formula(self, project: Project, reader: Client, query: Query) -> None:
        item = serving.serve(query).matches.get(rank=1).item_version.item
        evil = {**item.current.content, "name": "=HYPERLINK(1)", "focus": "@SUM(A1)", "founded": None}
        new = type(item.current).objects.create(item=item, content=evil, content_hash="b" * 64)
        Item.objects.filter(pk=item.pk).update(current=new)
        Project.objects.filter(pk=project.pk).update(items_revision=2)
        _, *lines = rows_of(page(reader, "export_matches", query.pk))
        cells = [cell for line in lines for cell in line]
        assert "'=HYPERLINK(1)" in cells
        assert "'@SUM(A1)" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_no_part_of_a_cell_starts_a_formula_under_another_separator(
        self, project: Project, reader: Client, query: Query, separator: str
    ) -> None:
        item = serving.serve(query).matches.get(rank=1).item_version.item
        evil = {"name": "Alpha;=1+1", "focus": "x\t=3+3", "style": 'a\n+2\n"=1'}
        content = {**item.current.content, **evil}
        new = type(item.current).objects.create(item=item, content=content, content_hash="b" * 64)
        Item.objects.filter(pk=item.pk).update(current=new)
        Project.objects.filter(pk=project.pk).update(items_revision=2)
        text = page(reader, "export_matches", query.pk).content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        assert not [
            cell for row in rows for cell in row if cell.lstrip(' "').startswith(("=", "+", "-", "@"))
        ]
        back = [unguard(cell) for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert set(evil.values()) <= set(back)
