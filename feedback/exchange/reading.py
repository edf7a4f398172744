"""A file of an export -> records, and refusals that name file, line and reason."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from feedback.exchange.cells import unguard
from feedback.exchange.schema import TABLES, Record, Table
from feedback.exchange.values import BadValue, check, from_cell, parse_json
from ranking.importers.csv_tables import read_rows
from ranking.importers.tables import Refusal, Refusals
from ranking.scratch import scratch

LARGEST_FILE = 512 * 2**20
LONGEST_LINE = 16 * 2**20
CHUNK = 2**20
#: What a damaged, encrypted or made-up zip ends in: the module has no one error for it.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
    EOFError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Read:
    """What a file holds; with a refusal among it, nothing of the file may be written."""

    records: tuple[Record, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def read_export(path: Path) -> Read:
    """Read an export: JSON Lines, or a zip of CSV or Parquet files."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            return _unreadable(path, f"is larger than {LARGEST_FILE // 2**20} MB")
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        return _read_zip(path) if zipped else _read_lines(path)
    except OSError as error:
        return _unreadable(path, f"can't be read: {error.strerror or error}")


def read_lines(path: Path, refusals: Refusals) -> list[tuple[int, str]]:
    """Return the lines of a UTF-8 file that hold something, with their numbers."""
    found = []
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                refusals.add(number, "", f"is longer than {LONGEST_LINE // 2**20} MB")
                break
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                refusals.add(number, "", "is not UTF-8")
                break
            if text:
                found.append((number, text))
    return found


def _unreadable(path: Path, message: str) -> Read:
    return Read(refusals=(Refusal(path.name, None, "", message),))


def _read_lines(path: Path) -> Read:
    refusals = Refusals(path.name)
    records = []
    for number, text in read_lines(path, refusals):
        record = _record_of(text, number, refusals)
        if record is not None:
            records.append(record)
    if not records and not refusals.found:
        refusals.add(None, "", "is empty; expected an export of sessions")
    return Read(tuple(records), tuple(refusals.told))


def _record_of(text: str, line: int, refusals: Refusals) -> Record | None:
    try:
        found = parse_json(text)
    except BadValue as error:
        refusals.add(line, "", str(error))
        return None
    if not isinstance(found, dict):
        refusals.add(line, "", "expected an object with its type")
        return None
    table = TABLES.get(found.pop("type", None) if _is_text(found.get("type")) else "")
    if table is None:
        refusals.add(line, "type", f"expected one of {', '.join(TABLES)}")
        return None
    for name in sorted(set(found) - {column.name for column in table.columns}):
        refusals.add(line, name, f"is no column of a {table.type}")
    return _checked(table, found, line, refusals)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _checked(table: Table, found: Mapping[str, Any], line: int, refusals: Refusals) -> Record | None:
    values = {}
    for column in table.columns:
        try:
            values[column.name] = check(column, found.get(column.name))
        except BadValue as error:
            refusals.add(line, column.name, str(error))
    complete = len(values) == len(table.columns)
    return Record(table.type, values, refusals.file, line) if complete else None


def _read_zip(path: Path) -> Read:
    try:
        with zipfile.ZipFile(path) as archive, scratch("upload") as folder:
            problem = _problem_of(archive)
            if problem:
                return _unreadable(path, problem)
            files = [_extract(archive, entry, folder) for entry in archive.infolist()]
            parts = [_read_table(path.name, file) for file in sorted(files, key=_place)]
    except UNREADABLE as error:
        return _unreadable(path, f"is not a zip that can be read: {error}")
    records = tuple(record for part in parts for record in part.records)
    return Read(records, tuple(refusal for part in parts for refusal in part.refusals))


def _problem_of(archive: zipfile.ZipFile) -> str:
    """Say what is wrong with a zip as a whole; sizes that it declares are held to when it is unpacked."""
    names = [entry.filename for entry in archive.infolist()]
    endings = {Path(name).suffix for name in names}
    if endings not in ({".csv"}, {".parquet"}):
        return "expected a zip of CSV files or of Parquet files"
    expected = {f"{table.plural}{ending}" for table in TABLES.values() for ending in endings}
    if len(names) != len(set(names)):
        return "holds a file twice"
    if strange := sorted(set(names) - expected):
        return f"holds {strange[0]!r}, which is no table of an export"
    if missing := sorted(expected - set(names)):
        return f"lacks {missing[0]}"
    if sum(entry.file_size for entry in archive.infolist()) > LARGEST_FILE:
        return f"unpacks to more than {LARGEST_FILE // 2**20} MB"
    return ""


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> Path:
    """Unpack one file, not beyond the size that it declares."""
    target = folder / entry.filename
    left = entry.file_size
    with archive.open(entry) as source, target.open("wb") as out:
        while part := source.read(CHUNK):
            left -= len(part)
            if left < 0:
                raise ValueError(f"{entry.filename} is larger than it declares")
            out.write(part)
    return target


def _place(file: Path) -> int:
    return [table.plural for table in TABLES.values()].index(file.stem)


def _read_table(archive: str, path: Path) -> Read:
    name = f"{archive}/{path.name}"
    table = next(table for table in TABLES.values() if table.plural == path.stem)
    rows = read_rows(path)
    if rows.refusals:
        return Read(refusals=tuple(replace(refusal, file=name) for refusal in rows.refusals))
    refusals = Refusals(name)
    _check_head(table, rows.columns, refusals)
    if refusals.found:
        return Read(refusals=tuple(refusals.found))
    parquet = path.suffix == ".parquet"
    records = []
    for row, (cells, line) in enumerate(zip(rows.cells, rows.lines, strict=True), start=2):
        texts = dict(zip(rows.columns, cells if parquet else map(unguard, cells), strict=True))
        record = _row(table, texts, row if parquet else line, refusals)
        if record is not None:
            records.append(record)
    return Read(tuple(records), tuple(refusals.told))


def _check_head(table: Table, columns: Sequence[str], refusals: Refusals) -> None:
    expected = [column.name for column in table.columns]
    for column in table.columns:
        # An export from before a column was added has no value for it.
        if column.name not in columns and not column.optional:
            refusals.add(1, column.name, "there is no such column")
    for name in columns:
        if name not in expected:
            refusals.add(1, name, f"is no column of {table.plural}")


def _row(table: Table, texts: Mapping[str, str], line: int, refusals: Refusals) -> Record | None:
    values = {}
    for column in table.columns:
        try:
            values[column.name] = from_cell(column, texts.get(column.name, ""))
        except BadValue as error:
            refusals.add(line, column.name, str(error))
    complete = len(values) == len(table.columns)
    return Record(table.type, values, refusals.file, line) if complete else None
