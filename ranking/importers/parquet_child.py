"""`python -m ranking.importers.parquet_child FILE MEMORY OUTPUT SECONDS`: print a Parquet file as CSV.

Runs under limits that it sets itself, and imports nothing of the project: its memory is for the file. Exit
code 2 and one line on standard error when the file is refused.
"""

from __future__ import annotations

import csv
import datetime
import math
import resource
import sys
from collections.abc import Sequence
from typing import Any

MOST_ROWS = 2_000_000
MOST_COLUMNS = 2_000
LIST_MARK = "\x01"  # stands between the members of a list; no white space, or strip() would take it
BATCH_ROWS = 1_000  # a batch is all that stands in memory at once


class Refused(Exception):
    """The file can't be taken."""


def main(arguments: Sequence[str]) -> int:
    """Set the limits, convert, and tell in one line what is wrong."""
    path, memory, output, seconds = arguments[0], *map(int, arguments[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        convert(path)
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201 - the protocol
        return 2
    return 0


def convert(path: str) -> None:
    """Write the table to standard output. Raises Refused."""
    import pyarrow
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _check(file)
            writer = csv.writer(sys.stdout)  # its line ends have cells with a lone CR quoted
            writer.writerow(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                columns = [column.to_pylist() for column in batch.columns]
                writer.writerows([[_text(value) for value in row] for row in zip(*columns, strict=True)])
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, OSError) as error:
        raise Refused(f"is not a Parquet file that can be read: {str(error).splitlines()[0]}") from None


def _check(file: Any) -> None:
    """Refuse what is too large by its own account, and columns that are no plain values or lists."""
    import pyarrow.types as types

    if file.metadata.num_rows > MOST_ROWS:
        raise Refused(f"declares {file.metadata.num_rows:,} rows; expected at most {MOST_ROWS:,}")
    if len(file.schema_arrow) > MOST_COLUMNS:
        raise Refused(f"has {len(file.schema_arrow):,} columns; expected at most {MOST_COLUMNS:,}")
    for field in file.schema_arrow:
        kind = (
            field.type.value_type
            if types.is_list(field.type) or types.is_large_list(field.type)
            else field.type
        )
        if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
            raise Refused(
                f"column {field.name!r} is of type {field.type}; expected plain values or lists of them"
            )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return LIST_MARK.join([*map(_text, value), ""])
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
