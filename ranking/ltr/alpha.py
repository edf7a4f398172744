"""Ordinal alpha of the rows of many lists, with its interval: Krippendorff's, from what each row was given.

A table of coincidences has a cell for every two different values, which decimal ratings have by the thousand,
and every query would need one. What is kept here grows with what was said: alpha needs no more of the table
than its products with the places of the values.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from ranking.ltr.intervals import Estimate, estimate_weighted
from ranking.ltr.preferences import Floats, Integers

Tables = Sequence[tuple[Hashable, Floats]]
"""The unit that each list is drawn again with, and (judges, rows) what was said, NaN where nothing was."""


def alpha_estimate(tables: Tables, *, seed: int, places: bool = False) -> Estimate:
    """Ordinal alpha over the rows of all lists, values on one scale; no value without two different ones.

    `places` says that values are places in lists. Then what is expected is not what all values mixed up
    would have: a short list has no low places, and two judges who order lists of 4 and of 12 at random would
    seem to agree, by .25. Expected is what every two judges of a list would have if each one's places in it
    lay on any of the rows that both placed: e_ck = sum o_c. o_.k / o_.. over the lists and pairs of judges,
    and alpha = 1 - (N - 1)/N sum o_ck d_ck / sum e_ck d_ck. Where all placed all rows of lists of one length
    without a tie, that is what all values mixed up have.

    Worked example: the same order of two rows, and opposite orders of four. Places 1 to 4 are given 4, 4, 2
    and 2 times and lie at 2, 6, 9 and 11; sum o d is 4 (9^2 + 3^2) = 360, and the mean squared differences 8
    and 23 of values in the lists make sum e d = 4 x 8 + 8 x 23 = 216. So alpha = 1 - 11/12 360/216.

    >>> lists = [(1, np.array([[1.0, 2], [1, 2]])), (2, np.array([[1.0, 2, 3, 4], [4, 3, 2, 1]]))]
    >>> round(alpha_estimate(lists, seed=0, places=True).value, 4)
    -0.5278
    """
    said = Coincidences.of(tables, places=places)
    width = max(*said.rows.shape, said.margins.first.shape[0] if said.margins else 0)
    return estimate_weighted(said.counts.shape[0], said.alpha, width=width, seed=seed)


@dataclass(frozen=True, eq=False)
class Coincidences:
    """What rows were given by two judges or more, k different values in all, in their order.

    Attributes
    ----------
    rows : (rows, k) how often each value was given to each row
    counts : (units, k) how often in each unit
    shares : (units, rows) 1/(v-1) for a row of v values where it is the unit's, else 0: each of its v (v-1)
        pairs of values counts so much, and the row as many as spoke of it
    margins : of every two judges of a list, where what is expected is theirs
    """

    rows: csr_array
    counts: csr_array
    shares: csr_array
    margins: _Margins | None = None

    @classmethod
    def of(cls, tables: Tables, *, places: bool = False) -> Coincidences:
        """Of the lists' rows with two values or more; a value on its own can't be held against anything."""
        parts = [(unit, values[:, np.isfinite(values).sum(axis=0) >= 2]) for unit, values in tables]
        parts = [(unit, values) for unit, values in parts if values.size]
        units = {unit: place for place, unit in enumerate(dict.fromkeys(unit for unit, _ in parts))}
        unit = np.repeat([units[unit] for unit, _ in parts], [values.shape[1] for _, values in parts])
        given = [values.T[np.isfinite(values.T)] for _, values in parts]
        said = [np.isfinite(values).sum(axis=0) for _, values in parts]
        known, code = np.unique(np.concatenate([np.zeros(0), *given]), return_inverse=True)
        often = np.concatenate([np.zeros(0, np.int64), *said])
        row = np.repeat(np.arange(len(often)), often)
        rows = _sums(row, code, np.ones(len(code)), (len(often), len(known)))
        of_unit = (unit.astype(np.int64), np.arange(len(often)))
        shape = (len(units), len(often))
        return cls(
            rows=rows,
            counts=csr_array(_sums(*of_unit, np.ones(len(often)), shape) @ rows),
            shares=_sums(*of_unit, 1 / (often - 1), shape),
            margins=_Margins.of([(units[unit], values) for unit, values in parts], known) if places else None,
        )

    def alpha(self, weights: Floats) -> Floats:
        """(b,) alphas of the units with (b, units) weights, each line of sum 1; NaN for one value or none.

        alpha = 1 - (N - 1)/N sum_ck o_ck d_ck / sum_ck e_ck d_ck, where e_ck = n_c n_k / N, or as the margins
        have it, and d_ck = (p_c - p_k)^2 with p_c = n_1 + ... + n_(c-1) + n_c/2. The sums of o and of e are
        n_c, so theirs with d are 2 (sum_c n_c p_c^2 - sum_ck o_ck p_c p_k), and the same with e.
        """
        weight = weights.T
        counts = len(weight) * (self.counts.T @ weight)  # n_c, (k, b) as all that follows
        total = counts.sum(axis=0)
        place = np.cumsum(counts, axis=0) - counts / 2
        place -= np.divide((counts * place).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
        squares = (counts * place**2).sum(axis=0)
        observed = squares - len(weight) * self._products(place, weight)
        expected, defined = squares, (counts > 0).sum(axis=0) > 1  # the places of all sum to 0
        if self.margins is not None:
            expected = squares - len(weight) * self.margins.products(place, weight)
            defined = self.margins.telling @ weight > 0
        ratio = np.divide(observed, expected, out=np.full(len(total), np.nan), where=defined)
        return np.asarray(1 - (1 - 1 / np.maximum(total, 1)) * ratio, dtype=np.float64)

    def _products(self, place: Floats, weight: Floats) -> Floats:
        """(b,) sum_ck o_ck p_c p_k: over rows, all products of two values of a row but those with itself."""
        pairs = (self.rows @ place) ** 2 - self.rows @ place**2
        return np.asarray((weight * (self.shares @ pairs)).sum(axis=0), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Margins:
    """What every two judges of a list gave the rows that both spoke of, in coincidences.

    Attributes
    ----------
    first, other : (pairs, k) how often each value was given by the one and by the other
    shares : (units, pairs) 2 over the sum of either for the pairs of the unit, else 0
    telling : (units,) number of pairs with two different values
    """

    first: csr_array
    other: csr_array
    shares: csr_array
    telling: Floats

    @classmethod
    def of(cls, parts: Sequence[tuple[int, Floats]], known: Floats) -> _Margins:
        """Of lists of rows with two values or more, each with its unit's place, and all different values."""
        cells: list[Floats] = [np.zeros((4, 0))]  # pair, value of the one, of the other, weight
        unit: list[int] = []
        for place, values in parts:
            said = np.isfinite(values)
            code = np.searchsorted(known, np.where(said, values, known[0]))
            weight = 1 / (said.sum(axis=0) - 1)
            for one, two in combinations(range(len(values)), 2):
                both = np.flatnonzero(said[one] & said[two])
                if len(both):
                    pair = np.full(len(both), len(unit))
                    cells.append(np.stack([pair, code[one, both], code[two, both], weight[both]]))
                    unit.append(place)
        *codes, weight = np.concatenate(cells, axis=1)
        pair, first, other = (one.astype(np.int64) for one in codes)
        shape = (len(unit), len(known))
        least, most = np.full(len(unit), len(known)), np.zeros(len(unit), np.int64)
        np.minimum.at(least, pair, np.minimum(first, other))
        np.maximum.at(most, pair, np.maximum(first, other))
        of_unit = np.array(unit, np.int64)
        units, each = len(set(unit)), 2 / np.bincount(pair, weight, len(unit))
        return cls(
            first=_sums(pair, first, weight, shape),
            other=_sums(pair, other, weight, shape),
            shares=_sums(of_unit, np.arange(len(unit)), each, (units, len(unit))),
            telling=np.bincount(of_unit[most > least], minlength=units).astype(np.float64),
        )

    def products(self, place: Floats, weight: Floats) -> Floats:
        """(b,) sum_ck e_ck p_c p_k."""
        pairs = (self.first @ place) * (self.other @ place)
        return np.asarray((weight * (self.shares @ pairs)).sum(axis=0), dtype=np.float64)


def _sums(
    row: Integers, column: Integers, values: npt.NDArray[np.float64], shape: tuple[int, int]
) -> csr_array:
    """A sparse table with the sums of the values of each cell."""
    return csr_array(coo_array((values, (row, column)), shape=shape))
