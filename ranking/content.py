"""The name of a content: the hash of its canonical JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record, whatever the order of its keys.

    >>> content_hash({"a": 1, "b": None}) == content_hash({"b": None, "a": 1})
    True
    """
    canonical = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return sha256(canonical.encode()).hexdigest()
