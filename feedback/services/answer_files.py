"""What comparisons collected, as a file: one row an answer, which says the version that was preferred."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from feedback.exchange.cells import csv_bytes
from feedback.exchange.values import moment_text
from feedback.models import ComparisonSession, ListAnswer, ListChoice
from ranking.models import ItemVersion, Project

Row = Mapping[str, Any]
COLUMNS = (
    "comparison",
    "opened_at",
    "challenger",
    "champion",
    "expert",
    "position",
    "query",
    "need",
    "held_out",
    "answer",
    "preferred_version",
    "challenger_side",
    "left",
    "right",
    "reason_tags",
    "comment",
    "seconds",
    "answered_at",
)


@dataclass(frozen=True)
class AnswerFormat:
    """One kind of file."""

    name: str
    label: str
    ending: str
    content_type: str
    write: Callable[[Iterable[Row]], bytes]


def _csv(rows: Iterable[Row]) -> bytes:
    return csv_bytes(COLUMNS, ([_cell(row[name]) for name in COLUMNS] for row in rows))


def _json_lines(rows: Iterable[Row]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


FORMATS: dict[str, AnswerFormat] = {
    one.name: one
    for one in (
        AnswerFormat("csv", "CSV", ".csv", "text/csv; charset=utf-8", _csv),
        AnswerFormat("jsonl", "JSON Lines", ".jsonl", "application/x-ndjson", _json_lines),
    )
}


def answers_file(project: Project, name: str, session: ComparisonSession | None = None) -> bytes:
    """Return the file of that format with the answers to all comparisons of a project, or to one."""
    return FORMATS[name].write(rows_of(project, session))


def answers_name(project: Project, name: str, session: ComparisonSession | None = None) -> str:
    """Return what the file is called: after the project, or after the one comparison in it."""
    about = (
        f"{project.slug}-{slugify(session.title)[:80] or session.pk}-{session.pk}"
        if session
        else project.slug
    )
    return f"{about}-comparisons{FORMATS[name].ending}"


def rows_of(project: Project, session: ComparisonSession | None = None) -> list[Row]:
    """Return the answers with what was shown, items by their keys: comparisons as opened, experts by name."""
    answers = (
        ListAnswer.objects.filter(choice__session__project=project)
        .select_related("choice__session__challenger", "choice__session__champion", "choice__query", "expert")
        .order_by("choice__session", "expert__username", "choice__position")
    )
    found = list(answers if session is None else answers.filter(choice__session=session))
    shown = {pk for answer in found for pk in (*answer.choice.left, *answer.choice.right)}
    keys = dict(ItemVersion.objects.filter(pk__in=shown).values_list("pk", "item__key"))
    return [_row(answer, keys) for answer in found]


def _row(answer: ListAnswer, keys: Mapping[int, str]) -> Row:
    choice, session = answer.choice, answer.choice.session
    values = (
        session.title,
        moment_text(session.opened_at),
        session.challenger.number,
        session.champion.number,
        answer.expert.get_username(),
        choice.position,
        choice.query.key,
        choice.query.title,
        choice.held_out,
        answer.kind,
        _preferred(answer, choice, session),
        choice.challenger_side,
        [keys[pk] for pk in choice.left],
        [keys[pk] for pk in choice.right],
        answer.reason_tags,
        answer.comment,
        answer.seconds,
        moment_text(answer.created_at),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _preferred(answer: ListAnswer, choice: ListChoice, session: ComparisonSession) -> int | None:
    """Return the number of the version whose list was preferred; None where neither was."""
    if answer.kind not in ListChoice.Side.values:
        return None
    return (session.challenger if answer.kind == choice.challenger_side else session.champion).number


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
