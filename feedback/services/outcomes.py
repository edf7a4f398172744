"""What end users do with a match: shortlisted, contacted, declined, taken back. The latest act counts."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet

from feedback.errors import InvalidOutcome
from feedback.models import Outcome
from feedback.submitting import NOT_PLAIN
from ranking.content import is_storable
from ranking.models import ItemVersion, Query

LONGEST_REASON = 2000


def record(query: Query, version: ItemVersion, *, kind: str, reason: str = "", user: User) -> Outcome:
    """Append what a user did with an item of a query's list; a repeated click changes nothing.

    Raises InvalidOutcome, naming the field.
    """
    if kind not in Outcome.Kind.values:
        raise InvalidOutcome(f"expected one of {', '.join(Outcome.Kind.values)}", "kind")
    reason = reason.strip()
    if not is_storable(reason):
        raise InvalidOutcome(NOT_PLAIN, "reason")
    if len(reason) > LONGEST_REASON:
        raise InvalidOutcome(f"at most {LONGEST_REASON:,} characters", "reason")
    with transaction.atomic():
        Query.objects.select_for_update().get(pk=query.pk)  # of two clicks at once, one is later
        last = Outcome.objects.filter(query=query, item_version__item=version.item_id).first()
        if last is not None and (last.kind, last.reason) == (kind, reason):
            return last
        if last is None and kind == Outcome.Kind.REMOVED:
            raise InvalidOutcome("nothing was noted that could be taken back", "kind")
        return Outcome.objects.create(query=query, item_version=version, kind=kind, reason=reason, user=user)


def latest(queries: Sequence[Query]) -> dict[tuple[int, int], Outcome]:
    """Return by (query id, item id) what was done last; what was taken back is left out."""
    return {
        (outcome.query_id, outcome.item_version.item_id): outcome
        for outcome in _last_acts(queries)
        if outcome.kind != Outcome.Kind.REMOVED
    }


def _last_acts(queries: Sequence[Query]) -> QuerySet[Outcome]:
    newest = (
        Outcome.objects.filter(query__in=[query.pk for query in queries])
        .values("query", "item_version__item")
        .annotate(newest=Max("pk"))
        .order_by()
        .values("newest")
    )
    return Outcome.objects.filter(pk__in=newest).select_related("item_version", "user").order_by("-pk")
