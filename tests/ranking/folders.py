"""The folder of a project to load and change: the demo's, cut down to what a test needs."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

ADVISERS = Path(__file__).parents[2] / "fixtures" / "advisers"
N_ITEMS, N_QUERIES = 120, 6


def cut_down(folder: Path) -> Path:
    """Fill a folder with the demo's first advisers and mandates, and return it."""
    rows = {name: rows_of(ADVISERS / f"{name}.csv") for name in ("advisers", "mandates", "labels")}
    rows["advisers"], rows["mandates"] = rows["advisers"][:N_ITEMS], rows["mandates"][:N_QUERIES]
    keys = {row["adviser_id"] for row in rows["advisers"]}, {row["mandate_id"] for row in rows["mandates"]}
    rows["labels"] = [r for r in rows["labels"] if r["adviser_id"] in keys[0] and r["mandate_id"] in keys[1]]
    for name, found in rows.items():
        write_rows(folder / f"{name}.csv", found)
    shutil.copy(ADVISERS / "project.toml", folder)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def change(folder: Path, name: str, key: str, /, **values: Any) -> None:
    """Change a row of one of the files, found by the value of its first column."""
    rows = rows_of(folder / f"{name}.csv")
    for row in rows:
        if next(iter(row.values())) == key:
            row.update(values)
    write_rows(folder / f"{name}.csv", rows)


def replace_in_description(folder: Path, old: str, new: str) -> None:
    """Replace a piece of the description, which must be there."""
    text = (folder / "project.toml").read_text()
    assert old in text
    (folder / "project.toml").write_text(text.replace(old, new, 1))
