"""Read and check ``project.toml``: types first, then every reference from one part to another."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ranking.description import checks
from ranking.description.errors import DescriptionError
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
from ranking.ltr.features import CROSSES, KINDS, MEASURES, STOP_WORDS, TRANSFORMS, FeatureSpec
from ranking.rules import OPERATORS, Rule

FILE_NAME = "project.toml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LARGEST = 1_000_000  # bytes of a description; more is surely another file


def read_description(path: str | Path) -> ProjectDescription:
    """Read a project's description from ``project.toml`` or the folder that holds it.

    Raises DescriptionError, which names file, line and key of what is wrong.
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
        raise DescriptionError(file.name, line, "", f"is not valid TOML: {error}") from None
    description = _project(Section(table, Source(file.name, line_numbers(text))))
    _check_files(description.files, file, Source(file.name, line_numbers(text)))
    return description


def from_dict(table: Mapping[str, Any]) -> ProjectDescription:
    """Rebuild a description from ``ProjectDescription.to_dict()``; it is checked like a file."""
    return _project(Section(table, Source("stored description")))


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise DescriptionError(file.name, None, "", f"is larger than {_LARGEST:,} bytes")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DescriptionError(file.name, None, "", f"is not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise DescriptionError(str(file), None, "", f"can't be read: {error.strerror}") from None


def _check_files(files: Files, file: Path, source: Source) -> None:
    for key, name in files.named().items():
        if not (file.parent / name).is_file():
            raise source.error(("files", key), f"there is no file {name!r} beside {file.name}")


def _project(top: Section) -> ProjectDescription:
    slug = top.text("slug")
    if not _SLUG.fullmatch(slug) or len(slug) > 50:
        raise top.error(
            "slug", f"{slug!r} is not a slug: expected up to 50 small letters, digits and hyphens"
        )
    name, about = top.text("name"), top.text("about", "")
    year = _year(top)
    labels_guard = top.flag("labels_guard", True)
    candidates = top.choice("candidates", ("all", "given"), "all")
    files = _files(top.section("files", {}))
    item, query = _noun(top.section("item"), "item"), _noun(top.section("query"), "query")
    nouns = {"item": item, "query": query}
    features = _named(top.sections("features"), lambda part: _feature(part, nouns, year))
    if not features:
        raise top.error("features", "is empty; expected at least one [[features]]")
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
        rules=_named(top.sections("rules"), lambda part: _rule(part, nouns)),
        sort=_sort(top, features),
        segments=_named(top.sections("segments"), lambda part: _segment(part, nouns)),
        protected=_named(top.sections("protected"), lambda part: _segment(part, nouns)),
        reason_tags=_reason_tags(top.sections("reason_tags")),
        signed_off=_signed_off(top.sections("signed_off")),
    )
    _check_given(top, description)
    top.finish()
    return description


def _check_given(top: Section, description: ProjectDescription) -> None:
    """Refuse to speak of given values where no feature reads any."""
    if description.given_fields:
        return
    if description.candidates == "given":
        raise top.error("candidates", '"given" needs a feature of kind "given"; there is none')
    if description.files.given:
        raise top.section("files").error("given", 'no feature is of kind "given", so nothing reads this file')


def _files(part: Section) -> Files:
    files = Files(**{known.name: part.text(known.name, "") for known in dataclasses.fields(Files)})
    for key, name in files.named().items():
        if Path(name).suffix.lower() not in (".csv", ".parquet"):
            raise part.error(key, f"expected a .csv or .parquet file, found {name!r}")
    part.finish()
    return files


def _named(parts: Sequence[Section], read: Any) -> tuple[Any, ...]:
    """Read the tables of an array; two of one name would shadow each other."""
    found: dict[str, Any] = {}
    for part in parts:
        thing = read(part)
        if thing.name in found:
            raise part.error("name", f"{thing.name!r} is declared twice")
        found[thing.name] = thing
        part.finish()
    return tuple(found.values())


def _name(part: Section) -> str:
    name = part.text("name")
    if not _NAME.fullmatch(name) or len(name) > 63:
        raise part.error("name", f"{name!r}: expected small letters, digits and _, starting with a letter")
    return name


def _noun(part: Section, side: str) -> NounDescription:
    noun, plural = part.text("noun"), part.text("plural")
    fields = _named(part.sections("fields"), _field)
    if not fields:
        raise part.error("fields", f"is empty; expected at least one [[{side}.fields]]")
    by_name = {known.name: known for known in fields}
    key, title = checks.known(part, "key", by_name), checks.known(part, "title", by_name)
    for role, name in (("key", key), ("title", title)):
        if by_name[name].type != "text":
            raise part.error(role, f"{name!r} is of type {by_name[name].type}; expected a text field")
    organisation = checks.known(part, "organisation", by_name, "") if side == "query" else ""
    card = tuple(by_name[name] for name in checks.all_known(part, "card", by_name))
    text = checks.all_known(part, "text", by_name)
    part.finish()
    return NounDescription(noun, plural, key, title, fields, card=card, text=text, organisation=organisation)


def _field(part: Section) -> Field:
    name, label = _name(part), part.text("label")
    kind = part.choice("type", FIELD_TYPES, "text")
    format = part.choice("format", FORMATS, OWN_FORMAT[kind])
    if format not in checks.FORMATS_OF[kind]:
        raise part.error(
            "format", f"{format!r} can't show a field of type {kind}: {_or(checks.FORMATS_OF[kind])}"
        )
    separator = part.text("separator", ";")
    if not separator.strip():
        raise part.error("separator", "expected one or more visible characters")
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


def _feature(part: Section, nouns: Mapping[str, NounDescription], year: int) -> FeatureSpec:
    name, kind = _name(part), part.choice("kind", KINDS)
    label, unit = part.text("label"), part.text("unit", "")
    monotone = part.integer("monotone", 0)
    if monotone not in (-1, 0, 1):
        raise part.error("monotone", f"expected 1, -1 or 0, found {monotone}")
    if monotone and kind == "categorical":
        raise part.error("monotone", "a categorical feature has no order to be monotone in")
    values: dict[str, Any] = {}
    if kind in ("numeric", "categorical"):
        values["side"] = part.choice("side", ("item", "query"), "item")
        values["field"] = checks.field_of(part, "field", nouns[values["side"]], kind)
    if kind == "numeric":
        values["transform"] = part.choice("transform", TRANSFORMS, "identity")
        checks.transform(part, values["transform"], nouns[values["side"]].field(values["field"]))
        values["reference_year"] = _year(part, year) if values["transform"] == "age" else None
    if kind in CROSSES:
        values["item_field"] = checks.field_of(part, "item_field", nouns["item"], kind)
        values["query_field"] = checks.field_of(part, "query_field", nouns["query"], kind)
        checks.comparable(part, kind, nouns, values)
    if kind in ("difference", "log_ratio"):
        values["absolute"] = part.flag("absolute", False)
    if kind == "overlap":
        values["measure"] = part.choice("measure", MEASURES, "of_query")
        values["words"] = checks.words(part, nouns, values)
    if kind == "text_similarity":
        values["stop_words"] = part.choice("stop_words", STOP_WORDS, "none")
    if kind == "given":
        values["field"] = part.text("field", name)
    return FeatureSpec(name, kind, label=label, unit=unit, monotone=monotone, **values)  # type: ignore[arg-type]


def _year(part: Section, default: Any = REQUIRED) -> int:
    year = part.integer("reference_year", default)
    if not 1900 <= year <= 2200:
        raise part.error("reference_year", f"expected a year from 1900 to 2200, found {year}")
    return year


def _rule(part: Section, nouns: Mapping[str, NounDescription]) -> Rule:
    name, words = _name(part), part.text("words")
    operator = part.choice("operator", OPERATORS)
    value, query_field = part.scalar("value", None), part.text("query_field", "")
    if (value is None) == (query_field == ""):
        raise part.error("", "expected either value or query_field, and not both")
    item_fields = {known.name: known for known in nouns["item"].fields}
    subject = item_fields[checks.known(part, "field", item_fields)]
    if query_field:
        query_fields = {known.name: known for known in nouns["query"].fields}
        checks.rule_against_query(
            part, operator, subject, query_fields[checks.known(part, "query_field", query_fields)]
        )
    else:
        checks.rule_against_value(part, operator, subject, value)
    return Rule(
        name,
        subject.name,
        operator,
        value=value,
        query_field=query_field,
        words=words,
        if_missing=part.choice("if_missing", ("keep", "remove"), ""),
    )


def _sort(top: Section, features: Sequence[FeatureSpec]) -> tuple[tuple[str, str], ...]:
    names = [spec.name for spec in features if spec.kind != "categorical"]
    keys: dict[str, str] = {}
    for part in top.sections("sort"):
        name = part.text("feature")
        if name not in names:
            raise part.error("feature", f"there is no feature {name!r} to sort by: {suggestion(name, names)}")
        if name in keys:
            raise part.error("feature", f"{name!r} is sorted by twice")
        keys[name] = part.choice("direction", ("ascending", "descending"))
        part.finish()
    if not keys:
        raise top.error("sort", "is empty; expected [[sort]] with the rule in use before any model")
    return tuple(keys.items())


def _segment(part: Section, nouns: Mapping[str, NounDescription]) -> Segment:
    name, label = _name(part), part.text("label")
    side = part.choice("side", ("item", "query"))
    fields = {known.name: known for known in nouns[side].fields}
    subject = fields[checks.known(part, "field", fields)]
    edges, bands = part.numbers("edges"), part.texts("bands")
    checks.segment(part, subject, edges, bands)
    return Segment(name, label, side, subject.name, edges=edges, bands=bands)


def _reason_tags(parts: Sequence[Section]) -> tuple[ReasonTag, ...]:
    pressed: set[str] = set()

    def read(part: Section) -> ReasonTag:
        tag = ReasonTag(_name(part), part.text("label"), part.text("key"))
        if len(tag.key) != 1 or not tag.key.isalnum():
            raise part.error("key", f"expected one letter or digit, found {tag.key!r}")
        if tag.key.lower() in pressed:
            raise part.error("key", f"{tag.key!r} belongs to another reason already")
        pressed.add(tag.key.lower())
        return tag

    return _named(parts, read)


def _signed_off(parts: Sequence[Section]) -> tuple[SignedOffPair, ...]:
    """Read the signed-off pairs; a pair in both orders, or of one item, could never be kept."""
    found: dict[SignedOffPair, None] = {}
    for part in parts:
        pair = SignedOffPair(part.text("query"), part.text("winner"), part.text("loser"))
        if pair.winner == pair.loser:
            raise part.error("loser", f"{pair.loser!r} can't be below itself")
        if SignedOffPair(pair.query, pair.loser, pair.winner) in found:
            raise part.error("winner", f"{pair.winner!r} and {pair.loser!r} are signed off in both orders")
        found[pair] = None
        part.finish()
    return tuple(found)
