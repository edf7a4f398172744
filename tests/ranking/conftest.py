"""What tests of the lower app share."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranking.services.candidates import forget_catalogues
from tests.ranking.folders import cut_down


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the demo's first advisers and mandates, to load and change."""
    forget_catalogues()  # ids are given anew after each test, and the cache would still know the old ones
    return cut_down(tmp_path)
