"""What each non-answer leads to, end to end, on rows that the product makes."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from feedback.errors import InvalidGapNote
from feedback.models import GapNote, ListChoice, Preference, Slate
from feedback.services import attention, coverage, extending, gaps, moves, reliability, sessions
from feedback.services.exchanging import export_file
from feedback.services.importing import import_sessions
from feedback.services.interests import known_conflicts
from feedback.services.learning import freeze_training_set
from ranking.services import training_sets
from tests import exchange, factories, trainings

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    cache.clear()
    return factories.make_project(items=30, queries=6)  # all of them fit on one list


@pytest.fixture
def admin():
    client = Client()
    client.force_login(factories.make_admin())
    return client


def _pairs(*slates):
    """Return the (expert, need, item) of what slates show."""
    return {
        (slate.expert_id, slate.query_id, item)
        for slate in slates
        for item in slate.items.values_list("item_version__item", flat=True)
    }


# --- about equal, none suitable -----------------------------------------------------------------------------
def _taught(project, edda, kind):
    """Return the preferences of a session with one list judged so, and the rows it was frozen into."""
    session = factories.make_session(project, [edda], slates_per_expert=6)
    slate, *others = [
        slate
        for slate in session.slates.order_by("position")
        if not training_sets.held_out(slate.query) and slate.repeats_id is None
    ]
    judgement = factories.judge(slate, kind=kind)
    factories.judge_all(others)
    sessions.close_session(session)
    rows, _ = training_sets.load_frames(freeze_training_set(project))
    keys = list(slate.items.values_list("item_version__item__key", flat=True))
    frame = pd.read_parquet(io.BytesIO(rows))
    mine = frame[(frame["query"] == slate.query.key) & frame["item"].isin(keys)]
    return Preference.objects.filter(judgement=judgement), mine, judgement


def test_about_equal_ties_every_pair_of_the_list(project, edda):
    pairs, _, _ = _taught(project, edda, "about_equal")
    assert {(pair.target, pair.origin) for pair in pairs} == {(0.5, "tied")}
    assert len(pairs) == 6
    assert sum(pair.weight for pair in pairs) == pytest.approx(2)


def test_none_suitable_is_learned_as_no_grade_and_shown_as_a_red_flag(project, edda, admin):
    pairs, rows, judgement = _taught(project, edda, "none_suitable")
    assert {(pair.target, pair.origin) for pair in pairs} == {(0.5, "none_suitable")}
    assert sum(pair.weight for pair in pairs) == pytest.approx(0.5)
    assert (len(rows), set(rows["label"])) == (4, {0.0})
    assert list(attention.red_flags(project)) == [judgement]
    kinds = {notice.kind: notice.text for notice in attention.standing_of(project).notices}
    assert kinds["flags"] == "1 list in which no candidate was suitable."
    page = admin.get(reverse("feedback:flags", args=["advisers"])).content.decode()
    assert "none is suitable" in page


# --- outside what I know ------------------------------------------------------------------------------------
def test_a_list_is_not_offered_to_somebody_with_an_interest_in_it(project, edda, emil):
    asked = {"overlap_share": 0.0, "slates_per_expert": 3, "items_per_slate": 4}
    session = factories.make_session(project, [edda, emil], **asked)
    seen = session.slates.filter(expert=emil).values("query")
    slate = session.slates.filter(expert=edda).exclude(query__in=seen).first()
    before = session.slates.filter(expert=emil).count()
    earlier = factories.make_session(project, [emil], slates_per_expert=6, items_per_slate=30)
    declared = earlier.slates.filter(query=slate.query, repeats=None).first()
    card = declared.items.get(item_version=slate.items.first().item_version)
    factories.judge(declared, kind="conflict_of_interest", items=[card.pk])
    factories.judge(slate, kind="outside_knowledge")
    assert session.slates.filter(expert=emil).count() == before
    assert not session.slates.filter(expert=emil, query=slate.query).exists()


# --- conflict of interest -----------------------------------------------------------------------------------
def test_a_conflict_prefers_nobody_and_takes_back_the_repeat_of_the_list(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=6)
    repeat = session.slates.get(arm=Slate.Arm.REPEAT)
    card = repeat.repeats.items.first()
    judgement = factories.judge(repeat.repeats, kind="conflict_of_interest", items=[card.pk])
    assert not session.slates.filter(pk=repeat.pk).exists()
    factories.judge_all(session.slates.filter(state="open"))
    sessions.close_session(session)
    assert not judgement.preferences.exists()


def test_a_conflict_takes_the_pair_out_of_other_open_sessions_and_out_of_nobody_elses(project, edda, emil):
    here, there = (
        factories.make_session(project, [edda, emil], slates_per_expert=6, items_per_slate=30, seed=seed)
        for seed in (1, 2)
    )
    pair = min(_pairs(*here.slates.filter(expert=edda)) & _pairs(*there.slates.filter(expert=edda)))
    slate = here.slates.filter(expert=edda, query=pair[1], repeats=None).first()
    card = slate.items.get(item_version__item=pair[2])
    others = there.slates.filter(expert=emil).count()
    factories.judge(slate, kind="conflict_of_interest", items=[card.pk])
    assert pair not in _pairs(*Slate.objects.filter(state="open"))
    assert there.slates.filter(expert=emil).count() == others


def test_a_list_that_was_begun_stays_with_its_moves(project, edda):
    here, there = (
        factories.make_session(project, [edda], slates_per_expert=6, items_per_slate=30, seed=seed)
        for seed in (1, 2)
    )
    slate = here.slates.filter(repeats=None).first()
    begun = there.slates.filter(query=slate.query, repeats=None).first()
    moves.put(begun, {"comment": "begun"}, version=0)
    factories.judge(slate, kind="conflict_of_interest", items=[slate.items.first().pk])
    assert begun.moves.count() == 1
    assert there.slates.filter(pk=begun.pk).exists()


def test_a_pair_with_an_interest_never_comes_again_by_more_lists_hand_overs_shared_lists_or_new_sessions(
    project, edda, emil
):
    asked = {"slates_per_expert": 6, "items_per_slate": 20}
    first = factories.make_session(project, [edda], **asked)
    declared = set()
    for slate in first.slates.filter(repeats=None):
        card = slate.items.first()
        factories.judge(slate, kind="conflict_of_interest", items=[card.pk])
        declared.add((edda.pk, slate.query_id, card.item_version.item_id))
    extending.add_lists(first, edda, 6)
    again = factories.make_session(project, [edda, emil], **asked, overlap_share=1.0)
    extending.hand_over(again, emil, edda)
    offered = again.slates.filter(expert=emil, state="open").first()
    if offered is not None:
        factories.judge(offered, kind="outside_knowledge")
    shown = _pairs(*Slate.objects.filter(expert=edda, state="open"))
    assert len(declared) >= 5
    assert shown
    assert not shown & declared


def test_a_conflict_on_a_list_takes_back_the_choice_of_a_comparison(project, edda):
    versions = trainings.make_version(project), project.versions.get(number=0)
    comparison = factories.make_comparison(*versions, [edda], needs_per_expert=6, items_per_list=10)
    session = factories.make_session(project, [edda], slates_per_expert=6, items_per_slate=30)
    choice = comparison.choices.filter(query__in=session.slates.values("query")).first()
    slate = session.slates.filter(query=choice.query, repeats=None).first()
    card = slate.items.get(item_version=choice.left[0])
    factories.judge(slate, kind="conflict_of_interest", items=[card.pk])
    assert not ListChoice.objects.filter(pk=choice.pk).exists()
    again = factories.make_comparison(*versions, [edda], needs_per_expert=6, items_per_list=10)
    assert not again.choices.filter(query=choice.query).exists()


def test_a_conflict_in_a_comparison_counts_for_all_items_of_both_lists(project, edda):
    versions = trainings.make_version(project), project.versions.get(number=0)
    choice = factories.make_comparison(*versions, [edda]).choices.first()
    factories.choose(choice, "conflict_of_interest")
    barred = known_conflicts(project)[edda.pk, choice.query_id]
    assert len(barred) == len({*choice.left, *choice.right})
    session = factories.make_session(project, [edda], slates_per_expert=6, items_per_slate=30)
    shown = _pairs(*session.slates.filter(query=choice.query))
    assert not {item for _, _, item in shown} & barred


def test_a_choice_is_not_offered_to_somebody_with_an_interest_in_it(project, edda, emil):
    versions = trainings.make_version(project), project.versions.get(number=0)
    earlier = factories.make_comparison(*versions, [emil], needs_per_expert=6)
    choice = earlier.choices.first()
    factories.choose(choice, "conflict_of_interest")
    comparison = factories.make_comparison(*versions, [edda, emil], needs_per_expert=6)
    factories.choose(comparison.choices.get(expert=edda, query=choice.query), "outside_knowledge")
    assert not comparison.choices.filter(expert=emil, query=choice.query).exists()


def test_the_pages_count_the_lists_that_there_are_when_some_were_taken_back(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=6)
    repeat = session.slates.get(arm=Slate.Arm.REPEAT)
    factories.judge(repeat.repeats, kind="conflict_of_interest", items=[repeat.repeats.items.first().pk])
    client = Client()
    client.force_login(edda)
    last = session.slates.filter(state="open").order_by("position").last()
    assert "5 of 5" in client.get(reverse("feedback:slate", args=[last.pk])).content.decode()


# --- missing information ------------------------------------------------------------------------------------
@pytest.fixture
def missed(project, edda):
    """Return a judgement that misses the fee of one card."""
    slate = factories.make_session(project, [edda], slates_per_expert=6).slates.first()
    card = slate.items.first()
    return factories.judge(
        slate, kind="missing_information", field="Fee", items=[card.pk], comment="Is it negotiable?"
    )


def test_missing_information_opens_a_gap_that_names_field_and_item_and_prefers_nobody(project, missed, admin):
    (gap,) = gaps.gaps_of(project)
    title = missed.slate.items.first().item_version.item.title
    assert (gap.label, gap.items, gap.state) == ("Fee", (title,), "open")
    page = admin.get(reverse("feedback:gaps", args=["advisers"])).content.decode()
    for words in ("Fee", title, "Is it negotiable?", missed.slate.query.title):
        assert words in page
    notices = {notice.kind: notice.text for notice in attention.standing_of(project).notices}
    assert "most often “Fee”" in notices["gaps"]
    sessions.close_session(missed.slate.session)
    assert not Preference.objects.filter(judgement=missed).exists()


def test_a_gap_that_is_read_in_from_elsewhere_is_open_like_any(project, tmp_path):
    exchange.make_rich_session(project)
    path = tmp_path / "sessions"
    path.write_bytes(export_file(project, "jsonl"))
    exchange.wipe()
    import_sessions(project, path)
    (gap,) = gaps.gaps_of(project, "open")
    assert (gap.label, len(gap.items)) == ("Fee", 1)


def test_an_answer_reaches_the_expert_and_a_closed_gap_needs_nobody(project, missed, admin, edda):
    address = reverse("feedback:gap_note", args=["advisers", missed.pk])
    admin.post(address, {"kind": "answered", "text": "0.4 %, since May."})
    assert gaps.gap_of(missed).state == "answered"
    expert = Client()
    expert.force_login(edda)
    done = expert.get(reverse("feedback:session_done", args=[missed.slate.session_id])).content.decode()
    assert "0.4 %, since May." in done
    assert "gaps" not in {notice.kind for notice in attention.standing_of(project).notices}
    admin.post(address, {"kind": "closed"})
    assert gaps.gap_of(missed).state == "closed"
    assert admin.get(reverse("feedback:gaps", args=["advisers"])).context["page"].object_list == []
    admin.post(address, {"kind": "reopened"})
    assert [note.kind for note in gaps.gap_of(missed).notes] == ["answered", "closed", "reopened"]
    assert gaps.gap_of(missed).state == "open"
    assert gaps.gap_of(missed).answer == ""


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        ("answered", " ", "text"),
        ("solved", "", "kind"),
        ("reopened", "", "kind"),
        ("closed", "x" * 2001, "text"),
        ("answered", "a\x00b", "text"),
    ],
)
def test_a_note_that_says_nothing_is_refused(missed, kind, text, field):
    with pytest.raises(InvalidGapNote) as refused:
        gaps.note(missed, kind, text=text, by="ada")
    assert refused.value.field == field
    assert not GapNote.objects.exists()


def test_a_gap_is_closed_once(missed):
    gaps.note(missed, "closed", by="ada")
    with pytest.raises(InvalidGapNote):
        gaps.note(missed, "closed", by="ada")


def test_the_database_changes_no_note(missed):
    gaps.note(missed, "closed", by="ada")
    for statement in ("UPDATE feedback_gapnote SET text = 'x'", "DELETE FROM feedback_gapnote"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_gaps_are_read_and_noted_over_the_api(project, missed):
    client = factories.api_client(factories.make_admin("adam"))
    (gap,) = client.get("/api/v1/projects/advisers/gaps/", {"state": "open"}).json()["gaps"]
    assert (gap["id"], gap["field"], gap["label"], gap["expert"]) == (missed.pk, "fee", "Fee", "edda")
    address = f"/api/v1/gaps/{missed.pk}/notes/"
    noted = client.post(address, {"kind": "answered", "text": "0.4 %"}, format="json")
    assert (noted.status_code, noted.json()["state"], noted.json()["notes"][0]["by"]) == (
        201,
        "answered",
        "adam",
    )
    refused = client.post(address, {"kind": "answered"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_gap_note")
    assert client.get("/api/v1/projects/advisers/gaps/", {"state": "open"}).json()["gaps"] == []
    assert client.get("/api/v1/projects/advisers/gaps/", {"state": "lost"}).status_code == 400
    found = client.get(f"/api/v1/sessions/{missed.slate.session_id}/").json()
    assert found["gaps"][0]["state"] == "answered"
    assert found["comments"][0]["text"] == "Is it negotiable?"
    other = missed.slate.session.slates.exclude(pk=missed.slate_id).first()
    judged = factories.judge(other)
    assert (
        client.post(f"/api/v1/gaps/{judged.pk}/notes/", {"kind": "closed"}, format="json").status_code == 404
    )


# --- coverage -----------------------------------------------------------------------------------------------
NON_ANSWERS = {
    "missing_information": {"field": "fee"},
    "outside_knowledge": {},
    "conflict_of_interest": {},
}


def _handed_in(project, expert, kind, **more):
    """Return a session whose three lists were all handed in with one kind of answer."""
    session = factories.make_session(project, [expert], slates_per_expert=3, overlap_share=0.0)
    for slate in session.slates.all():
        cards = [slate.items.first().pk] if kind == "conflict_of_interest" else []
        factories.judge(slate, kind=kind, items=cards, **more)
    return session


@pytest.mark.parametrize("kind", NON_ANSWERS)
def test_a_non_answer_covers_nothing(admin, project, kind):
    edda = factories.make_expert()
    session = _handed_in(project, edda, kind, **NON_ANSWERS[kind])
    needs = coverage.needs_covered(session)
    assert [(need.done, need.experts, need.cards) for need in needs] == [(0, 0, 0)] * len(needs)
    assert sum(need.unanswered for need in needs) == 3
    summary = coverage.summary_of(session, coverage.judgements_of(session), needs)
    assert (summary.answered, summary.unanswered, summary.needs_judged, summary.held_out_lists) == (
        0,
        3,
        0,
        0,
    )
    (row,) = coverage.progress_of(session)
    assert (row.done, row.answered, row.unanswered) == (3, 0, 3)
    (listed,) = coverage.sessions_of(project)
    assert (listed.slates_done, listed.slates_answered) == (3, 0)
    (expert,) = reliability.expert_rows(project)
    assert (expert.judgements, expert.unanswered) == (0, 3)
    standing = attention.standing_of(project)
    assert standing.counts["judgements"] == standing.counts["experts"] == 0
    (notice,) = [notice for notice in standing.notices if notice.kind == "session_complete"]
    assert (notice.tone, "None of the 3 lists" in notice.text) == ("warn", True)
    told = admin.get(f"/api/v1/sessions/{session.pk}/").json()
    assert (told["slates_done"], told["slates_answered"]) == (3, 0)
    assert {(need["done"], need["cards"]) for need in told["coverage"]} == {(0, 0)}
    shown = admin.get(reverse("feedback:session", args=[project.slug, session.pk])).content.decode()
    assert "3 could not be judged" in shown


@pytest.mark.parametrize("kind", ["about_equal", "none_suitable"])
def test_about_equal_and_none_suitable_are_answers(project, kind):
    session = _handed_in(project, factories.make_expert(), kind)
    needs = [need for need in coverage.needs_covered(session) if need.slates]
    assert sum(need.done for need in needs) == 3
    assert all(need.cards for need in needs)
    assert coverage.progress_of(session)[0].answered == 3


def test_cards_below_the_line_are_not_covered(project):
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=1)
    slate = session.slates.get()
    first, *others = slate.items.values_list("pk", flat=True)
    factories.judge(slate, kind="reorder", tiers=[[first]], rest=list(others))
    (need,) = [need for need in coverage.needs_covered(session) if need.slates]
    assert (need.done, need.cards) == (1, 1)


def test_a_session_learned_from_counts_its_answers_alone(project):
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=4)
    first, *others = session.slates.order_by("position")
    factories.judge(first, kind="outside_knowledge")
    factories.judge_all(others)
    sessions.close_session(session)
    (source,) = freeze_training_set(project).sources
    assert source["slates"] == len(others)
