"""What every test can ask for: services that must be there, a browser, a deployment, an emptied database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import hypothesis
import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from ranking.append_only import without_triggers
from tests.chromium import chromium, launched
from tests.deployment import SERVICES, Deployment, is_listening
from tests.requests_in_flight import wait_for_requests

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
# Playwright's loop runs in the test's thread: Django would take database calls there for asynchronous ones.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile(
    "tiebreak", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tiebreak")

Require = Callable[[object, str], None]
Deploy = Callable[..., Deployment]


def _empty_with_triggers_lifted(original: Callable[[TransactionTestCase], None]) -> Callable[..., None]:
    """Let a transactional test empty its tables: SQLite does so by DELETE, which the triggers refuse.

    A request that a page sent last may still hold rows: PostgreSQL would end the one or the other for a
    deadlock, and the tables would go to the next test as they are.
    """

    def empty(case: TransactionTestCase) -> None:
        wait_for_requests()
        # PostgreSQL empties by TRUNCATE, which no row trigger sees.
        lifted = without_triggers(connection) if connection.vendor == "sqlite" else nullcontext()
        with lifted:
            original(case)

    return empty


def pytest_configure() -> None:
    """Wrap the one place where Django empties tables after a transactional test."""
    TransactionTestCase._fixture_teardown = _empty_with_triggers_lifted(  # type: ignore[method-assign]
        TransactionTestCase._fixture_teardown
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold long tests, so that no worker is left with one at the end.

    In CI a test of real processes and clocks gets a second try, which the summary names (RERUN): hundreds of
    them run beside each other there, and one that a busy machine upsets must not hide what the others say.
    """
    marks = ("services", "slow")
    long = {item.path for item in items if any(map(item.get_closest_marker, marks))}
    items.sort(key=lambda item: item.path not in long)
    for item in items:
        if IN_CI and any(map(item.get_closest_marker, ("services", "browser"))):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


@pytest.fixture(scope="session")
def require() -> Require:
    """Return `require(there, what)`: without it the test is skipped with its reason, and fails in CI."""

    def check(there: object, what: str) -> None:
        if there:
            return
        if IN_CI:
            pytest.fail(f"{what} must be there in CI")
        pytest.skip(f"{what} is not there")

    return check


@pytest.fixture(scope="session")
def require_service(require: Require) -> Callable[[str], str]:
    """Return `require_service("postgresql" | "rabbitmq" | "redis")`, which answers with the service's URL."""

    def check(service: str) -> str:
        require(is_listening(service), f"{service} at {SERVICES[service]}")
        return SERVICES[service]

    return check


@contextmanager
def _deployments(folders: pytest.TempPathFactory, need: Callable[[str], str]) -> Iterator[Deploy]:
    made: list[Deployment] = []

    def new(database: str = "sqlite", broker: str = "filesystem") -> Deployment:
        for service in {database, broker} - {"sqlite", "filesystem"}:
            need(service)
        made.append(Deployment(folders.mktemp("deployment"), database=database, broker=broker))
        return made[-1].create()

    try:
        yield new
    finally:
        for deployment in made:
            deployment.remove()


@pytest.fixture
def deploy(
    tmp_path_factory: pytest.TempPathFactory, require_service: Callable[[str], str]
) -> Iterator[Deploy]:
    """Return `deploy(database="sqlite", broker="filesystem")`: makes a `Deployment`, removed after the test.

    Removed at once: servers and workers that idle until the end of a run take the cores of other tests.
    """
    with _deployments(tmp_path_factory, require_service) as new:
        yield new


@pytest.fixture(scope="module")
def deploy_for_module(
    tmp_path_factory: pytest.TempPathFactory, require_service: Callable[[str], str]
) -> Iterator[Deploy]:
    """Return what `deploy` returns, for a deployment that the tests of a module share."""
    with _deployments(tmp_path_factory, require_service) as new:
        yield new


@pytest.fixture
def nothing_remembered() -> Iterator[None]:
    """Models and orders are kept per process by checksum and id; a test must not see another one's."""
    from ranking.services import candidates, orders, serving

    yield
    serving.forget_rankers()
    orders.forget_orders()
    candidates.forget_catalogues()


@pytest.fixture(scope="session", autouse=True)
def _own_queue() -> Iterator[None]:
    """Take this run's queue away at the end: a broker keeps it and its messages otherwise."""
    yield
    if settings.BROKER_KIND == "filesystem":
        return
    with current_app.connection_for_write() as opened, suppress(*opened.channel_errors):
        opened.default_channel.queue_delete(settings.CELERY_TASK_DEFAULT_QUEUE)


@pytest.fixture(scope="session")
def chromium_path(require: Require) -> str:
    """Return the browser: $CHROMIUM, Playwright's own, or the one on PATH."""
    path = chromium()
    require(path, "a Chromium ($CHROMIUM, Playwright's or on PATH)")
    return str(path)


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[object]:
    """Return a running headless browser (a Playwright `Browser`)."""
    with launched(chromium_path) as running:
        yield running
