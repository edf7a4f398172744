"""Ordinal alpha of the rows of many lists, with its interval: Krippendorff's, from what each row was given.

A table of coincidences has a cell for every two different values, which decimal ratings have by the thousand,
and every query would need one. What is kept here grows with what was said: alpha needs no more of the table
than its products with the places of the values.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from ranking.ltr.intervals import Estimate, estimate_weighted
from ranking.ltr.preferences import Floats, Integers

Tables = Sequence[tuple[Hashable, Floats]]
"""The unit that each list is drawn again with, and (judges, rows) what was said, NaN where nothing was."""


def alpha_estimate(tables: Tables, *, seed: int) -> Estimate:
    """Ordinal alpha over the rows of all lists, values on one scale; no value without two different ones."""
    said = Coincidences.of(tables)
    return estimate_weighted(said.counts.shape[0], said.alpha, width=max(said.rows.shape), seed=seed)


@dataclass(frozen=True, eq=False)
class Coincidences:
    """What rows were given by two judges or more, k different values in all, in their order.

    Attributes
    ----------
    rows : (rows, k) how often each value was given to each row
    counts : (units, k) how often in each unit
    shares : (units, rows) 1/(v-1) for a row of v values where it is the unit's, else 0: each of its v (v-1)
        pairs of values counts so much, and the row as many as spoke of it
    """

    rows: csr_array
    counts: csr_array
    shares: csr_array

    @classmethod
    def of(cls, tables: Tables) -> Coincidences:
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
        )

    def alpha(self, weights: Floats) -> Floats:
        """(b,) alphas of the units with (b, units) weights, each line of sum 1; NaN for one value or none.

        alpha = 1 - (N - 1) sum_ck o_ck d_ck / sum_ck n_c n_k d_ck, where d_ck = (p_c - p_k)^2 with the place
        p_c = n_1 + ... + n_(c-1) + n_c/2. So the sums are 2 (sum_c n_c p_c^2 - sum_ck o_ck p_c p_k) and
        2 N (sum_c n_c p_c^2 - (sum_c n_c p_c)^2 / N).
        """
        weight = weights.T
        counts = len(weight) * (self.counts.T @ weight)  # n_c, (k, b) as all that follows
        total = counts.sum(axis=0)
        place = np.cumsum(counts, axis=0) - counts / 2
        place -= np.divide((counts * place).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
        squares = (counts * place**2).sum(axis=0)
        observed = squares - len(weight) * self._products(place, weight)
        defined = (counts > 0).sum(axis=0) > 1
        ratio = np.divide(observed, squares, out=np.full(len(total), np.nan), where=defined)
        return np.asarray(1 - (1 - 1 / np.maximum(total, 1)) * ratio, dtype=np.float64)

    def _products(self, place: Floats, weight: Floats) -> Floats:
        """(b,) sum_ck o_ck p_c p_k: over rows, all products of two values of a row but those with itself."""
        pairs = (self.rows @ place) ** 2 - self.rows @ place**2
        return np.asarray((weight * (self.shares @ pairs)).sum(axis=0), dtype=np.float64)


def _sums(
    row: Integers, column: Integers, values: npt.NDArray[np.float64], shape: tuple[int, int]
) -> csr_array:
    """A sparse table with the sums of the values of each cell."""
    return csr_array(coo_array((values, (row, column)), shape=shape))
