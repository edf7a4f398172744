"""Bulk writes of the catalogue: rows that are new or changed, in chunks, and a count of each kind.

Comparing goes by content hash, so a second import of the same file writes nothing. Must run inside the
transaction of an import.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from django.db.models import OuterRef, Subquery
from django.utils.text import slugify

from ranking.content import content_hash
from ranking.formats import shortened
from ranking.models import GivenFeatures, Item, ItemVersion, Label, Organisation, Project, Query

CHUNK = 500
T = TypeVar("T")
OnProgress = Callable[[str, int, int], None]
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """What an import did to one kind of rows; `retired` were in the catalogue and are not in the file."""

    what: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    retired: int = 0

    @property
    def writes(self) -> int:
        """Rows that were written."""
        return self.new + self.changed + self.retired

    def __str__(self) -> str:
        retired = f", {self.retired:,} retired" if self.retired else ""
        return (
            f"{self.what}: {self.new:,} new, {self.changed:,} changed, {self.unchanged:,} unchanged{retired}"
        )


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut rows into lists of a size that one statement holds."""
    iterator = iter(rows)
    while part := list(islice(iterator, size)):
        yield part


def write_items(
    project: Project,
    records: Sequence[Record],
    key: str,
    title: str,
    *,
    retire: bool,
    on_progress: OnProgress,
) -> Counts:
    """Write items with a version for every content that they have not had; a content is never overwritten."""
    known = {
        item.key: item
        for item in Item.objects.filter(project=project).select_related("current").defer("current__content")
    }
    hashes = {record[key]: content_hash(record) for record in records}
    new = [record for record in records if record[key] not in known]
    changed = [
        r
        for r in records
        if r[key] in known and not _is_current(known[r[key]], shortened(r[title]), hashes[r[key]])
    ]
    done = 0
    for part in chunks(new):
        items = [Item(project=project, key=record[key], title=shortened(record[title])) for record in part]
        _write_new_items(Item.objects.bulk_create(items), part, hashes)
        done += len(part)
        on_progress("items", done, len(new) + len(changed))
    for part in chunks(changed):
        _write_changed_items([known[record[key]] for record in part], part, hashes, title)
        done += len(part)
        on_progress("items", done, len(new) + len(changed))
    gone = set(known) - set(hashes) if retire else set()
    retired = sum(
        Item.objects.filter(project=project, key__in=part, active=True).update(active=False)
        for part in chunks(gone)
    )
    return Counts("items", len(new), len(changed), len(records) - len(new) - len(changed), retired)


def _is_current(item: Item, title: str, digest: str) -> bool:
    return bool(
        item.active
        and item.title == title
        and item.current is not None
        and item.current.content_hash == digest
    )


def _write_new_items(items: Sequence[Item], records: Sequence[Record], hashes: Mapping[str, str]) -> None:
    ItemVersion.objects.bulk_create(
        ItemVersion(item=item, content=dict(record), content_hash=hashes[item.key])
        for item, record in zip(items, records, strict=True)
    )
    # A new item has one version: one statement points all of them to theirs. In no order: PostgreSQL would
    # walk the table's keys from the end for each item, and a large file would take the square of its length.
    version = ItemVersion.objects.filter(item=OuterRef("pk")).order_by().values("pk")[:1]
    Item.objects.filter(pk__in=[item.pk for item in items]).update(current=Subquery(version))


def _write_changed_items(
    items: Sequence[Item], records: Sequence[Record], hashes: Mapping[str, str], title: str
) -> None:
    # A content that an item had before is found again: its version stays the one that was frozen.
    had = {
        (version.item_id, version.content_hash): version
        for version in ItemVersion.objects.filter(item__in=items).only("id", "item_id", "content_hash")
    }
    missing = [
        ItemVersion(item=item, content=dict(record), content_hash=hashes[item.key])
        for item, record in zip(items, records, strict=True)
        if (item.pk, hashes[item.key]) not in had
    ]
    for version in ItemVersion.objects.bulk_create(missing):
        had[version.item_id, version.content_hash] = version
    for item, record in zip(items, records, strict=True):
        item.title, item.active = shortened(record[title]), True
        item.current = had[item.pk, hashes[item.key]]
    Item.objects.bulk_update(items, ["title", "active", "current"], batch_size=100)


def write_queries(
    project: Project,
    records: Sequence[Record],
    names: Mapping[str, str],
    *,
    retire: bool,
    on_progress: OnProgress,
) -> Counts:
    """Write queries and their organisations; `names` says which fields are key, title and organisation."""
    key, title, organisation = names["key"], names["title"], names["organisation"]
    organisations = _organisations({record[organisation] for record in records} if organisation else set())
    stored = Query.objects.filter(project=project).select_related("organisation")
    known = {query.key: query for query in stored}
    new: list[Query] = []
    changed: list[Query] = []
    for record in records:
        fresh = {
            "title": shortened(record[title]),
            "content": dict(record),
            "content_hash": content_hash(record),
            "organisation": organisations.get(record[organisation]) if organisation else None,
            "active": True,
        }
        found = known.get(record[key])
        if found is None:
            new.append(Query(project=project, key=record[key], **fresh))
        elif any(getattr(found, name) != value for name, value in fresh.items() if name != "content"):
            for name, value in fresh.items():
                setattr(found, name, value)
            changed.append(found)
    Query.objects.bulk_create(new, batch_size=CHUNK)
    Query.objects.bulk_update(
        changed, ["title", "content", "content_hash", "organisation", "active"], batch_size=100
    )
    on_progress("queries", len(new) + len(changed), len(new) + len(changed))
    gone = set(known) - {record[key] for record in records} if retire else set()
    retired = Query.objects.filter(project=project, key__in=gone, active=True).update(active=False)
    return Counts("queries", len(new), len(changed), len(records) - len(new) - len(changed), retired)


def _organisations(names: set[str | None]) -> dict[str | None, Organisation]:
    """Return the organisation of each name; names that differ in case, punctuation or white space are one.

    The slug says which, and nothing else: an admin may name an organisation anew.
    """
    by_slug = {one.slug: one for one in Organisation.objects.all()}
    organisations: dict[str | None, Organisation] = {}
    for name in sorted(name for name in names if name):
        slug = organisation_slug(name)
        if slug not in by_slug:
            by_slug[slug] = Organisation.objects.create(slug=slug, name=name[:200])
        organisations[name] = by_slug[slug]
    return organisations


def organisation_slug(name: str) -> str:
    """Return what names an organisation in addresses, and tells it from others: readers see what is theirs.

    Where the short slug would lose something of the whole name, its hash follows.
    """
    slug = short_slug(name)
    return slug if slug == _whole(name) else _hashed_slug(name)


def short_slug(name: str) -> str:
    """Return the readable part of a slug: the first letters and digits of ASCII."""
    return slugify(name)[:50].strip("-") or f"organisation-{_digest(name)}"


def _hashed_slug(name: str) -> str:
    return f"{slugify(name)[:37].strip('-_') or 'organisation'}-{_digest(_whole(name))}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _whole(name: str) -> str:
    """Return a name without case, punctuation and extra white space, and with all else: the letters of every
    script, accents, digits.

    For a plain name that is its slug. Signs of mathematics and currencies count, which nobody adds or leaves
    out at will, unlike a comma: "C++ Capital" is not "C Capital", while "Foo, Inc." is "Foo Inc". What has
    nothing but punctuation and pictures is taken as it stands.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(" " if sign == "-" else sign for sign in folded if _counts(sign))
    return "-".join(kept.split()).strip("-_") or "-".join(folded.split())


def _counts(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return sign in "-_" or sign.isspace() or kind[0] in "LMN" or kind in ("Sm", "Sc")


def write_labels(
    project: Project, records: Sequence[Record], *, retire: bool, on_progress: OnProgress
) -> Counts:
    """Write graded labels {query, item, grade}, by the keys of both."""
    queries = dict(Query.objects.filter(project=project).values_list("key", "id"))
    items = dict(Item.objects.filter(project=project).values_list("key", "id"))
    known = {(label.query_id, label.item_id): label for label in Label.objects.filter(query__project=project)}
    wanted = {(queries[r["query"]], items[r["item"]]): r["grade"] for r in records}
    new = [
        Label(query_id=query, item_id=item, grade=grade)
        for (query, item), grade in wanted.items()
        if (query, item) not in known
    ]
    changed = [known[pair] for pair, grade in wanted.items() if pair in known and known[pair].grade != grade]
    for label in changed:
        label.grade = wanted[label.query_id, label.item_id]
    done = 0
    for part in chunks(new):
        Label.objects.bulk_create(part)
        done += len(part)
        on_progress("labels", done, len(new))
    Label.objects.bulk_update(changed, ["grade"], batch_size=CHUNK)
    gone = [label.pk for pair, label in known.items() if pair not in wanted] if retire else []
    for ids in chunks(gone):
        Label.objects.filter(pk__in=ids).delete()
    return Counts("labels", len(new), len(changed), len(wanted) - len(new) - len(changed), len(gone))


def write_given(
    project: Project, records: Sequence[Record], *, retire: bool, on_progress: OnProgress
) -> Counts:
    """Write the given features {query, item, values} of pairs, by the keys of both."""
    queries = dict(Query.objects.filter(project=project).values_list("key", "id"))
    items = dict(Item.objects.filter(project=project).values_list("key", "id"))
    known = {(row.query_id, row.item_id): row for row in GivenFeatures.objects.filter(query__project=project)}
    new: list[GivenFeatures] = []
    changed: list[GivenFeatures] = []
    for record in records:
        pair = queries[record["query"]], items[record["item"]]
        found = known.get(pair)
        if found is None:
            new.append(GivenFeatures(query_id=pair[0], item_id=pair[1], values=record["values"]))
        elif found.values != record["values"]:
            found.values = record["values"]
            changed.append(found)
    done = 0
    for part in chunks(new):
        GivenFeatures.objects.bulk_create(part)
        done += len(part)
        on_progress("given features", done, len(new))
    GivenFeatures.objects.bulk_update(changed, ["values"], batch_size=100)
    wanted = {(queries[record["query"]], items[record["item"]]) for record in records}
    gone = [row.pk for pair, row in known.items() if pair not in wanted] if retire else []
    for ids in chunks(gone):
        GivenFeatures.objects.filter(pk__in=ids).delete()
    unchanged = len(records) - len(new) - len(changed)
    return Counts("given features", len(new), len(changed), unchanged, len(gone))
