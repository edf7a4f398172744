"""Hard rules: what a candidate must satisfy to be in the list at all. They are declared, never learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ranking.formats import for_people, is_missing

SCALAR_OPERATORS = ("equals", "not_equals", "at_least", "at_most", "one_of", "none_of")
SET_OPERATORS = ("has_all", "has_any", "has_none")
OPERATORS = SCALAR_OPERATORS + SET_OPERATORS
# What these forbid can't be found in a value that is not there; every other rule can't be shown to hold.
_FORBIDDING = ("not_equals", "none_of", "has_none")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """One condition on a field of the item, against a fixed ``value`` or the query's ``query_field``.

    For a scalar field: equals, not_equals, at_least, at_most, one_of, none_of. For a set: has_all, has_any,
    has_none. Texts are compared without regard to case. A rule whose query has no value does not apply. An
    item without a value breaks a rule that demands and keeps one that forbids, unless ``if_missing`` says
    "keep" or "remove". ``words`` tells a person; "{value}" in it stands for what is demanded.
    """

    name: str
    field: str
    operator: str
    value: Any = None
    query_field: str = ""
    words: str = ""
    if_missing: str = ""

    def demanded(self, query: Mapping[str, Any]) -> Any:
        """Return what the rule compares with: the fixed value or the query's."""
        return query.get(self.query_field) if self.query_field else self.value

    def applies(self, query: Mapping[str, Any]) -> bool:
        """Say whether the query asks for anything here."""
        return not is_missing(self.demanded(query))

    @property
    def removes_missing(self) -> bool:
        """Say whether an item without a value is removed."""
        if self.if_missing:
            return self.if_missing == "remove"
        return self.operator not in _FORBIDDING


def eligible_mask(
    rules: Sequence[Rule], items: pd.DataFrame, query: Mapping[str, Any]
) -> tuple[Mask, dict[str, int]]:
    """Say which items obey every rule, and how many break each.

    Parameters
    ----------
    rules : rules of the project
    items : (n, fields) one row per item; sets are lists, missing values None or NaN, and so is a field
        that no item has
    query : the need, by field

    Returns
    -------
    mask : (n,) True where the item may be in the list
    removed : by rule name, how many items break it (an item that breaks two is counted in both);
        rules that do not apply to this query are left out
    """
    mask = np.ones(len(items), dtype=bool)
    removed: dict[str, int] = {}
    for rule in rules:
        if rule.applies(query):
            # A field that was declared after the items came is one that none of them reports yet.
            values = items.get(rule.field, pd.Series(None, index=items.index, dtype=object))
            keeps = _keeps(rule, values, rule.demanded(query))
            removed[rule.name] = int((~keeps).sum())
            mask &= keeps
    return mask, removed


def broken_rules(rules: Sequence[Rule], item: Mapping[str, Any], query: Mapping[str, Any]) -> list[Rule]:
    """Return the rules that one item breaks for a query, in the order of the project."""
    row = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in item.items()})
    return [rule for rule in rules if not eligible_mask([rule], row, query)[0][0]]


def rule_in_words(rule: Rule, query: Mapping[str, Any], *, format: str = "text", unit: str = "") -> str:
    """Tell a rule to a person, with what this query demands in place of "{value}"."""
    return (rule.words or rule.name).replace("{value}", for_people(rule.demanded(query), format, unit))


def _keeps(rule: Rule, values: pd.Series, demanded: Any) -> Mask:
    if rule.operator in ("at_least", "at_most") and not isinstance(demanded, str):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        missing = np.isnan(numbers)
        with np.errstate(invalid="ignore"):
            holds = numbers >= demanded if rule.operator == "at_least" else numbers <= demanded
    else:
        test = _TESTS[rule.operator](demanded)
        stored = values.tolist()
        missing = np.fromiter((is_missing(value) for value in stored), dtype=bool, count=len(stored))
        holds = np.fromiter(
            (not absent and test(value) for value, absent in zip(stored, missing, strict=True)),
            dtype=bool,
            count=len(stored),
        )
    return np.where(missing, not rule.removes_missing, holds).astype(bool)


def _fold(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


def _folded(value: Any) -> frozenset[Any]:
    parts = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return frozenset(_fold(part) for part in parts)


def _equals(demanded: Any) -> Callable[[Any], bool]:
    wanted = _fold(demanded)
    return lambda value: bool(_fold(value) == wanted)


def _one_of(demanded: Any) -> Callable[[Any], bool]:
    wanted = _folded(demanded)
    return lambda value: _fold(value) in wanted


def _none_of(demanded: Any) -> Callable[[Any], bool]:
    holds = _one_of(demanded)
    return lambda value: not holds(value)


def _not_equals(demanded: Any) -> Callable[[Any], bool]:
    holds = _equals(demanded)
    return lambda value: not holds(value)


def _has_all(demanded: Any) -> Callable[[Any], bool]:
    wanted = _folded(demanded)
    return lambda value: wanted <= _folded(value)


def _has_any(demanded: Any) -> Callable[[Any], bool]:
    wanted = _folded(demanded)
    return lambda value: not wanted.isdisjoint(_folded(value))


def _has_none(demanded: Any) -> Callable[[Any], bool]:
    wanted = _folded(demanded)
    return lambda value: wanted.isdisjoint(_folded(value))


def _at_least(demanded: Any) -> Callable[[Any], bool]:
    return lambda value: str(value) >= demanded  # dates are ISO texts: their order is that of time


def _at_most(demanded: Any) -> Callable[[Any], bool]:
    return lambda value: str(value) <= demanded


_TESTS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "equals": _equals,
    "not_equals": _not_equals,
    "one_of": _one_of,
    "none_of": _none_of,
    "has_all": _has_all,
    "has_any": _has_any,
    "has_none": _has_none,
    "at_least": _at_least,
    "at_most": _at_most,
}
