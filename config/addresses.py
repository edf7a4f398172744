"""The address that a request came from, decided in one place for the log-in lock, throttles and logs.

Every library counts the hops of `X-Forwarded-For` in a way of its own, and some believe whatever stands
leftmost, which the client writes. So the middleware decides, and leaves what others read: `REMOTE_ADDR`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import cache

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle

from config.logs import PROBES

log = structlog.get_logger(__name__)
#: One household or firm has a network of this size, and takes any address in it for each request.
IPV6_NETWORK_BITS = 64
_WITH_PORT = re.compile(r"\[(?P<v6>.*)\](?::\d+)?|(?P<v4>[\d.]+):\d+")


def believe_own_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Put the client's address into `REMOTE_ADDR`, and take the header away that it was read from."""

    def middleware(request: HttpRequest) -> HttpResponse:
        proxies = settings.TIEBREAK_PROXIES
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", None)
        if proxies == 0 and (forwarded is not None or "HTTP_X_FORWARDED_PROTO" in request.META):
            _warn_once(
                "A request carries X-Forwarded-For or X-Forwarded-Proto, but TIEBREAK_PROXIES is 0. If a "
                "proxy of yours stands in front, set it to the number of proxies: until then all clients "
                "share one address."
            )
        hops = [] if forwarded is None else forwarded.split(",")
        if len(hops) < proxies and request.path_info not in PROBES:
            _warn_once(
                f"TIEBREAK_PROXIES is {proxies}, but a request came through fewer: set the number of proxies "
                "that add to X-Forwarded-For, and let nobody reach this server around them."
            )
        peer = request.META.get("REMOTE_ADDR", "")
        request.META["REMOTE_ADDR"] = client_address(peer, hops, proxies) or ""
        return get_response(request)

    return middleware


def client_address(peer: str, hops: list[str], proxies: int) -> str | None:
    """Return the last hop that is not a proxy of ours; None where there is no address that can be read.

    `peer` is who holds the connection, `hops` are the entries of `X-Forwarded-For`, to which each proxy has
    added whom it was called by. Whatever stands further left was written by the client.

    >>> client_address("10.0.0.9", ["forged", "203.0.113.7", "10.0.0.8"], 2)
    '203.0.113.7'
    >>> client_address("10.0.0.9", ["forged"], 0)
    '10.0.0.9'
    """
    added = hops[-proxies:] if proxies else []
    return (_normal(added[0]) if added else None) or _normal(peer)


def _normal(text: str) -> str | None:
    """
    >>> _normal("[2001:DB8::1]:443"), _normal("::ffff:192.0.2.1"), _normal("192.0.2.1:80"), _normal("unix:")
    ('2001:db8::1', '192.0.2.1', '192.0.2.1', None)
    """
    text = text.strip()
    found = _WITH_PORT.fullmatch(text)
    try:
        # A zone is a name on the machine that wrote it, and PostgreSQL takes no address with one.
        address = ipaddress.ip_address(((found["v6"] or found["v4"]) if found else text).partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def network_of(request: HttpRequest | Request) -> str | None:
    """Return what is locked or throttled for a request: its IPv4 address, or the network of its IPv6 address.

    Called by django-axes (`AXES_CLIENT_IP_CALLABLE`).
    """
    address = _normal(request.META.get("REMOTE_ADDR", ""))
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False).network_address)


class StrangersThrottle(AnonRateThrottle):
    """Requests without log-in, counted by network."""

    def get_ident(self, request: Request) -> str:
        """Return whom the request is counted for."""
        return network_of(request) or ""


@cache
def _warn_once(hint: str) -> None:
    log.warning("proxies_miscounted", hint=hint)
