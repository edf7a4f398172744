"""The admin puts versions in service: promotions, roll-backs, what happens by itself, and what is refused."""

from __future__ import annotations

import re

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from ranking.models import Promotion
from ranking.services import versions
from tests import trainings
from tests.pages import said
from tests.ranking.admin.pages import page, send


def promotion_of(challenger, **changed):
    return {"sha256": challenger.sha256, "champion": 0, "reason": "Experts agree.", **changed}


def test_a_promotion_keeps_the_reason_the_file_and_the_evaluation(admin, project, challenger):
    answer = send(admin, "promote", 1, **promotion_of(challenger))
    assert said(answer) == ["Version 1 is in service. Lists are being ranked anew."]
    promotion = project.promotions.first()
    assert (promotion.version, promotion.reason, promotion.by) == (challenger, "Experts agree.", "ada")
    assert promotion.sha256 == challenger.sha256
    assert promotion.evaluation == challenger.evaluations.first()


def test_a_version_in_service_is_not_asked_to_be_put_there(admin, project):
    answer = admin.get(reverse("ranking:promote", args=["advisers", 0]))
    assert answer.url == reverse("ranking:version", args=["advisers", 0])


def test_a_promotion_without_a_reason_is_asked_again_at_the_field(admin, project, challenger):
    answer = send(admin, "promote", 1, **promotion_of(challenger, reason="  "))
    assert answer.status_code == 422
    assert "Say why, in a few words" in answer.content.decode()
    assert versions.current_champion(project).number == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sha256": "0" * 64}, "is not the one that was looked at"),
        ({"champion": 5}, "Version 5 is no longer the one in service."),
    ],
)
def test_a_promotion_of_what_was_not_looked_at_is_refused(admin, project, challenger, changed, words):
    answer = send(admin, "promote", 1, **promotion_of(challenger, **changed))
    assert [words in text for text in said(answer)] == [True]
    assert Promotion.objects.filter(project=project).count() == 1


@pytest.mark.parametrize(
    ("verdict", "objection"),
    [("not_yet", "the gate says not yet to version 1"), ("refuse", "the gate refuses version 1")],
)
@pytest.mark.parametrize("typed", [None, "", "version 2", "1 version", "yes"])
def test_against_the_verdict_the_name_of_the_version_is_asked_for(admin, project, verdict, objection, typed):
    version = trainings.make_version(project, verdict=verdict)
    asked = page(admin, "promote", 1)
    assert "Type “version 1” to confirm" in asked
    body = promotion_of(version) | ({} if typed is None else {"confirm": typed})
    answer = send(admin, "promote", 1, **body)
    text = answer.content.decode()
    assert answer.status_code == 422
    if typed:
        assert objection.capitalize() in text
        assert f"type “version 1”, not “{typed}”." in text
    else:
        assert "Type “version 1”: the gate does not speak for it." in text
    assert "Experts agree." in text  # the reason need not be written again
    assert versions.current_champion(project).number == 0


@pytest.mark.parametrize("typed", ["version 1", "  Version   1 ", "1"])
def test_whoever_types_the_name_may_promote_against_the_verdict(admin, project, typed):
    version = trainings.make_version(project, verdict="refuse")
    answer = send(admin, "promote", 1, **promotion_of(version, confirm=typed))
    assert said(answer) == ["Version 1 is in service. Lists are being ranked anew."]
    assert send(admin, "promote", 1, **promotion_of(version, confirm=typed, reason="")).status_code == 422


def test_the_dialog_on_the_page_of_the_comparison_asks_too(admin, project):
    trainings.make_version(project, verdict="not_yet")
    assert "Type “version 1” to confirm" in page(admin, "compare", 1, 0)


def test_a_version_that_the_gate_speaks_for_needs_no_name(admin, challenger):
    for text in (page(admin, "promote", 1), page(admin, "compare", 1, 0)):
        assert "to confirm" not in text


def test_a_roll_back_is_no_way_round_a_refusal(admin, project):
    one, two = (trainings.make_version(project, verdict=verdict) for verdict in ("promote", "refuse"))
    trainings.promote(one)
    send(admin, "roll_back", champion=1, reason="No name is asked for the way back.")
    assert versions.current_champion(project).number == 0
    trainings.promote(one)
    answer = send(admin, "promote", 2, **promotion_of(two, champion=1))
    assert answer.status_code == 422
    assert "It has not been evaluated against version 1." in answer.content.decode()
    assert versions.current_champion(project) == one


def test_the_version_in_service_is_not_promoted_again(admin, project, challenger):
    trainings.promote(challenger)
    answer = send(admin, "promote", 1, **promotion_of(challenger, champion=1))
    assert said(answer) == ["Version 1 is in service already."]


def test_a_version_whose_file_is_gone_is_not_promoted(admin, project, challenger):
    default_storage.delete(challenger.file)
    answer = send(admin, "promote", 1, **promotion_of(challenger))
    assert "Version 1 can't be loaded" in said(answer)[0]
    assert versions.current_champion(project).number == 0


def test_a_promotion_can_be_made_without_a_script(admin, challenger):
    answer = admin.get(reverse("ranking:promote", args=["advisers", 1]))
    body = answer.content.decode()
    assert f'value="{challenger.sha256}"' in body
    assert re.search(r'name="champion" value="0"', body)


def test_a_roll_back_puts_the_version_before_back_and_says_so_in_the_log(admin, project, challenger):
    trainings.promote(challenger)
    answer = send(admin, "roll_back", champion=1, reason="Readers complained.")
    assert said(answer) == ["Rolled back: version 0 is in service again."]
    promotion = project.promotions.first()
    assert (promotion.version.number, promotion.rollback, promotion.by) == (0, True, "ada")
    assert re.search(r"Version 0 rollback since today, .* Readers complained. ada", page(admin, "promotions"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"champion": 0, "reason": "Away with it."}, "No longer"),
        ({"champion": 1, "reason": ""}, "Nothing was rolled back"),
    ],
)
def test_a_roll_back_of_something_else_or_without_a_reason_is_refused(
    admin, project, challenger, body, words
):
    trainings.promote(challenger)
    (text,) = said(send(admin, "roll_back", **body))
    assert words.lower() in text.lower()
    assert versions.current_champion(project).number == 1


def test_there_is_no_way_back_from_the_first_version(admin, project):
    assert "Roll back…" not in page(admin, "versions")
    answer = send(admin, "roll_back", champion=0, reason="Away with it.")
    assert said(answer) == ["No version was in service before this one."]


def test_what_happens_by_itself_is_saved_and_checked(admin, project):
    send(admin, "policy", retrain_after_preferences=200, retrain_every_hours="", automatic_promotion="on")
    project.refresh_from_db()
    assert (project.retrain_after_preferences, project.retrain_every_hours) == (200, None)
    assert project.automatic_promotion
    answer = send(admin, "policy", retrain_after_preferences=0)
    assert answer.status_code == 422
    project.refresh_from_db()
    assert project.retrain_after_preferences == 200
