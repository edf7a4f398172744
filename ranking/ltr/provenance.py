"""Which session moved which match: the model as it would be without each of its sources, fitted again.

A source is whatever a pair came from, such as a feedback session. The choices of the training stay (judges,
sizes, mix, belief, where experts looked); every learner in the mix is fitted again on all pairs but those of
one source. What the source did to a row is the score with it less the score without it: leave-one-out, as
in Cook (Technometrics 1977), by refits and not by an approximation. Two sessions that say the same each move
little, since the other is there; the sum over sources is therefore less than what all of them did.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ranking.ltr.checking import numbers
from ranking.ltr.components import LinearComponent, TreeComponent
from ranking.ltr.coverage import Coverage
from ranking.ltr.errors import CorruptModel, InvalidFeatures, LtrError
from ranking.ltr.model import checksum
from ranking.ltr.preferences import Floats, Objects
from ranking.ltr.problem import Problem
from ranking.ltr.refinement import PARTS, RefinementComponent

FORMAT = "tiebreak provenance"
FORMAT_VERSION = 1

Parts = tuple[LinearComponent | TreeComponent, ...]
Fit = Callable[[Problem], tuple[float, Parts]]
"""The incumbent's weight and the parts that are added, from the pairs of a problem."""


@dataclass(frozen=True, eq=False)
class Without:
    """A training without one of its sources.

    Attributes
    ----------
    source : what was left out
    lists : how many judged lists that were
    factor : of the incumbent's scores
    parts : what is added to them, behind the same gate as in the model itself
    """

    source: str
    lists: int
    factor: float
    parts: Parts


@dataclass(frozen=True, eq=False)
class Provenance:
    """The model without each source; together with the incumbent's scores, those of every "what if not".

    >>> load_provenance(*Provenance((), None).to_file()).sources
    ()
    """

    sources: tuple[Without, ...]
    coverage: Coverage | None

    def scores(self, features: pd.DataFrame, base: Floats) -> pd.DataFrame:
        """(n, sources) score of each row without each source, from the incumbent's (n,) own; by source."""
        gate = np.ones(len(features)) if self.coverage is None else self.coverage.gate(features)
        columns = {}
        for one in self.sources:
            part = RefinementComponent("without", 1.0, one.parts, None)
            columns[one.source] = one.factor * base + gate * part.score(features)
        return pd.DataFrame(columns, index=features.index, dtype=np.float64)

    def to_file(self) -> tuple[bytes, str]:
        """The compressed file and its checksum: the same bytes for the same training."""
        content = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            "sources": [
                {
                    "source": one.source,
                    "lists": one.lists,
                    "factor": one.factor,
                    "parts": [part.to_dict() for part in one.parts],
                }
                for one in self.sources
            ],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        data = gzip.compress(text.encode("ascii"), mtime=0)
        return data, checksum(data)


def load_provenance(data: bytes, sha256: str) -> Provenance:
    """Read a file; as with a model, nothing is parsed whose checksum is not the recorded one.

    Raises
    ------
    CorruptModel
        For other bytes, or bytes that are no such file.
    """
    if checksum(data) != sha256:
        raise CorruptModel(f"provenance of {len(data)} bytes does not have checksum {sha256[:12]}…")
    try:
        content: dict[str, Any] = json.loads(gzip.decompress(data))
        if (content["format"], content["version"]) != (FORMAT, FORMAT_VERSION):
            raise CorruptModel(
                f"format {content['format']!r} version {content['version']!r}; expected {FORMAT_VERSION}"
            )
        sources = tuple(
            Without(
                source=str(one["source"]),
                lists=int(one["lists"]),
                factor=float(one["factor"]),
                parts=tuple(PARTS[part["kind"]].from_dict(part) for part in one["parts"]),
            )
            for one in content["sources"]
        )
        coverage = content["coverage"]
        return Provenance(sources, None if coverage is None else Coverage.from_dict(coverage))
    except CorruptModel:
        raise
    except (LtrError, OSError, EOFError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CorruptModel(f"not a provenance file ({type(error).__name__}: {error})") from error


def without_each(
    problem: Problem,
    sources: Objects,
    fit: Fit,
    *,
    alone: float,
    threads: int = 1,
    on_source: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Without, ...]:
    """Fit again without each source, in the order of their names.

    Parameters
    ----------
    problem : as the model was fitted on
    sources : (p,) source of each of the experts' pairs
    fit : the model's own fit, choices and all
    alone : weight of the incumbent where no pair is left
    threads : fits at a time; what they find does not depend on it
    on_source : called with (done, total) by the caller's own thread; may raise `TrainingCancelled`
    """
    of = np.array([str(source) for source in sources], dtype=object)
    names = sorted(set(of))

    def without(name: str) -> Without:
        kept = of != name
        lists = len(set(problem.expert.list_id[~kept]))
        factor, parts = fit(_reduced(problem, kept)) if kept.any() else (alone, ())
        return Without(name, lists, factor, parts)

    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(without, name) for name in names]
        found = []
        try:
            for done, one in enumerate(waiting):
                on_source(done, len(names))
                found.append(one.result())
        finally:  # who cancels does not wait for hundreds of fits
            pool.shutdown(wait=False, cancel_futures=True)
    return tuple(found)


def scaled(sources: tuple[Without, ...], factor: float) -> tuple[Without, ...]:
    """The same with the incumbent's weights on another scale."""
    return tuple(replace(one, factor=one.factor * factor) for one in sources)


def moved(full: Floats, without: pd.DataFrame) -> pd.DataFrame:
    """(n, sources) places that each row gained by each source; negative for places lost.

    Raises InvalidFeatures unless `full` has one number for each row of `without`, as `Refined.without` gives.

    >>> full, without = np.array([3.0, 2.0, 1.0]), pd.DataFrame({"spring": [1.0, 2.0, 0.0]})
    >>> moved(full, without)["spring"].tolist()
    [1, -1, 0]
    """
    if not isinstance(without, pd.DataFrame):
        raise InvalidFeatures(f"without is a {type(without).__name__}; expected a table, a column a source")
    ranks = _ranks(numbers("full", full, len(without)))
    return without.apply(lambda scores: _ranks(scores.to_numpy()) - ranks)


def _ranks(scores: Floats) -> Floats:
    """(n,) places from 1; of equal scores the earlier row first, as lists are served."""
    order = np.argsort(-scores, kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return np.asarray(ranks)


def _reduced(problem: Problem, kept: Any) -> Problem:
    """The problem with some of its expert pairs; the rows, and what was built of them, stay."""
    changed = replace(
        problem,
        expert=problem.expert.take(kept),
        flip_rate=problem.flip_rate[kept],
        anchoring=problem.anchoring[kept],
        fresh=problem.fresh[kept],
    )
    for name in ("has_incumbent", "design", "matrix"):
        if name in problem.__dict__:
            changed.__dict__[name] = problem.__dict__[name]
    return changed
