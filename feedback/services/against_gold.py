"""How far experts put lists of known order in that order: for admins, never for the experts. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from django.db.models import Count, Q, QuerySet

from feedback.models import FeedbackSession, GoldList, Judgement, Slate
from feedback.services.agreeing import COLUMNS, lines_of, ordered
from ranking.ltr.known import AgainstKnown, hold_against_known
from ranking.models import Project


@dataclass(frozen=True)
class GoldRow:
    """One expert of a session: lists of known order planted and judged, and what came of them.

    `here` is of this session alone, `overall` of all sessions of the project; None without an order.
    """

    username: str
    name: str
    planted: int
    judged: int
    here: AgainstKnown | None
    overall: AgainstKnown | None


def rows_of(session: FeedbackSession) -> list[GoldRow]:
    """Return the experts of a session for whom a list of known order was planted, by name."""
    planted = list(
        session.slates.filter(arm=Slate.Arm.GOLD)
        .order_by("expert__username")
        .values_list("expert", "expert__username", "expert__first_name", "expert__last_name")
        .annotate(planted=Count("pk"), judged=Count("pk", filter=Q(judgement__kind__in=Judgement.ANSWERS)))
    )
    if not planted:
        return []
    here = by_expert(Judgement.objects.filter(slate__session=session))
    overall = agreement_with_gold(session.project, [row[0] for row in planted])
    return [
        GoldRow(
            username=username,
            name=f"{first} {last}".strip() or username,
            planted=count,
            judged=judged,
            here=here.get(username),
            overall=overall.get(username),
        )
        for _, username, first, last, count, judged in planted
    ]


def agreement_with_gold(project: Project, users: Sequence[int] | None = None) -> dict[str, AgainstKnown]:
    """Return how far experts put known orders right, by username: all who were asked one, or those given."""
    judged = Judgement.objects.filter(slate__session__project=project)
    return by_expert(judged if users is None else judged.filter(expert__in=users))


def by_expert(judged: QuerySet[Judgement]) -> dict[str, AgainstKnown]:
    """Return what the lists of known order among the judgements say of each expert, by username."""
    table = _table(judged)
    return {one.judge: one for one in hold_against_known(table)} if len(table) else {}


def by_list(project: Project) -> dict[int, AgainstKnown]:
    """Return how far experts put each list of known order in that order, by its id.

    Where nobody does, it is the order that needs a look.
    """
    table = _table(Judgement.objects.filter(slate__session__project=project))
    turned = table.assign(judge=table["list_id"], list_id=table["judge"], query=table["judge"])
    return {int(one.judge): one for one in hold_against_known(turned)} if len(table) else {}


def ranks_of(gold: GoldList) -> dict[int, int]:
    """Return the known place of each item version: ties share the better one.

    >>> ranks_of(GoldList(tiers=[[7], [3, 5], [4]]))
    {7: 1, 3: 2, 5: 2, 4: 4}
    """
    places: dict[int, int] = {}
    for tier in gold.tiers:
        places |= dict.fromkeys(tier, len(places) + 1)
    return places


def _table(judged: QuerySet[Judgement]) -> pd.DataFrame:
    """Lines for `hold_against_known`; each expert may have seen another part of one and the same list."""
    found = ordered(judged.filter(slate__arm=Slate.Arm.GOLD)).select_related("slate__gold", "expert")
    lines = [
        (*line, ranks[line[2]])
        for judgement in found
        for ranks in [ranks_of(judgement.slate.gold)]
        for line in lines_of(judgement, judgement.slate.gold_id)
    ]
    return pd.DataFrame(lines, columns=[*COLUMNS, "known"]).drop_duplicates(["list_id", "judge", "row"])
