"""Checks of one part of a description against another: does the field exist, and is it of a fitting type?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ranking.description.project import NUMERIC_TYPES, Field
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


@dataclass(frozen=True)
class Names:
    """What is declared, by name; None stands for what is declared wrongly, of which nothing follows.

    Where one has no name that can be read, `complete` is false: any unknown name may be its.
    """

    of: Mapping[str, Any]
    complete: bool

    @classmethod
    def declared(cls, parts: Sequence[Section], things: Sequence[Any], decides: str) -> Names:
        """Return the names of an array of tables; of one whose key `decides` is wrong nothing is known."""
        names = [part.raw("name") for part in parts]
        found = {
            name: thing if part.sound(decides) else None
            for name, thing, part in zip(names, things, parts, strict=True)
            if isinstance(name, str)
        }
        return cls(found, bool(names) and all(isinstance(name, str) for name in names))


UNKNOWN = Names({}, complete=False)


def known(part: Section, key: str, names: Names, default: Any = REQUIRED) -> Any:
    """Take the name of something declared and return that; None when it is not known, or left out."""
    name = part.text(key, default)
    return _look_up(part, key, name, names) if part.sound(key) and name != default else None


def all_known(part: Section, key: str, names: Names) -> tuple[Any, ...]:
    """Take an array of names of declared fields and return these."""
    given = part.texts(key)
    found = [_look_up(part, key, name, names) for name in given]
    if len(set(given)) < len(given):
        part.refuse(key, "names a field twice")
    return tuple(field for field in found if field is not None)


def _look_up(part: Section, key: str, name: str, names: Names) -> Any:
    if name in names.of:
        found = names.of[name]
    else:
        found = None
        if names.complete:
            part.refuse(key, f"there is no field {name!r}: {suggestion(name, list(names.of))}")
    if found is None:
        part.give_up(key)
    return found


def field_of(part: Section, key: str, names: Names, kind: str) -> Field | None:
    """Take the name of a field whose type this kind of feature can read."""
    found, allowed = known(part, key, names), _TYPES_FOR[kind]
    if found is not None and found.type not in allowed:
        part.refuse(key, f"{found.name!r} is of type {found.type}; a {kind} feature reads {_any_of(allowed)}")
        return None
    return found


def transform(part: Section, name: str, field: Field) -> None:
    """Refuse an age of something that is no time, and a time that is taken as it is."""
    if name == "age" and field.type not in ("year", "date"):
        part.refuse("transform", f"{field.name!r} is of type {field.type}; an age needs a year or a date")
    if field.type == "date" and name != "age":
        part.refuse("transform", f'{field.name!r} is a date; expected transform = "age"')


def comparable(part: Section, kind: str, item: Field, query: Field) -> None:
    """Refuse to ask whether a text equals a number: the answer would always be no."""
    if kind == "equal" and _family(item.type) != _family(query.type):
        part.refuse(
            "query_field", f"{query.name!r} is of type {query.type}, {item.name!r} of type {item.type}"
        )


def words(part: Section, item: Field | None, query: Field | None) -> bool:
    """Take whether an overlap compares words: of two texts it does, for whole texts are hardly ever equal."""
    types = {field.type for field in (item, query) if field is not None}
    found = part.flag("words", types == {"text"})
    if found and item and query and types == {"set"}:
        part.refuse("words", "both fields are sets; the words of a text are compared")
    return found


def rule_against_query(part: Section, operator: str, item: Field, query: Field) -> None:
    """Check that the item's and the query's field can be compared by this operator."""
    if not _operator_fits(part, operator, item):
        return
    wanted = query.type
    if operator in ("one_of", "none_of", *SET_OPERATORS):
        if wanted not in ("set", "text"):
            part.refuse(
                "query_field", f"{query.name!r} is of type {wanted}; {operator} needs a set or a text"
            )
    elif _family(wanted) != _family(item.type):
        part.refuse("query_field", f"{query.name!r} is of type {wanted}, {item.name!r} of type {item.type}")


def rule_against_value(part: Section, operator: str, item: Field, value: Any) -> None:
    """Check that a fixed value can be compared with the item's field by this operator."""
    if not _operator_fits(part, operator, item):
        return
    parts = value if isinstance(value, tuple) else (value,)
    several = operator in ("one_of", "none_of", *SET_OPERATORS)
    if isinstance(value, tuple) and not several:
        part.refuse("value", f"{operator} compares with one value; found an array")
    if not parts:
        part.refuse("value", "is an empty array; the rule would never apply")
    family = "text" if item.type == "set" else _family(item.type)
    for one in parts:
        if _family_of_value(one) != ("text" if family == "date" else family):
            part.refuse("value", f"{one!r} can't be compared with {item.name!r} of type {item.type}")


def segment(part: Section, field: Field, edges: Sequence[float], bands: Sequence[str]) -> None:
    """Check that bands and edges belong together and that a number has them."""
    numeric = field.type in NUMERIC_TYPES
    if numeric and not edges:
        part.refuse("edges", f"is missing; {field.name!r} is a number, so say where its bands end")
    if edges and not numeric:
        part.refuse("edges", f"{field.name!r} is of type {field.type}; only numbers have bands")
    if edges and len(bands) != len(edges) + 1:
        part.refuse("bands", f"expected {len(edges) + 1} names for {len(edges)} edges, found {len(bands)}")
    if bands and not edges and part.sound("edges"):
        part.refuse("bands", "bands need edges")


def _operator_fits(part: Section, operator: str, item: Field) -> bool:
    if (item.type == "set") != (operator in SET_OPERATORS):
        needs = "a set" if operator in SET_OPERATORS else "a field that is no set"
        part.refuse("operator", f"{operator} needs {needs}; {item.name!r} is of type {item.type}")
    if operator in ("at_least", "at_most") and item.type not in (*NUMERIC_TYPES, "date"):
        part.refuse("operator", f"{operator} needs a number or a date; {item.name!r} is of type {item.type}")
    return part.sound("operator")


def _family(type_name: str) -> str:
    return "number" if type_name in NUMERIC_TYPES else type_name


def _family_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"


def _any_of(types: Sequence[str]) -> str:
    return "a field of type " + " or ".join(types)
