"""What a screen reader makes of the page of a slate: the accessibility tree of the browser, from the top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from feedback.models import Slate
from feedback.services.presenting import slate_context

pytestmark = pytest.mark.browser

CONTROLS = {
    "button", "checkbox", "combobox", "DisclosureTriangle", "link", "listbox", "menuitem", "option", "radio",
    "searchbox", "slider", "spinbutton", "switch", "tab", "textbox",
}  # fmt: skip
LANDMARKS = {"banner", "complementary", "contentinfo", "form", "main", "navigation", "region", "search"}
DIALOGS = {"?": "Keys", "c": "Side by side", "x": "You can’t put these in order because…"}


@dataclass
class Node:
    """One thing that is read out, and where it is."""

    role: str
    name: str
    facts: dict[str, Any]
    within: list[Node] = field(repr=False)
    text: str = ""


def _tree(page: Page) -> list[Node]:
    """Return what is read out, in order; texts also belong to all that they are within."""
    devtools = page.context.new_cdp_session(page)
    found = {node["nodeId"]: node for node in devtools.send("Accessibility.getFullAXTree")["nodes"]}
    devtools.detach()
    return list(_walk(found, next(iter(found)), []))


def _walk(found: dict[str, Any], key: str, within: list[Node]) -> Iterator[Node]:
    raw = found.get(key)
    if raw is None:
        return
    role, name = (raw.get(part, {}).get("value", "") for part in ("role", "name"))
    if not raw.get("ignored"):
        if role == "StaticText":
            for around in within:
                around.text = f"{around.text} {name}".strip()
            return
        facts = {one["name"]: one["value"].get("value") for one in raw.get("properties", ())}
        node = Node(role, re.sub(r"\s+", " ", name).strip(), facts, within)
        within = [*within, node]
        yield node
    for child in raw.get("childIds", ()):
        yield from _walk(found, child, within)


def _of_role(page: Page, *roles: str) -> list[Node]:
    return [node for node in _tree(page) if node.role in roles]


def _focused(page: Page) -> Node:
    """Return the innermost thing that has the keyboard."""
    return [node for node in _tree(page) if node.facts.get("focused")][-1]


def _live(page: Page) -> list[str]:
    """Return what stands in the regions that are read out when they change."""
    return [node.text for node in _tree(page) if node.facts.get("live") in ("polite", "assertive")]


def test_every_card_is_announced_with_its_place_its_name_and_its_facts(open_slate, slate):
    view = open_slate()
    cards = [node for node in _of_role(view.page, "listitem") if "focusable" in node.facts]
    shown = slate_context(slate)["cards"]
    assert len(cards) == len(shown) == 8
    for place, (node, card) in enumerate(zip(cards, shown, strict=True), start=1):
        facts = [
            f"{fact.label}{' (differs)' if fact.differs and not fact.missing else ''} {fact.value}"
            for fact in card["facts"]
        ]
        assert node.name == " ".join([f"Rank {place} of 8", card["title"], *facts])
        assert node.within[-1].role == "list"


def test_the_line_and_what_is_below_it_are_announced_too(open_slate):
    view = open_slate()
    view.focus_card(2)
    view.press("l")
    items = [node.name for node in _of_role(view.page, "listitem")]
    assert items[3] == "ranked above · not looked at below"
    assert items[4].startswith(f"Rank – not looked at {view.titles[4]} ")


def test_every_control_has_a_name_made_of_words(open_slate):
    view = open_slate()
    view.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    nameless = [node for node in _of_role(view.page, *CONTROLS) if not re.search(r"\w", node.name)]
    for key in DIALOGS:
        view.focus_card(0)
        view.press(key)
        view.page.locator("dialog[open]").wait_for()
        inside = _of_role(view.page, *CONTROLS)
        assert inside
        nameless += [node for node in inside if not re.search(r"\w", node.name)]
        view.press("Escape")
    assert nameless == []


def test_no_two_controls_of_the_page_have_the_same_name_but_for_the_ratings(open_slate):
    view = open_slate()
    names = [node.name for node in _of_role(view.page, *CONTROLS - {"radio"})]
    assert {name for name in names if names.count(name) > 1} == set()
    assert {"Keys", "Compare", "Can’t judge…", "Submit", "Undo"} <= set(names)
    groups = {node.within[-1].name for node in _of_role(view.page, "radio")}
    assert groups == {f"How good a match is {title}, from 1 to 5" for title in view.titles if title != "|"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["Home"], "{title}: rank 1 of 8."),
        (["d"], "{title}: rank 4 of 8."),
        (["t"], "{title}: rank 2 of 8, tied with {above}."),
        (["l"], "3 ranked, 5 not looked at."),
        (["r"], "Rating of {title}: press 1 to 5, or 0 for none."),
        (["r", "4"], "{title}: rated 4."),
        (["Space"], "{title}: marked to compare."),
        (["u", "ControlOrMeta+z"], "Undone."),
    ],
)
def test_what_a_key_did_is_said_in_a_live_region(open_slate, keys, said):
    view = open_slate()
    title, above = view.titles[2], view.titles[1]
    view.focus_card(2)
    view.press(*keys)
    assert said.format(title=title, above=above) in _live(view.page)


def test_saving_as_usual_interrupts_nobody_and_trouble_is_said(open_slate):
    view = open_slate()
    state = view.page.locator("#save-state")
    view.focus_card(2)
    view.press("Home")
    view.wait_until_saved()
    assert "Saved" not in _live(view.page)
    view.page.context.set_offline(True)
    view.press("d")
    expect(state).to_contain_text("Offline")
    assert "Offline: 1 move waiting" in _live(view.page)
    view.page.context.set_offline(False)
    view.wait_until_saved()
    assert "Saved" in _live(view.page), "the end of trouble is news"
    view.press("d")
    expect(state).to_have_attribute("aria-live", "off")


def test_a_log_in_that_ran_out_is_an_alert(open_slate, new_context):
    context = new_context()
    view = open_slate(context)
    context.clear_cookies()
    view.focus_card(2)
    view.press("Home")
    expect(view.page.locator("#notice")).to_be_visible()
    alert = _of_role(view.page, "alert")[0]
    assert alert.facts["live"] == "assertive"
    assert alert.text.startswith("You are signed out.")


def test_headings_and_landmarks_are_in_order(open_slate):
    view = open_slate()
    levels = [node.facts["level"] for node in _of_role(view.page, "heading")]
    assert levels == [1, *[2] * 8]
    marks = [(node.role, node.name) for node in _of_role(view.page, *LANDMARKS)]
    assert marks == [
        ("banner", ""),
        ("main", ""),
        ("region", "The need"),
        ("form", "The order"),
        ("region", "Reasons, if you like"),
    ]
    first, *_ = (node for node in _tree(view.page) if node.facts.get("focusable") and node.role == "link")
    assert first.name == "Skip to the content"


@pytest.mark.parametrize("key", DIALOGS)
def test_a_dialog_has_a_name_takes_the_keyboard_and_gives_it_back(open_slate, key):
    view = open_slate()
    view.focus_card(3)
    card = _focused(view.page).name
    view.press(key)
    dialog = _of_role(view.page, "dialog")[0]
    assert (dialog.name, dialog.facts["modal"]) == (DIALOGS[key], True)
    assert dialog.name in [node.name for node in _focused(view.page).within]
    view.press("Escape")
    assert _focused(view.page).name == card
    assert _of_role(view.page, "dialog") == []


@pytest.mark.parametrize(
    ("name", "close"), [("Keys", "Close"), ("Can’t judge…", "Cancel"), ("Compare", "Close")]
)
def test_a_dialog_opened_by_its_button_gives_the_keyboard_back_to_it(open_slate, name, close):
    view = open_slate()
    view.page.get_by_role("button", name=name, exact=True).press("Enter")
    view.page.get_by_role("dialog").get_by_role("button", name=close, exact=True).press("Enter")
    assert _focused(view.page).name == name


def test_a_decision_side_by_side_leads_back_to_the_card_it_was_about(open_slate):
    view = open_slate()
    view.focus_card(3)
    view.press("c", "2")
    assert _focused(view.page).name.startswith(f"Rank 3 of 8 {view.titles[2]} ")


def test_two_orders_are_named_and_the_choice_leads_back_to_the_card(open_slate, new_context, slate):
    context = new_context()
    first, second = open_slate(context), open_slate(context)
    first.focus_card(3)
    first.press("Home")
    first.wait_until_saved()
    second.focus_card(5)
    second.press("Home")
    expect(second.page.get_by_role("dialog")).to_be_visible()
    tree = _tree(second.page)
    dialog = next(node for node in tree if node.role == "dialog")
    assert dialog.name == "This list has two orders"
    assert [node.name for node in tree if node.role == "region"] == [
        "Saved elsewhere",
        "Yours, not saved yet",
    ]
    assert [node.facts["level"] for node in tree if node.role == "heading"] == [2, 3, 3]
    assert _focused(second.page).name == "This list has two orders", "a slip of the Enter key chooses nothing"
    second.press("Tab", "Tab", "Enter")
    second.wait_until_saved()
    assert _focused(second.page).name.startswith(f"Rank 1 of 8 {second.titles[0]} ")
    assert Slate.objects.get(pk=slate.pk).draft["tiers"][0] == [second.ids[0]]
