"""Writing down what a benchmark found."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy.stats import beta, t

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"


def write(name: str, lines: Iterable[str]) -> None:
    """Print a table and put it into the documents. Ends the run for a table that measured nothing."""
    text = "\n".join(lines) + "\n"
    print(text)
    check(text)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")


def check(text: str) -> None:
    """End the run where a table of a text has no rows, or a cell without a figure (nan, inf)."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        is_rule = "-" in line and set(line) <= set("|-: ")
        if is_rule and not "".join(lines[place + 1 : place + 2]).startswith("|"):
            sys.exit(f"a table has no rows: {lines[place - 1]}")
        if any(word in ("nan", "inf", "-inf") for word in re.findall(r"[-\w.]+", line)):
            sys.exit(f"a figure is missing: {line}")


def times(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """Return the ratio of two medians. Ends the run where the yardstick, `theirs`, measured nothing."""
    yardstick = np.asarray(list(theirs), dtype=float)
    if not len(yardstick) or not np.median(yardstick) > 0:
        sys.exit(f"the yardstick measured nothing: {yardstick.tolist()}")
    return float(np.median(list(ours)) / np.median(yardstick))


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
