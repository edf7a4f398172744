"""Columns of pairs and ratings as arrays, refused by name, place and what was expected.

Does *not* know what a column means: `ranking.ltr.preferences` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.errors import InvalidPreferences

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

CODING = {"list_id": "; pd.factorize(keys)[0] makes them of names"}
"""What a column that is often held as names is told beyond "numbers"."""


def refuse(wrong: npt.NDArray[np.bool_], column: str, values: npt.NDArray[Any], expected: str) -> None:
    """Raise InvalidPreferences for the first entry that is wrong, if there is one."""
    places = np.flatnonzero(wrong)
    if len(places):
        first = places[0]
        raise InvalidPreferences(f"pair {first}: {column} is {values[first]}; expected {expected}")


def unmasked(values: Any) -> npt.NDArray[Any]:
    """An array of the values; what a masked array of numbers masks is NaN.

    >>> unmasked(np.ma.masked_equal([1, -9], -9)).tolist()
    [1.0, nan]
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values) and values.dtype.kind in "biuf":
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values)


def floats(column: str, values: npt.ArrayLike) -> Floats:
    """(p,) numbers, copied; digits in a text are no number, since whoever holds them mixed columns up."""
    raw = unmasked(values)
    if raw.dtype.kind == "c":
        raise InvalidPreferences(f"{column} is complex; {_numbers(column)}")
    if raw.dtype.kind in "US" or (
        raw.dtype.kind == "O" and any(isinstance(one, str | bytes) for one in raw.flat)
    ):
        raise InvalidPreferences(f"{column} is not numeric but text; {_numbers(column)}")
    try:
        array = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidPreferences(f"{column} is not numeric ({error}); {_numbers(column)}") from None
    return one_dimensional(column, array)


def integers(column: str, values: npt.ArrayLike) -> Integers:
    """(p,) whole numbers, copied."""
    array = unmasked(values)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        whole = floats(column, array)
        broken = ~(np.abs(whole) < 2.0**63) | (whole != np.floor(whole)) | (array.dtype.kind == "b")
        refuse(broken, column, array, "a whole number")
    return one_dimensional(column, array.astype(np.int64))


def rows(column: str, values: npt.ArrayLike) -> Integers:
    """(p,) row positions."""
    found = integers(column, values)
    refuse(found < 0, column, found, "a row position, 0 or more")
    return found


def refuse_places(chosen: npt.NDArray[Any], n: int) -> None:
    """Raise InvalidPreferences unless this is a mask of n pairs, or positions among them."""
    if chosen.ndim != 1 or chosen.dtype.kind not in "biu":
        said = f"{chosen.dtype} of shape {chosen.shape}"
        raise InvalidPreferences(f"pairs are taken by {said}; expected a mask or whole numbers")
    if chosen.dtype.kind == "b" and len(chosen) != n:
        raise InvalidPreferences(f"a mask of {len(chosen)} for {n} pairs; expected one entry for each")
    if chosen.dtype.kind != "b" and len(chosen) and (chosen.min() < -n or chosen.max() >= n):
        wrong = chosen[(chosen < -n) | (chosen >= n)][0]
        raise InvalidPreferences(f"pair {wrong} is taken; expected a position from 0 to {n - 1}")


def names(values: npt.ArrayLike) -> Objects:
    """Judges as str objects that are shared, so that ten million pairs cost one pointer each."""
    array = one_dimensional("judge", np.asarray(values, dtype=object))
    try:
        codes, found = pd.factorize(array, use_na_sentinel=True)
    except TypeError:
        raise InvalidPreferences("judge holds lists or the like; expected a name for each pair") from None
    refuse(codes < 0, "judge", array, "a name")
    unread = np.array([isinstance(name, bytes) for name in found], dtype=bool)
    if unread.any():
        refuse(unread[codes], "judge", array, "text, not bytes; decode them")
    shared = np.empty(len(found), dtype=object)
    shared[:] = [str(name) for name in found]
    return shared[codes]


def judges(judge: str | Iterable[Any], n: int, each: str) -> Objects:
    """(n,) one name for all, or those given, whose number is not checked here."""
    if isinstance(judge, str):
        return np.full(n, judge, dtype=object)
    if not isinstance(judge, Iterable) or isinstance(judge, bytes):
        raise InvalidPreferences(f"judge is {judge!r}; expected a name, or one for each {each}")
    listed = list(judge)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def as_given(values: npt.ArrayLike) -> Objects:
    """Entries as objects, each as it was given: an array of a list turns tuples into columns.

    >>> as_given([("m", 1), ("m", 2)]).shape, as_given([1, "m"]).tolist()
    ((2,), [1, 'm'])
    """
    if not isinstance(values, list | tuple):
        return np.asarray(values, dtype=object)
    listed = np.empty(len(values), dtype=object)
    listed[:] = values
    return listed


def spread(values: npt.ArrayLike | None, n: int, default: float) -> npt.NDArray[Any]:
    """One number for all pairs, or one each."""
    array = unmasked(default if values is None else values)
    return np.full(n, array) if array.ndim == 0 else array


def one_dimensional(column: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array itself, if it is a column."""
    if array.ndim != 1:
        raise InvalidPreferences(f"{column} has {array.ndim} dimensions; expected one entry per pair")
    return array


def _numbers(column: str) -> str:
    return f"expected numbers{CODING.get(column, '')}"
