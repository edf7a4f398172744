"""The learners that a refinement combines, each scored on queries that it has not seen.

No single learner wins on experts' preferences: the incumbent alone on a handful of lists, a linear fit up to
about sixty, trees beyond. So seven families are fitted out of fold, folds by query, and combined afterwards
(`ranking.ltr.stacking`):

    incumbent             s f0
    linear                c f0 + z b               ridge Bradley-Terry, with products query x item
    extra trees           s f0 + trees             residual boosting on the incumbent
    linear + trees        c f0 + z b + trees       residual boosting on the linear fit
    linear + extra trees  c f0 + z b + trees       the same with random thresholds
    fresh trees           trees                    nothing of the incumbent
    fresh extra trees     trees                    the same with random thresholds

*Extra* trees split at random thresholds: on few lists the best threshold is mostly luck, on many it is worth
knowing, so that both kinds are offered. Within a family the amount of learning (ridge, leaves, rounds) is the
one of least loss out of fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.boosting import OnIteration, boost
from ranking.ltr.components import LinearComponent, TreeComponent
from ranking.ltr.linear import LinearDesign, fit_linear
from ranking.ltr.objective import differences
from ranking.ltr.preferences import Floats
from ranking.ltr.problem import Problem

RIDGES = (400.0, 80.0, 16.0, 3.0)
"""Strengths that are tried, strongest first: each fit begins where the stronger one ended. A list of ten
counts five pairs, so the strongest leaves the incumbent alone on a few lists and the weakest is nearly free
on 300."""

PRODUCT_RIDGES = (1.0, 4.0)
"""Ridge of products query x item, in units of the ridge of the item's own columns."""


@dataclass(frozen=True)
class Family:
    """A family of trees: what they stand on, the leaves that are tried, and whether thresholds are random."""

    base: Literal["incumbent", "linear", "nothing"]
    leaves: tuple[int, ...]
    extra: bool


TREES = {
    "extra trees": Family("incumbent", (3, 8), extra=True),
    "linear + trees": Family("linear", (8,), extra=False),
    "linear + extra trees": Family("linear", (8,), extra=True),
    "fresh trees": Family("nothing", (8,), extra=False),
    "fresh extra trees": Family("nothing", (8,), extra=True),
}
"""Families of trees. On top of the incumbent few lists correct little, so few leaves are tried as well."""

GRID_POINTS = 10
"""Numbers of rounds that are looked at, spread geometrically: the loss is flat between neighbours."""

MOST_ROUNDS = 100
"""Most rounds of a trial fit: with the learning rate of 0.1 the loss out of fold had its least before."""

SMALL = 20_000
"""Rows up to which a trial fit takes one thread: on a busy machine two threads that wait for each other at
every leaf were three times as slow. The trees are the same for any number of threads."""

OnFit = Callable[[int, int], OnIteration]


@dataclass(frozen=True, eq=False)
class Trial:
    """One learner of one size, and its margins on pairs that it has not seen.

    Attributes
    ----------
    family : as in the module's table
    size : what was tried, such as {"ridge": 16} or {"leaves": 8, "rounds": 26}
    margins : (p,) f_i - f_j out of fold, without what the shown order adds
    """

    family: str
    size: dict[str, float]
    margins: Floats


@dataclass(frozen=True, eq=False)
class Fitted:
    """A learner on all pairs: slope of the incumbent and the parts that it adds."""

    slope: float
    parts: tuple[LinearComponent | TreeComponent, ...]


def linear_sizes(design: LinearDesign, *, rough: bool = False) -> list[dict[str, float]]:
    """Every ridge, without products and, where there are any, with them; few if `rough`."""
    ridges, factors = (RIDGES[1:3], PRODUCT_RIDGES[:1]) if rough else (RIDGES, PRODUCT_RIDGES)
    alone: list[dict[str, float]] = [{"ridge": ridge} for ridge in ridges]
    if not design.products.any():
        return alone
    return alone + [{"ridge": ridge, "products": factor} for factor in factors for ridge in ridges]


def round_grid(rounds: int) -> tuple[int, ...]:
    """Numbers of rounds to look at, from 1 to `rounds`.

    >>> round_grid(10)
    (1, 2, 3, 4, 5, 6, 8, 10)
    """
    spread = np.geomspace(1, rounds, GRID_POINTS)
    return tuple(int(number) for number in np.unique(np.round(spread).astype(np.int64)))


def linear_trials(problem: Problem, *, rough: bool = False) -> list[Trial]:
    """The incumbent and the linear family out of fold; a few sizes only if `rough`."""
    sizes = linear_sizes(problem.design, rough=rough)
    margins = np.zeros((1 + len(sizes), len(problem.expert)))
    for fold in np.unique(problem.folds[0]):
        kept = problem.folds[0] != fold
        left_out = problem.expert.take(~kept)
        margins[0, ~kept] = problem.slope(kept) * differences(problem.base, left_out)
        for place, scores in enumerate(_linear_path(problem, kept, int(fold), sizes)):
            margins[1 + place, ~kept] = scores[left_out.winner] - scores[left_out.loser]
    first = Trial("incumbent", {}, margins[0])
    return [first, *(Trial("linear", size, m) for size, m in zip(sizes, margins[1:], strict=True))]


def tree_trials(problem: Problem, linear: dict[str, float], *, on_fit: OnFit | None = None) -> list[Trial]:
    """The families of trees out of fold; `linear` is the size of the fit that some of them stand on."""
    grid = round_grid(min(problem.params.rounds, MOST_ROUNDS))
    found: dict[tuple[str, int], Floats] = {}
    folds = np.unique(problem.folds[0])
    plans = [(name, leaves) for name, family in TREES.items() for leaves in family.leaves]
    for step, fold in enumerate(folds):
        kept = problem.folds[0] != fold
        bases = _bases(problem, kept, int(fold), linear)
        rows, places = np.unique(
            np.r_[problem.expert.winner[~kept], problem.expert.loser[~kept]], return_inverse=True
        )
        table, half = problem.features.iloc[rows], len(places) // 2
        for number, (name, leaves) in enumerate(plans):
            on = on_fit(step * len(plans) + number, len(folds) * len(plans)) if on_fit else None
            base, size = bases[TREES[name].base], (leaves, grid[-1])
            trees = grow(problem, base, kept, int(fold), size, extra=TREES[name].extra, on_iteration=on)
            scores = staged_scores(trees, table, grid) + base[rows]
            margins = found.setdefault((name, leaves), np.zeros((len(grid), len(kept))))
            margins[:, ~kept] = scores[:, places[:half]] - scores[:, places[half:]]
    return [
        Trial(name, {"leaves": leaves, "rounds": rounds}, margins[place])
        for (name, leaves), margins in found.items()
        for place, rounds in enumerate(grid)
    ]


def fit_all(
    problem: Problem,
    chosen: dict[str, Trial],
    *,
    name: str,
    on_fit: OnFit | None = None,
    trial: bool = False,
) -> dict[str, Fitted]:
    """Each chosen learner on all pairs; `trial` as in `grow`."""
    everything = np.ones(len(problem.expert), dtype=bool)
    slope = problem.slope(everything)
    (coefficients,) = _coefficient_path(problem, everything, None, [chosen["linear"].size])
    linear = _design_of(problem, chosen["linear"].size).component(f"{name}: linear", coefficients[:-1])
    fitted = {"incumbent": Fitted(slope, ()), "linear": Fitted(float(coefficients[-1]), (linear,))}
    bases = _bases(problem, everything, None, chosen["linear"].size)
    under = fitted | {"nothing": Fitted(0.0, ())}
    families = {key: family for key, family in TREES.items() if key in chosen}
    for number, (key, family) in enumerate(families.items()):
        size = (int(chosen[key].size["leaves"]), int(chosen[key].size["rounds"]))
        on = on_fit(number, len(families)) if on_fit else None
        base = bases[family.base]
        trees = grow(problem, base, everything, None, size, extra=family.extra, on_iteration=on, trial=trial)
        trees, below = replace(trees, name=f"{name}: {key}"), under[family.base]
        fitted[key] = Fitted(below.slope, (*below.parts, trees))
    return fitted


def grow(
    problem: Problem,
    base: Floats,
    kept: npt.NDArray[np.bool_],
    fold: int | None,
    size: tuple[int, int],
    *,
    extra: bool = False,
    on_iteration: OnIteration | None = None,
    trial: bool = True,
) -> TreeComponent:
    """Trees on top of `base`, from the expert pairs that are `kept` and the extra ones outside a fold.

    `size` is (leaves, rounds); `extra` for random thresholds; `trial` if nobody keeps them, which may take
    one thread only.
    """
    pairs, rates, anchoring = problem.together(kept, fold)
    threads = threads_of_a_trial(problem) if trial else problem.params.num_threads
    leaves, rounds = size
    params = replace(problem.params, num_leaves=leaves, rounds=rounds, extra_trees=extra, num_threads=threads)
    text = boost(
        problem.features,
        pairs,
        params=params,
        seed=problem.seed,
        base_score=base,
        monotone=problem.monotone,
        categorical=problem.categorical,
        flip_rate=rates,
        anchoring=anchoring,
        on_iteration=on_iteration,
    )
    return TreeComponent("trial", 1.0, tuple(map(str, problem.features.columns)), text)


def threads_of_a_trial(problem: Problem) -> int:
    """Threads of a fit that nobody keeps; what is left of the training's own is for fits beside it."""
    return 1 if len(problem.features) <= SMALL else problem.params.num_threads


def staged_scores(trees: TreeComponent, features: pd.DataFrame, grid: Sequence[int]) -> Floats:
    """(len(grid), n) score of the first so many trees, each tree predicted once."""
    parts = [
        trees.score(features, start=start, rounds=end - start)
        for start, end in zip((0, *grid[:-1]), grid, strict=True)
    ]
    return np.asarray(np.cumsum(parts, axis=0), dtype=np.float64)


def _design_of(problem: Problem, size: dict[str, float]) -> LinearDesign:
    return problem.design if "products" in size else problem.design.without_products()


def _coefficient_path(
    problem: Problem, kept: npt.NDArray[np.bool_], fold: int | None, sizes: Sequence[dict[str, float]]
) -> Iterator[Floats]:
    """Coefficients of each size, a fit beginning where its stronger neighbour ended."""
    pairs, rates, anchoring = problem.together(kept, fold)
    alone = ~problem.design.products
    start: Floats | None = None
    for size in sizes:
        columns = np.ones(len(alone), dtype=bool) if "products" in size else alone
        ridge = size["ridge"] * np.where(alone, 1.0, size.get("products", 1.0))[columns]
        start = fit_linear(
            problem.matrix[:, columns],
            problem.base,
            pairs,
            ridge=ridge,
            signs=problem.design.signs[columns],
            flip_rate=rates,
            anchoring=anchoring,
            start=start if start is not None and len(start) == columns.sum() + 1 else None,
        )
        yield start


def _linear_path(
    problem: Problem, kept: npt.NDArray[np.bool_], fold: int | None, sizes: Sequence[dict[str, float]]
) -> Iterator[Floats]:
    """Scores of all rows for each size."""
    alone = ~problem.design.products
    for size, found in zip(sizes, _coefficient_path(problem, kept, fold, sizes), strict=True):
        columns = np.ones(len(alone), dtype=bool) if "products" in size else alone
        yield problem.matrix[:, columns] @ found[:-1] + found[-1] * problem.base


def _bases(
    problem: Problem, kept: npt.NDArray[np.bool_], fold: int | None, linear: dict[str, float]
) -> dict[str, Floats]:
    """(n,) each of what families of trees stand on."""
    (below,) = _linear_path(problem, kept, fold, [linear])
    alone = problem.slope(kept) * problem.base
    return {"incumbent": alone, "linear": below, "nothing": np.zeros(len(problem.base))}
