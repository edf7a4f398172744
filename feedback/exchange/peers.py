"""What files of other tools come to: orders of items for a need, each by one person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback.exchange.reading import LARGEST_FILE, read_lines
from feedback.exchange.values import BadValue, parse_json, short
from ranking.importers.tables import MOST_REFUSALS, Refusal, Refusals

MOST_ITEMS = 100  # of one list: a list of n says something about n * (n - 1) / 2 pairs
_NOT_IN_A_NAME = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True)
class PeerOrder:
    """One list that somebody put in order: item keys, best first, ties together.

    `name` is what the file calls it: an order of that name by that person is taken once. `shown` is the order
    in which the items were shown, where the file knows it. `place` says where it stands in the file.
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

    @property
    def items(self) -> tuple[str, ...]:
        """All items of the list, those below the line last."""
        return (*(item for tier in self.tiers for item in tier), *self.rest)


@dataclass(frozen=True)
class Naming:
    """Which field of a file holds what. A field is a path like `metadata.need`; empty is the format's own.

    `query` is the key of the need where one file is about one need. `item_field` leads to an item's key and
    may hold `{option}`. `people` are user names by the ids of the file. `buckets` are those of a Ranker, best
    first. `trust_order` takes a list of bare names for an order.
    """

    query: str = ""
    query_field: str = ""
    item_field: str = ""
    list_field: str = "items"
    left_field: str = "left"
    right_field: str = "right"
    question: str = ""
    buckets: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    trust_order: bool = False


@dataclass(frozen=True)
class PeerRead:
    """The orders of a file; with a refusal among it, nothing of the file may be written."""

    orders: tuple[PeerOrder, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


class PeerComplaints:
    """Collects refusals of one file that name the record."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Refusal] = []

    def add(self, place: str, message: str) -> None:
        """Note why what stands there can't be taken."""
        if len(self.found) < MOST_REFUSALS:
            self.found.append(Refusal(self.file, None, place, message))


def read_records(path: Path, complaints: PeerComplaints) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON array, or of JSON Lines, with their places."""
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
    """Return a key: a text, or a whole number written as one. Raises BadValue."""
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
    for number, text in read_lines(path, refusals):
        try:
            found.append((f"line {number}", parse_json(text)))
        except BadValue as error:
            complaints.add(f"line {number}", str(error))
    for refusal in refusals.found:
        complaints.add(f"line {refusal.line}", refusal.message)
    return found
