"""Read and check ``project.toml``: types first, then every reference from one part to another."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ranking.description import checks
from ranking.description.errors import DescriptionError, Mistake
from ranking.description.project import (
    FIELD_TYPES,
    FORMATS,
    OWN_FORMAT,
    Field,
    Files,
    NounDescription,
    ProjectDescription,
    ReasonTag,
    Segment,
    SignedOffPair,
)
from ranking.description.toml import REQUIRED, Section, Source, line_numbers, suggestion
from ranking.ltr.features import CROSSES, KINDS, MEASURES, ONE_SIDED, STOP_WORDS, TRANSFORMS, FeatureSpec
from ranking.rules import OPERATORS, Rule

FILE_NAME = "project.toml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LARGEST = 1_000_000  # bytes of a description; more is surely another file
_FILE_TYPES = (".csv", ".parquet")


def read_description(path: str | Path) -> ProjectDescription:
    """Read a project's description from ``project.toml`` or the folder that holds it.

    Raises DescriptionError, which names file, line and key of everything that is wrong.
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE_NAME
    text = _read_text(file)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else None
        raise _unreadable(file.name, f"is not valid TOML: {error}", line) from None
    source = Source(file.name, line_numbers(text))
    description = _project(Section(table, source))
    _check_files(description.files, file, source)
    source.check()
    return description


def from_dict(table: Mapping[str, Any]) -> ProjectDescription:
    """Rebuild a description from ``ProjectDescription.to_dict()``; it is checked like a file."""
    source = Source("stored description")
    description = _project(Section(table, source))
    source.check()
    return description


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise _unreadable(file.name, f"is larger than {_LARGEST:,} bytes")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(file.name, f"is not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise _unreadable(str(file), f"can't be read: {error.strerror}") from None


def _unreadable(file: str, message: str, line: int | None = None) -> DescriptionError:
    return DescriptionError([Mistake(file, line, "", message)])


def _check_files(files: Files, file: Path, source: Source) -> None:
    for key, name in files.named().items():
        if Path(name).suffix.lower() in _FILE_TYPES and not (file.parent / name).is_file():
            source.refuse(("files", key), f"there is no file {name!r} beside {file.name}")


def _project(top: Section) -> ProjectDescription:
    """Read all there is, whatever is wrong with it; only `Source.check` says whether it may be used."""
    slug = top.text("slug")
    if not _SLUG.fullmatch(slug) or len(slug) > 50:
        message = f"{slug!r} is not a slug: expected up to 50 small letters, digits and hyphens"
        top.refuse("slug", message)
    name, about = top.text("name"), top.text("about", "")
    year = _year(top)
    labels_guard = top.flag("labels_guard", True)
    candidates = top.choice("candidates", ("all", "given"), "all")
    files_part = top.section("files", {})
    files = _files(files_part)
    item, items = _noun(top.section("item"), "item")
    query, queries = _noun(top.section("query"), "query")
    names = {"item": items, "query": queries}
    feature_parts = top.sections("features")
    features = _named(feature_parts, lambda part: _feature(part, names, year))
    if not features:
        top.refuse("features", "is empty; expected at least one [[features]]")
    _check_given(top, files_part, features)
    description = ProjectDescription(
        slug=slug,
        name=name,
        about=about,
        reference_year=year,
        labels_guard=labels_guard,
        candidates=candidates,
        files=files,
        item=item,
        query=query,
        features=features,
        rules=_named(top.sections("rules"), lambda part: _rule(part, names)),
        sort=_sort(top, checks.Names.declared(feature_parts, features, "kind")),
        segments=_named(top.sections("segments"), lambda part: _segment(part, names)),
        protected=_named(top.sections("protected"), lambda part: _segment(part, names)),
        reason_tags=_reason_tags(top.sections("reason_tags")),
        signed_off=_signed_off(top.sections("signed_off")),
    )
    top.finish()
    return description


def _check_given(top: Section, files: Section, features: Sequence[FeatureSpec]) -> None:
    """Refuse to speak of given values where no feature reads any."""
    if not features or any(spec.kind in ("given", "") for spec in features):
        return
    if top.raw("candidates") == "given":
        top.refuse("candidates", '"given" needs a feature of kind "given"; there is none')
    if files.raw("given"):
        files.refuse("given", 'no feature is of kind "given", so nothing reads this file')


def _files(part: Section) -> Files:
    files = Files(**{known.name: part.text(known.name, "") for known in dataclasses.fields(Files)})
    for key, name in files.named().items():
        if Path(name).suffix.lower() not in _FILE_TYPES:
            part.refuse(key, f"expected a .csv or .parquet file, found {name!r}")
    part.finish()
    return files


def _named(parts: Sequence[Section], read: Any) -> tuple[Any, ...]:
    """Read the tables of an array; two of one name would shadow each other."""
    found: list[Any] = []
    names: set[str] = set()
    for part in parts:
        thing = read(part)
        if part.sound("name") and thing.name in names:
            part.refuse("name", f"{thing.name!r} is declared twice")
        found.append(thing)
        names.add(thing.name)
        part.finish()
    return tuple(found)


def _name(part: Section) -> str:
    name = part.text("name")
    if not _NAME.fullmatch(name) or len(name) > 63:
        part.refuse("name", f"{name!r}: expected small letters, digits and _, starting with a letter")
    return name


def _noun(part: Section, side: str) -> tuple[NounDescription, checks.Names]:
    noun, plural = part.text("noun"), part.text("plural")
    field_parts = part.sections("fields")
    fields = _named(field_parts, _field)
    if not fields:
        part.refuse("fields", f"is empty; expected at least one [[{side}.fields]]")
    names = checks.Names.declared(field_parts, fields, "type")
    roles = {role: checks.known(part, role, names) for role in ("key", "title")}
    for role, field in roles.items():
        if field is not None and field.type != "text":
            part.refuse(role, f"{field.name!r} is of type {field.type}; expected a text field")
    organisation = checks.known(part, "organisation", names, "") if side == "query" else None
    card = checks.all_known(part, "card", names)
    text = checks.all_known(part, "text", names)
    part.finish()
    described = NounDescription(
        noun,
        plural,
        _name_of(roles["key"]),
        _name_of(roles["title"]),
        fields,
        card=card,
        text=tuple(map(_name_of, text)),
        organisation=_name_of(organisation),
    )
    return described, names


def _name_of(field: Field | None) -> str:
    return "" if field is None else field.name


def _field(part: Section) -> Field:
    name, label = _name(part), part.text("label")
    kind = part.choice("type", FIELD_TYPES, "text")
    format = part.choice("format", FORMATS, OWN_FORMAT[kind])
    if part.sound("type") and format not in checks.FORMATS_OF[kind]:
        message = f"{format!r} can't show a field of type {kind}: {_or(checks.FORMATS_OF[kind])}"
        part.refuse("format", message)
    separator = part.text("separator", ";")
    if not separator.strip():
        part.refuse("separator", "expected one or more visible characters")
    return Field(
        name,
        label,
        type=kind,
        unit=part.text("unit", ""),
        format=format,
        separator=separator,
        required=part.flag("required", False),
    )


def _or(words: Sequence[str]) -> str:
    return "expected " + " or ".join(words)


def _feature(part: Section, names: Mapping[str, checks.Names], year: int) -> FeatureSpec:
    name, kind = _name(part), part.choice("kind", KINDS)
    label, unit = part.text("label"), part.text("unit", "")
    monotone = part.integer("monotone", 0)
    if monotone not in (-1, 0, 1):
        part.refuse("monotone", f"expected 1, -1 or 0, found {monotone}")
    if not part.sound("kind"):
        part.leave()
        return FeatureSpec(name, "")  # type: ignore[arg-type]
    if monotone and kind == "categorical":
        part.refuse("monotone", "a categorical feature has no order to be monotone in")
    values: dict[str, Any] = {"field": part.text("field", name)} if kind == "given" else {}
    if kind in ONE_SIDED:
        values = _one_sided(part, kind, names, year)
    if kind in CROSSES:
        values = _cross(part, kind, names)
    return FeatureSpec(name, kind, label=label, unit=unit, monotone=monotone, **values)  # type: ignore[arg-type]


def _one_sided(part: Section, kind: str, names: Mapping[str, checks.Names], year: int) -> dict[str, Any]:
    side = part.choice("side", ("item", "query"), "item")
    field = checks.field_of(part, "field", names[side] if part.sound("side") else checks.UNKNOWN, kind)
    values: dict[str, Any] = {"side": side, "field": _name_of(field)}
    if kind == "numeric":
        values["transform"] = part.choice("transform", TRANSFORMS, "identity")
        if field is not None:
            checks.transform(part, values["transform"], field)
        values["reference_year"] = _year(part, year) if values["transform"] == "age" else None
    return values


def _cross(part: Section, kind: str, names: Mapping[str, checks.Names]) -> dict[str, Any]:
    item = checks.field_of(part, "item_field", names["item"], kind)
    query = checks.field_of(part, "query_field", names["query"], kind)
    values: dict[str, Any] = {"item_field": _name_of(item), "query_field": _name_of(query)}
    if kind in ("difference", "log_ratio"):
        values["absolute"] = part.flag("absolute", False)
    if kind == "overlap":
        values["measure"] = part.choice("measure", MEASURES, "of_query")
        values["words"] = checks.words(part, item, query)
    if kind == "text_similarity":
        values["stop_words"] = part.choice("stop_words", STOP_WORDS, "none")
    if item is not None and query is not None:
        checks.comparable(part, kind, item, query)
    return values


def _year(part: Section, default: Any = REQUIRED) -> int:
    year = part.integer("reference_year", default)
    # One that stands in for another table's is wrong there.
    if year != default and not 1900 <= year <= 2200:
        part.refuse("reference_year", f"expected a year from 1900 to 2200, found {year}")
    return year


def _rule(part: Section, names: Mapping[str, checks.Names]) -> Rule:
    name, words = _name(part), part.text("words")
    operator = part.choice("operator", OPERATORS)
    value, query_field = part.scalar("value", None), part.text("query_field", "")
    if part.sound("value", "query_field") and (value is None) == (query_field == ""):
        part.refuse("", "expected either value or query_field, and not both")
    subject = checks.known(part, "field", names["item"])
    against = checks.known(part, "query_field", names["query"], "")
    if subject is not None and part.sound("", "operator", "value"):
        if against is not None:
            checks.rule_against_query(part, operator, subject, against)
        elif value is not None:
            checks.rule_against_value(part, operator, subject, value)
    return Rule(
        name,
        _name_of(subject),
        operator,
        value=value,
        query_field=query_field,
        words=words,
        if_missing=part.choice("if_missing", ("keep", "remove"), ""),
    )


def _sort(top: Section, features: checks.Names) -> tuple[tuple[str, str], ...]:
    names = [name for name, spec in features.of.items() if spec is None or spec.kind != "categorical"]
    keys: dict[str, str] = {}
    for part in top.sections("sort"):
        name = part.text("feature")
        if name not in names and (features.complete or name in features.of):
            part.refuse("feature", f"there is no feature {name!r} to sort by: {suggestion(name, names)}")
        if name in keys:
            part.refuse("feature", f"{name!r} is sorted by twice")
        keys[name] = part.choice("direction", ("ascending", "descending"))
        part.finish()
    if not keys:
        top.refuse("sort", "is empty; expected [[sort]] with the rule in use before any model")
    return tuple(keys.items())


def _segment(part: Section, names: Mapping[str, checks.Names]) -> Segment:
    name, label = _name(part), part.text("label")
    side = part.choice("side", ("item", "query"))
    subject = checks.known(part, "field", names[side] if part.sound("side") else checks.UNKNOWN)
    edges, bands = part.numbers("edges"), part.texts("bands")
    if subject is not None:
        checks.segment(part, subject, edges, bands)
    return Segment(name, label, side, _name_of(subject), edges=edges, bands=bands)


def _reason_tags(parts: Sequence[Section]) -> tuple[ReasonTag, ...]:
    pressed: set[str] = set()

    def read(part: Section) -> ReasonTag:
        tag = ReasonTag(_name(part), part.text("label"), part.text("key"))
        if len(tag.key) != 1 or not tag.key.isalnum():
            part.refuse("key", f"expected one letter or digit, found {tag.key!r}")
        elif tag.key.lower() in pressed:
            part.refuse("key", f"{tag.key!r} belongs to another reason already")
        pressed.add(tag.key.lower())
        return tag

    return _named(parts, read)


def _signed_off(parts: Sequence[Section]) -> tuple[SignedOffPair, ...]:
    """Read the signed-off pairs; a pair in both orders, or of one item, could never be kept."""
    found: dict[SignedOffPair, None] = {}
    for part in parts:
        pair = SignedOffPair(part.text("query"), part.text("winner"), part.text("loser"))
        if pair.winner == pair.loser and part.sound("winner"):
            part.refuse("loser", f"{pair.loser!r} can't be below itself")
        if SignedOffPair(pair.query, pair.loser, pair.winner) in found:
            part.refuse("winner", f"{pair.winner!r} and {pair.loser!r} are signed off in both orders")
        found[pair] = None
        part.finish()
    return tuple(found)
