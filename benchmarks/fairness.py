"""Claim: the gate refuses versions that slight a group, and not the version that is right about it.

`python -m benchmarks.fairness` lets experts judge lists; one of them favours a group and one guesses.
Challengers are the truth, and the truth moved for or against the group, against a version in service that
favours the group by far, or one that is fair and inexact. Measured on the same draws: the gate's two checks
of pairs (accuracy between the group and others, and what moving the whole group would add to it), its check
of exposure, and what the first two replaced: the gap in pair accuracy between groups by the group of the
winner, as in Beutel et al. (KDD 2019).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from benchmarks.reporting import share, write
from ranking.ltr import GateLimits, PairedResults, Preferences, paired_results
from ranking.ltr.comparison import compare
from ranking.ltr.guardrails import fairness_of, losses
from ranking.ltr.metrics import pair_accuracy
from ranking.ltr.tables import Pairs, Rows

SIZE = 8
EXPERTS = ("careful", "careful too", "careless", "random", "biased")
NOISE = {"careful": 0.2, "careful too": 0.2, "careless": 1.0, "random": 100.0, "biased": 0.2}
BIAS = 1.5  # of the biased expert, for the group
LISTS = (14, 40, 100)
GAPS = (0.0, 1.0, 2.0)
REFUSED = ("pairs", "exposure", "winner")
FAVOURED, INEXACT = "favours it by 2", "is fair, with noise 1"
CHALLENGERS = (  # in service, challenger, what the group is moved by; in spreads of what experts look at
    (FAVOURED, "the truth", 0.0),
    (FAVOURED, "truth, group moved down by 1", -1.0),
    (FAVOURED, "truth, group moved up by 3", 3.0),
    (INEXACT, "the truth", 0.0),
    (INEXACT, "truth, group moved down by 2", -2.0),
    (INEXACT, "truth, group moved up by 2", 2.0),
)
RESAMPLES = 2000
LIMITS = GateLimits()


def draw(seed: int, lists: int, gap: float) -> tuple[Rows, Pairs, np.ndarray, np.ndarray]:
    """Held-out lists; the group is worth `gap` less on average. Also the truth and who is of the group."""
    rng = np.random.default_rng([seed, lists])
    n = lists * SIZE
    member = rng.random(n) < 0.5
    truth = rng.normal(size=n) - gap * member
    number = np.repeat(np.arange(lists), SIZE)
    orders, judges = [], []
    for query in range(lists):
        at = np.flatnonzero(number == query)
        judge = EXPERTS[query % len(EXPERTS)]
        seen = truth[at] + rng.gumbel(0, NOISE[judge], SIZE) + (BIAS * member[at] if judge == "biased" else 0)
        orders.append(at[np.argsort(-seen)].tolist())
        judges.append(judge)
    pairs = Preferences.from_orders(orders, judge=judges)
    rows = Rows(
        features=pd.DataFrame({"x": truth}),
        queries=np.array([f"q{one}" for one in number], dtype=object),
        labels=np.full(n, np.nan),
        held_out=np.ones(n, dtype=bool),
        segments={},
        protected={"group": np.where(member, "a", "b").astype(object)},
        items=np.array([f"i{one}" for one in range(n)], dtype=object),
    )
    always = np.ones(len(pairs), dtype=bool)
    return rows, Pairs(pairs, np.full(len(pairs), "reordered", dtype=object), always, always), truth, member


def by_gate(results: PairedResults, seed: int) -> tuple[bool, bool]:
    """Whether the gate's checks of pairs, and of exposure, refuse."""
    found = losses(fairness_of(results, LIMITS), LIMITS, seed=seed, resamples=RESAMPLES)
    refused = [one.watched.words.startswith("exposure") for one in found if one.verdict == "refuse"]
    return False in refused, True in refused


def by_winner(rows: Rows, pairs: Pairs, scores: Sequence[np.ndarray], seed: int, limit: float = 0.05) -> bool:
    """Whether the gap between groups in accuracy, by the winner's group, grows beyond the limit, p <= .05."""
    values = []
    for score in scores:
        of_group = []
        for group in ("a", "b"):
            inside = rows.protected["group"] == group
            crossing = inside[pairs.preferences.winner] & ~inside[pairs.preferences.loser]
            of_group.append(pair_accuracy(score, pairs.preferences.take(crossing), rows.queries).values)
        both = pd.concat(of_group, axis=1)
        toward = 1.0 if both[0].mean() >= both[1].mean() else -1.0
        # linearised as the gate does: its mean is the gap of the means over each group's own queries
        filled = (both - both.mean()).fillna(0.0) * len(both) / both.notna().sum()
        values.append(1 - toward * (filled[0] - filled[1] + both[0].mean() - both[1].mean()))
    challenger, champion = values
    found = compare(challenger, champion, seed=seed, resamples=RESAMPLES)
    return found.difference < -limit and found.p_loss <= LIMITS.level


def rates(runs: int) -> Iterator[str]:
    """One line for each gap, challenger and number of lists."""
    for gap in GAPS:
        for service, name, shift in CHALLENGERS:
            for lists in LISTS:
                seen = pd.DataFrame([_once(seed, lists, gap, service, shift) for seed in range(runs)])
                refused = " | ".join(share(int(seen[column].sum()), runs) for column in REFUSED)
                gain = f"{100 * seen['gain'].mean():+.1f}"
                yield f"| {gap:g} | {service} | {name} | {lists} | {gain} | {refused} |"


def _once(seed: int, lists: int, gap: float, service: str, shift: float) -> dict[str, float]:
    rows, pairs, truth, member = draw(seed, lists, gap)
    noise = np.random.default_rng([seed, 99]).normal(size=len(truth))
    champion = truth + (2 * member if service == FAVOURED else noise)
    challenger = truth + shift * member
    of_pairs, of_exposure = by_gate(paired_results(rows, pairs, challenger, champion), seed)
    gain = [pair_accuracy(s, pairs.preferences, rows.queries).mean() for s in (challenger, champion)]
    winner = by_winner(rows, pairs, (challenger, champion), seed)
    return {"gain": gain[0] - gain[1], **dict(zip(REFUSED, (of_pairs, of_exposure, winner), strict=True))}


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    runs = parser.parse_args().seeds
    write(
        "fairness",
        [
            "# Groups: what is refused",
            "",
            f"`python -m benchmarks.fairness`, {runs} draws a line, seeds 0 to {runs - 1}. Shares of draws",
            "that each check refuses, with 95 % intervals (Clopper and Pearson). Half of the candidates are",
            f"of the group. Of five experts one favours it by {BIAS:g} spreads of what they look at, one",
            "guesses and one is careless. Exposure is a limit that is set, not a finding: it also holds",
            "where the group is worth less.",
            "",
            "| group is worth less by | in service | challenger | lists | points against the experts | "
            "accuracy and placement | exposure | replaced: gap by winner |",
            "|---|---|---|---|---|---|---|---|",
            *rates(runs),
        ],
    )


if __name__ == "__main__":
    main()
