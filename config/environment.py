"""Read settings from the environment, typed, and refuse what cannot be meant.

Every refusal names the variable, the value found and what was expected, so that a service which does not
start says why in its last line. Secrets are never repeated in a message.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

from config.services import Broker, hide_password, read_broker, read_database
from ranking.content import is_storable

Read = TypeVar("Read")
PREFIX = "TIEBREAK_"
#: Variables with these beginnings belong to the test suite; the product does not read them.
FOREIGN_PREFIXES = ("TIEBREAK_TEST_",)

_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_RATE = re.compile(r"[1-9]\d*/(second|minute|hour|day)")


class Environment:
    """Typed view of the process environment.

    An empty variable counts as unset: `docker compose` and systemd pass empty strings for what is not given.

    >>> Environment({"TIEBREAK_LEASE_SECONDS": "45"}).integer("TIEBREAK_LEASE_SECONDS", 30, low=5, high=600)
    45
    >>> Environment({}).boolean("TIEBREAK_DEBUG", False)
    False
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: set[str] = set()

    def text(self, name: str, default: str | None = None, *, secret: bool = False) -> str:
        """Return the variable as text; without a default it must be set."""
        self._known.add(name)
        value = self._variables.get(name, "").strip()
        if value:
            if not is_storable(value):
                raise _refusal(name, "(not shown)" if secret else value, "readable UTF-8 text")
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set, and there is no default for it here.")
        return default

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """Return one of the given words."""
        value = self.text(name, default)
        if value not in choices:
            raise _refusal(name, value, f"one of {', '.join(choices)}")
        return value

    def boolean(self, name: str, default: bool) -> bool:
        """Return a switch; true/false, yes/no, on/off and 1/0 are understood."""
        value = self.text(name, "on" if default else "off")
        if value.lower() not in _WORDS:
            raise _refusal(name, value, "true or false")
        return _WORDS[value.lower()]

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within `low` and `high`, both included."""
        value = self.text(name, str(default))
        expected = f"a whole number from {low} to {high}"
        if not re.fullmatch(r"-?[0-9]+", value):
            raise _refusal(name, value, expected)
        if not low <= int(value) <= high:
            raise _refusal(name, value, expected)
        return int(value)

    def strings(self, name: str, default: Sequence[str] | None) -> list[str]:
        """Return a comma-separated list; blanks around the commas do not count."""
        value = self.text(name, None if default is None else ",".join(default))
        return [part.strip() for part in value.split(",") if part.strip()]

    def rate(self, name: str, default: str) -> str:
        """Return a throttle such as `600/minute`."""
        value = self.text(name, default)
        if not _RATE.fullmatch(value):
            raise _refusal(name, value, "a number per second, minute, hour or day, such as 600/minute")
        return value

    def time_zone(self, name: str, default: str) -> str:
        """Return the name of a time zone that this machine knows, such as Europe/Berlin."""
        value = self.text(name, default)
        known = available_timezones()
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1) or ["Europe/Berlin"]
            raise _refusal(name, value, f"the name of a time zone, such as {near[0]}")
        return value

    def json_object(self, name: str) -> dict[str, Any]:
        """Return a JSON object, empty if unset. Its value may hold keys, so it is never shown."""
        value = self.text(name, "{}", secret=True)
        try:
            parsed = json.loads(value)
        except ValueError as error:
            raise _refusal(name, "(not shown)", f"a JSON object ({error})") from None
        if not isinstance(parsed, dict):
            raise _refusal(name, "(not shown)", 'a JSON object such as {"bucket_name": "tiebreak"}')
        return parsed

    def folder(self, name: str, default: Path) -> Path:
        """Return a folder, absolute; it may be absent, but nothing else may be in its place."""
        path = Path(self.text(name, str(default))).expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise _refusal(name, str(path), "a folder")
        return path

    def database(self, name: str, default: str | None) -> dict[str, Any]:
        """Return Django's description of a database from `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`."""
        return self._url(name, default, read_database)

    def broker(self, name: str, default: str | None) -> Broker:
        """Return the message broker that a URL stands for."""
        return self._url(name, default, read_broker)

    def refuse_unknown(self) -> None:
        """Refuse variables of ours that nothing reads: a misspelt name would leave its default in force."""
        for name in sorted(self._variables):
            if name.startswith(PREFIX) and not name.startswith(FOREIGN_PREFIXES) and name not in self._known:
                near = difflib.get_close_matches(name, self._known, n=1)
                hint = (
                    f"; did you mean {near[0]}?" if near else "; docs/operations.md lists those that exist."
                )
                raise ImproperlyConfigured(f"{name} is not a setting of Tiebreak{hint}")

    def _url(self, name: str, default: str | None, read: Callable[[str], Read]) -> Read:
        value = self.text(name, default, secret=True)
        try:
            return read(value)
        except ValueError as error:
            raise _refusal(name, hide_password(value), str(error)) from None


def _refusal(name: str, value: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value!r}: expected {expected}.")
