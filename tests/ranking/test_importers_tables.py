"""Items, queries and labels from CSV and Parquet: what is taken, and how a mistake is named."""

import datetime
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.description import Field, NounDescription, ProjectDescription
from ranking.errors import ImportRefused
from ranking.importers import parquet
from ranking.importers.cells import BadCell, read_cell
from ranking.importers.csv_tables import read_items, read_labels, read_records, read_rows
from ranking.ltr.features import FeatureSpec

WINE = NounDescription(
    "wine",
    "wines",
    key="code",
    title="name",
    fields=(
        Field("code", "Code"),
        Field("name", "Name", required=True),
        Field("price", "Price", type="number"),
        Field("bottles", "Bottles", type="count"),
        Field("vintage", "Vintage", type="year"),
        Field("opened", "Opened", type="date"),
        Field("organic", "Organic", type="flag"),
        Field("grapes", "Grapes", type="set"),
    ),
)
DINNER = NounDescription(
    "dinner",
    "dinners",
    key="dinner",
    title="title",
    fields=(Field("dinner", "Dinner"), Field("title", "Title")),
)
PROJECT = ProjectDescription(
    "wines",
    "Wines",
    2025,
    query=DINNER,
    item=WINE,
    features=(FeatureSpec("price", "numeric", field="price"),),
    sort=(("price", "ascending"),),
)
HEADING = "code,name,price,bottles,vintage,opened,organic,grapes\n"
GOOD = 'W1,None,12.5,6,1998,2025-09-02,yes,"Merlot; Syrah;Merlot"\nW2,N/A,,,,,,\n'


@pytest.fixture
def csv_of(tmp_path):
    def _write(text, name="wines.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def test_cells_become_values_of_their_type_and_nothing_is_guessed(csv_of):
    table = read_records(csv_of(HEADING + GOOD), WINE)
    assert table.refusals == ()
    assert table.records == (
        {
            "code": "W1",
            "name": "None",  # a name, not a missing value
            "price": 12.5,
            "bottles": 6,
            "vintage": 1998,
            "opened": "2025-09-02",
            "organic": True,
            "grapes": ["Merlot", "Syrah"],
        },
        {
            "code": "W2",
            "name": "N/A",
            "price": None,
            "bottles": None,
            "vintage": None,
            "opened": None,
            "organic": None,
            "grapes": [],
        },
    )
    assert table.lines == (2, 3)


def row(**cells):
    values = {"code": "W1", "name": "Red"} | cells
    return ",".join(values.get(name, "") for name in WINE.names) + "\n"


# a file, the line, the column and words of the refusal
MISTAKES = [
    (HEADING + row(price="12,5".replace(",", "·")), 2, "price", "expected a number"),
    (HEADING + row() + row(code="W2", price="1_000"), 3, "price", "expected a number"),
    (HEADING + row(price="nan"), 2, "price", "expected a number"),
    (HEADING + row(price="1e999"), 2, "price", "not endless"),
    (HEADING + row(bottles="2.5"), 2, "bottles", "expected a whole number"),
    (HEADING + row(vintage="98"), 2, "vintage", "expected a year like 1998"),
    (HEADING + row(opened="02.09.2025"), 2, "opened", "expected a date like 2025-09-02"),
    (HEADING + row(organic="maybe"), 2, "organic", "expected true or false"),
    (HEADING + row(name=""), 2, "name", "is empty"),
    (HEADING + row(name="R\x00d"), 2, "name", "can't be stored"),
    (HEADING + row(name="R" * 2001), 2, "name", "1 to 2,000 characters"),
    (HEADING + row(code=""), 2, "code", "every wine needs a key"),
    (HEADING + row(code="W" * 201), 2, "code", "longer than 200"),
    (HEADING + row() + "\n" + row(), 4, "code", "stands on line 2 already"),
    (HEADING + "W1,Red\n", 2, "", "has 2 cells; expected 8"),
    (HEADING + 'W1,"Red\nwine",,,,,,\nW2,Red,x,,,,,\n', 4, "price", "expected a number"),
    (HEADING + 'W1,"Red,,,,,,\n', 2, "", "can't be read as CSV"),
    (HEADING.replace("price", "prize") + row(), 1, "price", "there is no such column"),
    (HEADING.replace("price", "name") + row(), 1, "name", "the name of two columns"),
    ((HEADING + row()).replace(",", ";"), 1, "code", "separated by commas"),
    ("", 1, "", "is empty"),
    ((HEADING + row()).encode() + b"W2,Ros\xe9,,,,,,\n", 3, "", "is not UTF-8"),
]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"), MISTAKES, ids=[m[2] + "|" + m[3] for m in MISTAKES]
)
def test_a_mistake_is_named_by_file_line_and_column(csv_of, text, line, column, words):
    refusals = read_records(csv_of(text), WINE).refusals
    named = [(refusal.file, refusal.line, refusal.column) for refusal in refusals]
    assert ("wines.csv", line, column) in named
    assert any(words in refusal.message for refusal in refusals)
    assert f"line {line}" in str(refusals[0])


def test_the_first_hundred_mistakes_of_a_file_are_named_and_the_others_are_counted(csv_of):
    rows = "".join(row(code=f"W{n}", price="dear", vintage="old") for n in range(300))
    *named, last = read_records(csv_of(HEADING + rows), WINE).refusals
    assert len(named) == 100
    assert (str(last), last.mistakes) == ("wines.csv: and 500 more mistakes in this file", 500)


def test_columns_that_nobody_declared_are_ignored_by_name(csv_of):
    table = read_records(csv_of("stars," + HEADING + "5," + row()), WINE)
    assert table.ignored == ("stars",)
    assert table.refusals == ()


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(csv_of):
    text = "\ufeff" + (HEADING + GOOD).replace("\n", "\r\n")
    assert len(read_records(csv_of(text), WINE).records) == 2


def test_a_file_that_is_not_there_is_refused(tmp_path):
    (refusal,) = read_rows(tmp_path / "none.csv").refusals
    assert "can't be read" in str(refusal)


@given(st.text(max_size=30))
def test_any_cell_is_read_or_refused_and_never_crashes(text):
    for field in WINE.fields:
        try:
            value = read_cell(text, field)
        except BadCell:
            continue
        assert value is None or isinstance(value, str | float | int | bool | list)


LABELS = "dinner,code,grade\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (LABELS + "D1,W1,2\nD1,W9,1\n", 3, "code", "there is no wine 'W9'"),
        (LABELS + "D9,W1,2\n", 2, "dinner", "there is no dinner 'D9'"),
        (LABELS + "D1,W1,2\nD1,W2,1\nD1,W1,2\n", 4, "grade", "stand on line 2 already"),
        (LABELS + "D1,W1,-1\n", 2, "grade", "expected 0 or more"),
        (LABELS + "D1,W1,good\n", 2, "grade", "expected a number"),
        ("dinner,code\nD1,W1\n", 1, "grade", "there is no such column"),
    ],
)
def test_a_label_that_is_wrong_is_named(csv_of, text, line, column, words):
    (refusal,) = read_labels(csv_of(text), PROJECT, ["W1", "W2"], ["D1"]).refusals
    assert (refusal.line, refusal.column) == (line, column)
    assert words in refusal.message


def test_labels_are_read_by_the_keys_of_both_sides(csv_of):
    table = read_labels(csv_of(LABELS + "D1,W2,3\nD1,W1,0.5\n"), PROJECT, ["W1", "W2"], ["D1"])
    assert table.records == (
        {"query": "D1", "item": "W2", "grade": 3.0},
        {"query": "D1", "item": "W1", "grade": 0.5},
    )


def test_a_folder_that_can_not_be_read_raises_with_the_refusals(csv_of, tmp_path):
    csv_of("code\n", "items.csv")
    described = ProjectDescription(**{**vars(PROJECT), "files": type(PROJECT.files)(items="items.csv")})
    with pytest.raises(ImportRefused, match=r"items\.csv, line 1, name") as caught:
        read_items(tmp_path, described)
    assert len(caught.value.refusals) == len(WINE.names) - 1


# --- Parquet ------------------------------------------------------------------------------------------------
def test_parquet_gives_the_same_records_as_csv(csv_of, tmp_path):
    frame = {
        "code": ["W1", "W2"],
        "name": ["None", "N/A"],
        "price": [12.5, None],
        "bottles": pa.array([6, None], pa.int32()),
        "vintage": pa.array([1998, None], pa.int16()),
        "opened": pa.array([datetime.date(2025, 9, 2), None]),
        "organic": [True, None],
        "grapes": [["Merlot", "Syrah"], []],
    }
    path = tmp_path / "wines.parquet"
    pq.write_table(pa.table(frame), path)
    assert read_records(path, WINE).records == read_records(csv_of(HEADING + GOOD), WINE).records


def test_a_list_of_one_text_that_holds_the_separator_stays_one(tmp_path):
    path = tmp_path / "wines.parquet"
    pq.write_table(pa.table({name: [""] for name in WINE.names} | {"grapes": [["a;b"]]}), path)
    assert read_rows(path).cells[0][WINE.names.index("grapes")] == "a;b\x01"
    assert read_cell("a;b\x01", WINE.field("grapes")) == ["a;b"]


def test_a_mistake_in_parquet_is_named_by_row(tmp_path):
    path = tmp_path / "wines.parquet"
    columns = {name: ["", ""] for name in WINE.names} | {"code": ["W1", "W2"], "name": ["a", "b"]}
    pq.write_table(pa.table(columns | {"price": ["1", "dear"]}), path)
    (refusal,) = read_records(path, WINE).refusals
    assert (refusal.line, refusal.column) == (3, "price")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([{"a": 1}]), "expected plain values"),
        (pa.array([b"\x00\x01"]), "expected plain values"),
        (pa.array([[[1]]]), "expected plain values"),
    ],
)
def test_a_parquet_column_of_another_shape_is_refused_by_name(tmp_path, column, words):
    path = tmp_path / "wines.parquet"
    pq.write_table(pa.table({"code": ["W1"], "odd": column}), path)
    (refusal,) = read_rows(path).refusals
    assert "column 'odd'" in refusal.message
    assert words in refusal.message


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: d[: len(d) // 2], lambda d: b"PAR1" + d[9:]])
def test_a_damaged_parquet_file_is_refused(tmp_path, damage):
    path = tmp_path / "wines.parquet"
    pq.write_table(pa.table({"code": ["W1"] * 100}), path)
    path.write_bytes(damage(path.read_bytes()))
    (refusal,) = read_rows(path).refusals
    assert "Parquet" in refusal.message or "can't be read" in refusal.message


def test_a_small_parquet_file_of_a_huge_table_does_not_fill_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "bomb.parquet"
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"code": many}), path, compression="zstd")
    assert path.stat().st_size < 100_000, "20 GB once it is unpacked"
    monkeypatch.setattr(parquet, "MEMORY_LIMIT", 2**30)
    monkeypatch.setattr(parquet, "OUTPUT_LIMIT", 64 * 2**20)
    (refusal,) = read_rows(path).refusals
    assert "can't be read within 1 GB" in refusal.message


def test_a_parquet_file_of_too_many_rows_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "long.parquet"
    pq.write_table(pa.table({"code": pa.nulls(2_000_001, pa.string())}), path)
    (refusal,) = read_rows(path).refusals
    assert "declares 2,000,001 rows" in refusal.message


def test_reading_parquet_in_the_child_needs_no_framework():
    command = [
        sys.executable,
        "-c",
        "import ranking.importers.parquet_child, sys; print('django' in sys.modules)",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_a_table_as_a_frame_has_the_columns_asked_for(csv_of):
    frame = read_records(csv_of(HEADING + GOOD), WINE).frame(["name", "price"])
    assert list(frame) == ["name", "price"]
    assert pd.isna(frame["price"].iloc[1])
