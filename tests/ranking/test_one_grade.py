"""Labels of which no pair follows: told when they come in, and before a training is queued."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from ranking.errors import NothingToTrain
from ranking.ltr.pairing import ONE_GRADE
from ranking.models import Label, Project, TrainingJob, TrainingSet
from ranking.services import catalog, serving
from ranking.services.candidates import forget_catalogues
from ranking.services.catalog import LetorRequest, Options, load_project
from ranking.services.training_sets import freeze_labels, held_out
from tests import factories, pages
from tests.ranking.folders import rows_of, write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    """Ids are given anew after each test: nothing kept by id may outlive one."""
    cache.clear()
    forget_catalogues()
    serving.forget_rankers()


def grade_all(folder, grade_of):
    rows = rows_of(folder / "labels.csv")
    for place, row in enumerate(rows):
        row["grade"] = str(grade_of(row, place))
    write_rows(folder / "labels.csv", rows)


@pytest.mark.parametrize(
    "grade_of",
    [lambda row, place: 1, lambda row, place: 0, lambda row, place: int(row["mandate_id"][-1])],
    ids=["positives only", "zeros only", "one grade a query"],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_labels_of_one_grade_a_query_are_explained_when_a_project_is_loaded(folder, grade_of, dry_run):
    grade_all(folder, grade_of)
    report = load_project(folder, Options(retire=True, dry_run=dry_run))
    assert f"labels: no query {ONE_GRADE}" in report.notes
    assert report.of("labels").new > 0


def test_labels_of_one_candidate_a_query_are_explained(folder):
    rows = {row["mandate_id"]: row for row in rows_of(folder / "labels.csv")}
    write_rows(folder / "labels.csv", list(rows.values()))
    assert f"labels: no query {ONE_GRADE}" in load_project(folder).notes


def test_it_is_told_how_many_queries_have_one_grade_only(folder):
    grade_all(folder, lambda row, place: place % 2 if row["mandate_id"].endswith("1") else 1)
    load = load_project(folder)
    (note,) = [note for note in load.notes if note.startswith("labels:")]
    queries = len({row["mandate_id"] for row in rows_of(folder / "labels.csv")})
    assert note.startswith(f"labels: {queries - 1} of {queries} queries have one grade only")


def two_grades(folder):
    """Grade the two first candidates of each query differently; queries of one candidate are left out."""
    rows = {}
    for row in rows_of(folder / "labels.csv"):
        rows.setdefault(row["mandate_id"], []).append(row)
    pairs = [found[:2] for found in rows.values() if len(found) > 1]
    assert pairs
    write_rows(
        folder / "labels.csv", [{**row, "grade": grade} for two in pairs for grade, row in enumerate(two)]
    )


def test_labels_with_two_grades_in_each_query_need_no_word(folder):
    two_grades(folder)
    assert not any(note.startswith("labels:") for note in load_project(folder).notes)


def test_labels_that_are_imported_alone_are_looked_at_with_those_that_are_here(folder):
    two_grades(folder)
    load_project(folder)
    project = Project.objects.get()
    grade_all(folder, lambda row, place: 1)
    report = catalog.import_labels(project, folder / "labels.csv")
    assert f"labels: no query {ONE_GRADE}" in report.notes


def test_a_letor_file_of_positives_only_is_explained(tmp_path):
    (tmp_path / "train.txt").write_text("1 qid:1 1:0.5\n1 qid:1 1:0.9\n1 qid:2 1:0.1\n")
    report = catalog.import_letor(LetorRequest(tmp_path / "train.txt", "mq", "MQ"))
    assert f"labels: no query {ONE_GRADE}" in report.notes


@pytest.fixture
def one_grade():
    project = factories.make_project()
    Label.objects.update(grade=1)
    return project


def test_nothing_is_frozen_from_labels_of_one_grade(one_grade):
    with pytest.raises(NothingToTrain, match="no query to train on has candidates of two different grades"):
        freeze_labels(one_grade)
    assert not TrainingSet.objects.exists()


def test_grades_of_held_out_queries_are_none_to_train_on(one_grade):
    kept_back = next(query for query in one_grade.queries.all() if held_out(query))
    Label.objects.filter(pk=Label.objects.filter(query=kept_back).first().pk).update(grade=0)
    with pytest.raises(NothingToTrain, match="no query to train on"):
        freeze_labels(one_grade)
    trained = next(query for query in one_grade.queries.all() if not held_out(query))
    Label.objects.filter(pk=Label.objects.filter(query=trained).first().pk).update(grade=0)
    assert freeze_labels(one_grade).summary["labels"] > 0


def test_an_admin_who_trains_on_labels_of_one_grade_reads_why_not(one_grade):
    admin = pages.logged_in(factories.make_admin())
    answer = admin.post(reverse("feedback:retrain", args=[one_grade.slug]), {"source": "labels"}, follow=True)
    assert ONE_GRADE in answer.content.decode()
    assert not TrainingJob.objects.exists()
