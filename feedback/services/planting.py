"""Which lists of known order may be planted in a session, and for whom. Reads, and guards the planting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from feedback.errors import InvalidSession
from feedback.models import GoldList, Slate
from feedback.selection import GOLD_EVERY, KnownList, PlannedSlate
from feedback.services.asking import Pool
from ranking.models import Project


def in_use(project: Project) -> QuerySet[GoldList]:
    """Return the gold lists of a project that are not retired, latest first."""
    return project.gold_lists.filter(retirement__isnull=True)


@dataclass(frozen=True)
class GoldFit:
    """Which lists of known order fit a session: those that are as long as its lists, or longer.

    A shorter one is never planted: whoever sees it would know it by its length.
    """

    items: int
    fitting: tuple[GoldList, ...]
    too_short: tuple[GoldList, ...]

    @property
    def needs(self) -> int:
        """Different needs of those that fit: nobody is asked two of one need."""
        return len({gold.query_id for gold in self.fitting})

    @property
    def problem(self) -> str:
        """Why nothing can be planted; empty where something can."""
        if self.fitting:
            return ""
        if not self.too_short:
            return "no gold list is in use: sign one off first"
        longest = max(len(gold.versions) for gold in self.too_short)
        return (
            f"no gold list is long enough: each list here has {self.items} items, and the longest gold list "
            f"has {longest}; show {longest} or fewer, or sign off a longer one"
        )


def fit_of(project: Project, items: int) -> GoldFit:
    """Return which lists of known order fit lists of so many items."""
    lists = list(in_use(project).select_related("query"))
    fitting = tuple(gold for gold in lists if len(gold.versions) >= items)
    return GoldFit(items, fitting, tuple(gold for gold in lists if gold not in fitting))


def how_many(project: Project, asked: int | None, *, slates: int, items: int) -> int:
    """Return how many lists of known order each expert of a session gets: at most one in `GOLD_EVERY`.

    Unless a number was asked for it is one, where the project has a list that fits. Raises InvalidSession
    where some are asked for and none fits.
    """
    fit = fit_of(project, items)
    if asked and fit.problem:
        raise InvalidSession(fit.problem, "gold_per_expert")
    return min(1 if asked is None else asked, fit.needs, slates // GOLD_EVERY)


def known_lists(project: Project, pools: Mapping[int, Pool]) -> list[KnownList]:
    """Return the lists of known order whose need and items stand as they stood when they were signed off.

    Of other contents the order may not be known; and what no other list shows would be a mark.
    """
    names = in_use(project).values("signed_by")
    signers = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
    found = []
    for gold in in_use(project).prefetch_related("known_to", "slates"):
        ranks = _ranks(gold, pools.get(gold.query_id))
        if ranks:
            items = pools[gold.query_id].found.item_ids[pools[gold.query_id].order]
            found.append(
                KnownList(
                    gold=gold.pk,
                    query=gold.query_id,
                    ranks=ranks,
                    items=tuple(int(items[rank - 1]) for rank in ranks),
                    not_asked=_not_asked(gold, signers.get(gold.signed_by)),
                )
            )
    return found


def check_planted(project: Project, planned: Sequence[PlannedSlate]) -> None:
    """Raise InvalidSession if a planted list was retired or went to its expert elsewhere meanwhile.

    Inside the transaction that writes the slates: the project's row is held until then.
    """
    planted = {(slate.expert, slate.gold) for slate in planned if slate.gold is not None}
    if not planted:
        return
    Project.objects.select_for_update().get(pk=project.pk)
    gold = {pk for _, pk in planted}
    asked = set(Slate.objects.filter(gold__in=gold).values_list("expert_id", "gold_id"))
    if planted & asked or in_use(project).filter(pk__in=gold).count() != len(gold):
        raise InvalidSession("lists of known order changed at this moment: try again", "gold_per_expert")


def _ranks(gold: GoldList, pool: Pool | None) -> tuple[int, ...]:
    """Return the ranks of the items by the version, the known best first; none where anything has changed."""
    if pool is None or pool.query.content != gold.query_content:
        return ()
    versions = pool.found.version_ids[pool.order].tolist()
    rank_of = {version: rank for rank, version in enumerate(versions, start=1)}
    known = set(gold.versions) <= set(rank_of)
    return tuple(rank_of[version] for version in gold.versions) if known else ()


def _not_asked(gold: GoldList, signer: int | None) -> frozenset[int]:
    """Return who knows the order, and who has been asked it: nobody is asked it twice."""
    known = {user.pk for user in gold.known_to.all()} | {slate.expert_id for slate in gold.slates.all()}
    return frozenset(known if signer is None else known | {signer})
