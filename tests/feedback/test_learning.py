"""What closed sessions say is learned once, and is not taken for learned before it is."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.utils import timezone

from feedback import tasks
from feedback.services import learning, sessions
from ranking.errors import TrainingInProgress
from ranking.models import Project, TrainingJob
from ranking.services import jobs
from ranking.services.candidates import forget_catalogues
from tests import factories, trainings

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = factories.make_project()
    factories.make_closed_session(project, [factories.make_expert("edda")])
    Project.objects.update(retrain_after_preferences=3)
    return project


def _new(project):
    return learning.unlearned(project).count()


def _end(job, state, hours_ago=0):
    ended = timezone.now() - timedelta(hours=hours_ago)
    TrainingJob.objects.filter(pk=job.pk).update(state=state, finished_at=ended)


def test_what_is_being_learned_or_was_learned_is_not_new(project):
    before = _new(project)
    (job,) = learning.retrain_when_due()
    assert before > 0
    assert (_new(project), learning.retrain_when_due()) == (0, [])
    trainings.finish(jobs.claim(job.pk, owner="test"))
    assert (_new(project), learning.retrain_when_due()) == (0, [])


@pytest.mark.parametrize("state", [TrainingJob.State.FAILED, TrainingJob.State.CANCELLED])
def test_what_a_training_did_not_come_to_learn_is_tried_again_a_day_later(project, state):
    before = _new(project)
    (job,) = learning.retrain_when_due()
    _end(job, state, hours_ago=learning.TRY_AGAIN_HOURS - 1)
    assert (_new(project), learning.retrain_when_due()) == (before, [])
    _end(job, state, hours_ago=learning.TRY_AGAIN_HOURS + 1)
    (again,) = learning.retrain_when_due()
    assert again != job


def test_more_preferences_do_not_wait_for_that_day(project):
    (job,) = learning.retrain_when_due()
    _end(job, TrainingJob.State.FAILED)
    factories.make_closed_session(project, [factories.make_expert("emil")], title="More")
    assert len(learning.retrain_when_due()) == 1


def test_a_set_that_no_training_was_begun_on_is_not_learned(project, monkeypatch):
    before = _new(project)

    def refuse(*_, **__):
        raise TrainingInProgress("somebody was quicker")

    with monkeypatch.context() as busy:
        busy.setattr(jobs, "request_training", refuse)
        assert learning.retrain_when_due() == []
    assert project.training_sets.filter(mode="preferences").count() == 1
    assert _new(project) == before
    assert len(learning.retrain_when_due()) == 1


def test_a_project_with_a_damaged_file_is_named_and_keeps_no_other_one_waiting(project, caplog, monkeypatch):
    others = [factories.make_project(slug, items=30 + n) for n, slug in enumerate(["before", "zenith"])]
    for other in others:  # of other items each: files are named by their content
        factories.make_closed_session(other, [User.objects.get(username="edda")])
    Project.objects.update(retrain_after_preferences=3)
    for slug, name in (("before", "A"), ("advisers", "B"), ("zenith", "C")):  # in the order of their names
        Project.objects.filter(slug=slug).update(name=name)
    default_storage.delete(project.feature_sets.get().file)
    forget_catalogues()
    announced = []
    monkeypatch.setattr(tasks, "start_training", announced.append)
    tasks.retrain_when_due()
    assert [job.project for job in announced] == others
    (said,) = [record.msg for record in caplog.records if record.levelno >= logging.ERROR]
    assert (said["event"], said["project"]) == ("retraining_not_started", "advisers")


def test_a_session_that_closes_while_a_set_is_frozen_is_learned_next_time(project, monkeypatch):
    late = factories.make_session(project, [factories.make_expert("emil")], title="Late")
    factories.judge_all(late.slates.all())
    read = learning._judgements

    def while_it_closes(asked):
        monkeypatch.undo()
        sessions.close_session(late)
        return read(asked)

    monkeypatch.setattr(learning, "_judgements", while_it_closes)
    for count in (1, 2):
        (job,) = learning.retrain_when_due()
        trainings.finish(jobs.claim(job.pk, owner="test"))
        frozen = project.training_sets.filter(mode="preferences").latest("id")
        assert len(frozen.sources) == count
    assert learning.retrain_when_due() == []
