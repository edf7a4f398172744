"""The records of an export: their types, columns and keys. No id of a database is among them.

A session is named by a hash of when, by whom and as what it was opened; an expert by the user name, a slate
by its expert and position, a card by its shown position, an item and a need by their keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from feedback.exchange.values import LARGE, SMALL, Column

FORMAT, FORMAT_VERSION = "tiebreak sessions", 1
KINDS = (
    "reorder",
    "about_equal",
    "missing_information",
    "outside_knowledge",
    "conflict_of_interest",
    "none_suitable",
)
DECIDED_BY = ("order", "ratings", "turned")
MOST_GOLD = 3
ORIGINS = ("reordered", "kept", "rated", "tied", "none_suitable")


@dataclass(frozen=True)
class Table:
    """One type of record: `plural` names its file, `key` the columns that name a record."""

    type: str
    plural: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def _text(name: str, high: float = math.inf, *, low: float = 0, **more: Any) -> Column:
    return Column(name, low=low, high=high, **more)


def _share(name: str, words: str) -> Column:
    return Column(name, "number", high=1, words=words)


_SESSION = _text("session", 40, low=1, words="key of the session")
_EXPERT = _text("expert", 150, low=1, words="user name")
_GOLD = _text("gold", 40, low=1, words="key of the list of known order")
_POSITION = Column("position", "whole", low=1, high=SMALL, words="of the slate in the expert's session")
_SLATE = (_SESSION, _EXPERT, _POSITION)
_SLATE_KEY = ("session", "expert", "position")


def _place(name: str, words: str) -> Column:
    return Column(name, "whole", low=1, high=SMALL, words=words)


_TABLES = (
    Table(
        "export",
        "export",
        (),
        (
            _text("format", choices=(FORMAT,)),
            Column("format_version", "whole", low=FORMAT_VERSION, high=FORMAT_VERSION),
            _text("project", 50, low=1, words="slug"),
        ),
    ),
    Table(
        "person",
        "people",
        ("expert",),
        (
            _EXPERT,
            _text("first_name", 150),
            _text("last_name", 150),
            Column("simulated", "flag", words="played by the program"),
        ),
    ),
    Table(
        "item",
        "items",
        ("item", "content_hash"),
        (
            _text("item", 200, low=1, words="key"),
            _text("content_hash", 64, low=64, words="names the content; SHA-256 of its canonical JSON"),
            Column("content", "object", words="the item as it was shown"),
        ),
    ),
    Table(
        "session",
        "sessions",
        ("session",),
        (
            _SESSION,
            _text("title", 200, low=1),
            _text("instructions", 5000),
            _text("state", choices=("open", "closed")),
            Column("version", "whole", high=LARGE, words="number of the version in service at the opening"),
            _text("version_sha256", 64, words="checksum of that version"),
            _text("source", 200, words="where it was held, of one that came from another tool"),
            Column("slates_per_expert", "whole", high=SMALL),
            Column("items_per_slate", "whole", high=SMALL),
            Column("random_share", "number", low=0.3, high=1, words="least share of slates in random order"),
            _share("overlap_share", "share of slates that several experts see"),
            Column("gold_per_expert", "whole", high=MOST_GOLD, words="lists of known order for each expert"),
            Column("asks_ratings", "flag"),
            Column("simulated", "flag"),
            Column("seed", "whole", high=LARGE),
            _text("opened_by", 150),
            Column("opened_at", "moment"),
            Column("closed_at", "moment", optional=True),
        ),
    ),
    Table(
        "gold",
        "gold_lists",
        ("gold",),
        (
            _GOLD,
            _text("query", 200, low=1, words="key of the need"),
            Column("query_content", "object", words="the need as it was when the order was signed off"),
            _text("why", 2000, low=1, words="how the order is known"),
            Column("known_to", "texts", words="user names of experts who are never asked it"),
            _text("signed_by", 150),
            Column("signed_at", "moment"),
            _text("retired_by", 150, optional=True),
            _text("retired_reason", 2000, optional=True),
            Column("retired_at", "moment", optional=True, words="empty while it is in use"),
        ),
    ),
    Table(
        "gold_item",
        "gold_items",
        ("gold", "item"),
        (
            _GOLD,
            _text("item", 200, low=1, words="key"),
            _text("content_hash", 64, low=64, words="which content of the item the order is of"),
            _place("tier", "from 1, the best; equal for ties"),
        ),
    ),
    Table(
        "participation",
        "participations",
        ("session", "expert"),
        (_SESSION, _EXPERT, Column("invited_at", "moment")),
    ),
    Table(
        "slate",
        "slates",
        _SLATE_KEY,
        (
            *_SLATE,
            _text("query", 200, low=1, words="key of the need"),
            Column("query_content", "object", words="the need as it was shown"),
            Column("randomised", "flag", words="shown in random order, not in the version's"),
            Column("shared", "flag", words="several experts see the same need and items"),
            _text(
                "arm",
                choices=("", "committee", "random", "red_flag", "repeat", "gold"),
                words="why it was asked",
            ),
            Column(
                "repeats",
                "whole",
                optional=True,
                low=1,
                high=SMALL,
                words="position of the slate shown again here",
            ),
            _text("gold", 40, optional=True, low=1, words="key of the list of known order planted here"),
            _share("selection_probability", "of the need at its draw"),
            _text("state", choices=("open", "submitted")),
            Column("first_seen_at", "moment", optional=True),
            Column("submitted_at", "moment", optional=True),
        ),
    ),
    Table(
        "card",
        "cards",
        (*_SLATE_KEY, "shown_position"),
        (
            *_SLATE,
            _place("shown_position", "from 1, top down"),
            _text("item", 200, low=1, words="key"),
            _text("content_hash", 64, low=64, words="which content of the item was shown"),
            Column("model_rank", "whole", high=LARGE, words="among all eligible items at the opening"),
            _share("selection_probability", "of the item being drawn"),
            Column("features", "features", words="frozen; null where a value was missing"),
        ),
    ),
    Table(
        "judgement",
        "judgements",
        _SLATE_KEY,
        (
            *_SLATE,
            _text("kind", choices=KINDS),
            Column("tiers", "tiers", words="shown positions, best first, ties together"),
            Column("rest", "places", words="shown positions below the line: not looked at"),
            Column("ratings", "ratings", words="1 to 5 by shown position"),
            _text("decided_by", choices=DECIDED_BY, optional=True, words="what counts if they contradict"),
            Column("reason_tags", "texts"),
            _text("comment", 5000),
            _text("field", 200, words="the field whose value was missing"),
            Column("items", "places", words="shown positions that a conflict or a gap is about"),
            Column("seconds", "whole", high=LARGE),
            _text("idempotency_key", 80, low=1),
            _text("body_sha256", 64),
            Column("created_at", "moment"),
        ),
    ),
    Table(
        "preference",
        "preferences",
        (*_SLATE_KEY, "winner", "loser"),
        (
            *_SLATE,
            _place("winner", "shown position"),
            _place("loser", "shown position"),
            Column("weight", "number"),
            Column("target", "number", high=1, words="1 strict, 0.5 a tie"),
            _text("origin", choices=ORIGINS),
            Column("shown_gap", "number", low=-1, high=1, words="negative when the winner came from below"),
        ),
    ),
)
#: Each type of record, in the order in which an export holds them.
TABLES: dict[str, Table] = {table.type: table for table in _TABLES}


@dataclass(frozen=True)
class Record:
    """One record; `file` and `line` say where it was read, and don't count when two are compared."""

    type: str
    values: Mapping[str, Any]
    file: str = field(default="", compare=False)
    line: int | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """What names this record among all records."""
        return (self.type, *(self.values[name] for name in TABLES[self.type].key))

    @property
    def slate(self) -> tuple[str, str, int]:
        """The key of the slate that a slate, a card, a judgement or a preference belongs to."""
        return (self.values["session"], self.values["expert"], self.values["position"])


def of_type(records: Iterable[Record], name: str) -> list[Record]:
    """Return the records of one type."""
    return [record for record in records if record.type == name]


def gold_key(query: str, signed_at: str, signed_by: str, tiers: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return what names a list of known order wherever it is stored; `tiers` are (item, content hash)."""
    order = "\n\n".join("\n".join(" ".join(one) for one in sorted(tier)) for tier in tiers)
    return sha256("\n".join((query, signed_at, signed_by, order)).encode()).hexdigest()[:16]


def session_key(opened_at: str, opened_by: str, title: str, seed: int) -> str:
    """Return what names a session wherever it is stored."""
    named = "\n".join((opened_at, opened_by, title, str(seed)))
    return sha256(named.encode()).hexdigest()[:16]
