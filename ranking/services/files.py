"""Files named by the hash of their content: written once, checked at every read."""

from __future__ import annotations

import time
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from ranking.errors import BrokenFile

LOOK_AGAIN_SECONDS = 60.0  # a health check asks every few seconds, and a storage may be far away
_looked: dict[str, tuple[float, bool]] = {}


def checksum(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return sha256(data).hexdigest()


def store(folder: str, suffix: str, data: bytes) -> tuple[str, str]:
    """Write the bytes under a name that is their hash, and return (name, sha256)."""
    digest = checksum(data)
    name = f"{folder}/{digest}{suffix}"
    if not _holds(name, digest):
        # A storage never overwrites: a damaged file of that name has to go before the right one can come.
        default_storage.delete(name)
        name = default_storage.save(name, ContentFile(data))
    _looked.pop(name, None)
    return name, digest


def read(name: str, digest: str) -> bytes:
    """Return the bytes of a stored file. Raises BrokenFile when it is missing or not what was written."""
    try:
        with default_storage.open(name) as handle:
            data = bytes(handle.read())
    except (OSError, ValueError) as error:
        raise BrokenFile(f"{name} can't be read: {error}") from error
    if checksum(data) != digest:
        raise BrokenFile(f"{name} is damaged: its checksum is not {digest[:12]}…")
    return data


def is_whole(name: str, digest: str) -> bool:
    """Say whether a stored file is what was written, by a look at it that is at most a minute old.

    Whatever is kept in memory of the file. Passes on what a storage raises that can't be reached.
    """
    looked = _looked.get(name)
    if looked is not None and time.monotonic() - looked[0] < LOOK_AGAIN_SECONDS:
        return looked[1]
    whole = False
    try:
        whole = _holds(name, digest)
    finally:
        _looked[name] = time.monotonic(), whole
    return whole


def _holds(name: str, digest: str) -> bool:
    if not default_storage.exists(name):
        return False
    try:
        read(name, digest)
    except BrokenFile:
        return False
    return True
