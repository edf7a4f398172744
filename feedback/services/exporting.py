"""A list as CSV that a spreadsheet can open without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify

from feedback.exchange.cells import BYTE_ORDER_MARK, is_formula
from feedback.services.reading import Line, Sheet
from ranking.formats import is_missing


def csv_of(sheet: Sheet, lines: Iterable[Line]) -> str:
    """Return the lines with every declared field of the item, one row a match, values as they are stored."""
    text = io.StringIO(BYTE_ORDER_MARK, newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow([safe_cell(cell) for cell in _head(sheet)])
    for line in lines:
        writer.writerow([safe_cell(cell) for cell in _row(sheet, line)])
    return text.getvalue()


def file_name(sheet: Sheet) -> str:
    """Return what the file is called: after the need and the version."""
    version = f"version-{sheet.ranking.version.number}" if sheet.ranking else "not-ranked"
    return f"{slugify(sheet.query.title)[:80] or 'list'}-{version}.csv"


def safe_cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> safe_cell("=1+1"), safe_cell(-3), safe_cell(["CA", "OR"]), safe_cell(None)
    ("'=1+1", '-3', 'CA; OR', '')
    """
    if is_missing(value):
        return ""
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if is_formula(text) else text


def _head(sheet: Sheet) -> list[str]:
    fields = [
        f"{field.label} ({field.unit})" if field.unit else field.label
        for field in sheet.description.item.fields
    ]
    return ["Rank", "Rank before", *fields, "For", "Against", "Unsure", "Done", "Reason given"]


def _row(sheet: Sheet, line: Line) -> list[Any]:
    content = line.match.item_version.content
    reasons = line.match.reasons
    return [
        line.rank,
        line.move.before if line.move else None,
        *(content.get(field.name) for field in sheet.description.item.fields),
        [reason["text"] for reason in reasons if reason["contribution"] > 0],
        [reason["text"] for reason in reasons if reason["contribution"] <= 0],
        list(line.unsure),
        line.outcome.kind if line.outcome else None,
        line.outcome.reason if line.outcome else None,
    ]
