"""Which hop is the client, whatever the header holds; and what is counted as one place."""

import pytest
import structlog
from django.http import HttpResponse
from rest_framework.test import APIRequestFactory

from config import addresses
from config.addresses import StrangersThrottle, believe_own_proxies, client_address, network_of

PEER = "10.0.0.9"
HOPS = [
    # proxies, header, client
    (0, None, PEER),
    (0, "203.0.113.7", PEER),
    (1, "203.0.113.7", "203.0.113.7"),
    (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
    (1, "6.6.6.6,, ,203.0.113.7", "203.0.113.7"),
    (2, "203.0.113.7, 10.0.0.8", "203.0.113.7"),
    (2, "6.6.6.6, 203.0.113.7, 10.0.0.8", "203.0.113.7"),
    (2, "203.0.113.7, unix:", "203.0.113.7"),
    # written by our own proxy, but no address: who called us is better than nobody
    (1, "6.6.6.6, unknown", PEER),
    (1, "6.6.6.6, ", PEER),
    (1, "1" * 5000, PEER),
    (1, "203.0.113.999", PEER),
    # fewer than there should be
    (1, None, PEER),
    (2, "203.0.113.7", "203.0.113.7"),
    # the ways in which proxies write addresses
    (1, "2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
    (1, "[2001:db8::7]:4711", "2001:db8::7"),
    (1, "[2001:db8::7]", "2001:db8::7"),
    (1, "fe80::7%eth0", "fe80::7"),
    (1, "::ffff:203.0.113.7", "203.0.113.7"),
    (1, "203.0.113.7:4711", "203.0.113.7"),
]


@pytest.mark.parametrize(("proxies", "header", "client"), HOPS)
def test_the_client_is_the_last_hop_that_is_no_proxy_of_ours(proxies, header, client):
    hops = [] if header is None else header.split(",")
    assert client_address(PEER, hops, proxies) == client


def test_nobody_is_made_up_where_no_address_can_be_read():
    assert client_address("", ["unix:"], 1) is None


def seen(settings, proxies, path="/login/", **meta):
    """Return the request as views and libraries see it."""
    settings.TIEBREAK_PROXIES = proxies
    requests = []
    believe_own_proxies(lambda request: requests.append(request) or HttpResponse())(
        APIRequestFactory().get(path, **meta)
    )
    return requests[0]


def test_no_library_finds_a_header_to_count_in_its_own_way(settings):
    request = seen(settings, 1, REMOTE_ADDR=PEER, HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.7")
    assert request.META["REMOTE_ADDR"] == "203.0.113.7"
    assert "X-Forwarded-For" not in request.headers


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::1", "2001:db8:1:2::"),
        ("", None),
    ],
)
def test_an_ipv6_network_counts_as_one_place(settings, address, network):
    request = seen(settings, 0, REMOTE_ADDR=address)
    assert network_of(request) == network
    assert StrangersThrottle().get_ident(request) == (network or "")


WARNED = [
    (0, {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}, "TIEBREAK_PROXIES is 0"),
    (0, {"HTTP_X_FORWARDED_PROTO": "https"}, "TIEBREAK_PROXIES is 0"),
    (1, {}, "TIEBREAK_PROXIES is 1, but a request came through fewer"),
    (2, {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}, "TIEBREAK_PROXIES is 2, but"),
    (0, {}, ""),
    (1, {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}, ""),
    (1, {"path": "/healthz"}, ""),
]


@pytest.mark.parametrize(("proxies", "meta", "hint"), WARNED)
def test_a_wrong_number_of_proxies_is_said_once(settings, proxies, meta, hint):
    addresses._warn_once.cache_clear()
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            seen(settings, proxies, REMOTE_ADDR=PEER, **meta)
    assert [event["event"] for event in logs] == (["proxies_miscounted"] if hint else [])
    assert all(hint in event["hint"] for event in logs)
