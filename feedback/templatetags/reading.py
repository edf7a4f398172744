"""Filters of the readers' pages: days, signed figures of a score."""

from __future__ import annotations

import datetime

from django import template
from django.utils import timezone

from ranking import charts
from ranking.formats import for_people
from ranking.services.explaining import DIGITS

register = template.Library()


@register.filter
def day(moment: datetime.datetime) -> str:
    """Write a moment as "today", "yesterday" or a date."""
    then, today = timezone.localtime(moment).date(), timezone.localdate()
    if then == today:
        return "today"
    if then == today - datetime.timedelta(days=1):
        return "yesterday"
    return for_people(then, "date")


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
