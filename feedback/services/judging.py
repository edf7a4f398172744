"""Judging: what an expert submits is checked against the slate and appended, once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.contradictions import BEST_RATING, by_ratings, contradicted, is_turned, turned
from feedback.errors import (
    AlreadyJudged,
    InvalidJudgement,
    RatingsContradictOrder,
    SessionClosed,
    SessionPaused,
    StaleDraft,
)
from feedback.models import FeedbackSession, Judgement, Slate
from feedback.services import drafts
from feedback.services.interests import set_aside
from feedback.services.keys import kept_under
from feedback.services.offering import offer_to_another
from feedback.submitting import Submission
from ranking.formats import counted
from ranking.services.candidates import description_of

NAMES_CARDS = (Judgement.Kind.CONFLICT_OF_INTEREST,)
LONGEST_COMMENT = 5000


def submit(slate: Slate, submission: Submission, *, key: str, version: int | None = None) -> Judgement:
    """Append the judgement of a slate; the same key with the same body answers the one already there.

    `version` is that of the draft which was looked at: a list that somebody went on with elsewhere is not
    judged by an older order. Raises InvalidJudgement, SessionClosed, SessionPaused, AlreadyJudged, KeyReused,
    StaleDraft, and RatingsContradictOrder when it is not said which of the two counts.
    """
    digest = _digest(slate, submission)  # of what was sent, before it is settled
    own = Judgement.objects.filter(expert_id=slate.expert_id)
    earlier = kept_under(own, key, digest)
    if earlier is not None:
        return earlier
    submission = check(slate, submission)
    try:
        with transaction.atomic():
            _close_slate(slate, version)
            judgement = Judgement.objects.create(
                slate=slate,
                expert_id=slate.expert_id,
                idempotency_key=key,
                body_sha256=digest,
                **{**_columns(submission), "field": field_name(slate.session, submission.field) or ""},
            )
            if submission.kind == Judgement.Kind.OUTSIDE_KNOWLEDGE:
                offer_to_another(slate)
            elif submission.kind == Judgement.Kind.CONFLICT_OF_INTEREST:
                set_aside(slate.expert, slate.query, _items_of(slate, submission))
            return judgement
    except (IntegrityError, AlreadyJudged) as error:
        # A double click: the same act arrived twice at the same moment, and the other one was first.
        earlier = kept_under(own, key, digest)
        if earlier is None and isinstance(error, AlreadyJudged):
            raise
        if earlier is None:
            raise AlreadyJudged("this list has been submitted already") from None
        return earlier


def next_slate(session: FeedbackSession, expert: User) -> Slate | None:
    """Return the expert's next open slate of a session, or None when all are done."""
    return session.slates.filter(expert=expert, state=Slate.State.OPEN).order_by("position").first()


def note_seen(slate: Slate) -> None:
    """Remember when the slate was first shown: the pace of an expert is measured from it."""
    Slate.objects.filter(pk=slate.pk, first_seen_at__isnull=True).update(first_seen_at=timezone.now())


def check(slate: Slate, submission: Submission) -> Submission:
    """Return what counts of a submission. Raises InvalidJudgement or RatingsContradictOrder."""
    shown = slate.items.order_by("shown_position").values_list("pk", flat=True)
    return check_answer(slate.session, list(shown), submission)


def check_answer(session: FeedbackSession, shown: Sequence[int], submission: Submission) -> Submission:
    """Return what counts of a submission about a list of these cards, from the top as they were shown.

    Raises InvalidJudgement, naming the field, unless it fits the list and the session, and
    RatingsContradictOrder unless order and ratings agree or it is said which of them counts.
    """
    cards = set(shown)
    if submission.kind not in Judgement.Kind.values:
        raise InvalidJudgement(f"expected one of {', '.join(Judgement.Kind.values)}", "kind")
    if submission.kind == Judgement.Kind.REORDER:
        _check_order(cards, submission)
    elif submission.tiers or submission.rest or submission.ratings or submission.decided_by:
        raise InvalidJudgement("only a list that is put in order has an order or ratings", "tiers")
    _check_ratings(session, cards, submission)
    _check_named(session, cards, submission)
    _check_words(session, submission)
    return _settled(shown, submission)


def _settled(shown: Sequence[int], submission: Submission) -> Submission:
    """Return a submission whose order and ratings agree, or whose expert said that the order counts.

    Raises RatingsContradictOrder when it is not said which of the two counts.
    """
    said = submission.decided_by
    if said == "turned":
        submission = replace(submission, ratings=turned(submission.ratings))
    pairs = contradicted(submission.tiers, submission.ratings)
    if not pairs:
        return submission if said == "turned" else replace(submission, decided_by="")
    if said == "order":
        return submission
    if said == "ratings":
        tiers, rest = by_ratings(shown, submission.tiers, submission.rest, submission.ratings)
        return replace(submission, tiers=tiers, rest=rest)
    (above, below), others = pairs[0], len(pairs) - 1
    more = f", and {counted(others, 'more pair')} like this" if others else ""
    raise RatingsContradictOrder(
        f"the ratings say another order than the ranks: card {below} is rated higher than card {above}, "
        f"which stands above it{more}; say in decided_by which counts: order, ratings, or turned if 1 was "
        "meant as the best",
        "decided_by",
        pairs=pairs,
        turned=is_turned(shown, submission.tiers, submission.ratings),
    )


def _check_order(cards: set[int], submission: Submission) -> None:
    placed = [card for tier in submission.tiers for card in tier] + list(submission.rest)
    if any(not tier for tier in submission.tiers):
        raise InvalidJudgement("a rank without a card", "tiers")
    if len(placed) != len(set(placed)) or set(placed) != cards:
        raise InvalidJudgement(
            f"expected each of the {len(cards)} cards once, in the tiers or in the rest", "tiers"
        )
    if not submission.tiers and not submission.ratings:
        raise InvalidJudgement("put at least one card above the line, or say why it can't be judged", "tiers")


def _check_ratings(session: FeedbackSession, cards: set[int], submission: Submission) -> None:
    if submission.ratings and not session.asks_ratings:
        raise InvalidJudgement("this session asks for no ratings", "ratings")
    for card, rating in submission.ratings.items():
        if card not in cards:
            raise InvalidJudgement(f"card {card} is not in this list", "ratings")
        if not 1 <= rating <= BEST_RATING:
            raise InvalidJudgement(f"expected 1 to {BEST_RATING}, not {rating}", "ratings")
    if submission.decided_by not in ("", *Judgement.DecidedBy.values):
        raise InvalidJudgement(f"expected one of {', '.join(Judgement.DecidedBy.values)}", "decided_by")


def _check_named(session: FeedbackSession, cards: set[int], submission: Submission) -> None:
    if not set(submission.items) <= cards:
        raise InvalidJudgement("names a card that is not in this list", "items")
    if submission.kind in NAMES_CARDS and not submission.items:
        raise InvalidJudgement("say which card the conflict is about", "items")
    if (
        submission.kind == Judgement.Kind.MISSING_INFORMATION
        and field_name(session, submission.field) is None
    ):
        raise InvalidJudgement("say which field is missing, by its name", "field")


def _items_of(slate: Slate, submission: Submission) -> set[int]:
    named = slate.items.filter(pk__in=submission.items)
    return set(named.values_list("item_version__item", flat=True))


def field_name(session: FeedbackSession, said: str) -> str | None:
    """Return the name of the field that an expert named, by its name or by the label on the card."""
    wanted = said.strip().casefold()
    for known in description_of(session.project).item.fields:
        if wanted in (known.name.casefold(), known.label.casefold()):
            return known.name
    return None


def _check_words(session: FeedbackSession, submission: Submission) -> None:
    known = {tag.name for tag in description_of(session.project).reason_tags}
    unknown = [tag for tag in submission.reason_tags if tag not in known]
    if unknown:
        raise InvalidJudgement(f"unknown reason: {', '.join(unknown)}", "reason_tags")
    if len(submission.comment) > LONGEST_COMMENT:
        raise InvalidJudgement(f"at most {LONGEST_COMMENT} characters", "comment")


def _close_slate(slate: Slate, version: int | None) -> None:
    """Take the slate by one conditional update: of two submissions at once, one finds it open.

    The session's row is locked first, so that a session which closes at this moment either sees the judgement
    or refuses it: none falls between.
    """
    session = FeedbackSession.objects.select_for_update().get(pk=slate.session_id)
    if session.state != FeedbackSession.State.OPEN:
        raise SessionClosed("this session is closed and takes no judgement")
    if session.paused_at is not None:
        raise SessionPaused(
            "this session is paused: your order is kept, and can be submitted when it goes on"
        )
    fitting = {} if version is None else {"draft_version": version}
    # By its expert, too: it may have been handed over since it was read.
    mine = Slate.objects.filter(pk=slate.pk, expert_id=slate.expert_id, state=Slate.State.OPEN)
    taken = mine.filter(**fitting).update(state=Slate.State.SUBMITTED, submitted_at=timezone.now())
    if not taken:
        now = still_open(slate)
        raise StaleDraft("this list was changed in another window or on another device", drafts.current(now))


def takes_moves(slate: Slate) -> bool:
    """Return whether the slate can still be judged."""
    return slate.state == Slate.State.OPEN and slate.session.state == FeedbackSession.State.OPEN


def check_open(slate: Slate) -> None:
    """Raise SessionClosed or AlreadyJudged unless the slate can still be judged."""
    if slate.session.state != FeedbackSession.State.OPEN:
        raise SessionClosed("this session is closed and takes no judgement")
    if slate.state != Slate.State.OPEN:
        raise AlreadyJudged("this list has been submitted already")


def still_open(slate: Slate) -> Slate:
    """Return the slate as it is now; raise SessionClosed or AlreadyJudged if it can't go on."""
    now = Slate.objects.select_related("session__project").filter(pk=slate.pk).first()
    if now is None:
        raise AlreadyJudged("this list was taken back, and needs no answer any more")
    check_open(now)
    if now.expert_id != slate.expert_id:
        raise AlreadyJudged("this list has gone over to another expert")
    return now


def _columns(submission: Submission) -> dict[str, Any]:
    columns = asdict(submission)
    columns["tiers"] = [list(tier) for tier in submission.tiers]
    columns["rest"], columns["items"] = list(submission.rest), list(submission.items)
    columns["ratings"] = {str(card): rating for card, rating in submission.ratings.items()}
    columns["reason_tags"] = list(submission.reason_tags)
    return columns


def _digest(slate: Slate, submission: Submission) -> str:
    """Name the act, without its duration: a repeated click has taken longer, and is the same act."""
    columns = {**_columns(submission), "slate": slate.pk}
    columns.pop("seconds")
    return sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()
