"""Tables are emptied after a test in a browser only once its last request is through."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.requests_in_flight import wait_for_requests


@pytest.fixture
def connection(live_server):
    address = urlsplit(live_server.url)
    with socket.create_connection((address.hostname, address.port)) as opened:
        opened.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert opened.recv(12) == b"HTTP/1.1 404"
        yield opened


def test_it_waits_until_the_last_one_has_gone(connection):
    threading.Timer(0.3, connection.shutdown, [socket.SHUT_RDWR]).start()
    wait_for_requests()
    assert not [one for one in threading.enumerate() if "process_request_thread" in one.name]


def test_it_says_when_somebody_stays(connection):
    with pytest.raises(TimeoutError, match="still connected"):
        wait_for_requests(0.1)
