"""Argilla's records with a ranking question, as JSON or JSON Lines.

Two shapes are read: responses as a list of `{user_id, status, values: {question: {value: [{value, rank}]}}}`,
as the server and version 1 write them, and responses by question, `{question: [{value, user_id}]}`, as
version 2's `to_json` writes them. The latter keeps the names alone, in the order in which they happen to be
stored (issue 5712 of argilla-io/argilla), so that ranks and ties are lost: it is read as an order only on
request.

Sources: `argilla/records/_resource.py` (`RecordResponses.to_dict`) and `argilla/responses.py`
(`UserResponse`) of https://github.com/argilla-io/argilla.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from feedback.exchange.peers import (
    Naming,
    PeerComplaints,
    PeerOrder,
    PeerRead,
    check_order,
    key_at,
    key_of,
    moment_or_nothing,
    person_name,
    read_records,
)
from feedback.exchange.values import BadValue, is_whole, short

TOOL = "argilla"
QUERY_FIELDS = ("metadata.query", "fields.query")
SUBMITTED = "submitted"
Complain = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """What one person submitted to one question; `said_at` is a moment that sorts, if there is one."""

    user: Any
    question: str
    value: Any
    said_at: str = ""


def read_argilla(path: Path, naming: Naming) -> PeerRead:
    """Read the submitted rankings of an export; drafts and discarded ones are counted."""
    complaints = PeerComplaints(path.name)
    orders: list[PeerOrder] = []
    left_out = 0
    for place, record in read_records(path, complaints):
        left_out += _unsubmitted(record.get("responses"))
        try:
            answers = _answers(record, place, naming, complaints)
        except BadValue as error:
            complaints.add(place, str(error))
            continue
        for answer in answers:
            try:
                orders.append(_order(record, place, answer, naming))
            except BadValue as error:
                complaints.add(place, str(error))
    notes = (f"responses that were not submitted, left out: {left_out:,}",) if left_out else ()
    return PeerRead(tuple(orders), complaints, notes)


def _unsubmitted(said: Any) -> int:
    """Return how many people left a draft or discarded the record."""
    of_questions = list(said.values()) if isinstance(said, dict) else [said]
    responses = [one for found in of_questions if isinstance(found, list) for one in found]
    return sum(isinstance(one, dict) and one.get("status", SUBMITTED) != SUBMITTED for one in responses)


def _answers(
    record: Mapping[str, Any], place: str, naming: Naming, complaints: PeerComplaints
) -> list[Answer]:
    """Return the submitted answers to the ranking question. Raises BadValue."""
    said = record.get("responses")
    complain = partial(complaints.add, place)
    if isinstance(said, dict):
        found = list(_by_question(said, complain))
    elif isinstance(said, list):
        found = list(_by_person(said, complain))
    else:
        raise BadValue("expected responses")
    question = naming.question or _only_ranking(found)
    answers = [answer for answer in found if answer.question == question]
    if found and not answers:
        raise BadValue(f"has no response to {question!r}")
    return answers


def _by_question(said: Mapping[str, Any], complain: Complain) -> Iterator[Answer]:
    for question, responses in said.items():
        if not isinstance(responses, list):
            complain(f"expected a list of responses to {question!r}")
            continue
        for response in responses:
            if not isinstance(response, dict):
                complain(f"expected a response, found {short(response)}")
            elif response.get("status", SUBMITTED) == SUBMITTED:
                yield Answer(response.get("user_id"), question, response.get("value"), _said_at(response))


def _by_person(said: Sequence[Any], complain: Complain) -> Iterator[Answer]:
    for response in said:
        if isinstance(response, dict) and response.get("status", SUBMITTED) != SUBMITTED:
            continue
        values = response.get("values") if isinstance(response, dict) else None
        if not isinstance(values, dict):
            complain(f"expected a response with values, found {short(response)}")
            continue
        for question, answer in values.items():
            value = answer.get("value") if isinstance(answer, dict) else None
            yield Answer(response.get("user_id"), question, value, _said_at(response))


def _said_at(response: Mapping[str, Any]) -> str:
    return moment_or_nothing(response.get("updated_at")) or moment_or_nothing(response.get("inserted_at"))


def _only_ranking(found: Sequence[Answer]) -> str:
    """Return the one question that is answered with a list that ranks. Raises BadValue."""
    names = {answer.question for answer in found if _ranks(answer.value)}
    if len(names) > 1:
        raise BadValue(f"has several ranking questions; say which of {', '.join(sorted(names))}")
    if found and not names:
        raise BadValue("has no response to a ranking question")
    return next(iter(names), "")


def _ranks(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str | dict) for one in value)


def _order(record: Mapping[str, Any], place: str, answer: Answer, naming: Naming) -> PeerOrder:
    tiers, rest = _tiers(answer.value, naming)
    named = [tuple(_item(record, option, naming) for option in tier) for tier in (*tiers, rest)]
    check_order(named[:-1], named[-1])
    identity = record.get("id") or record.get("external_id") or place
    return PeerOrder(
        place=place,
        name=f"{key_of(identity, 'id')}/{answer.question}",
        query=naming.query or key_at(record, [naming.query_field] if naming.query_field else QUERY_FIELDS),
        person=person_name(TOOL, answer.user, naming),
        tiers=tuple(named[:-1]),
        rest=named[-1],
        said_at=(answer.said_at, "", 0),
    )


def _tiers(value: Any, naming: Naming) -> tuple[list[list[str]], list[str]]:
    """Return options by rank, ties together, and those without a rank. Raises BadValue."""
    if not isinstance(value, list) or not value:
        raise BadValue(f"expected ranks, found {short(value)}")
    if all(isinstance(one, str) for one in value):
        if not naming.trust_order:
            raise BadValue("names options without their ranks; --trust-order takes them as best first")
        return [[one] for one in value], []
    tiers: dict[int, list[str]] = {}
    rest = []
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("value"), str):
            raise BadValue(f"expected a value with its rank, found {short(one)}")
        rank = one.get("rank")
        if rank is None:
            rest.append(one["value"])
        elif not is_whole(rank) or rank < 1:
            raise BadValue(f"expected a rank of 1 or more for {one['value']!r}, found {short(rank)}")
        else:
            tiers.setdefault(rank, []).append(one["value"])
    return [tiers[rank] for rank in sorted(tiers)], rest


def _item(record: Mapping[str, Any], option: str, naming: Naming) -> str:
    if not naming.item_field:
        return key_of(option, "the option")
    return key_at(record, [naming.item_field.replace("{option}", option)])
