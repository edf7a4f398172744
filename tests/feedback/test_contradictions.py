"""Ratings against the order: found, sorted by, and never submitted without a word on which of them counts."""

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from feedback.contradictions import by_ratings, contradicted, is_turned
from feedback.errors import RatingsContradictOrder
from feedback.models import Judgement, Preference
from feedback.services import judging, sessions
from feedback.submitting import Submission
from tests import factories

CASES = json.loads((Path(__file__).parents[2] / "fixtures/cases/rated_orders.json").read_text())
AGAINST = (1, 3, 5, 4, 2, 1)


@pytest.fixture
def slate(db):
    project = factories.make_project(items=20, queries=3)
    session = factories.make_session(
        project, [factories.make_expert()], asks_ratings=True, items_per_slate=6, random_share=1.0
    )
    return session.slates.first()


def _cards(slate):
    return list(slate.items.values_list("pk", flat=True))


def _as_shown(slate, ratings=AGAINST, **changes):
    cards = _cards(slate)
    body = {
        "kind": "reorder",
        "tiers": [[card] for card in cards],
        "ratings": dict(zip(cards, ratings, strict=True)),
    }
    return {**body, **changes}


def _post(slate, body, key="k"):
    client = factories.api_client(slate.expert)
    address = f"/api/v1/slates/{slate.pk}/judgement/"
    return client.post(address, body, format="json", headers={"Idempotency-Key": key})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["desc"])
def test_a_worked_case(case):
    shown, tiers, ratings = case["shown"], case["tiers"], case["ratings"]
    assert [list(pair) for pair in contradicted(tiers, ratings)] == case["pairs"]
    assert is_turned(shown, tiers, ratings) == case["turned"]
    assert by_ratings(shown, tiers, case["rest"], ratings) == (
        case["sorted"]["tiers"],
        case["sorted"]["rest"],
    )


# --- submitted ----------------------------------------------------------------------------------------------
def test_ratings_against_the_order_are_not_taken_without_a_word_on_which_counts(slate):
    cards = _cards(slate)
    with pytest.raises(RatingsContradictOrder, match=f"card {cards[1]} is rated higher than card {cards[0]}"):
        judging.submit(slate, Submission(**_as_shown(slate)), key="k")
    assert not Judgement.objects.exists()


def test_a_list_is_sorted_by_its_ratings_where_these_count(slate):
    judgement = judging.submit(slate, Submission(**_as_shown(slate, decided_by="ratings")), key="k")
    a, b, c, d, e, f = _cards(slate)
    assert (judgement.tiers, judgement.decided_by) == ([[c], [d], [b], [e], [a, f]], "ratings")


def test_the_order_counts_against_the_ratings_once_it_is_confirmed(slate):
    judging.submit(slate, Submission(**_as_shown(slate, decided_by="order")), key="k")
    sessions.close_session(slate.session)
    cards = _cards(slate)
    pairs = set(Preference.objects.values_list("winner", "loser"))
    assert pairs == {(high, low) for i, high in enumerate(cards) for low in cards[i + 1 :]}


def test_a_scale_that_was_turned_round_is_turned_back(slate):
    a, b, c, d, e, f = _cards(slate)
    moved = [[c], [a], [b], [d], [e], [f]]
    ratings = dict(zip([c, a, b, d, e, f], [1, 1, 2, 3, 4, 5], strict=True))
    body = {"kind": "reorder", "tiers": moved, "ratings": ratings}
    with pytest.raises(RatingsContradictOrder) as found:
        judging.submit(slate, Submission(**body), key="k")
    assert found.value.turned
    judgement = judging.submit(slate, Submission(**body, decided_by="turned"), key="k")
    assert judgement.tiers == moved
    assert judgement.ratings == {str(card): 6 - rating for card, rating in ratings.items()}


def test_turning_the_ratings_round_does_not_pass_what_contradicts_the_order_even_then(slate):
    with pytest.raises(RatingsContradictOrder):
        judging.submit(slate, Submission(**_as_shown(slate, decided_by="turned")), key="k")


def test_what_decides_nothing_is_not_kept(slate):
    said = _as_shown(slate, ratings=(5, 4, 3, 2, 1, 1), decided_by="ratings")
    judgement = judging.submit(slate, Submission(**said), key="k")
    assert (judgement.decided_by, len(judgement.tiers)) == ("", 6)


def test_a_client_is_told_which_pairs_contradict_and_what_it_may_say(slate):
    cards = _cards(slate)
    answer = _post(slate, _as_shown(slate, ratings=(5, 1, 1, 1, 1, 2)))
    body = answer.json()
    assert (answer.status_code, body["error"]["code"]) == (409, "ratings_contradict_order")
    assert list(body["error"]["fields"]) == ["decided_by"]
    assert body["contradictions"] == [{"above": card, "rated_higher": cards[5]} for card in cards[1:5]]
    assert body["looks_turned"] is False
    again = _post(slate, _as_shown(slate, ratings=(5, 1, 1, 1, 1, 2), decided_by="order"))
    assert (again.status_code, Judgement.objects.get().decided_by) == (201, "order")


@pytest.mark.parametrize(
    "changes", [{"decided_by": "both"}, {"kind": "about_equal", "tiers": [], "decided_by": "order"}]
)
def test_what_is_no_answer_to_the_question_is_refused(slate, changes):
    answer = _post(slate, {**_as_shown(slate), "ratings": {}, **changes})
    assert answer.status_code == 400


# --- without a script ---------------------------------------------------------------------------------------
def _form(slate, **more):
    cards = _cards(slate)
    ranks = {f"rank-{card}": str(place) for place, card in enumerate(cards, start=1)}
    rated = {f"rating-{card}": str(rating) for card, rating in zip(cards, AGAINST, strict=True)}
    client = Client()
    client.force_login(slate.expert)
    return client.post(reverse("feedback:judgement", args=[slate.pk]), {**ranks, **rated, **more})


def test_the_plain_form_asks_and_keeps_what_was_filled_in(slate):
    page = _form(slate, comment="as I said").content.decode()
    assert not Judgement.objects.exists()
    assert "Your ratings say another order" in page
    assert page.count('name="decided_by"') == 2
    assert "as I said" in page
    for value in AGAINST:
        assert f'value="{value}"' in page


@pytest.mark.parametrize(("said", "first"), [("ratings", 2), ("order", 0)])
def test_the_plain_form_takes_the_answer(slate, said, first):
    assert _form(slate, decided_by=said).status_code == 302
    judgement = Judgement.objects.get()
    assert (judgement.tiers[0], judgement.decided_by) == ([_cards(slate)[first]], said)
