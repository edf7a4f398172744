"""Facts are read word by word: on a list of the demonstration no word is broken in two."""

from __future__ import annotations

from typing import Any

import pytest

from feedback.models import Slate
from feedback.services import demonstration
from ranking.models import Project
from ranking.services.catalog import load_project
from tests.factories import make_expert, make_session

pytestmark = pytest.mark.browser

BROKEN = """() => {
  const broken = [];
  for (const value of document.querySelectorAll("#need dd, .card-facts dd")) {
    const text = value.firstChild;
    for (const { 0: word, index } of text?.textContent.matchAll(/[^\\s\\-–\\/]+/g) ?? []) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (tops.size > 1) broken.push(text.textContent);
    }
  }
  return broken;
}"""


@pytest.fixture
def slate(live_server: Any) -> Slate:
    """Return a list of twenty advisers of the demonstration: many towns, styles and clients."""
    load_project(demonstration.FOLDER)
    project = Project.objects.get(slug=demonstration.FOLDER.name)
    return make_session(project, [make_expert()], items_per_slate=20, asks_ratings=True).slates.first()


def test_no_word_of_a_fact_is_broken(open_slate):
    view = open_slate()
    for width in (1920, 1440, 1280, 1110, 1024, 800, 360):
        view.page.set_viewport_size({"width": width, "height": 900})
        assert view.page.evaluate(BROKEN) == [], width
