"""Item columns made ready once, and the features computed from them for one query: arrays in, arrays out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from ranking.ltr.errors import InvalidFeatures

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def is_missing(value: Any) -> bool:
    """Say whether a value stands for "not reported": None, NaN, NaT, an empty text or set."""
    if value is None or value is pd.NaT:
        return True
    if isinstance(value, float):
        return bool(np.isnan(value))
    return isinstance(value, str | list | tuple | set | frozenset) and len(value) == 0


def fold(value: Any) -> Any:
    """Make texts comparable: without outer spaces and regardless of case."""
    return value.strip().casefold() if isinstance(value, str) else value


def numbers(values: pd.Series, field: str) -> Floats:
    """Return (n,) numbers, NaN where nothing was reported.

    Raises InvalidFeatures for a text that is no number and for an infinite value.
    """
    try:
        found = pd.to_numeric(values, errors="raise").to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InvalidFeatures(f"field {field!r}: {error}") from None
    if np.isinf(found).any():
        raise InvalidFeatures(f"field {field!r}: infinite at row {int(np.flatnonzero(np.isinf(found))[0])}")
    return found


def decimal_years(values: Iterable[Any], field: str) -> Floats:
    """Return (n,) moments in years from years or ISO dates; NaN where nothing was reported.

    A moment counts from the end of the year 0: a bare year stands for its end, so that both kinds of value
    give an age of 0 or more at the end of the reference year.
    """
    return np.array([_decimal_year(value, field) for value in values], dtype=np.float64)


def _decimal_year(value: Any, field: str) -> float:
    if is_missing(value):
        return float("nan")
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    try:
        day = value if isinstance(value, datetime.date) else datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidFeatures(
            f"field {field!r}: expected a year or a date like 2025-09-02, found {value!r}"
        ) from None
    return day.year - 1 + (day.timetuple().tm_yday - 1) / 366


def transformed(values: Floats, transform: str, reference_year: int | None) -> Floats:
    """Apply a transform to (n,) values: identity, log1p (odd, so that losses stay losses) or age in
    years at the end of the reference year."""
    if transform == "log1p":
        return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)
    if transform == "age":
        if reference_year is None:
            raise InvalidFeatures("an age needs a reference year")
        return np.asarray(reference_year - values, dtype=np.float64)
    return values


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """(n,) values as codes into ``codes_of``; -1 where nothing was reported."""

    codes: Codes
    codes_of: dict[Any, int]

    def take(self, rows: Any) -> CodedColumn:
        """Keep some rows."""
        return CodedColumn(self.codes[rows], self.codes_of)

    def equal_to(self, wanted: Any) -> Floats:
        """Return (n,) 1 where the value is the wanted one, 0 elsewhere, NaN where either is missing."""
        if is_missing(wanted):
            return np.full(len(self.codes), np.nan)
        same = self.codes == self.codes_of.get(fold(wanted), -2)
        return np.where(self.codes < 0, np.nan, same.astype(np.float64))


def coded(values: Iterable[Any]) -> CodedColumn:
    """Give each distinct value a code, in order of appearance."""
    codes_of: dict[Any, int] = {}
    codes = [-1 if is_missing(value) else codes_of.setdefault(fold(value), len(codes_of)) for value in values]
    return CodedColumn(np.array(codes, dtype=np.int64), codes_of)


@dataclass(frozen=True, eq=False)
class SetColumn:
    """(n, distinct members) 0/1 membership of each row's set, and (n,) set sizes (0 where not reported)."""

    members: Any
    sizes: Floats
    codes_of: dict[Any, int]

    def take(self, rows: Any) -> SetColumn:
        """Keep some rows."""
        return SetColumn(self.members[rows], self.sizes[rows], self.codes_of)

    def overlap(self, wanted: Any, measure: str) -> Floats:
        """Return (n,) overlaps from 0 to 1 with a wanted set; NaN where either set is missing.

        With A the row's set and B the wanted one: of_query |A n B| / |B|, of_item |A n B| / |A|,
        jaccard |A n B| / |A u B|.
        """
        chosen = {fold(value) for value in as_set(wanted)}
        if not chosen:
            return np.full(len(self.sizes), np.nan)
        indicator = np.zeros(len(self.codes_of))
        indicator[[self.codes_of[value] for value in chosen if value in self.codes_of]] = 1.0
        shared = self.members @ indicator
        whole = {
            "of_query": np.full(len(self.sizes), float(len(chosen))),
            "of_item": self.sizes,
            "jaccard": self.sizes + len(chosen) - shared,
        }[measure]
        empty = self.sizes == 0
        return np.where(empty, np.nan, shared / np.where(whole > 0, whole, 1.0))


def as_set(value: Any) -> list[Any]:
    """Return a value as a list of members: a text stands for itself alone, a missing one for none."""
    if is_missing(value):
        return []
    parts = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return [part for part in parts if not is_missing(part)]


def sets(values: Sequence[Any]) -> SetColumn:
    """Turn (n,) sets into a sparse 0/1 matrix over all members that occur."""
    codes_of: dict[Any, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for row, value in enumerate(values):
        for member in {fold(part): None for part in as_set(value)}:
            rows.append(row)
            columns.append(codes_of.setdefault(member, len(codes_of)))
    shape = (len(values), len(codes_of))
    members = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    return SetColumn(members, np.bincount(rows, minlength=len(values)).astype(np.float64), codes_of)
