"""Structured logs: one event a line, with the id of the request or task that caused it."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

#: What balancers and scrapers ask from inside, around the proxies.
PROBES = ("/healthz", "/readyz", "/metrics")
#: A link that logs somebody in is its own password, and looking at it does not use it up.
_SECRET_LINK = re.compile(r"(/invitation/)[^/\s?\"']+")


def hide_secret_links(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take the secret out of each address of an invitation, whoever logs it.

    >>> hide_secret_links(None, "info", {"request": "GET /invitation/s3cret/"})
    {'request': 'GET /invitation/***/'}
    """
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRET_LINK.sub(r"\1***", value)
    return event


_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    hide_secret_links,
)


def drop_answered_probes(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out probes that were answered well: every few seconds, from every balancer and scraper."""
    if event.get("event") == "request_finished" and event.get("code", 500) < 400:
        request = str(event.get("request", "")).partition(" ")[2]
        if request.partition("?")[0] in PROBES:
            raise structlog.DropEvent
    return event


def logging_settings(level: str, form: str) -> dict[str, Any]:
    """Return Django's LOGGING; `form` is "json" for machines or "console" for people."""
    renderers: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        # Tracebacks as text within the line: a log shipper would cut a multi-line one apart.
        renderers += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # The prettier tracebacks print local variables, and with them what is secret.
        plain = structlog.dev.plain_traceback
        renderers += [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": renderers,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Its lines repeat what the request middleware logs, without the request id.
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Send structlog's events through the standard library, so that both have one format."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            drop_answered_probes,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
