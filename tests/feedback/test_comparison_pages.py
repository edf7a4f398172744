"""Pages of blind comparisons: an expert chooses, an admin opens, closes and reads."""

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.services import choosing, comparing, widening
from tests import factories, trainings
from tests.pages import text_of


@pytest.fixture
def project(db):
    return factories.make_project(items=24, queries=12)


@pytest.fixture
def versions(project):
    return trainings.make_version(project), project.versions.get(number=0)


@pytest.fixture
def session(versions, edda):
    return factories.make_comparison(*versions, [edda], title="Spring check", instructions="Look at fees.")


@pytest.fixture
def expert(edda):
    client = Client()
    client.force_login(edda)
    return client


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(factories.make_admin())
    return client


def _answer(client, choice, **body):
    return client.post(reverse("feedback:choice_answer", args=[choice.pk]), body, follow=True)


# --- the expert ---------------------------------------------------------------------------------------------
def test_a_comparison_stands_among_ones_own_sessions(expert, session, edda, project):
    factories.make_session(project, [edda], title="Orders")
    shown = text_of(expert.get(reverse("feedback:my_sessions")))
    assert "Spring check" in shown
    assert "Orders" in shown
    assert "0 of 3" in shown
    comparing.close_comparison(session)
    closed = text_of(expert.get(reverse("feedback:my_sessions"))).partition("Closed")[2]
    assert "Spring check" in closed


def test_an_expert_goes_from_the_intro_through_all_choices_to_the_thanks(expert, session):
    intro = expert.get(reverse("feedback:comparison_intro", args=[session.pk]))
    assert "Look at fees." in text_of(intro)
    choices = list(session.choices.order_by("position"))
    assert reverse("feedback:choice", args=[choices[0].pk]) in intro.content.decode()
    for place, choice in enumerate(choices, start=1):
        shown = text_of(expert.get(reverse("feedback:choice", args=[choice.pk])))
        assert f"{place} of 3" in shown
        answer = _answer(expert, choice, kind="left", reason_tags=["right_focus"], comment="Nearer.")
    assert "That was all. Thank you." in text_of(answer)
    kept = ListAnswer.objects.get(choice=choices[0])
    assert (kept.kind, kept.reason_tags, kept.comment, kept.seconds) == (
        "left",
        ["right_focus"],
        "Nearer.",
        0,
    )


def test_both_lists_are_shown_with_what_they_share(expert, session):
    choice = session.choices.first()
    body = expert.get(reverse("feedback:choice", args=[choice.pk])).content.decode()
    shared = set(choice.left) & set(choice.right)
    assert body.count("only here") == len(choice.left) + len(choice.right) - 2 * len(shared)
    assert body.count("in both,") == 2 * len(shared)


def test_an_empty_answer_is_asked_for_again_and_what_was_written_stays(expert, session):
    choice = session.choices.first()
    answer = _answer(expert, choice, comment="A thought.")
    assert answer.status_code == 422
    assert "Choose one of the four answers" in text_of(answer)
    assert "A thought.</textarea>" in answer.content.decode()
    assert not ListAnswer.objects.exists()


def test_a_second_answer_from_a_page_left_open_does_not_count(expert, session):
    choice = session.choices.first()
    _answer(expert, choice, kind="left")
    assert "your first answer" in text_of(_answer(expert, choice, kind="right")).lower()
    assert [answer.kind for answer in ListAnswer.objects.all()] == ["left"]


def test_a_closed_comparison_says_so(expert, session):
    choice = session.choices.first()
    comparing.close_comparison(session)
    assert "is closed" in text_of(_answer(expert, choice, kind="left"))
    shown = expert.get(reverse("feedback:choice", args=[choice.pk]))
    assert shown["Location"] == reverse("feedback:comparison_done", args=[session.pk])
    assert "closed" in text_of(expert.get(reverse("feedback:comparison_intro", args=[session.pk])))
    assert not ListAnswer.objects.exists()


@pytest.mark.parametrize("gone", [True, False], ids=["handed over", "never there"])
def test_the_page_of_a_choice_that_went_leads_on_and_says_the_same_of_one_that_never_was(
    expert, session, edda, emil, gone
):
    number = session.choices.first().pk if gone else 10**9
    if gone:
        widening.hand_over(session, edda, emil)
    for answer in (
        expert.get(reverse("feedback:choice", args=[number]), follow=True),
        expert.post(reverse("feedback:choice_answer", args=[number]), {"kind": "left"}, follow=True),
    ):
        assert answer.redirect_chain == [(reverse("feedback:my_sessions"), 302)]
        assert "This choice has gone over to another expert, or was taken back." in text_of(answer)
    assert not ListAnswer.objects.exists()


def test_an_answer_to_a_choice_that_goes_over_at_this_moment_is_not_said_to_stand(
    expert, session, edda, emil, monkeypatch
):
    monkeypatch.setattr(choosing, "check", lambda choice, said: widening.hand_over(session, edda, emil))
    answer = _answer(expert, session.choices.first(), kind="left")
    assert "This choice has gone over to another expert, or was taken back." in text_of(answer)
    assert "first answer" not in text_of(answer)


@pytest.mark.parametrize("said", [{"kind": "left", "comment": "a\x00b"}, {"kind": "left", "seconds": "-4"}])
def test_what_no_page_sends_is_refused(expert, session, said):
    assert _answer(expert, session.choices.first(), **said).status_code == 422


# --- the admin ----------------------------------------------------------------------------------------------
def _open(client, **changes):
    body = {"title": "Spring check", "experts": [], "needs_per_expert": 3, "items_per_list": 5, **changes}
    return client.post(reverse("feedback:comparison_new", args=["advisers", 1, 0]), body, follow=True)


def test_an_admin_opens_a_comparison_from_the_page_of_two_versions(admin, versions, edda):
    compare = admin.get(reverse("ranking:compare", args=["advisers", 1, 0])).content.decode()
    blind = reverse("feedback:comparisons", args=["advisers", 1, 0])
    assert compare.count(f'hx-get="{blind}"') == 1
    assert f'href="{blind}"' in compare, "without a script, a link"
    part = admin.get(blind)
    assert "No expert has been asked yet" in text_of(part)
    assert reverse("feedback:comparison_new", args=["advisers", 1, 0]) in part.content.decode()
    opened = _open(admin, experts=[edda.pk])
    session = ComparisonSession.objects.get()
    assert opened.redirect_chain[-1][0] == reverse("feedback:comparison", args=["advisers", session.pk])
    assert (session.challenger, session.champion) == versions
    assert (session.choices.count(), session.opened_by) == (3, "ada")


def test_an_admin_is_told_when_there_was_less_to_ask(admin, versions, edda):
    text = text_of(_open(admin, experts=[edda.pk], needs_per_expert=50))
    count = ComparisonSession.objects.get().choices.count()
    assert f"{count} of 50 choices came together: for the other needs both lists are the same." in text
    factories.choose(ListChoice.objects.first(), "conflict_of_interest")
    text = text_of(_open(admin, experts=[edda.pk], needs_per_expert=50))
    assert f"{count - 1} of 50 choices came together" in text
    assert "both lists are the same, or an expert has declared an interest." in text


def test_a_refusal_stands_on_the_form(admin, versions, edda, project):
    assert _open(admin).status_code == 422
    trainings.make_version(project)
    same = admin.post(
        reverse("feedback:comparison_new", args=["advisers", 2, 1]),
        {"title": "x", "experts": [edda.pk], "needs_per_expert": 3, "items_per_list": 3},
    )
    assert same.status_code == 422
    assert "show the same lists" in text_of(same)
    assert not ComparisonSession.objects.exists()


def test_the_result_stands_on_its_page_and_beside_the_gate(admin, session):
    for choice, kind in zip(session.choices.all(), ("challenger", "challenger", "equal"), strict=True):
        factories.choose(choice, kind, comment="Cheaper ones first." if kind == "equal" else "")
    words = (
        "In 3 blind choices, experts preferred version 1 in 2, version 0 in 0, and held 1 for equal: 83 %."
    )
    page = text_of(admin.get(reverse("feedback:comparison", args=["advisers", session.pk])))
    assert words in page
    assert "Cheaper ones first." in page
    part = admin.get(reverse("feedback:comparisons", args=["advisers", 1, 0]), headers={"HX-Request": "true"})
    assert words in text_of(part)
    assert "<html" not in part.content.decode()
    other_way = text_of(admin.get(reverse("feedback:comparisons", args=["advisers", 0, 1])))
    assert words in other_way
    promote = admin.get(reverse("ranking:promote", args=["advisers", 1])).content.decode()
    assert f'hx-get="{reverse("feedback:comparisons", args=["advisers", 1, 0])}"' in promote


def test_the_result_does_not_change_the_verdict(session, versions):
    before = versions[0].evaluations.get().verdict
    for choice in session.choices.all():
        factories.choose(choice, "champion")
    comparing.close_comparison(session)
    assert versions[0].evaluations.get().verdict == before


def test_an_admin_closes_a_comparison_once(admin, session):
    address = reverse("feedback:comparison_close", args=["advisers", session.pk])
    assert "is closed." in text_of(admin.post(address, follow=True))
    session.refresh_from_db()
    assert (session.state, session.closed_at is not None) == ("closed", True)
    assert "is closed already" in text_of(admin.post(address, follow=True))


def test_comparisons_are_listed_apart_from_the_sessions_that_are_learned_from(admin, session):
    listed = text_of(admin.get(reverse("feedback:sessions", args=["advisers"])))
    assert "No session yet" in listed
    assert "Spring check" in listed
    assert "0 of 3" in listed
