"""Logs are one JSON object a line, and say which request caused them."""

import json
import logging
import logging.config

import pytest
import structlog
from django.urls import path

from config.logs import drop_answered_probes, logging_settings


def formatted(record_name, level, event, **extra):
    """Return what the JSON format makes of a standard library record."""
    settings = logging_settings("INFO", "json")["formatters"]["structured"]
    settings = dict(settings)
    formatter = settings.pop("()")(**settings)
    record = logging.LogRecord(record_name, level, __file__, 1, event, (), None)
    vars(record).update(extra)
    return json.loads(formatter.format(record))


def test_a_record_of_any_library_is_one_json_object_with_what_it_carries():
    line = formatted("celery.worker", logging.ERROR, "lost the\nbroker", attempt=2)
    assert line["event"] == "lost the\nbroker"
    assert (line["level"], line["logger"], line["attempt"]) == ("error", "celery.worker", 2)
    assert line["timestamp"].endswith("Z")


def test_a_record_carries_the_request_that_caused_it():
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        assert formatted("ranking", logging.INFO, "served")["request_id"] == "r-1"


PROBES = [
    ("GET /healthz", 200, True),
    ("GET /readyz?exclude=broker", 200, True),
    ("GET /readyz", 503, False),
    ("GET /metrics", 404, False),
    ("GET /healthz/", 200, False),
    ("GET /needs/", 200, False),
]


@pytest.mark.parametrize(("request_line", "code", "dropped"), PROBES)
def test_a_probe_that_was_answered_well_is_not_logged(request_line, code, dropped):
    event = {"event": "request_finished", "request": request_line, "code": code}
    if dropped:
        with pytest.raises(structlog.DropEvent):
            drop_answered_probes(None, "info", event)
    else:
        assert drop_answered_probes(None, "info", event) == event


def failing(request):
    raise ZeroDivisionError("planted")


urlpatterns = [path("failing/", failing)]
handler500 = "config.exceptions.server_error"


@pytest.mark.urls("tests.test_logs")
def test_a_failure_is_logged_with_the_id_of_its_request(client, caplog):
    client.raise_request_exception = False
    assert client.get("/failing/").status_code == 500
    failed = [record.msg for record in caplog.records if record.levelno >= logging.ERROR]
    events = [message for message in failed if isinstance(message, dict)]
    assert {event["event"] for event in events} >= {"request_failed"}
    assert all(event["request_id"] for event in events)


def test_a_link_that_logs_in_is_written_down_by_nobody(client, db, caplog):
    """Looking at it does not use it up: whoever reads the log could log in."""
    caplog.set_level(logging.INFO)
    client.get("/invitation/s3cret-of-edda/")
    requests = [record.msg["request"] for record in caplog.records if isinstance(record.msg, dict)]
    assert requests
    assert set(requests) == {"GET /invitation/***/"}
    line = formatted("django.request", logging.ERROR, "Internal Server Error: /invitation/s3cret-of-edda/")
    assert line["event"] == "Internal Server Error: /invitation/***/"
