"""`python -m ranking.importers.parquet_child FILE MEMORY OUTPUT SECONDS`: print a Parquet file as CSV.

Runs under limits that it sets itself, and imports nothing of the project: its memory is for the file. Exit
code 2 and one line on standard error when the file is refused.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import math
import resource
import sys
from collections.abc import Sequence
from typing import Any

MOST_ROWS = 2_000_000
MOST_COLUMNS = 2_000
LIST_MARK = "\x01"  # stands between the members of a list; no white space, or strip() would take it
FLOAT_MARK = "\x02"  # in the heading, between the name of a column of floats and where they get inexact
#: Bits of a float -> the first whole number that has a neighbour with the same float.
EXACT_BELOW = {16: 2**11, 32: 2**24, 64: 2**53}
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
            limits = [_exact_below(field.type) for field in file.schema_arrow]
            names = zip(file.schema_arrow.names, limits, strict=True)
            writer.writerow([f"{name}{FLOAT_MARK}{limit}" if limit else name for name, limit in names])
            for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                columns = [
                    [_text(value, limit) for value in column.to_pylist()]
                    for column, limit in zip(batch.columns, limits, strict=True)
                ]
                writer.writerows(zip(*columns, strict=True))
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
        kind = _plain(field.type)
        if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
            raise Refused(
                f"column {field.name!r} is of type {field.type}; expected plain values or lists of them"
            )


def _plain(kind: Any) -> Any:
    """Return the type of a column's values, or of the members of its lists."""
    import pyarrow.types as types

    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
    return kind.value_type if types.is_dictionary(kind) else kind


def _exact_below(kind: Any) -> int:
    """Return from where on a column's floats leave whole numbers out; 0 for a column of no floats."""
    import pyarrow.types as types

    plain = _plain(kind)
    return EXACT_BELOW[plain.bit_width] if types.is_floating(plain) else 0


def _text(value: Any, limit: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return LIST_MARK.join([*(_text(member, limit) for member in value), ""])
    # A whole number in a column of floats, such as one with gaps, is the whole number.
    if isinstance(value, float) and value.is_integer() and abs(value) < limit:
        return str(int(value))
    if isinstance(value, decimal.Decimal):
        return str(int(value)) if value == value.to_integral_value() else f"{value:f}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
