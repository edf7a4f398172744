"""The shared cache counts over all processes, and a Redis that answers nothing keeps no request waiting."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config import cache
from tests.own_servers import REDIS, own_redis, silent_server


def shared(url: str) -> cache.SharedCache:
    """Return the cache of a process of its own."""

    class Process(cache.SharedCache):
        _circuit = cache._Circuit()

    return Process(url, {})


@pytest.fixture
def redis(require, tmp_path):
    require(REDIS, "a redis-server to start")
    with own_redis(tmp_path) as running:
        yield running


@pytest.mark.services
def test_processes_share_what_is_kept_until_redis_is_away_and_again_when_it_is_back(redis, monkeypatch):
    monkeypatch.setattr(cache, "REST_SECONDS", 0.2)
    one, other = shared(redis.url), shared(redis.url)
    one.set("kept", {"rows": [1, 2]}, 60)
    one.set("counted", 1)
    assert other.incr("counted") == 2
    assert other.get("kept") == {"rows": [1, 2]}
    redis.pause()
    assert one.get("kept", "nothing") == "nothing"
    assert one.add("counted", 5)
    assert (one.get("counted"), one.get_many(["counted", "kept"])) == (5, {"counted": 5})
    redis.resume()
    time.sleep(0.3)
    assert one.get("counted") == 2


def test_few_threads_wait_for_a_silent_redis_and_then_none_for_some_seconds():
    with silent_server() as port:
        process = shared(f"redis://127.0.0.1:{port}/0")

        def seconds(_: int) -> float:
            began = time.monotonic()
            assert process.get("key", "nothing") == "nothing"
            return time.monotonic() - began

        with ThreadPoolExecutor(16) as pool:
            waited = list(pool.map(seconds, range(16)))
        assert sum(each > cache.ANSWER_SECONDS * 0.8 for each in waited) <= cache.MOST_AT_ONCE
        assert max(waited) < 2.0
        assert seconds(0) < cache.ANSWER_SECONDS / 2
