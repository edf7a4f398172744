"""What a session would ask if it were opened now: the plan itself, in words. Reads only.

The lists are drawn by the same function with the same seed as at the opening, which then asks exactly these
unless experts, rankings or judgements have changed in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.cache import cache
from django.db.models import Max

from feedback.models import FeedbackSession, Judgement, Slate
from feedback.selection import CandidateRows, KnownList, PlannedSlate
from feedback.services.asking import candidate_rows, pools_of
from feedback.services.planting import GoldFit, fit_of, in_use, known_lists
from feedback.services.sessions import SessionRequest, check_experts, check_pools, draw, with_gold
from ranking.content import content_hash
from ranking.models import Item, Project, Query
from ranking.services import serving
from ranking.services.serving import Champion

SHOWN = 6  # lists: enough for each kind to be seen, and few enough to be read
ROWS_SECONDS = 120  # while a form is filled in, what may be asked about is worked out once
Arm = Slate.Arm
#: Kind -> (how it is counted, why such a list is asked for).
WORDS: dict[str, tuple[str, str]] = {
    Arm.COMMITTEE.value: (
        "models disagree",
        "Models that fit what experts have said so far disagree about what readers would see.",
    ),
    Arm.RANDOM.value: (
        "drawn at random",
        "Drawn at random, from needs on which versions are judged: no model chose it.",
    ),
    Arm.RED_FLAG.value: ("unusual", "Unusual: the models as a whole are unsure about it."),
    Arm.REPEAT.value: (
        "shown again",
        "Shown again to the same expert, later and in another order: how far answers last.",
    ),
    Arm.GOLD.value: (
        "of known order",
        "Signed off as known, and planted without a mark: a test of the expert, never learned from.",
    ),
}


@dataclass(frozen=True)
class KindCount:
    """How many lists there are of a kind."""

    kind: str
    label: str
    lists: int


@dataclass(frozen=True)
class ProposedList:
    """One list in words: the need, the names of its cards as the version orders them, and why it is asked."""

    query: int
    need: str
    held_out: bool
    items: tuple[str, ...]
    kind: str
    why: str
    experts: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a session would ask: all lists counted, a few told; `shared` ones are counted once each.

    `gold` says which lists of known order fit; `kinds` counts those that are planted.
    """

    version: int
    seed: int
    lists: int
    held_out_lists: int
    needs: int
    needs_in_all: int
    shared: int
    kinds: tuple[KindCount, ...]
    gold: GoldFit
    shown: tuple[ProposedList, ...]


Same = tuple[int, tuple[int, ...], str, int | None]
Askable = tuple[CandidateRows, list[KnownList]]


def propose(project: Project, request: SessionRequest, experts: Sequence[User]) -> Proposal:
    """Return what a session would ask; nothing is written.

    Raises InvalidSession, naming the field; NoChampion when nothing is in service.
    """
    check_experts(experts, simulated=request.simulated)
    champion = serving.champion(project)
    request = with_gold(project, request)
    rows, known = _askable(project, champion, request.seed)
    slates, _ = draw(project, request, experts, (rows, known if request.gold_per_expert else []))
    held_out = set(rows.queries[rows.held_out].tolist())
    together: dict[Same, list[PlannedSlate]] = {}
    for slate in slates:
        together.setdefault(_same(slate), []).append(slate)
    kinds = Counter(slate.drawn.arm for slate in slates)
    return Proposal(
        version=champion.version.number,
        seed=request.seed,
        lists=len(slates),
        held_out_lists=sum(slate.drawn.query in held_out for slate in slates),
        needs=len({slate.drawn.query for slate in slates}),
        needs_in_all=project.queries.filter(active=True).count(),
        shared=sum(_is_shared(group) for group in together.values()),
        kinds=tuple(KindCount(arm, words_of(arm)[0], count) for arm, count in kinds.most_common()),
        gold=fit_of(project, request.items_per_slate),
        shown=_told(_some_of_each(list(together.values())), (rows, known), held_out, experts),
    )


def words_of(arm: str) -> tuple[str, str]:
    """Return how lists of a kind are counted, and why they are asked for.

    >>> words_of("red_flag")
    ('unusual', 'Unusual: the models as a whole are unsure about it.')
    """
    label = str(Arm(arm).label) if arm in Arm.values else "as planned"
    return WORDS.get(arm, (label, f"{label[:1].upper()}{label[1:]}."))


def _same(slate: PlannedSlate) -> Same:
    return slate.drawn.query, slate.drawn.ranks, slate.drawn.arm, slate.gold


def _is_shared(group: Sequence[PlannedSlate]) -> bool:
    return len(group) > 1 and group[0].shared


def _some_of_each(groups: Sequence[Sequence[PlannedSlate]]) -> list[Sequence[PlannedSlate]]:
    """Return at most `SHOWN` lists, one of each kind in turn, shared ones as a kind of their own."""
    kinds: dict[tuple[str, bool], list[Sequence[PlannedSlate]]] = {}
    for group in groups:
        kinds.setdefault((group[0].drawn.arm, _is_shared(group)), []).append(group)
    turns = zip_longest(*kinds.values())
    return [group for turn in turns for group in turn if group is not None][:SHOWN]


def _told(
    groups: Sequence[Sequence[PlannedSlate]],
    askable: Askable,
    held_out: set[int],
    experts: Sequence[User],
) -> tuple[ProposedList, ...]:
    drawn = [group[0].drawn for group in groups]
    items = [_items(group[0], *askable) for group in groups]
    named = Item.objects.filter(pk__in={pk for some in items for pk in some})
    titles = dict(named.values_list("pk", "title"))
    needs = dict(Query.objects.filter(pk__in={one.query for one in drawn}).values_list("pk", "title"))
    names = {expert.pk: expert.get_full_name() or expert.get_username() for expert in experts}
    return tuple(
        ProposedList(
            query=one.query,
            need=needs[one.query],
            held_out=one.query in held_out,
            items=tuple(titles[pk] for pk in shown),
            kind=one.arm,
            why=_why(group),
            experts=tuple(names[slate.expert] for slate in group),
        )
        for group, one, shown in zip(groups, drawn, items, strict=True)
    )


def _why(group: Sequence[PlannedSlate]) -> str:
    why = words_of(group[0].drawn.arm)[1]
    if not _is_shared(group):
        return why
    return f"{why} Shared by {apnumber(len(group))} experts: where agreement is measured."


def _items(slate: PlannedSlate, rows: CandidateRows, known: Sequence[KnownList]) -> list[int]:
    """Return the ids of a list's items as the version orders them; known lists may reach beyond the rows."""
    if slate.gold is not None:
        planted = next(one for one in known if one.gold == slate.gold)
        at = dict(zip(planted.ranks, planted.items, strict=True))
    else:
        of_query = np.flatnonzero(rows.queries == slate.drawn.query)
        at = dict(zip(rows.ranks[of_query].tolist(), rows.items[of_query].tolist(), strict=True))
    return [at[rank] for rank in slate.drawn.ranks]


def _askable(project: Project, champion: Champion, seed: int) -> Askable:
    """Return what may be asked about, kept for a moment: a form is changed more often than that."""
    key = f"askable:{_state(project, champion)}:{seed}"
    kept: Askable | None = cache.get(key)
    if kept is None:
        pools = pools_of(project, champion)
        check_pools(pools)
        kept = candidate_rows(project, champion, pools, seed=seed), known_lists(project, pools)
        cache.set(key, kept, ROWS_SECONDS)
    return kept


def _state(project: Project, champion: Champion) -> str:
    """Name what the rows depend on."""
    now = Project.objects.values("items_revision", "description").get(pk=project.pk)
    needs = project.queries.filter(active=True).order_by("pk").values_list("pk", "content_hash")
    judged = Judgement.objects.filter(slate__session__project=project).aggregate(last=Max("pk"))
    ended = project.sessions.filter(state=FeedbackSession.State.CLOSED).count()
    planted = Slate.objects.filter(session__project=project, gold__isnull=False).aggregate(planted=Max("pk"))
    gold = list(in_use(project).order_by("pk").values_list("pk", flat=True))
    parts = {
        "project": project.pk,
        "version": champion.version.sha256,
        "ended": ended,
        "gold": gold,
        **planted,
    }
    return content_hash({**parts, **now, **judged, "needs": [list(need) for need in needs]})
