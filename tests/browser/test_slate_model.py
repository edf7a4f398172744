"""The page and the server give every act one meaning: what one of them shows, the other rebuilds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from feedback import moving

pytestmark = pytest.mark.browser
CASES = json.loads((Path(settings.BASE_DIR) / "fixtures/cases/slate_moves.json").read_text())
EMPTY = {"tiers": [], "rest": [], "ratings": {}, "reason_tags": [], "comment": ""}
KINDS = ("move", "line", "tie", "together", "untie", "rate", "tag", "comment", "replace", "undo", "redo")
#: The draft after each act of each case, and how many steps can be undone and done again at the end.
PLAY = """
async (cases) => {
  const { Page } = await import("/static/tiebreak/slate-model.js");
  const count = (page, what, act) => {
    let n = 0;
    for (; page[what]; n++) page.do({ do: act });
    return n;
  };
  return cases.map(({ cards, acts }) => {
    const page = new Page(cards);
    const drafts = acts.map((act) => { page.do(act); return page.draft; });
    const end = page.draft;
    const forward = count(page, "canRedo", "redo");
    const all = count(page, "canUndo", "undo");
    return { drafts, end, steps: [all - forward, forward] };
  });
}
"""


def _random_acts(seed: int, cards: list[str]) -> list[dict[str, Any]]:
    dice = random.Random(seed)

    def act() -> dict[str, Any]:
        kind, card, to = dice.choice(KINDS), dice.choice(cards), dice.randrange(len(cards) + 2)
        mixed, cut = dice.sample(cards, len(cards)), dice.randint(1, len(cards))
        whole = {**EMPTY, "tiers": [[one] for one in mixed[:cut]], "rest": mixed[cut:], "comment": str(to)}
        return {
            "move": {"do": "move", "card": card, "to": to},
            "line": {"do": "line", "to": to},
            "tie": {"do": "tie", "card": card},
            "together": {"do": "tie", "cards": mixed[: dice.randint(2, 4)]},
            "untie": {"do": "untie", "card": card},
            "rate": {"do": "rate", "card": card, "value": dice.choice([None, 1, 2, 3])},
            "tag": {"do": "tag", "tag": dice.choice("xyz"), "on": dice.random() < 0.6},
            "comment": {"do": "comment", "text": str(to)},
            "replace": {"do": "replace", "draft": whole},
        }.get(kind, {"do": kind})

    return [act() for _ in range(60)]


def test_the_page_gives_the_worked_cases_their_meaning(open_slate):
    for case, found in zip(CASES, open_slate().page.evaluate(PLAY, CASES), strict=True):
        assert (found["end"], found["steps"]) == ({**EMPTY, **case["draft"]}, case["steps"]), case["desc"]


RATED = """
async (cases) => {
  const { byRatings, contradicted, isTurned } = await import("/static/tiebreak/slate-ratings.js");
  return cases.map(({ shown, tiers, rest, ratings }) => ({
    pairs: contradicted(tiers, ratings),
    turned: isTurned(shown, tiers, ratings),
    sorted: byRatings(shown, tiers, rest, ratings),
  }));
}
"""


def test_the_page_finds_and_sorts_ratings_against_the_order_as_the_server_does(open_slate):
    cases = json.loads((Path(settings.BASE_DIR) / "fixtures/cases/rated_orders.json").read_text())
    for case, found in zip(cases, open_slate().page.evaluate(RATED, cases), strict=True):
        assert found == {name: case[name] for name in ("pairs", "turned", "sorted")}, case["desc"]


def test_the_page_and_the_server_agree_after_each_of_many_acts(open_slate):
    cards = list("abcdefgh")
    cases = [{"cards": cards, "acts": _random_acts(seed, cards)} for seed in range(100)]
    for case, found in zip(cases, open_slate().page.evaluate(PLAY, cases), strict=True):
        page = moving.rebuild(cards, [])
        for act, shown in zip(case["acts"], found["drafts"], strict=True):
            page = page.do(act)
            assert shown == moving.as_draft(page), act
        assert found["steps"] == [len(page.past), len(page.future)]
