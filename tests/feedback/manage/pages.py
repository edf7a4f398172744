"""How tests ask for the admin's pages of a project and act on them, and the cards as a slate shows them."""

from __future__ import annotations

from tests.pages import ProjectPages

_pages = ProjectPages("feedback")
page, send = _pages.page, _pages.send


def cards(slate):
    """Return the card ids of a slate as they are shown."""
    return list(slate.items.order_by("shown_position").values_list("pk", flat=True))
