"""The expert's page in each of its states, photographed by `python -m tests.screens states`.

Each state comes about as it does for people: through the product's own server, a browser, and a network that
fails. Three sizes, light and dark; what is photographed in 4K is saved at half its size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.camera import SIZES, opened, photograph, sign_in
from tests.client import Client
from tests.deployment import Deployment
from tests.torture import Arena

SCHEMES = ("light", "dark")
LISTS, CARDS = 3, 8


@dataclass
class Desk:
    """Where an expert sits: a browser of one size and scheme, signed in, and the list that is open."""

    context: BrowserContext
    size: str
    address: str
    page: Page
    held: list[Route] = field(default_factory=list)

    def hold(self, address: str) -> None:
        """Let requests to an address wait for an answer."""
        self.page.route(address, lambda route: self.held.append(route))

    def open(self) -> None:
        """Open the list, and wait until its cards can be moved."""
        self.page.goto(self.address)
        self.page.locator("[data-card] .move").first.wait_for()

    def press(self, place: int, *keys: str) -> None:
        """Go to a card, from 0, and press keys."""
        self.page.locator("[data-card]").nth(place).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, text: str) -> None:
        """Wait for a word about saving."""
        self.page.locator("#save-state", has_text=text).wait_for()


def judged(desk: Desk) -> None:
    """A list in work: a tie, ratings, a reason, and three that were not looked at."""
    desk.press(4, "Home", "r", "5")
    desk.press(2, "t", "r", "3")
    desk.press(4, "l")
    desk.page.locator(".tag").first.click()
    desk.says("Saved")
    desk.press(1)


def saving(desk: Desk) -> None:
    """A move on its way to a server that takes its time."""
    desk.hold("**/moves/")
    desk.press(5, "Home")
    desk.says("Saving")


def sending(desk: Desk) -> None:
    """The answer on its way."""
    desk.hold("**/judgement/")
    desk.press(5, "Home")
    desk.says("Saved")
    desk.press(0, "Enter")
    desk.says("Sending")


def ask_again(desk: Desk) -> None:
    """Submitted without a move."""
    desk.press(0, "Enter")
    desk.page.locator("#save-state", has_text="Submit again").wait_for()


def refused(desk: Desk) -> None:
    """The session was closed meanwhile."""
    body = '{"error": {"code": "session_closed", "message": "This session is closed."}}'

    def answer(route: Route) -> None:
        route.fulfill(status=409, body=body, content_type="application/json")

    desk.page.route("**/moves/", answer)
    desk.press(5, "Home")
    desk.page.locator("#notice").wait_for()


def signed_out(desk: Desk) -> None:
    """The log-in ran out."""
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    desk.press(5, "Home", "d")
    desk.page.locator("#notice").wait_for()
    desk.context.add_cookies(cookies)  # type: ignore[arg-type]


def offline(desk: Desk) -> None:
    """No network, three moves made."""
    desk.context.set_offline(True)
    desk.press(5, "Home", "d", "d")
    desk.says("3 moves waiting")


def conflict(desk: Desk) -> None:
    """Another tab went on with the list."""
    other = desk.context.new_page()
    other.goto(desk.address)
    other.locator("[data-card]").nth(3).focus()
    other.keyboard.press("Home")
    other.locator("#save-state", has_text="Saved").wait_for()
    other.close()
    desk.press(5, "Home", "d")
    desk.page.locator("#conflict").wait_for()


def side_by_side(desk: Desk) -> None:
    """Two cards field by field."""
    desk.press(0, "Space")
    desk.press(2, "Space", "c")
    desk.page.locator("#compare").wait_for()


def keys(desk: Desk) -> None:
    """All keys."""
    desk.press(0, "?")
    desk.page.locator("#keys").wait_for()


def non_answers(desk: Desk) -> None:
    """Why a list can't be put in order."""
    desk.press(0, "x", "2")
    desk.page.locator("#missing-field").wait_for()


STATES: dict[str, Callable[[Desk], None]] = {
    "as-shown": ask_again,  # first: a list that was ever moved is submitted at once
    "slate": judged,
    "saving": saving,
    "sending": sending,
    "refused": refused,
    "signed-out": signed_out,
    "offline": offline,
    "conflict": conflict,
    "side-by-side": side_by_side,
    "keys": keys,
    "non-answers": non_answers,
}


def photograph_states(browser: Browser, scratch: Path, folder: Path) -> None:
    """Set up a server of its own, and photograph."""
    deployment = Deployment(scratch / "states")
    try:
        arena = Arena(deployment.create(), experts=0)
        for size in SIZES:
            for scheme in SCHEMES:
                _photograph(arena, browser, size, scheme, folder)
    finally:
        deployment.remove()


def _photograph(arena: Arena, browser: Browser, size: str, scheme: str, folder: Path) -> None:
    """Photograph a new expert's way through a session: nothing there yet, each state of a list, the end."""
    name = f"expert-{size}-{scheme}"
    password = arena.admin.post("members/", username=name, role="expert")["password"]
    own = Client(arena.server.address, name, password)

    def shoot(state: str, page: Page) -> None:
        page.wait_for_timeout(300)
        photograph(page, folder / f"{state}-{size}-{scheme}.png", smaller=SIZES[size][2])

    with opened(browser, arena.server.address, size, scheme) as context:
        sign_in(context, name, own.password)
        page = context.new_page()
        page.goto("/my/")
        shoot("empty", page)
        _open_session(arena, name)
        page.goto("/my/")
        shoot("sessions", page)
        slates = [slate["id"] for slate in own.all("slates/", state="open")]
        for state, bring_about in STATES.items():
            desk = Desk(context, size, f"/my/slates/{slates[0]}/", context.new_page())
            desk.open()
            bring_about(desk)
            shoot(state, desk.page)
            _start_over(desk, own, slates[0])
        for slate in slates:
            own.submit(slate, kind="about_equal")
        page.goto(f"/my/slates/{slates[0]}/")
        shoot("done", page)


def _start_over(desk: Desk, own: Client, slate: int) -> None:
    """Leave the list as it was shown, and nothing waiting in the browser."""
    for route in desk.held:
        route.abort()
    desk.page.evaluate("localStorage.clear(); sessionStorage.clear()")
    desk.page.close()
    desk.context.set_offline(False)
    found = own.get(f"slates/{slate}/")
    tiers = [[card["id"]] for card in found["cards"]]
    own.put(
        f"slates/{slate}/draft/",
        headers={"If-Match": f'"{found["draft_version"]}"'},
        tiers=tiers,
        rest=[],
        ratings={},
        reason_tags=[],
        comment="",
    )


def _open_session(arena: Arena, name: str) -> None:
    arena.admin.post(
        "sessions/",
        project="advisers",
        title="Autumn round",
        experts=[name],
        slates_per_expert=LISTS,
        items_per_slate=CARDS,
        asks_ratings=True,
    )
