"""A training runs in a child process of its own, and its end is always recorded."""

import io
import json
import os
import signal
import subprocess
import threading
import time

import pandas as pd
import psycopg
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import OperationalError, connection

from feedback.services import learning
from ranking.errors import BrokenFile, LostLease, StoreUnreachable
from ranking.ltr.features import FeatureSpace
from ranking.ltr.provenance import Provenance, load_provenance
from ranking.models import Label, ModelVersion, TrainingJob
from ranking.services import files, jobs, provenance, running, serving, training_sets, verification
from ranking.services.candidates import space_of
from ranking.services.training_sets import held_out
from tests import factories, trainings

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingJob.State


def _claimed(project, learn_from="labels", **params):
    if learn_from == "labels":
        training_set = training_sets.freeze_labels(project)
    else:
        factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=12)
        training_set = learning.freeze_training_set(project)
    job = jobs.request_training(training_set, by="ada", params={"rounds": 30, **params})
    return jobs.claim(job.pk, "test")


def test_what_a_version_has_learned_from_is_known_down_to_the_first():
    project = factories.make_project()
    job = _claimed(project)
    running.run(job)
    version = project.versions.get(number=1)
    labelled = {label.query for label in Label.objects.filter(query__project=project).select_related("query")}
    assert set(training_sets.learned_queries(version)) == {one.key for one in labelled if not held_out(one)}
    assert training_sets.learned_queries(None) == []
    assert training_sets.learned_queries(project.versions.get(number=0)) == []
    factories.make_closed_session(project, [factories.make_expert()], slates_per_expert=4)
    frozen = learning.freeze_training_set(project)
    above = ModelVersion(project=project, parent=version, training_set=frozen)
    assert set(training_sets.learned_queries(above)) >= set(training_sets.learned_queries(version))
    version.training_set = None
    judged = {slate.query for slate in project.sessions.get().slates.select_related("query")}
    assert set(training_sets.learned_queries(above)) <= {one.key for one in judged if not held_out(one)}


@pytest.mark.parametrize("learn_from", ["labels", "preferences"])
def test_a_training_ends_in_a_version_that_can_be_rebuilt(learn_from):
    job = _claimed(factories.make_project(), learn_from)
    running.run(job)
    job.refresh_from_db()
    assert job.state == State.DONE, job.error
    assert job.version.parent.number == 0
    assert job.version.evaluations.get().champion == job.version.parent
    found = verification.verify(job.version)
    assert found.passed, found
    assert found.same_provenance is (True if learn_from == "preferences" else None)


def test_a_training_keeps_what_it_would_be_without_each_session_and_verifies_that_too(capsys):
    job = _claimed(factories.make_project(), "preferences")
    running.run(job)
    version = ModelVersion.objects.get(number=1)
    session = job.project.sessions.get()
    data = files.read(version.provenance_file, version.provenance_sha256)
    assert [one.source for one in load_provenance(data, version.provenance_sha256).sources] == [
        str(session.pk)
    ]
    trainings.promote(version)
    for match in serving.serve(job.project.queries.first()).matches.all():
        trace = provenance.trace(match)
        # Without the only session nothing was learned: the version before is left as it was.
        assert [share.rank_without for share in trace.shares] == [trace.rank_before]
    call_command("verify", "1")
    assert "provenance byte-identical" in capsys.readouterr().out
    # Another file with its own right checksum: nothing but making it again tells them apart.
    other, _ = Provenance((), None).to_file()
    version.provenance_file, version.provenance_sha256 = files.store("provenance", ".json.gz", other)
    found = verification.verify(version)
    assert (found.same_bytes, found.same_provenance, found.passed) == (True, False, False)
    default_storage.delete(version.provenance_file)
    with pytest.raises(BrokenFile, match="can't be read"):
        verification.verify(version)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("result.json", b"{"),
        ("result.json", None),
        ("model.json", b"another"),
        ("provenance.json.gz", b"another"),
        ("provenance.json.gz", None),
    ],
)
def test_what_a_training_has_written_is_not_taken_when_it_is_damaged_or_missing(tmp_path, name, data):
    result = {"sha256": files.checksum(b"model"), "provenance_sha256": files.checksum(b"sources")}
    written = {
        "result.json": json.dumps(result).encode(),
        "model.json": b"model",
        "provenance.json.gz": b"sources",
    }
    for file, content in written.items():
        (tmp_path / file).write_bytes(content)
    made = running.read_made(tmp_path)
    assert (made.model, made.provenance) == (b"model", b"sources")
    if data is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(running.ChildDied):
        running.read_made(tmp_path)


def test_no_row_of_a_held_out_query_is_given_to_training():
    project = factories.make_project()
    job = _claimed(project, "preferences")
    rows, pairs = (pd.read_parquet(io.BytesIO(data)) for data in training_sets.load_frames(job.training_set))
    kept_back = {query.key for query in project.queries.all() if held_out(query)}
    assert kept_back
    assert set(rows.loc[rows["held_out"], "query"]) <= kept_back
    assert not set(rows.loc[~rows["held_out"], "query"]) & kept_back
    query_of = rows["query"].to_numpy()
    assert [query in kept_back for query in query_of[pairs["winner"]]] == pairs["held_out"].tolist()
    running.run(job)
    job.refresh_from_db()
    trained = len(set(rows.loc[~rows["held_out"], "query"]))
    assert 0 < job.version.report["n_queries_trained"] <= trained


def test_signed_off_pairs_and_protected_groups_reach_the_gate():
    project = factories.make_project()
    query = project.queries.first()
    items = sorted(
        project.items.select_related("current"),
        key=lambda item: factories.true_utility(query.content, item.current.content),
    )
    project.description["protected"] = project.description["segments"]
    project.description["signed_off"] = [
        {"query": query.key, "winner": items[0].key, "loser": items[-1].key}  # what no good model would say
    ]
    project.save()
    job = _claimed(project)
    rows = pd.read_parquet(io.BytesIO(training_sets.load_frames(job.training_set)[0]))
    assert {items[0].key, items[-1].key} <= set(rows.loc[rows["query"] == query.key, "item"])
    assert [name for name in rows.columns if name.startswith("protected:")]
    running.run(job)
    job.refresh_from_db()
    evaluation = job.version.evaluations.get()
    (check,) = (c for c in evaluation.results["gate"]["checks"] if c["name"] == "signed_off")
    assert (check["figures"]["pairs"], len(check["figures"]["flipped"])) == (1, 1)
    assert evaluation.verdict == "refuse"


def test_a_training_by_which_the_version_in_service_would_be_misread_fails_and_says_so():
    project = factories.make_project()
    space = space_of(project.feature_sets.get())
    moved = {**space.categories, "style": space.categories["style"][::-1]}
    trainings.promote(trainings.make_version(project))
    factories.store_features(project, FeatureSpace(space.specs, moved, space.texts))
    job = _claimed(project)
    running.run(job)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "version 1, in service, would misread style" in job.error


def test_a_training_that_refuses_its_input_fails_at_once_with_its_reason():
    job = _claimed(factories.make_project(), learning_rate=-1.0)
    running.run(job)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert "learning_rate" in job.error


def test_a_damaged_training_set_fails_the_job_and_says_so():
    job = _claimed(factories.make_project())
    default_storage.delete(job.training_set.rows_file)
    with pytest.raises(Exception, match="can't be read"):
        running.run(job)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "can't be read" in job.error


def _children():
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "ranking.ltr.trainer"], capture_output=True, text=True
    )
    return [int(line) for line in found.stdout.split()]


def _kill_children(sign):
    deadline = time.monotonic() + 60
    while not (pids := _children()):
        assert time.monotonic() < deadline, "no training process came up"
        time.sleep(0.02)
    for pid in pids:
        os.kill(pid, sign)


def test_a_training_whose_process_is_killed_is_queued_again():
    job = _claimed(factories.make_project(), rounds=5000)
    killer = threading.Thread(target=_kill_children, args=(signal.SIGKILL,))
    killer.start()
    running.run(job)
    killer.join()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (State.QUEUED, 1)
    assert "signal 9" in job.error
    assert ModelVersion.objects.count() == 1
    assert not _children()


def test_a_cancelled_training_stops_and_leaves_no_version():
    job = _claimed(factories.make_project(), rounds=5000)
    jobs.cancel(job)
    running.run(job)
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert ModelVersion.objects.count() == 1
    assert not _children()


@pytest.mark.parametrize("params", [{}, {"learning_rate": -1.0}])
def test_a_training_that_ends_while_it_is_being_cancelled_is_cancelled(monkeypatch, params):
    monkeypatch.setattr(running, "BEAT_SECONDS", 1e8)  # no beat but the last one
    job = _claimed(factories.make_project(), **params)
    jobs.cancel(TrainingJob.objects.get(pk=job.pk))
    running.run(job)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.CANCELLED, "")
    assert ModelVersion.objects.count() == 1


def test_a_training_that_takes_too_long_is_stopped(settings):
    settings.TIEBREAK_TRAINING_SECONDS = 0
    job = _claimed(factories.make_project(), rounds=5000)
    running.run(job)
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert "longer than 0 seconds" in job.error


def test_a_worker_that_lost_its_job_stops_its_child_and_writes_nothing():
    job = _claimed(factories.make_project(), rounds=5000)
    TrainingJob.objects.filter(pk=job.pk).update(fencing_token=job.fencing_token + 1)
    with pytest.raises(LostLease):
        running.run(job)
    assert ModelVersion.objects.count() == 1
    assert not _children()


def _failing(function, times):
    """Return the function, which a dropped connection ends the first times that it is called."""
    left = iter(range(times))

    def call(*args, **kwargs):
        if next(left, None) is not None:
            raise OperationalError("server closed the connection unexpectedly")
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize("write", ["beat", "finish"])
def test_a_dropped_connection_ends_no_training(monkeypatch, write):
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.05)
    job = _claimed(factories.make_project())
    monkeypatch.setattr(jobs, write, _failing(getattr(jobs, write), 3))
    running.run(job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.crashes) == (State.DONE, 1, 0)


def _drop_connections(seconds):
    """End every other connection to the test's database, again and again."""
    until = time.monotonic() + seconds
    with psycopg.connect(
        host=connection.settings_dict["HOST"],
        port=connection.settings_dict["PORT"] or 5432,
        user=connection.settings_dict["USER"],
        password=connection.settings_dict["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    ) as killer:
        while time.monotonic() < until:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.7)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL's connections can be dropped")
def test_a_training_goes_on_while_postgresql_drops_its_connections(monkeypatch):
    job = _claimed(factories.make_project())
    dropper = threading.Thread(target=_drop_connections, args=(4,))
    run_child = running.run_child

    def dropped_from_here_on(*args):
        dropper.start()  # earlier there is nothing to lose yet, and the job is put back
        return run_child(*args)

    monkeypatch.setattr(running, "run_child", dropped_from_here_on)
    running.run(job)
    dropper.join()
    connection.close()  # dropped once more after the training had ended
    job.refresh_from_db()
    assert (job.state, job.attempt, job.crashes) == (State.DONE, 1, 0), job.error


def test_a_worker_that_cannot_renew_its_lease_in_time_stops_its_child(monkeypatch, settings):
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.05)
    job = _claimed(factories.make_project(), rounds=5000)
    settings.TIEBREAK_LEASE_SECONDS = 0
    monkeypatch.setattr(jobs, "beat", _failing(jobs.beat, 10_000))
    with pytest.raises(LostLease):
        running.run(job)
    assert ModelVersion.objects.count() == 1
    assert not _children()


def test_a_training_that_finds_the_file_store_away_waits_for_it(monkeypatch):
    job = _claimed(factories.make_project())

    def away(*_):
        raise StoreUnreachable("training/a.parquet can't be read or written: SlowDown")

    monkeypatch.setattr(running, "load_frames", away)
    running.run(job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.crashes) == (State.QUEUED, 1, 0)
    assert "SlowDown" in job.error
