"""An open session on its way: until when lists are asked for, and pauses. Nothing said is changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from feedback.errors import InvalidSession, SessionClosed
from feedback.models import FeedbackSession
from ranking import zones

State = FeedbackSession.State
FURTHEST = timedelta(days=36525)


def set_deadline(session: FeedbackSession, due_on: date | None) -> FeedbackSession:
    """Ask for the lists until another day, or without one. Raises SessionClosed, InvalidSession."""
    check_day(due_on)
    return _change(session, due_on=due_on)


def pause(session: FeedbackSession) -> FeedbackSession:
    """Let a session rest: moves are kept, and no list is judged until it goes on. Raises SessionClosed."""
    return _change(session, paused_at=session.paused_at or timezone.now())


def go_on(session: FeedbackSession) -> FeedbackSession:
    """End the pause of a session. Raises SessionClosed."""
    return _change(session, paused_at=None)


def check_day(due_on: date | None) -> None:
    """Raise InvalidSession unless there is time until the day, and no more than a hundred years.

    The last day that a calendar knows has no end that could be shown in a person's zone.
    """
    if due_on is None:
        return
    if due_on < zones.today():
        raise InvalidSession("this day is over: choose today or a later one", "due_on")
    if due_on - zones.today() > FURTHEST:
        raise InvalidSession("this day is more than a hundred years away: choose an earlier one", "due_on")


def is_overdue(session: FeedbackSession) -> bool:
    """Return whether an open session's last day is over: at midnight of the installation's zone."""
    return session.state == State.OPEN and session.due_on is not None and session.due_on < zones.today()


def _change(session: FeedbackSession, **values: Any) -> FeedbackSession:
    changed = FeedbackSession.objects.filter(pk=session.pk, state=State.OPEN).update(**values)
    session.refresh_from_db()
    if not changed:
        raise SessionClosed(f"“{session.title}” is closed, and stays as it is")
    return session
