"""Geometry of the charts that pages draw as SVG on the server: plain values in, positions in per cent out.

Positions are shares of the plot's width, so a chart fits any screen while its text keeps its size. It knows
nothing of templates or of what the numbers mean; it holds no colours (those are classes in lists.css).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

#: The typographic minus: as wide as a plus, so that signed numbers stay aligned.
MINUS = "\u2212"


def signed(value: float | None, digits: int = 1) -> str:
    """Write a difference with its sign and a typographic minus; a dash for None or NaN.

    >>> signed(3.14), signed(-0.04), signed(-2.5)
    ('+3.1', '0.0', '−2.5')
    """
    if value is None or math.isnan(value):
        return "–"
    rounded = round(value, digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.{digits}f}"


def share(value: float) -> str:
    """Write a metric between 0 and 1 the way tables of metrics do: three digits, no leading zero.

    >>> share(0.7461), share(1.0), share(-0.02)
    ('.746', '1.000', '−.020')
    """
    return f"{MINUS if value < 0 else ''}{f'{abs(value):.3f}'.removeprefix('0')}"


def ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Return round values that cover [low, high] in steps of 1, 2, 2.5 or 5 times a power of ten.

    At most about ``most`` of them. ValueError when the range is empty or not finite.

    >>> ticks(-1.2, 5.1)
    (-2.0, 0.0, 2.0, 4.0, 6.0)
    >>> ticks(0, 1)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"ticks need a finite range from low to high, got {low} to {high}")
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(index * step, 12) + 0.0 for index in range(first, last + 1))


@dataclass(frozen=True)
class Scale:
    """A linear scale from [low, high] to 0..100 per cent."""

    low: float
    high: float

    def __call__(self, value: float) -> float:
        """Return the position of a value in per cent, cut at the edges.

        >>> Scale(-1.0, 3.0)(0.0)
        25.0
        """
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its position in per cent and its words."""

    x: float
    label: str


@dataclass(frozen=True)
class IntervalRow:
    """One line of an interval chart: ``x`` values in per cent of the width, ``tone`` good, bad or empty.

    ``group`` is the heading that it stands under; rows of one group follow each other.
    """

    label: str
    n: int | None
    low: str
    point: str
    high: str
    x_low: float
    x_point: float
    x_high: float
    tone: str
    group: str = ""


@dataclass(frozen=True)
class IntervalChart:
    """Differences with their intervals, one under the other, on one axis."""

    rows: tuple[IntervalRow, ...]
    ticks: tuple[Tick, ...]
    zero: float
    limit: float | None
    limit_label: str


def interval_chart(
    rows: Iterable[Mapping[str, Any]], *, limit: float | None = None, digits: int = 1, factor: float = 1.0
) -> IntervalChart:
    """Lay out rows of ``label``, ``n`` (optional), ``low``, ``point``, ``high`` as intervals around zero.

    ``factor`` multiplies every value of a row before it is shown (100 turns shares into points); ``limit``
    is in the unit that is shown. A row with a missing value has no place on an axis and is left out.
    An interval wholly above zero is good, one wholly below zero bad, unless the row's ``sure`` is False.
    Rows with a ``group`` stand under its name.

    >>> all_lists = {"label": "All", "n": 168, "low": .012, "point": .031, "high": .05}
    >>> chart = interval_chart([all_lists], factor=100)
    >>> chart.rows[0].point, chart.rows[0].tone, [tick.label for tick in chart.ticks]
    ('+3.1', 'good', ['0', '+1', '+2', '+3', '+4', '+5'])
    """
    known = [row for row in rows if all(_is_number(row.get(key)) for key in ("low", "point", "high"))]
    values = [factor * float(row[key]) for row in known for key in ("low", "high", "point")]
    edges = [0.0, *values, *([limit] if limit is not None else [])]
    low, high = min(edges), max(edges)
    marks = ticks(low, high) if low < high else ticks(low - 1, high + 1)
    scale = Scale(marks[0], marks[-1])
    return IntervalChart(
        rows=tuple(_interval_row(row, scale, factor, digits) for row in known),
        ticks=tuple(Tick(scale(mark), _tick_label(mark)) for mark in marks),
        zero=scale(0.0),
        limit=None if limit is None else scale(limit),
        limit_label="" if limit is None else _tick_label(limit),
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)


def _tick_label(value: float) -> str:
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else MINUS}{abs(value):g}"


def _interval_row(row: Mapping[str, Any], scale: Scale, factor: float, digits: int) -> IntervalRow:
    low, point, high = (factor * float(row[key]) for key in ("low", "point", "high"))
    return IntervalRow(
        label=str(row["label"]),
        n=row.get("n"),
        low=signed(low, digits),
        point=signed(point, digits),
        high=signed(high, digits),
        x_low=scale(low),
        x_point=scale(point),
        x_high=scale(high),
        tone=_tone(low, high) if row.get("sure", True) else "",
        group=str(row.get("group", "")),
    )


def _tone(low: float, high: float) -> str:
    return "good" if low > 0 else "bad" if high < 0 else ""


@dataclass(frozen=True)
class SlopeLine:
    """One item of a slope chart. ``path`` is drawn in a box 100 wide; None when it has only one end."""

    label: str
    old: int | None
    new: int | None
    path: str | None
    tone: str
    change: str


@dataclass(frozen=True)
class SlopeChart:
    """Two orders of the same things, joined by lines. ``left`` and ``right`` are the lines in each order."""

    lines: tuple[SlopeLine, ...]
    left: tuple[SlopeLine, ...]
    right: tuple[SlopeLine, ...]
    height: int
    row: int


def slope_chart(rows: Iterable[Mapping[str, Any]], *, row: int = 30) -> SlopeChart:
    """Lay out rows of ``label``, ``old`` and ``new`` rank (None when not in that list) as two joined columns.

    ``row`` is the height of one line in pixels. ValueError for a row that is in neither list.

    >>> rows = [{"label": "Northgate", "old": 1, "new": 2}, {"label": "Juniper", "old": 2, "new": 1}]
    >>> chart = slope_chart(rows)
    >>> [(line.label, line.tone, line.change) for line in chart.right]
    [('Juniper', 'up', 'up 1'), ('Northgate', 'down', 'down 1')]
    """
    known = list(rows)
    for entry in known:
        if entry.get("old") is None and entry.get("new") is None:
            raise ValueError(f"{entry['label']}: a line of a slope chart needs an old or a new rank")
    left = _by_rank(known, "old")
    right = _by_rank(known, "new")
    slots = ({id(entry): slot for slot, entry in enumerate(side)} for side in (left, right))
    slot_left, slot_right = slots
    lines = {
        id(entry): _slope_line(entry, slot_left.get(id(entry)), slot_right.get(id(entry)), row)
        for entry in known
    }
    return SlopeChart(
        lines=tuple(lines.values()),
        left=tuple(lines[id(entry)] for entry in left),
        right=tuple(lines[id(entry)] for entry in right),
        height=row * max(len(left), len(right), 1),
        row=row,
    )


def _by_rank(rows: Sequence[Mapping[str, Any]], side: str) -> list[Mapping[str, Any]]:
    return sorted((entry for entry in rows if entry.get(side) is not None), key=lambda entry: entry[side])


def _slope_line(entry: Mapping[str, Any], left: int | None, right: int | None, row: int) -> SlopeLine:
    old, new = entry.get("old"), entry.get("new")
    path = None
    if left is not None and right is not None:
        start, end = row * left + row / 2, row * right + row / 2
        path = f"M0 {start:g} C50 {start:g} 50 {end:g} 100 {end:g}"
    tone, change = _change(old, new)
    return SlopeLine(label=str(entry["label"]), old=old, new=new, path=path, tone=tone, change=change)


def _change(old: int | None, new: int | None) -> tuple[str, str]:
    if old is None:
        return "new", "new in this list"
    if new is None:
        return "gone", "left this list"
    if new == old:
        return "", "same rank"
    return ("up", f"up {old - new}") if new < old else ("down", f"down {new - old}")


@dataclass(frozen=True)
class BarRow:
    """One bar: its words, its value for people, where it starts and how long it is, in per cent."""

    label: str
    value: str
    x: float
    width: float
    minus: bool


@dataclass(frozen=True)
class BarChart:
    """Bars that start from zero, which lies at ``zero`` per cent."""

    rows: tuple[BarRow, ...]
    zero: float


def bar_chart(rows: Iterable[Mapping[str, Any]], *, highest: float | None = None) -> BarChart:
    """Lay out rows of ``label``, ``value`` and optionally ``text`` (the value for people) as bars from zero.

    ``highest`` fixes the right end (1 for shares), so that several charts can be compared.

    >>> chart = bar_chart([{"label": "a", "value": 2}, {"label": "b", "value": -2}])
    >>> [(bar.x, bar.width) for bar in chart.rows]
    [(50.0, 50.0), (0.0, 50.0)]
    """
    known = [entry for entry in rows if _is_number(entry.get("value"))]
    values = [float(entry["value"]) for entry in known]
    low, high = min([0.0, *values]), max([0.0, *values, *([highest] if highest is not None else [])])
    scale = Scale(low, high if high > low else low + 1)
    zero = scale(0.0)
    bars = []
    for entry, value in zip(known, values, strict=True):
        x = scale(value)
        text = str(entry.get("text", f"{value:g}"))
        bars.append(BarRow(str(entry["label"]), text, min(zero, x), round(abs(x - zero), 2), value < 0))
    return BarChart(tuple(bars), zero)


def sparkline(values: Sequence[float | None], *, height: int = 24) -> str:
    """Return the points of a line through values in a box 100 wide, lowest at the bottom; gaps are skipped.

    >>> sparkline([1, 2, 3])
    '0,22 50,12 100,2'
    """
    known = [(index, float(value)) for index, value in enumerate(values) if _is_number(value)]
    if not known:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    spread = (high - low) or 1.0
    step = 100 / max(1, len(values) - 1)
    inner = height - 4
    return " ".join(
        f"{index * step:.4g},{2 + inner * (1 - (value - low) / spread) if high > low else height / 2:.4g}"
        for index, value in known
    )
