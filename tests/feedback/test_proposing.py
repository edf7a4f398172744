"""What the form of a session says would be asked is what it then asks, and looking writes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from feedback.errors import InvalidSession
from feedback.models import FeedbackSession, Slate
from feedback.services import proposing
from feedback.services.sessions import SessionRequest, open_session
from ranking.errors import NoChampion
from tests import exchange, factories

FORM = {"slates_per_expert": 6, "items_per_slate": 4, "random_percent": 50, "overlap_percent": 34, "seed": 7}
ASKED = SessionRequest(title="", slates_per_expert=6, items_per_slate=4, overlap_share=0.34, seed=7)


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def experts(db):
    return [factories.make_expert(name) for name in ("edda", "egon", "elli")]


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(factories.make_admin())
    return client


def _asked(session):
    """Return what a session asks, as a proposal tells it: needs with the names of their cards, best first."""
    found = []
    for slate in session.slates.select_related("query"):
        cards = slate.items.order_by("model_rank").select_related("item_version__item")
        found.append((slate.query.title, tuple(card.item_version.item.title for card in cards)))
    return found


def test_what_is_proposed_is_what_the_session_then_asks(project, experts, monkeypatch):
    monkeypatch.setattr(proposing, "SHOWN", 100)
    found = proposing.propose(project, ASKED, experts)
    session = open_session(project, replace(ASKED, title="x"), experts=experts, by="ada")
    asked = _asked(session)
    assert found.lists == len(asked) == 18
    told = [(one.need, one.items) for one in found.shown for _ in one.experts]
    assert sorted(told) == sorted(asked)
    assert found.needs == len({need for need, _ in asked})
    assert {one.kind: one.lists for one in found.kinds} == {
        arm: session.slates.filter(arm=arm).count() for arm in session.slates.values_list("arm", flat=True)
    }
    assert found.shared == session.slates.filter(shared=True).values("query").distinct().count() > 0


def test_another_seed_proposes_other_lists(project, experts):
    one, other = (proposing.propose(project, SessionRequest(title="", seed=seed), experts) for seed in (1, 2))
    assert [found.items for found in one.shown] != [found.items for found in other.shown]


def test_looking_writes_nothing(project, experts, admin):
    before = exchange.counts()
    body = {**FORM, "experts": [expert.pk for expert in experts]}
    assert admin.get(reverse("feedback:session_preview", args=["advisers"]), body).status_code == 200
    assert (
        admin.post(reverse("feedback:session_new", args=["advisers"]), body | {"preview": "1"}).status_code
        == 200
    )
    assert exchange.counts() == {**before}
    assert not FeedbackSession.objects.exists()


def test_what_was_judged_in_between_is_drawn_anew_and_not_remembered(project, experts):
    before = proposing.propose(project, ASKED, experts)
    factories.make_closed_session(project, experts[:1], slates_per_expert=12)
    after = proposing.propose(project, ASKED, experts)
    assert before != after
    cache.clear()
    assert proposing.propose(project, ASKED, experts) == after


def test_a_pair_with_a_declared_interest_is_not_proposed(project, experts, monkeypatch):
    monkeypatch.setattr(proposing, "SHOWN", 100)
    slate = factories.make_session(project, experts[:1]).slates.first()
    card = slate.items.select_related("item_version__item").first()
    factories.judge(slate, kind="conflict_of_interest", items=(card.pk,))
    found = proposing.propose(project, SessionRequest(title="", slates_per_expert=30), experts[:1])
    lists = [one.items for one in found.shown if one.query == slate.query_id]
    assert lists
    assert card.item_version.item.title not in {name for one in lists for name in one}


@pytest.mark.parametrize("arm", Slate.Arm.values)
def test_every_kind_of_list_has_its_words(arm):
    label, why = proposing.words_of(arm)
    assert label
    assert why.endswith(".")


def test_each_list_says_why_it_is_asked(project, experts):
    found = proposing.propose(project, SessionRequest(title="", slates_per_expert=20), experts)
    why = " ".join(one.why for one in found.shown)
    assert len(found.shown) == proposing.SHOWN
    for words in ("disagree", "Drawn at random", "Unusual", "Shown again", "Shared by three experts"):
        assert words in why


def test_nothing_is_proposed_to_nobody_or_without_a_version(experts):
    project = factories.make_project(version=False)
    with pytest.raises(InvalidSession):
        proposing.propose(project, ASKED, [])
    with pytest.raises(NoChampion):
        proposing.propose(project, ASKED, experts)


def _page(admin, **changes):
    return admin.get(reverse("feedback:session_preview", args=["advisers"]), {**FORM, **changes})


def test_the_form_shows_what_would_be_asked_and_asks_for_what_is_missing(project, experts, admin):
    text = _page(admin, experts=[expert.pk for expert in experts]).content.decode()
    assert "18 lists" in text
    assert "of 12 needs" in text
    assert "Shared by three experts" in text
    assert "Choose experts" in _page(admin).content.decode()
    assert "Mend the numbers" in _page(admin, experts=[experts[0].pk], items_per_slate=1).content.decode()


def test_without_a_script_a_button_shows_it_and_the_form_keeps_what_was_filled_in(project, experts, admin):
    address = reverse("feedback:session_new", args=["advisers"])
    assert "Show what would be asked" in admin.get(address).content.decode()
    body = {**FORM, "experts": [experts[0].pk], "instructions": "Look at the fee."}
    answer = admin.post(address, {**body, "preview": "1"})
    text = answer.content.decode()
    assert (answer.status_code, "6 lists" in text, "Look at the fee." in text) == (200, True, True)
    assert "This field is required" not in text
    assert 'name="seed" value="7"' in text


def test_the_session_that_is_opened_carries_the_seed_that_was_looked_at(project, experts, admin):
    address = reverse("feedback:session_new", args=["advisers"])
    assert 'name="seed" value="0"' in admin.get(address).content.decode()
    factories.make_session(project, experts[:1])  # by somebody else, while the form is filled in
    admin.post(address, {**FORM, "seed": 0, "title": "Mine", "experts": [experts[0].pk]})
    assert FeedbackSession.objects.get(title="Mine").seed == 0


def test_the_api_previews_what_it_then_opens(project, experts):
    client = factories.api_client(factories.make_admin())
    body = {"project": "advisers", "experts": ["edda", "egon"], "slates_per_expert": 4, "seed": 3}
    found = client.post("/api/v1/sessions/preview/", body, format="json")
    assert found.status_code == 200
    assert not FeedbackSession.objects.exists()
    opened = client.post("/api/v1/sessions/", {**body, "title": "x"}, format="json").json()
    asked = _asked(FeedbackSession.objects.get(pk=opened["id"]))
    assert (found.json()["lists"], found.json()["seed"]) == (opened["slates_total"], 3)
    assert {(one["need"], tuple(one["items"])) for one in found.json()["shown"]} <= set(asked)
    whole = {**body, "title": "x", "due_on": "2099-01-31", "instructions": "Look.", "asks_ratings": True}
    assert client.post("/api/v1/sessions/preview/", whole, format="json").json()["seed"] == 3
    refused = client.post("/api/v1/sessions/preview/", {**body, "experts": []}, format="json")
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["experts"])
