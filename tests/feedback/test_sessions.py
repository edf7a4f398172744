"""Opening a session freezes what will be shown; closing it derives what was said."""

import re

import pytest

from feedback.errors import InvalidSession
from feedback.models import FeedbackSession, Slate, SlateItem
from feedback.services import sessions
from feedback.services.presenting import slate_context
from ranking.content import content_hash
from ranking.models import ItemVersion
from ranking.services.training_sets import held_out
from tests import factories

pytestmark = pytest.mark.django_db


def test_every_expert_gets_slates_of_the_size_asked_for():
    project = factories.make_project()
    experts = [factories.make_expert("a"), factories.make_expert("b")]
    session = factories.make_session(project, experts, slates_per_expert=5, items_per_slate=6)
    for expert in experts:
        slates = session.slates.filter(expert=expert)
        assert [slate.position for slate in slates] == [1, 2, 3, 4, 5]
        assert {slate.items.count() for slate in slates} == {6}


def test_slates_of_held_out_queries_are_in_random_order():
    project = factories.make_project()
    session = factories.make_session(
        project, [factories.make_expert()], slates_per_expert=12, random_share=0.3
    )
    kept_back = [slate for slate in session.slates.all() if held_out(slate.query)]
    assert kept_back
    assert all(slate.randomised for slate in kept_back)


def test_a_slate_in_the_versions_order_shows_its_ranks_ascending():
    project = factories.make_project()
    session = factories.make_session(
        project, [factories.make_expert()], slates_per_expert=12, random_share=0.3
    )
    ordered = [slate for slate in session.slates.all() if not slate.randomised]
    assert ordered
    for slate in ordered:
        ranks = [card.model_rank for card in slate.items.all()]
        assert ranks == sorted(ranks)


def test_nobody_can_tell_the_versions_ranks_from_the_page():
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=12)
    for slate in session.slates.filter(randomised=True):
        shown = [int(card["id"]) for card in slate_context(slate)["cards"]]
        assert shown == sorted(shown), "ids follow the shown order, not the order of the version"
        assert "score" not in str(slate_context(slate)).lower()


def test_a_field_whose_values_are_long_gets_the_room_for_them_on_every_card(client):
    expert = factories.make_expert()
    slate = factories.make_session(factories.make_project(), [expert]).slates.get(position=1)
    assert slate_context(slate)["long_fields"] == {"focus"}
    client.force_login(expert)
    page = client.get(f"/my/slates/{slate.pk}/").content.decode()
    assert len(re.findall(r' class="?long', page)) == slate.items.count()


def test_a_repeat_shows_the_same_cards_in_another_order_and_names_its_first_showing():
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=20)
    repeats = list(session.slates.filter(arm=Slate.Arm.REPEAT).select_related("repeats"))
    assert len(repeats) == 2
    for slate in repeats:
        shown, before = ([card.item_version_id for card in one.items.all()] for one in (slate, slate.repeats))
        assert set(shown) == set(before)
        assert shown != before
        assert slate.randomised
        assert slate.position > slate.repeats.position + 1
        assert (slate.expert, slate.query) == (slate.repeats.expert, slate.repeats.query)
    assert not session.slates.exclude(arm=Slate.Arm.REPEAT).filter(repeats__isnull=False).exists()


def test_every_slate_says_why_it_is_asked_for_and_with_which_probability():
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()], slates_per_expert=12)
    for slate in session.slates.filter(repeats__isnull=True):
        assert (slate.arm == Slate.Arm.RANDOM) == held_out(slate.query)
        assert 0 < slate.selection_probability <= 1
        assert {0 < card.selection_probability <= 1 for card in slate.items.all()} == {True}


def test_what_was_judged_changes_what_is_asked_next():
    project = factories.make_project()
    expert = factories.make_expert()

    def asked():
        session = factories.make_session(project, [expert], slates_per_expert=12, seed=3)
        return session, {
            (slate.query_id, frozenset(slate.items.values_list("item_version", flat=True)))
            for slate in session.slates.filter(arm=Slate.Arm.COMMITTEE)
        }

    session, first = asked()
    assert asked()[1] == first, "the same knowledge and seed ask the same"
    factories.judge_all(session.slates.all())
    assert asked()[1] == first, "an open session says nothing yet"
    sessions.close_session(session)
    assert asked()[1] != first


def test_what_is_shown_stays_when_the_item_changes():
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()])
    card = SlateItem.objects.filter(slate__session=session).select_related("item_version__item").first()
    before = dict(card.item_version.content)
    item = card.item_version.item
    changed = {**before, "assets": 1}
    item.current = ItemVersion.objects.create(item=item, content=changed, content_hash=content_hash(changed))
    item.save()
    card.refresh_from_db()
    assert card.item_version.content == before
    assert item.current.content["assets"] == 1


WRONG = [
    ("random_share", {"random_share": 0.2}),
    ("random_share", {"random_share": 1.2}),
    ("items_per_slate", {"items_per_slate": 1}),
    ("slates_per_expert", {"slates_per_expert": 0}),
    ("title", {"title": ""}),
]


@pytest.mark.parametrize(("field", "asked"), WRONG)
def test_a_session_that_can_not_be_held_is_refused_and_its_field_named(field, asked):
    project = factories.make_project()
    with pytest.raises(InvalidSession) as refusal:
        factories.make_session(project, [factories.make_expert()], **asked)
    assert refusal.value.field == field
    assert not FeedbackSession.objects.exists()
    assert not Slate.objects.exists()


@pytest.mark.parametrize("experts", ["none", "a reader"])
def test_only_experts_are_invited(experts):
    project = factories.make_project()
    invited = [] if experts == "none" else [factories.make_reader()]
    with pytest.raises(InvalidSession) as refusal:
        factories.make_session(project, invited)
    assert refusal.value.field == "experts"
