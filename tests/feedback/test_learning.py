"""What closed sessions say is learned once, and is not taken for learned before it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.services import learning
from ranking.errors import TrainingInProgress
from ranking.models import Project, TrainingJob
from ranking.services import jobs
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
