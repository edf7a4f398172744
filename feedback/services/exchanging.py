"""What sessions collected, as a file: to be read again here, or by another trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.text import slugify

from feedback.exchange.schema import Record
from feedback.exchange.training import pairs_csv, svmrank
from feedback.exchange.writing import csv_zip, json_lines, parquet_zip
from feedback.models import FeedbackSession
from feedback.services.collecting import records_of
from ranking.models import Project


@dataclass(frozen=True)
class Format:
    """One kind of file: its ending, what it is to a browser, and how it is written."""

    name: str
    label: str
    ending: str
    content_type: str
    write: Callable[[Sequence[Record]], bytes]

    @property
    def is_text(self) -> bool:
        """Say whether the file is text, and no archive."""
        return self.content_type != "application/zip"


_ALL = (
    Format("jsonl", "JSON Lines", ".jsonl", "application/x-ndjson", json_lines),
    Format("csv", "CSV tables (zip)", ".csv.zip", "application/zip", csv_zip),
    Format("parquet", "Parquet tables (zip)", ".parquet.zip", "application/zip", parquet_zip),
    Format("svmrank", "SVMrank, for other trainers", ".svmrank.txt", "text/plain; charset=utf-8", svmrank),
    Format("pairs", "Pairs as CSV, for other trainers", ".pairs.csv", "text/csv; charset=utf-8", pairs_csv),
)
FORMATS: dict[str, Format] = {one.name: one for one in _ALL}


def export_file(project: Project, name: str, sessions: Iterable[FeedbackSession] | None = None) -> bytes:
    """Return the file of that format with all sessions of a project, or with some of them."""
    return FORMATS[name].write(records_of(project, sessions))


def export_name(project: Project, name: str, session: FeedbackSession | None = None) -> str:
    """Return what the file is called: after the project, or after the one session in it."""
    about = f"{project.slug}-{slugify(session.title)[:80] or session.pk}" if session else project.slug
    return f"{about}-sessions{FORMATS[name].ending}"
