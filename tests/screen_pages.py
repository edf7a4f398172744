"""The pages of the demonstration, photographed by `python -m tests.screens pages`.

The demonstration is set up as a newcomer sets it up, and then lived in a little by its three log-ins: lists
are judged, an order is signed off, two versions are compared blind, somebody is shortlisted. Each page is
photographed at 1280 px light and at 360 px dark, as a whole, cut off where it goes on for long.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.camera import opened, photograph, sign_in
from tests.client import Client
from tests.deployment import Deployment, free_port, wait_for

PASSWORD = "tiebreak-demo"
SLUG = "advisers"
LOOKS = (("desktop", "light"), ("phone", "dark"))
TALLEST = {"desktop": 1900, "phone": 2200}
SET_UP_SECONDS = 900
ANSWERS = ("left", "right", "equal", "left", "outside_knowledge")
LINES = 10  # of a need's list, looked through for one that has moved


@dataclass(frozen=True)
class Shot:
    """One page: who opens it, where, and what has to happen before it is worth a picture."""

    name: str
    who: str
    address: str
    prepare: Callable[[Page], Any] = lambda _page: None
    whole: bool = True  # not where something sticks to the lower edge of the window


@dataclass
class Demo:
    """A running demonstration and its three log-ins."""

    address: str

    def __post_init__(self) -> None:
        self.admin = Client(self.address, "admin", PASSWORD)
        self.expert = Client(self.address, "expert", PASSWORD)
        self.reader = Client(self.address, "reader", PASSWORD)
        self.rounds = {row["title"]: row["id"] for row in self.admin.all("sessions/", project=SLUG)}

    @property
    def simulated_round(self) -> int:
        """The session that simulated experts have judged."""
        return self.rounds["Autumn round, simulated"]

    @property
    def own_round(self) -> int:
        """The session that waits for the visitor."""
        return self.rounds["Your round"]


def photograph_pages(browser: Browser, scratch: Path, folder: Path) -> None:
    """Set a demonstration up, and photograph it: as it is found, and after it was lived in."""
    deployment = Deployment(scratch / "pages")
    del deployment.environment["TIEBREAK_TRAINING_RESEEDS"]  # as a newcomer has it
    port = free_port()
    try:
        process = deployment.start("demo", [sys.executable, "manage.py", "demo", "--port", str(port)])
        served = "Ctrl-C stops it"
        wait_for(
            lambda: served in deployment.log("demo") or process.poll() is not None,
            seconds=SET_UP_SECONDS,
            what="the demo",
        )
        assert process.poll() is None, deployment.log("demo")
        photograph_demo(browser, f"http://127.0.0.1:{port}", folder)
        process.terminate()  # it ends its worker and its web server, which are in groups of their own
        process.wait(timeout=60)
    finally:
        deployment.remove()


def photograph_demo(browser: Browser, address: str, folder: Path) -> None:
    """Photograph a demonstration that nobody has used yet, and that runs at an address."""
    demo = Demo(address)
    _shoot(browser, demo, at_first(demo), folder)
    _shoot(browser, demo, once_lived_in(demo, live_in(demo)), folder)


def at_first(demo: Demo) -> list[Shot]:
    """Return what a visitor sees before anything was done."""
    own = f"/my/sessions/{demo.own_round}/"
    return [
        Shot("login", "", "/login/"),
        Shot("expert-home", "expert", "/my/"),
        Shot("session-intro", "expert", own),
        Shot("practice", "expert", f"{own}practice/", _has_cards, whole=False),
    ]


def live_in(demo: Demo) -> dict[str, int]:
    """Do a little of everything; return the ids of what came of it."""
    _judge(demo)
    judged = next(row for row in demo.admin.all("judgements/", session=demo.simulated_round, kind="reorder"))
    gold = demo.admin.post(
        "gold-lists/", slate=judged["slate"], why="All five put it alike, and both partners confirmed it."
    )
    versions = {row["number"]: row["id"] for row in demo.admin.all("versions/", project=SLUG)}
    comparison = demo.admin.post(
        "comparisons/",
        challenger=versions[2],
        champion=versions[1],
        title="Which list is better?",
        experts=["expert"],
        needs_per_expert=8,
        items_per_list=5,
    )
    choices = [row["id"] for row in demo.expert.all("choices/", state="open")]
    for choice, kind in zip(choices, ANSWERS, strict=False):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        demo.expert.post(f"choices/{choice}/answer/", headers=key, kind=kind)
    need, rank = _most_moved(demo)
    for match in demo.reader.get(f"queries/{need}/ranking/")["results"][:3]:
        demo.reader.post("outcomes/", match=match["id"], kind="shortlisted")
    job = next(iter(demo.admin.all("jobs/", project=SLUG, ordering="-id")))
    open_lists = [row["id"] for row in demo.expert.all("slates/", state="open")]
    return {
        "gold": gold["id"],
        "judged": judged["slate"],
        "comparison": comparison["id"],
        "choice": choices[len(ANSWERS)],
        "slate": open_lists[0],
        "job": job["id"],
        "training_set": job["training_set"],
        "need": need,
        "rank": rank,
    }


def once_lived_in(demo: Demo, ids: dict[str, int]) -> list[Shot]:
    """Return the pages of each role, with something in them."""
    return [*_of_experts(ids), *_of_readers(ids), *_of_sessions(demo, ids), *_of_versions(ids)]


def _of_experts(ids: dict[str, int]) -> list[Shot]:
    return [
        Shot("slate", "expert", f"/my/slates/{ids['slate']}/", _put_in_order, whole=False),
        Shot("choice", "expert", f"/my/choices/{ids['choice']}/", whole=False),
    ]


def _of_readers(ids: dict[str, int]) -> list[Shot]:
    need, rank = f"/needs/{ids['need']}/", ids["rank"]
    other = rank + 1
    return [
        Shot("needs", "reader", "/needs/"),
        Shot("matches", "reader", need),
        Shot("why", "reader", f"{need}why/{rank}/"),
        Shot("why-above", "reader", f"{need}why/{rank}/above/{other}/"),
        Shot("moved", "reader", f"{need}moved/{rank}/"),
        Shot("rules", "reader", f"{need}rules/"),
        Shot("shortlist", "reader", "/shortlist/"),
    ]


def _of_sessions(demo: Demo, ids: dict[str, int]) -> list[Shot]:
    top = f"/manage/{SLUG}/"
    sessions, held = f"{top}sessions/", f"{top}sessions/{demo.simulated_round}/"
    pages = {
        "dashboard": top,
        "sessions": sessions,
        "session": held,
        "session-list": f"{held}lists/{ids['judged']}/",
        "participation": f"{sessions}{demo.own_round}/experts/expert/",
        "gaps": f"{top}gaps/",
        "gold-lists": f"{sessions}gold/",
        "gold-list": f"{sessions}gold/{ids['gold']}/",
        "gold-new": f"{sessions}gold/new/?slate={ids['judged']}",
        "comparisons": f"{top}versions/2/against/1/blind/",
        "comparison": f"{top}comparisons/{ids['comparison']}/",
        "comparison-new": f"{top}versions/2/against/1/blind/new/",
        "experts": f"{top}experts/",
        "expert": f"{top}experts/clara/",
        "people": "/people/",
    }
    plain = [Shot(name, "admin", address) for name, address in pages.items()]
    return [*plain, Shot("session-new", "admin", f"{sessions}new/", _ask_for_a_preview)]


def _of_versions(ids: dict[str, int]) -> list[Shot]:
    top = f"/manage/{SLUG}/"
    pages = {
        "versions": "versions/",
        "version": "versions/2/",
        "lessons": "versions/2/lessons/",
        "provenance": "versions/2/provenance/",
        "compare": "versions/2/against/1/",
        "promote": "versions/1/promote/",
        "promotions": "promotions/",
        "jobs": "jobs/",
        "job": f"jobs/{ids['job']}/",
        "training-set": f"training-sets/{ids['training_set']}/",
        "monitoring": "monitoring/",
        "drift": "monitoring/drift/",
        "exposure": "monitoring/exposure/",
    }
    return [Shot(name, "admin", top + address) for name, address in pages.items()]


def _judge(demo: Demo) -> None:
    """Judge half of the visitor's round: an order with words, one as shown, and a value that is missing."""
    slates = [row["id"] for row in demo.expert.all("slates/", state="open")]
    cards = [card["id"] for card in demo.expert.get(f"slates/{slates[0]}/")["cards"]]
    demo.expert.submit(
        slates[0],
        kind="reorder",
        tiers=[[cards[3]], cards[:2], [cards[4]]],
        rest=[cards[2], cards[5]],
        comment="The first one has the clients for it.",
        seconds=48,
    )
    demo.expert.submit(slates[1], kind="about_equal", seconds=31)
    asked = demo.expert.get(f"slates/{slates[2]}/")["cards"][:2]
    demo.expert.submit(
        slates[2],
        kind="missing_information",
        field=asked[0]["facts"][0]["label"],
        items=[card["id"] for card in asked],
        comment="Without it I’d be guessing.",
        seconds=25,
    )


def _most_moved(demo: Demo) -> tuple[int, int]:
    """Return the need and the rank of the line that moved furthest among the first of each list."""
    found = []
    for need in demo.reader.all("queries/"):
        for match in demo.reader.get(f"queries/{need['id']}/ranking/")["results"][:LINES]:
            movement = demo.reader.get(f"matches/{match['id']}/movement/")["movement"]
            if movement and movement["rank_then"]:
                far = movement["rank_then"] - movement["rank_now"]
                found.append((far, need["id"], match["rank"]))
    _, need, rank = max(found)
    return need, rank


def _shoot(browser: Browser, demo: Demo, shots: list[Shot], folder: Path) -> None:
    for size, scheme in LOOKS:
        for who in dict.fromkeys(shot.who for shot in shots):
            with opened(browser, demo.address, size, scheme) as context:
                if who:
                    sign_in(context, who, PASSWORD)
                page = context.new_page()
                for shot in (one for one in shots if one.who == who):
                    answer = page.goto(shot.address)
                    assert answer is not None
                    assert answer.ok, (shot.address, answer.status)
                    page.wait_for_load_state("networkidle")
                    shot.prepare(page)
                    page.evaluate("scrollTo(0, 0)")
                    page.wait_for_timeout(200)
                    file = folder / f"{shot.name}-{size}-{scheme}.png"
                    photograph(page, file, tallest=TALLEST[size] if shot.whole else None)


def _has_cards(page: Page) -> None:
    page.locator("[data-card] .move").first.wait_for()


def _put_in_order(page: Page) -> None:
    """Move a card to the top and tie the next two."""
    _has_cards(page)
    for place, key in ((4, "Home"), (2, "t")):
        page.locator("[data-card]").nth(place).focus()
        page.keyboard.press(key)
    page.locator("#save-state", has_text="Saved").wait_for()


def _ask_for_a_preview(page: Page) -> None:
    page.get_by_label("Title").fill("Spring round")
    page.get_by_label("expert", exact=True).check()
    page.locator("#preview h3").first.wait_for()
