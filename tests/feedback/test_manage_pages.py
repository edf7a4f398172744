"""The admin's pages of projects, sessions, experts and people: what they say, do and refuse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token

from feedback.models import FeedbackSession, Member, Preference
from feedback.services import agreeing, attention, coverage, people, reliability
from feedback.services.people import PersonRequest
from feedback.services.sessions import close_session
from ranking.models import TrainingJob
from ranking.services import jobs, orders, serving
from ranking.services.candidates import forget_catalogues
from tests import factories, trainings


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Models and orders are kept per process by checksum and id; a test must not see another one's."""
    yield
    serving.forget_rankers()
    orders.forget_orders()
    forget_catalogues()


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(factories.make_admin())
    return client


@pytest.fixture
def edda(db):
    return factories.make_expert("edda")


@pytest.fixture
def egon(db):
    return factories.make_expert("egon")


def text_of(answer):
    """Return the text of an answer, its white space as one blank."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def page(client, name, *args, **options):
    """Return the text of a page of the project."""
    answer = client.get(reverse(f"feedback:{name}", args=["advisers", *args]), **options)
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


def send(client, name, *args, **body):
    return client.post(reverse(f"feedback:{name}", args=["advisers", *args]), body, follow=True)


def said(answer):
    """Return the messages of the page that an act led to."""
    return [str(message) for message in answer.context["messages"]]


def logs_in(username, password):
    """Say whether the log-in page lets somebody in."""
    answer = Client().post(reverse("login"), {"username": username, "password": password})
    return answer.status_code == 302


def cards(slate):
    """Return the card ids of a slate as they are shown."""
    return list(slate.items.order_by("shown_position").values_list("pk", flat=True))


def keep_shown_order(slates):
    for slate in slates:
        factories.judge(slate, kind="reorder", tiers=[[card] for card in cards(slate)])


# --- projects -----------------------------------------------------------------------------------------------
def test_the_only_project_is_opened_at_once_and_several_are_listed(admin, project):
    home = reverse("feedback:manage_home")
    assert admin.get(home).headers["Location"] == reverse("feedback:dashboard", args=["advisers"])
    factories.make_project("others")
    answer = admin.get(home)
    assert reverse("feedback:dashboard", args=["others"]) in answer.content.decode()


def test_without_a_project_the_page_says_how_to_load_one(admin):
    assert "manage.py load_project fixtures/advisers" in text_of(admin.get(reverse("feedback:manage_home")))


def test_the_overview_says_what_is_in_service_and_what_there_is(admin, project):
    text = page(admin, "dashboard")
    assert "Version 0 is in service" in text
    assert "Mandates 12" in text
    assert "Advisers 40" in text


def notices_of(project):
    return {notice.kind: notice for notice in attention.standing_of(project).notices}


def test_labels_that_no_version_knows_ask_for_a_training(admin, project):
    assert "graded labels that no version has learned from" in notices_of(project)["labels"].text
    trainings.make_version(project)
    assert "labels" not in notices_of(project)


def test_new_preferences_ask_for_a_training_until_one_is_asked_for(admin, project, edda):
    session = factories.make_closed_session(project, [edda], slates_per_expert=12)
    waiting = Preference.objects.filter(judgement__slate__session=session).count()
    assert attention.new_preferences(project) == waiting > 0
    assert f"{waiting} new preferences that no version has learned from." in page(admin, "dashboard")
    answer = send(admin, "retrain", source="preferences")
    job = project.jobs.get()
    assert answer.redirect_chain[-1][0] == reverse("ranking:job", args=["advisers", job.pk])
    assert (job.state, job.requested_by, job.training_set.mode) == ("queued", "ada", "preferences")
    assert "retrain" not in notices_of(project)
    assert attention.new_preferences(project) == 0
    assert f"Training {job.pk} is queued" in page(admin, "dashboard")


def test_preferences_of_an_open_session_are_not_waiting(project, edda):
    session = factories.make_session(project, [edda])
    factories.judge_all(session.slates.all())
    assert attention.new_preferences(project) == 0
    assert "retrain" not in notices_of(project)


def test_a_better_version_that_nobody_has_promoted_is_offered(admin, project):
    version = trainings.make_version(project, verdict="promote")
    text = page(admin, "dashboard")
    assert "Version 1 is better than version 0. Its lists fit the graded labels better: +5.0 points" in text
    trainings.promote(version)
    assert "challenger" not in notices_of(project)


@pytest.mark.parametrize(("verdict", "words"), [("refuse", "should not replace"), ("not_yet", "not clearly")])
def test_a_version_that_is_not_better_is_said_without_a_push(project, verdict, words):
    trainings.make_version(project, verdict=verdict)
    notice = notices_of(project)["challenger"]
    assert (words in notice.text, notice.tone) == (True, "info")


def test_a_champion_that_cannot_be_loaded_is_the_first_thing_said(admin, project):
    version = trainings.make_version(project)
    trainings.promote(version)
    default_storage.delete(version.file)
    serving.forget_rankers()
    standing = attention.standing_of(project)
    assert standing.champion.version.number == 0
    assert (standing.notices[0].kind, standing.notices[0].tone) == ("health", "bad")
    assert "degraded" in page(admin, "dashboard")


def test_without_any_version_the_overview_still_opens(admin):
    factories.make_project(version=False)
    assert "No version is in service" in page(admin, "dashboard")
    assert "No version yet" in text_of(admin.get(reverse("ranking:versions", args=["advisers"])))


def test_a_failed_training_is_said_until_the_next_one(project):
    jobs.fail(jobs.claim(trainings.make_job(project).pk, owner="here:1"), "the disk is full")
    assert "the disk is full" in notices_of(project)["job_failed"].text
    trainings.make_job(project)
    assert "job_failed" not in notices_of(project)


def test_a_session_that_is_complete_or_idle_asks_for_somebody(project, edda):
    session = factories.make_session(project, [edda])
    assert not {"session_complete", "session_idle"} & set(notices_of(project))
    FeedbackSession.objects.update(opened_at=timezone.now() - timedelta(days=4))
    assert "no judgement for 4 days" in notices_of(project)["session_idle"].text
    factories.judge_all(session.slates.all())
    assert set(notices_of(project)) >= {"session_complete"}
    assert "session_idle" not in notices_of(project)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("preferences", "Advisers for mandates has no closed session to learn from."),
        ("horoscopes", "Say what to learn from: closed sessions or graded labels."),
    ],
)
def test_a_training_from_nothing_is_refused_in_words(admin, project, source, words):
    assert said(send(admin, "retrain", source=source)) == [words]
    assert not TrainingJob.objects.exists()


def test_a_second_training_is_refused_while_the_first_is_open(admin, project):
    send(admin, "retrain", source="labels")
    (text,) = said(send(admin, "retrain", source="labels"))
    assert re.search(r"Training job \d+ of Advisers for mandates is queued.", text)
    assert TrainingJob.objects.count() == 1


# --- sessions -----------------------------------------------------------------------------------------------
def asked(*experts, **changed):
    return {
        "title": "Autumn round",
        "instructions": "Look at the fee.",
        "experts": [expert.pk for expert in experts],
        "slates_per_expert": 6,
        "items_per_slate": 5,
        "random_percent": 60,
        "overlap_percent": 50,
        "asks_ratings": "on",
        **changed,
    }


def test_a_session_is_opened_as_it_was_asked_for(admin, project, edda, egon):
    answer = send(admin, "session_new", **asked(edda, egon))
    session = FeedbackSession.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("feedback:session", args=["advisers", session.pk])
    assert (session.title, session.opened_by, session.asks_ratings) == ("Autumn round", "ada", True)
    assert (session.random_share, session.overlap_share) == (0.6, 0.5)
    assert session.slates.count() == 12
    assert {slate.items.count() for slate in session.slates.all()} == {5}
    assert "0 of 12" in text_of(answer)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ""}, "This field is required."),
        ({"experts": []}, "This field is required."),
        ({"random_percent": 29}, "greater than or equal to 30"),
        ({"items_per_slate": 1}, "greater than or equal to 2"),
        ({"slates_per_expert": "many"}, "Enter a whole number."),
        ({"experts": [10**30]}, "is not one of the available choices"),
        ({"experts": ["edda"]}, "is not a valid value"),
    ],
)
def test_a_session_that_cannot_be_meant_is_asked_again_and_nothing_is_opened(
    admin, project, edda, changed, words
):
    answer = send(admin, "session_new", **asked(edda, **changed))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Look at the fee." in answer.content.decode()
    assert not FeedbackSession.objects.exists()


def test_readers_and_simulated_experts_are_not_invited(admin, project, edda):
    reader = factories.make_reader()
    member, _ = people.create_person(PersonRequest("robot", Member.Role.EXPERT, simulated=True))
    for stranger in (reader, member.user):
        answer = send(admin, "session_new", **asked(edda, stranger))
        assert answer.status_code == 422
        assert "is not one of the available choices" in text_of(answer)


def test_a_project_without_two_candidates_says_why_no_session_opens(admin, edda):
    factories.make_project(items=1, queries=3)
    answer = send(admin, "session_new", **asked(edda))
    assert answer.status_code == 422
    assert "No need of this project has two candidates to put in order." in text_of(answer)


def test_without_a_version_in_service_no_session_opens(admin, edda):
    factories.make_project(version=False)
    answer = send(admin, "session_new", **asked(edda))
    assert "has no version in service" in said(answer)[0]
    assert not FeedbackSession.objects.exists()


def test_the_cost_of_a_session_follows_the_form(admin, project, edda, egon):
    address = reverse("feedback:session_cost", args=["advisers"])
    body = asked(edda, egon, slates_per_expert=10, items_per_slate=8)
    text = text_of(admin.get(address, body))
    # ten lists of eight items, nine seconds each
    assert "Experts 2 Lists in all 20 of held-out needs about 5 Each expert about 12 min" in text
    assert "All together about 24 min" in text
    assert "an estimate, until the first lists are judged" in text
    assert "Mend the numbers" in text_of(admin.get(address, body | {"items_per_slate": "many"}))


def test_the_cost_of_a_session_is_measured_on_judged_lists(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3, items_per_slate=4)
    for slate, seconds in zip(session.slates.all(), (20, 40, 5000), strict=True):
        tiers = [[card] for card in factories.true_order(slate)]
        factories.judge(slate, kind="reorder", tiers=tiers, seconds=seconds)
    found = coverage.cost_of(project, experts=2, slates=6, items=8)
    # five and ten seconds an item; a list left open for over an hour says nothing
    assert (found.measured, found.seconds_a_list, found.minutes_all) == (2, 60.0, 12.0)


def test_the_page_of_a_session_says_how_far_each_expert_has_come(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon], slates_per_expert=3)
    mine = list(session.slates.filter(expert=edda))
    factories.judge(mine[0])
    factories.judge(mine[1], kind="none_suitable", comment="All of them far too dear.")
    text = page(admin, "session", session.pk)
    assert "edda 2 of 3" in text
    assert "egon 0 of 3" in text
    assert "All of them far too dear." in text
    row = coverage.progress_of(session)[0]
    assert (row.done, row.slates, row.not_ordered) == (2, 3, 1)


def test_the_page_of_a_session_costs_the_same_number_of_queries_however_much_is_judged(
    admin, project, edda, egon, django_assert_max_num_queries
):
    session = factories.make_session(project, [edda, egon], slates_per_expert=6, overlap_share=1.0)
    factories.judge_all(session.slates.all())
    with django_assert_max_num_queries(26):
        admin.get(reverse("feedback:session", args=["advisers", session.pk]))


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


def test_needs_are_covered_by_judged_lists_and_marked_when_held_out(project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=5)
    first = session.slates.first()
    factories.judge(first)
    found = coverage.needs_covered(session)
    assert len(found) == 12
    assert (found[0].query, found[0].done, found[0].experts, found[0].cards) == (first.query, 1, 1, 4)
    assert sum(need.slates for need in found) == 5
    assert 0 < sum(need.held_out for need in found) < 12


def test_missing_values_are_counted_by_field_in_the_words_of_the_project(admin, project, edda):
    session = factories.make_session(project, [edda], slates_per_expert=3)
    for slate in list(session.slates.all())[:2]:
        factories.judge(slate, kind="missing_information", field="fee")
    factories.judge(session.slates.last(), reason_tags=["too_expensive"], kind="about_equal")
    remarks = coverage.remarks_of(coverage.judgements_of(session), project)
    assert (remarks.gaps, remarks.reasons) == ((("Fee", 2),), (("too expensive", 1),))
    assert {label: count for _, label, count in remarks.kinds}["missing information"] == 2
    assert "Fee 2" in page(admin, "flags")
    assert "2 lists that could not be judged for a missing value, most often “Fee”." in page(
        admin, "dashboard"
    )


def test_a_session_is_closed_once(admin, project, edda):
    session = factories.make_session(project, [edda])
    factories.judge_all(session.slates.all())
    answer = send(admin, "session_close", session.pk)
    assert said(answer) == ["“First round” is closed. What it says can be learned from now."]
    session.refresh_from_db()
    assert session.state == "closed"
    assert Preference.objects.filter(judgement__slate__session=session).exists()
    assert said(send(admin, "session_close", session.pk)) == ["“First round” is closed already."]


def test_a_session_of_another_project_is_not_found(admin, project, edda):
    other = factories.make_project("others")
    session = factories.make_session(other, [edda])
    for name, args in (("session", []), ("slate_review", [session.slates.first().pk])):
        address = reverse(f"feedback:{name}", args=["advisers", session.pk, *args])
        assert admin.get(address).status_code == 404


def test_a_judged_list_is_shown_as_it_was_put(admin, project, edda):
    session = factories.make_session(project, [edda])
    slate = session.slates.first()
    a, b, c, d = cards(slate)
    factories.judge(slate, kind="reorder", tiers=[[c], [a, b]], rest=[d])
    answer = admin.get(reverse("feedback:slate_review", args=["advisers", session.pk, slate.pk]))
    lines = answer.context["review"].lines
    assert [(line.shown, line.place) for line in lines] == [(3, 1), (1, 2), (2, 2), (4, None)]
    assert dict(answer.context["review"].origins) == {"reordered": 2, "tied": 1}
    assert "below the line" in text_of(answer)


def test_a_list_that_waits_for_its_judgement_says_so(admin, project, edda):
    session = factories.make_session(project, [edda])
    assert "Not judged yet." in page(admin, "slate_review", session.pk, session.slates.first().pk)


def test_judged_lists_are_filtered_by_expert(admin, project, edda, egon):
    session = factories.make_session(project, [edda, egon])
    factories.judge_all(session.slates.all())
    address = reverse("feedback:session", args=["advisers", session.pk])
    shown = admin.get(address, {"expert": "egon"}).context["page"].object_list
    assert {judgement.expert.username for judgement in shown} == {"egon"}
    assert len(shown) == 3


# --- experts ------------------------------------------------------------------------------------------------
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
    assert "100 % 48 of 48 pairs, 8 lists keeps what is shown" in page(admin, "experts")
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


# --- people -------------------------------------------------------------------------------------------------
def person(**changed):
    return {"username": "rosa", "full_name": "Rosa Meadow", "role": "expert", **changed}


def test_a_person_logs_in_with_the_password_that_was_shown_once(admin):
    harbour = factories.make_organisation("Harbour")
    answer = admin.post(
        reverse("feedback:person_new"), person(role="reader", organisation=harbour.pk, email="r@example.org")
    )
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    member = Member.objects.get(user__username="rosa")
    assert (member.role, member.organisation, str(member)) == ("reader", harbour, "Rosa Meadow")
    assert not member.user.is_staff
    assert not logs_in("rosa", "something else")
    assert logs_in("rosa", password)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "ADA"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"role": "king"}, "role"),
        ({"role": "reader"}, "organisation"),
    ],
)
def test_a_person_who_cannot_be_meant_is_asked_again_at_the_field(admin, changed, field):
    answer = admin.post(reverse("feedback:person_new"), person(**changed))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert User.objects.count() == 1


def test_only_readers_belong_to_an_organisation(admin):
    harbour = factories.make_organisation("Harbour")
    answer = admin.post(reverse("feedback:person_new"), person(organisation=harbour.pk))
    assert "Only a reader belongs to an organisation." in text_of(answer)


def test_a_new_password_ends_the_old_one_open_sessions_and_tokens(admin, edda):
    at_work = Client()
    at_work.force_login(edda)
    Token.objects.create(user=edda)
    answer = admin.post(reverse("feedback:person_password", args=[edda.member.pk]))
    assert not logs_in("edda", factories.PASSWORD)
    assert logs_in("edda", answer.context["password"])
    assert at_work.get(reverse("feedback:my_sessions")).status_code == 302
    assert not Token.objects.exists()


def test_a_suspended_person_is_out_at_once_and_keeps_what_they_did(admin, project, edda):
    session = factories.make_session(project, [edda])
    factories.judge(session.slates.first())
    at_work = Client()
    at_work.force_login(edda)
    admin.post(reverse("feedback:person_suspend", args=[edda.member.pk]))
    assert at_work.get(reverse("feedback:my_sessions")).status_code == 302
    assert coverage.progress_of(session)[0].done == 1
    assert "suspended" in text_of(admin.get(reverse("feedback:people")))
    admin.post(reverse("feedback:person_readmit", args=[edda.member.pk]))
    assert logs_in("edda", factories.PASSWORD)


def test_nobody_locks_themselves_out(admin):
    own = Member.objects.get(user__username="ada")
    answer = admin.post(reverse("feedback:person_suspend", args=[own.pk]), follow=True)
    assert said(answer) == ["Nobody can lock themselves out."]
    own.user.refresh_from_db()
    assert own.user.is_active


def test_temporary_passwords_differ_and_pass_the_rules_for_passwords(db):
    made = {people.temporary_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        validate_password(password)


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("feedback:gaps", "Monitoring"),
        ("feedback:flags", "Monitoring"),
        ("feedback:sessions", "Sessions"),
        ("feedback:gold", "Sessions"),
        ("feedback:comparison", "Sessions"),
        ("ranking:promotions", "Versions"),
        ("feedback:dashboard", "Overview"),
    ],
)
def test_the_navigation_marks_where_a_page_belongs(admin, project, edda, address, entry):
    comparison = factories.make_comparison(
        trainings.make_version(project), project.versions.get(number=0), [edda]
    )
    ids = [comparison.pk] if address == "feedback:comparison" else []
    found = admin.get(reverse(address, args=["advisers", *ids])).content.decode()
    nav = found.partition('<nav id="nav"')[2].partition("</nav>")[0]
    assert re.findall(r"aria-current[^>]*>([^<]+)<", nav) == [entry]
