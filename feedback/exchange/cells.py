"""Cells of a CSV file that no spreadsheet takes for a formula, and that are read back as they were."""

from __future__ import annotations

# A cell that starts like this is a formula to a spreadsheet; the last four are their full-width forms.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the code page of the machine
GUARD = "'"


def guard(text: str) -> str:
    """Return the cell with an apostrophe in front where it would be a formula, or starts with one already.

    >>> guard("=1+1"), guard(" -3"), guard("'quoted'"), guard("plain")
    ("'=1+1", "' -3", "''quoted'", 'plain')
    """
    risky = text.startswith(GUARD) or text.lstrip(" ").startswith(FORMULA_SIGNS)
    return GUARD + text if risky else text


def unguard(cell: str) -> str:
    """Return what `guard` was given.

    >>> [unguard(guard(text)) for text in ("=1", "'", "", "a'b")]
    ['=1', "'", '', "a'b"]
    """
    return cell.removeprefix(GUARD)
