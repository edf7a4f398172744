"""Lists of known order as records of an export, and rows from such records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from feedback.exchange.checking import gold_tiers
from feedback.exchange.schema import Record, gold_key
from feedback.exchange.values import moment_of, moment_text
from feedback.models import GoldList, GoldRetirement
from ranking.models import ItemVersion, Project

Named = list[list[tuple[str, str]]]


class GoldRecords:
    """Lists of known order of a project, all or those wanted, by what names them outside the database."""

    def __init__(self, project: Project, wanted: Collection[int] | None = None) -> None:
        lists = project.gold_lists.select_related("query", "retirement").prefetch_related("known_to")
        self.lists = list(lists if wanted is None else lists.filter(pk__in=wanted))
        self._named = _names_of(self.lists)
        self.keys = {gold.pk: self._key(gold) for gold in self.lists}

    def records(self) -> tuple[list[Record], list[Record]]:
        """Return the lists, and their items."""
        items = [
            Record(
                "gold_item", {"gold": self.keys[gold.pk], "item": key, "content_hash": digest, "tier": place}
            )
            for gold in self.lists
            for place, tier in enumerate(self._tiers(gold), start=1)
            for key, digest in tier
        ]
        return [self._record(gold) for gold in self.lists], items

    def people(self) -> set[int]:
        """Return the ids of those who are named in the records."""
        return {user.pk for gold in self.lists for user in gold.known_to.all()}

    def _key(self, gold: GoldList) -> str:
        return gold_key(gold.query.key, moment_text(gold.signed_at) or "", gold.signed_by, self._tiers(gold))

    def _tiers(self, gold: GoldList) -> Named:
        return [sorted(self._named[version] for version in tier) for tier in gold.tiers]

    def _record(self, gold: GoldList) -> Record:
        end = gold.retired
        values: dict[str, Any] = {
            "gold": self.keys[gold.pk],
            "query": gold.query.key,
            "query_content": gold.query_content,
            "why": gold.why,
            "known_to": sorted(user.username for user in gold.known_to.all()),
            "signed_by": gold.signed_by,
            "signed_at": moment_text(gold.signed_at),
            "retired_by": end.by if end else None,
            "retired_reason": end.reason if end else None,
            "retired_at": moment_text(end.at) if end else None,
        }
        return Record("gold", values)


def write_gold(
    project: Project,
    records: Sequence[Record],
    items: Sequence[Record],
    versions: Mapping[tuple[str, str], int],
    users: Mapping[str, User],
) -> None:
    """Append lists of known order with their ends. From which judged list one was taken is not known here.

    One that is here and that no slate plants any more is none of the records to compare with: it stays.
    """
    tiers, queries = gold_tiers(items), dict(project.queries.values_list("key", "pk"))
    here = set(GoldRecords(project).keys.values())
    for values in (record.values for record in records if record.values["gold"] not in here):
        gold = GoldList.objects.create(
            project=project,
            query_id=queries[values["query"]],
            query_content=values["query_content"],
            tiers=[[versions[one] for one in tier] for tier in tiers[values["gold"]]],
            why=values["why"],
            signed_by=values["signed_by"],
            signed_at=moment_of(values["signed_at"]),
        )
        gold.known_to.add(*(users[name].pk for name in values["known_to"]))
        if values["retired_at"] is not None:
            retire_again(gold.pk, values)


def retire_again(gold: int, values: Mapping[str, Any]) -> None:
    """Append the end of a list as a record tells it."""
    GoldRetirement.objects.create(
        gold_id=gold,
        by=values["retired_by"],
        reason=values["retired_reason"],
        at=moment_of(values["retired_at"]),
    )


def _names_of(lists: Sequence[GoldList]) -> dict[int, tuple[str, str]]:
    """Return (item key, content hash) of each item version in the lists."""
    wanted = {version for gold in lists for version in gold.versions}
    rows = ItemVersion.objects.filter(pk__in=wanted).values_list("pk", "item__key", "content_hash")
    return {pk: (key, digest) for pk, key, digest in rows}
