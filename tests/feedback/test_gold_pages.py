"""Gold lists as an admin meets them: on pages and over the API."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import GoldList, Slate
from feedback.services import attention, sessions, signing
from ranking.services.candidates import candidates, current_feature_set
from tests import factories


@pytest.fixture
def project(db):
    return factories.make_project(items=16, queries=8)


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def api(admin):
    return factories.api_client(factories.User.objects.get(username="ada"))


def _at(name, *args):
    return reverse(f"feedback:{name}", args=["advisers", *args])


def _text(answer, status=200):
    assert answer.status_code == status, answer.status_code
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def _ranks(slate):
    order = signing.order_of(slate)
    return {f"rank-{version}": place for place, tier in enumerate(order, start=1) for version in tier}


def _inverted(project, expert):
    """Let an expert put four lists of known order upside down; return the last session."""
    factories.make_gold_lists(project, 4, size=4)
    for _ in range(4):
        session = factories.make_session(project, [expert], slates_per_expert=6)
        slate = session.slates.get(arm=Slate.Arm.GOLD)
        factories.judge(slate, kind="reorder", tiers=[[card] for card in factories.true_order(slate)[::-1]])
        sessions.close_session(session)
    return session


def test_a_judged_list_is_used_as_gold_in_two_clicks(admin, project, edda):
    emil = factories.make_expert("emil")
    session = factories.make_closed_session(project, [edda, emil], overlap_share=1.0)
    slate = session.slates.filter(expert=edda, shared=True).first()
    review = admin.get(_at("slate_review", session.pk, slate.pk))
    address = f"{_at('gold_new')}?slate={slate.pk}"
    assert address in review.content.decode()
    shown = admin.get(address)
    assert [row["rank"] for row in shown.context["rows"]] == ["1", "2", "3", "4"]
    assert shown.context["form"].initial["known_to"] == [edda.pk, emil.pk]  # both have put this list in order
    body = {**_ranks(slate), "why": "All agreed.", "known_to": [emil.pk]}
    answer = admin.post(address, body)
    gold = GoldList.objects.get()
    assert answer.url == _at("gold_list", gold.pk)
    assert (gold.tiers, gold.made_from) == (signing.order_of(slate), slate)
    text = _text(admin.get(answer.url))
    assert "Signed off" in text
    assert "by ada. It began as list" in text
    assert "edda, emil." in text


def test_an_order_is_given_by_hand_with_ties_and_items_left_out(admin, project):
    need = project.queries.first()
    assert need.title in _text(admin.get(_at("gold_new")))
    shown = admin.get(_at("gold_new"), {"need": need.pk})
    versions = [row["choice"].version for row in shown.context["rows"]]
    titles = [row["choice"].card.title for row in shown.context["rows"]]
    assert titles == sorted(titles)  # not in the order of the version
    body = {f"rank-{version}": "" for version in versions}
    body |= {f"rank-{versions[3]}": "1", f"rank-{versions[0]}": "2", f"rank-{versions[5]}": "2", "why": "x"}
    admin.post(f"{_at('gold_new')}?need={need.pk}", body)
    assert [set(tier) for tier in GoldList.objects.get().tiers] == [{versions[3]}, {versions[0], versions[5]}]


def test_what_was_typed_stays_when_it_is_refused(admin, project):
    need = project.queries.first()
    address = f"{_at('gold_new')}?need={need.pk}"
    version = admin.get(address).context["rows"][0]["choice"].version
    text = _text(admin.post(address, {f"rank-{version}": "7", "why": "x"}), 422)
    assert "Give at least 3 items a rank." in text
    again = admin.post(address, {f"rank-{version}": "seven", "why": "x"})
    assert (again.status_code, again.context["rows"][0]["rank"]) == (422, "seven")
    assert not GoldList.objects.exists()


@pytest.mark.parametrize("asked", [{"slate": "x"}, {"need": "9" * 30}, {"need": "99999"}])
def test_what_the_address_can_not_mean_is_not_found(admin, project, asked):
    assert admin.get(_at("gold_new"), asked).status_code == 404


def test_a_list_is_retired_with_a_reason_and_stays_to_be_read(admin, project):
    gold = factories.make_gold(project)
    assert "This field is required." in _text(admin.post(_at("gold_retire", gold.pk), {"reason": ""}), 422)
    admin.post(_at("gold_retire", gold.pk), {"reason": "The market moved."})
    text = _text(admin.get(_at("gold_list", gold.pk)))
    assert "retired" in text
    assert "The market moved." in text
    assert "Retire…" not in text
    assert "retired already" in _text(admin.post(_at("gold_retire", gold.pk), {"reason": "x"}, follow=True))
    assert "retired" in _text(admin.get(_at("gold")))


def test_the_form_of_a_session_asks_how_many_and_leaves_the_rest_to_the_project(admin, project, edda):
    factories.make_gold(project, size=4)
    body = {"experts": [edda.pk], "slates_per_expert": 6, "items_per_slate": 4}
    body |= {"random_percent": 50, "overlap_percent": 20}
    for asked, planted in (("", 1), ("0", 0)):
        admin.post(_at("session_new"), {**body, "title": f"T{asked}", "gold_per_expert": asked})
        assert project.sessions.get(title=f"T{asked}").gold_per_expert == planted
    assert "Lists of known order" in _text(admin.get(_at("session_new")))


def test_who_turns_known_orders_round_is_named_wherever_experts_are_looked_at(admin, api, project, edda):
    session = _inverted(project, edda)
    for address in (_at("session", session.pk), _at("experts"), _at("expert", "edda")):
        text = _text(admin.get(address))
        assert "answers look turned round" in text, address
        assert "0 %" in text
    assert "turned round on lists of known order" in _text(admin.get(_at("dashboard")))
    assert [n.text for n in attention.standing_of(project).notices if n.kind == "experts"] == [
        "The answers of edda look turned round on lists of known order: worth a look and a word."
    ]
    found = api.get(reverse("api:session", args=[session.pk])).json()["gold"]
    assert found[0]["here"]["kept"] == 0.0
    assert (found[0]["here"]["verdict"], found[0]["overall"]["verdict"]) == ("unknown", "inverted")
    experts = api.get(reverse("api:experts", args=["advisers"])).json()["experts"]
    assert (experts[0]["gold"]["lists"], experts[0]["gold"]["verdict"]) == (4, "inverted")


def test_the_review_of_a_planted_list_says_so_to_an_admin(admin, project, edda):
    session = _inverted(project, edda)
    slate = session.slates.get(arm=Slate.Arm.GOLD)
    text = _text(admin.get(_at("slate_review", session.pk, slate.pk)))
    assert "Its order was known" in text
    assert "testing the expert" in text
    assert "Use as gold" not in text


# --- over the API -------------------------------------------------------------------------------------------
def _post(api, **body):
    return api.post(reverse("api:gold_lists"), body, format="json")


def test_an_order_is_signed_off_by_keys_read_and_retired_over_the_api(api, project, edda):
    query = project.queries.select_related("project").first()
    keys, need = candidates(query, current_feature_set(project)).keys.tolist(), query.pk
    tiers = [[keys[2]], [keys[0], keys[1]], [keys[3]]]
    made = _post(api, query=need, tiers=tiers, why="x", known_to=["edda"])
    assert made.status_code == 201
    assert (made.json()["known_to"], made.json()["signed_by"], made.json()["retirement"]) == (
        ["edda"],
        "ada",
        None,
    )
    address = reverse("api:gold_list", args=[made.json()["id"]])
    found = api.get(address).json()
    assert [item["place"] for item in found["items"]] == [1, 2, 2, 4]
    assert (found["planted"], found["asked"], found["experts"]) == (True, 0, [])
    retired = api.post(f"{address}retire/", {"reason": "x"}, format="json")
    assert retired.json()["retirement"]["by"] == "ada"
    again = api.post(f"{address}retire/", {"reason": "x"}, format="json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "gold_retired")
    assert api.get(reverse("api:gold_lists"), {"retired": "false"}).json()["count"] == 0


def test_the_order_of_a_judged_list_is_taken_over_the_api(api, project, edda):
    slate = factories.make_closed_session(project, [edda]).slates.first()
    made = _post(api, slate=slate.pk, why="x")
    assert made.json()["tiers"] == signing.order_of(slate)
    assert (made.json()["made_from"], made.json()["known_to"]) == (slate.pk, ["edda"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"why": "x"}, "query"),
        ({"tiers": [["nobody"], ["nothing"], ["none"]], "why": "x"}, "tiers"),
        ({"tiers": [["a"]], "why": ""}, "why"),
    ],
)
def test_what_can_not_be_signed_off_names_the_field(api, project, body, field):
    need = {"query": project.queries.first().pk} if "tiers" in body else {}
    answer = _post(api, **body, **need)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
