"""Idempotency keys: the same act sent twice is one row, and another act under a used key is refused."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import QuerySet

from feedback.errors import KeyReused
from feedback.models import Judgement, ListAnswer, SlateMove

Kept = TypeVar("Kept", Judgement, ListAnswer, SlateMove)


def kept_under(rows: QuerySet[Kept], key: str, digest: str) -> Kept | None:
    """Return the row that was appended under the key before, or None.

    `rows` are those of whom the key belongs to; `digest` names the act. Raises KeyReused for another act.
    """
    earlier = rows.filter(idempotency_key=key).first()
    if earlier is not None and earlier.body_sha256 != digest:
        raise KeyReused("this Idempotency-Key came before with another body")
    return earlier
