"""Time zones: days end in the installation's; pages show times in the person's, or else in the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


@cache
def zone_names() -> Sequence[str]:
    """Return the names of all time zones that can be chosen, sorted."""
    return sorted(available_timezones() - {"Factory", "localtime"})


def installation() -> str:
    """Return the name of the installation's zone."""
    return timezone.get_default_timezone_name()


def today() -> date:
    """Return the day that it is in the installation's zone, whoever asks."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def start_of(day: date) -> datetime:
    """Return when a day of the installation begins, whatever its clocks do that night."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def end_of(day: date) -> datetime:
    """Return when a day of the installation is over."""
    return start_of(day + timedelta(days=1))


def activate(name: str) -> None:
    """Show times in a person's zone until the request ends; in the installation's without one.

    A name that this machine does not know, as after a move to another one, counts as none.
    """
    timezone.activate(ZoneInfo(name) if name in zone_names() else timezone.get_default_timezone())


def in_full(moment: datetime) -> str:
    """Write a moment exactly, with the zone that it is shown in.

    >>> from datetime import UTC
    >>> in_full(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    'Thursday 5 March 2026, 09:30:00 (UTC)'
    """
    local = timezone.localtime(moment)
    name = timezone.get_current_timezone_name()
    short = "" if name == local.tzname() else f"{local:%Z}, "
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S} ({short}{name})"


def marked_up(moment: datetime, words: str) -> SafeString:
    """Return words for a moment, with the exact one and its zone on hover, and for machines."""
    exact = moment.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, in_full(moment), words)


def last_day(day: date) -> str:
    """Say when a last day is over: at midnight of the installation, and when that is for who reads it.

    >>> last_day(date(2026, 3, 5))
    'until Thursday 5 March 2026, midnight (UTC)'
    """
    words = f"until {day:%A} {day.day} {day:%B %Y}, midnight ({installation()})"
    if timezone.get_current_timezone_name() == installation():
        return words
    return f"{words}; for you {in_full(end_of(day))}"
