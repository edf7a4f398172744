"""What files of other tools come to: orders of items for a need, each by one person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedback.exchange.reading import LARGEST_FILE, read_lines
from feedback.exchange.values import BadValue, moment_text, parse_json, short
from ranking.importers.cells import BadCell, whole_text
from ranking.importers.tables import MOST_REFUSALS, Refusal, Refusals

MOST_ITEMS = 100  # of one list: a list of n says something about n * (n - 1) / 2 pairs
_NOT_IN_A_NAME = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True)
class PeerOrder:
    """One list that somebody put in order: item keys, best first, ties together.

    `name` is what the file calls the task: of several orders of that name by one person the latest counts, by
    `said_at`. `shown` is the order in which the items were shown, where the file knows it. `place` says where
    it stands in the file.
    """

    place: str
    name: str
    query: str
    person: str
    tiers: tuple[tuple[str, ...], ...]
    rest: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    seconds: int = 0
    made_at: str | None = None
    said_at: tuple[str, str, int] = ("", "", 0)

    @property
    def items(self) -> tuple[str, ...]:
        """All items of the list, those below the line last."""
        return (*(item for tier in self.tiers for item in tier), *self.rest)


@dataclass(frozen=True)
class Naming:
    """Which field of a file holds what. A field is a path like `metadata.need`; empty is the format's own.

    `query` is the key of the need where one file is about one need. `item_field` leads to an item's key and
    may hold `{option}`. `people` are user names by the ids of the file. `buckets` are those of a Ranker, best
    first; `unsorted` is the one in which items start. `trust_order` takes a list of bare names for an order.
    """

    query: str = ""
    query_field: str = ""
    item_field: str = ""
    list_field: str = "items"
    left_field: str = "left"
    right_field: str = "right"
    question: str = ""
    buckets: tuple[str, ...] = ()
    unsorted: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    trust_order: bool = False


class PeerComplaints:
    """Collects what can't be used of one file, by its place: the first hundred in words, all by `count`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Refusal] = []
        self.count = 0

    def add(self, place: str, message: str) -> None:
        """Note why what stands there can't be used."""
        self.count += 1
        if len(self.found) < MOST_REFUSALS:
            self.found.append(Refusal(self.file, None, place, message))

    @property
    def told(self) -> list[Refusal]:
        """What can't be used, as the refusal of a file; the last one counts what is not named."""
        more = self.count - len(self.found)
        return [*self.found, *([Refusal(self.file, None, "", f"and {more:,} more", more)] if more else [])]

    def notes(self) -> list[str]:
        """Say how many records were left out, and name them."""
        if not self.count:
            return []
        more = self.count - len(self.found)
        return [
            f"left out, because they cannot be used: {self.count:,}",
            *(f"  {refusal}" for refusal in self.found),
            *([f"  and {more:,} more"] if more else []),
        ]


@dataclass(frozen=True)
class PeerRead:
    """The orders of a file, and what of it can't be used; a file without any order is refused."""

    orders: tuple[PeerOrder, ...]
    complaints: PeerComplaints
    notes: tuple[str, ...] = ()


def latest_orders(orders: Sequence[PeerOrder]) -> tuple[list[PeerOrder], list[str]]:
    """Return one order for each person, need and name: the latest said, or the last in the file.

    The notes count how many orders were replaced, and how many repeated another in every value.
    """
    by_task: dict[tuple[str, str, str], dict[PeerOrder, PeerOrder]] = {}
    for order in orders:
        answers = by_task.setdefault((order.person, order.query, order.name), {})
        answers.setdefault(replace(order, place=""), order)
    # `max` takes the first of equals: read backwards, that is the last in the file.
    latest = [max(reversed(answers.values()), key=lambda one: one.said_at) for answers in by_task.values()]
    different = sum(map(len, by_task.values()))
    figures = {
        "replaced by a later order of the same person for the same task": different - len(latest),
        "repeated in every value, counted once": len(orders) - different,
    }
    return latest, [f"orders {what}: {number:,}" for what, number in figures.items() if number]


def moment_or_nothing(value: Any) -> str:
    """Return a moment as a text that sorts, in UTC where no zone is named; empty where it is none.

    >>> moment_or_nothing("2024-05-07T11:00:00+02:00"), moment_or_nothing(None)
    ('2024-05-07T09:00:00.000000Z', '')
    """
    try:
        moment = datetime.fromisoformat(value)
        return moment_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) or ""
    except (TypeError, ValueError, OverflowError):
        return ""


def read_records(path: Path, complaints: PeerComplaints) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON array, of JSON Lines, or of a file of one object, with their places."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            complaints.add("", f"is larger than {LARGEST_FILE // 2**20} MB")
            return
        found = _array(path) if _is_array(path) else _lines(path, complaints)
    except OSError as error:
        complaints.add("", f"can't be read: {error.strerror or error}")
        return
    except UnicodeDecodeError:
        complaints.add("", "is not UTF-8")
        return
    except BadValue as error:
        complaints.add("", str(error))
        return
    if not found and not complaints.found:
        complaints.add("", "holds no record")
    for place, record in found:
        if isinstance(record, dict):
            yield place, record
        else:
            complaints.add(place, f"expected an object, found {short(record)}")


def look_up(record: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path like `metadata.need`; None where it leads nowhere.

    >>> look_up({"metadata": {"need": "M01"}}, "metadata.need")
    'M01'
    """
    found: Any = record
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def key_at(record: Mapping[str, Any], paths: Sequence[str]) -> str:
    """Return the key at the first path that leads to one. Raises BadValue."""
    for path in paths:
        found = look_up(record, path)
        if found is not None:
            return key_of(found, path)
    raise BadValue(f"expected a key in {' or '.join(paths)}")


def key_of(value: Any, what: str) -> str:
    """Return a key: a text, or a whole number written as one. Raises BadValue.

    >>> key_of("101.0", "id"), key_of(101, "id"), key_of(101.0, "id")
    ('101.0', '101', '101')
    """
    if isinstance(value, float):
        try:
            return whole_text(value)
        except BadCell as error:
            raise BadValue(f"expected a key in {what}: {error}") from None
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadValue(f"expected a key in {what}, found {short(value)}")
    return str(value)


def person_name(tool: str, identity: Any, naming: Naming) -> str:
    """Return a user name: the one given for this id, an e-mail address, or tool and id. Raises BadValue.

    >>> person_name("argilla", "7f3b", Naming()), person_name("argilla", 7, Naming(people={"7": "edda"}))
    ('argilla-7f3b', 'edda')
    """
    said = key_of(identity, "the person")
    plain = _NOT_IN_A_NAME.sub("-", said)
    return naming.people.get(said) or (plain if "@" in plain else f"{tool}-{plain}")[:150]


def check_order(tiers: Sequence[Sequence[str]], rest: Sequence[str]) -> None:
    """Raise BadValue unless the list has two items or more, each once, and an order."""
    items = [item for tier in tiers for item in tier] + list(rest)
    if not tiers:
        raise BadValue("puts nothing in order")
    twice = next((item for item, count in Counter(items).items() if count > 1), None)
    if twice is not None:
        raise BadValue(f"{twice!r} stands in the order twice")
    if not 2 <= len(items) <= MOST_ITEMS:
        raise BadValue(f"expected 2 to {MOST_ITEMS} items, found {len(items)}")


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _array(path: Path) -> list[tuple[str, Any]]:
    found = parse_json(path.read_text(encoding="utf-8-sig"))
    return [(f"record {number}", record) for number, record in enumerate(found, start=1)]


def _lines(path: Path, complaints: PeerComplaints) -> list[tuple[str, Any]]:
    refusals = Refusals(path.name)
    found = []
    lines = read_lines(path, refusals)
    if not refusals.found and (one := _one_object(lines)) is not None:
        return [("record 1", one)]
    for number, text in lines:
        try:
            found.append((f"line {number}", parse_json(text)))
        except BadValue as error:
            complaints.add(f"line {number}", str(error))
    for refusal in refusals.found:  # what follows was not read: a file that is cut off is no file
        complaints.add(f"line {refusal.line}", refusal.message)
    return [] if refusals.found else found


def _one_object(lines: Sequence[tuple[int, str]]) -> Any:
    """Return the one object that a file writes over several lines; None where there is no such object."""
    if not lines or _is_json(lines[0][1]):
        return None
    whole = "\n".join(text for _, text in lines)
    return parse_json(whole) if _is_json(whole) else None


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except BadValue:
        return False
    return True
