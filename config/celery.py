"""The Celery application. A task only wakes a worker: what is to be done stands in the database."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from celery.signals import setup_logging, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import file_broker
from ranking import scratch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


_REDIS, _AMQP = {"socket_timeout": 2}, {"read_timeout": 2, "write_timeout": 2}
#: By the broker's scheme: how its transport is told to wait two seconds, and not for ever, for an answer.
PATIENCE = {"redis": _REDIS, "rediss": _REDIS, "amqp": _AMQP, "amqps": _AMQP}


class Application(Celery):
    """Celery whose publishers give up on a broker that answers nothing; a worker goes on waiting."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        """Return a connection to publish by."""
        url = url or self.conf.broker_write_url
        patience = PATIENCE.get(str(url).partition(":")[0], {})
        return super().connection_for_write(url, **{"transport_options": patience, **options})


class Beat(Scheduler):
    """Celery's scheduler without a file; each start begins with a tick of everything.

    When something last ran stands nowhere: a beat that is restarted more often than an interval lasts would
    never reach its end. A tick too many finds nothing to do.
    """

    def setup_schedule(self) -> None:
        """Make every entry due."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at -= entry.schedule.run_every


file_broker.register()
app = Application("tiebreak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Carries the id of the request that caused a task into the task's own log lines.
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Set logging up as Django has it: Celery's own set-up would drop the request id and the JSON format."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect
def remove_what_killed_workers_left(**_: Any) -> None:
    """Remove temporary folders that nobody works in any more; the reaper goes on with it."""
    scratch.sweep()
