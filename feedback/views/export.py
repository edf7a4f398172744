"""The answers that a browser keeps as a file."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse

from feedback.models import ComparisonSession, FeedbackSession
from feedback.services import answer_files
from feedback.services.exchanging import FORMATS, export_file, export_name
from feedback.services.exporting import csv_of, file_name
from feedback.services.reading import Line, Sheet
from ranking.models import Project


def csv_of_lines(sheet: Sheet, lines: Iterable[Line]) -> HttpResponse:
    """Return the lines as a CSV file."""
    response = HttpResponse(csv_of(sheet, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(sheet)}"'
    return response


def comparisons_file(project: Project, name: str, session: ComparisonSession | None = None) -> HttpResponse:
    """Return the answers to all comparisons of a project as a file of that format, or to the one."""
    content_type = answer_files.FORMATS[name].content_type
    response = HttpResponse(answer_files.answers_file(project, name, session), content_type=content_type)
    response["Content-Disposition"] = (
        f'attachment; filename="{answer_files.answers_name(project, name, session)}"'
    )
    return response


def sessions_file(project: Project, name: str, session: FeedbackSession | None = None) -> HttpResponse:
    """Return all sessions of a project as a file of that format, or the one session."""
    content = export_file(project, name, None if session is None else [session])
    response = HttpResponse(content, content_type=FORMATS[name].content_type)
    response["Content-Disposition"] = f'attachment; filename="{export_name(project, name, session)}"'
    return response
