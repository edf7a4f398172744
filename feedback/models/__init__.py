"""Rows of the upper app: people, sessions, judgements and what they mean."""

from feedback.models.comparisons import ComparisonSession, ListAnswer, ListChoice
from feedback.models.gold import GoldList, GoldRetirement
from feedback.models.judgements import GapNote, Judgement, Preference, SlateMove
from feedback.models.people import Member, Outcome
from feedback.models.sessions import FeedbackSession, Invitation, Participation, Slate, SlateItem

__all__ = [
    "ComparisonSession",
    "FeedbackSession",
    "GapNote",
    "GoldList",
    "GoldRetirement",
    "Invitation",
    "Judgement",
    "ListAnswer",
    "ListChoice",
    "Member",
    "Outcome",
    "Participation",
    "Preference",
    "Slate",
    "SlateItem",
    "SlateMove",
]
