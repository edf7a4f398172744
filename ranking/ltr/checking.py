"""Arguments of many functions, checked in one way: whole numbers, seeds, columns of numbers, query keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.columns import Floats, Objects, as_given, unmasked
from ranking.ltr.errors import InvalidFeatures, LtrError


def whole_number(name: str, value: Any, least: int, error: type[LtrError] = InvalidFeatures) -> int:
    """The value, if it is a whole number of at least `least`.

    >>> whole_number("seed", np.int64(3), 0)
    3
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise error(f"{name} is {value!r}; expected a whole number, at least {least}")
    return int(value)


def numbers(
    name: str,
    values: Any,
    n: int | None = None,
    *,
    each: str = "row",
    error: type[LtrError] = InvalidFeatures,
) -> Floats:
    """(n,) float64 by position, whatever index it came with; NaN and infinite ones are for the caller.

    >>> numbers("scores", pd.Series([1, 2], index=[9, 3]), 2).tolist()
    [1.0, 2.0]
    """
    expected = f"expected {'a' if n is None else n} number{'' if n is None else 's'}, one for each {each}"
    if values is None:
        raise error(f"{name} is None; {expected}")
    raw = unmasked(values)
    if raw.dtype.kind not in "USc":
        try:
            array = np.asarray(raw, dtype=np.float64)
        except (TypeError, ValueError):
            array = None
        if array is not None and array.ndim == 1 and (n is None or len(array) == n):
            return array
        if array is not None:
            raise error(f"{name} has shape {array.shape}; {expected}")
    raise error(f"{name} holds what is no number, such as {_first_text(raw)}; {expected}")


def table_array(features: Any) -> npt.NDArray[Any]:
    """An array of features; what is masked is missing, NaN. Raises InvalidFeatures for a sparse matrix.

    >>> table_array(np.ma.masked_equal([[1, -9]], -9)).tolist()
    [[1.0, nan]]
    """
    if hasattr(features, "toarray"):
        raise InvalidFeatures("features are a sparse matrix; expected a table or an array: pass .toarray()")
    return unmasked(features)


def query_keys(
    queries: npt.ArrayLike, n: int, error: type[LtrError] = InvalidFeatures, *, name: str | None = None
) -> Objects:
    """(n,) query of each row as objects, each key as it was given; none missing, all of them to be looked up.

    >>> query_keys([("m", 1), "m2"], 2).tolist()
    [('m', 1), 'm2']
    """
    keys = as_given(queries)
    if keys.shape != (n,):
        raise error(f"{name or 'queries'} has shape {keys.shape}; expected one entry for each of {n} rows")
    missing = np.flatnonzero(pd.isna(keys))
    if len(missing):
        first = missing[0]
        said = f"query of row {first} is {keys[first]}" if name is None else f"{name}, row {first} is missing"
        raise error(f"{said}; expected a key")
    try:
        pd.unique(keys)
    except TypeError:
        row = next(place for place, key in enumerate(keys) if not is_key(key))
        raise error(
            f"{name or 'queries'}, row {row} is a {type(keys[row]).__name__}; expected a key"
        ) from None
    return keys


def texts(keys: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """(n,) keys as text, pairs of keys too, of which numpy makes none.

    >>> texts(query_keys([("m", 1), "m2"], 2)).tolist()
    ["('m', 1)", 'm2']
    """
    array = np.asarray(keys)
    try:
        return array.astype(str)
    except ValueError:
        return np.array([str(key) for key in array], dtype=str)


def key_text(key: Any) -> str:
    """A query's key as text, a whole number without its point: tables that were read turn 3 into 3.0.

    >>> key_text(3), key_text(3.0), key_text("3.0")
    ('3', '3', '3.0')
    """
    if isinstance(key, float | np.floating) and key % 1 == 0:
        return str(int(key))
    return str(key)


def key_forms(key: Any) -> frozenset[str]:
    """How a query's key may have been written down: a whole number with and without its point.

    Tables that were read or joined turn 3 into 3.0: a leak must not hide behind that. Text stays as it is.

    >>> sorted(key_forms(3.0)), sorted(key_forms("3"))
    (['3', '3.0'], ['3'])
    """
    if isinstance(key, int | float | np.integer | np.floating) and not isinstance(key, bool) and key % 1 == 0:
        return frozenset({str(int(key)), str(float(key))})
    return frozenset({str(key)})


def key_list(name: str, keys: Iterable[Any]) -> list[Any]:
    """A collection of some queries' keys as a list, each as it was given.

    Raises
    ------
    InvalidFeatures
        For one text, which would be taken for its letters, for a table, for a missing key and for what
        can be no key, such as a list.

    >>> key_list("trained_queries", {"m1"})
    ['m1']
    """
    if isinstance(keys, str | bytes | pd.DataFrame) or not isinstance(keys, Iterable):
        said = repr(keys) if isinstance(keys, str | bytes) else f"a {type(keys).__name__}"
        raise InvalidFeatures(f"{name} is {said}; expected a collection of query keys")
    found = list(keys)
    for place, key in enumerate(found):
        if is_missing(key):
            raise InvalidFeatures(f"{name}, entry {place} is missing; expected a query key")
        if not is_key(key):
            raise InvalidFeatures(f"{name}, entry {place} is a {type(key).__name__}; expected a query key")
    return found


def key_texts(name: str, keys: Iterable[Any]) -> frozenset[str]:
    """All forms of some queries' keys, as text; refused as by `key_list`."""
    return frozenset(form for key in key_list(name, keys) for form in key_forms(key))


def is_missing(key: Any) -> bool:
    """Whether a key is None, NaN, NaT or NA.

    >>> [is_missing(key) for key in (None, np.nan, pd.NA, "", (None,))]
    [True, True, True, False, False]
    """
    return not isinstance(key, str) and pd.api.types.is_scalar(key) and bool(pd.isna(key))


def is_key(key: Any) -> bool:
    """Whether a key can be looked up: a list, a set and an array cannot.

    >>> [is_key(key) for key in ("m1", ("m", 1), ["m"], ("m", [1]))]
    [True, True, False, False]
    """
    try:
        hash(key)
    except TypeError:
        return False
    return True


def _first_text(raw: npt.NDArray[Any]) -> str:
    entries = raw.ravel().tolist()
    return repr(next((one for one in entries if not isinstance(one, int | float | np.number)), entries))[:60]
