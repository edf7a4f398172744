"""How much may be learned: leaves and rounds by cross-validation over queries, and "nothing" among them.

Too much capacity is what makes a refined ranker worse than its incumbent, so the amount comes from
evidence: every amount is scored on queries that it was not fitted on, and zero rounds (keep the
incumbent) is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.boosting import BoostingParams, OnIteration, boost
from ranking.ltr.components import TreeComponent
from ranking.ltr.objective import differences, pair_loss
from ranking.ltr.preferences import Floats, Integers, Objects, Preferences
from ranking.ltr.splits import query_folds

FOLDS = 5
"""Five fits a candidate: every fit keeps four fifths of the queries, and a retraining stays a matter of
seconds."""

LEAVES = (3, 8, 16)
"""Sizes of trees that are tried: additive, a few interactions, many; one fit of each gives every number
of rounds."""

GRID_POINTS = 24
"""Numbers of rounds that are looked at, spread geometrically: the loss is flat between neighbours."""


SMALL = 20_000
"""Rows up to which a trial fit takes one thread: on a busy machine two threads that wait for each other at
every leaf were three times as slow. The trees are the same for any number of threads."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Everything that a fit of trees needs besides its size and its pairs.

    `base` is the incumbent's score of every row, or None; `queries` the query of every row.
    """

    features: pd.DataFrame
    queries: Objects
    base: Floats | None
    params: BoostingParams
    seed: int
    monotone: dict[str, int]
    categorical: tuple[str, ...]

    def trees(
        self,
        name: str,
        pairs: Preferences,
        flip_rate: Floats,
        *,
        leaves: int,
        rounds: int,
        on_iteration: OnIteration | None = None,
        trial: bool = False,
    ) -> TreeComponent:
        """Trees of this size on these pairs, on top of the incumbent; `trial` if nobody keeps them."""
        threads = 1 if trial and len(self.features) <= SMALL else self.params.num_threads
        text = boost(
            self.features,
            pairs,
            params=replace(self.params, num_leaves=leaves, rounds=rounds, num_threads=threads),
            seed=self.seed,
            base_score=self.base,
            monotone=self.monotone,
            categorical=self.categorical,
            flip_rate=flip_rate,
            on_iteration=on_iteration,
        )
        return TreeComponent(name, 1.0, tuple(map(str, self.features.columns)), text)


@dataclass(frozen=True)
class Candidate:
    """One amount of learning and how it did on queries it was not fitted on.

    Attributes
    ----------
    leaves, rounds : its size; 0 rounds is the incumbent alone
    loss, loss_error : mean over the queries of the pairs' mean loss, and its standard error
    accuracy, accuracy_error : the same for the share of strict pairs in the expert's order
    gain, gain_error : the same for the incumbent's loss minus this one's, query by query
    """

    leaves: int
    rounds: int
    loss: float
    loss_error: float
    accuracy: float
    accuracy_error: float
    gain: float = 0.0
    gain_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()
        }


def round_grid(rounds: int) -> tuple[int, ...]:
    """Numbers of rounds to look at, from 1 to `rounds`.

    >>> round_grid(10)
    (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    >>> round_grid(200)[-4:]
    (100, 126, 159, 200)
    """
    spread = np.geomspace(1, rounds, GRID_POINTS)
    return tuple(int(number) for number in np.unique(np.round(spread).astype(np.int64)))


def staged_scores(trees: TreeComponent, features: pd.DataFrame, grid: Sequence[int]) -> Floats:
    """(len(grid), n) score of the first so many trees, each tree predicted once."""
    parts = [
        trees.score(features, start=start, rounds=end - start)
        for start, end in zip((0, *grid[:-1]), grid, strict=True)
    ]
    return np.asarray(np.cumsum(parts, axis=0), dtype=np.float64)


def cross_fitted(
    fit: Fit,
    expert: Preferences,
    extra: Preferences,
    flip_rate: Floats,
    *,
    leaves: int,
    on_fit: Callable[[int, int], OnIteration] | None = None,
) -> Floats:
    """(grid, p) margin of every expert pair from the fit that saw nothing of the pair's query.

    `extra` (distillation pairs) joins each fit but for those of the queries that are left out.
    """
    grid = round_grid(fit.params.rounds)
    margins = np.zeros((len(grid), len(expert)))
    folds, others = fold_of_pairs(fit, expert, extra)
    numbers = np.unique(folds)
    for step, fold in enumerate(numbers):
        kept, kept_extra = folds != fold, others != fold
        trees = fit.trees(
            "fold",
            Preferences.concat([expert.take(kept), extra.take(kept_extra)]),
            np.concatenate([flip_rate[kept], np.zeros(int(kept_extra.sum()))]),
            leaves=leaves,
            rounds=fit.params.rounds,
            on_iteration=on_fit(step, len(numbers)) if on_fit else None,
            trial=True,
        )
        left_out = expert.take(~kept)
        rows, places = np.unique(np.r_[left_out.winner, left_out.loser], return_inverse=True)
        scores = staged_scores(trees, fit.features.iloc[rows], grid)
        scores += 0.0 if fit.base is None else fit.base[rows]
        n = len(left_out)
        margins[:, ~kept] = scores[:, places[:n]] - scores[:, places[n:]]
    return margins


def fold_of_pairs(fit: Fit, expert: Preferences, extra: Preferences) -> tuple[Integers, Integers]:
    """Fold of each expert pair and of each extra pair; -1 for queries without an expert pair."""
    judged = fit.queries[expert.winner]
    folds = query_folds(judged, FOLDS, seed=fit.seed)
    fold_of = dict(zip(judged, folds.tolist(), strict=True))
    others = np.array([fold_of.get(query, -1) for query in fit.queries[extra.winner]], dtype=np.int64)
    return folds, others


def scored(
    margins: Floats, expert: Preferences, queries: Objects, flip_rate: Floats
) -> tuple[Floats, Floats]:
    """(queries,) mean loss and accuracy of each query at these margins, queries in order of their key.

    The loss knows the flip rates: a careless judge's pair must not count as a model's mistake. Accuracy is
    NaN for a query that has no strict pair.
    """
    loss = pair_loss(margins, expert.target, expert.weight, flip_rate=flip_rate)
    direction = np.sign(expert.target - 0.5)
    right = expert.weight * np.abs(direction) * (1 + np.sign(margins) * direction) / 2
    table = pd.DataFrame(
        {"loss": loss, "weight": expert.weight, "right": right, "strict": expert.weight * np.abs(direction)}
    )
    sums = table.groupby(queries[expert.winner], sort=True).sum()
    sums = sums[sums["weight"] > 0]
    accuracy = sums["right"] / sums["strict"].where(sums["strict"] > 0)
    return (sums["loss"] / sums["weight"]).to_numpy(dtype=float), accuracy.to_numpy(dtype=float)


def candidate(
    leaves: int, rounds: int, figures: tuple[Floats, Floats], incumbent: Floats | None = None
) -> Candidate:
    """Means and standard errors over queries of (losses, accuracies), and of the gain on the incumbent's."""
    losses, accuracies = figures
    return Candidate(
        leaves,
        rounds,
        *_mean_and_error(losses),
        *_mean_and_error(accuracies[~np.isnan(accuracies)]),
        *((0.0, 0.0) if incumbent is None else _mean_and_error(incumbent - losses)),
    )


def candidates(
    fit: Fit,
    expert: Preferences,
    extra: Preferences,
    flip_rate: Floats,
    *,
    on_fit: Callable[[int, int], OnIteration] | None = None,
) -> list[Candidate]:
    """Every size of tree with every number of rounds; the first is the incumbent alone (zero rounds)."""
    base = np.zeros(len(fit.queries)) if fit.base is None else fit.base
    alone = scored(differences(base, expert), expert, fit.queries, flip_rate)
    table = [candidate(0, 0, alone)]
    for place, leaves in enumerate(LEAVES):

        def within(step: int, steps: int, place: int = place) -> OnIteration:
            assert on_fit is not None
            return on_fit(place * steps + step, len(LEAVES) * steps)

        margins = cross_fitted(
            fit, expert, extra, flip_rate, leaves=leaves, on_fit=within if on_fit else None
        )
        for rounds, staged in zip(round_grid(fit.params.rounds), margins, strict=True):
            figures = scored(staged, expert, fit.queries, flip_rate)
            table.append(candidate(leaves, rounds, figures, incumbent=alone[0]))
    return table


def choose(table: Sequence[Candidate], *, keep: bool = True) -> tuple[Candidate, str]:
    """The candidate of least loss, if it is better than the incumbent beyond its error; the first otherwise.

    Two conditions. Its gain in loss, paired by query, is above one standard error: the least of many losses
    is below the incumbent's by luck alone. And it orders more pairs: the loss also falls when only the scale
    of the scores improves, which changes no list. Among those that learn, least loss and no further rule of
    one standard error: on real preference sets that was too timid by half a point. Without an incumbent to
    `keep`, the least loss is taken as it is.
    """
    incumbent, *others = table
    best = min(others, key=lambda one: one.loss)
    if keep and best.gain <= best.gain_error:
        return incumbent, "nothing that was learned explains the experts better on queries left out"
    if keep and best.accuracy <= incumbent.accuracy:
        return incumbent, "nothing that was learned puts more pairs in the experts' order on queries left out"
    reason = (
        f"{best.rounds} rounds of {best.leaves} leaves put {best.accuracy:.1%} of the experts' pairs in order"
        " on queries left out"
    )
    return best, f"{reason}, the incumbent {incumbent.accuracy:.1%}" if keep else reason


def _mean_and_error(values: Floats) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 0.0
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return float(values.mean()), error
