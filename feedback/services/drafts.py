"""What the moves on a slate add up to: its draft, undo and redo; and whether the kept draft is just that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedback import moving
from feedback.errors import InvalidMove
from feedback.models import Slate

#: How many steps of undo are sent to a page: enough for an afternoon, and light.
MOST_STEPS = 100


def current(slate: Slate) -> dict[str, Any]:
    """Return the draft of a slate as it is now, and the steps that led to it, for undo and redo.

    `base` is the order before the first of `past`, `future` is in the order in which redo would go.
    """
    cards = cards_of(slate)
    log = list(slate.moves.order_by("version"))
    page = moving.rebuild(cards, (move.act for move in log))
    past, future = page.past[-MOST_STEPS:], page.future[-MOST_STEPS:]
    base = past[0].before if past else page.state
    return {
        "draft": moving.as_draft(page) if log else None,
        "draft_version": log[-1].version if log else 0,
        "base": moving.as_draft(moving.Page(base)),
        "past": [step.act for step in past],
        "future": [step.act for step in reversed(future)],
        "keys": [move.idempotency_key for move in log[-MOST_STEPS:]],
    }


def differences(slates: Any = None) -> Iterator[str]:
    """Yield a sentence for each slate whose draft, or a state on the way to it, is not what its log makes."""
    for slate in (Slate.objects.all() if slates is None else slates).prefetch_related("items", "moves"):
        wrong = _difference(slate)
        if wrong:
            yield f"slate {slate.pk}: {wrong}"


def _difference(slate: Slate) -> str | None:
    log = sorted(slate.moves.all(), key=lambda move: move.version)
    page = moving.Page(moving.shown([str(item.pk) for item in slate.items.all()]))
    for before, move in zip([None, *log], log, strict=False):
        if before is not None and move.version != before.version + 1:
            return f"version {before.version} is followed by {move.version}"
        try:
            page = page.do(move.act)
        except InvalidMove as error:
            return f"version {move.version} can't be made: {error}"
        if moving.as_draft(page) != move.state:
            return f"version {move.version} is not what its move makes"
    if slate.draft_version != (log[-1].version if log else 0):
        return f"the draft says version {slate.draft_version}, the log another one"
    if slate.draft != (log[-1].state if log else None):
        return f"the draft is not that of version {slate.draft_version}"
    return None


def cards_of(slate: Slate) -> list[str]:
    """Return the ids of a slate's cards as texts, in shown order."""
    return [str(pk) for pk in slate.items.order_by("shown_position").values_list("pk", flat=True)]
