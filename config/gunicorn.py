"""How gunicorn serves: `gunicorn --config python:config.gunicorn config.wsgi`."""

from __future__ import annotations

import os
from typing import Any

# prometheus_client chooses between one process and several when first imported: this comes before Django.
if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    os.makedirs(os.environ["PROMETHEUS_MULTIPROC_DIR"], exist_ok=True)

from config import settings
from ranking import scratch

bind = settings.TIEBREAK_BIND
workers = settings.TIEBREAK_WEB_WORKERS
threads = settings.TIEBREAK_WEB_THREADS
worker_class = "gthread"
# A process that loads a model and then forks leaves LightGBM hanging in its children.
preload_app = False
timeout = 60
graceful_timeout = 30
keepalive = 5
# Whether X-Forwarded-Proto is believed is one setting's to say. Left alone, gunicorn believes a proxy on this
# machine, and what works there ends in an endless redirect once the proxy moves to another host.
secure_scheme_headers: dict[str, str] = {}
accesslog = None  # the request middleware logs each request, with its id
# gunicorn gives its own logger a handler of its own; here it writes what everything else writes.
_gunicorn = {"gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False}}
logconfig_dict = settings.LOGGING | {"loggers": settings.LOGGING["loggers"] | _gunicorn}


def when_ready(server: Any) -> None:
    """Remove temporary folders that a killed web process left while it read an upload."""
    scratch.sweep()


def child_exit(server: Any, worker: Any) -> None:
    """Take the gauges of a worker that ended out of the metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
