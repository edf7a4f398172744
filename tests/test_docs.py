"""No page leads nowhere: every relative link and picture of the documentation is there."""

import re

import pytest

from feedback.exchange.schema import TABLES
from tests.deployment import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def links(page):
    """Return the targets of a page's links and pictures that stay in the repository."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    targets = (one or other for one, other in found)
    return [target.partition("#")[0] for target in targets if not re.match(r"(https?:|mailto:|#)", target)]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_of_a_page_leads_somewhere(page):
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


def test_every_page_can_be_reached_from_the_readme_in_two_clicks():
    first = {(ROOT / target).resolve() for target in links(ROOT / "README.md")}
    second = {(page.parent / t).resolve() for page in first if page.suffix == ".md" for t in links(page)}
    reached = first | second
    folders = {path for path in reached if path.is_dir()}
    missing = [page for page in PAGES[1:] if page not in reached and not folders & set(page.parents)]
    assert missing == []


def test_every_column_of_an_export_is_documented():
    tables = (ROOT / "docs/exchange.md").read_text(encoding="utf-8").split("\n### ")
    for table in TABLES.values():
        section = next(part for part in tables if part.startswith(f"{table.plural}\n"))
        rows = re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)
        assert rows == [column.name for column in table.columns]


def test_every_picture_of_a_page_is_shown():
    screens = ROOT / "docs/screens"
    shown = {target for target in links(screens / "README.md") if target.endswith(".png")}
    assert {picture.name for picture in screens.glob("*.png")} == {name for name in shown if "/" not in name}
