"""Reading an export of sessions in again: everything is checked first, then written in one transaction.

What is there already is left alone, what is new is appended, and what stands otherwise here is refused. At
the end these sessions are collected again, and each record of the file must be among what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from feedback.exchange.checking import Complaints, check_records, comparable
from feedback.exchange.reading import read_export
from feedback.exchange.schema import TABLES, Record, of_type
from feedback.models import FeedbackSession, Judgement
from feedback.services.arriving import check_names
from feedback.services.collecting import keys_of, records_named
from feedback.services.restoring import Restorer
from ranking.errors import ImportRefused
from ranking.importers.tables import Refusal
from ranking.models import Item, Project, Query
from ranking.services.catalog import ImportReport, Options
from ranking.services.catalog_rows import Counts
from ranking.services.serving import champion

REPORTED = ("session", "slate", "judgement", "preference")
#: What may differ in a record that is here already: a session and a list of known order go on to their end, a
#: slate to its judgement.
MOVES = {
    "session": {"state", "closed_at"},
    "slate": {"state", "submitted_at", "first_seen_at"},
    "gold": {"retired_by", "retired_reason", "retired_at"},
}
NOT_YET = (None, "open")
WRITTEN = ("session", "gold", "gold_item", "participation", "slate", "card", "judgement")
PLAIN = Options()


@dataclass(frozen=True)
class Sorted:
    """The records of a file against what is here."""

    new: Sequence[Record]
    moved: Sequence[Record]
    unchanged: Sequence[Record]

    def counts(self, kind: str) -> Counts:
        """Return how many records of a type are new, changed and unchanged."""
        parts = (of_type(part, kind) for part in (self.new, self.moved, self.unchanged))
        return Counts(TABLES[kind].plural, *map(len, parts))


def import_sessions(project: Project, path: str | Path, options: Options = PLAIN) -> ImportReport:
    """Import an export of sessions. Raises ImportRefused and NoChampion; then nothing was written."""
    read = read_export(Path(path))
    _refuse(read.refusals)
    options.on_progress("checking", 0, 2)
    _refuse(check_records(read.records, project.slug))
    options.on_progress("checking", 1, 2)
    _refuse(_check_catalogue(project, read.records))
    options.on_progress("checking", 2, 2)
    records = comparable(read.records)
    with importing(project, options, of_type(records, "session")):
        found = _sort(project, records)
        notes = _write(project, found, options)
        _refuse(_read_back(project, records))
    counts = tuple(found.counts(kind) for kind in REPORTED)
    return ImportReport(project.slug, counts, notes=tuple(notes), dry_run=options.dry_run)


@contextmanager
def importing(project: Project, options: Options, sessions: Sequence[Record] = ()) -> Iterator[None]:
    """One transaction for all of an import; a second one of the same project waits.

    So does whoever would judge in these sessions or close them, as far as they are here.
    """
    with transaction.atomic():
        named = _named(sessions)
        held = [pk for pk, key in keys_of(project).items() if key in named]
        # Before the project, as for whoever plants lists: the other way round, each could wait for the other.
        list(FeedbackSession.objects.select_for_update().filter(pk__in=held).order_by("pk"))
        Project.objects.select_for_update().get(pk=project.pk)
        yield
        if options.dry_run:
            transaction.set_rollback(True)


def _named(records: Sequence[Record]) -> set[str]:
    return {session.values["session"] for session in of_type(records, "session")}


def _refuse(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise ImportRefused(refusals)


def _check_catalogue(project: Project, records: Sequence[Record]) -> Sequence[Refusal]:
    """Complain about needs, items and people that this installation can't have."""
    complaints = Complaints()
    items = set(Item.objects.filter(project=project).values_list("key", flat=True))
    queries = set(Query.objects.filter(project=project).values_list("key", flat=True))
    for record in records:
        key = record.values.get("item" if record.type == "item" else "query")
        if record.type == "item" and key not in items:
            complaints.add(record, "item", f"the project has no {key!r}")
        if record.type in ("slate", "gold") and key not in queries:
            complaints.add(record, "query", f"the project has no {key!r}")
    check_names(of_type(records, "person"), complaints)
    return complaints.found


def _sort(project: Project, records: Sequence[Record]) -> Sorted:
    """Sort the records by what is here. Raises ImportRefused."""
    here = {record.key: record for record in records_named(project, _named(records))}
    complaints = Complaints()
    parts: dict[str, list[Record]] = {"new": [], "moved": [], "unchanged": []}
    for record in records:
        known = here.get(record.key)
        if record.type in ("person", "item", "export"):  # found or made on the way, never compared
            parts["new"].append(record)
        elif known is None:
            _check_addition(record, here, complaints)
            parts["new"].append(record)
        elif known == record:
            parts["unchanged"].append(record)
        else:
            _check_move(known, record, complaints)
            parts["moved"].append(record)
    _check_keys(parts["new"], complaints)
    _refuse(complaints.found)
    return Sorted(**parts)


def _check_addition(
    record: Record, here: Mapping[tuple[object, ...], Record], complaints: Complaints
) -> None:
    session = here.get(("session", record.values.get("session")))
    if session is not None and session.values["state"] == "closed":
        complaints.add(record, "session", f"this session is closed here and takes no {record.type}")
    if record.type == "card" and ("slate", *record.slate) in here:
        complaints.add(record, "", "this slate is shown here without this card")
    if record.type == "gold_item" and ("gold", record.values["gold"]) in here:
        complaints.add(record, "", "this list of known order is here without this item")


def _check_move(known: Record, record: Record, complaints: Complaints) -> None:
    differing = sorted(name for name, value in record.values.items() if known.values[name] != value)
    moves = MOVES.get(record.type, set())
    fixed = [name for name in differing if name not in moves or known.values[name] not in NOT_YET]
    if fixed:
        complaints.add(record, fixed[0], f"this {record.type} stands otherwise here; it is not changed")


def _check_keys(new: Sequence[Record], complaints: Complaints) -> None:
    """An idempotency key that an expert has used here stands for another act."""
    judgements = {
        (one.values["expert"], one.values["idempotency_key"]): one for one in of_type(new, "judgement")
    }
    used = Judgement.objects.filter(expert__username__in={expert for expert, _ in judgements})
    for key in used.values_list("expert__username", "idempotency_key").iterator():
        if key in judgements:
            complaints.add(
                judgements[key], "idempotency_key", "this expert has used it here for another list"
            )


def _write(project: Project, found: Sorted, options: Options) -> list[str]:
    if not any(record.type in WRITTEN for record in (*found.new, *found.moved)):
        return []
    restorer = Restorer(project, champion(project).version, options.on_progress)
    return restorer.write(found.new, found.moved)


def _read_back(project: Project, records: Sequence[Record]) -> Sequence[Refusal]:
    """Complain about each record that does not come out as it went in."""
    complaints = Complaints()
    here = {record.key: record for record in records_named(project, _named(records))}
    for record in records:
        if record.type != "person" and not _came_out(here.get(record.key), record):
            complaints.add(record, "", f"this {record.type} does not come out as it went in")
    return complaints.found


def _came_out(found: Record | None, record: Record) -> bool:
    """Return whether a record came out as it went in, a list perhaps looked at since.

    Nobody who only opens a list waits for an import, so that the moment may be written in the midst of one.
    """
    if found is None or record.type != "slate" or record.values["first_seen_at"] is not None:
        return found == record
    return {**found.values, "first_seen_at": None} == record.values
