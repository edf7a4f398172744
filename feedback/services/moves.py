"""Saving what is done on a slate's page: each move is appended, once, over the version it was made on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction

from feedback import moving
from feedback.errors import FeedbackError, InvalidMove, StaleDraft
from feedback.models import FeedbackSession, Slate, SlateMove
from feedback.services import drafts, judging
from feedback.services.drafts import cards_of
from feedback.services.keys import kept_under
from ranking.services.candidates import description_of

Kind = SlateMove.Kind


def save(
    slate: Slate,
    act: moving.Act,
    *,
    key: str,
    version: int,
    at: datetime | None = None,
    state: Mapping[str, Any] | None = None,
) -> SlateMove:
    """Append a move made on `version`; the same key with the same move answers the one already there.

    `state`, where it is sent, is what the sender's page shows after the move: it must be what the move makes.
    Raises InvalidMove, StaleDraft, SessionClosed, AlreadyJudged.
    """
    digest = _digest(act, state)
    try:
        made = _append(slate, act, key=key, version=version, at=at, state=state, digest=digest)
    except (FeedbackError, IntegrityError) as error:
        # The answer to the first time got lost, and the list has gone on since: the key tells.
        again = kept_under(slate.moves.all(), key, digest)
        if again is None and isinstance(error, FeedbackError):
            raise
        made = again
    return made or kept_under(slate.moves.all(), key, digest) or _refuse(slate)


def put(slate: Slate, draft: Mapping[str, Any], *, version: int, key: str = "") -> SlateMove:
    """Append a whole order, as programs keep it. Without a key, the same order over one version is one act.

    Raises what `save` raises.
    """
    state = moving.from_draft(cards_of(slate), draft)
    whole = moving.as_draft(moving.Page(state, draft.get("comment", "")))
    act = {"do": Kind.REPLACE.value, "draft": whole}
    return save(slate, act, key=key or f"draft-{version}-{_digest(act, None)[:40]}", version=version)


def _append(slate: Slate, act: moving.Act, *, key: str, version: int, **said: Any) -> SlateMove | None:
    """Append the move if `version` is the current one; None when it is not, or the slate takes no more."""
    if version != slate.draft_version or not judging.takes_moves(slate):
        return None
    draft = _after(slate, act)
    if said["state"] is not None and said["state"] != draft:
        raise InvalidMove("this is not what the move makes of the list", "state")
    with transaction.atomic():
        # One conditional update: of two moves made on one version, the second finds it gone. By its expert,
        # too: it may have been handed over since it was read, and whoever has it now must not see this order.
        taken = Slate.objects.filter(
            pk=slate.pk,
            expert_id=slate.expert_id,
            state=Slate.State.OPEN,
            draft_version=version,
            session__state=FeedbackSession.State.OPEN,
        ).update(draft=draft, draft_version=version + 1)
        if not taken:
            return None
        return SlateMove.objects.create(
            slate=slate,
            version=version + 1,
            kind=act["do"],
            detail={name: value for name, value in act.items() if name != "do"},
            state=draft,
            idempotency_key=key,
            body_sha256=said["digest"],
            client_at=said["at"],
        )


def _after(slate: Slate, act: moving.Act) -> moving.Draft:
    """Return the draft after an act. The log is read for undo and redo alone: else the draft is enough."""
    _check_session(slate, act)
    if act["do"] in (Kind.UNDO, Kind.REDO):
        page = moving.rebuild(cards_of(slate), (move.act for move in slate.moves.order_by("version")))
    elif slate.draft is None:
        page = moving.Page(moving.shown(cards_of(slate)))
    else:
        cards = [card for tier in slate.draft["tiers"] for card in tier] + slate.draft["rest"]
        page = moving.Page(moving.from_draft(cards, slate.draft), slate.draft["comment"])
    return moving.as_draft(page.do(act))


def _check_session(slate: Slate, act: moving.Act) -> None:
    draft, rates, tags = act.get("draft", {}), act["do"] == Kind.RATE, act["do"] == Kind.TAG
    if (rates or draft.get("ratings")) and not slate.session.asks_ratings:
        raise InvalidMove("this session asks for no ratings", "value" if rates else "ratings")
    given = {act["tag"]} if tags else set(draft.get("reason_tags", ()))
    if not given:
        return
    unknown = given - {tag.name for tag in description_of(slate.session.project).reason_tags}
    if unknown:
        raise InvalidMove(f"unknown reason: {', '.join(sorted(unknown))}", "tag" if tags else "reason_tags")


def _refuse(slate: Slate) -> SlateMove:
    """Say why a move was not taken."""
    now = judging.still_open(slate)
    raise StaleDraft("this list was changed in another window or on another device", drafts.current(now))


def _digest(act: moving.Act, state: Mapping[str, Any] | None) -> str:
    """Name the move without its moment: what is sent again may be sent later."""
    return sha256(json.dumps([act, state], sort_keys=True).encode()).hexdigest()
