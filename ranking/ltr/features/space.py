"""The feature space: what was learnt about the data when it was fitted, and the matrix for one query.

Category codes, vocabularies and the reference year are frozen in it, so that a version's features mean the
same next year. The items' side is prepared once; a query then costs vector operations over all items, never
a loop over rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.errors import CorruptModel, InvalidFeatures
from ranking.ltr.features import columns as col
from ranking.ltr.features.spec import FeatureSpec
from ranking.ltr.features.text import TextMatrix, TextSpace, Vocabulary
from ranking.ltr.features.tokens import words

FORMAT_VERSION = 2
_Cell = col.Floats | col.CodedColumn | col.SetColumn | TextMatrix


@dataclass(frozen=True, eq=False)
class PreparedItems:
    """The items' side of every feature, computed once and kept by callers for all queries."""

    index: pd.Index[Any]
    sides: Mapping[str, _Cell]

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: Any) -> PreparedItems:
        """Keep some rows, by position or mask."""
        rows = np.asarray(rows)
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        sides = {name: _take(side, positions) for name, side in self.sides.items()}
        return PreparedItems(self.index[positions], sides)


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Fitted features; immutable, written and read with a checksum."""

    specs: tuple[FeatureSpec, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, TextSpace] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        specs: Sequence[FeatureSpec],
        items: pd.DataFrame,
        queries: pd.DataFrame,
        *,
        like: FeatureSpace | None = None,
    ) -> FeatureSpace:
        """Learn category codes and vocabularies.

        Parameters
        ----------
        specs : features in the order of the columns
        items : (n, fields) all items; sets are lists, dates ISO texts, missing values None or NaN
        queries : (m, fields) all queries
        like : a space whose codes and words stay where a feature reads the same: a model that was trained in
            it and refined in the new one would else take one category for another

        Raises InvalidFeatures when a field is missing.
        """
        _check_fields(specs, items.columns, queries.columns)
        kept = like._same(specs) if like else frozenset()
        categories: dict[str, tuple[str, ...]] = {}
        texts: dict[str, TextSpace] = {}
        for spec in specs:
            if spec.kind == "categorical":
                known = like.categories[spec.name] if like and spec.name in kept else ()
                categories[spec.name] = known + tuple(sorted(_categories(spec, items, queries) - set(known)))
            elif spec.kind == "text_similarity" and like and spec.name in kept:
                texts[spec.name] = like.texts[spec.name]
            elif spec.kind == "text_similarity":
                both = [*items[spec.item_field], *queries[spec.query_field]]
                texts[spec.name] = TextSpace.fit([_text(value) for value in both], spec.stop_words)
        return cls(tuple(specs), categories, texts)

    def extended(self, items: pd.DataFrame, queries: pd.DataFrame) -> FeatureSpace:
        """The same features, with the categories that have come up since; this very space if there are none.

        New codes follow the old ones, which keep their meaning: a model of before scores as it did, and takes
        a new category for one that it has never seen.

        >>> items, queries = pd.DataFrame({"style": ["value", "growth"]}), pd.DataFrame()
        >>> space = FeatureSpace.fit([FeatureSpec("style", "categorical", field="style")], items, queries)
        >>> later = space.extended(pd.DataFrame({"style": ["blend", "value"]}), queries)
        >>> later.categories, later.extended(items, queries) is later
        ({'style': ('growth', 'value', 'blend')}, True)
        """
        found = FeatureSpace.fit(self.specs, items, queries, like=self)
        return self if found.categories == self.categories else found

    def misread(self, other: FeatureSpace, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of the columns that a model of this space would read wrongly in another one.

        They are not there, read something else, or have other codes or words; categories that one of the
        two knows beyond the other's are no harm.

        >>> items, queries = pd.DataFrame({"style": ["value", "growth"]}), pd.DataFrame()
        >>> spec = FeatureSpec("style", "categorical", label="Style", field="style")
        >>> space = FeatureSpace.fit([spec], items, queries)
        >>> again = FeatureSpec("style", "categorical", label="Manner", field="style")
        >>> fewer = FeatureSpace.fit([again], items[:1], queries)
        >>> space.misread(space, ["style"]), space.misread(fewer, ["style"])
        ((), ('style',))
        """
        same = self._same(other.specs)
        return tuple(
            name
            for name in columns
            if name not in same
            or self.texts.get(name) != other.texts.get(name)
            or any(
                one != two
                for one, two in zip(
                    self.categories.get(name, ()), other.categories.get(name, ()), strict=False
                )
            )
        )

    def _same(self, specs: Iterable[FeatureSpec]) -> frozenset[str]:
        """Names of the features that read here what they read there."""
        own = {spec.name: spec.reading for spec in self.specs}
        return frozenset(spec.name for spec in specs if own.get(spec.name) == spec.reading)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(spec.name for spec in self.specs)

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the columns that hold category codes."""
        return tuple(spec.name for spec in self.specs if spec.kind == "categorical")

    @property
    def monotone(self) -> dict[str, int]:
        """Direction by column, for the columns that have one."""
        return {spec.name: spec.monotone for spec in self.specs if spec.monotone}

    @property
    def labels(self) -> dict[str, str]:
        """What each column is called for people."""
        return {spec.name: spec.label or spec.name for spec in self.specs}

    def prepare(self, items: pd.DataFrame) -> PreparedItems:
        """Compute the items' side of all features for (n, fields) items; the index is kept.

        Raises InvalidFeatures when a field is missing or holds a value of the wrong kind.
        """
        _check_fields(self.specs, items.columns, None)
        sides: dict[str, _Cell] = {}
        for spec in self.specs:
            for name in spec.item_fields:
                sides[spec.name] = self._item_side(spec, items[name])
        return PreparedItems(items.index, sides)

    def build(
        self, query: Mapping[str, Any], prepared: PreparedItems, given: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return the (n, d) float64 features of one query and n prepared items.

        Categorical columns hold codes; NaN stands for a missing value or a category that was not there when
        the space was fitted. ``given`` holds ready-made features, by item (its index) and column; an item
        that it does not list has NaN.

        Raises InvalidFeatures when a field of the query is missing or of the wrong kind.
        """
        matrix = np.full((len(prepared), len(self.specs)), np.nan, order="F")
        for position, spec in enumerate(self.specs):
            for name in spec.query_fields:
                if name not in query:
                    raise InvalidFeatures(f"feature {spec.name!r}: the query has no field {name!r}")
            matrix[:, position] = self._column(spec, query, prepared, given)
        return pd.DataFrame(matrix, index=prepared.index, columns=pd.Index(self.columns), copy=False)

    def _item_side(self, spec: FeatureSpec, values: pd.Series) -> _Cell:
        if spec.kind == "numeric":
            return col.transformed(_years_or_numbers(spec, values), spec.transform, spec.reference_year)
        if spec.kind == "categorical":
            return self._codes(spec, values)
        if spec.kind in ("difference", "log_ratio"):
            return col.numbers(values, spec.item_field)
        if spec.kind == "equal":
            return col.coded(values.tolist())
        if spec.kind == "overlap":
            return col.sets([_members(spec, value) for value in values.tolist()])
        return self.texts[spec.name].prepare([_text(value) for value in values])

    def _codes(self, spec: FeatureSpec, values: pd.Series) -> col.Floats:
        code_of = {name: float(code) for code, name in enumerate(self.categories[spec.name])}
        found = [np.nan if col.is_missing(v) else code_of.get(str(v), np.nan) for v in values.tolist()]
        return np.array(found, dtype=np.float64)

    def _column(
        self, spec: FeatureSpec, query: Mapping[str, Any], prepared: PreparedItems, given: pd.DataFrame | None
    ) -> col.Floats:
        if spec.kind == "given":
            return _given(spec, prepared.index, given)
        side = prepared.sides.get(spec.name)
        wanted = query[spec.query_fields[0]] if spec.query_fields else None
        if side is None:  # a column of the query alone: the same for every item
            return np.full(len(prepared), self._of_query(spec, wanted))
        if isinstance(side, col.CodedColumn):
            return side.equal_to(wanted)
        if isinstance(side, col.SetColumn):
            return side.overlap(_members(spec, wanted), spec.measure)
        if isinstance(side, TextMatrix):
            return self.texts[spec.name].similarity(side, _text(wanted))
        return side if spec.kind in ("numeric", "categorical") else _compared(spec, side, wanted)

    def _of_query(self, spec: FeatureSpec, wanted: Any) -> float:
        values = pd.Series([wanted], dtype=object)
        if spec.kind == "categorical":
            return float(self._codes(spec, values)[0])
        known = _years_or_numbers(spec, values)
        return float(col.transformed(known, spec.transform, spec.reference_year)[0])

    def to_bytes(self) -> bytes:
        """Return the space as canonical JSON: the same space always gives the same bytes."""
        state = {
            "format": FORMAT_VERSION,
            "specs": [asdict(spec) for spec in self.specs],
            "categories": {name: list(values) for name, values in self.categories.items()},
            "texts": {name: asdict(space) for name, space in self.texts.items()},
        }
        return json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes, sha256: str) -> FeatureSpace:
        """Read a space back; CorruptModel, and nothing parsed, when they do not have the checksum."""
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise CorruptModel(f"feature space: expected checksum {sha256}, found {found}")
        state = json.loads(data)
        if state["format"] not in (1, FORMAT_VERSION):
            raise CorruptModel(f"feature space: expected format {FORMAT_VERSION}, found {state['format']!r}")
        old = {"stop_words": "english"} if state["format"] == 1 else {}  # it left them out unasked
        texts = {
            name: TextSpace(_vocabulary(space["words"]), _vocabulary(space["pieces"]))
            for name, space in state["texts"].items()
        }
        categories = {name: tuple(values) for name, values in state["categories"].items()}
        specs = (
            FeatureSpec(**(old | spec if spec["kind"] == "text_similarity" else spec))
            for spec in state["specs"]
        )
        return cls(tuple(specs), categories, texts)


def _take(side: _Cell, positions: Any) -> _Cell:
    return side[positions] if isinstance(side, np.ndarray) else side.take(positions)


def _text(value: Any) -> str:
    return "" if col.is_missing(value) else str(value)


def _members(spec: FeatureSpec, value: Any) -> list[Any]:
    """Return what a set holds: the members as they are, or the words of a text."""
    members = col.as_set(value)
    return [word for member in members for word in words(str(member))] if spec.words else members


def _vocabulary(state: Mapping[str, Any]) -> Vocabulary:
    return Vocabulary(state["analyzer"], tuple(state["terms"]), tuple(state["frequencies"]), state["n_texts"])


def _years_or_numbers(spec: FeatureSpec, values: pd.Series) -> col.Floats:
    if spec.transform == "age":
        return col.decimal_years(values.tolist(), spec.field)
    return col.numbers(values, spec.field)


def _compared(spec: FeatureSpec, side: col.Floats, wanted: Any) -> col.Floats:
    """Difference item - query or log(item / query); a ratio with nothing or less than nothing is NaN."""
    against = col.numbers(pd.Series([wanted], dtype=object), spec.query_field)[0]
    if spec.kind == "difference":
        found = side - against
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(side) - np.log(against)
        found = np.where((side > 0) & (against > 0), found, np.nan)
    return np.asarray(np.abs(found) if spec.absolute else found, dtype=np.float64)


def _given(spec: FeatureSpec, index: pd.Index[Any], given: pd.DataFrame | None) -> col.Floats:
    if given is None:
        return np.full(len(index), np.nan)
    name = spec.field or spec.name
    if name not in given.columns:
        raise InvalidFeatures(f"feature {spec.name!r}: the given values have no column {name!r}")
    return col.numbers(given[name].reindex(index), name)


def _categories(spec: FeatureSpec, items: pd.DataFrame, queries: pd.DataFrame) -> set[str]:
    values = (items if spec.side == "item" else queries)[spec.field]
    return {str(value) for value in values if not col.is_missing(value)}


def _check_fields(specs: Sequence[FeatureSpec], items: Any, queries: Any) -> None:
    for spec in specs:
        for side, fields, known in (
            ("items", spec.item_fields, items),
            ("queries", spec.query_fields, queries),
        ):
            for name in fields:
                if known is not None and name not in known:
                    raise InvalidFeatures(f"feature {spec.name!r}: the {side} have no field {name!r}")
