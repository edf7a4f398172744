"""Training jobs: the row is the truth; leases, fencing tokens, attempts and cancelling."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from ranking.errors import JobCancelled, JobFinished, LostLease, TrainingInProgress
from ranking.models import Evaluation, ModelVersion, TrainingJob
from ranking.services import jobs
from tests import factories, trainings

pytestmark = pytest.mark.django_db
State = TrainingJob.State


def _late():
    return timezone.now() + timedelta(hours=1)


def _finish(job, sort="fee"):
    result = {"params": {}, "report": {}, "evaluation": trainings.evaluation_results()}
    base = job.project.versions.get(number=0)
    return jobs.finish(job, base, trainings.sorting_model(job.project, sort), result)


def test_a_job_is_claimed_once():
    job = trainings.make_job(factories.make_project())
    claimed = jobs.claim(job.pk, "one")
    assert (claimed.state, claimed.attempt, claimed.fencing_token) == (State.RUNNING, 1, 1)
    assert jobs.claim(job.pk, "two") is None


def test_one_training_of_a_project_is_open_at_a_time():
    project = factories.make_project()
    job = trainings.make_job(project)
    with pytest.raises(TrainingInProgress):
        jobs.request_training(job.training_set, by="ada")


def test_the_database_holds_one_running_training_per_project():
    job = trainings.make_job(factories.make_project())
    jobs.claim(job.pk, "one")
    other = TrainingJob.objects.create(project=job.project, training_set=job.training_set, requested_by="x")
    assert jobs.claim(other.pk, "two") is None
    other.refresh_from_db()
    assert other.state == State.QUEUED


def test_a_lost_worker_gives_its_job_back_and_can_write_nothing_more():
    job = trainings.make_job(factories.make_project())
    paused = jobs.claim(job.pk, "one")
    assert jobs.reap(_late()) == [job.pk]
    taken_over = jobs.claim(job.pk, "two")
    assert taken_over.fencing_token == paused.fencing_token + 1
    for late_write in (
        lambda: jobs.beat(paused, stage="x", fraction=0.5, lines=[]),
        lambda: _finish(paused),
        lambda: jobs.fail(paused, "x"),
        lambda: jobs.give_back(paused, "x"),
        lambda: jobs.acknowledge_cancel(paused),
    ):
        with pytest.raises(LostLease):
            late_write()
    assert not ModelVersion.objects.filter(number=1).exists()
    assert _finish(taken_over).number == 1


def test_a_heartbeat_keeps_the_job():
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, "one")
    assert jobs.beat(job, stage="fitting", fraction=0.4, lines=["round 4"]) is False
    assert jobs.reap() == []
    job.refresh_from_db()
    assert (job.state, job.stage, job.fraction, job.percent) == (State.RUNNING, "fitting", 0.4, 40)
    assert [entry["line"] for entry in job.log] == ["round 4"]


def test_a_job_is_given_up_after_three_attempts_with_its_reason():
    job = trainings.make_job(factories.make_project())
    for _ in range(3):
        jobs.give_back(jobs.claim(job.pk, "one"), "killed by signal 9")
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.FAILED, 3)
    assert "3 attempts" in job.error
    assert "killed by signal 9" in job.error
    assert jobs.claim(job.pk, "one") is None


def test_finishing_makes_the_version_and_its_evaluation():
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, "one")
    version = _finish(job)
    job.refresh_from_db()
    assert (job.state, job.version, job.percent) == (State.DONE, version, 100)
    assert (version.number, version.parent.number) == (1, 0)
    assert Evaluation.objects.get(challenger=version).champion == version.parent


def test_a_queued_job_is_cancelled_at_once():
    job = jobs.cancel(trainings.make_job(factories.make_project()))
    assert job.state == State.CANCELLED
    assert jobs.claim(job.pk, "one") is None


def test_a_running_job_is_asked_to_stop():
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, "one")
    assert jobs.cancel(job).state == State.RUNNING
    assert jobs.beat(job, stage="fitting", fraction=0.5, lines=[]) is True
    jobs.acknowledge_cancel(job)
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_a_job_that_lost_its_worker_while_being_cancelled_is_cancelled():
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, "one")
    jobs.cancel(job)
    assert jobs.reap(_late()) == []
    job.refresh_from_db()
    assert job.state == State.CANCELLED


@pytest.mark.parametrize("crashes", [0, jobs.MOST_CRASHES])
def test_a_job_whose_child_dies_while_being_cancelled_is_cancelled_and_the_project_trains_on(crashes):
    project = factories.make_project()
    job = jobs.claim(trainings.make_job(project).pk, "one")
    job.crashes = crashes
    jobs.cancel(TrainingJob.objects.get(pk=job.pk))
    jobs.give_back(job, "killed by signal 9")
    job.refresh_from_db()
    assert (job.state, job.stage) == (State.CANCELLED, "cancelled")
    assert job.finished_at is not None
    assert jobs.claim(trainings.make_job(project).pk, "one") is not None


def test_a_queued_job_that_no_claim_takes_is_ended_by_the_reaper():
    project = factories.make_project()
    job = trainings.make_job(project)
    TrainingJob.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert jobs.claim(job.pk, "one") is None
    assert jobs.reap() == []
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert trainings.make_job(project).state == State.QUEUED


def test_a_job_that_is_cancelled_after_its_last_beat_makes_no_version():
    project = factories.make_project()
    project.automatic_promotion = True
    project.save()
    job = jobs.claim(trainings.make_job(project).pk, "one")
    jobs.cancel(TrainingJob.objects.get(pk=job.pk))
    with pytest.raises(JobCancelled):
        _finish(job)
    jobs.acknowledge_cancel(job)
    assert project.versions.get() == project.promotions.get().version


def test_what_has_ended_can_not_be_cancelled():
    job = jobs.claim(trainings.make_job(factories.make_project()).pk, "one")
    _finish(job)
    with pytest.raises(JobFinished):
        jobs.cancel(job)


def test_a_waiting_job_is_announced_again_only_after_a_while():
    job = trainings.make_job(factories.make_project())
    assert jobs.reap() == [job.pk]
    jobs.mark_woken(job.pk)
    assert jobs.reap() == []
    assert jobs.reap(timezone.now() + timedelta(seconds=jobs.WAKE_AGAIN_SECONDS + 1)) == [job.pk]


def test_the_database_refuses_a_done_job_without_a_version():
    job = trainings.make_job(factories.make_project())
    with pytest.raises(DatabaseError), transaction.atomic():
        TrainingJob.objects.filter(pk=job.pk).update(state=State.DONE)


@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_worker_whose_clock_is_wrong_keeps_its_job_and_no_longer_than_others(monkeypatch, seconds):
    job = trainings.make_job(factories.make_project())
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(seconds=seconds))
    claimed = jobs.claim(job.pk, "one")
    assert jobs.beat(claimed, stage="fitting", fraction=0.1, lines=[]) is False
    monkeypatch.setattr(timezone, "now", real)
    assert jobs.reap() == []
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.RUNNING, 1)
    late = real() + timedelta(seconds=settings.TIEBREAK_LEASE_SECONDS + 5)
    assert jobs.reap(late) == [job.pk]


@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_reaper_whose_clock_is_wrong_takes_no_job_away(monkeypatch, seconds):
    job = trainings.make_job(factories.make_project())
    jobs.claim(job.pk, "one")
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(seconds=seconds))
    assert jobs.reap() == []
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_only_crashes_of_the_training_count_against_it():
    job = trainings.make_job(factories.make_project())
    for _ in range(jobs.MOST_CRASHES):
        jobs.claim(job.pk, "one")
        assert jobs.reap(_late()) == [job.pk]
    for _ in range(jobs.MOST_CRASHES):
        jobs.put_back(jobs.claim(job.pk, "one"), "the file store was away")
    for _ in range(jobs.MOST_CRASHES - 1):
        jobs.give_back(jobs.claim(job.pk, "one"), "killed by signal 9")
    job.refresh_from_db()
    assert (job.state, job.crashes, job.attempt) == (State.QUEUED, 2, 8)
    jobs.give_back(jobs.claim(job.pk, "one"), "killed by signal 9")
    job.refresh_from_db()
    assert job.state == State.FAILED


def test_a_job_that_takes_every_worker_along_is_given_up():
    job = trainings.make_job(factories.make_project())
    TrainingJob.objects.filter(pk=job.pk).update(attempt=jobs.MOST_ATTEMPTS - 1)
    jobs.claim(job.pk, "one")
    assert jobs.reap(_late()) == []
    job.refresh_from_db()
    assert (job.state, job.crashes) == (State.FAILED, 0)
