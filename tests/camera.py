"""What screens are photographed with: a browser of one size and scheme, a log-in, and a small file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

#: Width, height, and by how much the picture is made smaller.
SIZES = {"phone": (360, 740, 1), "desktop": (1280, 900, 1), "4k": (3840, 2160, 2)}
COLOURS, AREAS = 128, 24  # in a picture: text stays sharp, and most files under 200 kB


@contextmanager
def opened(browser: Browser, address: str, size: str, scheme: str) -> Iterator[BrowserContext]:
    """Open a browser of that size and scheme in which nobody is signed in."""
    width, height, _ = SIZES[size]
    options: dict[str, Any] = {"is_mobile": True, "has_touch": True} if size == "phone" else {}
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        **options,
    )
    yield context
    context.close()


def sign_in(context: BrowserContext, name: str, password: str) -> None:
    """Sign somebody in as people do."""
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)
    page.close()


def photograph(page: Page, file: Path, *, smaller: int = 1, tallest: int | None = None) -> None:
    """Save what the window shows; with `tallest` the whole page, cut off there."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=tallest is not None)))
    if tallest is not None:
        picture = picture.crop((0, 0, picture.width, min(picture.height, tallest)))
    if smaller > 1:
        size = (picture.width // smaller, picture.height // smaller)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    _with_fewer_colours(picture.convert("RGB")).save(file, optimize=True)


def _with_fewer_colours(picture: Image.Image) -> Image.Image:
    """Keep the colours of areas as they are; of all ways to choose the others, one that keeps those that are
    rare: a warning in red.
    """
    pixels = np.asarray(picture, dtype=np.int64)
    found, places, counts = np.unique(pixels @ (1 << 16, 1 << 8, 1), return_inverse=True, return_counts=True)
    found = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    areas = found[np.argsort(-counts)[:AREAS]]
    others = picture.quantize(COLOURS - AREAS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    kept = np.concatenate([areas, np.reshape(others.getpalette() or [], (-1, 3))])
    # Pillow's own way to the nearest colour looks at six bits of eight: white would become grey.
    nearest = ((found[:, None] - kept) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    fewer = Image.fromarray(nearest[places].reshape(pixels.shape[:2]), "P")
    fewer.putpalette(kept.astype(np.uint8).tobytes())
    return fewer
