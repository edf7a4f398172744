"""What an expert submits is checked against the slate and appended, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from feedback.errors import AlreadyJudged, InvalidJudgement, KeyReused, SessionClosed, StaleDraft
from feedback.models import Judgement, Preference, Slate
from feedback.services import judging, moves, sessions
from feedback.submitting import Submission
from tests import factories
from tests.pages import text_of


@pytest.fixture
def slate(db):
    project = factories.make_project()
    session = factories.make_session(project, [factories.make_expert()], asks_ratings=True)
    return session.slates.first()


def _order(slate, **changes):
    tiers = [[card] for card in slate.items.values_list("pk", flat=True)]
    return Submission(**{"kind": "reorder", "tiers": tiers, **changes})


def test_a_submitted_slate_is_kept_as_it_was_put(slate):
    tiers = [[card] for card in reversed(slate.items.values_list("pk", flat=True))]
    judgement = judging.submit(slate, _order(slate, tiers=tiers, comment="clear", seconds=40), key="k")
    judgement.refresh_from_db()
    assert (judgement.tiers, judgement.comment, judgement.seconds) == (tiers, "clear", 40)
    assert Slate.objects.get(pk=slate.pk).state == Slate.State.SUBMITTED


def test_the_same_key_and_body_answers_the_judgement_already_there(slate):
    first = judging.submit(slate, _order(slate, seconds=3), key="k")
    assert judging.submit(slate, _order(slate, seconds=9), key="k") == first
    assert Judgement.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(slate):
    judging.submit(slate, _order(slate), key="k")
    with pytest.raises(KeyReused):
        judging.submit(slate, _order(slate, comment="other"), key="k")


def test_a_judged_slate_takes_no_second_judgement(slate):
    judging.submit(slate, _order(slate), key="k")
    with pytest.raises(AlreadyJudged):
        judging.submit(slate, _order(slate), key="another")


def test_a_closed_session_takes_no_judgement(slate):
    sessions.close_session(slate.session)
    with pytest.raises(SessionClosed):
        judging.submit(slate, _order(slate), key="k")
    assert Judgement.objects.count() == 0
    assert Slate.objects.get(pk=slate.pk).state == Slate.State.OPEN


WRONG = [
    ("kind", {"kind": "shrug"}),
    ("tiers", {"tiers": []}),
    ("tiers", {"tiers": [[1], [1]]}),
    ("tiers", {"tiers": [[]]}),
    ("tiers", {"kind": "about_equal"}),
    ("ratings", {"ratings": {987654321: 3}}),
    ("items", {"items": [987654321]}),
    ("items", {"kind": "conflict_of_interest", "tiers": []}),
    ("field", {"kind": "missing_information", "tiers": [], "field": "no such field"}),
    ("reason_tags", {"reason_tags": ["no such tag"]}),
    ("comment", {"comment": "x" * 5001}),
]


@pytest.mark.parametrize(("field", "changes"), WRONG)
def test_what_does_not_fit_the_slate_is_refused_and_named(slate, field, changes):
    with pytest.raises(InvalidJudgement) as refusal:
        judging.submit(slate, _order(slate, **changes), key="k")
    assert refusal.value.field == field
    assert Judgement.objects.count() == 0


@pytest.mark.parametrize("said", [{"comment": "a\x00b"}, {"kind": "missing_information", "field": "a\x00b"}])
def test_what_no_database_holds_is_refused_on_the_plain_form(slate, client, said):
    client.force_login(slate.expert)
    ranks = {f"rank-{card}": "1" for card in slate.items.values_list("pk", flat=True)}
    page = client.post(reverse("feedback:judgement", args=[slate.pk]), {**ranks, **said})
    assert "without characters that cannot be stored" in page.content.decode()
    assert not Judgement.objects.exists()


@pytest.fixture
def send(slate, client):
    """Return `send(**said)`: the page that follows the plain form of a list put in order."""
    client.force_login(slate.expert)

    def sent(**said):
        ranks = {f"rank-{card}": "1" for card in slate.items.values_list("pk", flat=True)}
        return client.post(reverse("feedback:judgement", args=[slate.pk]), {**ranks, **said}, follow=True)

    return sent


def test_a_plain_form_sent_again_with_another_order_leads_on_and_the_first_answer_stands(slate, send):
    send(comment="first")
    again = send(comment="second")
    following = judging.next_slate(slate.session, slate.expert)
    assert again.redirect_chain == [(reverse("feedback:slate", args=[following.pk]), 302)]
    assert "Your first answer to this list stands." in text_of(again)
    assert [kept.comment for kept in Judgement.objects.all()] == ["first"]


def test_a_plain_form_of_a_session_that_has_closed_leads_on_and_says_so(slate, send):
    sessions.close_session(slate.session)
    answer = send()
    assert answer.redirect_chain == [(reverse("feedback:session_done", args=[slate.session_id]), 302)]
    assert "This session is closed and takes no judgement." in text_of(answer)
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_outside_one_to_five_is_refused(slate, rating):
    card = slate.items.first().pk
    with pytest.raises(InvalidJudgement, match="expected 1 to 5"):
        judging.submit(slate, _order(slate, ratings={card: rating}), key="k")


def test_cards_below_the_line_are_part_of_the_list(slate):
    cards = list(slate.items.values_list("pk", flat=True))
    judgement = judging.submit(slate, _order(slate, tiers=[[cards[1]]], rest=cards[:1] + cards[2:]), key="k")
    assert judgement.rest == cards[:1] + cards[2:]


def test_a_list_that_was_changed_elsewhere_is_not_judged_by_an_older_order(slate):
    moves.put(Slate.objects.get(pk=slate.pk), {"comment": "on the phone"}, version=0)
    with pytest.raises(StaleDraft) as refusal:
        judging.submit(slate, _order(slate), key="k", version=0)
    assert refusal.value.current["draft"]["comment"] == "on the phone"
    assert Slate.objects.get(pk=slate.pk).state == Slate.State.OPEN
    assert judging.submit(slate, _order(slate), key="k", version=1).slate == slate


@pytest.mark.parametrize(
    "statement", ["UPDATE feedback_judgement SET comment = 'x'", "DELETE FROM feedback_judgement"]
)
def test_the_database_refuses_to_change_a_judgement(slate, statement):
    judging.submit(slate, _order(slate), key="k")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_closing_derives_the_preferences_of_every_judgement(slate):
    judging.submit(slate, _order(slate), key="k")
    sessions.close_session(slate.session)
    n = slate.items.count()
    assert Preference.objects.filter(judgement__slate=slate).count() == n * (n - 1) // 2
    with pytest.raises(SessionClosed):
        sessions.close_session(slate.session)


@pytest.mark.django_db(transaction=True)
def test_sixteen_submissions_at_once_with_one_key_make_one_judgement():
    project = factories.make_project()
    slate = factories.make_session(project, [factories.make_expert()]).slates.first()
    submission = _order(slate)

    def submit(_):
        try:
            return judging.submit(Slate.objects.get(pk=slate.pk), submission, key="k").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(submit, range(16)))
    assert len(set(answers)) == 1
    assert Judgement.objects.count() == 1
