"""CSV files that leave: no cell starts a formula under any separator, and each reads back as it was."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedback.exchange.cells import csv_bytes, guard, is_formula, unguard
from feedback.services.exporting import cell_of
from ranking.description import Field
from ranking.importers.cells import read_cell
from ranking.importers.csv_tables import read_rows
from tests.deployment import ROOT

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
SEPARATORS = (",", ";", "\t")
HEAD = ("first", "second", "third")

awkward = st.text(st.sampled_from([*"=+-@;,\t\r\n\"' 1a\u2028\x0b", "\ufeff", "\uff1d"]), max_size=9)
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=9)
tables = st.lists(st.tuples(*[awkward | anything] * 3), min_size=1, max_size=3)


def is_number(cell: str) -> bool:
    return cell.lstrip("-").replace(".", "", 1).isascii() and cell.lstrip("-").replace(".", "", 1).isdigit()


@given(tables)
@example([("Alpha;=1+1", "x;=HYPERLINK(1)", "Beta, Inc;@SUM(1+1)")])
@example([("-3", "Delta\t=3+3", 'x;""=1'), ("line\n", "a\n-1", "b,\r\n=2")])
def test_no_cell_starts_a_formula_whichever_sign_separates(rows):
    text = csv_bytes(HEAD, rows).decode("utf-8-sig")
    for separator in SEPARATORS:
        cells = [
            cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row
        ]
        assert [cell for cell in cells if cell.startswith(SIGNS) and not is_number(cell)] == []
        assert [cell for cell in cells if cell.lstrip(' \ufeff"') != cell and is_sign(cell)] == []


def is_sign(cell: str) -> bool:
    return cell.lstrip(' \ufeff"').startswith(("=", "@", "\uff1d"))


@given(rows=tables)
def test_every_cell_is_read_back_as_it_was_by_the_reader_of_tables(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("cells") / "table.csv"
    rows = [("row", *row) for row in rows]
    path.write_bytes(csv_bytes(("name", *HEAD), rows))
    read = read_rows(path)
    assert read.refusals == ()
    assert [tuple(map(unguard, cells)) for cells in read.cells] == rows


@pytest.mark.parametrize("sign", [*SIGNS, "\n", "  =", "\ufeff=", '"=', "\u200b="])
@pytest.mark.parametrize("before", ["", "x;", "x,", "x\t", "x\n", "x\r\n"])
def test_every_sign_that_starts_a_formula_is_disarmed_where_a_cell_starts(before, sign):
    text = f"{before}{sign}1+1"
    assert is_formula(text) or before[-1:] in ("\t", "\n")
    assert unguard(guard(text)) == text
    assert not is_formula(guard(text))


@pytest.mark.parametrize("text", ["-3", "-0.5", "-1e-05", "12"])
def test_a_negative_number_stays_a_number_but_at_the_start_of_a_row(text):
    (_, row) = csv.reader(io.StringIO(csv_bytes(["a", "b"], [[text, text]]).decode("utf-8-sig")))
    assert row[1] == text
    assert row[0] == (f"'{text}" if text.startswith("-") else text)


@given(st.lists(st.text(st.sampled_from("ab;|=, "), min_size=1).map(str.strip).filter(bool), unique=True))
@example(["a;b", "=1"])
@pytest.mark.parametrize("separator", [";", "|"])
def test_a_set_is_written_so_that_its_field_reads_it_back(separator, members):
    field = Field("tags", "Tags", type="set", separator=separator)
    assert read_cell(unguard(guard(cell_of(members, separator))), field) == members


def test_csv_files_are_written_through_one_door():
    writers = {
        str(path.relative_to(ROOT))
        for app in ("feedback", "ranking", "config")
        for path in (ROOT / app).rglob("*.py")
        if "csv.writer(" in path.read_text() or "csv.DictWriter(" in path.read_text()
    }
    # The second hands a Parquet file over to its own parent process.
    assert writers == {"feedback/exchange/cells.py", "ranking/importers/parquet_child.py"}
