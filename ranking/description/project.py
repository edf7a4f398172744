"""What a project is: nouns and their fields, features, rules, the sorting rule, segments, reason tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ranking.ltr.features import FeatureSpec
from ranking.rules import Rule

FIELD_TYPES = ("text", "number", "count", "year", "date", "flag", "set")
FORMATS = ("text", "money", "number", "count", "percent", "year", "date", "list", "yes_no")
NUMERIC_TYPES = ("number", "count", "year")
OWN_FORMAT = {
    "text": "text",
    "number": "number",
    "count": "count",
    "year": "year",
    "date": "date",
    "flag": "yes_no",
    "set": "list",
}


@dataclass(frozen=True)
class Field:
    """One column of the items or queries: what it holds and how it is written for people."""

    name: str
    label: str
    type: str = "text"
    unit: str = ""
    format: str = "text"
    separator: str = ";"
    required: bool = False


@dataclass(frozen=True)
class NounDescription:
    """The items or the queries: what they are called, their fields, and what a card shows."""

    noun: str
    plural: str
    key: str
    title: str
    fields: tuple[Field, ...]
    card: tuple[Field, ...] = ()
    text: tuple[str, ...] = ()
    organisation: str = ""

    def field(self, name: str) -> Field:
        """Return the field of that name; KeyError when there is none."""
        for known in self.fields:
            if known.name == name:
                return known
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields, in the order of the description."""
        return tuple(known.name for known in self.fields)


@dataclass(frozen=True)
class Segment:
    """A way to part the queries or items for reports: by a field's values, or by bands of its numbers.

    With ``edges`` (e1 < e2 < ...) the bands are: below e1, e1 to below e2, ..., from the last edge on;
    ``bands`` names them, one more than there are edges.
    """

    name: str
    label: str
    side: str
    field: str
    edges: tuple[float, ...] = ()
    bands: tuple[str, ...] = ()

    def value_of(self, record: Mapping[str, Any]) -> str:
        """Name the part that a record belongs to; "not reported" when its value is missing."""
        value = record.get(self.field)
        if value is None or value == "" or value == []:
            return "not reported"
        if not self.edges:
            if isinstance(value, bool):
                return "yes" if value else "no"
            return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return self.bands[sum(float(value) >= edge for edge in self.edges)]


@dataclass(frozen=True)
class ReasonTag:
    """A reason an expert may give with one key or click."""

    name: str
    label: str
    key: str


@dataclass(frozen=True)
class SignedOffPair:
    """An order that no new version may turn round: for a query, one item above another, by their keys."""

    query: str
    winner: str
    loser: str

    def to_dict(self) -> dict[str, str]:
        """Return it in the shape of ``project.toml``."""
        return {"query": self.query, "winner": self.winner, "loser": self.loser}


@dataclass(frozen=True)
class Files:
    """Names of the data files beside the description; empty where the data come through an importer."""

    items: str = ""
    queries: str = ""
    labels: str = ""
    given: str = ""

    def named(self) -> dict[str, str]:
        """Return the names of those files that there are, by what they hold."""
        return {kind: name for kind, name in asdict(self).items() if name}


@dataclass(frozen=True)
class ProjectDescription:
    """One matching problem, as declared in ``project.toml``; checked as a whole when it is read.

    ``labels_guard`` says whether the graded labels are a standard that a new version may not fall behind, or
    a history that is reported but may be departed from. ``candidates`` says which items may be in the list of
    a query: "all" that break no rule, or those alone that have "given" values for it, as in a LETOR file.
    """

    slug: str
    name: str
    reference_year: int
    query: NounDescription
    item: NounDescription
    features: tuple[FeatureSpec, ...]
    sort: tuple[tuple[str, str], ...]
    about: str = ""
    labels_guard: bool = True
    candidates: str = "all"
    files: Files = field(default_factory=Files)
    rules: tuple[Rule, ...] = ()
    segments: tuple[Segment, ...] = ()
    protected: tuple[Segment, ...] = ()
    reason_tags: tuple[ReasonTag, ...] = ()
    signed_off: tuple[SignedOffPair, ...] = ()

    def feature(self, name: str) -> FeatureSpec:
        """Return the feature of that name; KeyError when there is none."""
        for spec in self.features:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def given_fields(self) -> tuple[str, ...]:
        """Names of the values that come with a pair, in the order of their features."""
        return tuple(dict.fromkeys(spec.field for spec in self.features if spec.kind == "given"))

    @property
    def pair_columns(self) -> tuple[str, str]:
        """Columns that name the query and the item in a file of pairs.

        They are called like both keys, or "query" and "item" where the two keys have one name.
        """
        names = self.query.key, self.item.key
        return names if names[0] != names[1] else ("query", "item")

    def noun(self, side: str) -> NounDescription:
        """Return the description of "item" or "query"."""
        return {"item": self.item, "query": self.query}[side]

    def _feature(self, spec: FeatureSpec) -> dict[str, Any]:
        found = _feature(spec, self.reference_year)
        if spec.kind == "overlap":
            texts = self.item.field(spec.item_field).type == self.query.field(spec.query_field).type == "text"
            found |= {"words": spec.words} if spec.words != texts else {}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the description in the shape of ``project.toml``, ready for JSON."""
        found = {
            "slug": self.slug,
            "name": self.name,
            "about": self.about,
            "reference_year": self.reference_year,
            "labels_guard": self.labels_guard,
            "files": self.files.named(),
            "item": _noun(self.item),
            "query": _noun(self.query),
            "features": [self._feature(spec) for spec in self.features],
            "rules": [_rule(rule) for rule in self.rules],
            "sort": [{"feature": name, "direction": direction} for name, direction in self.sort],
            "segments": [_segment(segment) for segment in self.segments],
            "protected": [_segment(segment) for segment in self.protected],
            "reason_tags": [_plain(tag, ("name", "label", "key")) for tag in self.reason_tags],
            "signed_off": [pair.to_dict() for pair in self.signed_off],
        }
        return found if self.candidates == "all" else found | {"candidates": self.candidates}


def _plain(thing: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Pick attributes for JSON; empty texts and arrays are left out, as one leaves them out of a file."""
    values = ((name, getattr(thing, name)) for name in names)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values
        if value is not None and value != "" and value != ()
    }


def _noun(noun: NounDescription) -> dict[str, Any]:
    found = _plain(noun, ("noun", "plural", "key", "title", "text", "organisation"))
    found["card"] = [shown.name for shown in noun.card]
    # A list: in a JSON column of PostgreSQL the keys of an object come back in another order.
    found["fields"] = [
        _plain(known, ("name", "label", "type", "unit", "format", "separator", "required"))
        for known in noun.fields
    ]
    return found


def _feature(spec: FeatureSpec, year: int) -> dict[str, Any]:
    found = _plain(spec, ("name", "kind", "label", "unit"))
    if spec.kind in ("numeric", "categorical"):
        found |= _plain(spec, ("side", "field"))
    if spec.kind == "numeric":
        found |= _plain(spec, ("transform",))
        if spec.reference_year not in (None, year):
            found["reference_year"] = spec.reference_year
    if spec.kind in ("equal", "difference", "log_ratio", "overlap", "text_similarity"):
        found |= _plain(spec, ("item_field", "query_field"))
    if spec.kind in ("difference", "log_ratio"):
        found |= _plain(spec, ("absolute",))
    if spec.kind == "overlap":
        found |= _plain(spec, ("measure",))
    if spec.kind == "text_similarity" and spec.stop_words != "none":
        found |= _plain(spec, ("stop_words",))
    if spec.kind == "given":
        found |= _plain(spec, ("field",))
    return found | ({"monotone": spec.monotone} if spec.monotone else {})


def _rule(rule: Rule) -> dict[str, Any]:
    return _plain(rule, ("name", "words", "field", "operator", "value", "query_field", "if_missing"))


def _segment(segment: Segment) -> dict[str, Any]:
    return _plain(segment, ("name", "label", "side", "field", "edges", "bands"))
