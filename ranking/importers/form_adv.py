"""SEC Form ADV Part 1A: the SEC's own headings, number formats, dates and flags.

Source: "Investment Adviser Data" of the US Securities and Exchange Commission, one row for each registered
adviser. Items of the form: 5A employees; 5C(1) clients without regulatory assets under management;
5F(2)(a)/(b)/(c) discretionary, non-discretionary and total regulatory assets in US dollars; 2A(1) large
adviser; 2A(2) mid-sized adviser. The key is the organisation's CRD number: names repeat.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ranking.importers.cells import BadCell
from ranking.importers.csv_tables import read_rows
from ranking.importers.tables import LONGEST_TITLE, Refusals, Table

_AMOUNT = re.compile(r"(\d{1,3}(,\d{3})+|\d*)(\.\d*)?", re.ASCII)
_RANGE = re.compile(r"(\d+)-(\d+)", re.ASCII)

REGION_OF = {
    state: region
    for region, states in {
        "Northeast": "CT ME MA NH NJ NY PA RI VT",
        "Midwest": "IL IN IA KS MI MN MO NE ND OH SD WI",
        "South": "AL AR DC DE FL GA KY LA MD MS NC OK SC TN TX VA WV",
        "West": "AK AZ CA CO HI ID MT NM NV OR UT WA WY",
        "Territories": "AS GU MP PR VI",
    }.items()
    for state in states.split()
}
"""Regions of the US Census Bureau by state code."""


def amount(text: str) -> float | None:
    """Read a number as the SEC writes it; None when the cell is empty.

    A few advisers answer 5C(1) with a range of an older form: its middle is taken.

    >>> amount('           576,373,248.00'), amount('   .00'), amount(' 16'), amount(' 11-25'), amount('')
    (576373248.0, 0.0, 16.0, 18.0, None)
    """
    text = text.strip()
    if not text:
        return None
    if found := _RANGE.fullmatch(text):
        low, high = int(found.group(1)), int(found.group(2))
        if low <= high:
            return (low + high) / 2
    if not _AMOUNT.fullmatch(text) or not any(character.isdigit() for character in text):
        raise BadCell(f"expected a number like 1,250.00, found {text[:60]!r}")
    return float(text.replace(",", ""))


def day(text: str) -> str | None:
    """Read a date like 06/26/2025 as 2025-06-26; None when the cell is empty."""
    if not text.strip():
        return None
    try:
        return datetime.datetime.strptime(text.strip(), "%m/%d/%Y").date().isoformat()
    except ValueError:
        raise BadCell(f"expected a date like 06/26/2025, found {text[:60]!r}") from None


def flag(text: str) -> bool | None:
    """Read Y or N; None when the cell is empty."""
    found = {"Y": True, "N": False, "": None}.get(text.strip().upper(), "?")
    if found == "?":
        raise BadCell(f"expected Y or N, found {text[:60]!r}")
    return found  # type: ignore[return-value]


def words(text: str) -> str | None:
    """Read a text; None when the cell is empty."""
    if "\x00" in text:
        raise BadCell("holds a NUL character, which can't be stored")
    return " ".join(text.split()) or None


COLUMNS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "crd": ("Organization CRD#", words),
    "name": ("Primary Business Name", words),
    "legal_name": ("Legal Name", words),
    "city": ("Main Office City", words),
    "state": ("Main Office State", words),
    "website": ("Website Address", words),
    "status": ("SEC Current Status", words),
    "registered": ("SEC Status Effective Date", day),
    "filed": ("Latest ADV Filing Date", day),
    "large": ("2A(1)", flag),
    "middle": ("2A(2)", flag),
    "employees": ("5A", amount),
    "clients_without_assets": ("5C(1)", amount),
    "discretionary_assets": ("5F(2)(a)", amount),
    "other_assets": ("5F(2)(b)", amount),
    "assets": ("5F(2)(c)", amount),
}
"""Field -> (heading, reader)."""

DERIVED = ("place", "region", "discretionary_share", "assets_per_person")
FIELDS = (*COLUMNS, *DERIVED)
KEY, TITLE = "crd", "name"


def read_form_adv(path: Path) -> Table:
    """Read advisers from the SEC's file: one record with all `FIELDS` a row.

    Refused are missing headings, cells in another format, and CRD numbers that are missing or occur twice.
    """
    rows = read_rows(path, encodings=("utf-8", "cp1252"))  # the SEC has published both
    refusals = Refusals(path.name)
    headings = {heading: place for place, heading in enumerate(rows.columns)}
    for heading, _ in COLUMNS.values():
        if not rows.refusals and heading not in headings:
            refusals.add(1, heading, "there is no such column in the file; is it the SEC's?")
    if rows.refusals or refusals.found:
        return Table(refusals=(*rows.refusals, *refusals.found))
    records: list[dict[str, Any]] = []
    lines_of: dict[str, int] = {}
    for cells, line in zip(rows.cells, rows.lines, strict=True):
        record = _record(cells, headings, line, refusals)
        _check(record, line, lines_of, refusals)
        records.append(record | derived(record))
    known = {heading for heading, _ in COLUMNS.values()}
    ignored = tuple(heading for heading in rows.columns if heading not in known)
    return Table(tuple(records), tuple(rows.lines), tuple(refusals.told), ignored, rows.notes)


def derived(record: dict[str, Any]) -> dict[str, Any]:
    """Return what follows from the filed values: place, region, discretionary share, assets per person."""
    city, state, assets = record["city"], record["state"], record["assets"]
    city = city.title() if city and city.isupper() else city
    place = ", ".join(part for part in (city, state) if part)
    share = (
        record["discretionary_assets"] / assets
        if assets and record["discretionary_assets"] is not None
        else None
    )
    people = record["employees"]
    return {
        "city": city,
        "place": place or None,
        "region": REGION_OF.get(state, "Outside the US"),
        "discretionary_share": None if share is None else round(min(share, 1.0), 4),
        "assets_per_person": round(assets / people, 2) if assets is not None and people else None,
    }


def _record(cells: Sequence[str], headings: dict[str, int], line: int, refusals: Refusals) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for field, (heading, read) in COLUMNS.items():
        try:
            record[field] = read(cells[headings[heading]])
        except BadCell as error:
            refusals.add(line, heading, str(error))
            record[field] = None
    return record


def _check(record: dict[str, Any], line: int, lines_of: dict[str, int], refusals: Refusals) -> None:
    crd, name = record[KEY], record[TITLE]
    heading = COLUMNS[KEY][0]
    if not crd or not crd.isdecimal() or len(crd) > 12:
        refusals.add(line, heading, f"expected a CRD number of digits, found {crd!r}")
        return
    if not name or len(name) > LONGEST_TITLE:
        refusals.add(line, COLUMNS[TITLE][0], f"expected a name of 1 to {LONGEST_TITLE:,} characters")
    first = lines_of.setdefault(crd, line)
    if first != line:
        refusals.add(line, heading, f"{crd} stands on line {first} already")
