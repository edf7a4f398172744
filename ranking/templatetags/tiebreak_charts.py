"""Charts drawn as SVG on the server, each of them with its numbers as a table that can be read out.

`{% interval_chart rows title="…" limit=-1 %}`, `{% slope_chart rows title="…" %}`,
`{% bar_chart rows title="…" %}` and `{% sparkline values label="…" %}`; the layout of rows
is that of the builders in `ranking.charts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ranking import charts

register = template.Library()


@register.inclusion_tag("tiebreak/charts/interval.html")
def interval_chart(
    rows: Iterable[Mapping[str, Any]],
    title: str,
    *,
    limit: float | None = None,
    factor: float = 1.0,
    digits: int = 1,
    unit: str = "",
    n_label: str = "Lists",
) -> dict[str, Any]:
    """Draw differences with 95 % intervals around zero; the table *is* the chart.

    ``factor=100`` turns differences of shares into points; ``limit`` is in the shown unit.
    """
    chart = charts.interval_chart(rows, limit=limit, factor=factor, digits=digits)
    with_n = any(row.n is not None for row in chart.rows)
    return {"chart": chart, "title": title, "unit": unit, "n_label": n_label, "with_n": with_n}


@register.inclusion_tag("tiebreak/charts/slope.html")
def slope_chart(
    rows: Iterable[Mapping[str, Any]], title: str, *, old_label: str = "Before", new_label: str = "Now"
) -> dict[str, Any]:
    """Draw two orders of the same things with lines between them."""
    return {"chart": charts.slope_chart(rows), "title": title, "old_label": old_label, "new_label": new_label}


@register.inclusion_tag("tiebreak/charts/bars.html")
def bar_chart(
    rows: Iterable[Mapping[str, Any]], title: str, *, highest: float | None = None, value_label: str = "Value"
) -> dict[str, Any]:
    """Draw bars from zero; the table *is* the chart."""
    return {"chart": charts.bar_chart(rows, highest=highest), "title": title, "value_label": value_label}


@register.simple_tag
def sparkline(values: Sequence[float | None], label: str) -> SafeString:
    """Draw a small line without axes; ``label`` says in words what it shows, numbers included."""
    path = charts.sparkline(values)
    if not path:
        return SafeString("")
    return format_html(
        '<span class="chart spark"><svg viewBox="0 0 100 24" height="24" preserveAspectRatio="none"'
        ' role="img" aria-label="{}"><polyline class="series" points="{}"/></svg></span>',
        label,
        path,
    )
