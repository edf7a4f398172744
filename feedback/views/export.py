"""The answer that a browser keeps as a file."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse

from feedback.services.exporting import csv_of, file_name
from feedback.services.reading import Line, Sheet


def csv_of_lines(sheet: Sheet, lines: Iterable[Line]) -> HttpResponse:
    """Return the lines as a CSV file."""
    response = HttpResponse(csv_of(sheet, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(sheet)}"'
    return response
