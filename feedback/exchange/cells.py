"""Cells of a CSV file that no spreadsheet takes for a formula, and that are read back as they were.

The files are separated by commas. A spreadsheet in a country of decimal commas separates at semicolons, and
anybody may choose tabs: quotes do not hold there, so that a new cell starts behind every separator and every
line end within a text. Wherever one starts with the sign of a formula, an apostrophe stands in front.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the code page of the machine
GUARD = "'"
# What starts a formula, with the full-width and small forms that a spreadsheet in Japan or China takes too.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
_LINE_ENDS = "\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
# Spaces, quotes, controls and marks without a width, any of which a spreadsheet may drop in front of a sign.
_UNSEEN = (
    '\x00-\x08\x0e-\x1b\x1f "\x7f-\x84\x86-\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u200f'
    "\u202a-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
)
_STARTS = rf"(?:\A|(?<=[,;\t{_LINE_ENDS}]))"
# A text that ends where a new cell starts would give that cell the end of the row, a line end, to begin with.
_DANGER = re.compile(
    rf"{_STARTS}(?=[{_UNSEEN}]*[{_SIGNS}])|(?:\A|(?<=[,;]))(?=\"*[\t\r\n])"
    rf"|(?<=[{_LINE_ENDS}])(?=\"*\t)|(?<=[;\t{_LINE_ENDS}])\Z"
)
_TO_GUARD = re.compile(rf"{_DANGER.pattern}|{_STARTS}(?={GUARD})")
_GUARDED = re.compile(rf"{_STARTS}{GUARD}")
# A spreadsheet reads it as the number that it is, and so does every other program: nothing is run.
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may take the cell, or a part of it, for a formula.

    A plain negative number is none.

    >>> [is_formula(text) for text in ("-0.055", "-1e-05", "-2+3", " -3", "-inf", "=1", "3", "a;=1", "a, b")]
    [False, False, True, True, True, True, False, True, False]
    """
    return _DANGER.search(text) is not None and not _NUMBER.fullmatch(text)


def guard(text: str) -> str:
    """Return the cell with an apostrophe wherever a formula would start, or an apostrophe starts already.

    >>> guard("=1+1"), guard(" -3"), guard("'quoted'"), guard("plain"), guard("-3"), guard("Alpha;=1+1")
    ("'=1+1", "' -3", "''quoted'", 'plain', '-3', "Alpha;'=1+1")
    """
    return text if _NUMBER.fullmatch(text) else _guard_all(text)


def unguard(cell: str) -> str:
    """Return what `guard` was given.

    >>> [unguard(guard(text)) for text in ("=1", "'", "", "a'b", "a;'b;=1")]
    ['=1', "'", '', "a'b", "a;'b;=1"]
    """
    return _GUARDED.sub("", cell)


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file none of whose cells is a formula, whichever of comma, semicolon and tab separates.

    Every CSV file that leaves the program is made here.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in (head, *rows):
        # Where another sign separates, the first cell goes on into the next: a number there is none any more.
        writer.writerow([_guard_all(row[0]), *map(guard, row[1:])])
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _guard_all(text: str) -> str:
    return _TO_GUARD.sub(GUARD, text)
