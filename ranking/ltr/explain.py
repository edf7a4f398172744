"""Why an item stands where it stands: contributions against a reference, and pair by pair.

Contributions add up: the reasons for one item sum to its score minus the reference's mean score, the
reasons for a pair sum to the difference of the two scores. Columns alone do not always account for it: what a
training taught is behind a gate (`refinement`), and across queries the gate opens differently far. What that
does to the part of the score that belongs to no column is a reason of its own, of the column "base". Within
one query there is none. Does *not* speak: the words are the pages'.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ranking.ltr.checking import whole_number
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.model import BASE, Ranker
from ranking.ltr.preferences import Floats
from ranking.ltr.refined import Refined, opened
from ranking.ltr.refinement import RefinementComponent

ROUNDING = 1e-12
"""Differences below this share of the base are those of sums in another order."""


class Reason(NamedTuple):
    """What one column adds to an item's score beyond the reference; `value` is NaN where missing.

    Of "base", which no column is called, the value is how far the gates are open for the item, from 0, nobody
    judged a query like its own, to 1; the mean, if several trainings have one.
    """

    column: str
    contribution: float
    value: float


class PairReason(NamedTuple):
    """What one column adds to the winner's lead over the loser; "base" and its values are as in `Reason`."""

    column: str
    contribution: float
    winner_value: float
    loser_value: float


class PairReasons(NamedTuple):
    """The winner's lead and every part in it, the strongest first; the parts sum to the margin."""

    margin: float
    reasons: tuple[PairReason, ...]


def reasons(
    ranker: Ranker | Refined,
    features: pd.DataFrame | Floats,
    reference: pd.DataFrame | Floats | None = None,
    *,
    top: int = 3,
) -> list[list[Reason]]:
    """The `top` strongest contributions of each row, beyond the mean contribution of the reference.

    Parameters
    ----------
    ranker : a ranker, or what `refine` gives if its incumbent is one
    features : (n, d) rows to explain, a table or an array as for its `score`
    reference : (m, d) rows to compare with, at least one, such as all candidates of the query; `features`
        if None
    top : most reasons for one row; a column that adds nothing is no reason

    Raises
    ------
    InvalidFeatures
        For tables that the model does not score, no reference and a model that cannot be explained.

    Worked example: the reference has size 1 and 3 around the median 2, the scale is 1.

    >>> from ranking.ltr.model import RuleComponent
    >>> table = pd.DataFrame({"size": [1.0, 2.0, 3.0], "fee": [0.0, 0.0, 0.0]})
    >>> ranker = Ranker(("size", "fee"), (RuleComponent.fit(table, [("size", "descending")]),))
    >>> reasons(ranker, table.iloc[[2]], table)
    [[Reason(column='size', contribution=0.5, value=3.0)]]
    """
    whole_number("top", top, 0)
    ranker, (features, *others) = opened(ranker, features, *([] if reference is None else [reference]))
    shares = ranker.contributions(features)
    typical = ranker.contributions(others[0]) if others else shares
    if others and not len(typical):
        raise InvalidFeatures("the reference has no rows; expected at least one to compare with")
    if not len(shares):
        return []
    lead = shares.to_numpy() - typical.to_numpy().mean(axis=0)
    lead[:, -1] = _beyond_rounding(lead[:, -1], shares[BASE].to_numpy())
    values = _values(ranker, features).to_numpy()
    names = (*ranker.columns, BASE)
    order = np.argsort(-np.abs(lead), axis=1, kind="stable")[:, :top]
    return [
        [
            Reason(names[place], float(lead[row, place]), float(values[row, place]))
            for place in places
            if lead[row, place] != 0
        ]
        for row, places in enumerate(order)
    ]


def pair_reasons(
    ranker: Ranker | Refined, winner: pd.DataFrame | Floats, loser: pd.DataFrame | Floats
) -> PairReasons:
    """Every column's part in the winner's lead over the loser: phi(winner) - phi(loser).

    Parameters
    ----------
    ranker : a ranker, or what `refine` gives if its incumbent is one
    winner, loser : (1, d) tables or arrays, as for its `score`

    Returns
    -------
    PairReasons
        Whose contributions sum to `margin`, score of the winner minus score of the loser, to 1e-9; what
        adds nothing is left out.
    """
    ranker, (winner, loser) = opened(ranker, winner, loser)
    over, under = ranker.table(winner), ranker.table(loser)
    if len(over) != 1 or len(under) != 1:
        raise InvalidFeatures(f"{len(over)} and {len(under)} rows; expected one winner and one loser")
    both = pd.concat([over, under], ignore_index=True)
    shares = ranker.contributions(both)
    score = ranker.score(both)
    lead = shares.iloc[0] - shares.iloc[1]
    lead[BASE] = _beyond_rounding(lead[[BASE]].to_numpy(), shares[BASE].to_numpy())[0]
    values = _values(ranker, both)
    found = [
        PairReason(column, float(lead[column]), float(values[column].iat[0]), float(values[column].iat[1]))
        for column in lead.index[lead.to_numpy() != 0]
    ]
    return PairReasons(
        float(score[0] - score[1]), tuple(sorted(found, key=lambda reason: -abs(reason.contribution)))
    )


def _beyond_rounding(lead: Floats, base: Floats) -> Floats:
    """The differences of bases, 0 where means and gates of one query differ in their last digit only."""
    return np.where(np.abs(lead) > ROUNDING * np.abs(base).max(initial=0.0), lead, 0.0)


def _values(ranker: Ranker, features: pd.DataFrame | Floats) -> pd.DataFrame:
    """(n, d + 1) values that reasons speak of: of each column, and how far the gates are open."""
    table = ranker.table(features)
    gates = [
        part.gate(table)
        for part in ranker.components
        if isinstance(part, RefinementComponent) and part.coverage is not None
    ]
    return table.assign(**{BASE: np.mean(gates, axis=0) if gates else 1.0})
