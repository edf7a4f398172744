"""How a person works a page in a real browser: with a mouse, with a finger, and with keys alone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Error

Point = tuple[float, float]
MOST_TABS = 60


def middle(locator: Any) -> Point:
    """Return the middle of what is shown, in the window's pixels."""
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def next_frames(page: Any) -> None:
    """Wait until the page has been painted twice."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def eventually(page: Any, condition: str) -> None:
    """Wait for a condition; Playwright's own way needs `eval`, which the page's policy forbids."""
    for _ in range(200):
        try:
            if page.evaluate(condition):
                return
        except Error as error:
            if "Execution context was destroyed" not in error.message:  # the page was left: ask the next one
                raise
        page.wait_for_timeout(25)
    raise AssertionError(f"never came true: {condition}")


def drag_with_mouse(page: Any, start: Point, end: Point) -> None:
    """Press, move in steps, let go."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    next_frames(page)
    page.mouse.up()


def tab_to(page: Any, target: Any) -> None:
    """Press Tab until a control has the keyboard."""
    for _ in range(MOST_TABS):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {target}")


class Finger:
    """One finger on the screen, through the browser's own input."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.devtools = page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: Point) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def tap(self, point: Point) -> None:
        """Press and lift."""
        self._send("touchStart", point)
        self._send("touchEnd")

    def drag(self, start: Point, end: Point, *, steps: int = 8) -> None:
        """Press, move in steps, lift."""
        self.press(start, end, steps=steps)
        self.lift()

    def press(self, start: Point, end: Point, *, steps: int = 8) -> None:
        """Press and move in steps; the finger stays down."""
        self._send("touchStart", start)
        for step in range(1, steps + 1):
            share = step / steps
            self._send(
                "touchMove",
                (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])),
            )
            next_frames(self.page)

    def lift(self) -> None:
        """Lift the finger."""
        self._send("touchEnd")
