"""What benchmarks learn from: a made-up world, and the LETOR sets of `../shared/data` where it is present.

Not a benchmark: it measures nothing, and run by itself it lists what is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_svmlight_file

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@dataclass(frozen=True, eq=False)
class Data:
    """Features, what the experts look at, and the query of each row."""

    name: str
    features: pd.DataFrame
    utility: np.ndarray
    queries: np.ndarray


def every_data() -> Iterator[Data]:
    """The made-up world, and the LETOR sets that are there."""
    yield made_up()
    readers = {
        "LightGBM example": lambda: by_group_sizes(DATA / "lightgbm_lambdarank"),
        "MQ2008, fold 1 test": lambda: by_qid(DATA / "mq2008_fold1_test"),
        "MSLR, 86 queries": lambda: by_qid(DATA / "mslr_msn1_5k"),
    }
    for name, read in readers.items():
        if DATA.exists():
            features, labels, queries = read()
            yield Data(name, features, (labels - labels.mean()) / labels.std(), queries)
        else:
            print(f"{name} is left out: {DATA} is not there", file=sys.stderr)


def made_up() -> Data:
    """150 queries of 20 candidates; the experts see a bend, a slope and an interaction."""
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(3000, 6)), columns=list("abcdef"))
    utility = 1.5 * features["a"] - features["b"].abs() + features["c"] * (features["d"] > 0)
    return Data("made up", features, (utility / utility.std()).to_numpy(), np.repeat(np.arange(150), 20))


def by_qid(folder: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Features, labels and queries of the `qid` files of a folder, query by query."""
    parts = [load_svmlight_file(str(path), query_id=True) for path in sorted(folder.glob("*.txt"))]
    return _stacked([(matrix.toarray(), labels, queries) for matrix, labels, queries in parts])


def by_group_sizes(folder: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The same from files whose queries stand beside them as numbers of rows."""
    parts, first = [], 0
    for path in (folder / "rank.train", folder / "rank.test"):
        matrix, labels = load_svmlight_file(str(path))
        sizes = np.loadtxt(f"{path}.query", dtype=int)
        parts.append((matrix.toarray(), labels, first + np.repeat(np.arange(len(sizes)), sizes)))
        first += len(sizes)
    return _stacked(parts)


def _stacked(
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    width = max(matrix.shape[1] for matrix, _, _ in parts)
    padded = [np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix, _, _ in parts]
    labels, queries = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    order = np.argsort(queries, kind="stable")
    features = pd.DataFrame(np.vstack(padded)[order], columns=[f"f{place}" for place in range(width)])
    return features, labels[order], queries[order]


if __name__ == "__main__":
    for one in every_data():
        print(f"{one.name}: {len(one.features):,} rows, {len(np.unique(one.queries))} queries")
