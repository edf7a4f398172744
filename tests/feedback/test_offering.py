"""What non-answers lead to."""

import pytest

from feedback.models import Slate
from tests import factories

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
