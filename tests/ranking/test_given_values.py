"""Ready-made values of pairs in an ordinary project: beside a catalogue, missing where the file has none."""

import io
from importlib import import_module
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from ranking.description import DescriptionError, read_description
from ranking.errors import ImportRefused
from ranking.models import GivenFeatures, Project, Query, TrainingJob
from ranking.services import catalog, jobs, running, serving, training_sets, verification
from ranking.services.candidates import candidates, current_feature_set
from ranking.services.catalog import Options, load_project
from tests.ranking.folders import N_ITEMS, change, replace_in_description, rows_of, small, write_rows

pytestmark = pytest.mark.django_db

FEATURE = '[[features]]\nname = "bm25"\nlabel = "Search score"\nkind = "given"\n\n[[features]]'


@pytest.fixture
def scored(folder: Path) -> Path:
    """Return the folder with a search score of every third adviser for every mandate."""
    rows = [
        {"mandate_id": query["mandate_id"], "adviser_id": item["adviser_id"], "bm25": str(place / 10)}
        for query in rows_of(folder / "mandates.csv")
        for place, item in enumerate(rows_of(folder / "advisers.csv")[::3])
    ]
    write_rows(folder / "given.csv", rows)
    replace_in_description(folder, "[[features]]", FEATURE)
    replace_in_description(folder, 'labels = "labels.csv"', 'labels = "labels.csv"\ngiven = "given.csv"')
    return folder


def features_of_first():
    query = Query.objects.select_related("project").get(key="M001")
    found = candidates(query, current_feature_set(query.project))
    return found, dict(zip(found.keys, found.features["bm25"], strict=True))


def test_given_values_stand_beside_the_catalogue_and_a_pair_without_one_has_a_missing_value(scored):
    report = load_project(scored)
    assert report.of("given features").new == len(rows_of(scored / "given.csv"))
    found, values = features_of_first()
    assert found.items_total == N_ITEMS
    expected = {row["adviser_id"]: float(row["bm25"]) for row in rows_of(scored / "given.csv")}
    assert values == pytest.approx({key: expected.get(key, np.nan) for key in values}, nan_ok=True)
    assert 0 < sum(np.isnan(list(values.values()))) < len(values)


@pytest.mark.django_db(transaction=True)
def test_a_project_with_given_values_is_trained_and_its_version_is_rebuilt_from_what_was_frozen(scored):
    labels = [
        {"mandate_id": query["mandate_id"], "adviser_id": item["adviser_id"], "grade": str(place % 3)}
        for query in rows_of(scored / "mandates.csv")
        for place, item in enumerate(rows_of(scored / "advisers.csv")[::2])
    ]
    write_rows(scored / "labels.csv", labels)
    load_project(scored)
    project = Project.objects.get()
    frozen = training_sets.freeze_labels(project)
    column = pd.read_parquet(io.BytesIO(training_sets.load_frames(frozen)[0]))["f:bm25"]
    assert column.notna().any()
    assert column.isna().any()
    job = jobs.claim(jobs.request_training(frozen, by="ada", params={"rounds": 30}).pk, "test")
    running.run(job)
    job.refresh_from_db()
    assert job.state == TrainingJob.State.DONE, job.error
    rows = rows_of(scored / "given.csv")
    write_rows(scored / "given.csv", [row | {"bm25": "7"} for row in rows[:5]])
    assert load_project(scored).of("given features").retired == len(rows) - 5
    assert verification.verify(job.version).passed


def test_values_that_arrive_later_change_the_list_that_sorts_by_them(folder):
    replace_in_description(folder, "[[features]]", FEATURE)
    replace_in_description(
        folder, "[[sort]]", '[[sort]]\nfeature = "bm25"\ndirection = "descending"\n\n[[sort]]'
    )
    load_project(folder)
    query = Query.objects.select_related("project").get(key="M001")
    before = serving.serve(query)
    last = before.matches.order_by("rank").last().item_version.item.key
    (folder / "given.csv").write_text(f"adviser_id,mandate_id,bm25\n{last},M001,3\n")
    out = StringIO()
    call_command("import_given", "advisers", str(folder / "given.csv"), stdout=out)
    assert "given features: 1 new" in out.getvalue()
    after = serving.serve(Query.objects.select_related("project").get(pk=query.pk))
    assert after.matches.order_by("rank").first().item_version.item.key == last
    (folder / "given.csv").write_text("adviser_id,mandate_id,bm25\n")
    with pytest.raises(ImportRefused, match="expected at least one row"):
        catalog.import_given(query.project, folder / "given.csv", Options(retire=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mandate_id,adviser_id\nM001,A0001\n", "line 1, bm25: there is no such column"),
        ("mandate_id,adviser,bm25\nM001,A0001,1\n", "line 1, adviser_id: there is no such column"),
        ("mandate_id,adviser_id,bm25\nM001,A9999,1\n", "line 2, adviser_id: there is no adviser 'A9999'"),
        ("mandate_id,adviser_id,bm25\nM9,A0001,1\n", "line 2, mandate_id: there is no mandate 'M9'"),
        ("mandate_id,adviser_id,bm25\nM001,A0001,high\n", "line 2, bm25: expected a number"),
        ("mandate_id,adviser_id,bm25\nM001,A0001,1\nM001,A0001,2\n", "stand on line 2 already"),
    ],
)
def test_a_wrong_file_of_given_values_is_named_by_place_and_writes_nothing(scored, text, words):
    (scored / "given.csv").write_text(text)
    with pytest.raises(ImportRefused) as caught:
        load_project(scored)
    assert words in str(caught.value.refusals[0])
    assert not Project.objects.exists()


def test_given_values_are_refused_together_with_the_mistakes_of_other_files(scored):
    change(scored, "advisers", "A0005", assets="plenty")
    (scored / "given.csv").write_text("mandate_id,adviser_id,bm25\nM001,A0005,high\n")
    with pytest.raises(ImportRefused) as caught:
        load_project(scored)
    assert [refusal.file for refusal in caught.value.refusals] == ["advisers.csv", "given.csv"]


def test_an_empty_cell_is_no_value_and_a_column_that_nobody_declared_is_named(scored):
    (scored / "given.csv").write_text("mandate_id,adviser_id,bm25,note\nM001,A0001,,x\nM001,A0002,2,y\n")
    report = load_project(scored)
    assert report.ignored[-1] == "given: note"
    assert [row.values for row in GivenFeatures.objects.order_by("id")] == [{}, {"bm25": 2.0}]


def test_a_file_that_is_not_there_or_that_nothing_reads_is_an_error_of_the_description(scored):
    (scored / "given.csv").unlink()
    with pytest.raises(DescriptionError, match=r"files\.given: there is no file 'given\.csv'"):
        read_description(scored)
    (scored / "given.csv").touch()
    replace_in_description(scored, FEATURE, "[[features]]")
    with pytest.raises(DescriptionError, match=r"files\.given: no feature is of kind \"given\""):
        read_description(scored)


def test_keys_of_one_name_are_called_query_and_item_in_a_file_of_pairs(tmp_path):
    small(tmp_path, 'name = "score"\nlabel = "Score"\nkind = "given"')
    replace_in_description(tmp_path, "[files]", '[files]\nlabels = "labels.csv"')
    replace_in_description(
        tmp_path, 'feature = "price"\ndirection = "asc', 'feature = "score"\ndirection = "desc'
    )
    (tmp_path / "labels.csv").write_text("query,item,grade\nq1,b,1\n")
    assert load_project(tmp_path).of("labels").new == 1
    project = Project.objects.get()
    (tmp_path / "given.csv").write_text("query,item,score\nq1,b,1\n")
    catalog.import_given(project, tmp_path / "given.csv")
    served = serving.serve(project.queries.get(key="q1"))
    assert [match.item_version.item.key for match in served.matches.order_by("rank")] == ["b", "a"]


def test_a_project_without_such_a_feature_takes_no_given_values(folder):
    load_project(folder)
    (folder / "given.csv").write_text("mandate_id,adviser_id,bm25\n")
    with pytest.raises(CommandError, match="refused: 1 mistake"):
        call_command("import_given", "advisers", str(folder / "given.csv"), stderr=StringIO())


def test_projects_of_letor_files_of_before_go_on_with_the_pairs_of_their_files(tmp_path, scored):
    load_project(scored)
    (tmp_path / "train.txt").write_text("1 qid:1 1:1 # docid = A\n0 qid:2 1:2 # docid = B\n")
    catalog.import_letor(catalog.LetorRequest(tmp_path / "train.txt", "mq", "MQ"))
    letor = Project.objects.get(slug="mq")
    assert letor.description.pop("candidates") == "given"
    letor.save()
    import_module("ranking.migrations.0007_candidates_of_letor").declare_candidates(apps, None)
    found = {project.slug: project.description.get("candidates") for project in Project.objects.all()}
    assert found == {"advisers": None, "mq": "given"}
    query = Query.objects.select_related("project").get(key="2")
    assert list(candidates(query, current_feature_set(query.project)).keys) == ["B"]
