"""Do the judges follow one taste or two? A mixture of two linear tastes over judges, against a single taste.

Every judge belongs to one of two camps, each with a taste b of its own. With x the difference of the
standardised columns in a pair, g = 1/2 sum w x and H = 1/4 sum w x x' (the logistic loss around b = 0) say
all that is needed of a judge, so that camps are found by a handful of small systems of equations::

    b_k = (sum_{j in k} H_j + ridge I)^-1 sum_{j in k} g_j        the taste of camp k
    camp of j = argmin_k  1/2 b_k' H_j b_k - g_j' b_k               until nobody changes sides

Two tastes are believed if they explain queries left out better than a single one does. Each judge has an own
scale in both, 0 included: whoever is careless, or answers at random, is not of another taste.

No incumbent takes part: who is believed must not depend on what the model in service says.

Source: hard EM for a mixture of regressions (Quandt and Ramsey, JASA 1978), by judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtr

from ranking.ltr.preferences import Floats, Integers, Preferences

RIDGE = 8.0
"""Of a camp's taste: as much as six lists of ten, so that one judge's few lists are no taste of their own."""

SLIP = 0.05
"""Pairs that anybody turns round by mistake, so that a single one does not decide about a camp."""

JUDGE_SCALES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Scales that are tried of each judge: how firmly a judge follows the taste of the camp."""

EM_TURNS = 10
"""Most turns of the search from one start; panels of a hundred settle in three to five."""

STARTS = 12
"""Judges, those of most lists, each of whom is tried alone against all others at the start of a search."""

MOST_TERMS = 60
"""Columns beyond are replaced by as many principal components: H has the square of their number."""

SURE_CAMPS = 0.001
"""Level of the test against a single taste. A panel that agrees is to raise no alarm."""

TELLING = 0.025
"""Level at which a judge, or a camp, says more than a coin would."""

SAME_TASTE = 0.8
"""Cosine of two tastes from which they are one, held more or less firmly."""


@dataclass(frozen=True, eq=False)
class Camps:
    """Two camps of judges.

    Attributes
    ----------
    side : (judges,) 0 or 1
    telling : (judges,) whether the judge's lists say more than a coin on queries left out
    p : one-sided, of the gain over a single taste by query
    cosine : of the two tastes
    across : share of a camp's pairs that the other camp's taste puts in the same order
    """

    side: Integers
    telling: npt.NDArray[np.bool_]
    p: float
    cosine: float
    across: float

    @property
    def sizes(self) -> tuple[int, int]:
        """(smaller, larger) number of judges whose lists tell."""
        small, large = sorted(np.bincount(self.side[self.telling], minlength=2).tolist())
        return small, large

    @property
    def apart(self) -> bool:
        """Whether there are two tastes, each held by somebody."""
        return self.p <= SURE_CAMPS and self.cosine < SAME_TASTE and self.sizes[0] > 0


def find_camps(
    matrix: Floats, pairs: Preferences, codes: Integers, units: Integers, folds: Integers, *, seed: int
) -> Camps | None:
    """The two camps that explain the pairs best; None if one taste is all that can be found.

    Parameters
    ----------
    matrix : (n, terms) standardised columns
    pairs : strict pairs
    codes, units, folds : (p,) judge, query and fold of each pair, numbered from 0

    Worked example: Ada wants the first column high, Bob wants it low.

    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(160, 2))
    >>> first = z[:, 0].reshape(20, 8)
    >>> orders = np.concatenate([np.argsort(-first), np.argsort(first)])
    >>> orders += np.tile(8 * np.arange(20), 2)[:, None]
    >>> pairs = Preferences.from_orders(orders.tolist(), judge=["ada"] * 20 + ["bob"] * 20)
    >>> query = pairs.winner // 8
    >>> found = find_camps(z, pairs, pairs.judges()[0], query, query % 5, seed=0)
    >>> found.apart, found.side.tolist() in ([0, 1], [1, 0]), found.across < 0.1
    (True, True, True)
    """
    judges = int(codes.max()) + 1
    if judges < 2 or folds.max() < 1:
        return None
    search = _Search.of(_reduced(matrix), pairs, codes, folds, seed=seed)
    everything = search.two(np.ones(search.folds, dtype=bool))
    if everything is None:
        return None
    one, two, across = _held_out(search, pairs, codes, folds)
    coin = np.log(2) * pairs.weight
    side, tastes = everything
    camps = [_p_gain((coin - two)[chosen], units[chosen]) for chosen in (side[codes] == 0, side[codes] == 1)]
    by_judge = np.array([_p_gain((coin - two)[codes == j], units[codes == j]) for j in range(judges)])
    lengths = np.linalg.norm(tastes, axis=1)
    return Camps(
        side=side,
        telling=(by_judge <= TELLING) & (np.array(camps)[side] <= TELLING),
        p=_p_gain(one - two, units),
        cosine=float(tastes[0] @ tastes[1] / max(lengths.prod(), 1e-12)),
        across=float((pairs.weight * (1 + np.sign(across)) / 2).sum() / pairs.weight.sum()),
    )


def _reduced(matrix: Floats) -> Floats:
    """At most `MOST_TERMS` columns that keep most of the spread; chosen without a look at any answer."""
    if matrix.shape[1] <= MOST_TERMS:
        return matrix
    _, vectors = np.linalg.eigh(np.cov(matrix, rowvar=False))
    return np.asarray(matrix @ vectors[:, -MOST_TERMS:])


@dataclass(frozen=True, eq=False)
class _Search:
    """g (judges, folds, d) and H (judges, folds, d, d) of all pairs, and the scores' columns (n, d)."""

    matrix: Floats
    slopes: Floats
    bends: Floats
    seed: int

    @classmethod
    def of(
        cls, matrix: Floats, pairs: Preferences, codes: Integers, folds: Integers, *, seed: int
    ) -> _Search:
        judges, parts, d = int(codes.max()) + 1, int(folds.max()) + 1, matrix.shape[1]
        slopes, bends = np.zeros((judges, parts, d)), np.zeros((judges, parts, d, d))
        group = codes * parts + folds
        order = np.argsort(group, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            x = matrix[pairs.winner[rows]] - matrix[pairs.loser[rows]]
            weighted = pairs.weight[rows, None] * x
            place = codes[rows[0]], folds[rows[0]]
            slopes[place], bends[place] = weighted.sum(axis=0) / 2, x.T @ weighted / 4
        return cls(matrix, slopes, bends, seed)

    @property
    def folds(self) -> int:
        return int(self.slopes.shape[1])

    def one(self, kept: npt.NDArray[np.bool_]) -> Floats:
        """(d,) the single taste of everybody."""
        return _taste(self.slopes[:, kept].sum(axis=1), self.bends[:, kept].sum(axis=1))

    def two(self, kept: npt.NDArray[np.bool_]) -> tuple[Integers, Floats] | None:
        """((judges,) side, (2, d) tastes) of least loss on these folds; None if all end on one side."""
        g, h = self.slopes[:, kept].sum(axis=1), self.bends[:, kept].sum(axis=1)
        ends = [end for start in self._starts(g, h) if (end := _settled(g, h, start)) is not None]
        if not ends:
            return None
        _, side, tastes = min(ends, key=lambda end: end[0])
        return side, tastes

    def _starts(self, g: Floats, h: Floats) -> list[npt.NDArray[np.bool_]]:
        """Sides by how alike the judges' own tastes are, each of the busiest alone, and some at random."""
        own = np.array([_taste(g[[j]], h[[j]]) for j in range(len(g))])
        own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)
        _, vectors = np.linalg.eigh(own @ own.T)
        busiest = np.argsort(-np.trace(h, axis1=1, axis2=2), kind="stable")[:STARTS]
        rng = np.random.default_rng(self.seed)
        return [
            *(vector > 0 for vector in vectors.T[:-4:-1]),
            *(np.arange(len(g)) == judge for judge in busiest),
            *(rng.random(len(g)) < 0.5 for _ in range(4)),
        ]


def _taste(g: Floats, h: Floats) -> Floats:
    """(d,) of these judges together."""
    bend = h.sum(axis=0) + RIDGE * np.eye(h.shape[1])
    return np.asarray(np.linalg.solve(bend, g.sum(axis=0)))


def _settled(g: Floats, h: Floats, start: npt.NDArray[np.bool_]) -> tuple[float, Integers, Floats] | None:
    """(loss, sides, tastes) where nobody changes sides any more; None if one side is left empty."""
    side = start.astype(np.int64)
    for _ in range(EM_TURNS):
        if side.min() == side.max():
            return None
        tastes = np.array([_taste(g[side == k], h[side == k]) for k in (0, 1)])
        bend = np.einsum("kd,jde,ke->jk", tastes, h, tastes, optimize=True)
        losses = bend / 2 - g @ tastes.T
        nearer = losses.argmin(axis=1)
        if (nearer == side).all():
            break
        side = nearer
    else:
        return None
    return float(losses.min(axis=1).sum() + RIDGE * (tastes**2).sum() / 2), side, tastes


def _held_out(
    search: _Search, pairs: Preferences, codes: Integers, folds: Integers
) -> tuple[Floats, Floats, Floats]:
    """(p,) loss under one taste and under two, and the margin by the other camp's taste, out of fold."""
    one, two, across = np.zeros(len(pairs)), np.zeros(len(pairs)), np.zeros(len(pairs))
    for fold in range(search.folds):
        out = folds == fold
        kept = np.arange(search.folds) != fold
        single = _margins(search.matrix, search.one(kept)[None], pairs)[:, 0]
        one[out] = _losses(single, pairs, codes, out)
        found = search.two(kept)
        if found is None:
            two[out] = one[out]
            across[out] = single[out]
            continue
        side, tastes = found
        both = _margins(search.matrix, tastes, pairs)
        own = np.take_along_axis(both, side[codes][:, None], axis=1)[:, 0]
        two[out] = _losses(own, pairs, codes, out)
        across[out] = (both.sum(axis=1) - own)[out]
    return one, two, across


def _margins(matrix: Floats, tastes: Floats, pairs: Preferences) -> Floats:
    """(p, tastes) score of the winner less that of the loser."""
    scores = matrix @ tastes.T
    return np.asarray(scores[pairs.winner] - scores[pairs.loser])


def _losses(margins: Floats, pairs: Preferences, codes: Integers, out: npt.NDArray[np.bool_]) -> Floats:
    """Loss of the pairs left out, each judge under the scale of least loss on the others."""
    judges = int(codes.max()) + 1
    losses = np.array(
        [-pairs.weight * np.log(SLIP + (1 - 2 * SLIP) * expit(scale * margins)) for scale in JUDGE_SCALES]
    )
    kept = np.array([np.bincount(codes[~out], line[~out], judges) for line in losses])
    return np.asarray(losses[kept.argmin(axis=0)[codes[out]], np.flatnonzero(out)])


def _p_gain(gains: Floats, units: Integers) -> float:
    """One-sided p that the sum over a query is above 0; 1 with a single query."""
    _, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place, gains)
    spread = float(sums.std(ddof=1)) if len(sums) > 1 else 0.0
    if spread == 0:
        return 1.0
    return float(stdtr(len(sums) - 1, -sums.mean() / (spread / np.sqrt(len(sums)))))
