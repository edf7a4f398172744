"""The end user's pages, over HTTP: own needs alone, lists at once, reasons in words, outcomes, export."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from feedback.models import FeedbackSession, Outcome
from feedback.services import learning, outcomes
from feedback.services.exporting import safe_cell
from feedback.services.filtering import parse_amount
from ranking.models import Item, Match, ModelVersion, Project, Query, Ranking
from ranking.services import jobs, serving
from tests import factories, trainings

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    """Rows get the same ids anew in each test: nothing kept by id may outlive one."""
    cache.clear()
    serving.forget_rankers()


@pytest.fixture
def project() -> Project:
    return factories.make_project(items=40, queries=6)


@pytest.fixture
def query(project: Project) -> Query:
    """A need of Harbour, the reader's organisation."""
    return factories.queries_of(project, "Harbour")[0]


@pytest.fixture
def foreign(project: Project) -> Query:
    return factories.queries_of(project, "Meadow")[0]


@pytest.fixture
def reader(project: Project) -> Client:
    return logged_in(factories.make_reader())


@pytest.fixture
def admin(project: Project) -> Client:
    return logged_in(factories.make_admin())


@pytest.fixture
def moved(project: Project, query: Query) -> tuple[Ranking, Ranking]:
    """The list of version 0, and that of version 1."""
    before = serving.serve(query)
    trainings.promote(trainings.make_version(project))
    return before, serving.serve(query)


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def without_tokens(response: Any) -> str:
    """Return the page without the tokens that differ from answer to answer."""
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


def page(client: Client, name: str, *args: int, **params: Any) -> Any:
    return client.get(reverse(f"feedback:{name}", args=args), params)


def ranks(response: Any) -> list[int]:
    return [line.rank for line in response.context["page"].object_list]


def title_of(ranking: Ranking, rank: int) -> str:
    return ranking.matches.select_related("item_version__item").get(rank=rank).item_version.item.title


def teach(project: Project, *, simulated: bool = False) -> tuple[FeedbackSession, ModelVersion]:
    """Hold a session and put a version in service that was trained from it."""
    experts = [factories.make_expert(name) for name in ("edda-secret", "emil-secret")]
    session = factories.make_closed_session(
        project, experts, title="Autumn round", slates_per_expert=8, simulated=simulated
    )
    job = jobs.claim(learning.retrain(project, by="ada").pk, owner="test")
    assert job is not None
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    base = serving.champion(project).version
    version = jobs.finish(job, base, trainings.sorting_model(project, "fee"), result)
    trainings.promote(version)
    return session, version


# --- whose pages they are -----------------------------------------------------------------------------------
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


# --- the list of needs --------------------------------------------------------------------------------------
class TestNeeds:
    def test_it_says_when_a_need_was_ranked_and_what_moved(
        self, reader: Client, query: Query, moved: tuple[Ranking, Ranking]
    ) -> None:
        shown = text(page(reader, "needs"))
        assert "Ranked by version 1, today" in shown
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


# --- a ranked list ------------------------------------------------------------------------------------------
class TestMatches:
    def test_a_stored_list_is_shown_at_once_with_facts_reasons_and_counts(
        self, reader: Client, query: Query
    ) -> None:
        stored = serving.serve(query)
        shown = text(page(reader, "matches", query.pk))
        assert Ranking.objects.count() == 1
        best = stored.matches.get(rank=1)
        assert f"<b>{stored.eligible_total}</b> of 40 advisers meet your rules" in shown
        assert "ranked by version 0, today" in shown
        assert best.reasons[0]["text"] in shown
        assert "Assets <b>$" in shown
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


# --- why ----------------------------------------------------------------------------------------------------
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

    @pytest.mark.parametrize("asked", ["x", "-1", "99999999999999999999999"])
    def test_a_list_that_does_not_exist_is_not_found(self, reader: Client, query: Query, asked: str) -> None:
        serving.serve(query)
        assert page(reader, "why", query.pk, 1, list=asked).status_code == 404

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
            ("why_above", (1, 2), 9),
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


# --- outcomes -----------------------------------------------------------------------------------------------
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

    def test_what_is_taken_back_is_as_if_nothing_was_done(self, reader: Client, query: Query) -> None:
        serving.serve(query)
        self.act(reader, query, 3, kind="shortlisted")
        self.act(reader, query, 3, kind="removed")
        assert 3 in ranks(page(reader, "matches", query.pk, state="open"))
        assert "Nothing on the shortlist" in text(page(reader, "shortlist"))

    @pytest.mark.parametrize("body", [{"kind": "bought"}, {"kind": "declined", "reason": "x" * 2001}, {}])
    def test_what_cannot_be_noted_is_refused(
        self, reader: Client, query: Query, body: dict[str, str]
    ) -> None:
        serving.serve(query)
        assert self.act(reader, query, 1, **body, headers=HTMX).status_code == 400
        assert self.act(reader, query, 1, **body).status_code == 302
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


# --- export -------------------------------------------------------------------------------------------------
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

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\uff1d"])
    def test_every_sign_that_starts_a_formula_is_disarmed(self, sign: str) -> None:
        assert safe_cell(f"{sign}1+1") == f"'{sign}1+1"
