"""What the end user notes of a match: the outcome, the shortlist, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import Outcome
from feedback.services import outcomes
from ranking.models import Project, Query
from ranking.services import serving
from tests import factories, trainings
from tests.at_once import at_once
from tests.feedback.reader.pages import HTMX, page, ranks, text, title_of
from tests.pages import logged_in

pytestmark = pytest.mark.django_db


class TestOutcomes:
    def act(self, client: Client, query: Query, rank: int, **body: Any) -> Any:
        headers = body.pop("headers", None)
        return client.post(reverse("feedback:outcome", args=[query.pk, rank]), body, headers=headers)

    def test_without_script_a_match_is_shortlisted_and_the_page_comes_back(
        self, reader: Client, query: Query
    ) -> None:
        listed = serving.serve(query)
        back = f"{reverse('feedback:matches', args=[query.pk])}?f_style=growth#rank-2"
        answer = self.act(reader, query, 2, kind="shortlisted", list=listed.pk, back=back)
        assert answer["Location"] == back
        outcome = Outcome.objects.get()
        assert (outcome.kind, outcome.item_version_id) == (
            "shortlisted",
            listed.matches.get(rank=2).item_version_id,
        )
        assert f"{title_of(listed, 2)} is on the shortlist." in text(reader.get(back))

    def test_htmx_gets_the_changed_buttons_and_a_word_for_screen_readers(
        self, reader: Client, query: Query
    ) -> None:
        listed = serving.serve(query)
        shown = text(
            self.act(reader, query, 1, kind="declined", reason="Too dear", list=listed.pk, headers=HTMX)
        )
        assert shown.startswith(f'<div class="act" id="act-{query.pk}-1">')
        assert "“Too dear”" in shown
        assert "is noted as declined." in shown

    def test_a_click_means_the_list_that_was_seen(
        self, project: Project, reader: Client, query: Query
    ) -> None:
        seen = serving.serve(query)
        trainings.promote(trainings.make_version(project))
        serving.serve(query)
        self.act(reader, query, 1, kind="contacted", list=seen.pk)
        assert Outcome.objects.get().item_version_id == seen.matches.get(rank=1).item_version_id

    def test_a_double_click_is_noted_once_and_the_latest_act_counts(
        self, reader: Client, query: Query
    ) -> None:
        serving.serve(query)
        for kind in ("shortlisted", "shortlisted", "contacted", "contacted"):
            self.act(reader, query, 3, kind=kind)
        assert list(Outcome.objects.order_by("pk").values_list("kind", flat=True)) == [
            "shortlisted",
            "contacted",
        ]
        assert ranks(page(reader, "matches", query.pk, state="contacted")) == [3]

    @pytest.mark.django_db(transaction=True)
    def test_of_many_equal_acts_at_once_one_is_noted(self, query: Query) -> None:
        match, rosa = (
            serving.serve(query).matches.select_related("item_version").first(),
            factories.make_reader(),
        )
        noted = at_once(lambda: outcomes.record(query, match.item_version, kind="shortlisted", user=rosa).pk)
        assert [act.pk for act in Outcome.objects.all()] == list(set(noted))

    def test_what_is_taken_back_is_as_if_nothing_was_done(self, reader: Client, query: Query) -> None:
        serving.serve(query)
        self.act(reader, query, 3, kind="shortlisted")
        self.act(reader, query, 3, kind="removed")
        assert 3 in ranks(page(reader, "matches", query.pk, state="open"))
        assert "Nothing on the shortlist" in text(page(reader, "shortlist"))

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "bought"},
            {"kind": "declined", "reason": "x" * 2001},
            {"kind": "declined", "reason": "a\x00b"},
            {},
        ],
    )
    def test_what_cannot_be_noted_is_refused(
        self, reader: Client, query: Query, body: dict[str, str]
    ) -> None:
        serving.serve(query)
        assert self.act(reader, query, 1, **body, headers=HTMX).status_code == 400
        assert self.act(reader, query, 1, **body).status_code == 302
        assert not Outcome.objects.exists()

    def test_a_list_that_no_number_names_is_not_found(self, reader: Client, query: Query) -> None:
        serving.serve(query)
        assert self.act(reader, query, 1, kind="shortlisted", list="1" * 5000).status_code == 404
        assert not Outcome.objects.exists()

    def test_an_admin_looks_on_and_notes_nothing(self, admin: Client, query: Query) -> None:
        serving.serve(query)
        assert self.act(admin, query, 1, kind="shortlisted").status_code == 404
        assert 'name="kind"' not in text(page(admin, "matches", query.pk))

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_nobody_is_led_to_another_site(self, reader: Client, query: Query, back: str) -> None:
        serving.serve(query)
        answer = self.act(reader, query, 1, kind="shortlisted", back=back)
        assert answer["Location"] == reverse("feedback:matches", args=[query.pk])

    def test_the_shortlist_gathers_all_needs_with_the_rank_of_today(
        self, project: Project, reader: Client, query: Query, django_assert_num_queries: Any
    ) -> None:
        listed = serving.serve(query)
        self.act(reader, query, 2, kind="shortlisted", reason="Knows our region")
        trainings.promote(trainings.make_version(project))
        now = serving.serve(query)
        rank = now.matches.get(item_version=listed.matches.get(rank=2).item_version_id).rank
        with django_assert_num_queries(9):
            answer = page(reader, "shortlist")
        shown = text(answer)
        assert title_of(listed, 2) in shown
        assert "“Knows our region”" in shown
        assert f"Rank today </span>{rank}" in shown

    def test_colleagues_share_a_shortlist_and_other_organisations_do_not(
        self, reader: Client, query: Query
    ) -> None:
        listed = serving.serve(query)
        self.act(reader, query, 1, kind="shortlisted")
        title = title_of(listed, 1)
        assert title in text(page(logged_in(factories.make_reader("raul")), "shortlist"))
        assert title not in text(page(logged_in(factories.make_reader("mia", "Meadow")), "shortlist"))
