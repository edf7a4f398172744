"""Filters of the readers' pages: days, signed figures of a score."""

from __future__ import annotations

import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ranking import charts, zones
from ranking.formats import for_people
from ranking.services.explaining import DIGITS

register = template.Library()


@register.filter
def day(moment: datetime.datetime) -> SafeString:
    """Write a moment as "today", "yesterday" or a date, with the exact one and its zone on hover."""
    then, today = timezone.localtime(moment).date(), timezone.localdate()
    if then == today:
        words = "today"
    elif then == today - datetime.timedelta(days=1):
        words = "yesterday"
    else:
        words = for_people(then, "date")
    return zones.marked_up(moment, words)


@register.filter
def last_day(day: datetime.date) -> SafeString:
    """Write a last day, with the moment at which it is over on hover."""
    words = f"{day.day} {day:%B}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', day.isoformat(), zones.last_day(day), words
    )


@register.filter
def score(value: float) -> str:
    """Write a score with the digits that its parts are rounded to.

    >>> score(0.5), score(-0.0004), score(-1.25)
    ('0.500', '0.000', '−1.250')
    """
    rounded = round(value, DIGITS)
    return f"{charts.MINUS if rounded < 0 else ''}{abs(rounded):.{DIGITS}f}"


@register.filter
def adds(value: float) -> str:
    """Write what a part adds to a score, with its sign.

    >>> adds(0.25), adds(-0.1)
    ('+0.250', '−0.100')
    """
    return charts.signed(value, DIGITS)
