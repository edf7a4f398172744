"""Gold lists: an admin signs the order of a list off as known, or ends its use. Neither is ever changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from feedback.errors import GoldRetired, InvalidGold
from feedback.models import FeedbackSession, GoldList, GoldRetirement, Judgement, Slate
from ranking.models import Item, Query
from ranking.services.candidates import candidates, current_feature_set

LEAST_ITEMS = 3  # two are in the right order half of the time
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class GoldRequest:
    """What an admin signs off: item versions, best tier first, how the order is known, and who knows it."""

    tiers: Sequence[Sequence[int]]
    why: str
    known_to: Collection[User] = field(default_factory=tuple)
    made_from: Slate | None = None


def sign_order(query: Query, request: GoldRequest, *, by: str) -> GoldList:
    """Sign the order of a list off as known. Raises InvalidGold, naming the field.

    Who judged the list that the order was taken from knows it, and is never asked it.
    """
    _check(query, request)
    known_to = {user.pk for user in request.known_to}
    if request.made_from is not None:
        known_to.add(request.made_from.expert_id)
    with transaction.atomic():
        gold = GoldList.objects.create(
            project=query.project,
            query=query,
            query_content=query.content,
            tiers=[list(tier) for tier in request.tiers],
            why=request.why.strip(),
            signed_by=by,
            made_from=request.made_from,
        )
        gold.known_to.add(*known_to)
    return gold


def retire(gold: GoldList, *, by: str, reason: str) -> GoldRetirement:
    """End the use of a gold list; what came of it stays. Raises GoldRetired; InvalidGold without a reason."""
    if not reason.strip():
        raise InvalidGold("say why", "reason")
    _check_text(reason, "reason")
    try:
        with transaction.atomic():
            return GoldRetirement.objects.create(gold=gold, by=by, reason=reason.strip())
    except IntegrityError:
        raise GoldRetired("this list is retired already") from None


def order_of(slate: Slate) -> list[list[int]]:
    """Return the item versions of a judged list of a closed session as they were put. Raises InvalidGold."""
    judgement = getattr(slate, "judgement", None)
    if slate.session.state != FeedbackSession.State.CLOSED:
        raise InvalidGold("its session is still open: what is asked there must not become known", "slate")
    if judgement is None or judgement.kind != Judgement.Kind.REORDER or not judgement.tiers:
        raise InvalidGold("this list was not put in order", "slate")
    version_of = dict(slate.items.values_list("pk", "item_version_id"))
    return [[version_of[card] for card in tier] for tier in judgement.tiers]


def versions_of(query: Query, keys: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return the current versions of items by their keys, tier by tier. Raises InvalidGold, naming a key."""
    wanted = {key for tier in keys for key in tier}
    found = Item.objects.filter(project=query.project_id, key__in=wanted, current__isnull=False)
    version_of = dict(found.values_list("key", "current_id"))
    unknown = sorted(wanted - set(version_of))
    if unknown:
        raise InvalidGold(f"there is no item {unknown[0]!r}", "tiers")
    return [[version_of[key] for key in tier] for tier in keys]


def _check(query: Query, request: GoldRequest) -> None:
    placed = [version for tier in request.tiers for version in tier]
    if len(placed) < LEAST_ITEMS:
        raise InvalidGold(f"give at least {LEAST_ITEMS} items a rank", "tiers")
    if len(set(placed)) != len(placed) or not all(request.tiers):
        raise InvalidGold("an item stands twice in the order, or a rank has none", "tiers")
    if len(request.tiers) == 1:
        raise InvalidGold("all of them are level: no order could be told from it", "tiers")
    _check_items(query, placed)
    if not request.why.strip():
        raise InvalidGold("say how the order is known", "why")
    _check_text(request.why, "why")
    _check_slate(query, request.made_from)


def _check_items(query: Query, versions: Sequence[int]) -> None:
    """What no list of this need shows today could not be asked."""
    found = candidates(query, current_feature_set(query.project))
    if not set(versions) <= set(found.version_ids.tolist()):
        raise InvalidGold("an item has changed since, or is no candidate for this need", "tiers")


def _check_slate(query: Query, slate: Slate | None) -> None:
    if slate is None:
        return
    if slate.query_id != query.pk:
        raise InvalidGold("that list is of another need", "slate")
    order_of(slate)


def _check_text(text: str, name: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise InvalidGold(f"at most {LONGEST_TEXT} characters", name)
