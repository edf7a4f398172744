"""docs/learning.md says what the code does: its example runs and its constants are the code's."""

import ast
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "learning.md"
CORE = sorted((ROOT / "ranking" / "ltr").glob("*.py"))
NO_CHOICE = {
    ("model", "FORMAT_VERSION"),
    ("trainer", "DONE"),
    ("trainer", "FAILED"),
    ("trainer", "ORPHANED"),
} | {("provenance", "FORMAT_VERSION")}


def is_number(value):
    return all(isinstance(part, int | float) for part in (value if isinstance(value, tuple) else (value,)))


def constants():
    """(module, name) -> value of every number, or tuple of numbers, that a module of the core chooses."""
    found = {}
    for path in CORE:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(
                node.value, ast.Constant | ast.Tuple | ast.UnaryOp
            ):
                targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
                value = ast.literal_eval(node.value)
                values = value if len(targets) > 1 else (value,)
                found |= {(path.stem, target.id): one for target, one in zip(targets, values, strict=True)}
    return {key: value for key, value in found.items() if is_number(value) and key not in NO_CHOICE}


def table():
    """Name (with its module where two share it) -> value, as the document states them."""
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: value.strip() for name, value, reason in rows if reason.strip()}


def test_the_worked_example_runs():
    result = doctest.testfile(str(DOCUMENT), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.parametrize(("module", "name"), constants(), ids=".".join)
def test_every_constant_stands_in_the_document_with_its_value_and_a_reason(module, name):
    stated = table()
    value = stated.get(f"{module}.{name}", stated.get(name))
    assert value == str(constants()[module, name])


def test_the_document_names_no_constant_that_is_gone():
    known = {name for _, name in constants()} | {f"{module}.{name}" for module, name in constants()}
    assert set(table()) <= known


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", DOCUMENT.read_text()))
def test_every_link_leads_somewhere(link):
    assert (DOCUMENT.parent / link).exists()
