"""Who takes part in an open session: more lists, and lists that somebody else takes over."""

import pytest
from django.test import Client
from django.urls import reverse

from feedback.errors import AlreadyJudged, InvalidSession, SessionClosed
from feedback.models import Judgement, Member, Slate
from feedback.services import extending, judging, moves, sessions
from tests import factories
from tests.at_once import at_once, in_between
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(edda):
    return factories.make_session(factories.make_project(), [edda], slates_per_expert=6)


# --- more lists ---------------------------------------------------------------------------------------------
def test_more_lists_come_after_the_last_one_and_are_of_other_needs_while_there_are_any(session, edda):
    before = list(session.slates.values_list("pk", "position", "query"))
    needs = session.project.queries.filter(active=True).count()
    assert extending.add_lists(session, edda, 3) == 3
    slates = list(session.slates.filter(expert=edda))
    assert [slate.position for slate in slates] == list(range(1, 10))
    assert [(one.pk, one.position, one.query_id) for one in slates[:6]] == before
    added, known = {one.query_id for one in slates[6:]}, {query for _, _, query in before}
    assert not added & known or len(known) + 3 > needs
    assert all(one.items.count() == session.items_per_slate for one in slates[6:])


def test_more_lists_invite_who_was_not(session, emil):
    extending.add_lists(session, emil, 2)
    assert session.participations.filter(expert=emil).exists()
    assert session.slates.filter(expert=emil).count() == 2


def test_a_repeat_among_more_lists_repeats_one_of_them(edda):
    session = factories.make_session(factories.make_project(queries=30), [edda], slates_per_expert=4)
    extending.add_lists(session, edda, 20)
    repeats = list(session.slates.filter(repeats__isnull=False).select_related("repeats"))
    assert repeats
    for slate in repeats:
        assert slate.repeats.query_id == slate.query_id
        assert slate.repeats.position < slate.position


def test_lists_that_came_while_others_were_drawn_are_not_asked_again(edda, monkeypatch):
    session = factories.make_session(factories.make_project(), [edda], slates_per_expert=3)
    in_between(monkeypatch, extending, "plan", lambda: extending.add_lists(session, edda, 2))
    assert extending.add_lists(session, edda, 2) == 2
    assert list(session.slates.values_list("position", flat=True)) == list(range(1, 8))
    assert len(set(session.slates.filter(repeats=None).values_list("query", flat=True))) == 7


@pytest.mark.django_db(transaction=True)
def test_of_many_additions_at_once_each_comes_after_the_one_before(edda):
    session = factories.make_session(factories.make_project(), [edda], slates_per_expert=3)
    assert at_once(lambda: extending.add_lists(session, edda, 2)) == [2] * 8
    assert list(session.slates.values_list("position", flat=True)) == list(range(1, 20))


@pytest.mark.parametrize("count", [0, 201])
def test_a_number_of_lists_that_cannot_be_meant_is_refused(session, edda, count):
    with pytest.raises(InvalidSession, match="1 to 200"):
        extending.add_lists(session, edda, count)


def test_a_closed_session_takes_no_more_lists(session, edda, emil):
    sessions.close_session(session)
    with pytest.raises(SessionClosed):
        extending.add_lists(session, edda, 1)
    with pytest.raises(SessionClosed):
        extending.hand_over(session, edda, emil)


# --- hand over ----------------------------------------------------------------------------------------------
def test_lists_that_were_not_begun_go_over_and_the_others_stay(session, edda, emil):
    first, second, *_ = session.slates.filter(expert=edda)
    factories.judge(first)
    moves.put(second, {"comment": "so far"}, version=0)
    left = list(session.slates.filter(expert=edda, state=Slate.State.OPEN, draft_version=0))
    cards = {slate.pk: list(slate.items.values_list("item_version", "shown_position")) for slate in left}
    count = extending.hand_over(session, edda, emil)
    taken = list(session.slates.filter(expert=emil))
    assert count == len(taken) > 0
    assert [slate.position for slate in taken] == list(range(1, count + 1))
    assert all(
        cards[one.pk] == list(one.items.values_list("item_version", "shown_position")) for one in taken
    )
    assert {first.pk, second.pk} <= set(session.slates.filter(expert=edda).values_list("pk", flat=True))
    assert len({slate.query_id for slate in taken}) == count, "nobody gets the same need twice by it"
    assert judging.next_slate(session, emil) == taken[0]


def test_nobody_takes_over_a_need_that_they_have_or_have_an_interest_in(edda, emil):
    project = factories.make_project(queries=6)
    declared = factories.make_session(project, [emil], slates_per_expert=1).slates.get()
    factories.judge(declared, kind="conflict_of_interest", tiers=[], items=[declared.items.first().pk])
    session = factories.make_session(project, [edda, emil], slates_per_expert=3, overlap_share=0.0)
    # Edda has a list of that need and of one that Emil has, whatever was drawn for them.
    own = session.slates.filter(expert=emil).first()
    first, second, _ = session.slates.filter(expert=edda)
    session.slates.filter(expert=emil, query=declared.query_id).delete()
    session.slates.filter(pk=first.pk).update(query=declared.query_id)
    session.slates.filter(pk=second.pk).update(query=own.query_id)
    extending.hand_over(session, edda, emil)
    stay = set(session.slates.filter(expert=edda).values_list("pk", flat=True))
    assert {first.pk, second.pk} <= stay
    queries = list(session.slates.filter(expert=emil).values_list("query", flat=True))
    assert len(queries) == len(set(queries))
    assert declared.query_id not in queries


def test_a_repeat_whose_first_showing_goes_is_taken_away(edda, emil):
    session = factories.make_session(factories.make_project(queries=30), [edda], slates_per_expert=20)
    assert session.slates.filter(repeats__isnull=False).count() == 2
    extending.hand_over(session, edda, emil)
    assert not session.slates.filter(repeats__isnull=False).exists()
    assert not session.slates.filter(expert=edda).exists()


def test_a_repeat_that_was_begun_stays_with_its_first_showing(edda, emil):
    session = factories.make_session(factories.make_project(queries=30), [edda], slates_per_expert=20)
    begun, other = session.slates.filter(repeats__isnull=False)
    moves.put(begun, {"comment": "so far"}, version=0)
    extending.hand_over(session, edda, emil)
    stay = set(session.slates.filter(expert=edda).values_list("pk", flat=True))
    assert stay == {begun.pk, begun.repeats_id}
    assert not session.slates.filter(pk=other.pk).exists()


def test_a_move_that_comes_too_late_does_not_reach_whoever_has_the_list_now(session, edda, emil):
    late = session.slates.filter(expert=edda).first()
    extending.hand_over(session, edda, emil)
    with pytest.raises(AlreadyJudged, match="gone over to another expert"):
        moves.put(late, {"comment": "so far"}, version=0)
    late.refresh_from_db()
    assert (late.expert, late.draft_version, late.draft) == (emil, 0, None)


def test_handing_over_to_oneself_or_to_no_expert_is_refused(session, edda):
    with pytest.raises(InvalidSession, match="somebody else"):
        extending.hand_over(session, edda, edda)
    with pytest.raises(InvalidSession, match="not an expert"):
        extending.hand_over(session, edda, factories.make_reader())


def test_the_page_and_the_api_do_both(session, edda, emil):
    client, slug = Client(), session.project.slug
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("feedback:participation_extend", args=[slug, session.pk, "emil"])
    assert client.post(page, {"slates": 2}).status_code == 302
    assert client.post(page, {"slates": 0}).status_code == 422
    over = reverse("feedback:participation_hand_over", args=[slug, session.pk, "emil"])
    assert client.post(over, {"to": edda.pk}).status_code == 302
    assert client.post(over, {"to": "x" * 30}).status_code == 422
    api = factories.api_client(factories.make_admin("bea"))
    more = api.post(f"/api/v1/sessions/{session.pk}/more/", {"expert": "emil", "slates": 2}, format="json")
    assert (more.status_code, more.data["experts_total"]) == (200, 2)
    given = {"giver": "emil", "taker": "edda"}
    answer = api.post(f"/api/v1/sessions/{session.pk}/hand-over/", given, format="json")
    assert answer.status_code == 200
    assert "link, more, hand over" in client.get(reverse("feedback:session", args=[slug, session.pk])).text


def test_lists_of_somebody_who_is_no_expert_any_more_are_handed_over(session, edda, emil):
    ada = factories.make_admin()
    Member.objects.filter(user=edda).update(role="admin")
    client, api = Client(), factories.api_client(ada)
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("feedback:participation", args=[session.project.slug, session.pk, "edda"]))
    assert page.status_code == 200
    assert "Hand over" in page.text
    assert "More lists" not in page.text
    assert "Make a link" not in page.text
    given = {"giver": "edda", "taker": "emil"}
    answer = api.post(f"/api/v1/sessions/{session.pk}/hand-over/", given, format="json")
    assert (answer.status_code, session.slates.filter(expert=edda).exists()) == (200, False)
    stranger = reverse("feedback:participation", args=[session.project.slug, session.pk, "ada"])
    assert client.get(stranger).status_code == 404


def taken_back_meanwhile(monkeypatch, module, name):
    """Have a list taken back after it was looked at and before anything is written about it."""
    look = getattr(module, name)

    def looked(slate, said):
        found = look(slate, said)
        Slate.objects.get(pk=slate.pk).delete()
        return found

    monkeypatch.setattr(module, name, looked)


@pytest.mark.parametrize("what", ["handed over", "taken back", "never there"])
def test_the_page_of_a_list_that_went_leads_on_and_says_the_same_of_one_that_never_was(
    session, edda, emil, what
):
    slate = session.slates.filter(expert=edda, repeats=None).first()
    if what == "handed over":
        extending.hand_over(session, edda, emil)
    elif what == "taken back":
        session.slates.filter(pk=slate.pk).delete()
    number = 10**9 if what == "never there" else slate.pk
    client = Client()
    client.force_login(edda, backend="django.contrib.auth.backends.ModelBackend")
    for answer in (
        client.get(reverse("feedback:slate", args=[number]), follow=True),
        client.post(reverse("feedback:judgement", args=[number]), {"kind": "about_equal"}, follow=True),
    ):
        assert answer.redirect_chain == [(reverse("feedback:my_sessions"), 302)]
        assert "This list has gone over to another expert, or was taken back." in text_of(answer)
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("what", ["judgement", "moves"])
def test_a_list_that_was_taken_back_meanwhile_is_answered_with_a_reason(session, edda, monkeypatch, what):
    slate = session.slates.get(repeats__isnull=False)
    body = {"judgement": {"kind": "about_equal"}, "moves": {"do": "line", "to": 1}}[what]
    taken_back_meanwhile(monkeypatch, *{"judgement": (judging, "check"), "moves": (moves, "_after")}[what])
    headers = {"If-Match": '"0"', "Idempotency-Key": "k"}
    answer = factories.api_client(edda).post(
        f"/api/v1/slates/{slate.pk}/{what}/", body, format="json", headers=headers
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_judged")
    assert "was taken back" in answer.json()["error"]["message"]


def test_the_plain_form_of_a_list_that_was_taken_back_leads_on(session, edda, monkeypatch):
    slate = session.slates.get(repeats__isnull=False)
    taken_back_meanwhile(monkeypatch, judging, "check")
    client = Client()
    client.force_login(edda, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("feedback:judgement", args=[slate.pk])
    answer = client.post(address, {"kind": "about_equal"}, follow=True)
    assert answer.redirect_chain[0][0] == reverse("feedback:slate", args=[session.slates.first().pk])
    assert "This list was taken back" in answer.text


def test_a_list_that_went_over_while_it_was_open_takes_no_judgement_of_its_first_expert(session, edda, emil):
    read = session.slates.filter(expert=edda, repeats=None).first()
    assert extending.hand_over(session, edda, emil) > 0
    assert Slate.objects.get(pk=read.pk).expert == emil
    with pytest.raises(AlreadyJudged):
        factories.judge(read)
    assert not Judgement.objects.exists()
