"""The URLs of database and broker: every part is passed on, or refused; none is left out in silence.

What these functions raise is a ValueError that says what was expected, and shows no password.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_CERTIFICATE = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS_OPTIONS = ("ssl_cert_reqs", *_TLS_FILES)
#: A secret after the user's name, or in the query.
_PASSWORD = re.compile(r"(://[^:/@?#]*):.*@|([?&](?:ssl)?password=)[^&]*", flags=re.IGNORECASE)


class Broker(NamedTuple):
    """The broker's URL without its query, and how its certificate is checked; None without TLS."""

    url: str
    tls: dict[str, Any] | None = None


def hide_password(url: str) -> str:
    """Return a URL fit to be logged.

    >>> hide_password("amqp://tiebreak:secret@broker:5672//")
    'amqp://tiebreak:***@broker:5672//'
    """
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else f"{found[2]}***", url)


def read_database(value: str) -> dict[str, Any]:
    """Return Django's description of a database.

    `sqlite:///PATH`, or what libpq takes: `postgresql://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full`.
    """
    url = _split(value, ("sqlite", "postgresql", "postgres"))
    if url.scheme != "sqlite":
        return _postgresql(value)
    path = Path(unquote(url.path.removeprefix("/")))
    if url.netloc or not path.name:
        raise ValueError("sqlite:///PATH, with four slashes if absolute")
    if url.query or url.fragment:
        raise ValueError("a path alone after sqlite:///; ? is written as %3F there, and # as %23")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path.absolute()), "OPTIONS": {}}


def _postgresql(value: str) -> dict[str, Any]:
    found = _read_by_libpq(value)
    name, host, port = (found.pop(part, "") for part in ("dbname", "host", "port"))
    if not name and "service" not in found:
        raise ValueError("a URL that ends in the name of a database")
    if "@" in host:
        raise ValueError("a URL with one @, before the host; in a password it is written as %40")
    if not re.fullmatch(r"[\d,]*", port):
        raise ValueError("a URL that has a number after the host's colon")
    if found.get("sslmode", "prefer") not in _SSL_MODES:
        raise ValueError(f"sslmode to be one of {', '.join(_SSL_MODES)}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": found.pop("user", ""),
        "PASSWORD": found.pop("password", ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": found,
    }


def _read_by_libpq(value: str) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(text) for name, text in conninfo_to_dict(value).items()}
    except psycopg.ProgrammingError as error:
        problem = str(error).strip()
        if "URI query parameter" in problem:  # it names the option; other messages may repeat the password
            raise ValueError(
                f"options of libpq after the ?, such as sslmode=verify-full ({problem})"
            ) from None
        raise ValueError("a URL that libpq can read; % in a password is written as %25") from None
    except UnicodeDecodeError:
        raise ValueError("a URL whose escapes are UTF-8") from None


def read_broker(value: str) -> Broker:
    """Return the broker that `amqp://`, `redis://`, these with an s, or `filesystem://` stands for.

    With TLS the certificate must be one that this machine trusts, unless `?ssl_cert_reqs=none` is there.
    """
    url = _split(value, ("filesystem", "amqp", "amqps", "redis", "rediss"))
    if url.scheme != "filesystem" and not url.hostname:
        raise ValueError(f"a host, such as {url.scheme}://HOST:PORT/")
    if url.fragment:
        raise ValueError("a URL without #; in a password it is written as %23")
    if url.scheme not in ("amqps", "rediss"):
        if url.query:
            raise ValueError("a URL without options after a ?; amqps:// and rediss:// have some")
        return Broker("filesystem://" if url.scheme == "filesystem" else url.geturl())
    asked = dict(parse_qsl(url.query, keep_blank_values=True))
    unknown = sorted(set(asked) - set(_TLS_OPTIONS))
    if unknown:
        raise ValueError(f"no options but {', '.join(_TLS_OPTIONS)} after the ?, not {', '.join(unknown)}")
    check = asked.pop("ssl_cert_reqs", "required")
    if check not in _CERTIFICATE:
        raise ValueError(f"ssl_cert_reqs to be one of {', '.join(_CERTIFICATE)}")
    return Broker(url._replace(query="").geturl(), _tls(url.scheme, check, asked))


def _tls(scheme: str, check: str, files: dict[str, str]) -> dict[str, Any]:
    """Return the options in the words of the transport: py-amqp and redis-py have names of their own."""
    if scheme == "rediss":
        return {"ssl_cert_reqs": check, "ssl_check_hostname": check != "none", **files}
    options = {name.removeprefix("ssl_"): path for name, path in files.items()}
    # kombu puts the URL's host where the key is there with None, and py-amqp then compares the certificate.
    named = {} if check == "none" else {"server_hostname": None}
    return {"cert_reqs": _CERTIFICATE[check], **options, **named}


def _split(value: str, schemes: tuple[str, ...]) -> SplitResult:
    expected = "a URL that begins with " + " or ".join(f"{scheme}://" for scheme in schemes)
    scheme = value.partition("://")[0]
    if scheme not in schemes or "://" not in value:
        raise ValueError(expected)
    try:
        url = urlsplit(value)
        if not scheme.startswith("postgres"):  # libpq knows more of hosts and ports
            _ = url.port  # parsed lazily: a port that is no number raises only here
    except ValueError:
        raise ValueError(expected) from None
    return url
