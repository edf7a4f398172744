"""A fall on past grades that the project declares to be history stands beside every verdict."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from ranking.ltr.decision import NotMeasured
from ranking.models import Evaluation
from ranking.services.promotion import promote_if_better
from tests import factories, trainings
from tests.pages import text_of
from tests.ranking.admin.pages import page, send

OVERVIEW = "/manage/advisers/"
SHORT = "past grades −28.7 points"
WHOLE = "NDCG@10 on past grades fell 28.7 points (.797 to .511 on 12 held-out needs"
REMARK = "Past grades are history in this project: no check limits a fall."
UNMEASURED = {
    "base": NotMeasured("switched_off", "switched off", switch="labels_guard"),
    "segments": NotMeasured.too_little(16, 30, "held-out queries per segment"),
    "fairness": NotMeasured("not_applicable", "no protected attribute is declared"),
}


@pytest.fixture
def refined(project):
    """A version that experts prefer, of a project whose past grades are history, on which it fell."""
    project.description["labels_guard"] = False
    project.save()
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
    found = trainings.evaluation_results("promote")
    fell = {"challenger": 0.511, "champion": 0.797, "difference": -0.287, "low": -0.35, "high": -0.22}
    found["metrics"]["ndcg@10"] = found["metrics"]["ndcg@10"] | fell | {"n_queries": 12}
    found["gate"] = trainings.gate_decision("promote", unmeasured=UNMEASURED)
    return trainings.make_refinement(project, trainings.refinement_report(), **found)


def test_tables_of_versions_name_it_beside_the_verdict(admin, refined):
    for text in (page(admin, "versions"), page(admin, "version", 1), text_of(admin.get(OVERVIEW))):
        assert f"gate: promote , {SHORT}" in text


def test_pages_that_decide_say_it_with_its_figures(admin, refined):
    for text in (page(admin, "compare", 1, 0), page(admin, "promote", 1), text_of(admin.get(OVERVIEW))):
        assert WHOLE in text
        assert REMARK.removesuffix(".") in text


def test_what_was_looked_at_without_a_form_says_it_too(admin, refined):
    trainings.promote(trainings.make_version(refined.project))  # so that nothing can be promoted there
    assert WHOLE in page(admin, "compare", 1, 0)


def test_the_api_gives_it_beside_the_verdict(client, refined):
    client.force_login(factories.make_admin("api"))
    (listed,) = client.get("/api/v1/evaluations/").json()["results"]
    one = client.get(f"/api/v1/evaluations/{listed['id']}/").json()
    for evaluation in (listed, one):
        assert evaluation["verdict"] == "promote"
        assert (evaluation["fall"]["why"], evaluation["fall"]["difference"]) == ("history", -0.287)
        assert evaluation["fall"]["words"].startswith(WHOLE)
    standing = client.get("/api/v1/projects/advisers/standing/").json()
    assert any(WHOLE in notice["text"] for notice in standing["notices"])


def test_what_promotes_by_itself_writes_it_into_the_log(admin, refined):
    refined.project.automatic_promotion = True
    assert WHOLE in promote_if_better(refined).reason
    assert WHOLE in page(admin, "promotions")
    assert WHOLE in text_of(admin.get(OVERVIEW))


def test_operators_read_it_in_the_list_of_evaluations(client, refined):
    client.force_login(User.objects.create_superuser("root", password=factories.PASSWORD))
    assert SHORT in client.get(reverse("admin:ranking_evaluation_changelist")).content.decode()


def test_a_version_that_did_not_fall_has_nothing_beside_its_verdict(admin, challenger):
    for text in (page(admin, "versions"), page(admin, "compare", 1, 0), page(admin, "promote", 1)):
        assert "grades −" not in text
        assert " fell " not in text


def test_the_gates_page_says_which_of_three_it_is(admin, refined):
    for text in (page(admin, "compare", 1, 0), page(admin, "version", 1)):
        assert (
            "NDCG@10 on past grades switched off "
            "Switched off for this project: labels_guard = false in project.toml" in text
        )
        assert "Segments too little evidence Needs 30 held-out queries per segment, has 16" in text
        assert "Groups not applicable No protected attribute is declared" in text
        assert "Gain passed" in text
        assert "4 of 4 checks passed, 3 not measured" in text


def test_an_evaluation_from_before_checks_had_a_state_is_still_read(admin, client, challenger):
    evaluation = challenger.evaluations.get()
    words = {"words": "nothing to measure it by", "figures": {}}
    checks = [
        {"name": "superiority", "verdict": "promote", "passed": True, "figures": {"n": 9}, "words": "gained"},
        {"name": "segments", "verdict": "promote", "passed": True} | words,
    ]
    gate = {"verdict": "promote", "reason": "gained", "slates_needed": None, "dropped": 0, "checks": checks}
    older = Evaluation.objects.create(
        challenger=challenger,
        champion=evaluation.champion,
        training_set=evaluation.training_set,
        results=evaluation.results | {"gate": gate},
        verdict="promote",
        reason="gained",
    )
    assert "1 of 1 check passed, 1 not measured" in page(admin, "compare", 1, 0)
    client.force_login(factories.make_admin("api"))
    answer = client.get(f"/api/v1/evaluations/{older.pk}/").json()
    assert [check["state"] for check in answer["gate"]["checks"]] == ["passed", "not_measured"]
    assert answer["results"]["gate"] == answer["gate"]


def test_a_promotion_is_still_asked_for_after_a_fall(admin, project, refined):
    send(admin, "promote", 1, sha256=refined.sha256, champion=0, reason="Experts agree.")
    assert project.promotions.first().version == refined
