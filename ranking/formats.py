"""Values written for people: money, counts, percentages, years, dates, lists; a missing one says so."""

from __future__ import annotations

import datetime
import math
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

MISSING = "not reported"
_CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))
FINEST = 15
"""Digits beyond the usual ones at which every float that differs is written differently."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


LONGEST_SHOWN = 120
"""Characters of a title on a page; more of it fills a phone, and says nothing that its own page does not."""


def shortened(title: str) -> str:
    """Cut a title that is longer than a page shows, at a blank where there is one near.

    >>> shortened("Short"), len(shortened("x" * 400)), shortened("words " * 50)[-8:]
    ('Short', 120, ' words …')
    """
    if len(title) <= LONGEST_SHOWN:
        return title
    end = LONGEST_SHOWN - 1
    blank = title.rfind(" ", end - 30, end)
    if blank > 0:
        return title[:blank] + " …"
    while unicodedata.category(title[end])[0] == "M" or "\u200d" in title[end - 1 : end + 1]:
        end -= 1  # no mark without its letter, and no half of a joined sign
    return title[:end] + "…"


def is_missing(value: Any) -> bool:
    """Say whether a stored value stands for "nothing was reported": None, NaN, an empty text or set."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, str | list | tuple | set | frozenset) and len(value) == 0


def for_people(value: Any, format: str = "text", unit: str = "", *, finer: int = 0) -> str:
    """Write a stored value for people.

    ``format`` is one of text, money (``unit`` is the currency's code), number, count, percent (the value is
    a fraction of 1), year, date (ISO text or a date), list, yes_no. ``finer`` adds digits to the usual
    rounding of money, numbers and percentages. ValueError for another format.

    >>> for_people(1_234_000_000, "money", "USD"), for_people(412e6, "money", "USD")
    ('$1.2 bn', '$412 m')
    >>> for_people(1_234_000_000, "money", "USD", finer=1)
    '$1.23 bn'
    >>> for_people(0.68, "percent"), for_people(1998, "year"), for_people(1284, "count")
    ('68 %', 'since 1998', '1,284')
    >>> for_people(1, "number", "years"), for_people(2, "number", "years")
    ('1 year', '2 years')
    >>> for_people("2025-09-02", "date"), for_people(["CA", "OR"], "list"), for_people(None, "money")
    ('2 Sep 2025', 'CA, OR', 'not reported')
    """
    if format not in _WRITERS and format not in _ROUNDED:
        known = ", ".join((*_WRITERS, *_ROUNDED))
        raise ValueError(f"unknown format {format!r}: expected one of {known}")
    if is_missing(value):
        return MISSING
    if format in _ROUNDED:
        return _ROUNDED[format](float(value), unit, finer)
    return _WRITERS[format](value, unit)


def told_apart(values: Sequence[Any], format: str = "text", unit: str = "") -> list[str]:
    """Write the values of one field in a list: those that differ never read the same.

    Each value gets the fewest digits that tell it from every other value of the list.

    >>> told_apart([1_250, 1_249, 4_000, 4_000], "money", "USD")
    ['$1.25 k', '$1.249 k', '$4 k', '$4 k']
    """
    written = [for_people(value, format, unit) for value in values]
    if format not in _ROUNDED:
        return written
    for finer in range(1, FINEST + 1):
        same: defaultdict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(written):
            same[text].append(place)
        unclear = [places for places in same.values() if len({values[place] for place in places}) > 1]
        if not unclear:
            break
        for place in (place for places in unclear for place in places):
            written[place] = for_people(values[place], format, unit, finer=finer)
    return written


def exactly(value: Any, format: str = "text", unit: str = "") -> str:
    """Write a stored value for people with all its digits; as usual where that leaves none out.

    >>> exactly(1_234_567_890.5, "money", "USD"), exactly(0.12345, "percent"), exactly(12345.6, "number")
    ('$1,234,567,890.5', '12.345 %', '12,345.6')
    """
    usual = for_people(value, format, unit)
    if format not in _ROUNDED or is_missing(value) or usual == for_people(value, format, unit, finer=FINEST):
        return usual
    number = float(value)
    if format == "percent":
        # 100 times a fraction has digits of its own: 0.07 would print as 7.000000000000001.
        return f"{_signed(float(f'{100 * number:.12g}'))} %"
    if format == "money":
        return _in_currency(number, _signed(abs(number)), unit)
    return _with_unit(_signed(number), unit)


def _signed(number: float) -> str:
    digits = f"{number:,.0f}" if number.is_integer() else f"{number:,}"
    return digits.replace("-", "−", 1)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write so many of something; the plural only where it is not the noun with an s.

    >>> counted(1, "list"), counted(1200, "list"), counted(2, "person", "people")
    ('1 list', '1,200 lists', '2 people')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _money(amount: float, unit: str, finer: int) -> str:
    return _in_currency(amount, _short(abs(amount), finer), unit)


def _in_currency(amount: float, digits: str, unit: str) -> str:
    symbol = _CURRENCIES.get(unit, f"{unit} " if unit else "")
    return f"{'−' if amount < 0 else ''}{symbol}{digits}"


def _short(amount: float, finer: int) -> str:
    """Round to what a person compares: 950, 1.2 k, 412 m, 1.2 bn, 10.2 tn."""
    for scale, name in _SCALES:
        # 999.6 m would print as "1000 m": what rounds up to the next scale is written in it.
        if amount >= scale * (1 - 0.0005 / 10**finer):
            scaled = amount / scale
            return f"{_decimals(scaled, (scaled < 99.95) + finer)} {name}"
    return _decimals(amount, (2 if amount < 100 else 0) + finer)


def _decimals(number: float, most: int) -> str:
    """Write at most so many decimals, without the zeros at their end; more where all of them are 0.

    What is not zero never reads as zero.

    >>> _decimals(12.50, 2), _decimals(0.0004, 2), _decimals(0.0, 2)
    ('12.5', '0.0004', '0')
    """
    if number and not round(number, most):
        most = math.ceil(-math.log10(abs(number)))
    digits = f"{number:,.{most}f}"
    return digits.rstrip("0").removesuffix(".") if "." in digits else digits


def _number(number: float, unit: str, finer: int) -> str:
    whole = abs(number) >= 1000 or number.is_integer()
    digits = _decimals(number, finer) if whole else f"{number:,.{3 + finer}g}"
    return _with_unit(digits.replace("-", "−", 1), unit)


def _with_unit(digits: str, unit: str) -> str:
    return f"{digits} {_of_one(unit) if digits in ('1', '−1') else unit}".strip()


def _count(value: Any, unit: str) -> str:
    count = round(float(value))
    return f"{count:,} {_of_one(unit) if count == 1 else unit}".strip()


def _of_one(unit: str) -> str:
    """Write a unit for a single one: "year" for "years"; what is no plural in s stays, such as "bp".

    >>> _of_one("years"), _of_one("bp")
    ('year', 'bp')
    """
    return unit[:-1] if unit.endswith("s") and len(unit) > 2 else unit


def _percent(share: float, unit: str, finer: int) -> str:
    percent = 100 * share
    return f"{_decimals(percent, (abs(percent) < 9.95) + finer)} %".replace("-", "−", 1)


def _year(value: Any, unit: str) -> str:
    return f"since {int(float(value))}"


def _date(value: Any, unit: str) -> str:
    try:
        day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))
    except ValueError:  # written as it stands: a part of it would be another value
        return str(value)
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


_ROUNDED = {"money": _money, "number": _number, "percent": _percent}
_WRITERS = {
    "text": _text,
    "count": _count,
    "year": _year,
    "date": _date,
    "list": _list,
    "yes_no": _yes_no,
}
