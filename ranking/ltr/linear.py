"""Ridge Bradley-Terry: a linear fit of pairs, with the incumbent's score as one unpenalised column.

The learner of few lists: up to about sixty it beats trees on real preferences, because it has little to
get wrong. Facts of the query alone cancel within a pair, so they enter as products with facts of the item
(query x item), under a ridge of their own.

    minimise  sum_p L(d_p) + 1/2 sum_k ridge_k b_k^2 + 1/2 (c - 1)^2 / 2
    d_p = (z_i - z_j) b + c (f0_i - f0_j) + g (pos_j - pos_i)/(n-1)

L is the pair loss of `ranking.ltr.objective`; z are standardised columns and their products; c, the weight of
the incumbent, is held at 0 or above: a fit may forget the incumbent, but never turn it round.

Source: Bradley and Terry, Biometrika 1952, with covariates (Springall, Applied Statistics 1973) and ridge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize

from ranking.ltr.boosting import feature_matrix
from ranking.ltr.components import DEVIATION_LIMIT, LinearComponent, LinearTerm
from ranking.ltr.objective import anchored, pair_gradient, pair_loss
from ranking.ltr.preferences import Floats, Integers, Objects, Preferences

MOST_PRODUCTS = 400
"""Products of query and item columns beyond this are not offered: with more of them than lists the ridge
would have to silence nearly all."""

STEPS = 60
"""Most steps of L-BFGS; the losses of the ridge path do not change in the fourth digit afterwards."""

ROUNDING = 1e-12
"""Values whose standard deviation is a smaller share of their size are level but for rounding."""

SLOPE_RIDGE = 0.5
"""Pull of the incumbent's weight towards 1, its own scale: worth a twentieth of a list."""


@dataclass(frozen=True, eq=False)
class LinearDesign:
    """Which columns a linear fit sees, and how each is standardised.

    Attributes
    ----------
    columns : names of all columns that occur in a term
    means, scales : (len(columns),) of each
    terms : places in `columns`, one for a column of the item, two for a product query x item
    signs : (len(terms),) 1 or -1 where the project declares a direction, else 0
    """

    columns: tuple[str, ...]
    means: Floats
    scales: Floats
    terms: tuple[tuple[int, ...], ...]
    signs: Integers

    @property
    def products(self) -> npt.NDArray[np.bool_]:
        """(len(terms),) whether a term is a product."""
        return np.array([len(term) == 2 for term in self.terms], dtype=bool)

    def without_products(self) -> LinearDesign:
        """The same design with facts of the item alone."""
        kept = [place for place, term in enumerate(self.terms) if len(term) == 1]
        return LinearDesign(
            self.columns,
            self.means,
            self.scales,
            tuple(self.terms[place] for place in kept),
            self.signs[kept],
        )

    def matrix(self, features: pd.DataFrame) -> Floats:
        """(n, len(terms)) values of the terms; a missing value counts as the mean."""
        values = features[list(self.columns)].to_numpy(dtype=np.float64, na_value=np.nan)
        z = np.nan_to_num(np.clip((values - self.means) / self.scales, -DEVIATION_LIMIT, DEVIATION_LIMIT))
        if not self.terms:
            return np.zeros((len(features), 0))
        return np.column_stack([np.prod(z[:, list(term)], axis=1) for term in self.terms])

    def component(self, name: str, coefficients: Floats) -> LinearComponent:
        """The fit as a part of a model; terms of weight 0 are left out."""
        used = [(term, float(b)) for term, b in zip(self.terms, coefficients, strict=True) if b != 0]
        places = sorted({place for term, _ in used for place in term})
        return LinearComponent(
            name=name,
            weight=1.0,
            columns=tuple(self.columns[place] for place in places),
            means=tuple(float(self.means[place]) for place in places),
            scales=tuple(float(self.scales[place]) for place in places),
            terms=tuple(LinearTerm(tuple(self.columns[place] for place in term), b) for term, b in used),
        )


def linear_design(
    features: pd.DataFrame,
    queries: Objects,
    *,
    monotone: dict[str, int] | None = None,
    categorical: tuple[str, ...] = (),
) -> LinearDesign:
    """Find the columns of the item and of the query, and offer each item column alone and with each of these.

    A column is the query's if it is constant within every query and not over all of them. Categories are left
    to the trees (their codes have no order); columns with a declared direction enter no product, which could
    turn the direction round.

    >>> table = pd.DataFrame({"fee": [1.0, 2.0, 1.0, 3.0], "large": [0.0, 0.0, 1.0, 1.0]})
    >>> design = linear_design(table, np.array(["a", "a", "b", "b"], dtype=object))
    >>> [tuple(design.columns[place] for place in term) for term in design.terms]
    [('fee',), ('large', 'fee')]
    """
    matrix = feature_matrix(features)
    names = [str(name) for name in features.columns]
    means, scales = means_and_scales(matrix)
    offered = [place for place, name in enumerate(names) if scales[place] > 0 and name not in categorical]
    asked = set(query_columns(features, queries))
    of_query = [place for place in offered if names[place] in asked]
    of_item = [place for place in offered if names[place] not in asked]
    directed = dict(monotone or {})
    free = [place for place in of_item if not directed.get(names[place])]
    products = [(q, i) for q in of_query for i in free] if len(of_query) * len(free) <= MOST_PRODUCTS else []
    used = sorted({*of_item, *(place for pair in products for place in pair)})
    at = {place: position for position, place in enumerate(used)}
    terms = [(at[place],) for place in of_item] + [(at[q], at[i]) for q, i in products]
    signs = [directed.get(names[place], 0) for place in of_item] + [0] * len(products)
    return LinearDesign(
        columns=tuple(names[place] for place in used),
        means=means[used],
        scales=scales[used],
        terms=tuple(terms),
        signs=np.array(signs, dtype=np.int64),
    )


def means_and_scales(matrix: Floats) -> tuple[Floats, Floats]:
    """(d,) mean and standard deviation of each column without its missing values.

    0 and 0 where no value is known, or where they are too close or too far apart for a float64.

    >>> means_and_scales(np.array([[1.0, np.nan, 7.0], [3.0, np.nan, np.nan]]))
    (array([2., 0., 7.]), array([1., 0., 0.]))
    """
    known = ~np.isnan(matrix)
    n = np.maximum(known.sum(axis=0), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.where(known, matrix, 0.0).sum(axis=0) / n
        scales = np.sqrt((np.where(known, matrix - means, 0.0) ** 2).sum(axis=0) / n)
    usable = np.isfinite(means) & np.isfinite(scales)
    apart = usable & (scales > ROUNDING * np.abs(means))
    return np.where(usable, means, 0.0), np.where(apart, scales, 0.0)


def query_columns(features: pd.DataFrame, queries: Objects) -> list[str]:
    """Names of the columns that are constant within every query, but not over all rows.

    >>> query_columns(pd.DataFrame({"fee": [1, 2, 1], "large": [0, 0, 1], "one": [1, 1, 1]}), ["a", "a", "b"])
    ['large']
    """
    table = features.fillna(np.inf)  # a missing value is a value here: all rows of a query must miss it
    first = table.groupby(np.asarray(queries, dtype=object)).transform("first")
    constant = (table == first).all() & (table.nunique() > 1)
    return [str(name) for name in features.columns[constant.to_numpy()]]


def fit_linear(
    design: Floats,
    base: Floats,
    preferences: Preferences,
    *,
    ridge: Floats,
    signs: Integers,
    flip_rate: npt.ArrayLike = 0.0,
    anchoring: npt.ArrayLike = 0.0,
    start: Floats | None = None,
) -> Floats:
    """Coefficients of the terms and, last, the weight of the incumbent: shape (terms + 1,).

    Parameters
    ----------
    design : (n, terms) of all rows
    base : (n,) the incumbent's scores; zeros if there is none
    ridge : (terms,) strength of each, above 0
    signs : (terms,) 1, -1 or 0: a coefficient of that sign only
    flip_rate, anchoring : one number, or one for each pair
    start : coefficients to begin with, of a neighbouring ridge

    >>> pairs = Preferences.from_pairs(winner=[0, 1], loser=[2, 2], judge="ada")
    >>> design, free = np.array([[1.0], [2.0], [0.0]]), np.zeros(1, int)
    >>> bool(fit_linear(design, np.zeros(3), pairs, ridge=np.ones(1), signs=free)[0] > 0)
    True
    """
    rows, places = np.unique(np.r_[preferences.winner, preferences.loser], return_inverse=True)
    n, terms = len(preferences), design.shape[1]
    i, j = places[:n], places[n:]
    table = np.column_stack([design[rows], base[rows]])
    target, weight = preferences.target, preferences.weight
    offset = anchored(preferences, anchoring)
    pull = np.r_[ridge, SLOPE_RIDGE]
    centre = np.r_[np.zeros(terms), 1.0]

    def loss(b: Floats) -> tuple[float, Floats]:
        score = table @ b
        d = score[i] - score[j] + offset
        slope, _ = pair_gradient(d, target, weight, flip_rate=flip_rate)
        rows_slope = np.bincount(i, slope, len(rows)) - np.bincount(j, slope, len(rows))
        away = b - centre
        value = pair_loss(d, target, weight, flip_rate=flip_rate).sum() + 0.5 * (pull * away**2).sum()
        return float(value), table.T @ rows_slope + pull * away

    bounds = [(0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in [*signs, 1]]
    found = minimize(
        loss,
        centre if start is None else start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS},
    )
    return np.asarray(found.x, dtype=np.float64)
