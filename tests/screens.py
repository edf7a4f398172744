"""Photograph the product's screens: `python -m tests.screens [pages|states] [FOLDER]`, without a word both.

`pages` are those of the demonstration, at 1280 px light and at 360 px dark; `states` those that the expert's
page can be in, at three sizes. docs/screens/README.md shows them. Needs the extra `dev`, and
some minutes.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.chromium import chromium, launched
from tests.deployment import ROOT
from tests.screen_pages import photograph_pages
from tests.screen_states import photograph_states

FOLDER = ROOT / "docs" / "screens"
KINDS = {"pages": (photograph_pages, "."), "states": (photograph_states, "session-states")}


def main() -> None:
    """Photograph what was asked for, into the documentation or a folder of one's own."""
    parser = ArgumentParser(prog="python -m tests.screens", description="Photograph the product's screens.")
    parser.add_argument("which", nargs="?", choices=KINDS, help="pages or states; without it both")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="default: docs/screens")
    asked = parser.parse_args()
    path = chromium()
    if path is None:
        raise SystemExit("this needs a Chromium: $CHROMIUM, Playwright's own, or one on PATH")
    with tempfile.TemporaryDirectory(prefix="tiebreak-screens-") as scratch, launched(path) as browser:
        for which in [asked.which] if asked.which else KINDS:
            run, below = KINDS[which]
            (asked.folder / below).mkdir(parents=True, exist_ok=True)
            run(browser, Path(scratch), asked.folder / below)


if __name__ == "__main__":
    main()
