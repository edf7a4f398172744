"""What an answer would be worth: where members disagree about something that people would see.

For a pair (i, j) of rows of one query and m members with scores s_k::

    p_k   = sigmoid(s_ki - s_kj)
    BALD  = H(mean_k p_k) - mean_k H(p_k)         H: binary entropy, in bits
    d_ki  = 1/log2(1 + rank of i under member k)  0 below the visible top
    worth = (BALD + MARGIN_SHARE * H(mean_k p_k)) * mean_k |d_ki - d_kj|

BALD (Houlsby et al., 2011) is what one answer says about *which* member is right. Where each member by
itself is unsure, the entropy of the mean is high and BALD is not: the pair is a toss-up, and asking serves
junk. The last factor is what the list would gain or lose by the other order, as LambdaRank weighs a swap
(Burges, 2010): nothing where nobody sees either row, little between neighbours far down, most between the
first and what lies below the visible top. The larger of the two discounts instead, the chance that the pair
is seen, asks again and again about neighbours near the top, whose order hardly matters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import entr, expit

from ranking.ltr.preferences import Floats, Integers

WINDOW = 24
"""Rows of a query that a list is grown from: those that the members show most."""

MARGIN_SHARE = 0.05
"""Weight of the plain entropy beside BALD: it decides only where the members agree."""


def binary_entropy(p: npt.ArrayLike) -> Floats:
    """H(p) in bits, of the same shape.

    >>> binary_entropy([0.0, 0.5, 1.0]).tolist()
    [0.0, 1.0, 0.0]
    """
    chance = np.asarray(p, dtype=np.float64)
    return np.asarray((entr(chance) + entr(1 - chance)) / np.log(2))


def visibility(scores: Floats, top_k: int) -> Floats:
    """(m, n) discount of each row's rank under each member, 0 below the first `top_k`.

    >>> visibility(np.array([[0.3, 0.1, 0.2]]), 2).round(2).tolist()
    [[1.0, 0.0, 0.63]]
    """
    ranks = 1 + np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    return np.asarray(np.where(ranks <= top_k, 1 / np.log2(1 + ranks), 0.0))


def seen_most(scores: Floats, seen: Floats, most: int = WINDOW) -> Integers:
    """Places of at most `most` rows, those that the members show most, then those of highest mean score."""
    return np.lexsort((-scores.mean(axis=0), -seen.mean(axis=0)))[:most]


def pair_worth(scores: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """(c, c) worth of each pair of c rows of one query, and the entropy of its mean, both symmetric.

    Two members who contradict each other about a visible pair, against two who both toss a coin:

    >>> contradict, toss = np.array([[2.0, -2.0], [-2.0, 2.0]]), np.zeros((2, 2))
    >>> [round(float(pair_worth(s, visibility(s, 1))[0][0, 1]), 2) for s in (contradict, toss)]
    [0.92, 0.05]
    """
    p = expit(scores[:, :, None] - scores[:, None, :])
    whole = binary_entropy(p.mean(axis=0))
    bald = np.maximum(whole - binary_entropy(p).mean(axis=0), 0.0)
    swap = np.abs(seen[:, :, None] - seen[:, None, :]).mean(axis=0)
    worth = (bald + MARGIN_SHARE * whole) * swap
    np.fill_diagonal(worth, 0.0)
    return worth, whole


def grown(worth: Floats, size: int) -> Integers:
    """Places of at most `size` rows: the best pair, then again and again the row that adds most worth.

    >>> grown(np.array([[0.0, 3.0, 1.0], [3.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), 2).tolist()
    [0, 1]
    """
    if len(worth) <= size:
        return np.arange(len(worth))
    first, second = np.unravel_index(np.argmax(worth), worth.shape)
    if first == second:  # nothing is worth anything
        return np.arange(size)
    chosen = [int(first), int(second)]
    gain = worth[chosen].sum(axis=0)
    while len(chosen) < size:
        gain[chosen] = -np.inf
        chosen.append(int(np.argmax(gain)))
        gain = gain + worth[chosen[-1]]
    return np.array(chosen)
