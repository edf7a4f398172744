"""Files named by the hash of their content: written once, checked at every read.

The one door to the file store. Each kind of store raises errors of its own, which leave here as
StoreUnreachable.
"""

from __future__ import annotations

import errno
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from ranking.errors import BrokenFile, StoreUnreachable

log = structlog.get_logger(__name__)
LOOK_AGAIN_SECONDS = 60.0  # a health check asks every few seconds, and a storage may be far away
_looked: dict[str, tuple[float, bool]] = {}


def checksum(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return sha256(data).hexdigest()


def store(folder: str, suffix: str, data: bytes) -> tuple[str, str]:
    """Write the bytes under a name that is their hash, and return (name, sha256). Raises StoreUnreachable."""
    digest = checksum(data)
    name = f"{folder}/{digest}{suffix}"
    if not _holds(name, digest):
        with _store_at(name):
            # A storage never overwrites: a damaged file of that name has to go before the right one can come.
            default_storage.delete(name)
            name = _save(name, data)
    _looked.pop(name, None)
    return name, digest


def read(name: str, digest: str) -> bytes:
    """Return the bytes of a stored file.

    Raises BrokenFile when it is missing or not what was written, and StoreUnreachable for all that a storage
    raises beyond that.
    """
    try:
        with _store_at(name), default_storage.open(name) as handle:
            data = bytes(handle.read())
    except FileNotFoundError as error:
        raise BrokenFile(f"{name} can't be read: {error}") from error
    if checksum(data) != digest:
        raise BrokenFile(f"{name} is damaged: its checksum is not {digest[:12]}…")
    return data


def is_whole(name: str, digest: str) -> bool:
    """Say whether a stored file is what was written, by a look at it that is at most a minute old.

    Whatever is kept in memory of the file. Raises StoreUnreachable.
    """
    looked = _looked.get(name)
    if looked is not None and time.monotonic() - looked[0] < LOOK_AGAIN_SECONDS:
        return looked[1]
    whole = _holds(name, digest)
    _looked[name] = time.monotonic(), whole
    return whole


def ask() -> None:
    """Return if the store answers. Raises StoreUnreachable."""
    with _store_at("ready"):
        default_storage.exists("ready")


def try_out() -> None:
    """Write a small file, read it back and delete it. Raises StoreUnreachable or BrokenFile."""
    data = uuid.uuid4().bytes
    name, digest = store("checks", ".bin", data)
    read(name, digest)
    with _store_at(name):
        default_storage.delete(name)


@contextmanager
def _store_at(name: str) -> Iterator[None]:
    """Turn what a storage raises into StoreUnreachable, but for the news that there is no such file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        log.error("file_store_unreachable", file=name, problem=f"{type(error).__name__}: {error}")
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreUnreachable("the file store has no room left: nothing was saved") from error
        # What the error says may name buckets and hosts, and this is read by everybody.
        raise StoreUnreachable(f"{name} can't be read or written: {type(error).__name__}") from error


def _save(name: str, data: bytes) -> str:
    try:
        return str(default_storage.save(name, ContentFile(data)))
    except Exception:
        # A full disk leaves the first half of a file under the name of the whole.
        with suppress(Exception):
            default_storage.delete(name)
        raise


def _holds(name: str, digest: str) -> bool:
    with _store_at(name):
        if not default_storage.exists(name):
            return False
    try:
        read(name, digest)
    except StoreUnreachable:
        raise
    except BrokenFile:
        return False
    return True
