"""Loading a project and what is matched in it: all is checked first, then written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from ranking.description import ProjectDescription, from_dict, read_description
from ranking.errors import ImportRefused
from ranking.importers.csv_tables import read_given, read_labels, read_records
from ranking.importers.form_adv import FIELDS, read_form_adv
from ranking.importers.letor import LetorTable, read_letor
from ranking.importers.letor import description_of as letor_description
from ranking.importers.tables import Refusal, Table
from ranking.models import GivenFeatures, Item, Label, Project, Query
from ranking.services import catalog_rows as rows
from ranking.services.candidates import description_of
from ranking.services.catalog_rows import Counts, OnProgress
from ranking.services.constancy import constant_notes
from ranking.services.fitting import prepare, refuse_lost_features
from ranking.services.training_sets import notes_on_labels


def silent(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do: counts by kind of row, columns that nobody asked for, and notes."""

    project: str
    counts: tuple[Counts, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    def of(self, what: str) -> Counts:
        """Return the counts of "items", "queries", "labels" or "given features"."""
        return next((counts for counts in self.counts if counts.what == what), Counts(what))


@dataclass(frozen=True)
class Options:
    """How to import. `retire`: what the file lacks leaves the catalogue. `dry_run`: write nothing."""

    dry_run: bool = False
    retire: bool = False
    on_progress: OnProgress = silent


# --- the acts -----------------------------------------------------------------------------------------------
def load_project(folder: str | Path, options: Options = Options(retire=True)) -> ImportReport:
    """Load a project's folder; the folder is the truth for what it holds, and version 0 is made when new.

    Raises DescriptionError or ImportRefused; then nothing was written.
    """
    folder = Path(folder)
    description = read_description(folder)
    tables = _read_folder(folder, description)
    with _importing(options):
        project, notes = _save_project(description)
        files = description.files.named()
        counts = []
        if "items" in tables:
            counts.append(_write_items(project, description, files["items"], tables["items"], options))
        if "queries" in tables:
            counts.append(_write_queries(project, description, files["queries"], tables["queries"], options))
        if "labels" in tables:
            counts.append(_write_labels(project, files["labels"], tables["labels"], options))
        if "given" in tables:
            counts.append(_write_given(project, files["given"], tables["given"], options))
        ignored = tuple(f"{kind}: {name}" for kind, table in tables.items() for name in table.ignored)
        notes += [note for table in tables.values() for note in table.notes]
        return _finish(project, ImportReport(project.slug, tuple(counts), ignored, tuple(notes)), options)


def import_items(project: Project, path: str | Path, options: Options = Options()) -> ImportReport:
    """Import items from CSV or Parquet. Raises ImportRefused; then nothing was written."""
    description = description_of(project)
    path = Path(path)
    table = _checked(read_records(path, description.item))
    return _import(
        project, options, table, lambda: _write_items(project, description, path.name, table, options)
    )


def import_queries(project: Project, path: str | Path, options: Options = Options()) -> ImportReport:
    """Import queries from CSV or Parquet. Raises ImportRefused; then nothing was written."""
    description = description_of(project)
    path = Path(path)
    table = _checked(read_records(path, description.query))
    return _import(
        project, options, table, lambda: _write_queries(project, description, path.name, table, options)
    )


def import_labels(project: Project, path: str | Path, options: Options = Options()) -> ImportReport:
    """Import graded labels of known items and queries. Raises ImportRefused; then nothing was written."""
    description = description_of(project)
    path = Path(path)
    table = _checked(read_labels(path, description, _keys(Item, project), _keys(Query, project)))
    return _import(project, options, table, lambda: _write_labels(project, path.name, table, options))


def import_given(project: Project, path: str | Path, options: Options = Options()) -> ImportReport:
    """Import given values of known items and queries. Raises ImportRefused; then nothing was written."""
    description = description_of(project)
    path = Path(path)
    if not description.given_fields:
        message = f'{project.name} has no feature of kind "given", so nothing reads this file'
        raise ImportRefused([Refusal(path.name, None, "", message)])
    table = _checked(read_given(path, description, _keys(Item, project), _keys(Query, project)))
    return _import(project, options, table, lambda: _write_given(project, path.name, table, options))


def import_form_adv(project: Project, path: str | Path, options: Options = Options()) -> ImportReport:
    """Import advisers from the SEC's Form ADV file. Raises ImportRefused; then nothing was written."""
    description = description_of(project)
    name = Path(path).name
    strange = [field for field in description.item.names if field not in FIELDS]
    if strange:
        raise ImportRefused(
            [
                Refusal(name, None, field, f"is no field of Form ADV; expected some of {', '.join(FIELDS)}")
                for field in strange
            ]
        )
    read = _checked(read_form_adv(Path(path)))
    wanted = description.item.names
    table = replace(
        read, records=tuple({field: record[field] for field in wanted} for record in read.records)
    )
    return _import(project, options, table, lambda: _write_items(project, description, name, table, options))


@dataclass(frozen=True)
class LetorRequest:
    """A LETOR file, its `.query` file if it has one, and the project that it becomes."""

    path: Path
    slug: str
    name: str
    query_path: Path | None = None
    sort_by: str = "f1"


def import_letor(request: LetorRequest, options: Options = Options()) -> ImportReport:
    """Import graded pairs with given features as a project of their own. Raises ImportRefused."""
    table = read_letor(request.path, request.query_path)
    if table.refusals:
        raise ImportRefused(table.refusals)
    description = from_dict(
        letor_description(
            request.slug,
            request.name,
            reference_year=2025,
            feature_names=table.feature_names(),
            sort_by=request.sort_by,
        )
    )
    with _importing(options):
        project, notes = _save_project(description)
        counts = _write_letor(project, table, options)
        if table.duplicates:
            notes.append(f"{table.duplicates:,} lines repeat a pair and were taken once")
        return _finish(project, ImportReport(project.slug, counts, notes=tuple(notes)), options)


# --- how they are done --------------------------------------------------------------------------------------


@contextmanager
def _importing(options: Options) -> Any:
    """One transaction for all of an import."""
    with transaction.atomic():
        yield
        if options.dry_run:
            transaction.set_rollback(True)


def _import(project: Project, options: Options, table: Table, write: Callable[[], Counts]) -> ImportReport:
    with _importing(options):
        Project.objects.select_for_update().get(pk=project.pk)  # two imports at once would undo each other
        return _finish(project, ImportReport(project.slug, (write(),), table.ignored, table.notes), options)


def _finish(project: Project, report: ImportReport, options: Options) -> ImportReport:
    """Raise the revision when items changed, and make what a project needs before it can be served."""
    if report.of("items").writes or report.of("given features").writes:
        Project.objects.filter(pk=project.pk).update(items_revision=F("items_revision") + 1)
    labelled = any(counts.what == "labels" for counts in report.counts)
    notes = (
        *report.notes,
        *(notes_on_labels(project) if labelled else ()),
        *(() if options.dry_run else prepare(project, options.on_progress)),
        *constant_notes(project),
    )
    return replace(report, notes=notes, dry_run=options.dry_run)


def _read_folder(folder: Path, description: ProjectDescription) -> dict[str, Table]:
    """Read all files of a folder; raise ImportRefused with the refusals of all of them together."""
    files = description.files.named()
    project = Project.objects.filter(slug=description.slug).first()
    nouns, tables = {"items": description.item, "queries": description.query}, {}
    for kind, noun in nouns.items():
        if kind in files:
            tables[kind] = read_records(folder / files[kind], noun)
    # Where the rows of a file could not be read at all, every pair would name an unknown key.
    if all(table.records or not table.refusals for table in tables.values()):
        keys = (
            _table_keys(tables.get("items"), description.item.key, Item, project),
            _table_keys(tables.get("queries"), description.query.key, Query, project),
        )
        for kind, read in (("labels", read_labels), ("given", read_given)):
            if kind in files:
                tables[kind] = read(folder / files[kind], description, *keys)
    if refusals := [refusal for table in tables.values() for refusal in table.refusals]:
        raise ImportRefused(refusals)
    return tables


def _table_keys(table: Table | None, key: str, model: Any, project: Project | None) -> set[str]:
    if table is not None:
        return {record[key] for record in table.records}
    return _keys(model, project) if project is not None else set()


def _keys(model: Any, project: Project) -> set[str]:
    return set(model.objects.filter(project=project).values_list("key", flat=True))


def _checked(table: Table) -> Table:
    if table.refusals:
        raise ImportRefused(table.refusals)
    return table


def _save_project(description: ProjectDescription) -> tuple[Project, list[str]]:
    stored = description.to_dict()
    project, created = Project.objects.get_or_create(
        slug=description.slug, defaults={"name": description.name, "description": stored}
    )
    if created:
        return project, ["the project is new"]
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.description == stored and project.name == description.name:
        return project, []
    refuse_lost_features(project, description)
    project.description, project.name = stored, description.name
    # Rules decide who may be listed at all: a list that was made under others must be made again.
    project.items_revision = F("items_revision") + 1
    project.save(update_fields=["description", "name", "items_revision"])
    project.refresh_from_db(fields=["items_revision"])
    return project, ["the description changed"]


def _write_items(
    project: Project, description: ProjectDescription, file: str, table: Table, options: Options
) -> Counts:
    noun = description.item
    _refuse_to_empty(project.items.filter(active=True), file, noun.plural, table, options)
    return rows.write_items(
        project, table.records, noun.key, noun.title, retire=options.retire, on_progress=options.on_progress
    )


def _write_queries(
    project: Project, description: ProjectDescription, file: str, table: Table, options: Options
) -> Counts:
    noun = description.query
    _refuse_to_empty(project.queries.filter(active=True), file, noun.plural, table, options)
    names = {"key": noun.key, "title": noun.title, "organisation": noun.organisation}
    return rows.write_queries(
        project, table.records, names, retire=options.retire, on_progress=options.on_progress
    )


def _write_labels(project: Project, file: str, table: Table, options: Options) -> Counts:
    _refuse_to_empty(Label.objects.filter(query__project=project), file, "labels", table, options)
    return rows.write_labels(project, table.records, retire=options.retire, on_progress=options.on_progress)


def _write_given(project: Project, file: str, table: Table, options: Options) -> Counts:
    known = GivenFeatures.objects.filter(query__project=project)
    _refuse_to_empty(known, file, "given values", table, options)
    return rows.write_given(project, table.records, retire=options.retire, on_progress=options.on_progress)


def _refuse_to_empty(known: QuerySet[Any], file: str, plural: str, table: Table, options: Options) -> None:
    """A file without a row is mostly a download that was cut off: every reader's list would be empty."""
    if options.retire and not table.records and known.exists():
        message = f"expected at least one row: without any, all {plural} would be retired"
        raise ImportRefused([Refusal(file, None, "", message)])


def _write_letor(project: Project, table: LetorTable, options: Options) -> tuple[Counts, ...]:
    names = {"key": "key", "title": "title", "organisation": ""}
    progress = options.on_progress
    items = _letor_records("Document", (pair.item for pair in table.pairs))
    queries = _letor_records("Query", (pair.query for pair in table.pairs))
    labels = [{"query": pair.query, "item": pair.item, "grade": pair.grade} for pair in table.pairs]
    given = [{"query": p.query, "item": p.item, "values": table.values(p)} for p in table.pairs]
    return (
        rows.write_items(project, items, "key", "title", retire=options.retire, on_progress=progress),
        rows.write_queries(project, queries, names, retire=options.retire, on_progress=progress),
        rows.write_labels(project, labels, retire=options.retire, on_progress=progress),
        rows.write_given(project, given, retire=options.retire, on_progress=progress),
    )


def _letor_records(noun: str, keys: Iterable[str]) -> Sequence[dict[str, Any]]:
    return [{"key": key, "title": f"{noun} {key}"} for key in dict.fromkeys(keys)]
