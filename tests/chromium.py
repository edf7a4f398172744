"""The browser that tests, benchmarks and screens are driven with."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


def chromium() -> str | None:
    """Return the browser's path: $CHROMIUM, Playwright's own, or the one on PATH; None without any."""
    own = sorted(glob.glob(str(Path.home() / ".cache/ms-playwright/chromium-*/chrome-linux*/chrome")))
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = [os.environ.get("CHROMIUM"), *reversed(own), *(shutil.which(name) for name in names)]
    return next((candidate for candidate in found if candidate and os.access(candidate, os.X_OK)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Run a headless browser."""
    from playwright.sync_api import sync_playwright

    flags = ["--disable-gpu", "--no-first-run", *QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=flags)
        yield running
        running.close()
