"""What may be asked about: the input of `ranking.ltr.asking.ask`, checked, and its rows by query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import feature_matrix
from ranking.ltr.checking import numbers, query_keys
from ranking.ltr.committee import standardised
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.preferences import Floats, Integers, Objects
from ranking.ltr.refined import as_table

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Askable:
    """The checked input: `groups` are the rows of each query that may be asked about, by key."""

    scores: Floats
    features: Floats | None
    judged: Floats
    excluded: Mask
    unfamiliar: Mask
    groups: Mapping[Any, Integers]
    key_of: Objects
    held_out: frozenset[Any]


def checked(
    scores: npt.ArrayLike,
    queries: npt.ArrayLike,
    features: pd.DataFrame | Floats | None,
    judged: npt.ArrayLike | None,
    masks: Mapping[str, npt.ArrayLike | None],
) -> Askable:
    """The arguments of `ask`, held against each other. Raises InvalidFeatures, InvalidPreferences."""
    try:
        table = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidFeatures(f"scores are no numbers ({error}); expected (members, rows) of them") from None
    if table.ndim != 2 or table.shape[0] == 0:
        raise InvalidFeatures(f"scores of shape {table.shape}; expected (members, rows), at least one member")
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        member, row = wrong[0]
        raise InvalidFeatures(
            f"scores of member {member}, row {row} is {table[member, row]}; expected a number"
        )
    n = table.shape[1]
    keys = query_keys(queries, n, InvalidPreferences)
    excluded, held_out, unfamiliar = (_mask(name, value, n) for name, value in masks.items())
    groups = {
        key: rows.to_numpy(dtype=np.int64)
        for key, rows in pd.Series(np.flatnonzero(~excluded)).groupby(keys[~excluded], sort=False)
        if len(rows) > 1
    }
    return Askable(
        scores=table,
        features=None if features is None else _places(features, n),
        judged=_counts(judged, n),
        excluded=excluded,
        unfamiliar=unfamiliar,
        groups=groups,
        key_of=keys,
        held_out=_held_out(keys, held_out),
    )


def _held_out(keys: npt.NDArray[Any], mask: Mask) -> frozenset[Any]:
    held_out, others = set(keys[mask]), set(keys[~mask])
    if held_out & others:
        key = next(iter(held_out & others))
        raise InvalidPreferences(f"query {key!r} is held out in some rows only; expected all rows or none")
    return frozenset(held_out)


def _places(features: pd.DataFrame | Floats, n: int) -> Floats:
    table = as_table(features)
    if len(table) != n:
        raise InvalidFeatures(f"features has {len(table)} rows; expected one for each of {n} scores")
    return standardised(feature_matrix(table))


def _counts(judged: npt.ArrayLike | None, n: int) -> Floats:
    counts = np.zeros(n) if judged is None else numbers("judged", judged, n, error=InvalidPreferences)
    wrong = np.flatnonzero(~((counts >= 0) & np.isfinite(counts)))
    if len(wrong):
        raise InvalidPreferences(f"judged of row {wrong[0]} is {counts[wrong[0]]}; expected 0 or more")
    return counts


def _mask(name: str, values: npt.ArrayLike | None, n: int) -> Mask:
    if values is None:
        return np.zeros(n, dtype=bool)
    mask = _column(name, values, n)
    if mask.dtype != np.bool_:
        raise InvalidPreferences(f"{name} holds {mask.dtype}; expected True or False for each row")
    return mask


def _column(name: str, values: npt.ArrayLike, n: int) -> npt.NDArray[Any]:
    column = np.asarray(values)
    if column.shape != (n,):
        raise InvalidPreferences(f"{name} has shape {column.shape}; expected one entry for each of {n} rows")
    return column


def checked_recent(rows: Sequence[int], table: Askable) -> Integers:
    """The rows of a list asked lately: at least two, different, of one query."""
    places = np.asarray(rows)
    whole = places.ndim == 1 and places.dtype.kind in "iu" and len(set(places.tolist())) == len(places) > 1
    if not whole or places.min() < 0 or places.max() >= len(table.key_of):
        raise InvalidPreferences(
            f"recent list {list(rows)}; expected two or more different rows, 0 to {len(table.key_of) - 1}"
        )
    if len(set(table.key_of[places])) > 1:
        raise InvalidPreferences(f"recent list {list(rows)} joins several queries; expected one")
    return places.astype(np.int64)
