"""What `refine` gives back: a model that scores, explains itself and says what it would be without a source.

Whatever it stands on: a `Ranker`, nothing, or any object that scores. Does *not* learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.ltr.checking import table_array
from ranking.ltr.columns import unmasked
from ranking.ltr.errors import InvalidFeatures
from ranking.ltr.model import Ranker, Scorer
from ranking.ltr.preferences import Floats
from ranking.ltr.provenance import Provenance


@dataclass(frozen=True, eq=False, repr=False)
class Refined:
    """A refined model.

    Attributes
    ----------
    ranker : the whole model if the incumbent is a `Ranker` or there is none; otherwise what was added to it,
        or None if nothing was
    report : what was tried, chosen and found out about the judges; plain values
    columns : names of the columns of the training, in order
    incumbent, factor : the model below and the factor of its scores, if it is not inside `ranker`
    provenance, below : the model without each source, and the incumbent that it stands on
    """

    ranker: Ranker | None
    report: dict[str, Any]
    columns: tuple[str, ...]
    incumbent: Scorer | None = None
    factor: float = 1.0
    provenance: Provenance | None = None
    below: Scorer | None = None

    def score(self, features: pd.DataFrame | Floats, queries: npt.ArrayLike | None = None) -> Floats:
        """(n,) float64, higher is better.

        Parameters
        ----------
        features : (n, d) table or array with the columns of the training, in their order if an array
        queries : (n,) passed on to the incumbent, which may need it
        """
        table = self._table(features)
        total = np.zeros(len(table)) if self.ranker is None else self.ranker.score(table)
        if self.incumbent is None:
            return total
        return np.asarray(
            total + self.factor * incumbent_scores(self.incumbent, table, queries), dtype=np.float64
        )

    def without(self, features: pd.DataFrame | Floats, queries: npt.ArrayLike | None = None) -> pd.DataFrame:
        """(n, sources) score of each row as it would be without each source; see `provenance.moved`.

        No columns if nothing was taken over. Raises InvalidFeatures if `refine` was not told the sources.
        """
        if self.provenance is None:
            raise InvalidFeatures("where the pairs came from is not known; expected refine(..., sources=)")
        table = self._table(features)
        base = np.zeros(len(table))
        if self.below is not None:
            base = incumbent_scores(self.below, table, queries)
        return self.provenance.scores(table, base).set_axis(_index(features), axis=0)

    def contributions(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """(n, columns + 1) shares of the score by column and "base"; each row sums to its score.

        Raises InvalidFeatures if the incumbent is no `Ranker`: what it does inside is not known.
        """
        ranker, (table,) = opened(self, features)
        return ranker.contributions(table).set_axis(_index(features), axis=0)

    def _table(self, features: pd.DataFrame | Floats) -> pd.DataFrame:
        """The columns of the training, in order: an incumbent may read them by their places."""
        table = as_table(features, self.columns)
        missing = [name for name in self.columns if name not in table.columns]
        if missing:
            raise InvalidFeatures(f"column {missing[0]!r} is missing; expected {list(self.columns)}")
        return table.loc[:, list(self.columns)]

    def __repr__(self) -> str:
        """What was chosen; not the trees, which fill a screen of a notebook a hundred times."""
        return f"Refined({len(self.columns)} columns; {self.report['choice']})"


def opened(
    model: Ranker | Refined, *tables: pd.DataFrame | Floats
) -> tuple[Ranker, tuple[pd.DataFrame | Floats, ...]]:
    """The ranker of a model and the tables for it: an array has the columns of the training, in their order.

    Raises InvalidFeatures for what is neither, and for a refinement of an incumbent that is no `Ranker`.
    """
    if isinstance(model, Ranker):
        return model, tables
    if not isinstance(model, Refined):
        raise InvalidFeatures(
            f"the model is a {type(model).__name__}; expected a Ranker, or what refine gives"
        )
    if model.ranker is None or model.incumbent is not None:
        raise InvalidFeatures("the incumbent explains nothing; expected a Ranker")
    return model.ranker, tuple(model._table(features) for features in tables)


def as_table(features: pd.DataFrame | Floats, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """A table with names as text: its own, or `columns`, or f0, f1, ... for an array, NaN where masked."""
    if isinstance(features, pd.DataFrame):
        table = features.reset_index(drop=True)
        return table.set_axis([str(name) for name in table.columns], axis=1)
    array = table_array(features)
    if array.ndim != 2:
        raise InvalidFeatures(f"features have {array.ndim} dimensions; expected rows and columns")
    names = columns or tuple(f"f{place}" for place in range(array.shape[1]))
    if len(names) != array.shape[1]:
        raise InvalidFeatures(f"an array of shape {array.shape}; expected (n, {len(names)})")
    return pd.DataFrame(array, columns=list(names))


def _index(features: pd.DataFrame | Floats) -> pd.Index:
    return features.index if isinstance(features, pd.DataFrame) else pd.RangeIndex(len(features))


def incumbent_scores(incumbent: Scorer, table: pd.DataFrame, queries: npt.ArrayLike | None) -> Floats:
    """(n,) scores of the incumbent. Raises InvalidFeatures if they are not that many finite numbers."""
    found = incumbent.score(table.copy(), queries=queries)  # whatever it does to its table
    try:
        scores = np.asarray(unmasked(found), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidFeatures(f"the incumbent's scores are no numbers ({error})") from None
    if scores.shape != (len(table),):
        raise InvalidFeatures(
            f"the incumbent's scores have shape {scores.shape}; expected one for each of {len(table)} rows"
        )
    wrong = np.flatnonzero(~np.isfinite(scores))
    if len(wrong):
        raise InvalidFeatures(
            f"the incumbent's score of row {wrong[0]} is {scores[wrong[0]]}; expected a finite number"
        )
    return scores
