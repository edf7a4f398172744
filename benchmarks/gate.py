"""Claim: the gate lets nothing through that is not better, and what is better through soon.

`python -m benchmarks.gate` measures, in simulated worlds where the truth is known:

* A/A: how often one of two versions that differ by the seed alone is promoted;
* power: how often a challenger that is truly two points better is promoted, by held-out lists;
* guardrails: what becomes of challengers that gain overall and break one guardrail;
* harm: how large a loss in one segment must be to be seen.

Each held-out list answers a query of its own, is shown in random order, and is judged by one of five experts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import t

from benchmarks.gate_worlds import (
    HELD_OUT,
    KINDS,
    LIST,
    NOISE,
    RESAMPLES,
    TRAINED,
    TRAINING_LISTS,
    World,
    decided,
    refined,
    results_of,
    spoiled,
    world,
)
from benchmarks.reporting import share, write
from ranking.ltr import GateLimits, PairedResults, gate
from ranking.ltr.comparison import compare
from ranking.ltr.decision import PROMOTE
from ranking.ltr.guardrails import queries_needed
from ranking.ltr.metrics import pair_accuracy

POPULATION = 2000  # lists that the true gain is measured on
GAIN = 0.02
AA_RUNS, BROKEN_RUNS, POWER_WORLDS, POWER_DRAWS = 200, 200, 10, 20
PROCESSES = 2


# --- A/A ----------------------------------------------------------------------------------------------------
def aa_of_versions() -> list[str]:
    """One version, disturbed twice: the two differ by chance alone."""
    return in_processes(_aa_of_world, range(AA_RUNS))


def _aa_of_world(seed: int) -> str:
    one = world(seed)
    version = refined(one, seed=1)
    rng = np.random.default_rng([seed, 3])
    challenger, champion = (version + rng.normal(0, 0.2 * version.std(), len(version)) for _ in range(2))
    return decided(results_of(one, challenger, champion, with_labels=False), seed).verdict


def aa_of_halves() -> list[tuple[str, str]]:
    """Two versions from other halves of the lists, without and with the noise of other halves at hand.

    One of the two is truly a little better, so that this is no test of the level.
    """
    return in_processes(_aa_of_halves, range(AA_RUNS))


def _aa_of_halves(seed: int) -> tuple[str, str]:
    one = world(seed)
    challenger, champion, *others = (refined(one, seed=arm, share=0.5) for arm in range(6))
    asked = one.pairs.preferences.take(one.pairs.held_out)
    means = [pair_accuracy(other, asked, one.rows.queries).mean() for other in others]
    results = results_of(one, challenger, champion, with_labels=False)
    known = gate(results, reseeded=means, seed=seed, resamples=RESAMPLES)
    return decided(results, seed).verdict, known.verdict


def aa_of_differences(name: str, queries: int) -> list[str]:
    """The same from differences by query, drawn from a distribution that is symmetric around zero."""
    verdicts = []
    for seed in range(AA_RUNS):
        rng = np.random.default_rng([seed, queries, len(name)])
        verdicts.append(
            decided(PairedResults.of_queries(lines_of(DISTRIBUTIONS[name](rng, queries))), seed).verdict
        )
    return verdicts


def lines_of(differences: np.ndarray) -> pd.DataFrame:
    """Two versions' shares that differ by that much, one line a query; by 1 at most, as shares do."""
    half = np.clip(differences, -1, 1) / 2
    return pd.DataFrame({"query": range(len(half)), "champion": 0.5 - half, "challenger": 0.5 + half})


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(0, 0.1, n),
    "heavy tails (t, 2 degrees)": lambda rng, n: 0.05 * rng.standard_t(2, n),
    "discrete (-1, 0, 1; 80 % zero)": lambda rng, n: rng.choice([-1.0, 0.0, 1.0], n, p=[0.1, 0.8, 0.1]),
    "rare and large (80 % zero)": lambda rng, n: 0.1 * rng.standard_t(3, n) * (rng.random(n) < 0.2),
}


# --- power --------------------------------------------------------------------------------------------------
def differences(kind: str, seed: int) -> np.ndarray | None:
    """(POPULATION,) differences by list of a challenger that is truly `GAIN` better; None where none is."""
    one = world(seed, held_out=POPULATION)
    asked = one.pairs.preferences.take(one.pairs.held_out)
    champion, moved = VERSIONS[kind](one)
    before = pair_accuracy(champion, asked, one.rows.queries).values

    def gains(step: float) -> np.ndarray:
        return (pair_accuracy(moved(step), asked, one.rows.queries).values - before).to_numpy()

    first, last = (float(gains(step).mean()) - GAIN for step in STEPS[kind])
    if first * last > 0:
        return None
    found = gains(brentq(lambda step: float(gains(step).mean()) - GAIN, *STEPS[kind], xtol=1e-3))
    return found - found.mean() + GAIN


Moved = Callable[[float], np.ndarray]


def towards(champion: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, Moved]:
    """A challenger that moves a part of the way from the champion to a better one."""
    return champion, lambda step: champion + step * (target - champion)


def between_refined(one: World) -> tuple[np.ndarray, Moved]:
    """From a version that learned from few lists to one that learned from all."""
    return towards(refined(one, seed=1, share=0.1), refined(one, seed=2))


def rearranged(one: World) -> tuple[np.ndarray, Moved]:
    """A refined version spoiled by noise until it is only two points better: most of a list in dispute."""
    target = refined(one, seed=1)
    noise = np.random.default_rng(one.seed).normal(0, target.std(), len(target))
    return one.incumbent, lambda step: target + step * noise


VERSIONS: dict[str, Callable[[World], tuple[np.ndarray, Moved]]] = {
    "refined against the incumbent": lambda one: towards(one.incumbent, refined(one, seed=1)),
    "refined against refined": between_refined,
    "rearranged against the incumbent": rearranged,
}
POWER_LISTS = (50, 100, 200)
POWER_HEADS = tuple(f"promoted with {lists}" for lists in POWER_LISTS)
STEPS = {name: (0.0, 3.0) if name.startswith("rearranged") else (0.0, 1.0) for name in VERSIONS}


def power_rows() -> Iterator[str]:
    """One line a kind of challenger and number of lists."""
    for kind in VERSIONS:
        tried = in_processes(partial(differences, kind), range(POWER_WORLDS))
        worlds = [one for one in tried if one is not None]
        spread = np.array([one.std(ddof=1) for one in worlds])
        wanted = np.array([wanted_for(float(one)) for one in spread])
        cells = [kind, str(len(worlds)), with_interval(spread, "{:.3f}"), with_interval(wanted, "{:.0f}")]
        for lists in POWER_LISTS:
            by_world = np.array([promoted_share(one, lists, seed) for seed, one in enumerate(worlds)])
            cells.append(with_interval(by_world, "{:.0%}"))
        yield "| " + " | ".join(cells) + " |"


def wanted_for(spread: float) -> int:
    """Lists that the gate would ask for before any is judged."""
    zeros = pd.Series(0.0, index=range(6))
    wanted, _ = queries_needed(compare(zeros, zeros, seed=0, resamples=10), spread, GateLimits())
    return wanted or 0


def promoted_share(population: np.ndarray, lists: int, world_seed: int) -> float:
    """Share of draws of so many lists on which the challenger is promoted."""
    promoted = 0
    for draw in range(POWER_DRAWS):
        drawn = np.random.default_rng([world_seed, lists, draw]).choice(population, lists, replace=False)
        promoted += decided(PairedResults.of_queries(lines_of(drawn)), draw).verdict == PROMOTE
    return promoted / POWER_DRAWS


# --- guardrails ---------------------------------------------------------------------------------------------
def guardrail_rows() -> Iterator[str]:
    """One line a kind; the same worlds for each, and the unspoiled challenger as the first line."""
    seen: dict[str, Counter[str]] = {kind: Counter() for kind in ("nothing", *KINDS)}
    by: dict[str, int] = Counter()
    for decisions in in_processes(_broken_in_world, range(-(-BROKEN_RUNS // len(KINDS)))):
        for kind, (verdict, failed) in decisions.items():
            seen[kind][verdict] += 1
            by[kind] += KINDS.get(kind) in failed
    for kind, verdicts in seen.items():
        counts = " | ".join(str(verdicts[name]) for name in ("promote", "not_yet", "refuse"))
        caught = f"{KINDS[kind]}: {by[kind]}" if kind in KINDS else ""
        yield f"| {kind} | {sum(verdicts.values())} | {counts} | {caught} |"
    total = sum((seen[kind] for kind in KINDS), Counter())
    yield (
        f"| all that break one | {total.total()} | **{total['promote']}** | {total['not_yet']} | "
        f"{total['refuse']} | promoted: {share(total['promote'], total.total())} |"
    )


def _broken_in_world(seed: int) -> dict[str, tuple[str, list[str]]]:
    """Kind -> verdict and the checks that were not passed."""
    one = world(1000 + seed)
    good = refined(one, seed=1)
    found = {}
    for kind in ("nothing", *KINDS):
        scores, more = (good, {}) if kind == "nothing" else spoiled(one, kind, good)
        decision = decided(results_of(one, scores, one.incumbent, **more), seed)
        found[kind] = (
            decision.verdict,
            [check.name for check in decision.checks if check.verdict in ("not_yet", "refuse")],
        )
    return found


def harm_rows() -> Iterator[str]:
    """How large a loss in a segment must be to be seen: 34 lists, spread as of a refined version."""
    for harm in (0.0, 0.02, 0.05, 0.08, 0.12):
        verdicts: Counter[str] = Counter()
        for seed in range(AA_RUNS):
            verdicts[decided(segments_with_one_harmed(seed, harm), seed).verdict] += 1
        kept = AA_RUNS - verdicts["promote"]
        yield f"| {100 * harm:.0f} | {share(kept, AA_RUNS)} | {share(verdicts['refuse'], AA_RUNS)} |"


def segments_with_one_harmed(seed: int, harm: float) -> PairedResults:
    """102 lists in three segments: eight points gained in two of them and `harm` lost in the third."""
    rng = np.random.default_rng([seed, int(1000 * harm)])
    group = np.array(["x", "y", "z"])[np.arange(102) % 3]
    table = lines_of(np.where(group == "y", -harm, 0.08) + rng.normal(0, 0.1, 102))
    lines = [table, table.assign(family="segment", name="kind", group=group)]
    return PairedResults(
        pd.concat([PairedResults.of_queries(part).figures for part in lines], ignore_index=True)
    )


Answer = TypeVar("Answer")


def in_processes(work: Callable[[int], Answer], seeds: range) -> list[Answer]:
    """The answers for all seeds, in their order; spawned, since LightGBM hangs in forked processes."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, seeds))


# --- the table ----------------------------------------------------------------------------------------------
def main() -> None:
    """Measure, print the table and write it."""
    write("gate", report())


def report() -> Iterator[str]:
    """All lines of the document."""
    yield "# The gate"
    yield ""
    yield (
        f"Simulated worlds (seeds 0 to {AA_RUNS - 1}; guardrails from 1000): {TRAINED} training queries with "
        f"{TRAINING_LISTS} lists of {LIST}, {HELD_OUT} held-out queries with one list each, shown in random "
        f"order; five experts, Gumbel noise {NOISE}; {RESAMPLES:,} resamples; limits as shipped. Intervals: "
        "95 %, Clopper-Pearson for counts, t over the worlds for means."
    )
    yield from aa_section()
    yield from ("", "## Power: a challenger that is truly two points better", "")
    yield (
        "The spread is the standard deviation over lists of the difference in pair accuracy, on "
        f"{POPULATION:,} lists in each of {POWER_WORLDS} worlds (seeds 0 to {POWER_WORLDS - 1}); the shares "
        f"are of {POWER_DRAWS} draws of lists in each. Worlds in which nothing so much better was learned "
        "are left out."
    )
    yield from table("challenger", "worlds", "spread", "lists for 80 %", *POWER_HEADS)
    yield from power_rows()
    yield from ("", "## Guardrails: a challenger that gains and breaks one thing")
    yield from table("breaks", "tried", "promoted", "not yet", "refused", "its guardrail spoke")
    yield from guardrail_rows()
    yield from ("", "## How large a loss in a segment of 34 lists is seen", "")
    yield "Eight points gained in two other segments; spread 0.10; 200 runs each."
    yield from table("loss in points", "not promoted", "refused")
    yield from harm_rows()


def aa_section() -> Iterator[str]:
    """Two versions of which none is better, or hardly."""
    yield from ("", "## A/A: promoted")
    yield from table("what differs", "lists", "promoted", "95 % interval")
    yield f"| one version, disturbed twice | {HELD_OUT} | {counted(aa_of_versions())} |"
    for words, verdicts in zip(
        ("", ", four more halves at hand"), zip(*aa_of_halves(), strict=True), strict=True
    ):
        yield (
            f"| trained on other halves of the lists{words} (one is truly better) | {HELD_OUT} | "
            f"{counted(list(verdicts))} |"
        )
    for name in DISTRIBUTIONS:
        for queries in (10, 30, 100):
            yield f"| differences: {name} | {queries} | {counted(aa_of_differences(name, queries))} |"


def table(*heads: str) -> tuple[str, str, str]:
    """An empty line and the head of a table."""
    return "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"


def counted(verdicts: list[str]) -> str:
    """Number and share promoted, with its interval."""
    n = verdicts.count(PROMOTE)
    return f"{n} of {len(verdicts)} | {share(n, len(verdicts))}"


def with_interval(values: np.ndarray, how: str) -> str:
    """Mean and 95 % t-interval over the worlds."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = values.mean()
    return f"{how.format(mean)} ({how.format(mean - half)} to {how.format(mean + half)})"


if __name__ == "__main__":
    main()
