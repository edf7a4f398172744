"""The page of a slate without a browser: its order, its queue of moves and what it does with each answer.

A tab is closed by forgetting it; what it had stored stays in the `Browser`, as in local storage. What people
did and what they decided against is kept in a `Ledger`, which knows nothing of keys, versions or requests.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from feedback import moving

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Call = Callable[..., tuple[int, Any]]


@dataclass
class Ledger:
    """What was done in one sitting, by the moment it was done: moments are unique, however often sent.

    A move that was given up while it could still be on its way names the move that carries the decision: if
    the first arrives in time after all, the second meets a conflict, and somebody is asked again.
    """

    made: dict[str, list[str]] = field(default_factory=dict)
    given_up: dict[str, str | None] = field(default_factory=dict)
    judged: moving.Draft | None = None
    moments: int = 0

    def moment(self, tab: str) -> str:
        """Note one more move of a tab, and return its moment."""
        self.moments += 1
        at = (START + timedelta(milliseconds=self.moments)).isoformat()
        self.made.setdefault(tab, []).append(at)
        return at


@dataclass
class Browser:
    """What the tabs of one person share: the storage, and the slate they look at."""

    slate: int
    cards: list[str]
    tags: list[str]
    dice: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    stored: list[dict[str, Any]] = field(default_factory=list)

    def new_key(self) -> str:
        """Return a key that nobody else has."""
        return f"{self.dice.getrandbits(128):032x}"

    def random_act(self) -> dict[str, Any]:
        """Return something that a person might do."""
        dice, card = self.dice, self.dice.choice(self.cards)
        return dice.choice(
            [
                {"do": "move", "card": card, "to": 0},
                {"do": "move", "card": card, "to": dice.randrange(len(self.cards) + 1)},
                {"do": "move", "card": card, "to": dice.randrange(len(self.cards) + 1)},
                {"do": "line", "to": dice.randint(1, len(self.cards))},
                {"do": "tie", "card": card},
                {"do": "tie", "cards": dice.sample(self.cards, 2)},
                {"do": "untie", "card": card},
                {"do": "rate", "card": card, "value": dice.choice([None, 1, 2, 3, 4, 5])},
                {"do": "tag", "tag": dice.choice(self.tags), "on": dice.random() < 0.6},
                {"do": "comment", "text": f"note {dice.randrange(1000)}"},
                {"do": "undo"},
                {"do": "redo"},
            ]
        )


class Tab:
    """One tab: shows a page, queues what is done on it, sends one move at a time."""

    def __init__(self, browser: Browser, call: Call) -> None:
        self.browser, self.call = browser, call
        self.name = browser.new_key()
        self.page = moving.Page(moving.shown(browser.cards))
        self.version = 0
        self.own: list[dict[str, Any]] = []
        self.open = False
        self.over = False

    def load(self) -> bool:
        """Open the page; what an earlier one left is taken up, or chosen against what was saved since."""
        status, body = self.call("GET", f"slates/{self.browser.slate}/draft/")
        if status != 200:
            return False
        self.name, self.own = self.browser.new_key(), []
        self._show(body)
        self.open = True
        self._take_up(body["keys"])
        return True

    def act(self) -> None:
        """Do something, if it changes anything."""
        self._do(self.browser.random_act())

    def send(self) -> None:
        """Try to send the first move that waits, and do what the page does with the answer."""
        if not self.own or self.over:
            return
        entry = self.own[0]
        if entry["key"] not in {kept["key"] for kept in self.browser.stored}:
            self.open = False  # another tab has sent it, or given it up: the page loads again
            return
        status, body = self.call(
            "POST",
            f"slates/{self.browser.slate}/moves/",
            entry["json"],
            {"If-Match": f'"{entry["base"]}"', "Idempotency-Key": entry["key"]},
        )
        if status == 201:
            self.version = body["draft_version"]
            self._forget([entry])
        elif status == 412:
            self._conflict(body["current"])
        elif status == 409:
            self.over = True
        else:
            assert status in (0, 401, 429) or status >= 500, (status, body, entry)

    def submit(self, key: str) -> bool:
        """Try to submit what the page shows; return whether it was taken."""
        draft = moving.as_draft(self.page)
        ranked = {card for tier in draft["tiers"] for card in tier}
        said = {"ratings": {card: value for card, value in draft["ratings"].items() if card in ranked}}
        status, body = self.call(
            "POST",
            f"slates/{self.browser.slate}/judgement/",
            json.dumps({**draft, **said, "kind": "reorder", "decided_by": "order"}),
            {"If-Match": f'"{self.version}"', "Idempotency-Key": key},
        )
        if status == 412:
            self._conflict(body["current"])
        assert status in (0, 201, 401, 412, 429) or status >= 500, (status, body)
        if status == 201:
            self.browser.ledger.judged = {**draft, **said}
        return status == 201

    def _show(self, kept: Mapping[str, Any]) -> None:
        page = moving.Page(moving.from_draft(self.browser.cards, _texts(kept["base"])))
        for act in [*kept["past"], *kept["future"]]:
            page = page.do(_texts(act))
        for _ in kept["future"]:
            page = page.do({"do": "undo"})
        comment = (kept["draft"] or {}).get("comment", "")
        self.page = moving.Page(page.state, comment, page.past, page.future)
        self.version = kept["draft_version"]

    def _do(self, act: dict[str, Any], *, anyway: bool = False) -> None:
        after = self.page.do(act)
        if after == self.page and not anyway:
            return
        self.page = after
        at = self.browser.ledger.moment(self.name)
        body = {**act, "state": moving.as_draft(after), "at": at}
        entry = {
            "key": self.browser.new_key(),
            "base": self.version + len(self.own),
            "after": self.own[-1]["key"] if self.own else None,
            "json": json.dumps(body),
            "line": self.name,
            "at": at,
        }
        self.own.append(entry)
        self.browser.stored.append(entry)

    def _forget(self, entries: list[dict[str, Any]]) -> None:
        keys = {entry["key"] for entry in entries}
        self.own = [entry for entry in self.own if entry["key"] not in keys]
        self.browser.stored = [entry for entry in self.browser.stored if entry["key"] not in keys]

    def _give_up(self, entries: list[dict[str, Any]], by: str | None = None) -> None:
        self.browser.ledger.given_up |= {entry["at"]: by for entry in entries}
        self._forget(entries)

    def _take_up(self, landed: list[str]) -> None:
        self._forget([entry for entry in self.browser.stored if entry["key"] in landed])
        lines: dict[str, list[dict[str, Any]]] = {}
        for entry in self.browser.stored:
            lines.setdefault(entry["line"], []).append(entry)
        for entries in lines.values():
            acts = [json.loads(entry["json"]) for entry in entries]
            # What was made on top of a move that never arrived does not go on from here, whatever its number.
            follows = entries[0]["after"] in (None, *landed)
            if not self.own and follows and entries[0]["base"] == self.version:
                for act in acts:
                    self.page = self.page.do(act)
                for entry in entries:
                    entry["line"] = self.name
                self.own = list(entries)
            else:
                self._choose(entries, acts[-1]["state"])

    def _choose(self, entries: list[dict[str, Any]], mine: moving.Draft) -> None:
        """Decide between what the page shows and what an earlier page left."""
        if self.browser.dice.random() < 0.5 and mine != moving.as_draft(self.page):
            self._do({"do": "replace", "draft": mine})
        if entries[0]["base"] < self.version:
            return self._give_up(entries)
        if not self.own:
            self._do({"do": "replace", "draft": moving.as_draft(self.page)}, anyway=True)
        return self._give_up(entries, by=self.own[0]["at"])

    def _conflict(self, current: Mapping[str, Any]) -> None:
        """Look at both orders, and choose one; or close the tab on it."""
        choice = self.browser.dice.choice(["mine", "saved", "close"])
        if choice == "close":
            self.open = False
            return
        mine = moving.as_draft(self.page)
        self._give_up(self.own)
        self._show(current)
        if choice == "mine" and mine != moving.as_draft(self.page):
            self._do({"do": "replace", "draft": mine})


def _texts(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the API says with card ids as texts, as the page has them."""
    found = dict(said)
    if "card" in found:
        found["card"] = str(found["card"])
    for name in ("cards", "rest"):
        if name in found:
            found[name] = [str(card) for card in found[name]]
    if "tiers" in found:
        found["tiers"] = [[str(card) for card in tier] for tier in found["tiers"]]
    if "draft" in found:
        found["draft"] = _texts(found["draft"])
    return found
