"""Tags and filters that every page uses: navigation, and numbers written for people."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django import template
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ranking import charts, formats

register = template.Library()


@register.simple_tag(takes_context=True)
def nav_link(
    context: RequestContext, name: str, label: str, *args: Any, exact: bool = False, also: str = ""
) -> SafeString:
    """Return one entry of the navigation, marked as current on its page and below it (`exact`: only on it).

    `also` names folders beside that page whose pages belong to it. Nothing without an address of that name.
    """
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return SafeString("")
    path = context["request"].path
    current = SafeString(' aria-current="page"') if path == url else SafeString("")
    beside = [urljoin(url, f"../{folder}/") for folder in also.split()]
    if not current and not exact and url != "/" and path.startswith((url, *beside)):
        current = SafeString(' aria-current="true"')
    return format_html('<a href="{}"{}>{}</a>', url, current, label)


@register.filter
def people(value: Any, format: str = "text") -> str:
    """Write a stored value for people: `{{ assets|people:"money USD" }}`, a format and optionally its unit.

    >>> people(412e6, "money USD"), people(None, "count")
    ('$412 m', 'not reported')
    """
    kind, _, unit = format.partition(" ")
    return formats.for_people(value, kind, unit)


@register.filter
def noun(count: int, of: Any) -> str:
    """Write the noun of a description for so many: `{{ total }} {{ total|noun:nouns.item }}`."""
    return str(of.noun if count == 1 else of.plural)


@register.filter
def signed(value: float | None, digits: int = 1) -> str:
    """Write a difference with its sign; a dash when there is none.

    >>> signed(3.14), signed(-0.5, 2), signed(0), signed(None)
    ('+3.1', '−0.50', '0.0', '–')
    """
    return charts.signed(value, digits)


@register.filter
def points(value: float | None) -> str:
    """Write a difference of two shares as percentage points.

    >>> points(0.031), points(-0.004)
    ('+3.1', '−0.4')
    """
    return charts.signed(None if value is None else 100 * value, 1)


@register.filter
def share(value: float | None) -> str:
    """Write a metric between 0 and 1, or a dash.

    >>> share(0.7461), share(None)
    ('.746', '–')
    """
    return "–" if value is None else charts.share(value)


@register.filter
def minutes(value: float | None) -> str:
    """Write a rough duration.

    >>> minutes(9.4), minutes(0.4), minutes(75)
    ('about 9 min', 'under a minute', 'about 1 h 15 min')
    """
    if value is None:
        return ""
    if value < 1:
        return "under a minute"
    whole = round(value)
    return f"about {whole} min" if whole < 60 else f"about {whole // 60} h {whole % 60} min"


@register.filter
def percent_of(part: float, whole: float) -> int:
    """Return how much of a whole is done, in per cent; 0 of nothing.

    >>> percent_of(3, 12), percent_of(0, 0)
    (25, 0)
    """
    return round(100 * part / whole) if whole else 0
