"""A session with all that a session can hold, and what wiping it leaves behind."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import connection

from feedback.models import (
    FeedbackSession,
    GoldList,
    GoldRetirement,
    Judgement,
    Member,
    Participation,
    Preference,
    Slate,
    SlateItem,
    SlateMove,
)
from feedback.services import judging, moves, sessions
from ranking.append_only import without_triggers
from ranking.models import Project
from tests import factories

#: Texts that spreadsheets, CSV and JSON stumble over.
AWKWARD = "=1+1; \"x\"\r\n'two'\rlines\u2028\ttab, ünïcode 🎈"


def make_rich_session(project: Project, *, close: bool = True) -> FeedbackSession:
    """Hold a session with every kind of judgement, ties, ratings, reasons, a rest and a repeat."""
    experts = [factories.make_expert(name) for name in ("edda", "emil")]
    edda = experts[0]
    edda.first_name, edda.last_name = "=Edda", "'O'Hara"
    edda.save()
    session = factories.make_session(
        project, experts, title="-Autumn", instructions=AWKWARD, slates_per_expert=10, asks_ratings=True
    )
    judging.note_seen(session.slates.first())
    todo = list(session.slates.filter(expert=edda, repeats=None).order_by("position")[:7])
    again = factories.repeat(todo[0])
    Slate.objects.filter(pk=again.pk).update(repeats=todo[0].pk, arm="repeat")
    for slate, judge in zip([*todo, again], _acts(), strict=True):
        cards = list(slate.items.values_list("pk", flat=True))
        factories.judge(slate, **judge(cards))
    moves.put(session.slates.filter(state="open").first(), {"comment": "unfinished"}, version=0)
    return sessions.close_session(session) if close else session


def _acts():
    order = {"kind": "reorder"}
    return [
        lambda c: {
            **order,
            "tiers": [[c[2]], [c[0], c[1]]],
            "rest": [c[3]],
            "comment": AWKWARD,
            "seconds": 64,
        },
        lambda c: {
            **order,
            "tiers": [c],
            "ratings": {c[0]: 5, c[1]: 1, c[3]: 3},
            "reason_tags": ["right_focus"],
        },
        lambda c: {"kind": "about_equal", "comment": "'"},
        lambda c: {"kind": "missing_information", "field": "fee", "items": [c[1]]},
        lambda c: {"kind": "outside_knowledge"},
        lambda c: {"kind": "conflict_of_interest", "items": c[1:3]},
        lambda c: {"kind": "none_suitable", "reason_tags": ["too_expensive", "right_focus"]},
        lambda c: {**order, "tiers": [[c[3]], [c[1]], [c[2]], [c[0]]]},
    ]


def wipe() -> None:
    """Empty what sessions and people left: as in a fresh database with the same project loaded."""
    with without_triggers(connection):
        for model in (Preference, Judgement, SlateMove, SlateItem):
            model.objects.all().delete()
        Slate.objects.update(repeats=None)
        GoldRetirement.objects.all().delete()
        GoldList.objects.update(made_from=None)
        for model in (Slate, GoldList, Participation, FeedbackSession, Member, User, Group):
            model.objects.all().delete()


def counts() -> dict[str, int]:
    """Return how many rows of each kind there are."""
    kinds = (FeedbackSession, Participation, Slate, SlateItem, Judgement, Preference, User, Member, Group)
    return {model.__name__: model.objects.count() for model in kinds}
