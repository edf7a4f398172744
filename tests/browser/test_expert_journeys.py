"""A whole session in a real browser, from the log-in to the thanks: by mouse, by finger, by keys alone.

The same lists are judged in the same way; the same judgements must be there whatever the hand.
Cards are called by the letter of their place as shown: "a" is the one on top.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback.models import FeedbackSession, Judgement, Slate, SlateItem
from tests import factories
from tests.hands import Finger, drag_with_mouse, eventually, middle, next_frames, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LETTERS = "abcdefgh"
FEWEST = 6  # cards on a list; the next ones have one more, up to eight
TAG, SENTENCE = "too expensive", "The fee decides."

#: What is done on each list, and what it comes to: tiers, best first, a line, and what was not looked at.
JOURNEY: list[tuple[list[tuple[Any, ...]], dict[str, Any]]] = [
    ([("raise", "c", 2)], {"order": "c a b d e f g"}),
    ([("raise", "b", 1), ("tie", "c")], {"order": "b ac d e f g h"}),
    ([("raise", "c", 1), ("line", "b")], {"order": "a c b | d e f"}),
    (
        [("raise", "d", 2), ("rate", "d", 2), ("rate", "a", 5), ("confirm", "5 not rated. Submit anyway?")],
        {"order": "a d b c e f g", "ratings": {"d": 2, "a": 5}},
    ),
    ([("cannot", "about_equal")], {"kind": "about_equal"}),
    (
        [("cannot", "missing_information", "Fee", "b")],
        {"kind": "missing_information", "field": "fee", "items": "b"},
    ),
    ([("cannot", "outside_knowledge")], {"kind": "outside_knowledge"}),
    ([("cannot", "conflict_of_interest", "", "bc")], {"kind": "conflict_of_interest", "items": "bc"}),
    ([("cannot", "none_suitable")], {"kind": "none_suitable"}),
    (
        [("raise", "b", 1), ("reason",), ("say",)],
        {"order": "b a c d e f g", "reasons": ["too_expensive"], "comment": SENTENCE},
    ),
    ([("prefer", "c", "a")], {"order": "c a b d e f g h"}),
    ([("confirm", "Nothing was moved. Submit again?")], {"order": "a b c d e f"}),
]


#: A page that comes next awaits nothing.
AWAIT_CLICK = """() => {
  Object.assign(window, { awaited: true, clicked: false });
  addEventListener("click", () => { window.clicked = true; }, { capture: true, once: true });
}"""


class Hand(ABC):
    """What everybody does with a session, whatever they do it with."""

    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 1000}}

    def __init__(self, page: Page) -> None:
        self.page = page

    # --- the page ---
    @property
    def order(self) -> list[str]:
        """Return the card ids from the top."""
        return self.page.eval_on_selector_all("[data-card]", "all => all.map(one => one.dataset.card)")

    def open(self) -> None:
        """Wait for the list, and give its cards their letters."""
        expect(self.page.locator("#line-label")).not_to_be_empty()
        self.ids = dict(zip(LETTERS, self.order, strict=False))

    def card(self, letter: str) -> Any:
        return self.page.locator(f'[data-card="{self.ids[letter]}"]')

    def title(self, letter: str) -> str:
        return self.card(letter).locator(".name").inner_text()

    def button(self, letter: str, act: str) -> Any:
        return self.card(letter).locator(f'[data-act="{act}"]')

    def item(self, letter: str) -> Any:
        return self.page.locator(f'#cannot label:has([name="items"][value="{self.ids[letter]}"])')

    # --- a session ---
    @abstractmethod
    def submit(self) -> None:
        """Submit what is on the page."""

    def judge_all(self) -> None:
        """Judge the session from its first list to its last."""
        for steps, _ in JOURNEY:
            self.open()
            before = self.page.url  # a dialog sends with the last step, and may be through by its end
            for name, *details in steps:
                getattr(self, f"do_{name}")(*details)
            if steps[-1][0] != "cannot":
                self.submit()
            self.page.wait_for_url(lambda url, before=before: url != before)

    def do_confirm(self, question: str) -> None:
        self.submit()
        expect(self.page.locator("#save-state")).to_have_text(question)


class Pointer(Hand):
    """Whoever points: each control is where it is seen."""

    @abstractmethod
    def press(self, target: Any) -> None:
        """Click or tap."""

    @abstractmethod
    def raise_by_hand(self, letter: str, places: int) -> None:
        """Drag a card up by so many places."""

    def log_in(self) -> None:
        for label, text in (("Username", "edda"), ("Password", factories.PASSWORD)):
            self.press(self.page.get_by_label(label, exact=True))
            self.page.keyboard.insert_text(text)
        self.press(self.page.get_by_role("button", name="Sign in"))
        self.press(self.page.get_by_role("link", name="Start Autumn round"))
        self.press(self.page.get_by_role("link", name="Skip and start", exact=True))

    def submit(self) -> None:
        self.press(self.page.locator("#submit"))

    def do_raise(self, letter: str, places: int) -> None:
        if places > 1:
            return self.raise_by_hand(letter, places)
        self.press(self.button(letter, "up"))

    def from_menu(self, letter: str, act: str) -> None:
        self.press(self.card(letter).locator("summary"))
        self.press(self.button(letter, act))

    def do_tie(self, letter: str) -> None:
        self.from_menu(letter, "tie")

    def do_line(self, letter: str) -> None:
        self.from_menu(letter, "line")

    def do_rate(self, letter: str, value: int) -> None:
        self.press(self.card(letter).locator(".rate label", has_text=re.compile(f"^{value}$")))

    def do_reason(self) -> None:
        self.press(self.page.locator("label.tag", has_text=TAG))

    def do_say(self) -> None:
        self.press(self.page.locator("#comment"))
        self.page.keyboard.insert_text(SENTENCE)

    def do_prefer(self, letter: str, other: str) -> None:
        for one in (letter, other):
            self.from_menu(one, "mark")
        self.press(self.page.locator('.slate-foot [data-act="compare"]'))
        self.press(self.page.get_by_role("button", name=f"Put {self.title(letter)} above the other"))

    def do_cannot(self, kind: str, field: str = "", items: str = "") -> None:
        self.press(self.page.locator('.slate-foot [data-act="cannot"]'))
        self.press(self.page.locator(f'#cannot label:has([value="{kind}"])'))
        if field:  # a list that the system draws, outside the page
            self.page.get_by_label("Which field is missing?").select_option(label=field)
        for letter in items:
            self.press(self.item(letter))
        self.press(self.page.get_by_role("button", name="Submit this answer"))


class Mouse(Pointer):
    """A mouse drags cards and clicks on buttons."""

    def press(self, target: Any) -> None:
        target.click()

    def raise_by_hand(self, letter: str, places: int) -> None:
        target = self.order[self.order.index(self.ids[letter]) - places]
        self.card(letter).scroll_into_view_if_needed()
        x, y = middle(self.page.locator(f'[data-card="{target}"] .name'))
        drag_with_mouse(self.page, middle(self.card(letter).locator(".name")), (x, y - 8))


class Touch(Pointer):
    """A finger on a phone of 360 px drags by the handle and taps on buttons."""

    options: dict[str, Any] = {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
    }

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.finger = Finger(page)

    def _in_view(self, target: Any) -> Any:
        target.wait_for(state="visible")
        target.evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
        eventually(self.page, "document.getAnimations().every((one) => one.playState !== 'running')")
        next_frames(self.page)
        return target

    def press(self, target: Any) -> None:
        place = middle(self._in_view(target))
        self.page.evaluate(AWAIT_CLICK)
        self.finger.tap(place)  # it becomes a click later: once it is known to be no double tap
        eventually(self.page, "window.awaited !== true || window.clicked")

    def raise_by_hand(self, letter: str, places: int) -> None:
        target = self.order[self.order.index(self.ids[letter]) - places]
        self._in_view(self.page.locator(f'[data-card="{self.order[self.order.index(target) + 1]}"]'))
        x, y = middle(self.page.locator(f'[data-card="{target}"] .handle'))
        self.finger.drag(middle(self.card(letter).locator(".handle")), (x, y - 8))


class Keyboard(Hand):
    """Keys alone: nothing is pointed at, from the log-in on."""

    KINDS = {kind: str(place) for place, kind in enumerate(Judgement.Kind.values)}

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def follow(self, target: Any) -> None:
        target.wait_for()
        tab_to(self.page, target)
        self.press("Enter")

    def log_in(self) -> None:
        for label, text in (("Username", "edda"), ("Password", factories.PASSWORD)):
            tab_to(self.page, self.page.get_by_label(label, exact=True))
            self.page.keyboard.type(text)
        self.press("Enter")
        self.follow(self.page.get_by_role("link", name="Start Autumn round"))
        self.follow(self.page.get_by_role("link", name="Skip and start", exact=True))

    def go_to(self, letter: str) -> None:
        """Walk from the card that has the keyboard to another one."""
        here = self.page.evaluate("document.activeElement.dataset.card ?? null")
        if here is None:
            self.press("ArrowDown")
            here = self.page.evaluate("document.activeElement.dataset.card")
        way = self.order.index(self.ids[letter]) - self.order.index(here)
        self.press(*["ArrowDown" if way > 0 else "ArrowUp"] * abs(way))

    def submit(self) -> None:
        if self.page.evaluate("document.activeElement === document.body"):
            self.press("ArrowDown")
        self.press("Enter")

    def do_raise(self, letter: str, places: int) -> None:
        self.go_to(letter)
        self.press(*(["Alt+ArrowUp"] if places == 1 else ["u"] * places))

    def do_tie(self, letter: str) -> None:
        self.go_to(letter)
        self.press("t")

    def do_line(self, letter: str) -> None:
        self.go_to(letter)
        self.press("l")

    def do_rate(self, letter: str, value: int) -> None:
        self.go_to(letter)
        self.press("r", str(value))

    def do_reason(self) -> None:
        self.press("e")

    def do_say(self) -> None:
        self.press("w")
        self.page.keyboard.type(SENTENCE)
        self.press("Escape")

    def do_prefer(self, letter: str, other: str) -> None:
        for one in (other, letter):
            self.go_to(one)
            self.press("Space")
        self.press("c", "2")  # the marked one that stands lower

    def do_cannot(self, kind: str, field: str = "", items: str = "") -> None:
        self.press("x", self.KINDS[kind])
        if field:
            tab_to(self.page, self.page.get_by_label("Which field is missing?"))
            self.page.keyboard.type(field)
        for letter in items:
            tab_to(self.page, self.item(letter).locator("input"))
            self.press("Space")
        self.press("Enter")


@pytest.fixture
def session(live_server: Any) -> FeedbackSession:
    """Return a session of edda: twelve lists of six, seven and eight cards, which may be rated."""
    made = factories.make_session(
        factories.make_project(items=24, queries=15),
        [factories.make_expert("edda")],
        slates_per_expert=len(JOURNEY),
        items_per_slate=FEWEST + 2,
        asks_ratings=True,
        title="Autumn round",
    )
    for slate in made.slates.all():
        SlateItem.objects.filter(slate=slate, shown_position__gt=FEWEST + slate.position % 3).delete()
    return made


@pytest.fixture
def take(browser: Browser, live_server: Any, session: FeedbackSession) -> Iterator[Callable[..., Any]]:
    """Return `take(hand)`: somebody at the door of the site, with nothing but that hand."""
    contexts = []

    def begin(hand: Callable[[Page], Any]) -> Any:
        context = browser.new_context(reduced_motion="reduce", **hand.options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server.url)
        return hand(page)

    yield begin
    for context in contexts:
        context.close()


def _as_letters(slate: Slate) -> dict[str, Any]:
    """Return the judgement of a list in the words of JOURNEY."""
    letters = dict(
        zip(slate.items.order_by("shown_position").values_list("pk", flat=True), LETTERS, strict=False)
    )
    said = slate.judgement
    tiers = ["".join(letters[card] for card in tier) for tier in said.tiers]
    rest = ["|", *(letters[card] for card in said.rest)] if said.rest else []
    return {
        "kind": said.kind,
        "order": " ".join([*tiers, *rest]),
        "ratings": {letters[int(card)]: value for card, value in said.ratings.items()},
        "reasons": said.reason_tags,
        "comment": said.comment,
        "field": said.field,
        "items": "".join(sorted(letters[card] for card in said.items)),
    }


NOTHING = {
    "kind": "reorder",
    "order": "",
    "ratings": {},
    "reasons": [],
    "comment": "",
    "field": "",
    "items": "",
}


@pytest.mark.parametrize("hand", [Mouse, Touch, Keyboard])
def test_a_session_is_judged_from_the_log_in_to_the_thanks(take, session, hand):
    person = take(hand)
    person.log_in()
    person.judge_all()
    expect(person.page.get_by_role("heading", name="That was all. Thank you.")).to_be_visible()
    judged = session.slates.order_by("position").select_related("judgement")
    assert [slate.items.count() for slate in judged] == [7, 8, 6] * 4
    assert [_as_letters(slate) for slate in judged] == [NOTHING | expected for _, expected in JOURNEY]
