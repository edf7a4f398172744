"""The admin's pages of sessions: opening, what they cost, progress, closing, judged lists."""

from __future__ import annotations

import pytest
from django.urls import reverse

from feedback.models import FeedbackSession, Member, Preference
from feedback.services import coverage, people
from feedback.services.people import PersonRequest
from tests import factories
from tests.feedback.manage.pages import cards, page, send
from tests.pages import said, text_of


def asked(*experts, **changed):
    return {
        "title": "Autumn round",
        "instructions": "Look at the fee.",
        "experts": [expert.pk for expert in experts],
        "slates_per_expert": 6,
        "items_per_slate": 5,
        "random_percent": 60,
        "overlap_percent": 50,
        "asks_ratings": "on",
        **changed,
    }


def test_a_session_is_opened_as_it_was_asked_for(admin, project, edda, egon):
    answer = send(admin, "session_new", **asked(edda, egon))
    session = FeedbackSession.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("feedback:session", args=["advisers", session.pk])
    assert (session.title, session.opened_by, session.asks_ratings) == ("Autumn round", "ada", True)
    assert (session.random_share, session.overlap_share) == (0.6, 0.5)
    assert session.slates.count() == 12
    assert {slate.items.count() for slate in session.slates.all()} == {5}
    assert "0 of 12" in text_of(answer)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ""}, "This field is required."),
        ({"experts": []}, "This field is required."),
        ({"random_percent": 29}, "greater than or equal to 30"),
        ({"items_per_slate": 1}, "greater than or equal to 2"),
        ({"slates_per_expert": "many"}, "Enter a whole number."),
        ({"experts": [10**30]}, "is not one of the available choices"),
        ({"experts": ["edda"]}, "is not a valid value"),
    ],
)
def test_a_session_that_cannot_be_meant_is_asked_again_and_nothing_is_opened(
    admin, project, edda, changed, words
):
    answer = send(admin, "session_new", **asked(edda, **changed))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Look at the fee." in answer.content.decode()
    assert not FeedbackSession.objects.exists()


def test_readers_and_simulated_experts_are_not_invited(admin, project, edda):
    reader = factories.make_reader()
    member, _ = people.create_person(PersonRequest("robot", Member.Role.EXPERT, simulated=True))
    for stranger in (reader, member.user):
        answer = send(admin, "session_new", **asked(edda, stranger))
        assert answer.status_code == 422
        assert "is not one of the available choices" in text_of(answer)


def test_a_project_without_two_candidates_says_why_no_session_opens(admin, edda):
    factories.make_project(items=1, queries=3)
    answer = send(admin, "session_new", **asked(edda))
    assert answer.status_code == 422
    assert "No need of this project has two candidates to put in order." in text_of(answer)


def test_without_a_version_in_service_no_session_opens(admin, edda):
    factories.make_project(version=False)
    answer = send(admin, "session_new", **asked(edda))
    assert "has no version in service" in said(answer)[0]
    assert not FeedbackSession.objects.exists()


def test_the_cost_of_a_session_follows_the_form(admin, project, edda, egon):
    address = reverse("feedback:session_cost", args=["advisers"])
    body = asked(edda, egon, slates_per_expert=10, items_per_slate=8)
    text = text_of(admin.get(address, body))
    # ten lists of eight items, nine seconds each
    assert "Experts 2 Lists in all 20 of held-out needs about 5 Each expert about 12 min" in text
    assert "All together about 24 min" in text
    assert "an estimate, until the first lists are judged" in text
    assert "Mend the numbers" in text_of(admin.get(address, body | {"items_per_slate": "many"}))


def test_the_cost_of_a_session_is_measured_on_judged_lists(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3, items_per_slate=4)
    for slate, seconds in zip(session.slates.all(), (20, 40, 5000), strict=True):
        tiers = [[card] for card in factories.true_order(slate)]
        factories.judge(slate, kind="reorder", tiers=tiers, seconds=seconds)
    found = coverage.cost_of(project, experts=2, slates=6, items=8)
    # five and ten seconds an item; a list left open for over an hour says nothing
    assert (found.measured, found.seconds_a_list, found.minutes_all) == (2, 60.0, 12.0)


def test_the_page_of_a_session_says_how_far_each_expert_has_come(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon], slates_per_expert=3)
    mine = list(session.slates.filter(expert=edda))
    factories.judge(mine[0])
    factories.judge(mine[1], kind="none_suitable", comment="All of them far too dear.")
    text = page(admin, "session", session.pk)
    assert "edda 2 of 3" in text
    assert "egon 0 of 3" in text
    assert "All of them far too dear." in text
    row = coverage.progress_of(session)[0]
    assert (row.done, row.slates, row.not_ordered) == (2, 3, 1)


def test_the_page_of_a_session_costs_the_same_number_of_queries_however_much_is_judged(
    admin, project, edda, egon, django_assert_max_num_queries
):
    session = factories.make_session(project, [edda, egon], slates_per_expert=6, overlap_share=1.0)
    factories.judge_all(session.slates.all())
    with django_assert_max_num_queries(26):
        admin.get(reverse("feedback:session", args=["advisers", session.pk]))


def test_needs_are_covered_by_judged_lists_and_marked_when_held_out(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=5)
    first = session.slates.first()
    factories.judge(first)
    found = coverage.needs_covered(session)
    assert len(found) == 12
    assert (found[0].query, found[0].done, found[0].experts, found[0].cards) == (first.query, 1, 1, 4)
    assert sum(need.slates for need in found) == 5
    assert 0 < sum(need.held_out for need in found) < 12


def test_missing_values_are_counted_by_field_in_the_words_of_the_project(admin, project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3)
    for slate in list(session.slates.all())[:2]:
        factories.judge(slate, kind="missing_information", field="fee")
    factories.judge(session.slates.last(), reason_tags=["too_expensive"], kind="about_equal")
    remarks = coverage.remarks_of(coverage.judgements_of(session), project)
    assert (remarks.gaps, remarks.reasons) == ((("Fee", 2),), (("too expensive", 1),))
    assert {label: count for _, label, count in remarks.kinds}["missing information"] == 2
    assert "Fee 2" in page(admin, "flags")
    assert "2 lists that could not be judged for a missing value, most often “Fee”." in page(
        admin, "dashboard"
    )


def test_a_session_is_closed_once(admin, project, edda):
    session = factories.make_session(project, [edda])
    factories.judge_all(session.slates.all())
    answer = send(admin, "session_close", session.pk)
    assert said(answer) == ["“First round” is closed. What it says can be learned from now."]
    session.refresh_from_db()
    assert session.state == "closed"
    assert Preference.objects.filter(judgement__slate__session=session).exists()
    assert said(send(admin, "session_close", session.pk)) == ["“First round” is closed already."]


def test_a_session_of_another_project_is_not_found(admin, project, edda):
    other = factories.make_project("others")
    session = factories.make_session(other, [edda])
    for name, args in (("session", []), ("slate_review", [session.slates.first().pk])):
        address = reverse(f"feedback:{name}", args=["advisers", session.pk, *args])
        assert admin.get(address).status_code == 404


def test_a_judged_list_is_shown_as_it_was_put(admin, project, edda):
    session = factories.make_session(project, [edda])
    slate = session.slates.first()
    a, b, c, d = cards(slate)
    factories.judge(slate, kind="reorder", tiers=[[c], [a, b]], rest=[d])
    answer = admin.get(reverse("feedback:slate_review", args=["advisers", session.pk, slate.pk]))
    lines = answer.context["review"].lines
    assert [(line.shown, line.place) for line in lines] == [(3, 1), (1, 2), (2, 2), (4, None)]
    assert dict(answer.context["review"].origins) == {"reordered": 2, "tied": 1}
    assert "below the line" in text_of(answer)


def test_a_list_that_waits_for_its_judgement_says_so(admin, project, edda):
    session = factories.make_session(project, [edda])
    assert "Not judged yet." in page(admin, "slate_review", session.pk, session.slates.first().pk)


def test_judged_lists_are_filtered_by_expert(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon])
    factories.judge_all(session.slates.all())
    address = reverse("feedback:session", args=["advisers", session.pk])
    shown = admin.get(address, {"expert": "egon"}).context["page"].object_list
    assert {judgement.expert.username for judgement in shown} == {"egon"}
    assert len(shown) == 3


def test_the_table_of_sessions_comes_in_pages(admin, project, edda):
    factories.make_session(project, [edda], title="The oldest")
    version = project.versions.get(number=0)
    FeedbackSession.objects.bulk_create(
        FeedbackSession(project=project, version=version, title=f"Round {number}", opened_by="ada")
        for number in range(30)
    )
    address = reverse("feedback:sessions", args=["advisers"])
    first, second = (admin.get(address, {"page": number}) for number in (1, 2))
    assert (len(first.context["page"]), len(second.context["page"])) == (25, 6)
    assert "1 to 25 of 31 sessions" in text_of(first)
    assert "The oldest" in text_of(second)
