"""What an installation cannot do at the moment, told from faults of the program: its database, its disk."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError

RETRY_SECONDS = 10
#: Of PostgreSQL: connection, resources, operator's intervention, system; conflicts and locks that may pass;
#: and a standby that takes no writes.
_SQLSTATES = ("08", "53", "57", "58", "40", "55P03", "25006")
#: Of SQLite: busy, locked, read-only, input and output, corrupt, full, cannot open, no database.
_SQLITE_CODES = {5, 6, 8, 10, 11, 13, 14, 26}
_SQLITE_FULL = 13
_POSTGRESQL_FULL = "53100"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Outage:
    """What is out of order, in sentences for a person; `passes` where trying again is worth it."""

    code: str
    message: str
    passes: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer that tells of it."""
        again = {"Retry-After": str(RETRY_SECONDS)} if self.passes else {}
        return {"Cache-Control": "no-store", **again}


DATABASE = Outage(
    "database_unavailable",
    "The database does not answer at the moment. Everything saved before is safe. Try again in a minute, and "
    "send again what you just sent.",
)
DISK_FULL = Outage(
    "disk_full",
    "The server has no room left to save anything. Everything saved before is safe. Whoever looks after the "
    "server has to make room; then send again what you just sent.",
)


def outage_of(error: BaseException | None) -> Outage | None:
    """Return what is out of order, or None where the error is a fault of the program."""
    if isinstance(error, DatabaseError | InterfaceError):
        return _of_database(error)
    return DISK_FULL if isinstance(error, OSError) and error.errno in _DISK_FULL else None


def _of_database(error: DatabaseError | InterfaceError) -> Outage | None:
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    code = None if code is None else code & 0xFF  # the rest says more of the same
    if sqlstate == _POSTGRESQL_FULL or code == _SQLITE_FULL:
        return DISK_FULL
    if sqlstate is not None:
        return DATABASE if sqlstate.startswith(_SQLSTATES) else None
    if code is not None:
        return DATABASE if code in _SQLITE_CODES else None
    # A connection that could not be made, or was lost, has no code.
    return DATABASE if isinstance(error, OperationalError | InterfaceError) else None
