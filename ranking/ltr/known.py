"""Do judges put lists whose order is known in that order? One figure a judge, and what to make of it.

The known order is held against a judge's as an earlier order of theirs would be: share of its pairs put the
same way round, a tie as half, so that chance is a half. Does *not* ask what a model thinks: a judge whom the
model has misunderstood, or who taught it, is judged all the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from ranking.ltr.agreement import repeat_consistency
from ranking.ltr.intervals import Estimate
from ranking.ltr.judges import MOST_HONEST

CHANCE = 0.5


@dataclass(frozen=True)
class AgainstKnown:
    """One judge held against known orders.

    Attributes
    ----------
    lists : lists that hold a pair of rows that both orders say something about
    same : of these, in exactly the known order
    tau_b : mean tau-b of the judge's order and the known one; 0 by chance
    kept : mean share of the known order's pairs that the judge put the same way round; .5 by chance
    verdict : as of `known_verdict`
    """

    judge: str
    lists: int
    same: int
    tau_b: Estimate
    kept: Estimate
    verdict: str

    @property
    def needs_a_look(self) -> bool:
        """Whether the answers look random or turned round."""
        return self.verdict in ("random", "inverted")

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def hold_against_known(judged: pd.DataFrame, *, seed: int = 0) -> tuple[AgainstKnown, ...]:
    """Hold each judge against the known orders of lists.

    Parameters
    ----------
    judged : one line per judge and row of a list, each list once a judge, with the columns of
        `measure_agreement` and `known`, the known rank: lower is better, equal is a tie
    seed : of all intervals

    Raises
    ------
    InvalidPreferences
        Naming the column and what is wrong with it.

    Worked example: four lists, by somebody who swaps two of four rows and one who reads upside down.

    >>> orders = {"ada": [1, 2, 4, 3], "eve": [4, 3, 2, 1]}
    >>> judged = pd.DataFrame(
    ...     [(f"list {n}", judge, row, rank, known) for n in range(4) for judge, ranks in orders.items()
    ...      for row, rank, known in zip("wxyz", ranks, [1, 2, 3, 4])],
    ...     columns=["list_id", "judge", "row", "rank", "known"])
    >>> [(one.judge, one.lists, round(one.kept.value, 3), one.verdict) for one in hold_against_known(judged)]
    [('ada', 4, 0.833, 'reliable'), ('eve', 4, 0.0, 'inverted')]
    """
    known = judged.assign(rank=judged["known"], occasion=0)
    both = pd.concat([known, judged.assign(occasion=1)], ignore_index=True)
    return tuple(
        AgainstKnown(one.judge, one.repeats, one.same, one.tau_b, one.kept, known_verdict(one.kept))
        for one in repeat_consistency(both, seed=seed)
    )


def known_verdict(kept: Estimate) -> str:
    """Return what a share of pairs put in the known order says of a judge.

    "inverted" if the interval lies below chance, "reliable" if it lies above, "random" if it holds chance and
    no share that a reliable judge has, 1 - `MOST_HONEST` at least; else "unknown", as without an interval.

    >>> [known_verdict(Estimate(mean, mean - 0.1, mean + 0.1, 9)) for mean in (0.2, 0.5, 0.8, 0.61)]
    ['inverted', 'random', 'reliable', 'reliable']
    >>> known_verdict(Estimate(0.55, 0.3, 0.8, 4)), known_verdict(Estimate(0.1, None, None, 2))
    ('unknown', 'unknown')
    """
    if kept.low is None or kept.high is None:
        return "unknown"
    if kept.high < CHANCE:
        return "inverted"
    if kept.low > CHANCE:
        return "reliable"
    return "random" if kept.high < 1 - MOST_HONEST else "unknown"
