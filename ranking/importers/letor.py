"""LETOR and SVMrank files: graded pairs with ready-made features.

A line is `label qid:N 1:v 2:v ... # comment`, with features numbered from 1. Where the queries stand in a
second file (LightGBM's `.query`: rows per query, one number a line), the lines have no qid. An absent feature
is 0, as the formats say. The item's key is `docid = X` from the comment where it is given, or else the
query's key and the row in it.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ranking.content import is_storable
from ranking.formats import counted
from ranking.importers.cells import BadCell, number
from ranking.importers.tables import LONGEST_KEY, Refusal, Refusals

LARGEST_FILE = 512 * 2**20
MOST_FEATURES = 10_000
MOST_ROWS = 20_000_000
_DOCID = re.compile(r"docid\s*=\s*(\S+)")
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)  # Python refuses to read a number of thousands of digits


class ZeroBased(BadCell):
    """The features of a file are numbered from 0."""


@dataclass(frozen=True)
class LetorPair:
    """One line: how well an item fits a query, and the pair's features by number (from 1)."""

    query: str
    item: str
    grade: float
    features: dict[int, float]
    line: int


@dataclass(frozen=True)
class LetorTable:
    """All pairs of a file; with a refusal among them, nothing of the file may be written.

    `n_features` is the highest number that occurs; `duplicates` counts lines that repeat a pair exactly.
    """

    pairs: tuple[LetorPair, ...] = ()
    n_features: int = 0
    duplicates: int = 0
    refusals: tuple[Refusal, ...] = ()

    def feature_names(self) -> tuple[str, ...]:
        """Names of the features: f1, f2, ..."""
        return tuple(f"f{number}" for number in range(1, self.n_features + 1))

    def values(self, pair: LetorPair) -> dict[str, float]:
        """Return all features of a pair by name; an absent one is 0."""
        return {f"f{n}": pair.features.get(n, 0.0) for n in range(1, self.n_features + 1)}


def read_letor(path: Path, query_path: Path | None = None) -> LetorTable:
    """Read a LETOR file, or an SVMrank file with its `.query` file.

    Refused by line are bad labels, missing or superfluous qids, features that are not in rising order or no
    finite numbers, group sizes that do not add up, and pairs given twice with different values.
    """
    refusals = Refusals(path.name)
    lines = _lines(path, refusals)
    kept = [(line, text) for line, text in enumerate(lines, start=1) if text.split("#", 1)[0].strip()]
    if not kept and not refusals.found:
        refusals.add(None, "", "is empty; expected lines like `2 qid:1 1:0.5`")
    groups: Sequence[str | None] = [None] * len(kept)
    if query_path is not None:
        beside = Refusals(query_path.name)
        groups = _groups(query_path, beside)
        if not beside.found and len(groups) != len(kept):
            beside.add(None, "", f"counts {counted(len(groups), 'row')}, but {path.name} has {len(kept):,}")
        refusals.found += beside.found
    if refusals.found:
        return LetorTable(refusals=tuple(refusals.found))
    return _read_pairs(kept, groups, refusals)


def description_of(
    slug: str, name: str, *, reference_year: int, feature_names: Sequence[str], sort_by: str
) -> dict[str, Any]:
    """Return the description of a project that consists of given features alone, as a table of TOML."""
    fields = [{"name": "key", "label": "Key"}, {"name": "title", "label": "Title"}]
    shared: dict[str, Any] = {"key": "key", "title": "title", "card": [], "fields": fields}
    return {
        "slug": slug,
        "name": name,
        "reference_year": reference_year,
        "item": {"noun": "document", "plural": "documents"} | shared,
        "query": {"noun": "query", "plural": "queries"} | shared,
        "candidates": "given",
        "features": [{"name": f, "label": f"Feature {f[1:]}", "kind": "given"} for f in feature_names],
        "sort": [{"feature": sort_by, "direction": "descending"}],
    }


def _lines(path: Path, refusals: Refusals) -> list[str]:
    try:
        if path.stat().st_size <= LARGEST_FILE:
            data = path.read_bytes().removeprefix(BOM_UTF8)
            if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
                refusals.add(None, "", "is UTF-16; save it as UTF-8 and try again")
                return []
            try:
                return data.decode().split("\n")
            except UnicodeDecodeError:  # Latin-1 reads every byte: only comments hold other letters
                return data.decode("latin-1").split("\n")
        refusals.add(None, "", f"is larger than {LARGEST_FILE // 2**20} MB")
    except OSError as error:
        refusals.add(None, "", f"can't be read: {error.strerror}")
    return []


def _groups(path: Path, refusals: Refusals) -> list[str]:
    """Return the query of each row; queries are called 1, 2, ... in the order of the file."""
    of_row: list[str] = []
    query = 0
    for line, text in enumerate(_lines(path, refusals), start=1):
        size = text.strip()
        if not size:
            continue
        if not _WHOLE.fullmatch(size) or not 1 <= int(size) <= MOST_ROWS - len(of_row):
            refusals.add(line, "", f"expected a number of rows, found {size[:60]!r}")
            break
        query += 1
        of_row += [str(query)] * int(size)
    return of_row


def _read_pairs(
    kept: Sequence[tuple[int, str]], groups: Sequence[str | None], refusals: Refusals
) -> LetorTable:
    pairs: dict[tuple[str, str], LetorPair] = {}
    rows_of: dict[str, int] = {}
    duplicates = 0
    for (line, text), group in zip(kept, groups, strict=True):
        try:
            pair = _pair(text, line, group, rows_of)
            duplicates += _is_repeated(pairs.setdefault((pair.query, pair.item), pair), pair)
        except ZeroBased as error:  # once: every other line would say the same
            refusals.add(line, "", str(error))
            break
        except BadCell as error:
            refusals.add(line, "", str(error))
    highest = max((max(pair.features, default=0) for pair in pairs.values()), default=0)
    return LetorTable(tuple(pairs.values()), highest, duplicates, tuple(refusals.told))


def _pair(text: str, line: int, group: str | None, rows_of: dict[str, int]) -> LetorPair:
    body, _, comment = text.partition("#")
    label, *tokens = body.split()
    grade = _value(label, "a label")
    if grade < 0:
        raise BadCell(f"expected a label of 0 or more, found {label!r}")
    query = group
    if tokens and tokens[0].startswith("qid:"):
        if group is not None:
            raise BadCell("has a qid although the queries stand in a file of their own")
        query = tokens.pop(0)[4:]
    if not query or len(query) > LONGEST_KEY - 12:
        raise BadCell("expected `qid:N` after the label")
    row = rows_of[query] = rows_of.get(query, 0) + 1
    named = _DOCID.search(comment)
    item = named.group(1)[:LONGEST_KEY] if named else f"{query}-{row}"
    if not is_storable(query + item):
        raise BadCell("holds a character that can't be stored (NUL or half a surrogate pair)")
    return LetorPair(query, item, grade, _features(tokens), line)


def _features(tokens: Sequence[str]) -> dict[int, float]:
    features: dict[int, float] = {}
    last = 0
    for token in tokens:
        index, colon, value = token.partition(":")
        place = int(index) if colon and _WHOLE.fullmatch(index) else -1
        if place == 0 and not features:
            raise ZeroBased(
                f"feature numbers start at 1; this file starts at 0: found {token[:60]!r}; add 1 to each of "
                "them (scikit-learn writes them so with zero_based=False)"
            )
        if not last < place <= MOST_FEATURES:
            raise BadCell(f"expected features `number:value` with rising numbers, found {token[:60]!r}")
        last = place
        features[last] = _value(value, f"the value of feature {last}")
    return features


def _value(text: str, what: str) -> float:
    try:
        return number(text)
    except BadCell:
        raise BadCell(f"expected a finite number as {what}, found {text[:60]!r}") from None


def _is_repeated(first: LetorPair, pair: LetorPair) -> bool:
    """Say whether a pair repeats an earlier line exactly; one that contradicts it is refused."""
    if first is pair:
        return False
    if (first.grade, first.features) != (pair.grade, pair.features):
        raise BadCell(
            f"query {pair.query} and document {pair.item} stood on line {first.line} with other values"
        )
    return True
