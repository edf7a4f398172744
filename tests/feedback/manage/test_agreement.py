"""How far experts agree with each other and with themselves: figures, and what pages say of them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from feedback.services import agreeing, reliability
from tests import factories
from tests.feedback.manage.pages import page
from tests.pages import text_of


def test_experts_of_one_mind_agree_and_opposites_do_not(project, edda, egon):
    session = factories.make_session(
        project, [edda, egon], slates_per_expert=4, items_per_slate=6, overlap_share=1.0
    )
    for slate in session.slates.filter(expert=edda):
        factories.judge(slate)
    for place, slate in enumerate(session.slates.filter(expert=egon).order_by("query_id")):
        order = factories.true_order(slate)
        factories.judge(slate, kind="reorder", tiers=[[card] for card in (order, order[::-1])[place == 0]])
    (found,) = agreeing.agreement_of(session).pairs
    assert (found.first, found.second, found.lists) == ("edda", "egon", 4)
    assert found.tau == pytest.approx((3 - 1) / 4)
    assert found.low == pytest.approx(-0.5, abs=0.51)
    assert found.high == 1.0


def test_a_list_that_only_one_expert_put_in_order_says_nothing_about_agreement(project, edda, egon):
    session = factories.make_session(project, [edda, egon], slates_per_expert=3, overlap_share=1.0)
    for slate in session.slates.filter(expert=edda):
        factories.judge(slate)
    for slate in session.slates.filter(expert=egon):
        factories.judge(slate, kind="about_equal")
    assert agreeing.agreement_of(session).pairs == ()


def test_the_page_of_a_session_says_what_each_figure_of_agreement_means(admin, project, edda, egon):
    session = factories.make_session(
        project, [edda, egon], slates_per_expert=5, items_per_slate=6, overlap_share=1.0, asks_ratings=True
    )
    text = page(admin, "session", session.pk)
    assert "Kendall’s tau-b – – – 0 Not enough overlap: no list has three items that two judges" in text
    factories.judge_all(session.slates.all())
    text = page(admin, "session", session.pk)
    assert "5 lists put in order by two or more experts" in text
    assert "Two experts put 100 of 100 pairs of items in the same order; by chance it would be 50." in text
    assert "What they say differs 0 % as much as if it were mixed up at random. Reliable" in text
    assert "experts who order at random would get 0.50 here" in text
    assert "100 % of what sets items apart in the joint order is shared opinion" in text
    assert "Krippendorff’s alpha of ratings – – – 0 Not enough overlap: no item was rated" in text
    assert "mean tau-b of 5 shared lists; 95 % interval +1.00 to +1.00" in text


def test_an_expert_who_reads_the_order_the_other_way_round_is_below_chance(project, edda, egon):
    session = factories.make_session(
        project, [edda, egon], slates_per_expert=5, items_per_slate=6, overlap_share=1.0
    )
    factories.judge_all(session.slates.filter(expert=edda))
    for slate in session.slates.filter(expert=egon):
        factories.judge(slate, kind="reorder", tiers=[[card] for card in factories.true_order(slate)[::-1]])
    found = {measure.name: measure for measure in agreeing.agreement_of(session).measures}
    assert "alpha_ratings" not in found  # nobody was asked for any
    assert found["tau_b"].estimate.value == -1.0
    assert "less than chance: somebody may read the order the other way round" in found["tau_b"].meaning
    assert "Below the usual limit of .67" in found["alpha_ranks"].meaning


def test_the_same_list_twice_says_how_consistent_an_expert_is(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon], slates_per_expert=3, items_per_slate=4)
    mine = list(session.slates.filter(expert=edda))
    factories.judge_all(session.slates.all())
    assert "no list has come to them twice" in page(admin, "expert", "edda")
    factories.judge(factories.repeat(mine[0]))
    again = factories.repeat(mine[1])
    first, second, third, fourth = factories.true_order(again)
    factories.judge(again, kind="reorder", tiers=[[first], [third], [second], [fourth]])
    text = page(admin, "session", session.pk)
    assert "On lists that came twice, 92 of 100 pairs were put the same way round again" in text
    assert "And with themselves Expert Lists twice Same order Pairs kept edda 2 1 92 %" in text
    assert "in 2 lists that came twice, 1 of them in the same order; chance keeps 50 %" in page(
        admin, "expert", "edda"
    )
    rows = {row.username: row.consistency for row in reliability.expert_rows(project)}
    assert rows["edda"].kept.value == pytest.approx((1 + 5 / 6) / 2)
    assert rows["egon"] is None


def test_an_expert_is_told_at_the_end_how_consistent_they_were(client, project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3, items_per_slate=4)
    slates = list(session.slates.all())
    factories.judge_all(slates)
    client.force_login(edda)
    address = reverse("feedback:session_done", args=[session.pk])
    assert "How consistent you were" not in text_of(client.get(address))
    factories.judge(factories.repeat(slates[0]))
    text = text_of(client.get(address))
    assert "One list came twice without saying so. You put it in the same order again." in text
    factories.judge(factories.repeat(slates[1]))
    text = text_of(client.get(address))
    assert "2 lists came twice without saying so. 2 of them you put in the same order again" in text
    assert "and 100 % of their pairs the same way round" in text
