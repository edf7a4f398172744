"""How long an expert takes, from one's own lists: read-only, for "7 of 12, about 9 minutes"."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from statistics import median

from django.contrib.auth.models import User
from django.db.models import Sum

from feedback.models import FeedbackSession, Judgement
from feedback.preferences import derive
from feedback.services.deriving import shown_list

SECONDS_PER_CARD = 9.0  # before the first list of one's own: eight cards, a bit over a minute
LONGEST_COUNTED = 900  # a list left open over lunch says nothing about the pace


def minutes_left(session: FeedbackSession, expert: User, lists: int) -> int:
    """Return the minutes that `lists` more lists will take this expert, at least 1 while any are left."""
    return minutes_at(paces_of([session.pk], expert)[session.pk], usual_seconds(session), lists)


def minutes_at(own: Sequence[int], usual: float, left: int) -> int:
    """Return the minutes that so many more take at one's own pace, before there is one at the usual seconds.

    >>> minutes_at([100, 108, 120], 72.0, 5), minutes_at([], 72.0, 5), minutes_at([], 2.0, 1)
    (9, 6, 1)
    """
    if left <= 0:
        return 0
    return max(1, round((median(own) if own else usual) * left / 60))


def usual_seconds(session: FeedbackSession) -> float:
    """Return the seconds that a list of a session takes somebody who has judged none of it yet."""
    return SECONDS_PER_CARD * session.items_per_slate


def paces_of(sessions: Collection[int], expert: User) -> dict[int, list[int]]:
    """Return by session id the seconds that each of the expert's lists took."""
    judged = Judgement.objects.filter(
        expert=expert, slate__session__in=sessions, seconds__gt=0, seconds__lte=LONGEST_COUNTED
    )
    return gathered(sessions, judged.values_list("slate__session", "seconds"))


def gathered(sessions: Collection[int], taken: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the seconds of each session, from (session, seconds) of every answer; none for one without.

    >>> gathered([1, 2], [(1, 30), (1, 40)])
    {1: [30, 40], 2: []}
    """
    own: dict[int, list[int]] = {session: [] for session in sessions}
    for session, seconds in taken:
        own[session].append(seconds)
    return own


def minutes_spent(session: FeedbackSession, expert: User) -> int:
    """Return the minutes that the expert's lists of a session took."""
    judged = Judgement.objects.filter(expert=expert, slate__session=session, seconds__lte=LONGEST_COUNTED)
    return round((judged.aggregate(Sum("seconds"))["seconds__sum"] or 0) / 60)


def pairs_said(session: FeedbackSession, expert: User) -> int:
    """Return how many pairs the expert's judgements of a session say something about.

    The expert reads it, so lists of known order count like any other: a sum without them would tell.
    """
    judged = Judgement.objects.filter(expert=expert, slate__session=session).select_related("slate")
    lists = (shown_list(judgement) for judgement in judged.prefetch_related("slate__items"))
    return sum(len(derive(replace(shown, known=False))) for shown in lists)
