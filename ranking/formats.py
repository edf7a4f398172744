"""Values written for people: money, counts, percentages, years, dates, lists; a missing one says so."""

from __future__ import annotations

import datetime
import math
from typing import Any

MISSING = "not reported"
_CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_missing(value: Any) -> bool:
    """Say whether a stored value stands for "nothing was reported": None, NaN, an empty text or set."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, str | list | tuple | set | frozenset) and len(value) == 0


def for_people(value: Any, format: str = "text", unit: str = "") -> str:
    """Write a stored value for people.

    ``format`` is one of text, money (``unit`` is the currency's code), number, count, percent (the value is
    a fraction of 1), year, date (ISO text or a date), list, yes_no. ValueError for another format.

    >>> for_people(1_234_000_000, "money", "USD"), for_people(412e6, "money", "USD")
    ('$1.2 bn', '$412 m')
    >>> for_people(0.68, "percent"), for_people(1998, "year"), for_people(1284, "count")
    ('68 %', 'since 1998', '1,284')
    >>> for_people(1, "number", "years"), for_people(2, "number", "years")
    ('1 year', '2 years')
    >>> for_people("2025-09-02", "date"), for_people(["CA", "OR"], "list"), for_people(None, "money")
    ('2 Sep 2025', 'CA, OR', 'not reported')
    """
    if format not in _WRITERS:
        raise ValueError(f"unknown format {format!r}: expected one of {', '.join(_WRITERS)}")
    return MISSING if is_missing(value) else _WRITERS[format](value, unit)


def _money(value: Any, unit: str) -> str:
    amount = float(value)
    sign = "−" if amount < 0 else ""
    symbol = _CURRENCIES.get(unit, f"{unit} " if unit else "")
    return f"{sign}{symbol}{_short(abs(amount))}"


def _short(amount: float) -> str:
    """Round to what a person compares: 950, 1.2 k, 412 m, 1.2 bn, 10.2 tn."""
    for scale, name in _SCALES:
        # 999.6 m would print as "1000 m": what rounds up to the next scale is written in it.
        if amount >= scale * 0.9995:
            scaled = amount / scale
            digits = f"{scaled:.0f}" if scaled >= 99.95 else f"{scaled:.1f}".removesuffix(".0")
            return f"{digits} {name}"
    return f"{amount:.0f}"


def _number(value: Any, unit: str) -> str:
    number = float(value)
    digits = f"{number:,.0f}" if abs(number) >= 1000 or number.is_integer() else f"{number:,.3g}"
    return f"{digits} {_of_one(unit) if digits in ('1', '-1') else unit}".strip().replace("-", "−", 1)


def _count(value: Any, unit: str) -> str:
    count = round(float(value))
    return f"{count:,} {_of_one(unit) if count == 1 else unit}".strip()


def _of_one(unit: str) -> str:
    """Write a unit for a single one: "year" for "years"; what is no plural in s stays, such as "bp".

    >>> _of_one("years"), _of_one("bp")
    ('year', 'bp')
    """
    return unit[:-1] if unit.endswith("s") and len(unit) > 2 else unit


def _percent(value: Any, unit: str) -> str:
    percent = 100 * float(value)
    rounded = (
        f"{percent:.0f}" if abs(percent) >= 9.95 or float(f"{percent:.1f}").is_integer() else f"{percent:.1f}"
    )
    return f"{rounded} %".replace("-", "−", 1)


def _year(value: Any, unit: str) -> str:
    return f"since {int(float(value))}"


def _date(value: Any, unit: str) -> str:
    day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value)[:10])
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _list(value: Any, unit: str) -> str:
    parts = [value] if isinstance(value, str) else list(value)
    return ", ".join(str(part) for part in parts)


def _text(value: Any, unit: str) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return _list(value, unit)
    return f"{value} {unit}".strip()


def _yes_no(value: Any, unit: str) -> str:
    return "yes" if value else "no"


_WRITERS = {
    "text": _text,
    "money": _money,
    "number": _number,
    "count": _count,
    "percent": _percent,
    "year": _year,
    "date": _date,
    "list": _list,
    "yes_no": _yes_no,
}
