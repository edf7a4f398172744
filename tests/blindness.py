"""What an expert must not be told, and all that an expert is sent: every address that lets one in, all files.

Two ways to look at it. Words: none of them may be in an answer. Bytes: when everything that an expert must
not know is made another, not one byte of what is sent may change; that holds for words nobody thought of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.access_table import API, OPEN, PAGES, Row

#: Nothing of it may be in what is sent: what would tell versions, lists or orders apart, or how they rank.
TELLING = (
    "version",
    "champion",
    "challenger",
    "score",
    "model",
    "held",
    "sha256",
    "seed",
    "feature",
    "promot",
    "probab",
    "random",
    "committee",
    "red_flag",
    "repeat",
    "twice",
    "shared",
    "gold",
    r"\barm\b",
)
#: What may be said all the same, and why.
SAID = (
    "draft_version",  # how often the expert's own draft was saved
    "version of the draft",
    "The order you are shown is often random.",  # of all lists alike, before the first
    "No score and no rank of a model is on the page",
    "Put one list in order first that is drawn at random",  # for practice, which is not of the session
    "The cards are drawn at random, and there is no right order",
    "the new version is compared with the one in service",  # what all of it will be used for
    "It replaces the old version only if",
)
#: In styles and scripts some of the words are the language's own; names of what is kept in secret never are.
TELLING_IN_FILES = (
    "model_?rank", "score", "probab", "held.?out", "random(ised|_share)", "champion", "challenger", "gold",
    "committee", "red_flag", r"\barm\b",
)  # fmt: skip
ONE_TIME = re.compile(rb"[A-Za-z0-9]{64}")  # a page's token against forged requests
MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
NEW_ID = re.compile(rb'^\{"id":\d+')
TOKEN = re.compile(rb"[0-9a-f]{40}")
NEW_EACH_TIME = ("Set-Cookie", "Date", "Expires")
#: Open to all, and about the whole site: what it can do and whether it is well.
#: `metrics` counts requests, so it changes with each of them; it is for the machine itself and its monitor.
ABOUT_THE_SITE = {"schema", "healthz", "readyz", "account"}  # a town of the time zones holds "score"
OPEN_TO_EXPERTS = OPEN - {"metrics", "feedback:invitation"}

Answers = dict[str, tuple[int, dict[str, str], bytes]]


def telling(text: str, words: Iterable[str] = TELLING) -> list[str]:
    """Return the words in a text that tell an expert something."""
    for phrase in SAID:
        text = text.replace(phrase, "")
    return [word for word in words if re.search(word, text, re.IGNORECASE)]


def headers_of(answer: Any) -> dict[str, str]:
    """Return the headers of an answer that are not new each time."""
    return {name: value for name, value in answer.headers.items() if name not in NEW_EACH_TIME}


def body_of(answer: Any) -> bytes:
    """Return what is sent, without what is new each time."""
    return ONE_TIME.sub(b"", b"".join(answer) if answer.streaming else answer.content)


def all_answers(expert: User, objects: Mapping[str, Any]) -> Answers:
    """Ask as an expert for all that experts may ask for, well and badly; nothing stays changed."""
    pages, api = Client(), factories.api_client(expert)
    pages.force_login(expert, backend="django.contrib.auth.backends.ModelBackend")
    found: Answers = {}
    for name, method, row in _ways_in():
        address = reverse(name, kwargs={parameter: objects[kept] for parameter, kept in row.ids.items()})
        client = api if name.startswith("api:") else pages
        for what, options in _manners(name, method, row, objects):
            found[f"{method} {name} {what}"] = _answer(client, method, address, options)
    return found


def _ways_in() -> Iterator[tuple[str, str, Row]]:
    """Yield the addresses that let an expert in, with each method: of the table, and open to all."""
    for name, row in (API | PAGES).items():
        for method, roles in row.known.items():
            if "expert" in roles.split():
                yield name, method, row
        if name.startswith("api:") and any("expert" in roles.split() for roles in row.methods.values()):
            yield name, "OPTIONS", row
    for name in sorted(OPEN_TO_EXPERTS):
        yield name, "GET", Row({"GET": "expert"})


def _manners(
    name: str, method: str, row: Row, objects: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is sent along: what is right, and what is refused."""
    if method in ("GET", "HEAD", "OPTIONS"):
        yield "", {}
        return
    form = {"format": "json"} if name.startswith("api:") else {}
    body = {
        key: objects[value[1:]] if str(value).startswith("@") else value for key, value in row.body.items()
    }
    yield "right", {"data": body, "headers": dict(row.headers), **form}
    yield "empty", {"data": {}, "headers": dict(row.headers), **form}
    yield "without headers", {"data": body, **form}
    yield "stale", {"data": body, "headers": {**row.headers, "If-Match": '"99"'}, **form}


def _answer(client: Client, method: str, address: str, options: Mapping[str, Any]) -> Any:
    cache.clear()  # what is counted against a limit must not tell the first time from the second
    with transaction.atomic():
        answer = getattr(client, method.lower())(address, **options)
        body = TOKEN.sub(b"", MOMENT.sub(b"", body_of(answer)))
        transaction.set_rollback(True)  # each request meets the same rows
    return answer.status_code, headers_of(answer), NEW_ID.sub(b"", body)


def files() -> dict[str, str]:
    """Return all styles and scripts that pages load, by name."""
    found = {}
    for finder in finders.get_finders():
        for path, storage in finder.list(()):
            if path.startswith("tiebreak/"):
                found[path] = Path(storage.path(path)).read_text()
    return found


def make_another(row: models.Model, visible: Iterable[str]) -> None:
    """Give every column of a row another value but the visible ones: a column that is new is a secret."""
    secret = [column for column in row._meta.concrete_fields if column.name not in visible]
    for column in secret:
        setattr(row, column.attname, _another(row, column))
    if hasattr(row, "gold_id"):  # these two go together
        row.arm = "gold" if row.gold_id else "committee"
    row.save(update_fields=[column.name for column in secret])


def _another(row: Any, column: Any) -> Any:
    value = getattr(row, column.attname)
    if isinstance(column, models.ForeignKey):
        others = column.related_model.objects.exclude(pk__in=[value or 0, row.pk])
        return None if value and column.null else others.values_list("pk", flat=True).first()
    if column.choices:
        return next(one for one, _ in column.choices if one != value)
    if isinstance(column, models.BooleanField):
        return not value
    if isinstance(column, models.FloatField):
        return 0.65 + (value or 0.0) / 4  # within all bounds of a share or a probability
    if isinstance(column, models.IntegerField):
        return (value or 0) + 7
    if isinstance(column, models.JSONField):
        return {"another": 1}
    if isinstance(column, models.DateTimeField):
        return value and value + timedelta(days=1)
    return f"another {value}"[: column.max_length]
