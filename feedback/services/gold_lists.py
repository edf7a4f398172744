"""Gold lists as an admin sees them: what can be put in order, what is in use, what came of it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Q

from feedback.models import GoldList, Judgement, Slate
from feedback.selection import WINDOW
from feedback.services.against_gold import by_list, ranks_of
from feedback.services.signing import order_of
from ranking.cards import Card, card_of, cards_of
from ranking.ltr.known import AgainstKnown
from ranking.models import ItemVersion, Project, Query
from ranking.services import serving
from ranking.services.candidates import description_of
from ranking.services.orders import order_of as order_by_version


@dataclass(frozen=True)
class Choice:
    """One item that can stand in a gold list, with its place in the order that is proposed, if it has one."""

    version: int
    card: Card
    rank: int | None = None


@dataclass(frozen=True)
class GoldOverview:
    """A gold list with what came of it; `changed` says that its need or an item is not what it was."""

    gold: GoldList
    asked: int
    judged: int
    found: AgainstKnown | None
    changed: bool

    @property
    def size(self) -> int:
        """How many items it holds."""
        return len(self.gold.versions)

    @property
    def planted(self) -> bool:
        """Whether new sessions plant it."""
        return self.gold.retired is None and not self.changed


def choices_for(query: Query) -> list[Choice]:
    """Return what may stand in a gold list of a need, by title: whatever a session might show.

    The order of the version is not told: who signs an order off would lean on it. Raises NoChampion;
    BrokenFile or CorruptModel if the version can't be loaded.
    """
    version = serving.champion(query.project).version
    shown = [int(pk) for pk in order_by_version(version, query)[:WINDOW]]
    return sorted(_choices(query.project, shown, {}), key=lambda choice: (choice.card.title, choice.version))


def choices_of(slate: Slate) -> list[Choice]:
    """Return the items of a judged list, as they were put. Raises InvalidGold for one that has no order."""
    ranks = ranks_of(GoldList(tiers=order_of(slate)))
    shown = list(slate.items.values_list("item_version_id", flat=True))
    return _choices(slate.session.project, sorted(shown, key=lambda pk: ranks.get(pk, len(shown) + 1)), ranks)


def who_judged_alike(slate: Slate) -> list[int]:
    """Return the ids of all experts who put the very list of a slate in an order, in any session."""
    wanted = set(slate.items.values_list("item_version_id", flat=True))
    judged = Judgement.objects.filter(slate__query=slate.query_id, kind=Judgement.Kind.REORDER)
    return sorted(
        {
            judgement.expert_id
            for judgement in judged.select_related("slate").prefetch_related("slate__items")
            if {card.item_version_id for card in judgement.slate.items.all()} == wanted
        }
    )


def overview_of(project: Project) -> list[GoldOverview]:
    """Return the gold lists of a project with what came of them: those in use first, the latest first."""
    answered = Q(slates__judgement__kind__in=Judgement.ANSWERS)
    lists = list(
        project.gold_lists.select_related("query", "retirement").annotate(
            asked=Count("slates", distinct=True), judged=Count("slates", filter=answered, distinct=True)
        )
    )
    found, current = by_list(project), _current(lists)
    rows = [
        GoldOverview(gold, gold.asked, gold.judged, found.get(gold.pk), _has_changed(gold, current))
        for gold in lists
    ]
    return sorted(rows, key=lambda row: (not row.planted, -row.gold.pk))


def need_of(query: Query, content: Mapping[str, Any]) -> Card:
    """Return a need as people see it, with the contents of some moment."""
    return card_of(description_of(query.project).query, content)


def signed_off(gold: GoldList) -> list[Choice]:
    """Return the items of a gold list in its order, as they were when it was signed off."""
    return _choices(gold.project, gold.versions, ranks_of(gold))


def asked_of(gold: GoldList) -> list[Slate]:
    """Return where a gold list was planted, the latest first."""
    slates = gold.slates.select_related("session", "expert__member", "judgement")
    return list(slates.order_by("-pk"))


def who_knows(gold: GoldList) -> list[User]:
    """Return the experts who are never asked it, by name."""
    return list(gold.known_to.order_by("first_name", "last_name", "username"))


def _choices(project: Project, versions: Sequence[int], ranks: Mapping[int, int]) -> list[Choice]:
    noun = description_of(project).item
    contents = ItemVersion.objects.in_bulk(versions)
    cards = cards_of(noun, [contents[pk].content for pk in versions])
    return [Choice(pk, card, ranks.get(pk)) for pk, card in zip(versions, cards, strict=True)]


def _current(lists: Iterable[GoldList]) -> set[int]:
    """Return which of the item versions in the lists are still those of active items."""
    wanted = {version for gold in lists for version in gold.versions}
    found = ItemVersion.objects.filter(pk__in=wanted, item__active=True, item__current=F("pk"))
    return set(found.values_list("pk", flat=True))


def _has_changed(gold: GoldList, current: set[int]) -> bool:
    same_need = gold.query.active and gold.query.content == gold.query_content
    return not same_need or not set(gold.versions) <= current
