"""What arrives from a page or the API -> a `Submission` or an `Answer`, or an error that names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from feedback.errors import InvalidJudgement
from ranking.content import is_storable

MOST_SECONDS = 24 * 3600
LONGEST_ID = 18  # digits: no database of ours has a longer one, and Python reads none of thousands
NOT_PLAIN = "expected plain text, without characters that cannot be stored"


@dataclass(frozen=True)
class Submission:
    """One act on one slate, in card ids; see `Judgement` for what each field means."""

    kind: str
    tiers: Sequence[Sequence[int]] = ()
    rest: Sequence[int] = ()
    ratings: Mapping[int, int] = field(default_factory=dict)
    decided_by: str = ""
    reason_tags: Sequence[str] = ()
    comment: str = ""
    field: str = ""
    items: Sequence[int] = ()
    seconds: int = 0


@dataclass(frozen=True)
class Answer:
    """What an expert says about two lists; see `ListAnswer` for what each kind means."""

    kind: str
    reason_tags: Sequence[str] = ()
    comment: str = ""
    seconds: int = 0


class Form(Protocol):
    """What a submitted form offers (Django's QueryDict does)."""

    def get(self, name: str, default: str) -> str: ...

    def getlist(self, name: str) -> list[str]: ...

    def items(self) -> Any: ...


def read_json(body: Mapping[str, Any] | None) -> Submission:
    """Return the submission in a JSON object. Raises InvalidJudgement, naming the field."""
    if body is None:
        raise InvalidJudgement("expected a JSON object")
    unknown = set(body) - set(Submission.__dataclass_fields__)
    if unknown:
        raise InvalidJudgement(f"unknown field: {', '.join(sorted(map(str, unknown)))}", sorted(unknown)[0])
    return Submission(
        kind=_text(body, "kind"),
        tiers=[_cards(tier, "tiers") for tier in _list(body, "tiers")],
        rest=_cards(_list(body, "rest"), "rest"),
        ratings=_ratings(body.get("ratings", {})),
        decided_by=_text(body, "decided_by"),
        reason_tags=[_a_text(tag, "reason_tags") for tag in _list(body, "reason_tags")],
        comment=_text(body, "comment"),
        field=_text(body, "field"),
        items=_cards(_list(body, "items"), "items"),
        seconds=_seconds(body.get("seconds", 0)),
    )


def read_form(form: Form) -> Submission:
    """Return the submission of the plain form: `rank-<card>` 1, 2, 2, ... or empty, `rating-<card>` 1-5.

    Raises InvalidJudgement, naming the field.
    """
    kind = form.get("kind", "reorder")
    if kind != "reorder":
        return Submission(
            kind=kind,
            comment=_text(form, "comment"),
            field=_text(form, "field"),
            items=_cards(form.getlist("items"), "items"),
            reason_tags=form.getlist("reason_tags"),
        )
    tiers: dict[int, list[int]] = {}
    rest = []
    for name, value in form.items():
        if not name.startswith("rank-"):
            continue
        card = _card(name.removeprefix("rank-"), "tiers")
        if str(value).strip():
            tiers.setdefault(_whole(value, name), []).append(card)
        else:
            rest.append(card)
    ratings = {
        _card(name.removeprefix("rating-"), "ratings"): _whole(value, name)
        for name, value in form.items()
        if name.startswith("rating-") and str(value).strip()
    }
    return Submission(
        kind=kind,
        tiers=[tiers[rank] for rank in sorted(tiers)],
        rest=rest,
        ratings=ratings,
        decided_by=_text(form, "decided_by"),
        comment=_text(form, "comment"),
        reason_tags=form.getlist("reason_tags"),
    )


def read_answer(body: Mapping[str, Any]) -> Answer:
    """Return the answer in a JSON object. Raises InvalidJudgement, naming the field."""
    return Answer(
        kind=_text(body, "kind"),
        reason_tags=[_a_text(tag, "reason_tags") for tag in _list(body, "reason_tags")],
        comment=_text(body, "comment"),
        seconds=_seconds(body.get("seconds", 0)),
    )


def read_answer_form(form: Form) -> Answer:
    """Return the answer of the plain form; without a script it does not say how long it took."""
    seconds = form.get("seconds", "")
    return read_answer(
        {
            "kind": form.get("kind", ""),
            "reason_tags": form.getlist("reason_tags"),
            "comment": form.get("comment", ""),
            "seconds": _whole(seconds, "seconds") if seconds.strip() else 0,
        }
    )


def is_id(text: str) -> bool:
    """Say whether a text is the number of a row or of a version, and may be read as one.

    >>> is_id("7"), is_id("٣"), is_id("-1"), is_id("1" * 5000)
    (True, False, False, False)
    """
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise InvalidJudgement("expected a list", name)
    return value


def _text(body: Mapping[str, Any] | Form, name: str) -> str:
    return _a_text(body.get(name, ""), name)


def _a_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise InvalidJudgement(NOT_PLAIN, name)
    return value


def _cards(values: Any, name: str) -> list[int]:
    if not isinstance(values, list):
        raise InvalidJudgement("expected a list of card ids", name)
    return [_card(value, name) for value in values]


def _card(value: Any, name: str) -> int:
    if isinstance(value, bool) or not is_id(str(value)):
        raise InvalidJudgement("expected a card id", name)
    return int(value)


def _ratings(value: Any) -> dict[int, int]:
    if not isinstance(value, dict):
        raise InvalidJudgement("expected card ids with ratings", "ratings")
    return {_card(card, "ratings"): _whole(rating, "ratings") for card, rating in value.items()}


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not str(value).strip().isdecimal() or len(str(value)) > 6:
        raise InvalidJudgement("expected a whole number", name)
    return int(value)


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidJudgement("expected a whole number of seconds", "seconds")
    return min(value, MOST_SECONDS)
