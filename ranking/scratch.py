"""Folders for the length of one piece of work, removed also when whoever worked in them was killed.

Each holds a file on which everybody who works there has a lock. The kernel takes a lock away with its last
holder, so a folder that nobody holds is nobody's, whatever the clock or a process id says.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "in-use.lock"
PURPOSES = ("job", "verify", "upload")
#: Between the making of a folder and its lock; what has none after days is of a release that knew no locks.
YOUNG_SECONDS = 10
UNLOCKED_SECONDS = 2 * 86_400


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """Return a new folder, gone afterwards; `purpose` is one of `PURPOSES`."""
    assert purpose in PURPOSES, purpose
    with tempfile.TemporaryDirectory(prefix=f"tiebreak-{purpose}-") as name, held(Path(name)):
        yield Path(name)


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Keep a folder from being swept; return the lock's file descriptor, for a child to inherit."""
    with open(folder / LOCK, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lock.fileno()


def sweep() -> list[str]:
    """Remove the folders of this user that nobody holds any more, and return their names."""
    with os.scandir(tempfile.gettempdir()) as entries:
        left = [entry for entry in entries if _is_ours(entry)]
    return [entry.name for entry in left if _remove_abandoned(Path(entry.path))]


def _is_ours(entry: os.DirEntry[str]) -> bool:
    if not entry.name.startswith(tuple(f"tiebreak-{purpose}-" for purpose in PURPOSES)):
        return False
    with suppress(OSError):  # gone meanwhile
        return entry.is_dir(follow_symlinks=False) and entry.stat().st_uid == os.getuid()
    return False


def _remove_abandoned(folder: Path) -> bool:
    with suppress(OSError):  # gone meanwhile, or held: BlockingIOError
        age = time.time() - folder.stat().st_mtime
        if age < YOUNG_SECONDS:
            return False
        if not (folder / LOCK).exists():
            return age > UNLOCKED_SECONDS and _remove(folder)
        with open(folder / LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _remove(folder)
    return False


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
