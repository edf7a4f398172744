"""Choosing between two lists: what an expert says is checked and appended, once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import asdict
from hashlib import sha256

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from feedback.errors import AlreadyJudged, InvalidJudgement, SessionClosed
from feedback.models import ComparisonSession, ListAnswer, ListChoice
from feedback.services.interests import interested, items_of, set_aside
from feedback.services.judging import LONGEST_COMMENT
from feedback.services.keys import kept_under
from feedback.services.offering import whom_to_ask
from feedback.services.pace import LONGEST_COUNTED, gathered, minutes_at
from feedback.submitting import Answer
from ranking.services.candidates import description_of

Side = ListChoice.Side
SECONDS_A_CARD = (
    4.5  # before the first answer of one's own: two lists of five take three quarters of a minute
)


def answer(choice: ListChoice, said: Answer, *, key: str) -> ListAnswer:
    """Append the answer to a choice; the same key with the same body answers the one already there.

    Raises InvalidJudgement, SessionClosed, AlreadyJudged, KeyReused.
    """
    digest = _digest(choice, said)
    own = ListAnswer.objects.filter(expert_id=choice.expert_id)
    earlier = kept_under(own, key, digest)
    if earlier is not None:
        return earlier
    check(choice, said)
    try:
        with transaction.atomic():
            _hold_open(choice)
            kept = ListAnswer.objects.create(
                choice=choice,
                expert_id=choice.expert_id,
                idempotency_key=key,
                body_sha256=digest,
                **{**asdict(said), "reason_tags": list(said.reason_tags)},
            )
            if said.kind == ListAnswer.Kind.OUTSIDE_KNOWLEDGE:
                offer_to_another(choice)
            elif said.kind == ListAnswer.Kind.CONFLICT_OF_INTEREST:
                set_aside(choice.expert, choice.query, items_of([choice])[choice.pk])
            return kept
    except IntegrityError:
        # One answer a choice, and one a key: a double click, or another window, was there before.
        earlier = kept_under(own, key, digest)
        if earlier is None:
            raise AlreadyJudged("these two lists have been answered already") from None
        return earlier


def check(choice: ListChoice, said: Answer) -> None:
    """Raise InvalidJudgement, naming the field, unless the answer is one."""
    if said.kind not in ListAnswer.Kind.values:
        raise InvalidJudgement("choose one of the four answers, or say why you can’t", "kind")
    known = {tag.name for tag in description_of(choice.session.project).reason_tags}
    unknown = [tag for tag in said.reason_tags if tag not in known]
    if unknown:
        raise InvalidJudgement(f"unknown reason: {', '.join(unknown)}", "reason_tags")
    if len(said.comment) > LONGEST_COMMENT:
        raise InvalidJudgement(f"at most {LONGEST_COMMENT} characters", "comment")


def next_choice(session: ComparisonSession, expert: User) -> ListChoice | None:
    """Return the expert's next unanswered choice of a comparison, or None when all are done."""
    return session.choices.filter(expert=expert, answer__isnull=True).order_by("position").first()


def offer_to_another(choice: ListChoice) -> ListChoice | None:
    """Ask another expert of the session about a need that this one knows nothing about, as their last one.

    Whoever `whom_to_ask` names gets it, if they have not been asked about the need and have no interest in
    anybody on the lists, on a side drawn anew.
    """
    asked = choice.session.choices.filter(query=choice.query_id).values("expert")
    expert = whom_to_ask(
        User.objects.filter(list_choices__session=choice.session_id)
        .exclude(pk__in=asked)
        .exclude(pk__in=interested(choice.session.project, choice.query_id, items_of([choice])[choice.pk])),
        "list_choices",
        here=Q(list_choices__session=choice.session_id),
        waiting=Q(list_choices__answer__isnull=True),
    )
    if expert is None:
        return None
    last = choice.session.choices.filter(expert=expert).aggregate(Max("position"))["position__max"] or 0
    lists, side = (choice.left, choice.right), choice.challenger_side
    if secrets.randbelow(2):
        lists, side = lists[::-1], Side.LEFT if side == Side.RIGHT else Side.RIGHT
    return ListChoice.objects.create(
        session_id=choice.session_id,
        expert=expert,
        query_id=choice.query_id,
        query_content=choice.query_content,
        held_out=choice.held_out,
        position=last + 1,
        challenger_side=side,
        left=lists[0],
        right=lists[1],
    )


def minutes_left(session: ComparisonSession, expert: User, choices: int) -> int:
    """Return the minutes that so many more choices will take this expert, at least 1 while any are left."""
    return minutes_at(paces_of([session.pk], expert)[session.pk], usual_seconds(session), choices)


def usual_seconds(session: ComparisonSession) -> float:
    """Return the seconds that a choice of a comparison takes somebody who has made none of it yet."""
    return SECONDS_A_CARD * 2 * session.items_per_list


def paces_of(comparisons: Collection[int], expert: User) -> dict[int, list[int]]:
    """Return by comparison id the seconds that each of the expert's choices took."""
    given = ListAnswer.objects.filter(
        expert=expert, choice__session__in=comparisons, seconds__gt=0, seconds__lte=LONGEST_COUNTED
    )
    return gathered(comparisons, given.values_list("choice__session", "seconds"))


def _hold_open(choice: ListChoice) -> None:
    """Lock the session's row: one that closes at this moment either has the answer or refuses it."""
    session = ComparisonSession.objects.select_for_update().get(pk=choice.session_id)
    if session.state != ComparisonSession.State.OPEN:
        raise SessionClosed("this session is closed and takes no answer")
    if not session.choices.filter(pk=choice.pk, expert=choice.expert_id).exists():
        raise AlreadyJudged("this choice has gone over to another expert, or was taken back")


def _digest(choice: ListChoice, said: Answer) -> str:
    """Name the act, without its duration: a repeated click has taken longer, and is the same act."""
    columns = {
        "choice": choice.pk,
        "kind": said.kind,
        "tags": list(said.reason_tags),
        "comment": said.comment,
    }
    return sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()
