"""Blind comparisons of two versions: what is frozen, what an answer does, and what is found."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from feedback.errors import AlreadyJudged, InvalidComparison, InvalidJudgement, KeyReused, SessionClosed
from feedback.models import ListAnswer, ListChoice, Member
from feedback.services import choosing, comparing, contesting
from feedback.services.comparing import ComparisonRequest
from feedback.services.learning import freeze_training_set
from feedback.services.presenting import choice_context
from feedback.submitting import Answer
from ranking.errors import NothingToTrain
from ranking.services.candidates import candidates
from ranking.services.orders import order_of
from ranking.services.training_sets import held_out
from tests import factories, trainings

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return factories.make_project(items=24, queries=12)


@pytest.fixture
def versions(project):
    """A challenger that sorts by fee, and version 0."""
    return trainings.make_version(project), project.versions.get(number=0)


@pytest.fixture
def experts():
    return [factories.make_expert("edda"), factories.make_expert("emil")]


@pytest.fixture
def session(versions, experts):
    return factories.make_comparison(*versions, experts, needs_per_expert=4, items_per_list=5)


def test_both_lists_are_the_first_items_of_their_versions(session, versions):
    for choice in session.choices.select_related("query__project"):
        tops = {version.pk: order_of(version, choice.query)[:5].tolist() for version in versions}
        lists = {"left": choice.left, "right": choice.right}
        assert lists.pop(choice.challenger_side) == tops[session.challenger_id]
        assert lists.popitem()[1] == tops[session.champion_id]


def test_held_out_needs_are_asked_about_first(project, versions, experts):
    kept_back = sum(held_out(query) for query in project.queries.select_related("project"))
    assert 0 < kept_back < 12
    found = factories.make_comparison(*versions, experts[:1], needs_per_expert=kept_back)
    assert all(choice.held_out and held_out(choice.query) for choice in found.choices.all())


def test_needs_with_the_same_list_twice_are_passed_over(project, experts):
    # Versions 1 and 2 differ in name alone.
    first, second = trainings.make_version(project), trainings.make_version(project)
    with pytest.raises(InvalidComparison, match="same lists"):
        factories.make_comparison(first, second, experts)


def test_a_list_that_only_turns_round_is_another_list(project, experts):
    # As long as the pool, both lists hold the same items.
    query = project.queries.first()
    pool = len(candidates(query, project.versions.get(number=0).feature_set))
    challenger = trainings.make_version(project)
    assert pool > 10
    found = factories.make_comparison(challenger, project.versions.get(number=0), experts, items_per_list=10)
    assert found.choices.exists()


def test_a_need_in_which_an_expert_has_an_interest_is_not_asked(project, versions, experts):
    judged = factories.make_session(project, experts[:1], slates_per_expert=12, items_per_slate=8)
    barred = set()
    for slate in judged.slates.select_related("session__project"):
        top = {pk for version in versions for pk in order_of(version, slate.query)[:3].tolist()}
        named = [card.pk for card in slate.items.all() if card.item_version_id in top]
        if named:
            factories.judge(slate, kind="conflict_of_interest", items=named)
            barred.add(slate.query_id)
    assert barred
    found = factories.make_comparison(*versions, experts, needs_per_expert=12)
    assert not barred & set(found.choices.filter(expert=experts[0]).values_list("query", flat=True))
    assert barred <= set(found.choices.filter(expert=experts[1]).values_list("query", flat=True))


def test_needs_with_an_interest_take_no_place_of_others(versions, experts):
    edda = experts[:1]
    first = factories.make_comparison(*versions, edda, needs_per_expert=3)
    barred = [choice.query_id for choice in first.choices.all()]
    for choice in first.choices.all():
        factories.choose(choice, "conflict_of_interest")
    second = factories.make_comparison(*versions, edda, needs_per_expert=3)
    asked = list(second.choices.values_list("query", flat=True))
    assert (len(asked), set(asked) & set(barred)) == (3, set())


def test_interests_in_every_need_are_named_as_what_is_in_the_way(versions, experts):
    first = factories.make_comparison(*versions, experts[:1], needs_per_expert=50)
    for choice in first.choices.all():
        factories.choose(choice, "conflict_of_interest")
    with pytest.raises(InvalidComparison, match="an interest in every need"):
        factories.make_comparison(*versions, experts[:1])


def test_only_experts_who_are_people_are_asked(versions, experts):
    with pytest.raises(InvalidComparison) as refused:
        factories.make_comparison(*versions, [factories.make_reader()])
    assert refused.value.field == "experts"
    Member.objects.filter(user=experts[0]).update(simulated=True)
    with pytest.raises(InvalidComparison, match="simulated"):
        factories.make_comparison(*versions, experts)
    with pytest.raises(InvalidComparison):
        factories.make_comparison(versions[0], versions[0], experts[1:])
    with pytest.raises(InvalidComparison) as refused:
        factories.make_comparison(*versions, experts[1:], items_per_list=11)
    assert refused.value.field == "items_per_list"


@pytest.mark.parametrize(
    ("field", "text"),
    [("title", "Version 3, at last"), ("title", "v3 or v2?"), ("instructions", "The champion is on trial.")],
)
def test_a_text_that_names_a_version_is_refused(versions, experts, field, text):
    with pytest.raises(InvalidComparison) as refused:
        factories.make_comparison(*versions, experts, **{field: text})
    assert refused.value.field == field


def test_versions_of_two_projects_are_not_compared(versions, experts):
    other = factories.make_project("other", items=6, queries=3).versions.get()
    with pytest.raises(InvalidComparison):
        comparing.open_comparison(versions[0], other, ComparisonRequest("x"), experts=experts, by="ada")


def test_the_same_answer_with_the_same_key_counts_once(session):
    choice = session.choices.first()
    first = choosing.answer(choice, Answer(kind="left", seconds=3), key="k")
    assert choosing.answer(choice, Answer(kind="left", seconds=9), key="k") == first
    with pytest.raises(KeyReused):
        choosing.answer(choice, Answer(kind="right"), key="k")
    with pytest.raises(AlreadyJudged):
        choosing.answer(choice, Answer(kind="right"), key="another")
    assert ListAnswer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts(session):
    choice = session.choices.first()
    given, failed = [], []

    def say():
        try:
            given.append(choosing.answer(choice, Answer(kind="left"), key="k").pk)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=say) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(given) == 8
    assert len(set(given)) == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "both"}, "kind"),
        ({"kind": "left", "reason_tags": ["pretty"]}, "reason_tags"),
        ({"kind": "left", "comment": "x" * 5001}, "comment"),
    ],
)
def test_what_is_not_an_answer_is_refused(session, said, field):
    with pytest.raises(InvalidJudgement) as refused:
        factories.choose(session.choices.first(), **said)
    assert refused.value.field == field
    assert not ListAnswer.objects.exists()


def test_a_closed_comparison_takes_no_answer_and_is_closed_once(session):
    choice = session.choices.first()
    comparing.close_comparison(session)
    with pytest.raises(SessionClosed):
        factories.choose(choice)
    with pytest.raises(SessionClosed):
        comparing.close_comparison(session)


def test_the_database_refuses_to_change_or_delete_an_answer(session):
    answer = factories.choose(session.choices.first())
    with pytest.raises(IntegrityError), transaction.atomic():
        ListAnswer.objects.filter(pk=answer.pk).update(kind="right")
    with pytest.raises(IntegrityError), transaction.atomic():
        ListAnswer.objects.filter(pk=answer.pk).delete()


def test_what_an_expert_does_not_know_goes_to_another_one(versions, experts):
    session = factories.make_comparison(*versions, experts, needs_per_expert=2)
    choice = session.choices.filter(expert=experts[0]).first()
    asked = session.choices.filter(expert=experts[1], query=choice.query_id).exists()
    factories.choose(choice, "outside_knowledge")
    offered = session.choices.filter(expert=experts[1], query=choice.query_id)
    assert offered.count() == 1
    if not asked:
        last = offered.get()
        same = last.challenger_side == choice.challenger_side
        assert last.position == 3
        assert (last.left, last.right) == (
            (choice.left, choice.right) if same else (choice.right, choice.left)
        )


def test_with_nobody_left_it_stays_unanswered(versions, experts):
    session = factories.make_comparison(*versions, experts[:1])
    factories.choose(session.choices.first(), "outside_knowledge")
    assert session.choices.count() == 3


def test_the_side_of_an_offered_choice_is_drawn_anew(versions, experts):
    session = factories.make_comparison(*versions, experts[:1], needs_per_expert=1)
    choice = session.choices.get()
    ListChoice.objects.create(
        session=session, expert=experts[1], query=_another(choice), query_content={}, held_out=False,
        position=1, challenger_side="left", left=[], right=[],
    )  # fmt: skip
    sides = set()
    for _ in range(40):
        with transaction.atomic():
            sides.add(choosing.offer_to_another(choice).challenger_side)
            transaction.set_rollback(True)
    assert sides == {"left", "right"}


def _another(choice):
    return choice.session.project.queries.exclude(pk=choice.query_id).first()


def test_the_result_follows_the_versions_and_not_the_sides(session):
    choices = list(session.choices.all())
    assert len({choice.challenger_side for choice in choices}) == 2
    for choice, kind in zip(
        choices, [*["challenger"] * 4, "champion", "equal", "neither", "outside_knowledge"], strict=True
    ):
        factories.choose(choice, kind)
    found = contesting.result_of(session)
    assert (found.every.challenger, found.every.champion, found.every.equal) == (4, 1, 1)
    assert (found.neither, found.outside_knowledge, found.conflicts) == (1, 1, 0)
    assert found.every.value == pytest.approx(4.5 / 6)
    assert found.every.answers == found.held_out.answers + found.others.answers
    assert found.sided == 5
    assert found.words.startswith(
        "In 6 blind choices, experts preferred version 1 in 4, version 0 in 1, and held 1 for equal: 75 %"
    )


def test_a_remark_says_which_version_it_was_for(session):
    choice = session.choices.first()
    factories.choose(choice, "champion", comment="nearer", reason_tags=["right_focus"])
    (said,) = contesting.result_of(session).remarks
    assert (said.text, said.reasons, said.verdict) == ("nearer", ("right focus",), "version 0")


def test_the_cards_stay_as_they_were_when_it_opened(project, session):
    choice = session.choices.first()
    before = list(choice.left)
    item = project.items.get(current=before[0])
    factories.revise_item(item, {**item.current.content, "name": "Renamed"})
    shown = choice_context(ListChoice.objects.get(pk=choice.pk))
    assert len(shown["left"]) == len(before)
    assert "Renamed" not in str(shown)


def test_nothing_is_learned_from_a_comparison(project, session):
    for choice in session.choices.all():
        factories.choose(choice)
    comparing.close_comparison(session)
    with pytest.raises(NothingToTrain):
        freeze_training_set(project)
    assert not project.sessions.exists()
