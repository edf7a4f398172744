"""A practice list: as any other to look at, drawn at random, explained at once, and kept nowhere. Reads only.

There is no row of it: the same expert of the same session is shown the same list again, because it is drawn
with both for a seed. So nothing can leak into what is learned, counted or taken out.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from feedback.explaining import Explanation, explain
from feedback.models import FeedbackSession, Judgement
from feedback.preferences import ShownList
from feedback.services import judging
from feedback.services.presenting import list_context
from feedback.submitting import Submission
from ranking.cards import card_of
from ranking.models import ItemVersion, Query
from ranking.services.candidates import description_of

LEAST_ITEMS = 2


@dataclass(frozen=True)
class PracticeList:
    """A need and items to practise on; a card's id is that of the item version."""

    session: FeedbackSession
    query: Query
    versions: tuple[ItemVersion, ...]


def is_new(expert: User) -> bool:
    """Say whether somebody has never judged a list, in any session."""
    return not Judgement.objects.filter(expert=expert).exists()


def practice_list(session: FeedbackSession, expert: User) -> PracticeList | None:
    """Return what an expert of a session may practise on, None where the project has nothing to put in order.

    The need is none that the session asks this expert about, as long as there is another one; the items are
    any of the project, in any order: no version has a say in it.
    """
    draw = random.Random(f"practice {session.pk} {expert.pk}")
    needs = session.project.queries.filter(active=True).order_by("pk")
    asked = session.slates.filter(expert=expert).values("query")
    ids = list(needs.exclude(pk__in=asked).values_list("pk", flat=True)) or list(
        needs.values_list("pk", flat=True)
    )
    items = session.project.items.filter(active=True, current__isnull=False).order_by("pk")
    versions = list(items.values_list("current_id", flat=True))
    if not ids or len(versions) < LEAST_ITEMS:
        return None
    drawn = draw.sample(versions, min(session.items_per_slate, len(versions)))
    contents = ItemVersion.objects.in_bulk(drawn)
    return PracticeList(session, Query.objects.get(pk=draw.choice(ids)), tuple(contents[pk] for pk in drawn))


def practice_context(practice: PracticeList) -> dict[str, Any]:
    """Return what the page and the API show of a practice list, as of any other."""
    cards = [(version.pk, version.content) for version in practice.versions]
    return list_context(practice.session, practice.query.content, cards)


def explain_practice(
    practice: PracticeList,
    submission: Submission,
    *,
    used: Collection[str] | None = None,
    touch: bool = False,
) -> Explanation:
    """Say what was understood, as if it had been submitted; nothing is written.

    Raises InvalidJudgement and RatingsContradictOrder.
    """
    shown = [version.pk for version in practice.versions]
    submission = judging.check_answer(practice.session, shown, submission)
    item = description_of(practice.session.project).item
    titles = {version.pk: card_of(item, version.content).title for version in practice.versions}
    judged = ShownList(
        shown=shown,
        kind=submission.kind,
        randomised=True,
        tiers=submission.tiers,
        ratings=submission.ratings,
        decided_by=submission.decided_by,
    )
    found = used if used is None or practice.session.asks_ratings else {*used, "rate"}
    return explain(
        judged,
        titles,
        about=_about(practice, submission, titles),
        remarked=bool(submission.reason_tags or submission.comment.strip()),
        used=found,
        touch=touch,
    )


def _about(practice: PracticeList, submission: Submission, titles: dict[int, str]) -> str:
    """Return what a gap or a conflict is about, as the cards name it."""
    if submission.kind == Judgement.Kind.MISSING_INFORMATION:
        name = judging.field_name(practice.session, submission.field)
        fields = description_of(practice.session.project).item.fields
        return next(f"“{field.label}”" for field in fields if field.name == name)
    return ", ".join(titles[card] for card in submission.items)
