"""Records -> the bytes of a file: the same records give the same bytes, today and tomorrow."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback.exchange.cells import csv_bytes
from feedback.exchange.schema import TABLES, Record, Table, of_type
from feedback.exchange.values import Column, json_text, moment_of, to_cell

ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can name: no file of an export has a date


def json_lines(records: Iterable[Record]) -> bytes:
    """Return one record a line, its type first."""
    return "".join(f"{_line(record)}\n" for record in records).encode()


def csv_zip(records: Sequence[Record]) -> bytes:
    """Return a zip with one CSV file for each type of record."""
    files = {
        f"{table.plural}.csv": csv_bytes(
            [column.name for column in table.columns],
            ([to_cell(column, record.values[column.name]) for column in table.columns] for record in found),
        )
        for table, found in _by_table(records)
    }
    return _zip(files, zipfile.ZIP_DEFLATED)


def parquet_zip(records: Sequence[Record]) -> bytes:
    """Return a zip with one Parquet file for each type of record; nested values are JSON texts."""
    files = {f"{table.plural}.parquet": _parquet(table, found) for table, found in _by_table(records)}
    return _zip(files, zipfile.ZIP_STORED)  # they are compressed already


def _line(record: Record) -> str:
    columns = TABLES[record.type].columns
    fields = [f'"type":{json_text(record.type)}']
    fields += [f"{json_text(column.name)}:{json_text(record.values[column.name])}" for column in columns]
    return "{" + ",".join(fields) + "}"


def _by_table(records: Sequence[Record]) -> list[tuple[Table, list[Record]]]:
    return [(table, of_type(records, name)) for name, table in TABLES.items()]


def _zip(files: Mapping[str, bytes], compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_MOMENT)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, wherever this runs
            archive.writestr(entry, content, compression, 9 if compression == zipfile.ZIP_DEFLATED else None)
    return buffer.getvalue()


def _parquet(table: Table, records: Sequence[Record]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "moment": pa.timestamp("us", tz="UTC"),
    }
    fields = [pa.field(column.name, types.get(column.kind, pa.string())) for column in table.columns]
    arrays = [
        pa.array([_value(column, record.values[column.name]) for record in records], type=field.type)
        for column, field in zip(table.columns, fields, strict=True)
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), buffer, compression="zstd")
    return buffer.getvalue()


def _value(column: Column, value: Any) -> Any:
    if column.kind == "moment":
        return moment_of(value)
    return json_text(value) if column.structured and value is not None else value
