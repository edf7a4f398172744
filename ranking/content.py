"""Contents of rows: which texts can be stored, and the name of a record, the hash of its canonical JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Say whether every database of ours stores a text: PostgreSQL takes neither NUL nor half a character.

    >>> is_storable("São Paulo"), is_storable("a\\x00b"), is_storable("a\\ud800")
    (True, False, False)
    """
    return not _UNSTORABLE.search(text)


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record, whatever the order of its keys.

    >>> content_hash({"a": 1, "b": None}) == content_hash({"b": None, "a": 1})
    True
    """
    canonical = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return sha256(canonical.encode()).hexdigest()
