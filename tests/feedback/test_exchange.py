"""What sessions collected goes out and comes back the same, byte for byte."""

import csv
import io
import json
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from feedback.exchange.cells import guard, is_formula, unguard
from feedback.models import FeedbackSession, Judgement, Preference, Slate, SlateItem
from feedback.services import attention, learning, sessions
from feedback.services.exchanging import FORMATS as FORMATS_OF_FILES
from feedback.services.exchanging import export_file
from feedback.services.importing import import_sessions
from ranking.errors import ImportRefused
from ranking.importers.letor import read_letor
from ranking.models import Project
from ranking.services import jobs
from ranking.services.candidates import current_feature_set, features_of, space_of
from ranking.services.catalog import Options
from tests import exchange, factories
from tests.deployment import ROOT

FORMATS = ("jsonl", "csv", "parquet")  # that are read again


@pytest.fixture
def project(db):
    return factories.make_project()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("close", [True, False])
def test_export_wipe_import_gives_the_same_bytes(project, tmp_path, name, close):
    exchange.make_rich_session(project, close=close)
    before = {one: export_file(project, one) for one in FORMATS}
    path = tmp_path / "sessions.any"
    path.write_bytes(before[name])
    exchange.wipe()
    report = import_sessions(project, path)
    assert report.of("judgements").new == 8
    assert {one: export_file(project, one) for one in FORMATS} == before


def _write(path, content):
    path.write_bytes(content)
    return path


@pytest.fixture
def spring():
    """Return the path of a small export of a session that was held elsewhere."""
    return ROOT / "fixtures" / "exchange" / "spring.jsonl"


def test_a_session_of_an_unknown_version_and_earlier_contents_comes_out_as_it_went_in(project, spring):
    report = import_sessions(project, spring)
    assert [str(counts) for counts in report.counts] == [
        "sessions: 1 new, 0 changed, 0 unchanged",
        "slates: 1 new, 0 changed, 0 unchanged",
        "judgements: 1 new, 0 changed, 0 unchanged",
        "preferences: 3 new, 0 changed, 0 unchanged",
    ]
    assert export_file(project, "jsonl") == spring.read_bytes()
    session = FeedbackSession.objects.get()
    assert (session.version.number, session.origin["version"]) == (0, 7)
    item = project.items.get(key="100")
    assert item.versions.count() == 2
    assert item.current != item.versions.latest("id")


def test_contents_that_all_lack_a_declared_field_have_it_missing(project, spring):
    """Cards from elsewhere, or older than the field: a retraining that includes them must not fail."""
    import_sessions(project, spring)
    slate, space = Slate.objects.get(), space_of(current_feature_set(project))
    versions = [card.item_version for card in slate.items.order_by("shown_position")]
    table = features_of(space, slate.query_content, versions, slate.query)
    lacking = [spec.name for spec in space.specs if set(spec.item_fields) - set(versions[0].content)]
    assert lacking
    assert list(table.columns) == list(space.columns)
    numeric = [spec.name for spec in space.specs if spec.name in lacking and spec.kind == "numeric"]
    assert table[numeric].isna().all(axis=None)
    assert table["fee"].notna().all()


def test_an_export_from_before_ratings_were_asked_about_is_read_and_derived_anew(project, spring, tmp_path):
    lines = [json.loads(line) for line in spring.read_text().splitlines()]
    judged = next(line for line in lines if line["type"] == "judgement")
    del judged["decided_by"]
    above, below = judged["tiers"][0][0], judged["tiers"][1][0]
    judged["ratings"] = {str(above): 1, str(below): 5}
    older = tmp_path / "older.jsonl"
    older.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_sessions(project, older)
    assert Judgement.objects.get().decided_by == ""
    pairs = Preference.objects.values_list("winner__shown_position", "loser__shown_position")
    assert len(pairs) == 2
    assert not {(above, below), (below, above)} & set(pairs)


def test_a_byte_order_mark_is_read_over(project, spring, tmp_path):
    path = _write(tmp_path / "marked", b"\xef\xbb\xbf" + spring.read_bytes())
    assert import_sessions(project, path).of("judgements").new == 1


def test_a_second_import_writes_nothing(project, spring):
    import_sessions(project, spring)
    before = exchange.counts()
    report = import_sessions(project, spring)
    assert [(counts.writes, counts.unchanged) for counts in report.counts] == [(0, 1), (0, 1), (0, 1), (0, 3)]
    assert exchange.counts() == before


def test_a_dry_run_tells_the_same_and_writes_nothing(project, spring):
    before = exchange.counts()
    report = import_sessions(project, spring, Options(dry_run=True))
    assert report.of("judgements").new == 1
    assert exchange.counts() == before


def test_a_session_that_closed_elsewhere_before_the_last_training_is_new_to_the_next_one(project, tmp_path):
    factories.make_closed_session(project, [factories.make_expert("edda")], title="Elsewhere")
    path = _write(tmp_path / "elsewhere", export_file(project, "jsonl"))
    exchange.wipe()
    factories.make_closed_session(project, [factories.make_expert("emil")], slates_per_expert=12)
    Project.objects.update(retrain_after_preferences=3)
    (job,) = learning.retrain_when_due()
    assert (attention.new_preferences(project), learning.retrain_when_due()) == (0, [])
    jobs.cancel(job)
    import_sessions(project, path)
    assert FeedbackSession.objects.get(title="Elsewhere").closed_at < job.training_set.created_at
    assert attention.new_preferences(project) >= 3
    (again,) = learning.retrain_when_due()
    assert "Elsewhere" in {source["title"] for source in again.training_set.sources}
    assert attention.new_preferences(project) == 0


def test_people_who_are_unknown_come_without_a_log_in_and_are_marked(project, spring, client):
    import_sessions(project, spring)
    user = User.objects.get(username="edda")
    assert (user.is_active, user.has_usable_password(), user.get_full_name()) == (False, False, "Edda Expert")
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    assert "imported, no log-in" in client.get("/people/").content.decode()


def test_people_who_are_known_stay_as_they_are(project, spring):
    edda = factories.make_expert("edda")
    import_sessions(project, spring)
    edda.refresh_from_db()
    assert (edda.is_active, edda.first_name, edda.groups.count()) == (True, "", 0)
    assert Judgement.objects.get().expert == edda


def test_what_went_on_elsewhere_is_appended(project, tmp_path):
    session = exchange.make_rich_session(project, close=False)
    before = _write(tmp_path / "open", export_file(project, "jsonl"))
    factories.judge_all(session.slates.filter(state="open"))
    sessions.close_session(session)
    after = _write(tmp_path / "closed", export_file(project, "jsonl"))
    exchange.wipe()
    import_sessions(project, before)
    report = import_sessions(project, after)
    assert (report.of("sessions").changed, report.of("judgements").unchanged) == (1, 8)
    assert export_file(project, "jsonl") == after.read_bytes()


def test_an_older_export_does_not_open_a_closed_session_again(project, tmp_path):
    session = exchange.make_rich_session(project, close=False)
    before = _write(tmp_path / "open", export_file(project, "jsonl"))
    sessions.close_session(session)
    with pytest.raises(ImportRefused, match="stands otherwise here"):
        import_sessions(project, before)
    session.refresh_from_db()
    assert session.state == "closed"


def test_an_export_says_nothing_of_the_moment_and_of_ids(project, tmp_path):
    exchange.make_rich_session(project)
    path = _write(tmp_path / "all", export_file(project, "jsonl"))
    exchange.wipe()
    factories.make_closed_session(project, [factories.make_expert("zoe")])  # ids go on from here
    other = export_file(project, "parquet")
    import_sessions(project, path)
    assert export_file(project, "parquet") != other
    assert export_file(project, "parquet") == export_file(project, "parquet")
    rich = FeedbackSession.objects.get(title="-Autumn")
    assert export_file(project, "jsonl", [rich]) == path.read_bytes()


def test_no_cell_of_any_table_starts_a_formula(project):
    exchange.make_rich_session(project)
    archive = zipfile.ZipFile(io.BytesIO(export_file(project, "csv")))
    tables = [archive.read(name) for name in archive.namelist()] + [export_file(project, "pairs")]
    cells = [cell for table in tables for row in csv.reader(_text(table)) for cell in row]
    assert "'=Edda" in cells
    assert [cell for cell in cells if is_formula(cell)] == []


def _text(table):
    return io.StringIO(table.decode("utf-8-sig"), newline="")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_guarded_cell_is_read_back_as_it_was(text):
    assert unguard(guard(text)) == text
    assert not is_formula(guard(text))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_as_one_in_every_table(value):
    assert guard(repr(value)) == repr(value) == unguard(guard(repr(value)))


def test_pairs_for_other_trainers_have_numbers_for_figures(project):
    session = factories.make_closed_session(project, [factories.make_expert()])
    SlateItem.objects.filter(slate__session=session).update(features={"fee": -0.055, "age": 3.0})
    (row, *_) = csv.DictReader(_text(export_file(project, "pairs")))
    assert (float(row["winner: fee"]), float(row["loser: age"])) == (-0.055, 3.0)


def test_svmrank_lists_are_read_back_with_their_grades_and_features(project, spring, tmp_path):
    import_sessions(project, spring)
    table = read_letor(_write(tmp_path / "x.txt", export_file(project, "svmrank")))
    assert table.refusals == ()
    found = [(pair.item, pair.grade, pair.features) for pair in table.pairs]
    # 1 is the age, which the third lacks; 2 is the fee
    assert found == [
        ("100", 1, {1: 11.0, 2: 0.01}),
        ("101", 2, {1: 12.0, 2: 0.004}),
        ("102", 1, {2: 0.02}),
    ]


def test_pairs_name_winner_and_loser_with_the_features_of_both(project, spring):
    import_sessions(project, spring)
    rows = list(csv.DictReader(_text(export_file(project, "pairs"))))
    assert [(row["winner"], row["loser"], row["weight"], row["origin"]) for row in rows] == [
        ("100", "102", "0.5", "rated"),
        ("101", "100", "0.5", "reordered"),
        ("101", "102", "0.25", "kept"),
    ]
    assert (rows[1]["winner: fee"], rows[1]["loser: age"], rows[0]["loser: age"]) == ("0.004", "11.0", "")


def test_the_commands_write_and_read_files(project, tmp_path, capsys):
    exchange.make_rich_session(project)
    out = tmp_path / "all.csv.zip"
    call_command("export_sessions", "advisers", str(out), format="csv")
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_sessions", "advisers", str(out), format="csv")
    exchange.wipe()
    call_command("import_sessions", "advisers", str(out), dry_run=True)
    assert "a dry run: nothing was written" in capsys.readouterr().out
    assert FeedbackSession.objects.count() == 0
    call_command("import_sessions", "advisers", str(out))
    assert "judgements: 8 new" in capsys.readouterr().out
    assert export_file(project, "csv") == out.read_bytes()


@pytest.mark.parametrize("name", FORMATS_OF_FILES)
def test_pages_and_api_answer_with_the_same_file(project, spring, client, name):
    import_sessions(project, spring)
    admin = factories.make_admin()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    session = FeedbackSession.objects.get()
    page = client.get(f"/manage/advisers/sessions/{session.pk}/export/?as={name}")
    api = factories.api_client(admin).get(f"/api/v1/projects/advisers/export/?as={name}")
    assert (page.status_code, api.status_code) == (200, 200)
    assert page.content == api.content == export_file(project, name)
    assert 'filename="advisers-spring-sessions.' in page["Content-Disposition"]


def test_an_unknown_kind_of_file_is_refused(project, spring, client):
    import_sessions(project, spring)
    admin = factories.make_admin()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/manage/advisers/sessions/export/?as=exe").status_code == 404
    answer = factories.api_client(admin).get("/api/v1/projects/advisers/export/?as=exe")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["as"])


def test_the_page_of_an_imported_session_says_where_it_was_held(project, spring, client):
    import_sessions(project, spring)
    client.force_login(factories.make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/manage/advisers/sessions/{FeedbackSession.objects.get().pk}/").content.decode()
    assert "held with a version 7 that is not here" in page
    assert "export/?as=parquet" in page
