"""The admin's pages of experts: who keeps what is shown, and what training found out about them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from feedback.services import reliability
from feedback.services.sessions import close_session
from tests import factories, trainings
from tests.feedback.manage.pages import cards, page, send
from tests.pages import text_of


def keep_shown_order(slates):
    for slate in slates:
        factories.judge(slate, kind="reorder", tiers=[[card] for card in cards(slate)])


def test_an_expert_who_keeps_what_is_shown_is_told_from_one_who_agrees(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon], slates_per_expert=8, random_share=1.0, seed=1)
    keep_shown_order(session.slates.filter(expert=edda))
    factories.judge_all(session.slates.filter(expert=egon))
    send(admin, "session_close", session.pk)
    rows = {row.username: row for row in reliability.expert_rows(project)}
    assert (rows["edda"].randomised.kept, rows["edda"].randomised.pairs) == (48, 48)
    assert (rows["edda"].randomised.lists, rows["edda"].randomised.share) == (8, 1.0)
    assert rows["edda"].randomised.is_high
    assert not rows["egon"].randomised.is_high
    assert rows["edda"].model_order.lists == 0
    assert "100 % high 48 of 48 pairs, 8 lists keeps what is shown" in page(admin, "experts")
    assert "edda keeps clearly more" in page(admin, "expert", "edda")


def test_lists_in_the_versions_order_are_counted_apart(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=12, random_share=0.3)
    keep_shown_order(session.slates.all())
    close_session(session)
    (row,) = reliability.expert_rows(project)
    in_order = session.slates.filter(randomised=False).count()
    assert in_order > 0
    assert (row.model_order.lists, row.randomised.lists) == (in_order, 12 - in_order)


def test_few_lists_give_a_share_but_no_interval_and_no_finding(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3, random_share=1.0)
    keep_shown_order(session.slates.all())
    close_session(session)
    (row,) = reliability.expert_rows(project)
    assert (row.randomised.share, row.randomised.low, row.randomised.is_high) == (1.0, None, False)


def test_what_training_found_out_about_an_expert_is_shown(admin, project, edda):
    session = factories.make_closed_session(project, [edda], slates_per_expert=12)
    metric = trainings.evaluation_results()["metrics"]["pair_accuracy"]
    judges = {"edda": trainings.judge_entry(anchoring=1.0, anchoring_low=0.5, anchoring_high=1.5)}
    trainings.make_refinement(
        project, trainings.refinement_report(judges=judges), experts={"edda": {**metric, "n_pairs": 18}}
    )
    text = page(admin, "expert", "edda")
    assert "Flip rate 7 % found by version 1 on 9 lists; 95 % interval 3 % to 14 %; reliable" in text
    # 1 / (1 + exp(-1)) = .73; of .5 and 1.5: .62 and .82
    assert "the one shown first would stand above one shown last 73 % 62 % to 82 %" in text
    assert "Pair accuracy on lists of theirs that nobody trained on .700 → .750" in text
    assert session.title in text
    assert "look random" not in text
    version = text_of(admin.get(reverse("ranking:version", args=["advisers", 1])))
    assert "edda 9 lists, 54 pairs reliable 7 % 3 % to 14 % 73 % 62 % to 82 %" in version


@pytest.mark.parametrize(
    ("verdict", "words", "advice"),
    [
        ("careless", "answers look careless", "Training counts a pair of theirs for less."),
        ("random", "answers look random", "Training counts them for next to nothing."),
        ("inverted", "answers look turned round", "Training turns them back."),
    ],
)
def test_answers_that_look_wrong_are_something_to_look_at(admin, project, edda, verdict, words, advice):
    factories.make_closed_session(project, [edda], slates_per_expert=12)
    judges = {"edda": trainings.judge_entry(verdict=verdict, flip_rate=0.49)}
    trainings.make_refinement(project, trainings.refinement_report(judges=judges))
    assert f"49 % 3 % to 14 % {words}" in page(admin, "experts")
    assert advice in page(admin, "expert", "edda")
    look = words.removeprefix("answers ")
    assert f"To version 1, the answers of edda {look}: worth a look and a word." in page(admin, "dashboard")
    answer = factories.api_client(User.objects.get(username="ada")).get("/api/v1/projects/advisers/experts/")
    assert [expert["verdict"] for expert in answer.json()["experts"]] == [verdict]


CONTRADICTION = (
    "the experts contradict each other (edda against egon): they agree on 21 % of the pairs that both ordered"
)


def contradicting_report():
    judges = {name: trainings.judge_entry(verdict="contradicts") for name in ("edda", "egon")}
    panel = {"contradicting": True, "sides": [["edda"], ["egon"]], "words": CONTRADICTION}
    return trainings.refinement_report(judges=judges, panel=panel)


def test_experts_who_contradict_each_other_are_said_to_wherever_the_version_is_judged(admin, project, edda):
    factories.make_closed_session(project, [edda], slates_per_expert=12)
    trainings.make_refinement(project, contradicting_report())
    said = CONTRADICTION[0].upper() + CONTRADICTION[1:]
    assert f"{said}. Version 1 learned from all of them as they answered" in page(admin, "dashboard")
    version = text_of(admin.get(reverse("ranking:version", args=["advisers", 1])))
    assert f"{said}. No majority can say who is right" in version
    assert "edda 9 lists, 54 pairs contradicts the others not known" in version
    assert said in text_of(admin.get(reverse("ranking:compare", args=["advisers", 1, 0])))
    assert "contradict those of others to version 1" in page(admin, "expert", "edda")
    answer = factories.api_client(User.objects.get(username="ada")).get("/api/v1/projects/advisers/experts/")
    (expert,) = answer.json()["experts"]
    assert (expert["verdict"], expert["flip_rate"]) == ("contradicts", None)


def test_several_whose_answers_look_wrong_are_one_notice(admin, project, edda):
    factories.make_closed_session(project, [edda], slates_per_expert=12)
    judges = {
        "edda": trainings.judge_entry(verdict="random"),
        "egon": trainings.judge_entry(verdict="inverted"),
        "ezra": trainings.judge_entry(verdict="reliable"),
    }
    trainings.make_refinement(project, trainings.refinement_report(judges=judges))
    assert "To version 1, the answers of 2 experts look random or turned round: worth" in page(
        admin, "dashboard"
    )


def test_nobody_is_looked_at_whose_answers_are_reliable_or_too_few(admin, project, edda):
    factories.make_closed_session(project, [edda], slates_per_expert=12)
    judges = {
        "edda": trainings.judge_entry(),
        "egon": trainings.judge_entry(verdict="unknown", own=False, flip_low=0.0, flip_high=1.0),
    }
    trainings.make_refinement(project, trainings.refinement_report(judges=judges))
    assert "he answers of" not in page(admin, "dashboard")
    version = text_of(admin.get(reverse("ranking:version", args=["advisers", 1])))
    assert "egon 9 lists, 54 pairs too few lists to say 7 % all none seen" in version


def test_only_experts_have_a_page_of_their_own(admin, project):
    factories.make_reader()
    for username in ("rosa", "nobody"):
        assert admin.get(reverse("feedback:expert", args=["advisers", username])).status_code == 404


def test_the_table_of_experts_comes_in_pages_who_judged_most_first(admin, project, edda):
    factories.judge_all(factories.make_session(project, [edda], slates_per_expert=3).slates.all())
    for number in range(26):
        factories.make_expert(f"a{number:02}")
    address = reverse("feedback:experts", args=["advisers"])
    first, second = (admin.get(address, {"page": number}) for number in (1, 2))
    names = [row.username for answer in (first, second) for row in answer.context["experts"]]
    assert names == ["edda", *(f"a{number:02}" for number in range(26))]
    assert len(first.context["experts"]) == 25
    assert "1 to 25 of 27 experts" in text_of(first)
