"""How tests ask for the admin's pages of a project's model, and act on them."""

from __future__ import annotations

from tests.pages import ProjectPages

_pages = ProjectPages("ranking")
page, send = _pages.page, _pages.send
