"""What one feature is made of. One feature becomes one column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "numeric", "categorical", "equal", "difference", "log_ratio", "overlap", "text_similarity", "given"
]
KINDS: tuple[Kind, ...] = (
    "numeric",
    "categorical",
    "equal",
    "difference",
    "log_ratio",
    "overlap",
    "text_similarity",
    "given",
)
ONE_SIDED: tuple[Kind, ...] = ("numeric", "categorical")
CROSSES: tuple[Kind, ...] = ("equal", "difference", "log_ratio", "overlap", "text_similarity")
TRANSFORMS = ("identity", "log1p", "age")
MEASURES = ("of_query", "of_item", "jaccard")
STOP_WORDS = ("none", "english")


@dataclass(frozen=True)
class FeatureSpec:
    """One feature: its name (also the column's), how it is computed and how it is told to people.

    ``numeric`` and ``categorical`` read ``field`` of one ``side`` ("item" or "query"). The crosses read
    ``item_field`` and ``query_field``. ``given`` reads the column ``field`` of a frame of ready-made values.

    ``absolute`` turns a difference or a log ratio into a distance. ``measure`` says how an overlap
    counts: the share of the query's set that the item has ("of_query"), the share of the item's set that
    the query wants ("of_item"), or Jaccard; with ``words`` a text is the set of its words, else a set of
    one. ``stop_words`` says which words a text similarity leaves out. ``monotone`` is 1 when a higher
    value may only raise the score, -1 when it may only lower it, 0 when the data decide.
    ``reference_year`` fixes the moment from which ages count: without it a feature would change as the
    calendar does, and old versions could not be reproduced.
    """

    name: str
    kind: Kind
    label: str = ""
    unit: str = ""
    side: str = "item"
    field: str = ""
    item_field: str = ""
    query_field: str = ""
    transform: str = "identity"
    measure: str = "of_query"
    words: bool = False
    stop_words: str = "none"
    absolute: bool = False
    monotone: int = 0
    reference_year: int | None = None

    @property
    def item_fields(self) -> tuple[str, ...]:
        """Fields of the item that this feature reads."""
        if self.kind in ONE_SIDED:
            return (self.field,) if self.side == "item" else ()
        return (self.item_field,) if self.kind in CROSSES else ()

    @property
    def reading(self) -> FeatureSpec:
        """What decides the values alone: not how they are told to people, nor which way they may act."""
        return replace(self, label="", unit="", monotone=0)

    @property
    def query_fields(self) -> tuple[str, ...]:
        """Fields of the query that this feature reads."""
        if self.kind in ONE_SIDED:
            return (self.field,) if self.side == "query" else ()
        return (self.query_field,) if self.kind in CROSSES else ()
