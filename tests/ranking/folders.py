"""The folder of a project to load and change: the demo's, cut down to what a test needs."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

from ranking.services.candidates import forget_catalogues

ADVISERS = Path(__file__).parents[2] / "fixtures" / "advisers"
N_ITEMS, N_QUERIES = 120, 6

CARDS = """
slug = "cards"
name = "Cards for needs"
reference_year = 2025
[files]
items = "cards.csv"
queries = "needs.csv"
[item]
noun = "card"
plural = "cards"
key = "key"
title = "title"
[[item.fields]]
name = "key"
label = "Key"
[[item.fields]]
name = "title"
label = "Title"
[[item.fields]]
name = "price"
label = "Price"
type = "number"
[[item.fields]]
name = "about"
label = "About"
[query]
noun = "need"
plural = "needs"
key = "key"
title = "title"
[[query.fields]]
name = "key"
label = "Key"
[[query.fields]]
name = "title"
label = "Title"
[[query.fields]]
name = "wish"
label = "Wish"
[[features]]
name = "price"
label = "Price"
kind = "numeric"
field = "price"
[[sort]]
feature = "price"
direction = "ascending"
"""
CARD_ROWS = "key,title,price,about\na,Blue card,1,the card is working\nb,Red card,2,the card is not working\n"
NEED_ROWS = "key,title,wish\nq1,First,a working card\nq2,Second,a card\n"


def cut_down(folder: Path) -> Path:
    """Fill a folder with the demo's first advisers and mandates, and return it."""
    rows = {name: rows_of(ADVISERS / f"{name}.csv") for name in ("advisers", "mandates", "labels")}
    rows["advisers"], rows["mandates"] = rows["advisers"][:N_ITEMS], rows["mandates"][:N_QUERIES]
    keys = {row["adviser_id"] for row in rows["advisers"]}, {row["mandate_id"] for row in rows["mandates"]}
    rows["labels"] = [r for r in rows["labels"] if r["adviser_id"] in keys[0] and r["mandate_id"] in keys[1]]
    rows["labels"] += _contrasts(rows["labels"], [row["adviser_id"] for row in rows["advisers"]])
    for name, found in rows.items():
        write_rows(folder / f"{name}.csv", found)
    shutil.copy(ADVISERS / "project.toml", folder)
    return folder


def _contrasts(labels: list[dict[str, str]], advisers: list[str]) -> list[dict[str, str]]:
    """Return a label of another grade for each mandate: the few that are left may give it one grade only."""
    labelled = {row["adviser_id"] for row in labels}
    other = next(key for key in advisers if key not in labelled)
    first = {row["mandate_id"]: row for row in reversed(labels)}.values()
    return [{**row, "adviser_id": other, "grade": "1" if row["grade"] == "0" else "0"} for row in first]


def small(folder: Path, *features: str) -> Path:
    """Fill a folder with a project of two cards and two needs, and further features as TOML; return it."""
    forget_catalogues()  # ids are given anew after each test, and the cache would still know the old ones
    (folder / "project.toml").write_text(CARDS + "".join(f"[[features]]\n{one}\n" for one in features))
    (folder / "cards.csv").write_text(CARD_ROWS)
    (folder / "needs.csv").write_text(NEED_ROWS)
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
