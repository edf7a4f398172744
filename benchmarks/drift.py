"""Claim: an unchanged project raises a drift alarm in at most 5 % of looks, and half a deviation is found.

`python -m benchmarks.drift` draws worlds of needs, items and their candidates, a second sample that is of the
same kind or moved, and asks in the same run: `drifts`, which counts each feature by its unit; the usual fixed
limit of .1 on the PSI of rows; the same with the limit of a chi-square over rows; and a Kolmogorov-Smirnov
test of rows with Bonferroni's correction. An alarm is any alarm of the world's features.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtri
from scipy.stats import ks_2samp

from benchmarks.reporting import share, write
from ranking.ltr import Sample, drifts, psi

CANDIDATES = 25
ITEMS = 400
CATEGORICAL = ("need category", "item category")
MOVED = "need 0"


@dataclass(frozen=True)
class Change:
    """Two samples: needs then and now, whether they or the items are other ones, and what has moved.

    `shift` and `column` say by how many deviations and of which kind: need, item or pair. `of_needs` is the
    number of features of needs: the more there are, the larger a change of one has to be.
    """

    name: str
    needs: tuple[int, int]
    same_needs: bool = False
    same_items: bool = True
    shift: float = 0.0
    column: str = "need"
    of_needs: int = 7


UNCHANGED = (
    Change("other needs", (30, 30)),
    Change("other needs", (100, 100)),
    Change("other needs", (300, 300)),
    Change("other needs, fewer", (44, 30)),
)
SHIFTED = (
    Change("one of four features of the need", (100, 100), shift=0.5, of_needs=4),
    Change("one of seven features of the need", (100, 100), shift=0.5),
    Change("one of seven features of the need", (150, 150), shift=0.5),
    Change("a feature of the item", (100, 100), shift=0.5, column="item"),
    Change("a feature of the pair", (100, 100), shift=0.5, column="pair"),
)


def samples(change: Change, seed: int) -> tuple[Sample, Sample]:
    """Draw the two samples of a world: up to 7 features of needs, 8 of items and 5 of pairs."""
    rng = np.random.default_rng(seed)
    most = max(change.needs)
    needs, items = _needs(rng, most), _items(rng)
    then = _sample(rng, {name: values[: change.needs[0]] for name, values in needs.items()}, items)
    later = {name: values[: change.needs[1]] for name, values in needs.items()}
    if not change.same_needs:
        later = _needs(rng, change.needs[1])
    others = items if change.same_items else _items(rng)
    now = _sample(rng, later, others)
    left_out = list(needs)[change.of_needs :]
    then, now = (replace(each, features=each.features.drop(columns=left_out)) for each in (then, now))
    now.features[f"{change.column} 0"] += change.shift
    return then, replace(
        now,
        queries=np.asarray(now.queries) + (0 if change.same_needs else most),
        items=np.asarray(now.items) + (0 if change.same_items else ITEMS),
    )


def _needs(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {
        "need 0": rng.normal(size=n),
        "need money": rng.lognormal(0, 2, size=n),
        "need 2": rng.normal(size=n),
        "need count": rng.poisson(2, size=n).astype(float),
        "need category": rng.integers(0, 12, size=n).astype(float),
        "need flag": (rng.random(n) < 0.05).astype(float),
        "need missing": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
    }


def _items(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {f"item {k}": rng.normal(size=ITEMS) for k in range(5)} | {
        "item money": rng.lognormal(0, 2, size=ITEMS),
        "item category": rng.integers(0, 50, size=ITEMS).astype(float),
        "item flag": (rng.random(ITEMS) < 0.02).astype(float),
    }


def _sample(
    rng: np.random.Generator, needs: Mapping[str, np.ndarray], items: Mapping[str, np.ndarray]
) -> Sample:
    n = len(needs["need 0"])
    drawn = np.concatenate([rng.choice(ITEMS, CANDIDATES, replace=False) for _ in range(n)])
    columns = {name: np.repeat(values, CANDIDATES) for name, values in needs.items()}
    columns |= {name: values[drawn] for name, values in items.items()}
    for k in range(5):  # pairs: a need's own wish against an item's, which repeats within the need
        columns[f"pair {k}"] = np.repeat(rng.normal(size=n), CANDIDATES) - columns[f"item {k}"]
    return Sample(pd.DataFrame(columns), np.repeat(np.arange(n), CANDIDATES), drawn)


def by_unit(then: Sample, now: Sample) -> set[str]:
    """The columns that `drifts` finds."""
    return {name for name, drift in drifts(then, now, CATEGORICAL).items() if drift.alarm}


def by_fixed_psi(then: Sample, now: Sample) -> set[str]:
    """The columns whose PSI of rows is above .1."""
    return {name for name in then.features if psi(then.features[name], now.features[name]) > 0.1}


def by_chi_square_psi(then: Sample, now: Sample) -> set[str]:
    """The same where chance of independent rows would pass it once in a thousand times."""
    limit = chdtri(9, 0.001) * (1 / len(then.features) + 1 / len(now.features))
    found = by_fixed_psi(then, now)
    return {name for name in found if psi(then.features[name], now.features[name]) > limit}


def by_ks(then: Sample, now: Sample) -> set[str]:
    """The columns whose rows Kolmogorov and Smirnov tell apart at .05, over all columns."""
    level = 0.05 / then.features.shape[1]
    pairs = {name: (then.features[name].dropna(), now.features[name].dropna()) for name in then.features}
    return {
        name
        for name, (before, after) in pairs.items()
        if ks_2samp(before, after, method="asymp").pvalue <= level
    }


METHODS: dict[str, Callable[[Sample, Sample], set[str]]] = {
    "drifts": by_unit,
    "fixed PSI of rows": by_fixed_psi,
    "PSI of rows, chi-square": by_chi_square_psi,
    "KS of rows": by_ks,
}


def measured(change: Change, seeds: int, mapped: Callable[..., Iterable[Any]] = map) -> pd.DataFrame:
    """Whether each method alarms in each world: at all, or of the feature that moved."""
    return pd.DataFrame(list(mapped(partial(_alarms, change), range(seeds))))


def _alarms(change: Change, seed: int) -> dict[str, bool]:
    then, now = samples(change, seed)
    found = {name: method(then, now) for name, method in METHODS.items()}
    moved = f"{change.column} 0"
    return {name: bool(alarms if not change.shift else moved in alarms) for name, alarms in found.items()}


def table(changes: tuple[Change, ...], seeds: int) -> list[str]:
    """One line for each change, as it is measured."""
    lines = [f"| world | needs then, now | {' | '.join(METHODS)} |", "|---|---|" + "---|" * len(METHODS)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for change in changes:
            found = measured(change, seeds, pool.map)
            figures = " | ".join(share(int(found[name].sum()), seeds) for name in METHODS)
            lines.append(f"| {change.name} | {change.needs[0]}, {change.needs[1]} | {figures} |")
            print(lines[-1], flush=True)
    return lines


def check_yardstick(seeds: int) -> None:
    """Leave with an error where nothing would be measured: no world, or peers that see no large change."""
    if seeds < 1:
        sys.exit("--seeds is below 1: nothing would be measured")
    large = measured(Change("far", (60, 60), shift=3.0), 1).iloc[0]
    blind = [name for name in METHODS if not large[name]]
    if blind:
        sys.exit(f"three deviations are not seen by {', '.join(blind)}: the yardstick is empty")


def main() -> None:
    """Measure, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    check_yardstick(seeds)
    write(
        "drift",
        [
            "# Drift",
            "",
            f"`python -m benchmarks.drift`: {seeds} worlds a line, seeds 0 to {seeds - 1}; {CANDIDATES}",
            f"candidates a need out of {ITEMS} items; 7 features of needs where nothing else is said, 8 of",
            "items, 5 of pairs, among them money, counts, rare flags, missing values and categories.",
            "Shares with 95 % intervals (Clopper and Pearson).",
            "",
            "## Nothing has changed: any alarm",
            "",
            *table(UNCHANGED, seeds),
            "",
            "## One feature has moved by half a deviation, needs are other ones: found by name",
            "",
            *table(SHIFTED, seeds),
        ],
    )


if __name__ == "__main__":
    main()
