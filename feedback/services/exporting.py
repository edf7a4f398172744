"""A list as CSV that a spreadsheet can open without running anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify

from feedback.exchange.cells import csv_bytes
from feedback.services.reading import Line, Sheet
from ranking.formats import is_missing
from ranking.importers.parquet_child import LIST_MARK


def csv_of(sheet: Sheet, lines: Iterable[Line]) -> bytes:
    """Return the lines with every declared field of the item, one row a match, values as they are stored."""
    return csv_bytes(_head(sheet), (_row(sheet, line) for line in lines))


def file_name(sheet: Sheet) -> str:
    """Return what the file is called: after the need and the version."""
    version = f"version-{sheet.ranking.version.number}" if sheet.ranking else "not-ranked"
    return f"{slugify(sheet.query.title)[:80] or 'list'}-{version}.csv"


def _head(sheet: Sheet) -> list[str]:
    fields = [
        f"{field.label} ({field.unit})" if field.unit else field.label
        for field in sheet.description.item.fields
    ]
    return ["Rank", "Rank before", *fields, "For", "Against", "Unsure", "Done", "Reason given"]


def _row(sheet: Sheet, line: Line) -> list[str]:
    content = line.match.item_version.content
    reasons = line.match.reasons
    return [
        str(line.rank),
        cell_of(line.move.before if line.move else None),
        *(cell_of(content.get(field.name), field.separator) for field in sheet.description.item.fields),
        "; ".join(reason["text"] for reason in reasons if reason["contribution"] > 0),
        "; ".join(reason["text"] for reason in reasons if reason["contribution"] <= 0),
        "; ".join(line.unsure),
        cell_of(line.outcome.kind if line.outcome else None),
        cell_of(line.outcome.reason if line.outcome else None),
    ]


def cell_of(value: Any, separator: str = ";") -> str:
    """Return a value as the readers of tables take it: a set with the separator of its field.

    >>> cell_of("=1+1"), cell_of(-3), cell_of(["CA", "OR"]), cell_of(["a|b", "c"], "|"), cell_of(None)
    ('=1+1', '-3', 'CA; OR', 'a|b\\x01c\\x01', '')
    """
    if is_missing(value):
        return ""
    if not isinstance(value, list | tuple):
        return str(value)
    members = [str(member) for member in value]
    # A member that holds the separator came from a file that names members one by one: so does this one.
    if any(separator in member for member in members):
        return LIST_MARK.join([*members, ""])
    return f"{separator} ".join(members)
