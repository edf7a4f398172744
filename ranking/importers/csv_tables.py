"""Items, queries and graded labels from CSV or Parquet, checked against the project's description."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ranking.description import Field, NounDescription, ProjectDescription
from ranking.errors import ImportRefused
from ranking.formats import counted
from ranking.importers.cells import BadCell, check_float_text, number, read_cell
from ranking.importers.parquet import parquet_as_csv
from ranking.importers.parquet_child import FLOAT_MARK
from ranking.importers.tables import LONGEST_KEY, LONGEST_TITLE, Refusal, Refusals, Rows, Table

LARGEST_FILE = 512 * 2**20
LONGEST_CELL = 2**20
GRADE = "grade"


def read_records(path: Path, noun: NounDescription) -> Table:
    """Read items or queries.

    Each record holds every declared field: texts, numbers, ISO dates, lists for sets, None for what is
    missing. Refused are missing columns, cells of the wrong type, and keys that are empty, too long or given
    twice. Columns that the description does not declare are ignored, and named.
    """
    rows = read_rows(path)
    refusals = Refusals(path.name)
    _check_columns(rows, noun.names, refusals)
    if rows.refusals or refusals.found:
        return Table(refusals=(*rows.refusals, *refusals.found))
    ignored = tuple(name for name in rows.columns if name not in noun.names)
    places = [(field, rows.columns.index(field.name)) for field in noun.fields]
    floats = {
        field.name: partial(check_float_text, limit=rows.floats[field.name], is_key=field.name == noun.key)
        for field in noun.fields
        if field.name in rows.floats and field.type in ("text", "set")
    }
    records: list[dict[str, Any]] = []
    lines_of: dict[str, int] = {}
    key_place = rows.columns.index(noun.key)
    for cells, line in zip(rows.cells, rows.lines, strict=True):
        record = _record(cells, places, floats, line, refusals)
        if record[noun.key] or not cells[key_place].strip():  # else it was refused already
            _check_key(record, noun, line, lines_of, refusals)
        records.append(record)
    return Table(tuple(records), tuple(rows.lines), tuple(refusals.told), ignored, rows.notes)


def read_labels(
    path: Path, description: ProjectDescription, items: Collection[str], queries: Collection[str]
) -> Table:
    """Read graded labels: one column named like each key, and "grade" (0 and up).

    Where both keys have one name the columns are called "query" and "item". Returns records
    {query, item, grade}. Refused are keys that are not among the given ones, pairs that occur twice, and
    grades that are no number from 0.
    """
    return _read_pairs(path, description, (queries, items), (GRADE,), _graded)


def read_given(
    path: Path, description: ProjectDescription, items: Collection[str], queries: Collection[str]
) -> Table:
    """Read given values of pairs: one column named like each key, and one for each given feature's field.

    Returns records {query, item, values}, where an empty cell is no value. Refused are columns that are not
    there, keys that are not among the given ones, pairs that occur twice, and cells that are no number.
    """
    fields = description.given_fields
    return _read_pairs(path, description, (queries, items), fields, partial(_given, fields))


def _read_pairs(
    path: Path,
    description: ProjectDescription,
    keys: tuple[Collection[str], Collection[str]],
    columns: Sequence[str],
    read: Callable[[Mapping[str, str], int, Refusals], dict[str, Any]],
) -> Table:
    """Read what is said of pairs of a known query and a known item; `read` makes a record of the columns."""
    rows = read_rows(path)
    refusals = Refusals(path.name)
    names = description.pair_columns
    _check_columns(rows, (*names, *columns), refusals)
    if rows.refusals or refusals.found:
        return Table(refusals=(*rows.refusals, *refusals.found))
    places = {name: rows.columns.index(name) for name in (*names, *columns)}
    nouns, known = (description.query, description.item), [frozenset(each) for each in keys]
    records: list[dict[str, Any]] = []
    lines_of: dict[tuple[str, str], int] = {}
    for row, line in zip(rows.cells, rows.lines, strict=True):
        cells = {name: row[place].strip() for name, place in places.items()}
        query, item = cells[names[0]], cells[names[1]]
        for noun, name, there in zip(nouns, names, known, strict=True):
            if cells[name] not in there:
                refusals.add(line, name, _unknown_key(noun.noun, cells[name], there, rows.floats.get(name)))
        first = lines_of.setdefault((query, item), line)
        if first != line:
            refusals.add(line, columns[0], f"{query!r} and {item!r} stand on line {first} already")
        records.append({"query": query, "item": item} | read(cells, line, refusals))
    ignored = tuple(name for name in rows.columns if name not in places)
    return Table(tuple(records), tuple(rows.lines), tuple(refusals.told), ignored, rows.notes)


def read_items(folder: Path, description: ProjectDescription) -> pd.DataFrame:
    """Return the items of a project's folder as a table of its fields. Raises ImportRefused."""
    return _frame(folder / description.files.items, description.item)


def read_queries(folder: Path, description: ProjectDescription) -> pd.DataFrame:
    """Return the queries of a project's folder as a table of its fields. Raises ImportRefused."""
    return _frame(folder / description.files.queries, description.query)


def _frame(path: Path, noun: NounDescription) -> pd.DataFrame:
    table = read_records(path, noun)
    if table.refusals:
        raise ImportRefused(table.refusals)
    return table.frame(noun.names)


def read_rows(path: Path, encodings: Sequence[str] = ("utf-8",)) -> Rows:
    """Read the cells of a CSV or Parquet file as texts; every refusal is about the file as a whole."""
    is_parquet = path.suffix.lower() == ".parquet"
    try:
        if path.stat().st_size > LARGEST_FILE:
            return _unreadable(path, f"is larger than {LARGEST_FILE // 2**20} MB")
        if is_parquet:
            data, problem = parquet_as_csv(path)
            if problem:
                return _unreadable(path, problem)
            encodings = ("utf-8",)
        else:
            data = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        return _unreadable(path, f"can't be read: {error.strerror}")
    for encoding in encodings:
        try:
            rows = _parse(path, data.decode(encoding))
            return _with_floats(rows) if is_parquet else rows
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
    return _unreadable(path, "is not UTF-8; save it as UTF-8 and try again", line)


def _unreadable(path: Path, message: str, line: int | None = None) -> Rows:
    return Rows((), (), (), (Refusal(path.name, line, "", message),))


def _parse(path: Path, text: str) -> Rows:
    """Split into cells with the standard reader; rows without a value are skipped, line breaks are kept."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    refusals = Refusals(path.name)
    blank, line = 0, 1
    try:
        for row in reader:
            start, line = line, reader.line_num + 1
            if any(cell.strip() for cell in row):
                rows.append((start, row))
            else:
                blank += bool(row and rows)  # a line without even a comma is no row
    except csv.Error as error:
        refusals.add(line, "", f"can't be read as CSV: {error}")
    if not rows:
        refusals.add(1, "", "is empty; expected a heading")
        return Rows((), (), (), tuple(refusals.told))
    (heading_line, heading), *rows = rows
    columns = _columns(heading, heading_line, refusals)
    for start, row in rows:
        _check_width(row, len(columns), len(heading), start, refusals)
    is_wide = len(heading) > len(columns) or any(len(row) > len(columns) for _, row in rows)
    notes = [f"{path.name}: empty columns without a name behind the last one, ignored"] if is_wide else []
    notes += [f"{path.name}: rows without any value, ignored: {blank:,}"] if blank else []
    cells = [row[: len(columns)] if is_wide else row for _, row in rows]
    lines = [start for start, _ in rows]
    return Rows(columns, cells, lines, tuple(refusals.told), notes=tuple(notes))


def _columns(heading: Sequence[str], line: int, refusals: Refusals) -> tuple[str, ...]:
    """Return the names as far as the last one; a column without a name among them is called by its place."""
    names = [name.strip().strip("\ufeff").strip() for name in heading]
    while len(names) > 1 and not names[-1]:
        names.pop()
    names = [name or f"column {place}, which has no name" for place, name in enumerate(names, start=1)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        *places, last = (str(place) for place, other in enumerate(names, start=1) if other == name)
        count = "two" if len(places) == 1 else len(places) + 1
        refusals.add(line, name, f"is the name of {count} columns: {', '.join(places)} and {last}")
    return tuple(names)


def _check_width(row: Sequence[str], columns: int, headings: int, line: int, refusals: Refusals) -> None:
    """A row has a cell for each named column; more may follow, if nothing stands in them."""
    beyond = next((place for place in range(columns, len(row)) if row[place].strip()), None)
    if len(row) < columns or (beyond is not None and len(row) > headings):
        refusals.add(line, "", f"has {counted(len(row), 'cell')}; expected {columns}")
    elif beyond is not None:
        found = row[beyond].strip()[:60]
        refusals.add(line, "", f"holds {found!r} in column {beyond + 1}, which has no name")


def _with_floats(rows: Rows) -> Rows:
    """Take the columns of floats from the heading, where the reader of Parquet marks them."""
    marked = [name.partition(FLOAT_MARK) for name in rows.columns]
    floats = {name: int(limit) for name, mark, limit in marked if mark}
    return replace(rows, columns=tuple(name for name, _, _ in marked), floats=floats)


def _unknown_key(noun: str, key: str, known: Collection[str], float_limit: int | None) -> str:
    try:
        if float_limit is not None:
            check_float_text(key, float_limit, is_key=True)
    except BadCell as error:
        return str(error)
    whole = key.removesuffix(".0")
    hint = f"; there is {whole!r}: were whole numbers written as floats?" if whole in known else ""
    return f"there is no {noun} {key!r}{hint}"


def _check_columns(rows: Rows, expected: Sequence[str], refusals: Refusals) -> None:
    if rows.refusals:
        return
    for name in expected:
        if name not in rows.columns:
            hint = "" if len(rows.columns) > 1 else "; cells are separated by commas"
            refusals.add(1, name, f"there is no such column{hint}; found {', '.join(rows.columns[:20])}")


def _record(
    cells: Sequence[str],
    places: Sequence[tuple[Field, int]],
    floats: Mapping[str, Callable[[str], None]],
    line: int,
    refusals: Refusals,
) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for field, place in places:
        try:
            if field.name in floats:
                floats[field.name](cells[place])
            record[field.name] = read_cell(cells[place], field)
        except BadCell as error:
            refusals.add(line, field.name, str(error))
            record[field.name] = None
    return record


def _check_key(
    record: dict[str, Any], noun: NounDescription, line: int, lines_of: dict[str, int], refusals: Refusals
) -> None:
    key, title = record[noun.key], record[noun.title]
    if not key:
        refusals.add(line, noun.key, f"is empty; every {noun.noun} needs a key")
        return
    if len(key) > LONGEST_KEY:
        refusals.add(line, noun.key, f"is longer than {LONGEST_KEY} characters")
    if not title or len(title) > LONGEST_TITLE:
        refusals.add(line, noun.title, f"expected a title of 1 to {LONGEST_TITLE:,} characters")
    first = lines_of.setdefault(key, line)
    if first != line:
        refusals.add(line, noun.key, f"{key!r} stands on line {first} already")


def _graded(cells: Mapping[str, str], line: int, refusals: Refusals) -> dict[str, Any]:
    found = _number_in(cells, GRADE, line, refusals)
    if found < 0:
        refusals.add(line, GRADE, f"expected 0 or more, found {cells[GRADE]!r}")
    return {"grade": found}


def _given(fields: Sequence[str], cells: Mapping[str, str], line: int, refusals: Refusals) -> dict[str, Any]:
    values = {name: _number_in(cells, name, line, refusals) for name in fields if cells[name]}
    return {"values": values}


def _number_in(cells: Mapping[str, str], column: str, line: int, refusals: Refusals) -> float:
    try:
        return number(cells[column])
    except BadCell as error:
        refusals.add(line, column, str(error))
        return 0.0
