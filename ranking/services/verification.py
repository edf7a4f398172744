"""Verification: rebuild a version from its frozen training set and compare, byte for byte."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ranking.ltr import Ranker, load_ranker
from ranking.models import ModelVersion
from ranking.scratch import scratch
from ranking.services import files, running
from ranking.services.training_sets import load_frames


@dataclass(frozen=True)
class Verification:
    """What a rebuilt version had in common with the stored one.

    `same_provenance` is None for a version that keeps no file of what it would be without each session.
    """

    version: ModelVersion
    same_bytes: bool
    largest_difference: float
    rows: int
    same_provenance: bool | None = None

    @property
    def passed(self) -> bool:
        """Whether the trees and the provenance are byte-identical and all predictions equal."""
        return self.same_bytes and self.largest_difference == 0.0 and self.same_provenance is not False


def verify(version: ModelVersion) -> Verification:
    """Train the version anew from what was frozen. Raises BrokenFile, ChildFailed, ChildDied, ValueError.

    The champion it was built on is its parent; a version that is a sorting rule was not trained.
    """
    if version.training_set is None:
        raise ValueError(f"version {version.number} is the sorting rule: nothing was trained")
    stored = files.read(version.file, version.sha256)
    sources = (
        files.read(version.provenance_file, version.provenance_sha256) if version.provenance_file else None
    )
    task = running.task(
        version.training_set,
        version.parent,
        params=version.params,
        seed=version.seed,
        name=f"version {version.number}",
    )
    with scratch("verify") as folder:
        running.prepare(folder, version.training_set, task)
        made = running.run_child(folder, lambda _progress: False)
    features = _features(version)
    old = load_ranker(stored, version.sha256)
    new: Ranker = load_ranker(made.model, files.checksum(made.model))
    difference = float(np.abs(old.score(features) - new.score(features)).max())
    return Verification(
        version=version,
        same_bytes=made.model == stored,
        largest_difference=difference,
        rows=len(features),
        same_provenance=None if sources is None else made.provenance == sources,
    )


def _features(version: ModelVersion) -> pd.DataFrame:
    assert version.training_set is not None
    rows = pd.read_parquet(io.BytesIO(load_frames(version.training_set)[0]))
    return rows.filter(regex="^f:").rename(columns=lambda name: name.removeprefix("f:"))
