"""A training set is frozen in as many reads for many needs as for few, and drawn alike each time."""

import io
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.services import learning
from ranking.models import Label
from ranking.services import training_sets
from ranking.services.candidates import candidates, current_feature_set
from ranking.services.training_sets import POOL_PER_QUERY, held_out
from tests import factories

pytestmark = pytest.mark.django_db


def judged_project(slug="advisers", **size):
    """A project with a closed session, and no labels beside it."""
    project = factories.make_project(slug, **size)
    Label.objects.filter(query__project=project).delete()
    factories.make_closed_session(project, [factories.make_expert(f"expert-{slug}")], slates_per_expert=12)
    return project


def reads(work):
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def test_more_needs_are_no_more_reads():
    few, many = (judged_project(f"of-{needs}", items=30, queries=needs) for needs in (12, 30))
    known = reads(lambda: learning.freeze_training_set(few))
    assert reads(lambda: learning.freeze_training_set(many)) <= known


def test_more_labels_are_no_more_reads():
    few, many = (factories.make_project(f"of-{needs}", items=30, queries=needs) for needs in (12, 30))
    known = reads(lambda: training_sets.freeze_labels(few))
    assert reads(lambda: training_sets.freeze_labels(many)) <= known


def test_the_pool_of_a_need_is_drawn_among_its_candidates_and_the_same_each_time():
    project = judged_project(items=90)
    frozen = learning.freeze_training_set(project)
    rows = pd.read_parquet(io.BytesIO(training_sets.load_frames(frozen)[0]))
    judged = set(project.sessions.get().slates.values_list("query__key", flat=True))
    for query in (query for query in project.queries.all() if not held_out(query)):
        found = candidates(query, current_feature_set(project))
        seed = int(sha256(f"{project.slug}/{query.key}".encode()).hexdigest()[:8], 16)
        drawn = np.sort(np.random.default_rng(seed).permutation(len(found))[:POOL_PER_QUERY])
        frozen_items = rows.loc[rows["query"] == query.key, "item"]
        assert set(found.keys[drawn]) <= set(frozen_items)
    assert set(rows.loc[rows["held_out"], "query"]) <= judged
    assert learning.freeze_training_set(project) == frozen
