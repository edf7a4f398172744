"""Tables as spreadsheets and other tools leave them: stray commas, marks, keys stored as floats, dates."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranking.description import Field, NounDescription, ProjectDescription, read_description
from ranking.formats import for_people
from ranking.importers.csv_tables import read_labels, read_records
from ranking.importers.form_adv import COLUMNS, read_form_adv
from ranking.ltr.features import FeatureSpec
from tests.deployment import ROOT

WINE = NounDescription(
    "wine",
    "wines",
    key="code",
    title="name",
    fields=(
        Field("code", "Code"),
        Field("name", "Name"),
        Field("price", "Price", type="number"),
        Field("cellar", "Cellar"),
        Field("opened", "Opened", type="date"),
        Field("parents", "Parents", type="set"),
    ),
)
DINNER = NounDescription(
    "dinner", "dinners", key="dinner", title="dinner", fields=(Field("dinner", "Dinner"),)
)
PRICE = FeatureSpec("price", "numeric", field="price")
WINES = ProjectDescription(
    "wines", "Wines", 2025, query=DINNER, item=WINE, features=(PRICE,), sort=(("price", "ascending"),)
)
HEAD = "code,name,price,cellar,opened,parents"


@pytest.fixture
def read_csv(tmp_path):
    def _read(text):
        path = tmp_path / "wines.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read_records(path, WINE)

    return _read


@pytest.fixture
def read_parquet(tmp_path):
    def _read(**columns):
        count = len(next(iter(columns.values())))
        path = tmp_path / "wines.parquet"
        whole = {field.name: [""] * count for field in WINE.fields} | {"name": ["a"] * count} | columns
        pq.write_table(pa.table(whole), path)
        return read_records(path, WINE)

    return _read


def told(table):
    return [(refusal.line, refusal.column, refusal.message) for refusal in table.refusals]


# --- columns and rows ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD},,\nW1,Red,1,,,,,\n,,,,,,,\n",
        f"{HEAD},,\nW1,Red,1,,,\n",
        f"{HEAD}\nW1,Red,1,,,,,\n",
        f"{HEAD}, ,\nW1,Red,1,,,, , \n , ,,,,,,\n",
    ],
    ids=["everywhere", "in the heading", "in a row", "spaces"],
)
def test_empty_columns_without_a_name_at_the_end_are_ignored_with_a_note(read_csv, text):
    table = read_csv(text)
    assert told(table) == []
    assert [record["code"] for record in table.records] == ["W1"]
    assert "wines.csv: empty columns without a name behind the last one, ignored" in table.notes


def test_rows_without_a_value_are_ignored_and_counted_and_the_others_keep_their_lines(read_csv):
    table = read_csv(f",,,,,\n{HEAD}\nW1,Red,1,,,\n,,,,,\n\nW2,,x,,,\n,,,,,\n")
    assert table.notes == ("wines.csv: rows without any value, ignored: 2",)
    assert {line for line, _, _ in told(table)} == {6}


def test_a_plain_file_has_no_note(read_csv):
    assert read_csv(f"{HEAD}\nW1,Red,1,,,\n\n").notes == ()


def test_a_value_in_a_column_without_a_name_at_the_end_is_refused(read_csv):
    """A comma in a text without quotes moves all that follows by one: nothing may be read then."""
    table = read_csv(f"{HEAD},\nW1,Red,1,,,,\nW2,Smith, Inc,1,,,x\n")
    assert told(table) == [(3, "", "holds 'x' in column 7, which has no name")]
    assert told(read_csv(f"{HEAD}\nW2,Smith, Inc,1,,,x\n")) == [(2, "", "has 7 cells; expected 6")]


def test_a_column_without_a_name_before_others_is_ignored_by_its_place(read_csv):
    """Such as the row numbers that pandas writes."""
    table = read_csv(f",{HEAD}\n0,W1,Red,1,,,\n1,W2,White,2,,,\n")
    assert (told(table), table.ignored) == ([], ("column 1, which has no name",))


@pytest.mark.parametrize(
    ("heading", "column", "words"),
    [
        (f"{HEAD},price", "price", "is the name of two columns: 3 and 7"),
        (f"{HEAD},x, x ,x,,", "x", "is the name of 3 columns: 7, 8 and 9"),
    ],
)
def test_columns_of_one_name_are_named_with_their_places(read_csv, heading, column, words):
    assert told(read_csv(f"\n{heading}\n")) == [(2, column, words)]


# --- a byte order mark --------------------------------------------------------------------------------------
def test_a_byte_order_mark_is_read_over_in_csv(read_csv):
    assert told(read_csv(f'\ufeff"code"{HEAD.removeprefix("code")}\nW1,Red,1,,,\n')) == []


def test_a_byte_order_mark_is_read_over_in_the_name_of_a_parquet_column(tmp_path):
    path = tmp_path / "wines.parquet"
    columns = {name: [""] for name in WINE.names[2:]}
    pq.write_table(pa.table({"\ufeffcode": ["W1"], "name": ["Red"], **columns}), path)
    assert told(read_records(path, WINE)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_byte_order_mark_is_read_over_in_form_adv(tmp_path, encoding):
    path = tmp_path / "adv.csv"
    headings = ",".join(heading for heading, _ in COLUMNS.values())
    cells = {"Organization CRD#": "7", "Primary Business Name": "Société"}
    row = ",".join(cells.get(heading, "") for heading, _ in COLUMNS.values())
    path.write_bytes(b"\xef\xbb\xbf" + f"{headings}\n{row}\n".encode(encoding))
    table = read_form_adv(path)
    assert (told(table), table.records[0]["name"]) == ([], "Société")


def test_a_byte_order_mark_is_read_over_in_a_description(tmp_path):
    for source in (ROOT / "fixtures" / "advisers").iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    plain = read_description(tmp_path)
    path = tmp_path / "project.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_description(tmp_path) == plain


# --- keys ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "read"),
    [
        (pa.array([101.0, -7.0, 2.0**53 - 1]), ["101", "-7", "9007199254740991"]),
        (pa.array([-0.0]), ["0"]),
        (pa.array([101.0, 16777215.0], pa.float32()), ["101", "16777215"]),
        (pa.array([101, 9_007_199_254_740_993], pa.int64()), ["101", "9007199254740993"]),
        (pa.array(["101.0", "1e3"]), ["101.0", "1e3"]),
        (pa.array([101.0, 102.0]).dictionary_encode(), ["101", "102"]),
        (pa.array([decimal.Decimal("90071992547409930.00")]), ["90071992547409930"]),
    ],
    ids=["floats", "minus zero", "short floats", "whole", "texts", "dictionary", "decimals"],
)
def test_a_whole_key_is_the_whole_number_however_it_is_stored(read_parquet, keys, read):
    table = read_parquet(code=keys)
    assert (told(table), [record["code"] for record in table.records]) == ([], read)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (pa.array([90071992547409930.0]), "may have lost digits"),
        (pa.array([2.0**53]), "exact below 9,007,199,254,740,992 only"),
        (pa.array([-(2.0**53)]), "may have lost digits"),
        (pa.array([2.0**24], pa.float32()), "exact below 16,777,216 only"),
        (pa.array([101.5]), "expected a whole number or a text, found 101.5"),
        (pa.array([float("inf")]), "expected a whole number or a text, found inf"),
        (pa.array([float("nan")]), "every wine needs a key"),
        (pa.array([None], pa.float64()), "every wine needs a key"),
    ],
)
def test_a_key_of_floats_that_may_be_another_is_refused_by_line_and_column(read_parquet, keys, words):
    ((line, column, message),) = told(read_parquet(code=keys, price=["1"] * len(keys)))
    assert (line, column) == (2, "code")
    assert words in message


def test_ids_in_other_columns_and_lists_are_read_as_keys_are(read_parquet):
    table = read_parquet(code=["W1", "W2"], cellar=pa.array([7.0, None]), parents=pa.array([[1.0, 2.0], []]))
    assert [(r["cellar"], r["parents"]) for r in table.records] == [("7", ["1", "2"]), (None, [])]
    table = read_parquet(code=["W1"], cellar=pa.array([0.5]))
    assert (told(table), table.records[0]["cellar"]) == ([], "0.5")
    table = read_parquet(code=["W1"], cellar=pa.array([1e17]), parents=pa.array([[1.0, 1e17]]))
    assert [(column, "lost digits" in message) for _, column, message in told(table)] == [
        ("cellar", True),
        ("parents", True),
    ]


def test_a_number_may_be_as_large_as_it_is(read_parquet):
    table = read_parquet(code=["W1", "W2"], price=pa.array([1e17, 3.0]))
    assert [record["price"] for record in table.records] == [1e17, 3.0]


@pytest.mark.parametrize(
    ("wines", "refused"), [([101.0], []), ([90071992547409930.0], ["code"]), ([102.0], ["code"])]
)
def test_labels_name_keys_of_floats_as_items_do(tmp_path, wines, refused):
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"dinner": [7.0], "code": wines, "grade": [2.0]}), path)
    table = read_labels(path, WINES, ["101", "90071992547409936"], ["7"])
    assert [column for _, column, _ in told(table)] == refused
    if not refused:
        assert table.records == ({"query": "7", "item": "101", "grade": 2.0},)


def test_a_text_key_that_was_a_whole_float_once_is_pointed_at_and_not_guessed(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("dinner,code,grade\n7,101.0,2\n7,102.0,2\n")
    table = read_labels(path, WINES, ["101"], ["7"])
    assert told(table) == [
        (2, "code", "there is no wine '101.0'; there is '101': were whole numbers written as floats?"),
        (3, "code", "there is no wine '102.0'"),
    ]


# --- dates --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text", ["2024-01-05", "2024-01-05T00:00:00", "2024-01-05 00:00:00.000", " 2024-01-05 "]
)
def test_a_day_and_its_midnight_are_a_date(read_csv, text):
    table = read_csv(f"{HEAD}\nW1,Red,1,,{text},\n")
    assert (told(table), table.records[0]["opened"]) == ([], "2024-01-05")


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05 or later",
        "2024-01-05T",
        "2024-01-05Toast",
        "2024-01-05T10:30:00",
        "2024-01-05T00:00:00Z",
        "2024-01-05T23:30:00-05:00",
        "2024-01-05 00:00:00 x",
        "2024-02-30",
        "2024-1-5",
        "20240105",
        "2024-W01-5",
        "45296",
        "2024",
        "05/01/2024",
    ],
)
def test_what_is_not_a_date_alone_is_refused_by_line(read_csv, text):
    ((line, column, message),) = told(read_csv(f"{HEAD}\nW1,Red,1,,{text},\n"))
    assert (line, column) == (2, "opened")
    assert "expected a date like 2025-09-02" in message
    assert repr(text) in message


def test_moments_of_parquet_are_dates_at_midnight_only(read_parquet):
    midnight, noon = datetime.datetime(2024, 1, 5), datetime.datetime(2024, 1, 5, 12)
    assert read_parquet(code=["W1"], opened=[midnight]).records[0]["opened"] == "2024-01-05"
    assert [line for line, _, _ in told(read_parquet(code=["W1", "W2"], opened=[midnight, noon]))] == [3]


def test_a_stored_text_that_is_no_date_is_shown_as_it_stands():
    assert for_people("2024-01-05", "date") == "5 Jan 2024"
    assert for_people("2024-01-05 or later", "date") == "2024-01-05 or later"
