"""Checks of one part of a description against another: does the field exist, and is it of a fitting type?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ranking.description.project import NUMERIC_TYPES, Field, NounDescription
from ranking.description.toml import REQUIRED, Section, suggestion
from ranking.rules import SET_OPERATORS

FORMATS_OF = {
    "text": ("text",),
    "number": ("number", "money", "count", "percent"),
    "count": ("count", "number", "money"),
    "year": ("year", "number"),
    "date": ("date",),
    "flag": ("yes_no",),
    "set": ("list",),
}
_TYPES_FOR = {
    "numeric": ("number", "count", "year", "date", "flag"),
    "categorical": ("text", "flag", "count", "year"),
    "equal": ("text", "number", "count", "year", "flag"),
    "difference": NUMERIC_TYPES,
    "log_ratio": NUMERIC_TYPES,
    "overlap": ("set", "text"),
    "text_similarity": ("text",),
}


def known(part: Section, key: str, fields: Mapping[str, Field], default: Any = REQUIRED) -> str:
    """Take the name of a declared field."""
    name = part.text(key, default)
    if name != default and name not in fields:
        raise part.error(key, f"there is no field {name!r}: {suggestion(name, list(fields))}")
    return name


def all_known(part: Section, key: str, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Take an array of names of declared fields."""
    names = part.texts(key)
    for name in names:
        if name not in fields:
            raise part.error(key, f"there is no field {name!r}: {suggestion(name, list(fields))}")
    if len(set(names)) < len(names):
        raise part.error(key, "names a field twice")
    return names


def field_of(part: Section, key: str, noun: NounDescription, kind: str) -> str:
    """Take the name of a field whose type this kind of feature can read."""
    name = known(part, key, {field.name: field for field in noun.fields})
    found, allowed = noun.field(name).type, _TYPES_FOR[kind]
    if found not in allowed:
        raise part.error(key, f"{name!r} is of type {found}; a {kind} feature reads {_any_of(allowed)}")
    return name


def transform(part: Section, name: str, field: Field) -> None:
    """Refuse an age of something that is no time, and a time that is taken as it is."""
    if name == "age" and field.type not in ("year", "date"):
        raise part.error(
            "transform", f"{field.name!r} is of type {field.type}; an age needs a year or a date"
        )
    if field.type == "date" and name != "age":
        raise part.error("transform", f'{field.name!r} is a date; expected transform = "age"')


def comparable(
    part: Section, kind: str, nouns: Mapping[str, NounDescription], values: Mapping[str, Any]
) -> None:
    """Refuse to ask whether a text equals a number: the answer would always be no."""
    if kind != "equal":
        return
    item, query = nouns["item"].field(values["item_field"]), nouns["query"].field(values["query_field"])
    if _family(item.type) != _family(query.type):
        raise part.error(
            "query_field", f"{query.name!r} is of type {query.type}, {item.name!r} of type {item.type}"
        )


def words(part: Section, nouns: Mapping[str, NounDescription], values: Mapping[str, Any]) -> bool:
    """Take whether an overlap compares words: of two texts it does, for whole texts are hardly ever equal."""
    types = {nouns["item"].field(values["item_field"]).type, nouns["query"].field(values["query_field"]).type}
    found = part.flag("words", types == {"text"})
    if found and types == {"set"}:
        raise part.error("words", "both fields are sets; the words of a text are compared")
    return found


def rule_against_query(part: Section, operator: str, item: Field, query: Field) -> None:
    """Check that the item's and the query's field can be compared by this operator."""
    _operator_fits(part, operator, item)
    wanted = query.type
    if operator in ("one_of", "none_of", *SET_OPERATORS):
        if wanted not in ("set", "text"):
            raise part.error(
                "query_field", f"{query.name!r} is of type {wanted}; {operator} needs a set or a text"
            )
    elif _family(wanted) != _family(item.type):
        raise part.error(
            "query_field", f"{query.name!r} is of type {wanted}, {item.name!r} of type {item.type}"
        )


def rule_against_value(part: Section, operator: str, item: Field, value: Any) -> None:
    """Check that a fixed value can be compared with the item's field by this operator."""
    _operator_fits(part, operator, item)
    parts = value if isinstance(value, tuple) else (value,)
    several = operator in ("one_of", "none_of", *SET_OPERATORS)
    if isinstance(value, tuple) and not several:
        raise part.error("value", f"{operator} compares with one value; found an array")
    if not parts:
        raise part.error("value", "is an empty array; the rule would never apply")
    family = "text" if item.type == "set" else _family(item.type)
    for one in parts:
        if _family_of_value(one) != ("text" if family == "date" else family):
            raise part.error("value", f"{one!r} can't be compared with {item.name!r} of type {item.type}")


def segment(part: Section, field: Field, edges: Sequence[float], bands: Sequence[str]) -> None:
    """Check that bands and edges belong together and that a number has them."""
    numeric = field.type in NUMERIC_TYPES
    if numeric and not edges:
        raise part.error("edges", f"is missing; {field.name!r} is a number, so say where its bands end")
    if edges and not numeric:
        raise part.error("edges", f"{field.name!r} is of type {field.type}; only numbers have bands")
    if edges and len(bands) != len(edges) + 1:
        raise part.error(
            "bands", f"expected {len(edges) + 1} names for {len(edges)} edges, found {len(bands)}"
        )
    if bands and not edges:
        raise part.error("bands", "bands need edges")


def _operator_fits(part: Section, operator: str, item: Field) -> None:
    if (item.type == "set") != (operator in SET_OPERATORS):
        needs = "a set" if operator in SET_OPERATORS else "a field that is no set"
        raise part.error("operator", f"{operator} needs {needs}; {item.name!r} is of type {item.type}")
    if operator in ("at_least", "at_most") and item.type not in (*NUMERIC_TYPES, "date"):
        raise part.error(
            "operator", f"{operator} needs a number or a date; {item.name!r} is of type {item.type}"
        )


def _family(type_name: str) -> str:
    return "number" if type_name in NUMERIC_TYPES else type_name


def _family_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"


def _any_of(types: Sequence[str]) -> str:
    return "a field of type " + " or ".join(types)
