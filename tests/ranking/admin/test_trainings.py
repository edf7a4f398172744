"""The admin's pages of trainings: progress, the end, cancelling."""

from __future__ import annotations

from django.urls import reverse

from ranking.models import TrainingJob
from ranking.services import jobs
from tests import factories, trainings
from tests.pages import said
from tests.ranking.admin.pages import page, send


def test_a_training_is_asked_for_its_progress_until_it_ends(admin, project):
    job = jobs.claim(trainings.make_job(project).pk, owner="here:1")
    jobs.beat(job, stage="fit", fraction=0.42, lines=["round 42 of 100"])
    body = admin.get(reverse("ranking:job", args=["advisers", job.pk])).content.decode()
    assert 'hx-trigger="every 1s"' in body
    address = reverse("ranking:job_progress", args=["advisers", job.pk])
    answer = admin.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "round 42 of 100" in answer.content.decode()
    assert 'value="42"' in answer.content.decode()
    jobs.fail(job, "the table has no row")
    answer = admin.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 286
    assert "the table has no row" in answer.content.decode()
    body = admin.get(reverse("ranking:job", args=["advisers", job.pk])).content.decode()
    assert "hx-trigger" not in body


def test_the_end_of_a_training_offers_the_comparison(admin, project, challenger):
    address = reverse("ranking:job_progress", args=["advisers", challenger.job.pk])
    body = admin.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'id="job-actions" class="actions" hx-swap-oob="true"' in body
    assert reverse("ranking:compare", args=["advisers", 1, 0]) in body
    assert "version 1 is ready to be compared" in body


def test_a_queued_training_is_cancelled_at_once_and_an_ended_one_not_at_all(admin, project):
    job = trainings.make_job(project)
    assert said(send(admin, "job_cancel", job.pk)) == ["Cancelled."]
    job.refresh_from_db()
    assert job.state == TrainingJob.State.CANCELLED
    assert "has ended" in said(send(admin, "job_cancel", job.pk))[0]


def test_a_running_training_is_asked_to_stop(admin, project):
    job = jobs.claim(trainings.make_job(project).pk, owner="here:1")
    assert said(send(admin, "job_cancel", job.pk)) == ["It will stop in a second or two."]
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == (TrainingJob.State.RUNNING, True)
    assert "stopping" in page(admin, "job", job.pk)


def test_a_training_of_another_project_is_not_found(admin, project):
    other = factories.make_project("others")
    job = trainings.make_job(other)
    for name in ("job", "job_progress"):
        assert admin.get(reverse(f"ranking:{name}", args=["advisers", job.pk])).status_code == 404
    assert admin.post(reverse("ranking:job_cancel", args=["advisers", job.pk])).status_code == 404
