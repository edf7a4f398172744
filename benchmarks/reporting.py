"""Writing down what a benchmark found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy.stats import beta, t

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"


def write(name: str, lines: Iterable[str]) -> None:
    """Print a table and put it into the documents."""
    text = "\n".join(lines) + "\n"
    print(text)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")


def interval(values: Iterable[float], digits: int = 3) -> str:
    """Mean and 95 % t-interval."""
    found = np.asarray(list(values), dtype=float)
    half = t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))
    return f"{found.mean():.{digits}f} ({found.mean() - half:.{digits}f} to {found.mean() + half:.{digits}f})"


def share(k: int, n: int) -> str:
    """A share with its Clopper-Pearson interval."""
    low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return f"{k / n:.1%} ({low:.1%} to {high:.1%})"
