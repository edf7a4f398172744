"""The end user's list of needs: own needs alone, when each was ranked, and what moved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from feedback.models import Outcome
from ranking.models import Project, Query, Ranking
from ranking.services import serving
from tests import factories
from tests.feedback.reader.pages import page, text, title_of
from tests.pages import logged_in

pytestmark = pytest.mark.django_db


def without_tokens(response: Any) -> str:
    """Return the page without the tokens that differ from answer to answer."""
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


class TestWhoseNeeds:
    def test_a_reader_sees_the_needs_of_the_own_organisation_alone(
        self, reader: Client, query: Query, foreign: Query
    ) -> None:
        shown = text(page(reader, "needs"))
        assert query.title in shown
        assert foreign.title not in shown

    def test_an_admin_sees_the_needs_of_all(self, admin: Client, query: Query, foreign: Query) -> None:
        shown = text(page(admin, "needs"))
        assert query.title in shown
        assert foreign.title in shown
        assert text(page(admin, "matches", foreign.pk))

    @pytest.mark.parametrize(
        ("name", "rest"),
        [
            ("matches", ()),
            ("rules", ()),
            ("export_matches", ()),
            ("why", (1,)),
            ("why_above", (1, 2)),
            ("why_moved", (1,)),
        ],
    )
    def test_a_foreign_need_and_a_missing_one_answer_the_same(
        self, reader: Client, foreign: Query, name: str, rest: tuple[int, ...]
    ) -> None:
        serving.serve(foreign)
        missing = page(reader, name, 999_999, *rest)
        theirs = page(reader, name, foreign.pk, *rest)
        assert (theirs.status_code, missing.status_code) == (404, 404)
        assert without_tokens(theirs) == without_tokens(missing)

    def test_a_list_of_a_foreign_need_is_not_reached_through_an_own_one(
        self, reader: Client, query: Query, foreign: Query
    ) -> None:
        serving.serve(query)
        theirs = serving.serve(foreign)
        assert page(reader, "why", query.pk, 1, list=theirs.pk).status_code == 404
        posted = reader.post(
            reverse("feedback:outcome", args=[query.pk, 1]), {"kind": "shortlisted", "list": theirs.pk}
        )
        assert posted.status_code == 404
        assert not Outcome.objects.exists()

    def test_experts_have_no_reader_pages_and_nobody_is_led_to_the_log_in(self, query: Query) -> None:
        expert = logged_in(factories.make_expert())
        assert page(expert, "needs").status_code == 404
        assert page(expert, "matches", query.pk).status_code == 404
        assert page(Client(), "matches", query.pk)["Location"].startswith("/login/")

    def test_the_first_page_leads_each_role_to_its_own(self, reader: Client, admin: Client) -> None:
        assert reader.get("/")["Location"] == reverse("feedback:needs")
        assert logged_in(factories.make_expert()).get("/")["Location"] == reverse("feedback:my_sessions")
        assert Client().get("/")["Location"].startswith("/login/")

    def test_a_log_in_without_a_role_is_told_so(self, django_user_model: Any) -> None:
        client = logged_in(django_user_model.objects.create_user("nobody"))
        answer = client.get("/")
        assert answer.status_code == 403
        assert "no role yet" in answer.content.decode()


class TestNeeds:
    def test_it_says_when_a_need_was_ranked_and_what_moved(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        shown = text(page(reader, "needs"))
        assert "Ranked by version 1, today" in strip_tags(shown)
        assert "Since version 0:" in shown
        assert title_of(moved[1], 1) in shown
        assert "Not ranked yet" in shown  # the organisation's other need

    def test_it_costs_the_same_number_of_reads_for_any_number_of_needs(
        self, project: Project, reader: Client, django_assert_num_queries: Any
    ) -> None:
        for query in factories.queries_of(project, "Harbour"):
            serving.serve(query)
        page(reader, "needs")
        with django_assert_num_queries(9):
            page(reader, "needs")
        for record in factories.query_records(30)[6:]:
            factories.add_query(project, {**record, "client": "Harbour"})
        with django_assert_num_queries(9):
            page(reader, "needs")

    def test_it_is_searched_by_title(self, reader: Client, project: Project) -> None:
        titles = [query.title for query in factories.queries_of(project, "Harbour")]
        shown = text(page(reader, "needs", q=titles[0]))
        assert titles[0] in shown
        assert titles[1] not in shown
        assert "Nothing of that title" in text(page(reader, "needs", q="no such thing"))
