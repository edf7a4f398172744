"""What non-answers lead to."""

import pytest

from feedback.models import Member, Slate
from feedback.services import extending, people
from tests import factories, trainings

pytestmark = pytest.mark.django_db


def test_a_list_outside_ones_knowledge_goes_to_another_expert_with_the_same_cards():
    project = factories.make_project()
    experts = [factories.make_expert("a"), factories.make_expert("b")]
    session = factories.make_session(project, experts, overlap_share=0.0)
    slate = session.slates.filter(expert=experts[0]).exclude(
        query__in=session.slates.filter(expert=experts[1]).values("query")
    )[0]
    factories.judge(slate, kind="outside_knowledge")
    offered = session.slates.get(expert=experts[1], query=slate.query)
    assert offered.position == 4
    assert set(offered.items.values_list("item_version", flat=True)) == set(
        slate.items.values_list("item_version", flat=True)
    )


def test_a_list_that_nobody_else_can_take_is_offered_to_nobody():
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()])
    factories.judge(session.slates.first(), kind="outside_knowledge")
    assert Slate.objects.filter(session=session).count() == 3


def test_who_is_no_expert_any_more_is_offered_nothing():
    experts = [factories.make_expert(name) for name in "abc"]
    a, b, c = experts
    session = factories.make_session(factories.make_project(), experts, overlap_share=0.0)
    factories.judge_all(session.slates.filter(expert=b))
    people.change_role(Member.objects.get(user=b), "admin", None, by=factories.make_admin())
    others = session.slates.exclude(expert=a).values("query")
    slate = session.slates.filter(expert=a).exclude(query__in=others).first()
    factories.judge(slate, kind="outside_knowledge")
    assert session.slates.exclude(expert=a).get(query=slate.query).expert == c


def test_who_handed_their_lists_over_comes_last_after_those_at_it_and_those_who_are_done():
    experts = [factories.make_expert(name) for name in "abcd"]
    away, done, busy, asks = experts
    project = factories.make_project(queries=30)
    session = factories.make_session(project, experts, overlap_share=0.0)
    factories.judge(session.slates.filter(expert=away).first())
    extending.hand_over(session, away, busy)
    factories.judge_all(session.slates.filter(expert=done))
    first, second, third = session.slates.filter(expert=asks)
    factories.judge(first, kind="outside_knowledge")
    factories.judge_all(session.slates.filter(expert=busy))
    people.suspend(Member.objects.get(user=busy), by=factories.make_admin())
    factories.judge(second, kind="outside_knowledge")
    people.suspend(Member.objects.get(user=done), by=factories.User.objects.get(username="ada"))
    factories.judge(third, kind="outside_knowledge")
    offered = [session.slates.exclude(expert=asks).get(query=one.query_id) for one in (first, second, third)]
    assert [one.expert for one in offered] == [busy, done, away]


def test_a_choice_goes_to_whoever_still_judges_and_is_at_it():
    experts = [factories.make_expert(name) for name in "abcd"]
    done, former, busy, asks = experts
    project = factories.make_project()
    session = factories.make_comparison(
        trainings.make_version(project), project.versions.get(number=0), experts
    )
    choice = session.choices.filter(expert=asks).first()
    session.choices.exclude(expert=asks).filter(query=choice.query).delete()  # nobody else has this need
    for other in session.choices.filter(expert__in=[done, former]):
        factories.choose(other)
    people.change_role(Member.objects.get(user=former), "admin", None, by=factories.make_admin())
    factories.choose(choice, "outside_knowledge")
    assert session.choices.exclude(expert=asks).get(query=choice.query).expert == busy


def test_a_repeat_is_offered_to_nobody():
    project = factories.make_project()
    experts = [factories.make_expert("a"), factories.make_expert("b")]
    session = factories.make_session(project, experts, slates_per_expert=6, overlap_share=0.0)
    repeat = session.slates.get(expert=experts[0], arm=Slate.Arm.REPEAT)
    factories.judge(repeat, kind="outside_knowledge")
    assert session.slates.count() == 12


def test_a_declared_interest_is_never_asked_about_again():
    project = factories.make_project(queries=4)
    expert = factories.make_expert()
    first = factories.make_session(project, [expert], slates_per_expert=4, items_per_slate=20)
    declared = set()
    for slate in first.slates.all():
        card = slate.items.first()
        factories.judge(slate, kind="conflict_of_interest", items=[card.pk])
        declared.add((slate.query_id, card.item_version.item_id))
    again = factories.make_session(project, [expert], slates_per_expert=4, items_per_slate=20)
    shown = set(again.slates.values_list("query", "items__item_version__item"))
    assert shown
    assert not shown & declared


def test_a_missing_field_is_kept_by_its_name_whatever_it_was_called():
    project = factories.make_project()
    slate = factories.make_session(project, [factories.make_expert()]).slates.first()
    field = factories.DESCRIPTION["item"]["fields"][2]
    judgement = factories.judge(slate, kind="missing_information", field=field["label"])
    assert judgement.field == field["name"]
