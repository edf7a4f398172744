"""Which queries are held out, for ever, and which fold the others fall in.

A query is held out by a hash of its own key: adding, removing or re-importing other queries moves
nothing, so no version was ever trained on what a later one is judged by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ranking.ltr.checking import is_missing, key_list, key_text, texts
from ranking.ltr.errors import InvalidFeatures, InvalidPreferences
from ranking.ltr.preferences import Integers

HELD_OUT_SHARE = 0.25
"""A quarter: 60 queries leave about 15 to judge by, and the interval there is what promotes a version."""

HELD_OUT_SALT = "tiebreak held out"
"""Part of every split there ever was; changing it mixes judged and trained queries."""


def is_held_out(query_key: Any, share: float = HELD_OUT_SHARE, salt: str = HELD_OUT_SALT) -> bool:
    """Whether a query is kept for judging, by the SHA-256 of its key alone.

    A key that is no text is taken as it is written, a whole number without a point: 3, 3.0 and "3" are one
    query, since a table that was read or joined turns one into another. Raises InvalidFeatures for a missing
    key, InvalidPreferences for a share that is none.

    >>> [key for key in map("m{}".format, range(1, 13)) if is_held_out(key)]
    ['m10']
    """
    if not 0 <= share <= 1:
        raise InvalidPreferences(f"held-out share is {share}; expected 0 to 1")
    if is_missing(query_key):
        raise InvalidFeatures(f"query_key is {query_key}; expected a query key")
    digest = hashlib.sha256(f"{salt}\x00{key_text(query_key)}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def held_out_mask(
    keys: Iterable[Any], share: float = HELD_OUT_SHARE, salt: str = HELD_OUT_SALT
) -> npt.NDArray[np.bool_]:
    """(n,) `is_held_out` of every key.

    Raises InvalidFeatures for one text instead of many keys, a missing key and what can be no key.

    >>> held_out_mask(["m1", "m1"]).tolist() in ([True, True], [False, False])
    True
    """
    listed = [key_text(key) for key in key_list("keys", keys)]
    held_out = {key: is_held_out(key, share, salt) for key in set(listed)}
    return np.array([held_out[key] for key in listed], dtype=bool)


def query_folds(queries: npt.ArrayLike, folds: int, *, seed: int) -> Integers:
    """(n,) fold 0 to folds-1 of each row; rows of one query share it and folds differ by one query at most.

    Parameters
    ----------
    queries : (n,) query key of each row
    folds : number of folds; with fewer queries, as many folds as queries are used

    >>> folds = query_folds(["a", "a", "b", "c", "d"], 2, seed=0)
    >>> bool(folds[0] == folds[1]), np.bincount(folds[1:]).tolist()
    (True, [2, 2])
    """
    if folds < 1:
        raise InvalidPreferences(f"{folds} folds; expected at least 1")
    keys, places = np.unique(texts(queries), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(keys))
    return np.asarray((order % folds)[places], dtype=np.int64)
