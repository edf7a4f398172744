"""Cells of a CSV file that no spreadsheet takes for a formula, and that are read back as they were."""

from __future__ import annotations

import re

# A cell that starts like this is a formula to a spreadsheet; the last four are their full-width forms.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the code page of the machine
GUARD = "'"
# A spreadsheet reads it as the number that it is, and so does every other program: nothing is run.
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may take the cell for a formula: a plain negative number is none.

    >>> [is_formula(text) for text in ("-0.055", "-1e-05", "-2+3", " -3", "-inf", "=1", "3")]
    [False, False, True, True, True, True, False]
    """
    return text.lstrip(" ").startswith(FORMULA_SIGNS) and not _NUMBER.fullmatch(text)


def guard(text: str) -> str:
    """Return the cell with an apostrophe in front where it would be a formula, or starts with one already.

    >>> guard("=1+1"), guard(" -3"), guard("'quoted'"), guard("plain"), guard("-3")
    ("'=1+1", "' -3", "''quoted'", 'plain', '-3')
    """
    return GUARD + text if text.startswith(GUARD) or is_formula(text) else text


def unguard(cell: str) -> str:
    """Return what `guard` was given.

    >>> [unguard(guard(text)) for text in ("=1", "'", "", "a'b")]
    ['=1', "'", '', "a'b"]
    """
    return cell.removeprefix(GUARD)
