"""Broken exports are refused with file, line and reason, and nothing of them is written."""

import contextlib
import io
import json
import random
import zipfile

import pytest

from feedback.services.exchanging import export_file
from feedback.services.importing import import_sessions
from ranking.errors import ImportRefused, NoChampion
from tests import exchange, factories
from tests.deployment import ROOT

SPRING = ROOT / "fixtures" / "exchange" / "spring.jsonl"
HEAD, PERSON, ITEM, SESSION, INVITED, SLATE, CARD, JUDGED, PREFERRED = 1, 2, 3, 6, 7, 8, 9, 12, 13


@pytest.fixture
def project(db):
    return factories.make_project(items=4, queries=3)


def _refused(project, path):
    """Import, which must be refused; return the refusals after a look that nothing was written."""
    before = exchange.counts()
    with pytest.raises(ImportRefused) as caught:
        import_sessions(project, path)
    assert exchange.counts() == before
    return [str(refusal) for refusal in caught.value.refusals]


BROKEN = {
    # name: (line that is changed, what of it, line that is refused, words)
    "another format": (HEAD, {"format": "x"}, HEAD, "format: expected one of tiebreak sessions"),
    "a later format": (HEAD, {"format_version": 2}, HEAD, "format_version: expected 1 to 1"),
    "another project": (HEAD, {"project": "second"}, HEAD, "is an export of 'second'"),
    "an unknown type": (PERSON, {"type": "persona"}, PERSON, "type: expected one of export, person"),
    "an unknown column": (PERSON, {"email": "x"}, PERSON, "email: is no column of a person"),
    "a missing column": (PERSON, {"first_name": None}, PERSON, "first_name: is missing"),
    "a NUL": (PERSON, {"first_name": "a\0"}, PERSON, "can't be stored"),
    "half a character": (PERSON, {"last_name": "\ud800"}, PERSON, "can't be stored"),
    "a name that nobody can have": (PERSON, {"expert": "Ed da"}, INVITED, "there is no person edda"),
    "another content": (ITEM, {"content": {"crd": "100"}}, ITEM, "is not the hash of the content"),
    "a content that is no object": (ITEM, {"content": [1]}, ITEM, "content: expected an object"),
    "a state that there is not": (SESSION, {"state": "ajar"}, SESSION, "expected one of open, closed"),
    "closed at no time": (SESSION, {"closed_at": None}, SESSION, "a closed session has the moment"),
    "no moment": (SESSION, {"opened_at": "yesterday"}, SESSION, "expected a moment like"),
    "a moment without a zone": (SESSION, {"opened_at": "2026-03-02T09:00:00"}, SESSION, "a moment like"),
    "another title": (SESSION, {"title": "Autumn"}, SESSION, "is not the key of what was opened then"),
    "an endless title": (SESSION, {"title": "x" * 201}, SESSION, "expected 1 to 200 characters"),
    "too few at random": (SESSION, {"random_share": 0.1}, SESSION, "expected 0.3 to 1, found 0.1"),
    "a flag that is a number": (SESSION, {"asks_ratings": 1}, SESSION, "expected true or false"),
    "a number that is a flag": (SESSION, {"seed": True}, SESSION, "expected a whole number, found True"),
    "too large a number": (SLATE, {"position": 40_000}, SLATE, "position: expected 1 to 32767"),
    "an unknown need": (SLATE, {"query": "M99"}, SLATE, "query: the project has no 'M99'"),
    "a repeat of itself": (SLATE, {"repeats": 1}, SLATE, "there is no other slate 1"),
    "a repeat of nothing": (SLATE, {"repeats": 2}, SLATE, "there is no other slate 2"),
    "open, though judged": (SLATE, {"state": "open"}, SLATE, "an open one has none"),
    "an unknown session": (INVITED, {"session": "nowhere"}, INVITED, "there is no session nowhere"),
    "an unknown expert": (INVITED, {"expert": "emil"}, INVITED, "there is no person emil"),
    "a card of no slate": (CARD, {"position": 2}, CARD, "there is no slate"),
    "a card of no item": (CARD, {"item": "103"}, CARD, "there is no item 103"),
    "a position twice": (CARD, {"shown_position": 2}, CARD + 1, "this card stands on line 9 already"),
    "a gap in the positions": (CARD, {"shown_position": 4}, CARD, "expected 1 to 3, each once"),
    "a feature that is a text": (CARD, {"features": {"fee": "low"}}, CARD, "expected a number, found 'low'"),
    "a likelihood above 1": (CARD, {"selection_probability": 1.5}, CARD, "expected 0 to 1, found 1.5"),
    "a kind that there is not": (JUDGED, {"kind": "shrug"}, JUDGED, "kind: expected one of reorder"),
    "a card left out": (JUDGED, {"tiers": [[2], [1]]}, JUDGED, "expected each of the 3 cards once"),
    "a card twice": (JUDGED, {"tiers": [[2], [1, 3, 2]]}, JUDGED, "expected each of the 3 cards once"),
    "an empty rank": (JUDGED, {"tiers": [[2], [], [1, 3]]}, JUDGED, "expected each of the 3 cards once"),
    "a rank that is no list": (JUDGED, {"tiers": [2, 1, 3]}, JUDGED, "expected a list of shown positions"),
    "a rating of 6": (JUDGED, {"ratings": {"1": 6}}, JUDGED, "expected ratings of 1 to 5, found 6"),
    "a rating of no card": (JUDGED, {"ratings": {"7": 3}}, JUDGED, "names a card that is not in this list"),
    "a rating of a word": (JUDGED, {"ratings": {"one": 3}}, JUDGED, "expected a shown position"),
    "an order of no order": (JUDGED, {"kind": "about_equal"}, JUDGED, "has no order and no ratings"),
    "no key": (JUDGED, {"idempotency_key": ""}, JUDGED, "expected 1 to 80 characters"),
    "time that runs back": (JUDGED, {"seconds": -1}, JUDGED, "seconds: expected 0"),
    "the other way round": (PREFERRED + 1, {"winner": 1, "loser": 2}, PREFERRED + 1, "does not follow"),
    "another weight": (PREFERRED, {"weight": 0.25}, PREFERRED, "does not follow from the judgement"),
    "another order": (JUDGED, {"tiers": [[1], [2, 3]]}, PREFERRED, "does not follow from the judgement"),
    "a preference about no card": (PREFERRED, {"loser": 9}, PREFERRED, "does not follow"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_record_is_refused_by_its_line(project, tmp_path, name):
    line, changes, refused, words = BROKEN[name]
    records = [json.loads(text) for text in SPRING.read_text().splitlines()]
    records[line - 1] |= changes
    path = tmp_path / "broken.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = _refused(project, path)
    assert any(f"broken.jsonl, line {refused}" in one and words in one for one in found), found


TEXTS = {
    "nothing": ("", "is empty"),
    "no JSON": ("{", "line 1: is not JSON"),
    "a list": ("[1]", "line 1: expected an object with its type"),
    "a name twice": ('{"type":"person","type":"person"}', "a name stands twice"),
    "no number": ('{"type":"person","simulated":NaN}', "line 1: is not JSON: NaN is no number"),
    "too deep": ("[" * 100_000, "line 1: is not JSON"),
    "no head": ("".join(SPRING.read_text().splitlines(True)[1:]), "expected one record of type export"),
    "cut off": ("".join(SPRING.read_text().splitlines(True)[:-1]), "line 12: its preference of card"),
    "no cards": ("".join(SPRING.read_text().splitlines(True)[:8]), "line 8: a slate without a card"),
    "all twice": (SPRING.read_text() * 2, "line 16"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_broken_file_is_refused(project, tmp_path, name):
    text, words = TEXTS[name]
    path = tmp_path / "broken.jsonl"
    path.write_text(text)
    found = _refused(project, path)
    assert any(words in one for one in found), found


def test_a_file_that_is_not_utf8_is_refused_by_its_line(project, tmp_path):
    path = tmp_path / "latin.jsonl"
    path.write_bytes(SPRING.read_bytes().replace(b"Expert", b"Expert\xe9"))
    assert "latin.jsonl, line 2: is not UTF-8" in _refused(project, path)


def test_a_file_that_is_not_there_is_refused(project, tmp_path):
    assert "nowhere.jsonl: can't be read" in _refused(project, tmp_path / "nowhere.jsonl")[0]


# --- zips ---------------------------------------------------------------------------------------------------
@pytest.fixture
def tables(project):
    """Return the files of a CSV export, by name."""
    import_sessions(project, SPRING)
    archive = zipfile.ZipFile(io.BytesIO(export_file(project, "csv")))
    found = {name: archive.read(name) for name in archive.namelist()}
    exchange.wipe()
    return found


def _zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


CELLS = {
    "people.csv": (b"false", b"perhaps", "line 2, simulated: expected true or false"),
    "judgements.csv": (b",64,", b",many,", "line 2, seconds: expected a whole number"),
    "cards.csv": (b"0.5", b"half", "line 2, selection_probability: expected a number"),
    "sessions.csv": (b"2026-03-02T", b"02.03.2026 ", "line 2, opened_at: expected a moment"),
    "slates.csv": (b",position,", b",place,", "line 1, position: there is no such column"),
    "preferences.csv": (b",kept,", b",kept,,", "line 4: has 11 cells; expected 9"),
    "items.csv": (b"{", b"(", "line 2, content: is not JSON"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_broken_cell_is_refused_by_table_and_line(project, tables, tmp_path, name):
    old, new, words = CELLS[name]
    assert old in tables[name]
    path = _zip(tmp_path / "broken.zip", {**tables, name: tables[name].replace(old, new)})
    found = _refused(project, path)
    assert any(f"broken.zip/{name}, {words.split(': has')[0]}" in one for one in found), found


def test_a_broken_row_of_a_parquet_table_is_refused_by_table_and_line(project, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    import_sessions(project, SPRING)
    archive = zipfile.ZipFile(io.BytesIO(export_file(project, "parquet")))
    files = {name: archive.read(name) for name in archive.namelist()}
    table = pq.read_table(io.BytesIO(files["judgements.parquet"]))
    place = table.column_names.index("kind")
    buffer = io.BytesIO()
    pq.write_table(table.set_column(place, "kind", pa.array(["shrug"])), buffer)
    exchange.wipe()
    path = _zip(tmp_path / "broken.zip", {**files, "judgements.parquet": buffer.getvalue()})
    assert any("broken.zip/judgements.parquet, line 2, kind" in one for one in _refused(project, path))
    path = _zip(tmp_path / "broken.zip", {**files, "cards.parquet": b"PAR1 not really"})
    assert any("cards.parquet: is not a Parquet file" in one for one in _refused(project, path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files.pop("cards.csv"), "lacks cards.csv"),
        (lambda files: files.update({"notes.csv": b"x"}), "holds 'notes.csv'"),
        (lambda files: files.update({"../people.csv": b"x"}), "holds '../people.csv'"),
        (lambda files: files.update({"people.parquet": b"x"}), "expected a zip of CSV files or of Parquet"),
        (lambda files: files.clear(), "expected a zip of CSV files or of Parquet"),
    ],
)
def test_a_zip_of_other_files_is_refused(project, tables, tmp_path, change, words):
    change(tables)
    assert words in _refused(project, _zip(tmp_path / "broken.zip", tables))[0]


def test_a_zip_that_is_cut_off_is_refused(project, tables, tmp_path):
    path = _zip(tmp_path / "broken.zip", tables)
    path.write_bytes(path.read_bytes()[:-200])
    assert "is not a zip that can be read" in _refused(project, path)[0]


@pytest.mark.parametrize("seed", range(20))
def test_a_zip_with_damaged_bytes_is_refused_or_taken_whole(project, tmp_path, seed):
    """Whatever is hit, an import either writes what the file said or nothing."""
    import_sessions(project, SPRING)
    data, whole = bytearray(export_file(project, "csv")), exchange.counts()
    exchange.wipe()
    for place in random.Random(seed).sample(range(len(data)), 3):
        data[place] ^= 0x55
    path = tmp_path / "damaged.zip"
    path.write_bytes(data)
    with contextlib.suppress(ImportRefused):
        import_sessions(project, path)
    found = exchange.counts()
    assert found == whole or set(found.values()) == {0}


def test_a_zip_that_unpacks_to_more_than_it_may_is_refused(project, tables, tmp_path, monkeypatch):
    monkeypatch.setattr("feedback.exchange.reading.LARGEST_FILE", 20_000)
    tables["people.csv"] += b"x" * 30_000
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tables.items():
            archive.writestr(name, content)
    assert path.stat().st_size < 20_000
    assert "unpacks to more than" in _refused(project, path)[0]


# --- against what is here -----------------------------------------------------------------------------------
def _changed(tmp_path, line, **changes):
    records = [json.loads(text) for text in SPRING.read_text().splitlines()]
    records[line - 1] |= changes
    path = tmp_path / "again.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_judgement_that_stands_otherwise_here_is_refused(project, tmp_path):
    import_sessions(project, SPRING)
    found = _refused(project, _changed(tmp_path, JUDGED, comment="dear"))
    assert found == ["again.jsonl, line 12, comment: this judgement stands otherwise here; it is not changed"]


def test_a_closed_session_takes_nothing_new(project, tmp_path):
    import_sessions(project, SPRING)
    path = _changed(tmp_path, PERSON)
    invited = json.loads(SPRING.read_text().splitlines()[INVITED - 1])
    person = json.loads(SPRING.read_text().splitlines()[PERSON - 1])
    more = [person | {"expert": "emil"}, invited | {"expert": "emil"}]
    path.write_text(SPRING.read_text() + "".join(json.dumps(record) + "\n" for record in more))
    assert _refused(project, path) == [
        "again.jsonl, line 17, session: this session is closed here and takes no participation"
    ]


def test_a_key_that_the_expert_has_used_here_is_refused(project):
    edda = factories.make_expert("edda")
    session = factories.make_session(project, [edda], slates_per_expert=1, items_per_slate=2)
    from feedback.services import judging
    from feedback.submitting import Submission

    judging.submit(session.slates.get(), Submission(kind="about_equal"), key="spring-1")
    assert "line 12, idempotency_key: this expert has used it here" in _refused(project, SPRING)[0]


def test_a_name_that_differs_in_case_only_is_refused(project):
    factories.make_expert("Edda")
    assert "line 2, expert: 'Edda' differs from it in letters' case only" in _refused(project, SPRING)[0]


def test_an_item_that_the_project_has_not_is_refused(db):
    project = factories.make_project(items=2, queries=3)
    assert "line 5, item: the project has no '102'" in _refused(project, SPRING)[0]


def test_without_a_version_nothing_is_imported(db):
    project = factories.make_project(items=4, queries=3, version=False)
    before = exchange.counts()
    with pytest.raises(NoChampion):
        import_sessions(project, SPRING)
    assert exchange.counts() == before
