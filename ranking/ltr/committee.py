"""Several models that agree where experts have spoken and disagree where nobody has: what `ask` works on.

Every member adds two residuals to the incumbent: a linear fit, and a few trees on top of it. Members differ
in the lists they saw (bagged by list, because pairs of a list depend on each other) and in where they start:
each linear fit is pulled towards a draw of its own from the prior instead of towards zero (randomised prior
functions, Osband et al., NeurIPS 2018; in a linear Gaussian model such members are draws from the
posterior). Bagging alone lets all members agree on what no list has touched, which is where they know least.

Does *not* choose how much is learned and does not serve: members are small, so that a committee costs
seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize

from ranking.ltr.boosting import BoostingParams, boost, feature_matrix
from ranking.ltr.checking import query_keys, whole_number
from ranking.ltr.columns import as_given
from ranking.ltr.components import DEVIATION_LIMIT, RuleComponent, TreeComponent
from ranking.ltr.errors import InvalidPreferences
from ranking.ltr.model import Ranker, Scorer
from ranking.ltr.objective import differences, pair_loss, row_gradient
from ranking.ltr.preferences import Floats, Preferences
from ranking.ltr.refined import Refined, as_table, incumbent_scores, opened
from ranking.ltr.refining import declared, refuse_what_cannot_score

MEMBERS = 8
"""Members of a committee."""

PRIOR_SPREAD = 1.0
"""Standard deviation, over rows, of the score that a member's prior residual gives: as much as the
incumbent's own, which is scaled to 1."""

LINEAR_STEPS = 60
"""Most steps of a linear fit: members differ by more than further steps would change."""

MEMBER_TREES = BoostingParams(
    rounds=30, learning_rate=0.1, num_leaves=4, min_data_in_leaf=5, l2=3.0, max_bin=63, num_threads=1
)


TREE = "\nTree="
"""How each tree begins in LightGBM's text."""


def committee(
    features: pd.DataFrame | Floats,
    preferences: Preferences,
    *,
    queries: npt.ArrayLike,
    incumbent: Scorer | None = None,
    size: int = MEMBERS,
    monotone: Mapping[str, int] | Sequence[int] | None = None,
    categorical: Sequence[str] | Sequence[int] | None = None,
    trees: bool = True,
    seed: int = 0,
) -> Floats:
    """Scores of all rows by every member, shape (size, n).

    Parameters
    ----------
    features : (n, d) table or array of numbers, NaN is missing: the judged rows and the candidates to ask
        about
    preferences : pairs of rows of `features`; without any, members are draws from the prior
    queries : (n,) query key of each row
    incumbent : what is to be refined; None counts as a score of 0
    size : number of members, at least 1
    monotone, categorical : as for `refine`; they bind the trees, and the linear fit leaves categories out
    trees : False for linear residuals alone, which need no LightGBM and are quick enough for a web request

    Raises
    ------
    InvalidFeatures, InvalidPreferences
        For a table, pairs, scores or a size that cannot be fitted.

    >>> table = pd.DataFrame({"size": [0.0, 1.0, 2.0, 3.0], "fee": [1.0, 0.0, 1.0, 0.0]})
    >>> pairs = Preferences.from_orders([[3, 2, 1, 0]] * 9, judge="ada")
    >>> scores = committee(table, pairs, queries=["m"] * 4, size=3)
    >>> scores.shape, bool((scores[:, 3] > scores[:, 0]).all())
    ((3, 4), True)
    """
    _check_size(size)
    whole_number("seed", seed, 0, InvalidPreferences)
    named = as_table(features)
    matrix = feature_matrix(named)
    table = pd.DataFrame(matrix, columns=list(named.columns))
    keys = query_keys(queries, len(table), name="queries")
    _check(preferences, incumbent)
    preferences.check(len(table), keys)
    base = (
        np.zeros(len(table)) if incumbent is None else scaled(incumbent_scores(incumbent, named, keys), keys)
    )
    signs, categories = declared(monotone, categorical, table)
    linear = [name not in categories for name in table.columns]
    columns = np.column_stack([base, standardised(matrix[:, linear])])
    members = []
    for number in range(size):
        rng = np.random.default_rng([seed, number])
        bag = bagged(preferences, rng)
        scores = columns @ linear_fit(columns, bag, prior=_prior(columns, rng))
        if trees and len(bag):
            text = boost(
                table,
                bag,
                params=MEMBER_TREES,
                seed=seed + number,
                base_score=scores,
                monotone=signs,
                categorical=categories,
            )
            scores = scores + TreeComponent("member", 1.0, tuple(table.columns), text).score(table)
        members.append(scores)
    return np.asarray(members)


def staged_committee(
    ranker: Ranker | Refined, features: pd.DataFrame | Floats, *, size: int = MEMBERS
) -> Floats:
    """Scores of all rows by a ranker and by earlier stages of its last part, shape (size, n): no fit at all.

    What `refine` gives is a ranker too if its incumbent is one; else InvalidFeatures is raised.
    Member k of m takes the first k/m of the trees of the last component, or k/m of a linear one. How far the
    last training moved a row stands in for how unsure it is. A sorting rule has no stages: its members are
    the same.

    >>> table = pd.DataFrame({"size": [1.0, 3.0, 2.0]})
    >>> rule = Ranker(("size",), (RuleComponent.fit(table, [("size", "descending")]),))
    >>> staged_committee(rule, table, size=2).tolist()
    [[-0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]]
    """
    _check_size(size)
    ranker, (features,) = opened(ranker, features)
    table = ranker.table(features)
    whole, last = ranker.score(table), ranker.components[-1]
    shares = np.arange(1, size + 1) / size
    if isinstance(last, RuleComponent):
        return np.tile(whole, (size, 1))
    own = last.score(table)
    if isinstance(last, TreeComponent):
        rounds = np.maximum(np.round(shares * last.model_text.count(TREE)), 1).astype(int)
        stages = np.stack([last.score(table, rounds=int(number)) for number in rounds])
    else:
        stages = shares[:, None] * own
    return np.asarray(whole + last.weight * (stages - own))


def _check_size(size: int) -> None:
    if not isinstance(size, int | np.integer) or size < 1:
        raise InvalidPreferences(f"a committee of {size}; expected at least 1 member")


def _check(preferences: Preferences, incumbent: Scorer | None) -> None:
    """Refuse what is no table of pairs and what cannot score, as `refine` does."""
    if not isinstance(preferences, Preferences):
        raise InvalidPreferences(f"preferences are a {type(preferences).__name__}; expected Preferences")
    refuse_what_cannot_score(incumbent)


def bagged(preferences: Preferences, rng: np.random.Generator) -> Preferences:
    """The pairs of as many lists as there are, drawn with replacement, as weights of the pairs.

    >>> pairs = Preferences.from_orders([[0, 1], [2, 3], [4, 5]], judge="ada")
    >>> bagged(pairs, np.random.default_rng(0)).weight.tolist()
    [2.0, 1.0]
    """
    lists, places = np.unique(preferences.list_id, return_inverse=True)
    if len(lists) == 0:
        return preferences
    times = np.bincount(rng.integers(0, len(lists), len(lists)), minlength=len(lists))[places]
    drawn = preferences.take(times > 0)
    return drawn.weighted(times[times > 0])


def linear_fit(
    columns: Floats, preferences: Preferences, *, prior: Floats, spread: float = PRIOR_SPREAD
) -> Floats:
    """(d,) coefficients of a ridge Bradley-Terry fit that is pulled towards `prior`, not towards zero.

    Minimises sum of pair losses + sum((w - prior)^2) / (2 s^2) with s = `spread` / sqrt(d), so that a row's
    score has the same prior spread whatever the number of columns.

    >>> pairs = Preferences.from_pairs(winner=[0] * 9, loser=[1] * 9, judge="ada")
    >>> linear_fit(np.array([[1.0], [-1.0]]), pairs, prior=np.zeros(1)).round(2).tolist()
    [1.28]
    """
    if len(preferences) == 0:
        return prior
    rows, places = np.unique(np.r_[preferences.winner, preferences.loser], return_inverse=True)
    judged = columns[rows]
    winner, loser = np.split(places, 2)
    pairs = replace(preferences, winner=winner, loser=loser)
    ridge = columns.shape[1] / spread**2

    def objective(weights: Floats) -> tuple[float, Floats]:
        scores = judged @ weights
        loss = pair_loss(differences(scores, pairs), pairs.target, pairs.weight).sum()
        away = weights - prior
        gradient = judged.T @ row_gradient(scores, pairs)[0] + ridge * away
        return float(loss + ridge * away @ away / 2), gradient

    found = minimize(objective, prior, jac=True, method="L-BFGS-B", options={"maxiter": LINEAR_STEPS})
    return np.asarray(found.x)


def _prior(columns: Floats, rng: np.random.Generator) -> Floats:
    """The incumbent with slope 1, and a draw for every other column."""
    width = columns.shape[1]
    return np.asarray(np.r_[1.0, rng.normal(0, PRIOR_SPREAD / np.sqrt(width), width - 1)])


def standardised(matrix: Floats) -> Floats:
    """(n, d) columns with mean 0 and deviation 1, limited; 0 where missing or constant.

    >>> standardised(np.array([[1.0, 7.0], [3.0, 7.0], [np.nan, 7.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    """
    if matrix.shape[1] == 0:
        return matrix
    known = ~np.isnan(matrix)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, matrix, 0.0).sum(axis=0) / count
    centred = np.where(known, matrix - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    scale = np.where(spread > 0, spread, 1.0)
    return np.asarray(np.clip(centred / scale, -DEVIATION_LIMIT, DEVIATION_LIMIT))


def scaled(scores: npt.ArrayLike, queries: npt.ArrayLike) -> Floats:
    """(n,) scores less their query's mean, in units of their deviation from it; 0 where all are the same.

    >>> scaled([1.0, 3.0, 11.0, 13.0], ["a", "a", "b", "b"]).tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    values = np.asarray(scores, dtype=np.float64)
    codes, keys = pd.factorize(as_given(queries))
    mean = np.bincount(codes, values, len(keys)) / np.bincount(codes, minlength=len(keys))
    centred = values - mean[codes]
    spread = centred.std()
    return np.asarray(centred / (spread if spread > 0 else 1.0))
